/**
 * DNS messages and their bytes: RFC 1035, section 4. Names are absolute and end in a dot. Read are also compressed names
 * and record types beyond A and SOA, whose data stays bytes; names are written in full, as CoreDNS does in small answers.
 */
import { ByteReader, ByteWriter, concatBytes, utf8, utf8Text } from '../base/bytes.ts';
import type { Ipv4 } from './ip.ts';

export const DNS_PORT = 53;

export const DNS_TYPE = { A: 1, SOA: 6, AAAA: 28 } as const;

export const DNS_CODE = { noError: 0, serverFailure: 2, nameError: 3 } as const;

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly authoritative: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly code: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
};
const CLASS_IN = 1;
const HEADER = 12;

export function encodeDns(message: DnsMessage): Uint8Array {
  const flags = (Object.keys(FLAG) as (keyof typeof FLAG)[]).filter((flag) => message[flag]);
  const header = new ByteWriter(HEADER)
    .u16(message.id)
    .u16(flags.reduce((sum, flag) => sum | FLAG[flag], message.code))
    .u16(message.questions.length)
    .u16(message.answers.length)
    .u16(message.authorities.length)
    .u16(0);
  const questions = message.questions.flatMap(({ name, type }) => [
    dnsName(name),
    new ByteWriter(4).u16(type).u16(CLASS_IN).bytes,
  ]);
  const records = [...message.answers, ...message.authorities].flatMap(({ name, type, ttl, data }) => [
    dnsName(name),
    new ByteWriter(10).u16(type).u16(CLASS_IN).u32(ttl).u16(data.length).bytes,
    data,
  ]);
  return concatBytes([header.bytes, ...questions, ...records]);
}

/** The labels of a name, each after its length. */
function dnsName(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => concatBytes([Uint8Array.of(utf8(label).length), utf8(label)]));
  return concatBytes([...parts, Uint8Array.of(0)]);
}

/** Undefined for what is no DNS message. */
export function decodeDns(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return readMessage(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readMessage(bytes: Uint8Array): DnsMessage {
  const reader = new ByteReader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const [questions, answers, authorities] = [reader.u16(), reader.u16(), reader.u16()];
  reader.u16();
  const all = <T>(count: number, read: () => T): readonly T[] => Array.from({ length: count }, read);
  return {
    id,
    response: (flags & FLAG.response) !== 0,
    authoritative: (flags & FLAG.authoritative) !== 0,
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    recursionAvailable: (flags & FLAG.recursionAvailable) !== 0,
    code: flags & 15,
    questions: all(questions, () => readQuestion(reader, bytes)),
    answers: all(answers, () => readRecord(reader, bytes)),
    authorities: all(authorities, () => readRecord(reader, bytes)),
  };
}

function readQuestion(reader: ByteReader, whole: Uint8Array): DnsQuestion {
  const name = readName(reader, whole);
  const type = reader.u16();
  reader.u16();
  return { name, type };
}

function readRecord(reader: ByteReader, whole: Uint8Array): DnsRecord {
  const { name, type } = readQuestion(reader, whole);
  const ttl = reader.u32();
  return { name, type, ttl, data: reader.raw(reader.u16()) };
}

/** A pointer leads to an earlier place, so that a chain of them ends. */
function readName(reader: ByteReader, whole: Uint8Array, before = whole.length): string {
  const start = reader.position;
  const labels: string[] = [];
  for (let length = reader.u8(); length !== 0; length = reader.u8()) {
    if (length >= 0xc0) {
      const at = (length & 0x3f) * 256 + reader.u8();
      if (at >= Math.min(start, before)) throw new RangeError('a name points forward');
      const earlier = new ByteReader(whole);
      earlier.raw(at);
      return `${labels.map((label) => `${label}.`).join('')}${readName(earlier, whole, at)}`;
    }
    labels.push(utf8Text(reader.raw(length)));
  }
  return `${labels.join('.')}.`;
}

export function addressRecord(name: string, ttl: number, address: Ipv4): DnsRecord {
  return { name, type: DNS_TYPE.A, ttl, data: new ByteWriter(4).u32(address).bytes };
}

export interface StartOfAuthority {
  /** The zone's first name server, and the mailbox of whoever keeps it. */
  readonly server: string;
  readonly mailbox: string;
  /** Serial, then refresh, retry, expire and minimum in seconds. */
  readonly numbers: readonly [number, number, number, number, number];
}

export function authorityRecord(
  name: string,
  ttl: number,
  { server, mailbox, numbers }: StartOfAuthority,
): DnsRecord {
  const written = numbers.reduce((writer, number) => writer.u32(number), new ByteWriter(20));
  const data = concatBytes([dnsName(server), dnsName(mailbox), written.bytes]);
  return { name, type: DNS_TYPE.SOA, ttl, data };
}

/** Undefined for any other record, and for one whose names are compressed. */
export function recordAuthority({ type, data }: DnsRecord): StartOfAuthority | undefined {
  if (type !== DNS_TYPE.SOA) return undefined;
  try {
    const reader = new ByteReader(data);
    const [server, mailbox] = [readName(reader, data), readName(reader, data)];
    const numbers = [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()] as const;
    return { server, mailbox, numbers };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The address of an A record; undefined for any other. */
export function recordAddress({ type, data }: DnsRecord): Ipv4 | undefined {
  return type === DNS_TYPE.A && data.length === 4 ? (new ByteReader(data).u32() as Ipv4) : undefined;
}
