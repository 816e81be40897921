/**
 * Matches that look into a packet's transport header or into an ipset. A packet without ports matches no port, and none of
 * the sets that hold ports (net/netfilter/{xt_tcpudp,xt_multiport,xt_set}.c, ip_set_getport.c, Linux 6.x).
 */
import { icmpCodes } from '../../model/icmp-codes.ts';
import type { Ip } from '../../model/ip.ts';
import { protocolNumber, type IpPacket } from '../../model/packet.ts';
import type { Match, PortRange, SetDirection } from './netfilter-rules.ts';
import { PrefixSet, type PortSet } from './netfilter-program.ts';

type MatchOf<K extends Match['kind']> = Extract<Match, { readonly kind: K }>;

export function matchesPort(
  packet: IpPacket,
  { kind, port, last }: MatchOf<'destination-port'> | MatchOf<'source-port'>,
): boolean {
  const own = kind === 'destination-port' ? destinationPort(packet) : sourcePort(packet);
  if (last === undefined) return own === port;
  return own !== undefined && own >= port && own <= last;
}

export function matchesPorts(packet: IpPacket, { side, ranges }: MatchOf<'ports'>): boolean {
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

export function matchesIcmp({ kind, payload }: IpPacket, { type, code }: MatchOf<'icmp-type'>): boolean {
  switch (payload.kind) {
    case 'udp':
    case 'tcp':
    case 'ipv4':
    case 'raw':
      return false;
    default: {
      if (type === ANY_ICMP) return true;
      const own = icmpCodes(payload, kind);
      return own.type === type && (code === undefined || own.code === code);
    }
  }
}

/** A set of two dimensions wants two words, one of one takes the first. */
export function inSet(set: PrefixSet | PortSet, packet: IpPacket, direction: SetDirection): boolean {
  const [first, second] = DIMENSIONS[direction];
  const address: Ip = first === 'src' ? packet.source : packet.destination;
  if (set instanceof PrefixSet) return set.has(address);
  if (second === undefined) return false;
  const port = second === 'src' ? sourcePort(packet) : destinationPort(packet);
  return port !== undefined && set.has({ address, protocol: protocolNumber(packet), port });
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

export function destinationPort({ payload }: IpPacket): number | undefined {
  if (payload.kind === 'udp' || payload.kind === 'tcp') return payload.destinationPort;
  return payload.kind === 'raw' && WITH_PORTS.has(payload.protocol) ? bigEndian(payload.bytes, 2) : undefined;
}

export function sourcePort({ payload }: IpPacket): number | undefined {
  if (payload.kind === 'udp' || payload.kind === 'tcp') return payload.sourcePort;
  return payload.kind === 'raw' && WITH_PORTS.has(payload.protocol) ? bigEndian(payload.bytes, 0) : undefined;
}

function bigEndian(bytes: Uint8Array, at: number): number | undefined {
  const [high, low] = [bytes[at], bytes[at + 1]];
  return high === undefined || low === undefined ? undefined : (high << 8) | low;
}
