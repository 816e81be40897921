/**
 * Cutting a packet into fragments that fit an MTU (RFC 791, RFC 8200 4.5; Linux net/ipv4/ip_output.c ip_do_fragment,
 * net/ipv6/ip6_output.c ip6_fragment). Each piece but the
 * last carries a multiple of eight bytes; a fragment may be cut again further on, and what was cut keeps its cuts where it can.
 */
import type { IpPacket, RawPayload } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import {
  FRAGMENT_HEADER,
  headerLength,
  IPV4_HEADER,
  IPV6_HEADER,
  packetLength,
} from '../../model/wire-length.ts';
import { encodePayload } from '../../model/wire.ts';

/**
 * The packet itself when it fits.
 * @param id the identification of IPv6's fragments; those of IPv4 have their packet's
 */
export function fragmentPacket<Packet extends IpPacket>(
  packet: Packet,
  mtu: number,
  id?: number,
): readonly Packet[];
export function fragmentPacket(packet: IpPacket, mtu: number, id = 0): readonly IpPacket[] {
  if (packetLength(packet) <= mtu) return [packet];
  const bytes = encodePayload(packet);
  const protocol = protocolNumber(packet);
  const header = packet.kind === 'ipv4' ? IPV4_HEADER : IPV6_HEADER + FRAGMENT_HEADER;
  const room = Math.max((mtu - header) & ~7, 8);
  const start = packet.fragment?.offset ?? 0;
  const pieces: IpPacket[] = [];
  for (let at = 0; at < bytes.length; at += room) {
    const payload: RawPayload = { kind: 'raw', protocol, bytes: bytes.slice(at, at + room) };
    const last = at + room >= bytes.length;
    const more = !last || (packet.fragment?.more ?? false);
    pieces.push(pieceOf(packet, payload, { offset: start + at, more, id }));
  }
  return pieces;
}

interface Cut {
  readonly offset: number;
  readonly more: boolean;
  readonly id: number;
}

function pieceOf(packet: IpPacket, payload: RawPayload, { offset, more, id }: Cut): IpPacket {
  if (packet.kind === 'ipv4') return { ...packet, payload, fragment: { offset, more } };
  return { ...packet, payload, fragment: { offset, more, id: packet.fragment?.id ?? id } };
}

/**
 * Pieces on their way out of a stack that puts fragments together: what fits keeps the cuts it came with (ip_do_fragment's
 * fast path), and a packet with a piece that does not fit is cut anew.
 */
export function cutAgain<Packet extends IpPacket>(pieces: readonly Packet[], mtu: number): readonly Packet[];
export function cutAgain(pieces: readonly IpPacket[], mtu: number): readonly IpPacket[] {
  return packetsOf(pieces).flatMap((cuts) =>
    cuts.every((piece) => packetLength(piece) <= mtu) ? cuts : fragmentPacket(joined(cuts), mtu),
  );
}

/**
 * The pieces of a packet after a change to it, cut where they were. Where they are a tunnel's packets each is changed by
 * itself.
 */
export function changed<Packet extends IpPacket>(
  pieces: readonly Packet[],
  packet: Packet,
  change: (piece: Packet) => Packet,
): readonly Packet[];
export function changed(
  pieces: readonly IpPacket[],
  packet: IpPacket,
  change: (piece: IpPacket) => IpPacket,
): readonly IpPacket[] {
  const areFragments = packetsOf(pieces).length === 1 && pieces.every(({ fragment }) => fragment);
  if (!areFragments) return pieces.map(change);
  const bytes = encodePayload(packet);
  const protocol = protocolNumber(packet);
  return pieces.map((piece): IpPacket => {
    const start = piece.fragment?.offset ?? 0;
    const end = start + packetLength(piece) - headerLength(piece);
    const payload: RawPayload = { kind: 'raw', protocol, bytes: bytes.slice(start, end) };
    return pieceOf(packet, payload, { offset: 0, more: false, id: 0, ...piece.fragment });
  });
}

/** The pieces of each packet: a tunnel carries fragments in packets of their own, which may be fragmented in turn. */
function packetsOf(pieces: readonly IpPacket[]): readonly (readonly IpPacket[])[] {
  const packets: IpPacket[][] = [];
  for (const piece of pieces) {
    const last = packets.at(-1);
    if (last && piece.fragment && piece.fragment.offset > 0) last.push(piece);
    else packets.push([piece]);
  }
  return packets;
}

function joined(cuts: readonly IpPacket[]): IpPacket {
  const [first, ...others] = cuts;
  if (!first) throw new RangeError('no pieces');
  if (others.length === 0) return first;
  const { fragment: _, ...header } = first;
  const parts = cuts.map(encodePayload);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return { ...header, payload: { kind: 'raw', protocol: protocolNumber(first), bytes } };
}
