/**
 * How long a packet is on the wire, computed from its headers without encoding it: MTU checks and device counters ask this
 * for every packet of a walk.
 */
import { assertNever } from '../base/result.ts';
import type {
  Frame,
  IcmpError,
  IpPacket,
  Ipv4Payload,
  Ipv6Payload,
  NeighbourMessage,
  TcpOption,
  TcpSegment,
  UdpDatagram,
} from './packet.ts';

export const ETHERNET_HEADER = 14;
export const IPV4_HEADER = 20;
export const IPV6_HEADER = 40;
/** RFC 8200 4.5: a fragment's, between the header and the bytes. */
export const FRAGMENT_HEADER = 8;
export const ICMP_HEADER = 8;
export const UDP_HEADER = 8;
export const TCP_HEADER = 20;
export const VXLAN_HEADER = 8;
export const ARP_LENGTH = 28;

/** Linux quotes as much of the offending packet as fits in an error of 576 bytes (RFC 1812, 4.3.2.3), of 1280 in IPv6 (RFC 4443). */
export const ICMP_ERROR_LIMIT = 576;
export const IPV6_MIN_MTU = 1280;

/** Bytes of a frame without preamble and checksum, as tcpdump's `length` counts. */
export function frameLength(frame: Frame): number {
  return ETHERNET_HEADER + (frame.payload.kind === 'arp' ? ARP_LENGTH : packetLength(frame.payload));
}

/** Total length of a packet: what an MTU limits. */
export function packetLength(packet: IpPacket): number {
  return headerLength(packet) + payloadLength(packet.payload);
}

/** What of a packet is its own: the header, and that of a fragment. */
export function headerLength(packet: IpPacket): number {
  if (packet.kind === 'ipv4') return IPV4_HEADER;
  return packet.fragment ? IPV6_HEADER + FRAGMENT_HEADER : IPV6_HEADER;
}

export function payloadLength(payload: Ipv4Payload | Ipv6Payload): number {
  switch (payload.kind) {
    case 'icmp-echo':
      return ICMP_HEADER + payload.dataLength;
    case 'icmp-error':
      return ICMP_HEADER + quotedLength(payload);
    case 'udp':
      return UDP_HEADER + udpDataLength(payload);
    case 'tcp':
      return TCP_HEADER + tcpOptionsLength(payload.options) + payload.payload.length;
    case 'ipv4':
      return packetLength(payload);
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      return neighbourLength(payload);
    case 'raw':
      return payload.bytes.length;
    default:
      return assertNever(payload);
  }
}

/** Bytes of the offending packet that the error carries. */
export function quotedLength(error: IcmpError): number {
  const room = error.original.kind === 'ipv4' ? ICMP_ERROR_LIMIT - IPV4_HEADER : IPV6_MIN_MTU - IPV6_HEADER;
  return Math.min(packetLength(error.original), room - ICMP_HEADER);
}

/** Type, code, checksum, flags and target, and the option that holds a MAC. */
const neighbourLength = ({ mac }: NeighbourMessage): number => 24 + (mac === undefined ? 0 : 8);

export function udpDataLength({ payload }: UdpDatagram): number {
  return payload.kind === 'data' ? payload.bytes.length : VXLAN_HEADER + frameLength(payload.inner);
}

/** Options as sent, padded to whole 32-bit words. */
export function tcpOptionsLength(options: TcpSegment['options']): number {
  if (options.length === 0) return 0;
  let length = 0;
  for (const option of options) length += TCP_OPTION_LENGTH[option.kind];
  return Math.ceil(length / 4) * 4;
}

/** RFC 9293 (mss, nop), RFC 2018 (sack-permitted), RFC 7323 (timestamps, window-scale). */
export const TCP_OPTION_LENGTH: Readonly<Record<TcpOption['kind'], number>> = {
  mss: 4,
  'sack-permitted': 2,
  timestamps: 10,
  nop: 1,
  'window-scale': 3,
};
