import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hex } from '../../base/bytes.ts';
import { ipv4 } from '../../model/ip.ts';
import type { Ipv4Packet } from '../../model/packet.ts';
import { IPV4_HEADER } from '../../model/wire-length.ts';
import { encodePayload, packetLength } from '../../model/wire.ts';
import { changed, cutAgain, fragmentPacket } from './fragment.ts';

const ping = (dataLength: number): Ipv4Packet => ({
  kind: 'ipv4',
  source: ipv4('10.244.166.129'),
  destination: ipv4('10.244.135.1'),
  ttl: 64,
  tos: 0,
  id: 7,
  dontFragment: false,
  payload: { kind: 'icmp-echo', reply: false, identifier: 1, sequence: 1, dataLength },
});

const hexOf = (bytes: Uint8Array | undefined): string | undefined => bytes && hex(bytes);

const size = fc.integer({ min: 0, max: 9000 });
const mtu = fc.integer({ min: 68, max: 1500 });

test('every piece fits, starts on a multiple of eight, and together they are the packet again', () => {
  fc.assert(
    fc.property(size, mtu, (dataLength, limit) => {
      const packet = ping(dataLength);
      const pieces = fragmentPacket(packet, limit);
      if (packetLength(packet) <= limit) {
        expect(pieces).toEqual([packet]);
        return;
      }
      expect(pieces.every((piece) => packetLength(piece) <= limit)).toBe(true);
      expect(pieces.every(({ fragment }) => (fragment?.offset ?? 1) % 8 === 0)).toBe(true);
      expect(hexOf(reassemble([...pieces].reverse()))).toBe(hexOf(encodePayload(packet)));
    }),
  );
});

test('fragments cut again by a smaller MTU still make the packet', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1500, max: 9000 }), mtu, (dataLength, limit) => {
      const twice = fragmentPacket(ping(dataLength), 1450).flatMap((piece) => fragmentPacket(piece, limit));
      expect(hexOf(reassemble(twice))).toBe(hexOf(encodePayload(ping(dataLength))));
    }),
  );
});

test('one piece missing, no packet', () => {
  const pieces = fragmentPacket(ping(3000), 1450);
  expect(pieces.map((_, lost) => reassemble(pieces.filter((__, at) => at !== lost)))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

/** Lengths of IP packet and offsets, as captures show them. */
const cuts = (pieces: readonly Ipv4Packet[]): readonly string[] =>
  pieces.map(
    (piece) => `${packetLength(piece)}@${piece.fragment?.offset ?? 0}${piece.fragment?.more ? '+' : ''}`,
  );

/** 3000 bytes of IP, cut at 1500 and, at a router without connection tracking, again at 1400. */
const narrowed = (): readonly Ipv4Packet[] =>
  fragmentPacket(ping(2972), 1500).flatMap((piece) => fragmentPacket(piece, 1400));

// Linux 6.18, seen with tcpdump between namespaces: a node with connection tracking sends on what a narrow router cut again.
test('a stack that puts fragments together sends them on with the cuts they came with', () => {
  expect(cuts(narrowed())).toEqual(['1396@0+', '124@1376+', '1396@1480+', '124@2856+', '40@2960']);
  expect(cutAgain(narrowed(), 1450)).toEqual(narrowed());
});

test('where one piece does not fit, the whole packet is cut anew', () => {
  expect(cuts(cutAgain(narrowed(), 1390))).toEqual(['1388@0+', '1388@1368+', '264@2736']);
  expect(hexOf(reassemble(cutAgain(narrowed(), 1390)))).toBe(hexOf(encodePayload(ping(2972))));
});

test('packets of a tunnel are put together and cut each by itself', () => {
  const wide = [ping(1400), ping(1400), ping(40)];
  const pieces = wide.flatMap((packet) => fragmentPacket(packet, 1300));
  expect(cuts(cutAgain(pieces, 1200))).toEqual(['1196@0+', '252@1176', '1196@0+', '252@1176', '68@0']);
});

test('a translated packet keeps its cuts', () => {
  const translated: Ipv4Packet = { ...ping(2972), source: ipv4('10.0.0.11') };
  const pieces = changed(narrowed(), translated, (piece) => piece);
  expect(cuts(pieces)).toEqual(cuts(narrowed()));
  expect(pieces.every(({ source }) => source === translated.source)).toBe(true);
  expect(hexOf(reassemble(pieces))).toBe(hexOf(encodePayload(translated)));
});

/** The bytes of all pieces in order, or undefined while one is missing. */
function reassemble(pieces: readonly Ipv4Packet[]): Uint8Array | undefined {
  const ordered = [...pieces].sort((a, b) => (a.fragment?.offset ?? 0) - (b.fragment?.offset ?? 0));
  const length = ordered.reduce((sum, piece) => sum + packetLength(piece) - IPV4_HEADER, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of ordered) {
    if (piece.fragment?.offset !== at || piece.payload.kind !== 'raw') return undefined;
    bytes.set(piece.payload.bytes, at);
    at += piece.payload.bytes.length;
  }
  return ordered.at(-1)?.fragment?.more === false ? bytes : undefined;
}
