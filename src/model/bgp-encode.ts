/**
 * BGP messages to bytes, fields in the order and with the flags that BIRD 1.6.8 sends (proto/bgp/packets.c, attrs.c). What is
 * told of IPv6 comes behind the other attributes; BIRD 2 puts it in front of them.
 */
import { ByteWriter, concatBytes } from '../base/bytes.ts';
import { assertNever } from '../base/result.ts';
import type {
  AsSegment,
  BgpCapability,
  BgpMessage,
  BgpOpen,
  BgpUpdate,
  PathAttributes,
  PathPrefix,
} from './bgp.ts';
import { AS_TRANS, UNICAST } from './bgp.ts';
import { isIpv4 } from './ip-family.ts';
import type { Ip, Ipv4 } from './ip.ts';
import { ipv6ToBytes } from './ipv6.ts';

export const BGP_HEADER = 19;
/** The largest message without the extended-messages capability. */
export const BGP_MAX_MESSAGE = 4096;

export const MESSAGE_TYPE = {
  open: 1,
  update: 2,
  notification: 3,
  keepalive: 4,
  'route-refresh': 5,
} as const;

/** By their number in a ROUTE-REFRESH. */
export const REFRESH_SUBTYPES = ['request', 'begin', 'end'] as const;

export const CAPABILITY = {
  multiprotocol: 1,
  'route-refresh': 2,
  'graceful-restart': 64,
  as4: 65,
  'add-path': 69,
  'enhanced-route-refresh': 70,
  'long-lived-graceful-restart': 71,
} as const;

export const ATTRIBUTE = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  largeCommunities: 32,
} as const;

export const ORIGINS = ['IGP', 'EGP', 'Incomplete'] as const;

/** The optional parameter of an OPEN that holds capabilities. */
export const CAPABILITIES_PARAMETER = 2;
export const RESTART_FLAG = 0x8000;
export const FORWARDING_FLAG = 0x80;
export const EXTENDED_LENGTH = 0x10;
const TRANSITIVE = 0x40;
const OPTIONAL = 0x80;
/** Optional, and handed on by those who do not know it. */
const ANY_AS = OPTIONAL | TRANSITIVE;

/** How two speakers agreed to write AS numbers. */
export interface SessionEncoding {
  readonly as4: boolean;
}

/** Throws for a message over 4096 bytes: its writer should have split it. */
export function encodeBgp(message: BgpMessage, encoding: SessionEncoding = { as4: true }): Uint8Array {
  const body = bodyOf(message, encoding);
  const length = BGP_HEADER + body.length;
  if (length > BGP_MAX_MESSAGE) throw new RangeError(`a BGP message of ${length} bytes`);
  const writer = new ByteWriter(length);
  for (let at = 0; at < 16; at += 1) writer.u8(0xff);
  return writer.u16(length).u8(MESSAGE_TYPE[message.kind]).raw(body).bytes;
}

function bodyOf(message: BgpMessage, encoding: SessionEncoding): Uint8Array {
  switch (message.kind) {
    case 'open':
      return openBody(message);
    case 'update':
      return updateBody(message, encoding);
    case 'notification':
      return concatBytes([Uint8Array.of(message.code, message.subcode), message.data]);
    case 'keepalive':
      return new Uint8Array(0);
    case 'route-refresh':
      return new ByteWriter(4).u16(message.afi).u8(REFRESH_SUBTYPES.indexOf(message.subtype)).u8(message.safi)
        .bytes;
    default:
      return assertNever(message);
  }
}

function openBody({ asNumber, holdTime, routerId, capabilities }: BgpOpen): Uint8Array {
  const list = concatBytes(capabilities.map(capabilityBytes));
  const parameters = list.length === 0 ? list : Uint8Array.of(CAPABILITIES_PARAMETER, list.length, ...list);
  return new ByteWriter(10 + parameters.length)
    .u8(4)
    .u16(asNumber)
    .u16(holdTime)
    .u32(routerId)
    .u8(parameters.length)
    .raw(parameters).bytes;
}

