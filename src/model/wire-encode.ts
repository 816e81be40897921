/**
 * From headers to true bytes: every length and checksum is filled in as Linux would send it. The outer UDP header of VXLAN
 * carries a checksum too (`udpcsum` in `ip -d link`, Linux drivers/net/vxlan). Ping's data is its counting pattern. Of IPv6's
 * extension headers only a fragment's is written.
 */
import { ByteWriter } from '../base/bytes.ts';
import { assertNever } from '../base/result.ts';
import { checksum, transportChecksum } from './checksum.ts';
import { icmpCodes } from './icmp-codes.ts';
import { ipv6ToBytes } from './ipv6.ts';
import { macToBytes } from './mac.ts';
import type {
  ArpPacket,
  Frame,
  IcmpEcho,
  IcmpError,
  IpPacket,
  Ipv4Packet,
  Ipv6Packet,
  NeighbourMessage,
  TcpFlags,
  TcpOption,
  TcpSegment,
  UdpDatagram,
} from './packet.ts';
import { protocolNumber } from './packet.ts';
import {
  ARP_LENGTH,
  frameLength,
  ICMP_HEADER,
  IPV6_HEADER,
  packetLength,
  payloadLength,
  quotedLength,
  TCP_HEADER,
  TCP_OPTION_LENGTH,
  tcpOptionsLength,
} from './wire-length.ts';

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** Flag and offset word of the IPv4 header (RFC 791). */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;

/** IANA protocol number of IPv6's fragment header, and its flag (RFC 8200 4.5). */
export const FRAGMENT_PROTOCOL = 44;
export const MORE_FRAGMENTS6 = 1;

/** Flags of a neighbour advertisement, and options by the direction they speak of (RFC 4861 4.4, 4.6.1). */
export const NEIGHBOUR_FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
export const LINK_ADDRESS_OPTION = { 'neighbour-solicitation': 1, 'neighbour-advertisement': 2 } as const;

export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** RFC 7348: the I flag says that the VNI is valid. */
export const VXLAN_I_FLAG = 0x08;

export function encodeFrame(frame: Frame): Uint8Array {
  const writer = new ByteWriter(frameLength(frame));
  writer.raw(macToBytes(frame.destination)).raw(macToBytes(frame.source));
  const { payload } = frame;
  writer.u16(ETHERTYPE[payload.kind]);
  return writer.raw(payload.kind === 'arp' ? encodeArp(payload) : encodePacket(payload)).bytes;
}

function encodeArp(arp: ArpPacket): Uint8Array {
  return new ByteWriter(ARP_LENGTH)
    .u16(1)
    .u16(ETHERTYPE.ipv4)
    .u8(6)
    .u8(4)
    .u16(arp.operation === 'request' ? 1 : 2)
    .raw(macToBytes(arp.senderMac))
    .u32(arp.senderIp)
    .raw(macToBytes(arp.targetMac))
    .u32(arp.targetIp).bytes;
}

export function encodePacket(packet: IpPacket): Uint8Array {
  return packet.kind === 'ipv4' ? encodeIpv4(packet) : encodeIpv6(packet);
}

function encodeIpv6(packet: Ipv6Packet): Uint8Array {
  const { fragment } = packet;
  const length = packetLength(packet);
  const protocol = protocolNumber(packet);
  const writer = new ByteWriter(length)
    .u32((0x60000000 | (packet.trafficClass << 20) | packet.flowLabel) >>> 0)
    .u16(length - IPV6_HEADER)
    .u8(fragment ? FRAGMENT_PROTOCOL : protocol)
    .u8(packet.hopLimit)
    .raw(ipv6ToBytes(packet.source))
    .raw(ipv6ToBytes(packet.destination));
  // Offsets are multiples of eight, so that the flags fit below.
  if (fragment) {
    writer
      .u8(protocol)
      .u8(0)
      .u16(fragment.offset | (fragment.more ? MORE_FRAGMENTS6 : 0))
      .u32(fragment.id);
  }
  return writer.raw(encodePayload(packet)).bytes;
}

function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const length = packetLength(packet);
  const header = new ByteWriter(20)
    .u8(0x45)
    .u8(packet.tos)
    .u16(length)
    .u16(packet.id)
    .u16(fragmentWord(packet))
    .u8(packet.ttl)
    .u8(protocolNumber(packet))
    .u16(0)
    .u32(packet.source)
    .u32(packet.destination).bytes;
  putU16(header, 10, checksum(header));
  return new ByteWriter(length).raw(header).raw(encodePayload(packet)).bytes;
}

function fragmentWord({ dontFragment, fragment }: Ipv4Packet): number {
  const offset = fragment ? fragment.offset / 8 : 0;
  return (dontFragment ? DONT_FRAGMENT : 0) | (fragment?.more ? MORE_FRAGMENTS : 0) | offset;
}

/** What follows the headers of IP; the packet's addresses enter the checksums of UDP, TCP and ICMPv6. */
export function encodePayload(packet: IpPacket): Uint8Array {
  const { payload } = packet;
  switch (payload.kind) {
    case 'icmp-echo':
      return encodeEcho(packet, payload);
    case 'icmp-error':
      return encodeError(packet, payload);
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      return encodeNeighbour(packet, payload);
    case 'udp':
      return encodeUdp(packet, payload);
    case 'tcp':
      return encodeTcp(packet, payload);
    case 'ipv4':
      return encodePacket(payload);
    case 'raw':
      return payload.bytes;
    default:
      return assertNever(payload);
  }
}

