/**
 * From bytes to headers. Decoding never throws: bytes that are cut short, damaged or of a protocol that is not modelled are
 * an error value. Checksums are verified wherever the packet is whole; a packet quoted in an ICMP error usually is not.
 */
import { ByteReader } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { err, ok } from '../base/result.ts';
import { checksum, transportChecksum } from './checksum.ts';
import { VXLAN_PORT } from './encapsulation.ts';
import { ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, icmpErrorKind } from './icmp-codes.ts';
import type { Ipv4 } from './ip.ts';
import { macFromBytes } from './mac.ts';
import type {
  ArpPacket,
  Frame,
  IcmpMessage,
  Ipv4Packet,
  Ipv4Payload,
  TcpOption,
  UdpDatagram,
} from './packet.ts';
import { IP_PROTOCOL } from './packet.ts';
import {
  DONT_FRAGMENT,
  ETHERTYPE,
  MORE_FRAGMENTS,
  TCP_FLAG,
  TCP_OPTION_KIND,
  VXLAN_I_FLAG,
} from './wire-encode.ts';
import { ICMP_HEADER, IPV4_HEADER, TCP_HEADER, UDP_HEADER } from './wire-length.ts';

export interface WireError {
  readonly kind: 'truncated' | 'malformed' | 'unsupported' | 'bad-checksum';
  /** What was wrong, for a person. */
  readonly message: string;
}

/** Stops decoding; it never leaves this file. */
class Unreadable extends Error {
  readonly kind: WireError['kind'];

