/**
 * From bytes to headers. Decoding never throws: bytes that are cut short, damaged or of a protocol that is not modelled are
 * an error value. Checksums are verified wherever the packet is whole; a packet quoted in an ICMP error usually is not.
 */
import { ByteReader } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { err, ok } from '../base/result.ts';
import { checksum } from './checksum.ts';
import { VXLAN_PORT } from './encapsulation.ts';
import type { Ipv4 } from './ip.ts';
import { ipv6FromBytes } from './ipv6.ts';
import { macFromBytes } from './mac.ts';
import type {
  ArpPacket,
  Frame,
  IpPacket,
  Ipv4Packet,
  Ipv6Packet,
  RawPayload,
  TcpSegment,
  UdpDatagram,
} from './packet.ts';
import { IP_PROTOCOL } from './packet.ts';
import {
  DONT_FRAGMENT,
  ETHERTYPE,
  FRAGMENT_PROTOCOL,
  MORE_FRAGMENTS,
  MORE_FRAGMENTS6,
  VXLAN_I_FLAG,
} from './wire-encode.ts';
import { readIcmp, readIcmpv6 } from './wire-icmp.ts';
import { FRAGMENT_HEADER, IPV4_HEADER, IPV6_HEADER, UDP_HEADER } from './wire-length.ts';
import type { Body, WireError } from './wire-segment.ts';
import { readTcp, Unreadable, verify } from './wire-segment.ts';

export type { WireError } from './wire-segment.ts';

export function decodeFrame(bytes: Uint8Array): Result<Frame, WireError> {
  return attempt(() => readFrame(bytes));
}

/** Decodes a packet without its frame; its first bits tell its version. */
export function decodePacket(bytes: Uint8Array): Result<IpPacket, WireError> {
  return attempt(() => readPacket(bytes, WHOLE));
}

function attempt<T>(read: () => T): Result<T, WireError> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof Unreadable) return err({ kind: error.kind, message: error.message });
    if (error instanceof RangeError) return err({ kind: 'truncated', message: 'the bytes end too early' });
    throw error;
  }
}

function readFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  const destination = macFromBytes(reader.raw(6));
  const source = macFromBytes(reader.raw(6));
  const type = reader.u16();
  if (type === ETHERTYPE.arp) return { source, destination, payload: readArp(reader) };
  if (type === ETHERTYPE.ipv4) return { source, destination, payload: readIpv4(reader.rest(), WHOLE) };
  if (type === ETHERTYPE.ipv6) return { source, destination, payload: readIpv6(reader.rest(), WHOLE) };
  throw new Unreadable('unsupported', `ethertype 0x${type.toString(16).padStart(4, '0')} is not modelled`);
}

function readArp(reader: ByteReader): ArpPacket {
  const hardware = reader.u16();
  const protocol = reader.u16();
  const sizes = reader.u16();
  if (hardware !== 1 || protocol !== ETHERTYPE.ipv4 || sizes !== 0x0604) {
    throw new Unreadable('unsupported', 'only ARP for IPv4 over Ethernet is modelled');
  }
  const operation = reader.u16();
  if (operation !== 1 && operation !== 2) {
    throw new Unreadable('unsupported', `ARP operation ${operation} is not modelled`);
  }
  return {
    kind: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macFromBytes(reader.raw(6)),
    senderIp: reader.u32() as Ipv4,
    targetMac: macFromBytes(reader.raw(6)),
    targetIp: reader.u32() as Ipv4,
  };
}

interface Extent {
  /** In an ICMP error, where its end may be missing. */
  readonly quoted: boolean;
}

const WHOLE: Extent = { quoted: false };
const QUOTED: Extent = { quoted: true };

const readPacket = (bytes: Uint8Array, extent: Extent): IpPacket =>
  new ByteReader(bytes).u8() >> 4 === 6 ? readIpv6(bytes, extent) : readIpv4(bytes, extent);

interface Header<Packet extends IpPacket> {
  /** Of the packet as a whole, and of what comes before its payload. */
  readonly length: number;
  readonly start: number;
  readonly protocol: number;
  readonly fields: Omit<Packet, 'payload'>;
}

function readIpv4(bytes: Uint8Array, extent: Extent): Ipv4Packet {
  const header = readHeader(bytes);
  const { fields } = header;
  const packet = bodyOf(bytes, header, extent);
  return { ...fields, payload: fields.fragment ? raw(packet) : readPayload(packet) };
}

function readIpv6(bytes: Uint8Array, extent: Extent): Ipv6Packet {
  const header = readHeader6(bytes);
  const { fields } = header;
  const packet = bodyOf(bytes, header, extent);
  return { ...fields, payload: fields.fragment ? raw(packet) : readPayload6(packet) };
}

function bodyOf(
  bytes: Uint8Array,
  { length, start, protocol, fields }: Header<Ipv4Packet> | Header<Ipv6Packet>,
  { quoted }: Extent,
): Body {
  if (length > bytes.length && !quoted) {
    throw new Unreadable('truncated', `the header says ${length} bytes, ${bytes.length} are there`);
  }
  const { kind: family, source, destination } = fields;
  const body = bytes.subarray(start, length);
  const whole = length <= bytes.length;
  return { family, source, destination, protocol, body, whole, length: length - start };
}

