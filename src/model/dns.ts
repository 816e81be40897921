/**
 * DNS messages and their bytes: RFC 1035, section 4; RFC 2782 (SRV), RFC 6891 (EDNS), RFC 7873 (cookies). Names are absolute
 * and end in a dot. Read are also compressed names; data of other record types stays bytes; names are written in full, as CoreDNS does in small answers.
 */
import { ByteReader, ByteWriter, concatBytes, utf8, utf8Text } from '../base/bytes.ts';
import type { Ip, Ipv4 } from './ip.ts';
import { isIpv6 } from './ip-family.ts';
import { ipv6FromBytes, ipv6ToBytes } from './ipv6.ts';

export const DNS_PORT = 53;

export const DNS_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  ANY: 255,
} as const;

export const DNS_CODE = { noError: 0, serverFailure: 2, nameError: 3, refused: 5 } as const;

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
  readonly additionals?: readonly DnsRecord[];
  /** The OPT pseudo-record, when the sender speaks EDNS. */
  readonly edns?: Edns;
  /** The AD bit: in a question, that the asker understands it. */
  readonly authenticData?: boolean;
}

export interface Edns {
  /** The largest answer it takes by UDP. */
  readonly udpSize: number;
  readonly cookie?: Uint8Array;
}

const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
};
const OPT = 41;
const COOKIE = 10;
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
    .u16((message.additionals?.length ?? 0) + (message.edns ? 1 : 0));
  const questions = message.questions.flatMap(({ name, type }) => [
    dnsName(name),
    new ByteWriter(4).u16(type).u16(CLASS_IN).bytes,
  ]);
  const all = [...message.answers, ...message.authorities, ...(message.additionals ?? [])];
  const records = all.flatMap(({ name, type, ttl, data }) => [
    dnsName(name),
    new ByteWriter(10).u16(type).u16(CLASS_IN).u32(ttl).u16(data.length).bytes,
    data,
  ]);
  return concatBytes([
    header.bytes,
    ...questions,
    ...records,
    ...(message.edns ? optRecord(message.edns) : []),
  ]);
}

/** The root's name, and in place of class and time to live the size and the flags. */
function optRecord({ udpSize, cookie }: Edns): readonly Uint8Array[] {
  const option = cookie ? [new ByteWriter(4).u16(COOKIE).u16(cookie.length).bytes, cookie] : [];
  const length = cookie ? 4 + cookie.length : 0;
  return [Uint8Array.of(0), new ByteWriter(10).u16(OPT).u16(udpSize).u32(0).u16(length).bytes, ...option];
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
  const additional = reader.u16();
  const all = <T>(count: number, read: () => T): readonly T[] => Array.from({ length: count }, read);
  const sections = {
    questions: all(questions, () => readQuestion(reader, bytes)),
    answers: all(answers, () => readRecord(reader, bytes)),
    authorities: all(authorities, () => readRecord(reader, bytes)),
  };
  const extra = all(additional, () => readAny(reader, bytes));
  const additionals = extra.filter(({ record }) => record.type !== OPT).map(({ record }) => record);
  const opt = extra.find(({ record }) => record.type === OPT);
  return {
    id,
    response: (flags & FLAG.response) !== 0,
    authoritative: (flags & FLAG.authoritative) !== 0,
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    recursionAvailable: (flags & FLAG.recursionAvailable) !== 0,
    code: flags & 15,
    ...sections,
    ...((flags & FLAG.authenticData) !== 0 && { authenticData: true }),
    ...(additionals.length > 0 && { additionals }),
    ...(opt && { edns: { udpSize: opt.ofClass, ...cookieOf(opt.record.data) } }),
  };
}

/** The first cookie among the options. */
function cookieOf(options: Uint8Array): Pick<Edns, 'cookie'> {
  const reader = new ByteReader(options);
  while (reader.position < options.length) {
    const code = reader.u16();
    const data = reader.raw(reader.u16());
    if (code === COOKIE) return { cookie: data };
  }
  return {};
}

function readQuestion(reader: ByteReader, whole: Uint8Array): DnsQuestion {
  const name = readName(reader, whole);
  const type = reader.u16();
  reader.u16();
  return { name, type };
}

const readRecord = (reader: ByteReader, whole: Uint8Array): DnsRecord => readAny(reader, whole).record;

/** A record and its class, in which OPT puts a size. */
function readAny(
  reader: ByteReader,
  whole: Uint8Array,
): { readonly record: DnsRecord; readonly ofClass: number } {
  const name = readName(reader, whole);
  const type = reader.u16();
  const ofClass = reader.u16();
  const ttl = reader.u32();
  return { record: { name, type, ttl, data: reader.raw(reader.u16()) }, ofClass };
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

/** A, or AAAA (RFC 3596). */
export function addressRecord(name: string, ttl: number, address: Ip): DnsRecord {
  if (isIpv6(address)) return { name, type: DNS_TYPE.AAAA, ttl, data: ipv6ToBytes(address) };
  return { name, type: DNS_TYPE.A, ttl, data: new ByteWriter(4).u32(address).bytes };
}

/** A record whose data is a name: CNAME, PTR. */
export function nameRecord(name: string, type: number, ttl: number, target: string): DnsRecord {
  return { name, type, ttl, data: dnsName(target) };
}

export interface ServiceTarget {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export function serviceRecord(name: string, ttl: number, service: ServiceTarget): DnsRecord {
  const numbers = new ByteWriter(6).u16(service.priority).u16(service.weight).u16(service.port).bytes;
  return { name, type: DNS_TYPE.SRV, ttl, data: concatBytes([numbers, dnsName(service.target)]) };
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

/** The address of an A or AAAA record; undefined for any other. */
export function recordAddress({ type, data }: DnsRecord): Ip | undefined {
  if (type === DNS_TYPE.AAAA && data.length === 16) return ipv6FromBytes(data);
  return type === DNS_TYPE.A && data.length === 4 ? (new ByteReader(data).u32() as Ipv4) : undefined;
}

/** The name in a CNAME, PTR or NS record; undefined for any other. */
export function recordName({ type, data }: DnsRecord): string | undefined {
  const named = type === DNS_TYPE.CNAME || type === DNS_TYPE.PTR || type === DNS_TYPE.NS;
  return named ? readable((reader) => readName(reader, data), data) : undefined;
}

/** What an SRV record says; undefined for any other. */
export function recordService({ type, data }: DnsRecord): ServiceTarget | undefined {
  if (type !== DNS_TYPE.SRV) return undefined;
  return readable((reader) => {
    const [priority, weight, port] = [reader.u16(), reader.u16(), reader.u16()];
    return { priority, weight, port, target: readName(reader, data) };
  }, data);
}

/** Undefined where the bytes end too early, or point outside. */
function readable<T>(read: (reader: ByteReader) => T, data: Uint8Array): T | undefined {
  try {
    return read(new ByteReader(data));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The name under which an address is looked up backwards: `4.3.2.1.in-addr.arpa.`, or its digits below `ip6.arpa.` (RFC 3596). */
export function reverseName(address: Ip): string {
  if (isIpv6(address)) return `${[...address].reverse().join('.')}.ip6.arpa.`;
  const bytes = [0, 8, 16, 24].map((shift) => (address >>> shift) & 255);
  return `${bytes.join('.')}.in-addr.arpa.`;
}
