import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasTcpdump, tcpdump } from '../../test/support/tcpdump.ts';
import { hex } from '../base/bytes.ts';
import type { Ipv6 } from './ip.ts';
import { ipv6, ipv6FromBytes } from './ipv6.ts';
import type { Mac } from './mac.ts';
import { macFromBytes } from './mac.ts';
import type { Frame, IcmpErrorKind, Ipv6Packet, Ipv6Payload, NeighbourMessage } from './packet.ts';
import { anyDevicePcapFile, pcapFile } from './pcap.ts';
import { decodeFrame, decodePacket, encodeFrame, encodePacket, frameLength, packetLength } from './wire.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const ip: fc.Arbitrary<Ipv6> = bytesOf(16).map(ipv6FromBytes);
const mac: fc.Arbitrary<Mac> = bytesOf(6).map(macFromBytes);
const yes = fc.constant(true as const);

const echo: fc.Arbitrary<Ipv6Payload> = fc.record({
  kind: fc.constant('icmp-echo' as const),
  reply: fc.boolean(),
  identifier: u16,
  sequence: u16,
  dataLength: fc.integer({ min: 0, max: 1472 }),
});

const data: fc.Arbitrary<Ipv6Payload> = fc.record({
  kind: fc.constant('udp' as const),
  sourcePort: u16,
  destinationPort: u16.filter((port) => port !== 4789),
  payload: fc.record({ kind: fc.constant('data' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
});

const tcp: fc.Arbitrary<Ipv6Payload> = fc.record({
  kind: fc.constant('tcp' as const),
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
  flags: fc.record({ syn: yes, ack: yes, fin: yes, rst: yes, psh: yes }, { requiredKeys: [] }),
  window: u16,
  options: fc.constantFrom([], [{ kind: 'mss' as const, value: 1370 }]),
  payload: fc.uint8Array({ maxLength: 300 }),
});

const raw: fc.Arbitrary<Ipv6Payload> = fc.record({
  kind: fc.constant('raw' as const),
  protocol: fc.constantFrom(47, 50, 59, 89, 132),
  bytes: fc.uint8Array({ maxLength: 100 }),
});

const neighbour: fc.Arbitrary<Ipv6Payload> = fc.oneof(
  fc.record(
    { kind: fc.constant('neighbour-solicitation' as const), target: ip, mac },
    { requiredKeys: ['kind', 'target'] },
  ),
  fc.record(
    {
      kind: fc.constant('neighbour-advertisement' as const),
      target: ip,
      mac,
      router: yes,
      solicited: yes,
      override: yes,
    },
    { requiredKeys: ['kind', 'target'] },
  ),
);

function packetOf(payload: fc.Arbitrary<Ipv6Payload>): fc.Arbitrary<Ipv6Packet> {
  return fc.record({
    kind: fc.constant('ipv6' as const),
    source: ip,
    destination: ip,
    hopLimit: fc.integer({ min: 0, max: 255 }),
    trafficClass: fc.integer({ min: 0, max: 255 }),
    flowLabel: fc.integer({ min: 0, max: 0xfffff }),
    payload,
  });
}

const fragment: fc.Arbitrary<Ipv6Packet> = fc
  .record({
    packet: packetOf(
      fc.record({
        kind: fc.constant('raw' as const),
        protocol: fc.constantFrom(58, 6, 17),
        bytes: fc.uint8Array({ maxLength: 80 }),
      }),
    ),
    offset: fc.integer({ min: 0, max: 8191 }),
    more: fc.boolean(),
    id: u32,
  })
  .map(({ packet, offset, more, id }) => ({ ...packet, fragment: { offset: offset * 8, more, id } }));

const plain = packetOf(fc.oneof(echo, data, tcp, raw, neighbour));
/** Small enough to be quoted whole. */
const quotable = plain.filter((packet) => packetLength(packet) <= 1232);

const error = (kinds: readonly IcmpErrorKind[], more: object = {}): fc.Arbitrary<Ipv6Payload> =>
  fc.record({
    kind: fc.constant('icmp-error' as const),
    error: fc.constantFrom(...kinds),
    original: quotable,
    ...more,
  });

const icmpError = fc.oneof(
  error(['net-unreachable', 'host-unreachable', 'port-unreachable', 'admin-prohibited', 'ttl-exceeded']),
  error(['too-big'], { mtu: u32 }),
);

const vxlan: fc.Arbitrary<Ipv6Payload> = fc.record({
  kind: fc.constant('udp' as const),
  sourcePort: u16,
  destinationPort: fc.constant(4789),
  payload: fc.record({
    kind: fc.constant('vxlan' as const),
    vni: fc.integer({ min: 0, max: 0xffffff }),
    inner: fc.record({ source: mac, destination: mac, payload: plain }),
  }),
});

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  source: mac,
  destination: mac,
  payload: fc.oneof(plain, fragment, packetOf(icmpError), packetOf(vxlan)),
});

const NODE1 = '02:00:0a:00:00:0b' as Mac;
const ROUTER = '02:00:0a:00:00:01' as Mac;

const packet = (source: string, destination: string, payload: Ipv6Payload): Ipv6Packet => ({
  kind: 'ipv6',
  source: ipv6(source),
  destination: ipv6(destination),
  hopLimit: payload.kind.startsWith('neighbour') ? 255 : 64,
  trafficClass: 0,
  flowLabel: payload.kind === 'tcp' ? 0xabcde : 0,
  payload,
});

const frame = (payload: Ipv6Packet): Frame => ({ source: NODE1, destination: ROUTER, payload });

const request = packet('fd00:10:244:1::41', 'fd00:10:244:3::c1', {
  kind: 'icmp-echo',
  reply: false,
  identifier: 30196,
  sequence: 1,
  dataLength: 56,
});

const solicitation: NeighbourMessage = {
  kind: 'neighbour-solicitation',
  target: ipv6('fe80::ecee:eeff:feee:eeee'),
  mac: '7a:00:0a:f4:a6:81' as Mac,
};

describe('IPv6 as bytes', () => {
  test('what is encoded decodes to the same headers, and has the length foretold', () => {
    fc.assert(
      fc.property(anyFrame, (drawn) => {
        const wire = encodeFrame(drawn);
        expect(wire.length).toBe(frameLength(drawn));
        expect(decodeFrame(wire)).toEqual({ ok: true, value: drawn });
      }),
    );
  });

  test('a damaged or cut frame never throws, and a damaged address of a checked packet does not pass', () => {
    const checked = packetOf(fc.oneof(echo, data, tcp, neighbour));
    fc.assert(
      fc.property(checked, u16, u16, (drawn, place, cut) => {
        const wire = encodePacket(drawn);
        decodePacket(wire.subarray(0, cut % wire.length));
        const at = 8 + (place % 32);
        wire[at] = (wire[at] ?? 0) ^ 0x10;
        expect(decodePacket(wire).ok).toBe(false);
      }),
    );
  });

  test('a solicitation of the pod gateway, byte by byte', () => {
    const asked = packet('fe80::7800:aff:fef4:a681', 'ff02::1:ffee:eeee', solicitation);
    expect(hex(encodePacket(asked)).replace(/^(.{84}).{4}/, '$1....')).toBe(
      '6000000000203aff' +
        'fe8000000000000078000afffef4a681' +
        'ff0200000000000000000001ffeeeeee' +
        '8700....00000000' +
        'fe80000000000000eceeeefffeeeeeee' +
        '01017a000af4a681',
    );
  });

  test('an error quotes what fits 1280 bytes in all, and a quoted echo still tells its true length', () => {
    const original = packet('fd00:10:244:1::41', 'fd00:10:244:3::c1', {
      kind: 'icmp-echo',
      reply: false,
      identifier: 30645,
      sequence: 1,
      dataLength: 1452,
    });
    const tooBig = packet('fd00:a::1', 'fd00:10:244:1::41', {
      kind: 'icmp-error',
      error: 'too-big',
      mtu: 1430,
      original,
    });
    expect(encodePacket(tooBig).length).toBe(1280);
    expect(decodePacket(encodePacket(tooBig))).toEqual({ ok: true, value: tooBig });
  });

  test.each([
    ['options in a header of their own', { next: 0 }, 'IPv6 extension header 0 is not modelled'],
    ['another version', { version: 5 }, 'IP version 5 in an IPv6 frame'],
  ])('%s are not guessed at', (_, { next, version }: { next?: number; version?: number }, message) => {
    const wire = encodeFrame(frame(request));
    if (next !== undefined) wire[20] = next;
    if (version !== undefined) wire[14] = version << 4;
    expect(decodeFrame(wire)).toMatchObject({ ok: false, error: { message } });
  });
});

const linesOf = (file: Uint8Array): readonly string[] => tcpdump(file).split('\n');

const TIME = Date.parse('2026-11-21T09:52:10.011Z') + 0.774;

const tunnelled = packet('fd00:a::11', 'fd00:b::13', {
  kind: 'udp',
  sourcePort: 47517,
  destinationPort: 4789,
  payload: { kind: 'vxlan', vni: 4096, inner: { ...frame(request), source: ROUTER } },
});

const advertisement = packet('fe80::ecee:eeff:feee:eeee', 'fe80::7800:aff:fef4:a681', {
  ...solicitation,
  kind: 'neighbour-advertisement',
  router: true,
  solicited: true,
  override: true,
});

const tooBig = packet('fd00:a::1', 'fd00:10:244:1::41', {
  kind: 'icmp-error',
  error: 'too-big',
  mtu: 1430,
  original: request,
});

const syn = packet('fd00:a::11', '2001:db8:113::10', {
  kind: 'tcp',
  sourcePort: 12111,
  destinationPort: 8080,
  sequence: 1190115349,
  acknowledgement: 0,
  flags: { syn: true },
  window: 64800,
  options: [{ kind: 'mss', value: 1440 }],
  payload: new Uint8Array(0),
});

const piece: Ipv6Packet = {
  ...request,
  payload: { kind: 'raw', protocol: 58, bytes: new Uint8Array(16) },
  fragment: { offset: 1448, more: false, id: 0xdeadbeef },
};

const asked = packet('fe80::7800:aff:fef4:a681', 'ff02::1:ffee:eeee', solicitation);

describe.skipIf(!hasTcpdump())('read by the real tcpdump (skipped where it is not installed)', () => {
  // tcpdump 4.99 printed every line but for the data, which the packets above say.
  test('every kind of packet', () => {
    const packets = [asked, advertisement, request, tunnelled, tooBig, syn, piece];
    const file = pcapFile(packets.map((each) => ({ time: TIME, frame: frame(each) })));
    expect(linesOf(file).map((line) => line.replace('09:52:10.011774 ', ''))).toEqual([
      'IP6 fe80::7800:aff:fef4:a681 > ff02::1:ffee:eeee: ICMP6, neighbor solicitation, who has fe80::ecee:eeff:feee:eeee, length 32',
      'IP6 fe80::ecee:eeff:feee:eeee > fe80::7800:aff:fef4:a681: ICMP6, neighbor advertisement, tgt is fe80::ecee:eeff:feee:eeee, length 32',
      'IP6 fd00:10:244:1::41 > fd00:10:244:3::c1: ICMP6, echo request, id 30196, seq 1, length 64',
      'IP6 fd00:a::11.47517 > fd00:b::13.4789: VXLAN, flags [I] (0x08), vni 4096',
      'IP6 fd00:10:244:1::41 > fd00:10:244:3::c1: ICMP6, echo request, id 30196, seq 1, length 64',
      'IP6 fd00:a::1 > fd00:10:244:1::41: ICMP6, packet too big, mtu 1430, length 112',
      'IP6 fd00:a::11.12111 > 2001:db8:113::10.8080: Flags [S], seq 1190115349, win 64800, options [mss 1440], length 0',
      'IP6 fd00:10:244:1::41 > fd00:10:244:3::c1: frag (1448|16)',
      '',
    ]);
  });

  test('every checksum satisfies it, and flags and options are where it looks for them', () => {
    const packets = [asked, advertisement, tunnelled, tooBig, syn];
    const verbose = tcpdump(pcapFile(packets.map((each) => ({ time: TIME, frame: frame(each) }))), '-vv');
    expect(verbose).not.toMatch(/bad|incorrect|wrong|no cksum/);
    expect(verbose.match(/\[icmp6 sum ok\]/g)).toHaveLength(4);
    expect(verbose).toContain('Flags [router, solicited, override]');
    expect(verbose).toContain('source link-address option (1), length 8 (1): 7a:00:0a:f4:a6:81');
    expect(verbose).toContain('destination link-address option (2), length 8 (1): 7a:00:0a:f4:a6:81');
    expect(verbose).toContain('flowlabel 0xabcde, hlim 64');
  });

  test('any device: a frame to a group is told apart', () => {
    const multicast = { ...frame(asked), destination: '33:33:ff:ee:ee:ee' as Mac };
    const file = anyDevicePcapFile([
      { time: TIME, frame: multicast, interfaceIndex: 2, direction: 'in' },
      { time: TIME, frame: frame(request), interfaceIndex: 2, direction: 'in' },
    ]);
    const seen = linesOf(file).flatMap((line) => / (M|B|In|Out) /.exec(line)?.[1] ?? []);
    expect(seen.map((word) => word.trim())).toEqual(['M', 'In']);
  });
});
