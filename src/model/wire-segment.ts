/**
 * What decoding a packet's payload needs to know of the packet, how decoding stops, and TCP segments (RFC 9293).
 */
import { ByteReader } from '../base/bytes.ts';
import { transportChecksum } from './checksum.ts';
import type { Ip } from './ip.ts';
import type { IpPacket, TcpOption, TcpSegment } from './packet.ts';
import { IP_PROTOCOL } from './packet.ts';
import { TCP_FLAG, TCP_OPTION_KIND } from './wire-encode.ts';
import { TCP_HEADER } from './wire-length.ts';

export interface WireError {
  readonly kind: 'truncated' | 'malformed' | 'unsupported' | 'bad-checksum';
  /** What was wrong, for a person. */
  readonly message: string;
}

/** Stops decoding; it never leaves the decoder. */
export class Unreadable extends Error {
  readonly kind: WireError['kind'];

  constructor(kind: WireError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A packet's payload as bytes. */
export interface Body {
  readonly family: IpPacket['kind'];
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  readonly body: Uint8Array;
  /** False when an ICMP error quotes only the beginning. */
  readonly whole: boolean;
  /** Bytes of payload the header promises. */
  readonly length: number;
}

const CHECKED: ReadonlyMap<number, string> = new Map([
  [IP_PROTOCOL.udp, 'UDP datagram'],
  [IP_PROTOCOL.tcp, 'TCP segment'],
  [IP_PROTOCOL.icmpv6, 'ICMPv6 message'],
]);

/** Of what has a pseudo header. */
export function verify({ source, destination, protocol }: Body, segment: Uint8Array): void {
  if (transportChecksum({ source, destination, protocol }, segment) !== 0) {
    throw new Unreadable('bad-checksum', CHECKED.get(protocol) ?? `payload of IP protocol ${protocol}`);
  }
}

export function readTcp(packet: Body): TcpSegment {
  const { body } = packet;
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
  verify(packet, body);
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