function encodeEcho(packet: IpPacket, echo: IcmpEcho): Uint8Array {
  const { type, code } = icmpCodes(echo, packet.kind);
  const writer = new ByteWriter(ICMP_HEADER + echo.dataLength)
    .u8(type)
    .u8(code)
    .u16(0)
    .u16(echo.identifier)
    .u16(echo.sequence);
  for (let at = 0; at < echo.dataLength; at += 1) writer.u8(at & 255);
  return icmpSummed(packet, writer.bytes);
}

/** The MTU is a word of 32 bits in ICMPv6 and its lower half in ICMP. */
function encodeError(packet: IpPacket, error: IcmpError): Uint8Array {
  const { type, code } = icmpCodes(error, packet.kind);
  const quoted = encodePacket(error.original).subarray(0, quotedLength(error));
  const { bytes } = new ByteWriter(ICMP_HEADER + quoted.length)
    .u8(type)
    .u8(code)
    .u16(0)
    .u32(error.mtu ?? 0)
    .raw(quoted);
  return icmpSummed(packet, bytes);
}

function encodeNeighbour(packet: IpPacket, message: NeighbourMessage): Uint8Array {
  const { kind, target, mac, router, solicited, override } = message;
  const { type, code } = icmpCodes(message, packet.kind);
  const flags =
    (router ? NEIGHBOUR_FLAG.router : 0) |
    (solicited ? NEIGHBOUR_FLAG.solicited : 0) |
    (override ? NEIGHBOUR_FLAG.override : 0);
  const writer = new ByteWriter(payloadLength(message)).u8(type).u8(code).u16(0);
  writer.u8(flags).u8(0).u16(0).raw(ipv6ToBytes(target));
  if (mac !== undefined) writer.u8(LINK_ADDRESS_OPTION[kind]).u8(1).raw(macToBytes(mac));
  return icmpSummed(packet, writer.bytes);
}

/** With its checksum, which covers the addresses too in ICMPv6. */
function icmpSummed(packet: IpPacket, bytes: Uint8Array): Uint8Array {
  putU16(bytes, 2, packet.kind === 'ipv4' ? checksum(bytes) : checksumOf(packet, bytes));
  return bytes;
}

function encodeUdp(packet: IpPacket, udp: UdpDatagram): Uint8Array {
  const length = payloadLength(udp);
  const writer = new ByteWriter(length).u16(udp.sourcePort).u16(udp.destinationPort).u16(length).u16(0);
  if (udp.payload.kind === 'data') writer.raw(udp.payload.bytes);
  else {
    writer
      .u32(VXLAN_I_FLAG * 0x1000000)
      .u32(udp.payload.vni * 256)
      .raw(encodeFrame(udp.payload.inner));
  }
  putU16(writer.bytes, 6, checksumOf(packet, writer.bytes) || 0xffff);
  return writer.bytes;
}

function encodeTcp(packet: IpPacket, tcp: TcpSegment): Uint8Array {
  const options = tcpOptionsLength(tcp.options);
  const writer = new ByteWriter(TCP_HEADER + options + tcp.payload.length)
    .u16(tcp.sourcePort)
    .u16(tcp.destinationPort)
    .u32(tcp.sequence)
    .u32(tcp.acknowledgement)
    .u8(((TCP_HEADER + options) / 4) << 4)
    .u8(flagBits(tcp.flags))
    .u16(tcp.window)
    .u32(0);
  for (const option of tcp.options) putOption(writer, option);
  while (writer.position < TCP_HEADER + options) writer.u8(0);
  writer.raw(tcp.payload);
  putU16(writer.bytes, 16, checksumOf(packet, writer.bytes));
  return writer.bytes;
}

function flagBits(flags: TcpFlags): number {
  return (
    (flags.fin ? TCP_FLAG.fin : 0) |
    (flags.syn ? TCP_FLAG.syn : 0) |
    (flags.rst ? TCP_FLAG.rst : 0) |
    (flags.psh ? TCP_FLAG.psh : 0) |
    (flags.ack ? TCP_FLAG.ack : 0)
  );
}

/** IANA kind numbers of TCP options. */
export const TCP_OPTION_KIND = {
  nop: 1,
  mss: 2,
  'window-scale': 3,
  'sack-permitted': 4,
  timestamps: 8,
} as const;

function putOption(writer: ByteWriter, option: TcpOption): void {
  writer.u8(TCP_OPTION_KIND[option.kind]);
  if (option.kind === 'nop') return;
  writer.u8(TCP_OPTION_LENGTH[option.kind]);
  switch (option.kind) {
    case 'mss':
      writer.u16(option.value);
      break;
    case 'window-scale':
      writer.u8(option.shift);
      break;
    case 'timestamps':
      writer.u32(option.value).u32(option.echo);
      break;
    case 'sack-permitted':
      break;
    default:
      assertNever(option);
  }
}

function checksumOf(packet: IpPacket, bytes: Uint8Array): number {
  const { source, destination } = packet;
  return transportChecksum({ source, destination, protocol: protocolNumber(packet) }, bytes);
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
}
