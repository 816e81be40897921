import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '../base/bytes.ts';
import { checksum } from './checksum.ts';
import type { Ipv4 } from './ip.ts';
import { ipv4 } from './ip.ts';
import type { Mac } from './mac.ts';
import { macFromBytes } from './mac.ts';
import type { ArpPacket, Frame, Ipv4Packet, Ipv4Payload, TcpSegment, UdpDatagram } from './packet.ts';
import { decodeFrame, decodePacket, encodeFrame, encodePacket, frameLength, packetLength } from './wire.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const ip = u32.map((value) => value as Ipv4);
const mac: fc.Arbitrary<Mac> = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => macFromBytes(bytes));
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const port = u16.filter((value) => value !== 4789);

const echo: fc.Arbitrary<Ipv4Payload> = fc.record({
  kind: fc.constant('icmp-echo' as const),
  reply: fc.boolean(),
  identifier: u16,
  sequence: u16,
  dataLength: fc.integer({ min: 0, max: 1472 }),
});

const data: fc.Arbitrary<UdpDatagram> = fc.record({
  kind: fc.constant('udp' as const),
  sourcePort: u16,
  destinationPort: port,
  payload: fc.record({ kind: fc.constant('data' as const), bytes: bytes(300) }),
});

const flag = fc.constant(true as const);
const tcp: fc.Arbitrary<TcpSegment> = fc.record({
  kind: fc.constant('tcp' as const),
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
  flags: fc.record({ syn: flag, ack: flag, fin: flag, rst: flag, psh: flag }, { requiredKeys: [] }),
  window: u16,
  options: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('mss' as const), value: u16 }),
      fc.record({ kind: fc.constant('timestamps' as const), value: u32, echo: u32 }),
      fc.record({ kind: fc.constant('window-scale' as const), shift: fc.integer({ min: 0, max: 14 }) }),
      fc.constant({ kind: 'sack-permitted' as const }),
      fc.constant({ kind: 'nop' as const }),
    ),
    { maxLength: 3 },
  ),
  payload: bytes(300),
});

const raw: fc.Arbitrary<Ipv4Payload> = fc.record({
  kind: fc.constant('raw' as const),
  protocol: fc.constantFrom(2, 47, 50, 89),
  bytes: bytes(100),
});

function packetOf(payload: fc.Arbitrary<Ipv4Payload>): fc.Arbitrary<Ipv4Packet> {
  return fc.record({
    kind: fc.constant('ipv4' as const),
    source: ip,
    destination: ip,
    ttl: fc.integer({ min: 0, max: 255 }),
    tos: fc.integer({ min: 0, max: 255 }),
    id: u16,
    dontFragment: fc.boolean(),
    payload,
  });
}

const frameOf = (payload: fc.Arbitrary<ArpPacket | Ipv4Packet>): fc.Arbitrary<Frame> =>
  fc.record({ source: mac, destination: mac, payload });

const arp: fc.Arbitrary<ArpPacket> = fc.record({
  kind: fc.constant('arp' as const),
  operation: fc.constantFrom('request' as const, 'reply' as const),
  senderMac: mac,
  senderIp: ip,
  targetMac: mac,
  targetIp: ip,
});

const fragment: fc.Arbitrary<Ipv4Packet> = fc
  .record({
    packet: packetOf(
      fc.record({ kind: fc.constant('raw' as const), protocol: fc.constantFrom(1, 6, 17), bytes: bytes(80) }),
    ),
    offset: fc.integer({ min: 0, max: 8191 }),
  })
  .map(({ packet, offset }) => ({
    ...packet,
    fragment: { offset: offset * 8, more: offset % 2 === 0 || offset === 0 },
  }));

const plain = packetOf(fc.oneof(echo, data, tcp, raw));
/** Small enough to be quoted whole. */
const quotable = plain.filter((packet) => packetLength(packet) <= 548);