function capabilityBytes(capability: BgpCapability): Uint8Array {
  const value = capabilityValue(capability);
  const code = capability.kind === 'other' ? capability.code : CAPABILITY[capability.kind];
  return Uint8Array.of(code, value.length, ...value);
}

function capabilityValue(capability: BgpCapability): Uint8Array {
  switch (capability.kind) {
    case 'multiprotocol':
      return new ByteWriter(4).u16(capability.afi).u8(0).u8(capability.safi).bytes;
    case 'graceful-restart':
      return restartValue(capability);
    case 'as4':
      return new ByteWriter(4).u32(capability.asNumber).bytes;
    case 'add-path':
      return concatBytes(
        capability.families.map(({ afi, safi, mode }) => new ByteWriter(4).u16(afi).u8(safi).u8(mode).bytes),
      );
    case 'other':
      return capability.bytes;
    default:
      return new Uint8Array(0);
  }
}

function restartValue({
  restarting,
  time,
  families,
}: Extract<BgpCapability, { kind: 'graceful-restart' }>): Uint8Array {
  const writer = new ByteWriter(2 + 4 * families.length).u16((restarting ? RESTART_FLAG : 0) | time);
  for (const { afi, safi, forwarding } of families)
    writer
      .u16(afi)
      .u8(safi)
      .u8(forwarding ? FORWARDING_FLAG : 0);
  return writer.bytes;
}

function updateBody(update: BgpUpdate, encoding: SessionEncoding): Uint8Array {
  if (update.family === 6) return multiprotocolBody(update, encoding);
  const withdrawn = concatBytes(update.withdrawn.map(prefixBytes));
  const attributes = update.attributes ? attributesBytes(update.attributes, encoding) : new Uint8Array(0);
  const announced = concatBytes(update.announced.map(prefixBytes));
  return new ByteWriter(4 + withdrawn.length + attributes.length + announced.length)
    .u16(withdrawn.length)
    .raw(withdrawn)
    .u16(attributes.length)
    .raw(attributes)
    .raw(announced).bytes;
}

/** The lists of IPv4 prefixes stay empty, and so does the whole of an End-of-RIB but for the family. */
function multiprotocolBody(
  { withdrawn, attributes, announced }: BgpUpdate,
  encoding: SessionEncoding,
): Uint8Array {
  const family = new ByteWriter(3).u16(UNICAST[6].afi).u8(UNICAST[6].safi).bytes;
  const isUnreach = withdrawn.length > 0 || !attributes;
  const all = concatBytes([
    ...(attributes ? [attributesBytes(attributes, encoding), reachBytes(family, attributes, announced)] : []),
    ...(isUnreach
      ? [attribute(OPTIONAL, ATTRIBUTE.mpUnreach, concatBytes([family, ...withdrawn.map(prefixBytes)]))]
      : []),
  ]);
  return new ByteWriter(4 + all.length).u16(0).u16(all.length).raw(all).bytes;
}

function reachBytes(
  family: Uint8Array,
  { nextHop, linkLocal }: PathAttributes,
  announced: readonly PathPrefix[],
): Uint8Array {
  const hops = concatBytes([nextHop, ...(linkLocal === undefined ? [] : [linkLocal])].map(addressBytes));
  const value = [family, Uint8Array.of(hops.length), hops, Uint8Array.of(0), ...announced.map(prefixBytes)];
  return attribute(OPTIONAL, ATTRIBUTE.mpReach, concatBytes(value));
}

const addressBytes = (address: Ip): Uint8Array => (isIpv4(address) ? words([address]) : ipv6ToBytes(address));

/** Bytes a prefix takes in an UPDATE. */
export function prefixLength({ prefix, pathId }: PathPrefix): number {
  return (pathId === undefined ? 0 : 4) + 1 + Math.ceil(prefix.length / 8);
}

