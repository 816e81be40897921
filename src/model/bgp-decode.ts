/**
 * Bytes to BGP messages. Decoding never throws: what a peer must not send is an error value with the code and subcode of the
 * NOTIFICATION that RFC 4271 section 6 answers it with. Attributes that are not modelled are skipped. A message that tells of
 * IPv6 has no IPv4 prefixes besides, and those of one that has are passed over.
 */
import { ByteReader } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { err, ok } from '../base/result.ts';
import type {
  AsSegment,
  BgpCapability,
  BgpMessage,
  BgpOpen,
  BgpRefresh,
  BgpUpdate,
  PathAttributes,
  PathPrefix,
} from './bgp.ts';
import {
  ATTRIBUTE,
  BGP_HEADER,
  BGP_MAX_MESSAGE,
  CAPABILITIES_PARAMETER,
  CAPABILITY,
  EXTENDED_LENGTH,
  FORWARDING_FLAG,
  MESSAGE_TYPE,
  ORIGINS,
  REFRESH_SUBTYPES,
  RESTART_FLAG,
} from './bgp-encode.ts';
import { UNICAST } from './bgp.ts';
import type { IpFamily } from './ip-family.ts';
import { cidrOf, type Cidr, type Ipv4, type Ipv6 } from './ip.ts';
import { cidrOf6, ipv6FromBytes } from './ipv6.ts';

export interface BgpError {
  readonly code: number;
  readonly subcode: number;
}

/** What two speakers agreed on in their OPENs. */
export interface SessionDecoding {
  readonly as4: boolean;
  /** Prefixes carry path identifiers. */
  readonly addPath: boolean;
}

const HEADER_ERROR = {
  marker: { code: 1, subcode: 1 },
  length: { code: 1, subcode: 2 },
  type: { code: 1, subcode: 3 },
};
const OPEN_ERROR = {
  any: { code: 2, subcode: 0 },
  version: { code: 2, subcode: 1 },
  parameter: { code: 2, subcode: 4 },
};
const UPDATE_ERROR = {
  list: { code: 3, subcode: 1 },
  missing: { code: 3, subcode: 3 },
  length: { code: 3, subcode: 5 },
  origin: { code: 3, subcode: 6 },
  optional: { code: 3, subcode: 9 },
  prefix: { code: 3, subcode: 10 },
  asPath: { code: 3, subcode: 11 },
};

class Unreadable extends Error {
  readonly reason: BgpError;

  constructor(reason: BgpError) {
    super(`BGP error ${reason.code}/${reason.subcode}`);
    this.reason = reason;
  }
}

export interface BgpStream {
  readonly messages: readonly Uint8Array[];
  /** The beginning of a message whose end has not come yet. */
  readonly rest: Uint8Array;
}

