import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, hex } from '../base/bytes.ts';
import type { BgpCapability, BgpMessage } from './bgp.ts';
import { END_OF_RIB, END_OF_RIB_6, KEEPALIVE } from './bgp.ts';
import { decodeBgp, splitBgp } from './bgp-decode.ts';
import { encodeBgp } from './bgp-encode.ts';
import { cidr, cidrOf, ipv4, type Ipv4 } from './ip.ts';
import type { IpCidr } from './ip-family.ts';
import { cidr6, cidrOf6, ipv6, ipv6FromBytes } from './ipv6.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u8 = fc.integer({ min: 0, max: 255 });
const ip = u32.map((value) => value as Ipv4);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const family = fc.record({ afi: u16, safi: u8 });

const capability: fc.Arbitrary<BgpCapability> = fc.oneof(
  family.map((value) => ({ kind: 'multiprotocol' as const, ...value })),
  fc.constantFrom(
    { kind: 'route-refresh' as const },
    { kind: 'enhanced-route-refresh' as const },
    { kind: 'long-lived-graceful-restart' as const },
  ),
  fc.record({
    kind: fc.constant('graceful-restart' as const),
    restarting: fc.boolean(),
    time: fc.integer({ min: 0, max: 4095 }),
    families: fc.array(fc.record({ afi: u16, safi: u8, forwarding: fc.boolean() }), { maxLength: 3 }),
  }),
  u32.map((asNumber) => ({ kind: 'as4' as const, asNumber })),
  fc
    .array(fc.record({ afi: u16, safi: u8, mode: u8 }), { maxLength: 3 })
    .map((families) => ({ kind: 'add-path' as const, families })),
  fc.record({
    kind: fc.constant('other' as const),
    code: fc.integer({ min: 100, max: 255 }),
    bytes: bytes(9),
  }),
);

const open: fc.Arbitrary<BgpMessage> = fc.record({
  kind: fc.constant('open' as const),
  asNumber: u16,
  holdTime: u16,
  routerId: ip,
  capabilities: fc.array(capability, { maxLength: 9 }),
});

const prefix = fc.tuple(ip, fc.integer({ min: 0, max: 32 })).map(([base, length]) => cidrOf(base, length));

const ip6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6FromBytes);
const prefix6 = fc
  .tuple(ip6, fc.integer({ min: 0, max: 128 }))
  .map(([base, length]) => cidrOf6(base, length));

const hops6 = fc.record({ nextHop: ip6, linkLocal: ip6 }, { requiredKeys: ['nextHop'] });

/** One about IPv4, or one about IPv6. */
const update = (addPath: boolean, about: 4 | 6): fc.Arbitrary<BgpMessage> => {
  const some: fc.Arbitrary<IpCidr> = about === 4 ? prefix : prefix6;
  const path = addPath ? fc.record({ prefix: some, pathId: u32 }) : some.map((each) => ({ prefix: each }));
  const attributes = fc.record(
    {
      origin: fc.constantFrom('IGP' as const, 'EGP' as const, 'Incomplete' as const),
      asPath: fc.array(
        fc.record({
          type: fc.constantFrom('set' as const, 'sequence' as const),
          numbers: fc.array(u32, { maxLength: 80 }),
        }),
        { maxLength: 3 },
      ),
      nextHop: ip,
      med: u32,
      localPref: u32,
      originatorId: ip,
      clusterList: fc.array(ip, { maxLength: 4 }),
      communities: fc.array(fc.tuple(u16, u16), { maxLength: 4 }),
      largeCommunities: fc.array(fc.tuple(u32, u32, u32), { maxLength: 4 }),
    },
    { requiredKeys: ['origin', 'asPath', 'nextHop'] },
  );
  const withdrawn = fc.array(path, { maxLength: 40 });
  const told = fc.oneof(
    fc.record({ kind: fc.constant('update' as const), withdrawn, announced: fc.constant([]) }),
    fc.record({
      kind: fc.constant('update' as const),
      withdrawn,
      attributes:
        about === 4 ? attributes : fc.tuple(attributes, hops6).map(([all, hops]) => ({ ...all, ...hops })),
      announced: fc.array(path, { minLength: 1, maxLength: 40 }),
    }),
  );
  return about === 4 ? told : told.map((message) => ({ ...message, family: 6 as const }));
};

const notification: fc.Arbitrary<BgpMessage> = fc.record({
  kind: fc.constant('notification' as const),
  code: u8,
  subcode: u8,
  data: bytes(40),
});

const refresh: fc.Arbitrary<BgpMessage> = family.chain(({ afi, safi }) =>
  fc.constantFrom('request' as const, 'begin' as const, 'end' as const).map((subtype) => ({
    kind: 'route-refresh' as const,
    afi,
    safi,
    subtype,
  })),
);

const message = (addPath: boolean): fc.Arbitrary<BgpMessage> =>
  fc.oneof(open, update(addPath, 4), update(addPath, 6), notification, refresh, fc.constant(KEEPALIVE));

