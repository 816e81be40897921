/** BGP messages to bytes, fields in the order and with the flags that BIRD 1.6.8 sends (proto/bgp/packets.c, attrs.c). */
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
import { AS_TRANS } from './bgp.ts';
import type { Ipv4 } from './ip.ts';

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

/** Bytes a prefix takes in an UPDATE. */
export function prefixLength({ prefix, pathId }: PathPrefix): number {
  return (pathId === undefined ? 0 : 4) + 1 + Math.ceil(prefix.length / 8);
}

function prefixBytes(route: PathPrefix): Uint8Array {
  const { prefix, pathId } = route;
  const writer = new ByteWriter(prefixLength(route));
  if (pathId !== undefined) writer.u32(pathId);
  writer.u8(prefix.length);
  for (let at = 0; at < Math.ceil(prefix.length / 8); at += 1)
    writer.u8((prefix.base >>> (24 - 8 * at)) & 255);
  return writer.bytes;
}

function attributesBytes(attributes: PathAttributes, { as4 }: SessionEncoding): Uint8Array {
  const { origin, asPath, nextHop, med, localPref, originatorId, clusterList } = attributes;
  const { communities, largeCommunities } = attributes;
  return concatBytes([
    attribute(TRANSITIVE, ATTRIBUTE.origin, Uint8Array.of(ORIGINS.indexOf(origin))),
    attribute(TRANSITIVE, ATTRIBUTE.asPath, concatBytes(asPath.map((segment) => segmentBytes(segment, as4)))),
    attribute(TRANSITIVE, ATTRIBUTE.nextHop, words([nextHop])),
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
  if (value.length < 256) return Uint8Array.of(flags, code, value.length, ...value);
  return Uint8Array.of(flags | EXTENDED_LENGTH, code, value.length >> 8, value.length & 255, ...value);
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