/** Cuts what TCP delivered into whole messages. */
export function splitBgp(bytes: Uint8Array): Result<BgpStream, BgpError> {
  const messages: Uint8Array[] = [];
  let at = 0;
  while (bytes.length - at >= BGP_HEADER) {
    const length = ((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0);
    if (bytes.subarray(at, at + 16).some((byte) => byte !== 0xff)) return err(HEADER_ERROR.marker);
    if (length < BGP_HEADER || length > BGP_MAX_MESSAGE) return err(HEADER_ERROR.length);
    if (bytes.length - at < length) break;
    messages.push(bytes.subarray(at, at + length));
    at += length;
  }
  return ok({ messages, rest: bytes.slice(at) });
}

/** Decodes one whole message. */
export function decodeBgp(
  bytes: Uint8Array,
  decoding: SessionDecoding = { as4: true, addPath: false },
): Result<BgpMessage, BgpError> {
  const type = bytes[18];
  const body = new ByteReader(bytes.subarray(BGP_HEADER));
  try {
    return ok(readBody(type, body, decoding));
  } catch (error) {
    if (error instanceof Unreadable) return err(error.reason);
    if (error instanceof RangeError) return err(TRUNCATED[type ?? 0] ?? HEADER_ERROR.length);
    throw error;
  }
}

const TRUNCATED: Readonly<Record<number, BgpError>> = {
  [MESSAGE_TYPE.open]: OPEN_ERROR.any,
  [MESSAGE_TYPE.update]: UPDATE_ERROR.list,
};

function readBody(type: number | undefined, body: ByteReader, decoding: SessionDecoding): BgpMessage {
  switch (type) {
    case MESSAGE_TYPE.open:
      return readOpen(body);
    case MESSAGE_TYPE.update:
      return readUpdate(body, decoding);
    case MESSAGE_TYPE.notification:
      return { kind: 'notification', code: body.u8(), subcode: body.u8(), data: body.rest().slice() };
    case MESSAGE_TYPE.keepalive:
      if (body.remaining > 0) throw new Unreadable(HEADER_ERROR.length);
      return { kind: 'keepalive' };
    case MESSAGE_TYPE['route-refresh']:
      return readRefresh(body);
    default:
      throw new Unreadable(HEADER_ERROR.type);
  }
}

function readRefresh(body: ByteReader): BgpRefresh {
  const afi = body.u16();
  const subtype = REFRESH_SUBTYPES[body.u8()] ?? 'request';
  const safi = body.u8();
  if (body.remaining > 0) throw new Unreadable(HEADER_ERROR.length);
  return { kind: 'route-refresh', afi, safi, subtype };
}

function readOpen(body: ByteReader): BgpOpen {
  if (body.u8() !== 4) throw new Unreadable(OPEN_ERROR.version);
  const asNumber = body.u16();
  const holdTime = body.u16();
  const routerId = body.u32() as Ipv4;
  const parameters = new ByteReader(body.raw(body.u8()));
  const capabilities: BgpCapability[] = [];
  while (parameters.remaining > 0) {
    if (parameters.u8() !== CAPABILITIES_PARAMETER) throw new Unreadable(OPEN_ERROR.parameter);
    const list = new ByteReader(parameters.raw(parameters.u8()));
    while (list.remaining > 0) capabilities.push(readCapability(list.u8(), list.raw(list.u8())));
  }
  return { kind: 'open', asNumber, holdTime, routerId, capabilities };
}

function readCapability(code: number, bytes: Uint8Array): BgpCapability {
  const value = new ByteReader(bytes);
  if (code === CAPABILITY.multiprotocol && bytes.length === 4) {
    const afi = value.u16();
    value.u8();
    return { kind: 'multiprotocol', afi, safi: value.u8() };
  }
  if (code === CAPABILITY.as4 && bytes.length === 4) return { kind: 'as4', asNumber: value.u32() };
  if (code === CAPABILITY['graceful-restart'] && bytes.length % 4 === 2) return readRestart(value);
  if (code === CAPABILITY['add-path'] && bytes.length % 4 === 0) return readAddPath(value);
  const empty = EMPTY_CAPABILITIES.find((kind) => CAPABILITY[kind] === code);
  return empty && bytes.length === 0 ? { kind: empty } : { kind: 'other', code, bytes: bytes.slice() };
}

const EMPTY_CAPABILITIES = [
  'route-refresh',
  'enhanced-route-refresh',
  'long-lived-graceful-restart',
] as const;

function readRestart(value: ByteReader): BgpCapability {
  const word = value.u16();
  const families = [];
  while (value.remaining > 0) {
    families.push({ afi: value.u16(), safi: value.u8(), forwarding: (value.u8() & FORWARDING_FLAG) !== 0 });
  }
  return { kind: 'graceful-restart', restarting: (word & RESTART_FLAG) !== 0, time: word & 0xfff, families };
}

function readAddPath(value: ByteReader): BgpCapability {
  const families = [];
  while (value.remaining > 0) families.push({ afi: value.u16(), safi: value.u8(), mode: value.u8() });
  return { kind: 'add-path', families };
}

function readUpdate(body: ByteReader, decoding: SessionDecoding): BgpUpdate {
  const withdrawn = readPrefixes(new ByteReader(body.raw(body.u16())), decoding);
  const { mpReach, mpUnreach, ...attributes } = readAttributes(
    new ByteReader(body.raw(body.u16())),
    decoding,
  );
  const announced = readPrefixes(body, decoding);
  if (!mpReach && !mpUnreach) return updateOf({ kind: 'update', withdrawn, announced }, attributes);
  const lost = mpUnreach ? readPrefixes(new ByteReader(mpUnreach), { ...decoding, family: 6 }) : [];
  if (!mpReach) return { kind: 'update', family: 6, withdrawn: lost, announced: [] };
  const reached = readReach(new ByteReader(mpReach), decoding);
  return updateOf(
    { kind: 'update', family: 6, withdrawn: lost, announced: reached.prefixes },
    { ...attributes, ...reached.hops },
  );
}

function updateOf(lists: Omit<BgpUpdate, 'attributes'>, attributes: Attributes): BgpUpdate {
  if (lists.announced.length === 0) return lists;
  const { origin, asPath, nextHop } = attributes;
  if (!origin || !asPath || nextHop === undefined) throw new Unreadable(UPDATE_ERROR.missing);
  return { ...lists, attributes: { ...attributes, origin, asPath, nextHop } };
}

const ADDRESS_6 = 16;

/** Next hops (a global one, and with 32 bytes the one on the link), a reserved byte, prefixes (RFC 2545 section 3). */
function readReach(
  reader: ByteReader,
  decoding: SessionDecoding,
): {
  readonly hops: Pick<Attributes, 'nextHop' | 'linkLocal'>;
  readonly prefixes: readonly PathPrefix[];
} {
  const length = reader.remaining > 0 ? reader.u8() : 0;
  if ((length !== ADDRESS_6 && length !== 2 * ADDRESS_6) || reader.remaining < length + 1)
    throw new Unreadable(UPDATE_ERROR.optional);
  const nextHop = ipv6FromBytes(reader.raw(ADDRESS_6));
  const linkLocal = length > ADDRESS_6 ? ipv6FromBytes(reader.raw(ADDRESS_6)) : undefined;
  reader.u8();
  return {
    hops: { nextHop, ...(linkLocal === undefined ? {} : { linkLocal }) },
    prefixes: readPrefixes(reader, { ...decoding, family: 6 }),
  };
}

function readPrefixes(
  reader: ByteReader,
  { addPath, family = 4 }: SessionDecoding & { readonly family?: IpFamily },
): readonly PathPrefix[] {
  const prefixes: PathPrefix[] = [];
  while (reader.remaining > 0) {
    const pathId = addPath ? reader.u32() : undefined;
    const length = reader.u8();
    if (length > MOST_BITS[family]) throw new Unreadable(UPDATE_ERROR.prefix);
    const prefix = family === 4 ? readPrefix(reader, length) : readPrefix6(reader, length);
    prefixes.push({ prefix, ...(pathId === undefined ? {} : { pathId }) });
  }
  return prefixes;
}

const MOST_BITS: Readonly<Record<IpFamily, number>> = { 4: 32, 6: 128 };

function readPrefix(reader: ByteReader, length: number): Cidr {
  let base = 0;
  for (let at = 0; at < Math.ceil(length / 8); at += 1) base += reader.u8() * 2 ** (24 - 8 * at);
  return cidrOf(base as Ipv4, length);
}

function readPrefix6(reader: ByteReader, length: number): Cidr<Ipv6> {
  const digits = ipv6FromBytes(reader.raw(Math.ceil(length / 8)));
  return cidrOf6(digits.padEnd(2 * ADDRESS_6, '0') as Ipv6, length);
}

type Attributes = { -readonly [K in keyof PathAttributes]?: PathAttributes[K] } & {
  /** What is behind the family, of those that tell of IPv6. */
  mpReach?: Uint8Array;
  mpUnreach?: Uint8Array;
};

function readAttributes(reader: ByteReader, { as4 }: SessionDecoding): Attributes {
  const read: Attributes = {};
  while (reader.remaining > 0) {
    const flags = reader.u8();
    const code = reader.u8();
    const value = reader.raw(flags & EXTENDED_LENGTH ? reader.u16() : reader.u8());
    readAttribute(read, code, { value, as4 });
  }
  return read;
}

interface RawAttribute {
  readonly value: Uint8Array;
  readonly as4: boolean;
}

function readAttribute(read: Attributes, code: number, { value, as4 }: RawAttribute): void {
  switch (code) {
    case ATTRIBUTE.origin:
      read.origin = originOf(value);
      return;
    case ATTRIBUTE.asPath:
      read.asPath = readSegments(new ByteReader(value), as4);
      return;
    case ATTRIBUTE.nextHop:
      read.nextHop = word(value) as Ipv4;
      return;
    case ATTRIBUTE.med:
      read.med = word(value);
      return;
    case ATTRIBUTE.localPref:
      read.localPref = word(value);
      return;
    case ATTRIBUTE.originatorId:
      read.originatorId = word(value) as Ipv4;
      return;
    case ATTRIBUTE.clusterList:
      read.clusterList = readWords(value, 1) as readonly Ipv4[];
      return;
    case ATTRIBUTE.mpReach:
    case ATTRIBUTE.mpUnreach:
      readMultiprotocol(read, code, value);
      return;
    case ATTRIBUTE.communities:
      read.communities = readWords(value, 1).map((each) => [each >>> 16, each & 0xffff] as const);
      return;
    case ATTRIBUTE.largeCommunities:
      read.largeCommunities = readTriples(value);
      return;
  }
}

/** Of other families than IPv6 unicast nothing is kept. */
function readMultiprotocol(read: Attributes, code: number, value: Uint8Array): void {
  if (value.length < 3) throw new Unreadable(UPDATE_ERROR.optional);
  const reader = new ByteReader(value);
  if (reader.u16() !== UNICAST[6].afi || reader.u8() !== UNICAST[6].safi) return;
  if (code === ATTRIBUTE.mpReach) read.mpReach = reader.rest();
  else read.mpUnreach = reader.rest();
}

function originOf(value: Uint8Array): PathAttributes['origin'] {
  if (value.length !== 1) throw new Unreadable(UPDATE_ERROR.length);
  const origin = ORIGINS[value[0] ?? -1];
  if (!origin) throw new Unreadable(UPDATE_ERROR.origin);
  return origin;
}

function word(value: Uint8Array): number {
  if (value.length !== 4) throw new Unreadable(UPDATE_ERROR.length);
  return new ByteReader(value).u32();
}

/** Numbers of 32 bits that come in groups. */
function readWords(value: Uint8Array, group: number): readonly number[] {
  if (value.length % (4 * group) !== 0) throw new Unreadable(UPDATE_ERROR.length);
  const reader = new ByteReader(value);
  return Array.from({ length: value.length / 4 }, () => reader.u32());
}

function readTriples(value: Uint8Array): NonNullable<PathAttributes['largeCommunities']> {
  const words = readWords(value, 3);
  return Array.from({ length: words.length / 3 }, (_, at) => {
    const [first = 0, second = 0, third = 0] = words.slice(3 * at, 3 * at + 3);
    return [first, second, third] as const;
  });
}

function readSegments(reader: ByteReader, as4: boolean): readonly AsSegment[] {
  const segments: AsSegment[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    const count = reader.u8();
    if ((type !== 1 && type !== 2) || reader.remaining < count * (as4 ? 4 : 2)) {
      throw new Unreadable(UPDATE_ERROR.asPath);
    }
    const numbers = Array.from({ length: count }, () => (as4 ? reader.u32() : reader.u16()));
    segments.push({ type: type === 1 ? 'set' : 'sequence', numbers });
  }
  return segments;
}
