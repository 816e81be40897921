/**
 * What a packet says of itself on the wire, read from as much of it as a capture keeps. Checksums are not looked at: cards
 * compute them, virtual cables don't. Headers: RFC 791, 8200, 9293, 792, 4443, 7348, 2003.
 */
import { formatIp } from '../../../model/ip-family.ts';
import type { Ipv4 } from '../../../model/ip.ts';
import { ipv6FromBytes } from '../../../model/ipv6.ts';
import { VXLAN_PORT } from '../../../model/encapsulation.ts';

export interface SeenPacket {
  readonly source: string;
  readonly destination: string;
  /** Of IPv6 the hop limit. */
  readonly ttl: number;
  /** Bytes of the whole packet, also of what the capture left out. */
  readonly length: number;
  readonly content: SeenContent;
}

export type SeenContent =
  | {
      readonly kind: 'tcp';
      readonly sequence: number;
      readonly acknowledgement: number;
      readonly ack: boolean;
      readonly rst: boolean;
    }
  | {
      readonly kind: 'echo';
      readonly reply: boolean;
      readonly sequence: number;
      /** The first four bytes of its data, which our probes mark; absent when there are fewer. */
      readonly mark: number | undefined;
    }
  | { readonly kind: 'error'; readonly quoted: SeenPacket | undefined }
  | { readonly kind: 'vxlan' | 'ipip'; readonly inner: SeenPacket | undefined }
  | { readonly kind: 'other' };

const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, icmpv6: 58 } as const;
const TCP_RST = 4;
const TCP_ACK = 16;
const UDP_HEADER = 8;
const VXLAN_HEADER = 8;
const ETHERNET_HEADER = 14;
const NOTHING: SeenContent = { kind: 'other' };

/** Undefined for bytes that are no packet of IP. */
export function readSeenPacket(bytes: Uint8Array): SeenPacket | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return readIpv4(bytes);
  return version === 6 ? readIpv6(bytes) : undefined;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function readIpv4(bytes: Uint8Array): SeenPacket | undefined {
  const header = ((bytes[0] ?? 0) & 15) * 4;
  if (header < 20 || bytes.length < header) return undefined;
  const view = viewOf(bytes);
  // Only the first fragment has what tells a packet from others.
  const later = (view.getUint16(6) & 0x1fff) !== 0;
  return {
    source: formatIp(view.getUint32(12) as Ipv4),
    destination: formatIp(view.getUint32(16) as Ipv4),
    ttl: view.getUint8(8),
    length: view.getUint16(2),
    content: later ? NOTHING : readContent(view.getUint8(9), bytes.subarray(header)),
  };
}

function readIpv6(bytes: Uint8Array): SeenPacket | undefined {
  if (bytes.length < 40) return undefined;
  const view = viewOf(bytes);
  return {
    source: formatIp(ipv6FromBytes(bytes.subarray(8, 24))),
    destination: formatIp(ipv6FromBytes(bytes.subarray(24, 40))),
    ttl: view.getUint8(7),
    length: 40 + view.getUint16(4),
    content: readContent(view.getUint8(6), bytes.subarray(40)),
  };
}

function readContent(protocol: number, body: Uint8Array): SeenContent {
  if (body.length < 8) return NOTHING;
  switch (protocol) {
    case PROTOCOL.icmp:
      return readIcmp(body, { request: 8, reply: 0, errors: [3, 11, 12] });
    case PROTOCOL.icmpv6:
      return readIcmp(body, { request: 128, reply: 129, errors: [1, 2, 3, 4] });
    case PROTOCOL.tcp:
      return readTcp(body);
    case PROTOCOL.udp:
      return readUdp(body);
    case PROTOCOL.ipip:
      return { kind: 'ipip', inner: readSeenPacket(body) };
    default:
      return NOTHING;
  }
}

/** An error quotes eight bytes of TCP at least, which hold the sequence number. */
function readTcp(body: Uint8Array): SeenContent {
  const view = viewOf(body);
  const flags = body.length >= 14 ? view.getUint8(13) : 0;
  return {
    kind: 'tcp',
    sequence: view.getUint32(4),
    acknowledgement: body.length >= 12 ? view.getUint32(8) : 0,
    ack: (flags & TCP_ACK) !== 0,
    rst: (flags & TCP_RST) !== 0,
  };
}

function readUdp(body: Uint8Array): SeenContent {
  const inside = UDP_HEADER + VXLAN_HEADER + ETHERNET_HEADER;
  if (viewOf(body).getUint16(2) !== VXLAN_PORT || body.length < inside) return NOTHING;
  return { kind: 'vxlan', inner: readSeenPacket(body.subarray(inside)) };
}

interface IcmpTypes {
  readonly request: number;
  readonly reply: number;
  readonly errors: readonly number[];
}

function readIcmp(body: Uint8Array, { request, reply, errors }: IcmpTypes): SeenContent {
  const view = viewOf(body);
  const type = view.getUint8(0);
  if (type === request || type === reply) {
    const mark = body.length >= 12 ? view.getUint32(8) : undefined;
    return { kind: 'echo', reply: type === reply, sequence: view.getUint16(6), mark };
  }
  return errors.includes(type) ? { kind: 'error', quoted: readSeenPacket(body.subarray(8)) } : NOTHING;
}
