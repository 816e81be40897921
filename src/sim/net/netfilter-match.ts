/**
 * Matches that look into a packet's transport header or into an ipset. A packet without ports matches no port, and none of
 * the sets that hold ports (net/netfilter/{xt_tcpudp,xt_multiport,xt_set}.c, ip_set_getport.c, Linux 6.x).
 */
import { ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, ICMP_ERROR_CODES } from '../../model/icmp-codes.ts';
import type { Ipv4 } from '../../model/ip.ts';
import { protocolNumber, type IcmpMessage, type Ipv4Packet } from '../../model/packet.ts';
import type { Match, PortRange, SetDirection } from './netfilter-rules.ts';
import { PrefixSet, type PortSet } from './netfilter-program.ts';

type MatchOf<K extends Match['kind']> = Extract<Match, { readonly kind: K }>;

export function matchesPort(
  packet: Ipv4Packet,
  { kind, port, last }: MatchOf<'destination-port'> | MatchOf<'source-port'>,
): boolean {
  const own = kind === 'destination-port' ? destinationPort(packet) : sourcePort(packet);
  if (last === undefined) return own === port;
  return own !== undefined && own >= port && own <= last;
}

export function matchesPorts(packet: Ipv4Packet, { side, ranges }: MatchOf<'ports'>): boolean {
  const holds = (port: number | undefined): boolean => port !== undefined && ranges.some(inRange(port));
  switch (side) {
    case 'source':
      return holds(sourcePort(packet));
    case 'destination':
      return holds(destinationPort(packet));
    case 'either':
      return holds(sourcePort(packet)) || holds(destinationPort(packet));
  }
}

const inRange =
  (port: number) =>
  ({ first, last }: PortRange): boolean =>
    port >= first && port <= last;

const ANY_ICMP = 255;

export function matchesIcmp({ payload }: Ipv4Packet, { type, code }: MatchOf<'icmp-type'>): boolean {
  if (payload.kind !== 'icmp-echo' && payload.kind !== 'icmp-error') return false;
  if (type === ANY_ICMP) return true;
  const own = icmpCodes(payload);
  return own.type === type && (code === undefined || own.code === code);
}

export function icmpCodes(message: IcmpMessage): { readonly type: number; readonly code: number } {
  return message.kind === 'icmp-echo'
    ? { type: message.reply ? ICMP_ECHO_REPLY : ICMP_ECHO_REQUEST, code: 0 }
    : ICMP_ERROR_CODES[message.error];
}

/** A set of two dimensions wants two words, one of one takes the first. */
export function inSet(set: PrefixSet | PortSet, packet: Ipv4Packet, direction: SetDirection): boolean {
  const [first, second] = DIMENSIONS[direction];
  const address: Ipv4 = first === 'src' ? packet.source : packet.destination;
  if (set instanceof PrefixSet) return set.has(address);
  if (second === undefined) return false;
  const port = second === 'src' ? sourcePort(packet) : destinationPort(packet);
  return port !== undefined && set.has({ address, protocol: protocolNumber(packet.payload), port });
}

const DIMENSIONS: Readonly<Record<SetDirection, readonly ['src' | 'dst', ('src' | 'dst')?]>> = {
  src: ['src'],
  dst: ['dst'],
  'src,src': ['src', 'src'],
  'src,dst': ['src', 'dst'],
  'dst,src': ['dst', 'src'],
  'dst,dst': ['dst', 'dst'],
};

const DCCP = 33;
const SCTP = 132;
const UDPLITE = 136;
/** Protocols besides TCP and UDP whose header begins with two ports; their packets are bytes here. */
const WITH_PORTS: ReadonlySet<number> = new Set([DCCP, SCTP, UDPLITE]);

export function destinationPort({ payload }: Ipv4Packet): number | undefined {
  if (payload.kind === 'udp' || payload.kind === 'tcp') return payload.destinationPort;
  return payload.kind === 'raw' && WITH_PORTS.has(payload.protocol) ? bigEndian(payload.bytes, 2) : undefined;
}

export function sourcePort({ payload }: Ipv4Packet): number | undefined {
  if (payload.kind === 'udp' || payload.kind === 'tcp') return payload.sourcePort;
  return payload.kind === 'raw' && WITH_PORTS.has(payload.protocol) ? bigEndian(payload.bytes, 0) : undefined;
}

function bigEndian(bytes: Uint8Array, at: number): number | undefined {
  const [high, low] = [bytes[at], bytes[at + 1]];
  return high === undefined || low === undefined ? undefined : (high << 8) | low;
}
