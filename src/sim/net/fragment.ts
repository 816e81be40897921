/**
 * Cutting a packet into fragments that fit an MTU (RFC 791, Linux net/ipv4/ip_output.c ip_do_fragment). Each piece but the
 * last carries a multiple of eight bytes; a fragment may be cut again further on, and what was cut keeps its cuts where it can.
 */
import type { Ipv4Packet, RawPayload } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import { IPV4_HEADER, packetLength } from '../../model/wire-length.ts';
import { encodePayload } from '../../model/wire.ts';

/** The packet itself when it fits. */
export function fragmentPacket(packet: Ipv4Packet, mtu: number): readonly Ipv4Packet[] {
  if (packetLength(packet) <= mtu) return [packet];
  const bytes = encodePayload(packet);
  const protocol = protocolNumber(packet.payload);
  const room = Math.max((mtu - IPV4_HEADER) & ~7, 8);
  const start = packet.fragment?.offset ?? 0;
  const pieces: Ipv4Packet[] = [];
  for (let at = 0; at < bytes.length; at += room) {
    const payload: RawPayload = { kind: 'raw', protocol, bytes: bytes.slice(at, at + room) };
    const last = at + room >= bytes.length;
    const more = !last || (packet.fragment?.more ?? false);
    pieces.push({ ...packet, payload, fragment: { offset: start + at, more } });
  }
  return pieces;
}

/**
 * Pieces on their way out of a stack that puts fragments together: what fits keeps the cuts it came with (ip_do_fragment's
 * fast path), and a packet with a piece that does not fit is cut anew.
 */
export function cutAgain(pieces: readonly Ipv4Packet[], mtu: number): readonly Ipv4Packet[] {
  return packetsOf(pieces).flatMap((cuts) =>
    cuts.every((piece) => packetLength(piece) <= mtu) ? cuts : fragmentPacket(joined(cuts), mtu),
  );
}

/**
 * The pieces of a packet after a change to it, cut where they were. Where they are a tunnel's packets each is changed by
 * itself.
 */
export function changed(
  pieces: readonly Ipv4Packet[],
  packet: Ipv4Packet,
  change: (piece: Ipv4Packet) => Ipv4Packet,
): readonly Ipv4Packet[] {
  const areFragments = packetsOf(pieces).length === 1 && pieces.every(({ fragment }) => fragment);
  if (!areFragments) return pieces.map(change);
  const bytes = encodePayload(packet);
  const protocol = protocolNumber(packet.payload);
  return pieces.map((piece): Ipv4Packet => {
    const start = piece.fragment?.offset ?? 0;
    const end = start + packetLength(piece) - IPV4_HEADER;
    const payload: RawPayload = { kind: 'raw', protocol, bytes: bytes.slice(start, end) };
    return { ...packet, payload, ...(piece.fragment && { fragment: piece.fragment }) };
  });
}

/** The pieces of each packet: a tunnel carries fragments in packets of their own, which may be fragmented in turn. */
function packetsOf(pieces: readonly Ipv4Packet[]): readonly (readonly Ipv4Packet[])[] {
  const packets: Ipv4Packet[][] = [];
  for (const piece of pieces) {
    const last = packets.at(-1);
    if (last && piece.fragment && piece.fragment.offset > 0) last.push(piece);
    else packets.push([piece]);
  }
  return packets;
}

function joined(cuts: readonly Ipv4Packet[]): Ipv4Packet {
  const [first, ...others] = cuts;
  if (!first) throw new RangeError('no pieces');
  if (others.length === 0) return first;
  const { fragment: _, ...header } = first;
  const parts = cuts.map(encodePayload);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return { ...header, payload: { kind: 'raw', protocol: protocolNumber(first.payload), bytes } };
}