const icmpError: fc.Arbitrary<Ipv4Payload> = fc.oneof(
  fc.record({
    kind: fc.constant('icmp-error' as const),
    error: fc.constantFrom(
      'net-unreachable',
      'host-unreachable',
      'port-unreachable',
      'admin-prohibited',
      'ttl-exceeded',
    ),
    original: quotable,
  }),
  fc.record({
    kind: fc.constant('icmp-error' as const),
    error: fc.constant('too-big' as const),
    mtu: u16,
    original: quotable,
  }),
);

const vxlan: fc.Arbitrary<Ipv4Payload> = fc.record({
  kind: fc.constant('udp' as const),
  sourcePort: u16,
  destinationPort: fc.constant(4789),
  payload: fc.record({
    kind: fc.constant('vxlan' as const),
    vni: fc.integer({ min: 0, max: 0xffffff }),
    inner: frameOf(fc.oneof(plain, arp)),
  }),
});

const anyFrame = frameOf(
  fc.oneof(
    arp,
    plain,
    fragment,
    packetOf(icmpError),
    packetOf(vxlan),
    packetOf(plain),
    packetOf(packetOf(vxlan)),
  ),
);

describe('frames as bytes', () => {
  test('what is encoded decodes to the same headers, and has the length foretold', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const wire = encodeFrame(frame);
        expect(wire.length).toBe(frameLength(frame));
        expect(decodeFrame(wire)).toEqual({ ok: true, value: frame });
      }),
    );
  });

  test('arbitrary bytes never throw', () => {
    fc.assert(
      fc.property(bytes(200), (noise) => {
        decodeFrame(noise);
        decodePacket(noise);
      }),
    );
  });

  test('a damaged or cut frame never throws, and no bit of an IPv4 header may flip unnoticed', () => {
    fc.assert(
      fc.property(anyFrame, u16, u16, (frame, place, cut) => {
        const wire = encodeFrame(frame);
        decodeFrame(wire.subarray(0, cut % wire.length));
        const at = 14 + (place % 20);
        wire[at] = (wire[at] ?? 0) ^ 0x10;
        const decoded = decodeFrame(wire);
        if (frame.payload.kind === 'ipv4') expect(decoded.ok).toBe(false);
      }),
    );
  });

  test('the header checksum is the one of RFC 1071 (example of RFC 791 fields)', () => {
    const header = Uint8Array.from([
      0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7,
    ]);
    expect(checksum(header)).toBe(0xb861);
  });

  test('an ARP request for the pod gateway, byte by byte', () => {
    const frame: Frame = {
      source: '7a:00:0a:f4:a6:81' as Mac,
      destination: 'ff:ff:ff:ff:ff:ff' as Mac,
      payload: {
        kind: 'arp',
        operation: 'request',
        senderMac: '7a:00:0a:f4:a6:81' as Mac,
        senderIp: ipv4('10.244.166.129'),
        targetMac: '00:00:00:00:00:00' as Mac,
        targetIp: ipv4('169.254.1.1'),
      },
    };
    expect(hex(encodeFrame(frame))).toBe(
      'ffffffffffff7a000af4a681' +
        '0806' +
        '0001080006040001' +
        '7a000af4a6810af4a681' +
        '000000000000a9fe0101',
    );
  });

  test('an ICMP error quotes at most 576 bytes in all, and a quoted echo still tells its true length', () => {
    const original: Ipv4Packet = {
      kind: 'ipv4',
      source: ipv4('10.244.166.129'),
      destination: ipv4('10.244.135.1'),
      ttl: 64,
      tos: 0,
      id: 0,
      dontFragment: true,
      payload: { kind: 'icmp-echo', reply: false, identifier: 30645, sequence: 1, dataLength: 1472 },
    };
    const error: Ipv4Packet = {
      kind: 'ipv4',
      source: ipv4('10.0.0.11'),
      destination: ipv4('10.244.166.129'),
      ttl: 64,
      tos: 0xc0,
      id: 17103,
      dontFragment: false,
      payload: { kind: 'icmp-error', error: 'too-big', mtu: 1450, original },
    };
    const wire = encodePacket(error);
    expect(wire.length).toBe(576);
    expect(decodePacket(wire)).toEqual({ ok: true, value: error });
  });
});