describe('BGP messages as bytes', () => {
  test.each([true, false])('what is encoded decodes to the same message (add-path: %s)', (addPath) => {
    fc.assert(
      fc.property(message(addPath), (sent) => {
        expect(decodeBgp(encodeBgp(sent), { as4: true, addPath })).toEqual({ ok: true, value: sent });
      }),
    );
  });

  test('a stream is cut into its messages, wherever TCP cut it', () => {
    fc.assert(
      fc.property(fc.array(message(false), { maxLength: 5 }), u16, (messages, place) => {
        const wire = messages.map((each) => encodeBgp(each));
        const stream = concatBytes(wire);
        const cut = stream.length === 0 ? 0 : place % stream.length;
        const first = splitBgp(stream.subarray(0, cut));
        if (!first.ok) throw new Error('split');
        const second = splitBgp(concatBytes([first.value.rest, stream.subarray(cut)]));
        if (!second.ok) throw new Error('split');
        expect([...first.value.messages, ...second.value.messages]).toEqual(wire);
        expect(second.value.rest).toHaveLength(0);
      }),
    );
  });

  test('noise never throws', () => {
    fc.assert(
      fc.property(bytes(200), u8, (noise, type) => {
        splitBgp(noise);
        decodeBgp(concatBytes([new Uint8Array(18).fill(255), Uint8Array.of(type % 6), noise]));
      }),
    );
  });

  test("the OPEN of Calico's BIRD after a restart, byte by byte (packets.c bgp_create_open)", () => {
    const wire = encodeBgp({
      kind: 'open',
      asNumber: 64512,
      holdTime: 240,
      routerId: ipv4('10.0.0.11'),
      capabilities: [
        { kind: 'multiprotocol', afi: 1, safi: 1 },
        { kind: 'route-refresh' },
        {
          kind: 'graceful-restart',
          restarting: true,
          time: 120,
          families: [{ afi: 1, safi: 1, forwarding: true }],
        },
        { kind: 'as4', asNumber: 64512 },
        { kind: 'add-path', families: [{ afi: 1, safi: 1, mode: 3 }] },
        { kind: 'enhanced-route-refresh' },
        { kind: 'long-lived-graceful-restart' },
      ],
    });
    expect(hex(wire)).toBe(
      'ff'.repeat(16) +
        '003f' +
        '01' +
        '04fc0000f00a00000b' +
        '22' +
        '0220' +
        '010400010001' +
        '0200' +
        '4006807800010180' +
        '41040000fc00' +
        '450400010103' +
        '4600' +
        '4700',
    );
  });

  test('an UPDATE of one block with a path identifier, and the End-of-RIB after it', () => {
    const wire = encodeBgp({
      kind: 'update',
      withdrawn: [],
      attributes: { origin: 'IGP', asPath: [], nextHop: ipv4('10.0.0.11'), localPref: 2147482623 },
      announced: [{ prefix: cidr('10.244.166.128/26'), pathId: 1 }],
    });
    expect(hex(wire.subarray(19))).toBe(
      '0000' +
        '0015' +
        '40010100' +
        '400200' +
        '4003040a00000b' +
        '4005047ffffbff' +
        '00000001' +
        '1a0af4a680',
    );
    expect(hex(encodeBgp(END_OF_RIB))).toBe(`${'ff'.repeat(16)}00170200000000`);
  });

  test('the same of IPv6: next hops and prefixes in attributes of their own (packets.c bgp_create_update)', () => {
    const wire = encodeBgp({
      kind: 'update',
      family: 6,
      withdrawn: [],
      attributes: {
        origin: 'IGP',
        asPath: [],
        nextHop: ipv6('fd00:a::11'),
        linkLocal: ipv6('fe80::aff:fe00:b'),
        localPref: 2147482623,
      },
      announced: [{ prefix: cidr6('fd00:10:244:83::/122'), pathId: 1 }],
    });
    expect(hex(wire.subarray(19))).toBe(
      '0000' +
        '004b' +
        '40010100' +
        '400200' +
        '4005047ffffbff' +
        '800e3a' +
        '000201' +
        '20fd00000a000000000000000000000011fe8000000000000000000afffe00000b' +
        '00' +
        '00000001' +
        '7afd000010024400830000000000000000',
    );
    expect(hex(encodeBgp(END_OF_RIB_6))).toBe(`${'ff'.repeat(16)}001d0200000006800f03000201`);
  });

  test('next hops of a strange length are an error of optional attributes', () => {
    const wire = encodeBgp({
      kind: 'update',
      family: 6,
      withdrawn: [],
      attributes: { origin: 'IGP', asPath: [], nextHop: ipv6('fd00:a::11') },
      announced: [{ prefix: cidr6('::/0') }],
    });
    const at = hex(wire).indexOf('00020110') / 2 + 3;
    wire[at] = 24;
    expect(decodeBgp(wire)).toEqual({ ok: false, error: { code: 3, subcode: 9 } });
  });
});
