/**
 * Messages of ICMP and ICMPv6 from their bytes (RFC 792, RFC 4443), and the two of neighbour discovery that ask for an
 * address and answer (RFC 4861). Others are left to the caller as bytes.
 */
import { ByteReader } from '../base/bytes.ts';
import { checksum } from './checksum.ts';
import type { IcmpCodes } from './icmp-codes.ts';
import { icmpCodes, icmpErrorKind, NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION } from './icmp-codes.ts';
import { ipv6FromBytes } from './ipv6.ts';
import type { Mac } from './mac.ts';
import { macFromBytes } from './mac.ts';
import type { IcmpEcho, IcmpMessage, IpPacket, NeighbourMessage } from './packet.ts';
import { LINK_ADDRESS_OPTION, NEIGHBOUR_FLAG } from './wire-encode.ts';
import { ICMP_HEADER } from './wire-length.ts';
import type { Body } from './wire-segment.ts';
import { Unreadable, verify } from './wire-segment.ts';

type ReadQuoted = (bytes: Uint8Array) => IpPacket;

/** Undefined for a message that is not modelled, or too little of it. */
export function readIcmp(packet: Body, quoted: ReadQuoted): IcmpMessage | undefined {
  const codes = codesOf(packet);
  if (packet.whole && checksum(packet.body) !== 0) throw new Unreadable('bad-checksum', 'ICMP message');
  return readEcho(packet, codes) ?? readError(packet, codes, quoted);
}

export function readIcmpv6(packet: Body, quoted: ReadQuoted): IcmpMessage | NeighbourMessage | undefined {
  const codes = codesOf(packet);
  if (packet.whole) verify(packet, packet.body);
  return readEcho(packet, codes) ?? readError(packet, codes, quoted) ?? readNeighbour(packet, codes);
}

function codesOf({ body }: Body): IcmpCodes {
  const reader = new ByteReader(body);
  const codes = { type: reader.u8(), code: reader.u8() };
  reader.u16();
  return codes;
}

function readEcho({ family, body, length }: Body, { type, code }: IcmpCodes): IcmpEcho | undefined {
  const reader = new ByteReader(body.subarray(4));
  const as = (reply: boolean): IcmpEcho => ({
    kind: 'icmp-echo',
    reply,
    identifier: reader.u16(),
    sequence: reader.u16(),
    dataLength: length - ICMP_HEADER,
  });
  const isOf = (reply: boolean): boolean => type === echoType(family, reply) && code === 0;
  if (isOf(false)) return as(false);
  return isOf(true) ? as(true) : undefined;
}

const echoType = (family: Body['family'], reply: boolean): number =>
  icmpCodes({ kind: 'icmp-echo', reply, identifier: 0, sequence: 0, dataLength: 0 }, family).type;

function readError(
  { family, body, whole }: Body,
  codes: IcmpCodes,
  quoted: ReadQuoted,
): IcmpMessage | undefined {
  const error = icmpErrorKind(codes, family);
  if (error === undefined || !whole) return undefined;
  const reader = new ByteReader(body.subarray(4));
  const word = reader.u32();
  const mtu = family === 'ipv4' ? word & 0xffff : word;
  const original = quoted(reader.rest());
  return { kind: 'icmp-error', error, ...(error === 'too-big' ? { mtu } : {}), original };
}

function readNeighbour({ body, whole }: Body, { type, code }: IcmpCodes): NeighbourMessage | undefined {
  const isSolicitation = type === NEIGHBOUR_SOLICITATION;
  if (!whole || code !== 0 || !(isSolicitation || type === NEIGHBOUR_ADVERTISEMENT)) return undefined;
  const kind = isSolicitation ? 'neighbour-solicitation' : 'neighbour-advertisement';
  const reader = new ByteReader(body.subarray(4));
  const flags = isSolicitation ? reader.u8() & 0 : reader.u8();
  reader.raw(3);
  const target = ipv6FromBytes(reader.raw(16));
  const mac = linkAddress(reader, kind);
  return {
    kind,
    target,
    ...(mac !== undefined && { mac }),
    ...(flags & NEIGHBOUR_FLAG.router && { router: true }),
    ...(flags & NEIGHBOUR_FLAG.solicited && { solicited: true }),
    ...(flags & NEIGHBOUR_FLAG.override && { override: true }),
  };
}

/** Options count their length in eights of bytes. */
function linkAddress(reader: ByteReader, kind: NeighbourMessage['kind']): Mac | undefined {
  let found: Mac | undefined;
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u8() * 8;
    if (length === 0) throw new Unreadable('malformed', 'an option of neighbour discovery has no length');
    const option = reader.raw(length - 2);
    if (type === LINK_ADDRESS_OPTION[kind]) found = macFromBytes(option);
  }
  return found;
}
