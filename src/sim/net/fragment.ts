/**
 * Cutting a packet into fragments that fit an MTU (RFC 791, Linux net/ipv4/ip_output.c ip_do_fragment). Each piece but the
 * last carries a multiple of eight bytes; a fragment may be cut again further on.
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