function prefixBytes(route: PathPrefix): Uint8Array {
  const { prefix, pathId } = route;
  const writer = new ByteWriter(prefixLength(route));
  if (pathId !== undefined) writer.u32(pathId);
  writer.u8(prefix.length);
  const { base } = prefix;
  const octets = Math.ceil(prefix.length / 8);
  if (!isIpv4(base)) return writer.raw(ipv6ToBytes(base).subarray(0, octets)).bytes;
  for (let at = 0; at < octets; at += 1) writer.u8((base >>> (24 - 8 * at)) & 255);
  return writer.bytes;
}

const writtenOnce = new WeakMap<PathAttributes, Uint8Array>();

function attributesBytes(attributes: PathAttributes, encoding: SessionEncoding): Uint8Array {
  if (!encoding.as4) return attributesWritten(attributes, encoding);
  const known = writtenOnce.get(attributes) ?? attributesWritten(attributes, encoding);
  writtenOnce.set(attributes, known);
  return known;
}

function attributesWritten(attributes: PathAttributes, { as4 }: SessionEncoding): Uint8Array {
  const { origin, asPath, nextHop, med, localPref, originatorId, clusterList } = attributes;
  const { communities, largeCommunities } = attributes;
  return concatBytes([
    attribute(TRANSITIVE, ATTRIBUTE.origin, Uint8Array.of(ORIGINS.indexOf(origin))),
    attribute(TRANSITIVE, ATTRIBUTE.asPath, concatBytes(asPath.map((segment) => segmentBytes(segment, as4)))),
    // Of IPv6 it travels with the prefixes.
    ...(isIpv4(nextHop) ? [attribute(TRANSITIVE, ATTRIBUTE.nextHop, words([nextHop]))] : []),
    ...(med === undefined ? [] : [attribute(OPTIONAL, ATTRIBUTE.med, words([med]))]),
    ...(localPref === undefined ? [] : [attribute(TRANSITIVE, ATTRIBUTE.localPref, words([localPref]))]),
    ...(communities === undefined ? [] : [attribute(ANY_AS, ATTRIBUTE.communities, pairs(communities))]),
    ...(originatorId === undefined
      ? []
      : [attribute(OPTIONAL, ATTRIBUTE.originatorId, words([originatorId]))]),
    ...(clusterList === undefined ? [] : [attribute(OPTIONAL, ATTRIBUTE.clusterList, words(clusterList))]),
    ...(largeCommunities === undefined
      ? []
      : [attribute(ANY_AS, ATTRIBUTE.largeCommunities, words(largeCommunities.flat()))]),
  ]);
}

function attribute(flags: number, code: number, value: Uint8Array): Uint8Array {
  const isShort = value.length < 256;
  const bytes = new Uint8Array((isShort ? 3 : 4) + value.length);
  bytes[0] = isShort ? flags : flags | EXTENDED_LENGTH;
  bytes[1] = code;
  bytes[2] = isShort ? value.length : value.length >> 8;
  if (!isShort) bytes[3] = value.length & 255;
  bytes.set(value, isShort ? 3 : 4);
  return bytes;
}

function pairs(communities: readonly (readonly [number, number])[]): Uint8Array {
  const writer = new ByteWriter(4 * communities.length);
  for (const [high, low] of communities) writer.u16(high).u16(low);
  return writer.bytes;
}

function words(values: readonly (number | Ipv4)[]): Uint8Array {
  const writer = new ByteWriter(4 * values.length);
  for (const value of values) writer.u32(value);
  return writer.bytes;
}

function segmentBytes({ type, numbers }: AsSegment, as4: boolean): Uint8Array {
  const writer = new ByteWriter(2 + (as4 ? 4 : 2) * numbers.length)
    .u8(type === 'set' ? 1 : 2)
    .u8(numbers.length);
  for (const number of numbers) {
    if (as4) writer.u32(number);
    else writer.u16(number > 0xffff ? AS_TRANS : number);
  }
  return writer.bytes;
}