function readHeader(bytes: Uint8Array): Header<Ipv4Packet> {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version >> 4 !== 4) throw new Unreadable('malformed', `IP version ${version >> 4} in an IPv4 frame`);
  if ((version & 15) !== 5) throw new Unreadable('unsupported', 'IPv4 options are not modelled');
  const tos = reader.u8();
  const length = reader.u16();
  if (length < IPV4_HEADER) throw new Unreadable('malformed', `IPv4 total length ${length}`);
  const id = reader.u16();
  const word = reader.u16();
  const ttl = reader.u8();
  const protocol = reader.u8();
  reader.u16();
  const source = reader.u32() as Ipv4;
  const destination = reader.u32() as Ipv4;
  if (checksum(bytes.subarray(0, IPV4_HEADER)) !== 0) throw new Unreadable('bad-checksum', 'IPv4 header');
  const offset = (word & 0x1fff) * 8;
  const more = (word & MORE_FRAGMENTS) !== 0;
  const fields = {
    kind: 'ipv4',
    source,
    destination,
    ttl,
    tos,
    id,
    dontFragment: (word & DONT_FRAGMENT) !== 0,
    ...(more || offset > 0 ? { fragment: { offset, more } } : {}),
  } as const;
  return { length, start: IPV4_HEADER, protocol, fields };
}

function readHeader6(bytes: Uint8Array): Header<Ipv6Packet> {
  const reader = new ByteReader(bytes);
  const word = reader.u32();
  if (word >>> 28 !== 6) throw new Unreadable('malformed', `IP version ${word >>> 28} in an IPv6 frame`);
  const length = IPV6_HEADER + reader.u16();
  const next = reader.u8();
  const hopLimit = reader.u8();
  const fields = {
    kind: 'ipv6',
    source: ipv6FromBytes(reader.raw(16)),
    destination: ipv6FromBytes(reader.raw(16)),
    hopLimit,
    trafficClass: (word >>> 20) & 255,
    flowLabel: word & 0xfffff,
  } as const;
  if (EXTENSIONS.has(next)) {
    throw new Unreadable('unsupported', `IPv6 extension header ${next} is not modelled`);
  }
  if (next !== FRAGMENT_PROTOCOL) return { length, start: IPV6_HEADER, protocol: next, fields };
  const protocol = reader.u8();
  reader.u8();
  const offset = reader.u16();
  const more = (offset & MORE_FRAGMENTS6) !== 0;
  const fragment = { offset: offset & ~7, more, id: reader.u32() };
  return { length, start: IPV6_HEADER + FRAGMENT_HEADER, protocol, fields: { ...fields, fragment } };
}

/** Hop-by-hop and destination options, routing (RFC 8200 4). */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

function readPayload(packet: Body): Ipv4Packet['payload'] {
  if (packet.protocol === IP_PROTOCOL.icmp) return readIcmp(packet, readQuoted) ?? raw(packet);
  if (packet.protocol === IP_PROTOCOL.ipip && packet.whole) return readIpv4(packet.body, WHOLE);
  return readTransport(packet);
}

function readPayload6(packet: Body): Ipv6Packet['payload'] {
  if (packet.protocol === IP_PROTOCOL.icmpv6) return readIcmpv6(packet, readQuoted) ?? raw(packet);
  return readTransport(packet);
}

const readQuoted = (bytes: Uint8Array): IpPacket => readPacket(bytes, QUOTED);

function readTransport(packet: Body): UdpDatagram | TcpSegment | RawPayload {
  if (packet.whole && packet.protocol === IP_PROTOCOL.udp) return readUdp(packet);
  if (packet.whole && packet.protocol === IP_PROTOCOL.tcp) return readTcp(packet);
  return raw(packet);
}

const raw = ({ protocol, body }: Body): RawPayload => ({ kind: 'raw', protocol, bytes: body.slice() });

function readUdp(packet: Body): UdpDatagram {
  const { body } = packet;
  const reader = new ByteReader(body);
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const length = reader.u16();
  const sum = reader.u16();
  if (length < UDP_HEADER || length > body.length) throw new Unreadable('malformed', `UDP length ${length}`);
  if (sum !== 0) verify(packet, body.subarray(0, length));
  const data = body.subarray(UDP_HEADER, length);
  return { kind: 'udp', sourcePort, destinationPort, payload: readUdpData(destinationPort, data) };
}

function readUdpData(port: number, data: Uint8Array): UdpDatagram['payload'] {
  if (port === VXLAN_PORT && data.length >= 8 && data[0] === VXLAN_I_FLAG) {
    const reader = new ByteReader(data);
    reader.u32();
    const vni = reader.u32() >>> 8;
    return { kind: 'vxlan', vni, inner: readFrame(reader.rest()) };
  }
  return { kind: 'data', bytes: data.slice() };
}
