/**
 * The addresses and ports that name a flow, packets with some of them rewritten, and packets that a stack sends. ICMP echoes count their identifier as
 * the source port, as conntrack does.
 */
import { isIpv4, isIpv6 } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { IcmpEcho, IcmpMessage, IpPacket, TcpSegment, UdpDatagram } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import { IPV4_HEADER, IPV6_HEADER } from '../../model/wire-length.ts';
import type { FlowTuple } from '../../model/trace.ts';
import { addressHash, mix, scaleHash } from './flow-hash.ts';

export function flowTuple(packet: IpPacket): FlowTuple {
  const { source, destination, payload } = packet;
  const protocol = protocolNumber(packet);
  switch (payload.kind) {
    case 'udp':
    case 'tcp':
      return {
        protocol,
        source,
        destination,
        sourcePort: payload.sourcePort,
        destinationPort: payload.destinationPort,
      };
    case 'icmp-echo':
      return { protocol, source, destination, sourcePort: payload.identifier, destinationPort: 0 };
    default:
      return { protocol, source, destination, sourcePort: 0, destinationPort: 0 };
  }
}

/** What to put in place of a packet's own fields; for an echo `sourcePort` is the identifier. */
export interface Rewrite {
  /** Of the packet's family, as the other. */
  readonly source?: Ip;
  readonly destination?: Ip;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

export function rewrite<Packet extends IpPacket>(packet: Packet, change: Rewrite): Packet;
export function rewrite(packet: IpPacket, change: Rewrite): IpPacket {
  const { source, destination } = change;
  if (packet.kind === 'ipv4') {
    return {
      ...packet,
      source: source !== undefined && isIpv4(source) ? source : packet.source,
      destination: destination !== undefined && isIpv4(destination) ? destination : packet.destination,
      payload: hasPorts(packet.payload) ? rewritePorts(packet.payload, change) : packet.payload,
    };
  }
  return {
    ...packet,
    source: source !== undefined && isIpv6(source) ? source : packet.source,
    destination: destination !== undefined && isIpv6(destination) ? destination : packet.destination,
    payload: hasPorts(packet.payload) ? rewritePorts(packet.payload, change) : packet.payload,
  };
}

type Ported = UdpDatagram | TcpSegment | IcmpEcho;

const hasPorts = (payload: IpPacket['payload']): payload is Ported =>
  payload.kind === 'udp' || payload.kind === 'tcp' || payload.kind === 'icmp-echo';

function rewritePorts(payload: Ported, change: Rewrite): Ported {
  if (payload.kind === 'icmp-echo')
    return { ...payload, identifier: change.sourcePort ?? payload.identifier };
  return {
    ...payload,
    sourcePort: change.sourcePort ?? payload.sourcePort,
    destinationPort: change.destinationPort ?? payload.destinationPort,
  };
}

/**
 * The hash from which the kernel draws a tunnel's source port (skb_get_hash): equal in both directions of a flow, and for
 * ICMP of the address pair alone, so every echo of a pair uses one port.
 */
export function symmetricHash(packet: IpPacket): number {
  const { protocol, source, destination, sourcePort, destinationPort } = flowTuple(packet);
  const ports = packet.payload.kind === 'icmp-echo' ? 0 : sourcePort ^ destinationPort;
  const [here, there] = [addressHash(source), addressHash(destination)];
  return mix(protocol, Math.min(here, there), Math.max(here, there), ports);
}

/** Bytes of the header that a packet of the address's family has. */
export const ipHeader = (address: Ip): number => (isIpv4(address) ? IPV4_HEADER : IPV6_HEADER);

/** How many hops it may go yet. */
export const ttlOf = (packet: IpPacket): number => (packet.kind === 'ipv4' ? packet.ttl : packet.hopLimit);

export interface OwnHeader {
  /** Both of one family. */
  readonly source: Ip;
  readonly destination: Ip;
  /** The hop limit of IPv6. */
  readonly ttl: number;
  /** The traffic class of IPv6. */
  readonly tos?: number;
  /** IPv4: drawn unless said, and clear. */
  readonly id?: number;
  readonly dontFragment?: boolean;
  /** Virtual time, from which an identification is drawn. */
  readonly now: number;
}

/** A packet as a socket sends it: IPv6 labels each flow (net.ipv6.auto_flowlabels). */
export function ownPacket(header: OwnHeader, payload: UdpDatagram | TcpSegment | IcmpMessage): IpPacket {
  const { source, destination, ttl, tos = 0, dontFragment = false, now } = header;
  if (isIpv4(source) && isIpv4(destination)) {
    const id = header.id ?? packetId(source, destination, now);
    return { kind: 'ipv4', source, destination, ttl, tos, id, dontFragment, payload };
  }
  if (isIpv4(source) || isIpv4(destination)) throw new RangeError('a packet has addresses of one family');
  const packet = { kind: 'ipv6', source, destination, hopLimit: ttl, trafficClass: tos } as const;
  return { ...packet, flowLabel: flowLabel(flowTuple({ ...packet, flowLabel: 0, payload })), payload };
}

/** 1-0xfffff, the same for every packet of a flow. */
function flowLabel({ protocol, source, destination, sourcePort, destinationPort }: FlowTuple): number {
  const hash = mix(protocol, addressHash(source), addressHash(destination), sourcePort, destinationPort);
  return scaleHash(hash, 1, 0x100000);
}

/** An identification for a packet that may be fragmented: it differs from packet to packet and never is zero. */
export function packetId(source: Ip, destination: Ip, now: number): number {
  return scaleHash(mix(addressHash(source), addressHash(destination), now * 1000), 1, 0x10000);
}