  constructor(kind: WireError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export function decodeFrame(bytes: Uint8Array): Result<Frame, WireError> {
  return attempt(() => readFrame(bytes));
}

/** Decodes an IPv4 packet without its frame. */
export function decodePacket(bytes: Uint8Array): Result<Ipv4Packet, WireError> {
  return attempt(() => readPacket(bytes, { quoted: false }));
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
  if (type === ETHERTYPE.ipv4) {
    return { source, destination, payload: readPacket(reader.rest(), { quoted: false }) };
  }
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

interface Ipv4Header {
  readonly length: number;
  readonly protocol: number;
  readonly fields: Omit<Ipv4Packet, 'payload'>;
}

function readPacket(bytes: Uint8Array, { quoted }: { readonly quoted: boolean }): Ipv4Packet {
  const { length, protocol, fields } = readHeader(bytes);
  if (length > bytes.length && !quoted) {
    throw new Unreadable('truncated', `the header says ${length} bytes, ${bytes.length} are there`);
  }
  const body = bytes.subarray(IPV4_HEADER, length);
  const whole = length <= bytes.length;
  const payload = fields.fragment
    ? ({ kind: 'raw', protocol, bytes: body.slice() } as const)
    : readPayload({ fields, protocol, body, whole, length: length - IPV4_HEADER });
  return { ...fields, payload };
}

function readHeader(bytes: Uint8Array): Ipv4Header {
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
  return { length, protocol, fields };
}

interface Body {
  readonly fields: Omit<Ipv4Packet, 'payload'>;
  readonly protocol: number;
  readonly body: Uint8Array;
  /** False when an ICMP error quotes only the beginning. */
  readonly whole: boolean;
  /** Bytes of payload the header promises. */
  readonly length: number;
}

function readPayload(packet: Body): Ipv4Payload {
  switch (packet.protocol) {
    case IP_PROTOCOL.icmp:
      return readIcmp(packet) ?? raw(packet);
    case IP_PROTOCOL.udp:
      return packet.whole ? readUdp(packet) : raw(packet);
    case IP_PROTOCOL.tcp:
      return packet.whole ? readTcp(packet) : raw(packet);
    case IP_PROTOCOL.ipip:
      return packet.whole ? readPacket(packet.body, { quoted: false }) : raw(packet);
    default:
      return raw(packet);
  }
}

const raw = ({ protocol, body }: Body): Ipv4Payload => ({ kind: 'raw', protocol, bytes: body.slice() });

function readIcmp({ body, whole, length }: Body): IcmpMessage | undefined {
  const reader = new ByteReader(body);
  const type = reader.u8();
  const code = reader.u8();
  reader.u16();
  if (whole && checksum(body) !== 0) throw new Unreadable('bad-checksum', 'ICMP message');
  if ((type === ICMP_ECHO_REQUEST || type === ICMP_ECHO_REPLY) && code === 0) {
    return {
      kind: 'icmp-echo',
      reply: type === ICMP_ECHO_REPLY,
      identifier: reader.u16(),
      sequence: reader.u16(),
      dataLength: length - ICMP_HEADER,
    };
  }
  const error = icmpErrorKind(type, code);
  if (error === undefined || !whole) return undefined;
  reader.u16();
  const mtu = reader.u16();
  const original = readPacket(reader.rest(), { quoted: true });
  return { kind: 'icmp-error', error, ...(error === 'too-big' ? { mtu } : {}), original };
}

function readUdp({ fields, body }: Body): UdpDatagram {
  const reader = new ByteReader(body);
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const length = reader.u16();
  const sum = reader.u16();
  if (length < UDP_HEADER || length > body.length) throw new Unreadable('malformed', `UDP length ${length}`);
  if (sum !== 0) verify(fields, IP_PROTOCOL.udp, body.subarray(0, length));
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

function readTcp({ fields, body }: Body): Ipv4Payload {
  const reader = new ByteReader(body);
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const sequence = reader.u32();
  const acknowledgement = reader.u32();
  const offset = (reader.u8() >> 4) * 4;
  const bits = reader.u8();
  const window = reader.u16();
  reader.u32();
  if (offset < TCP_HEADER || offset > body.length)
    throw new Unreadable('malformed', `TCP data offset ${offset}`);
  verify(fields, IP_PROTOCOL.tcp, body);
  return {
    kind: 'tcp',
    sourcePort,
    destinationPort,
    sequence,
    acknowledgement,
    flags: {
      ...(bits & TCP_FLAG.syn ? { syn: true } : {}),
      ...(bits & TCP_FLAG.ack ? { ack: true } : {}),
      ...(bits & TCP_FLAG.fin ? { fin: true } : {}),
      ...(bits & TCP_FLAG.rst ? { rst: true } : {}),
      ...(bits & TCP_FLAG.psh ? { psh: true } : {}),
    },
    window,
    options: readOptions(body.subarray(TCP_HEADER, offset)),
    payload: body.slice(offset),
  };
}

function readOptions(bytes: Uint8Array): readonly TcpOption[] {
  const reader = new ByteReader(bytes);
  const options: TcpOption[] = [];
  while (reader.remaining > 0) {
    const kind = reader.u8();
    if (kind === 0) break;
    options.push(kind === TCP_OPTION_KIND.nop ? { kind: 'nop' } : readOption(kind, reader));
  }
  return options;
}

function readOption(kind: number, reader: ByteReader): TcpOption {
  const length = reader.u8();
  const body = new ByteReader(reader.raw(Math.max(length - 2, 0)));
  switch (kind) {
    case TCP_OPTION_KIND.mss:
      return { kind: 'mss', value: body.u16() };
    case TCP_OPTION_KIND['window-scale']:
      return { kind: 'window-scale', shift: body.u8() };
    case TCP_OPTION_KIND['sack-permitted']:
      return { kind: 'sack-permitted' };
    case TCP_OPTION_KIND.timestamps:
      return { kind: 'timestamps', value: body.u32(), echo: body.u32() };
    default:
      throw new Unreadable('unsupported', `TCP option ${kind} is not modelled`);
  }
}

function verify(fields: Omit<Ipv4Packet, 'payload'>, protocol: number, segment: Uint8Array): void {
  const { source, destination } = fields;
  if (transportChecksum({ source, destination, protocol }, segment) !== 0) {
    throw new Unreadable('bad-checksum', protocol === IP_PROTOCOL.udp ? 'UDP datagram' : 'TCP segment');
  }
}
