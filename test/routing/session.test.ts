/** Sessions of two and three speakers: who gets through, what ends them, and what becomes of the routes. */
import { describe, expect, test } from 'vitest';
import { formatIpCidr } from '../../src/model/ip-family.ts';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { NeighbourConfig, SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';
import { peer, speaker } from './peers.ts';
import { SpeakerLab } from './speaker-lab.ts';

const SECOND = 1_000;
const A = 'router/a';
const B = 'router/b';
const on = (address: string): Topology['routers'][number]['ports'][number]['address'] => ({
  address: ipv4(address),
  length: 24,
});

/** a and b in one segment; c behind b. */
const TOPOLOGY: Topology = {
  name: 'pair',
  segments: [
    { name: 'left', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
    { name: 'right', subnet: cidr('10.0.1.0/24'), mtu: 1500 },
  ],
  routers: [
    {
      name: 'a',
      ports: [{ segment: 'left', address: on('10.0.0.1') }],
      routes: [{ to: cidr('10.0.1.0/24'), via: ipv4('10.0.0.2') }],
    },
    {
      name: 'b',
      ports: [
        { segment: 'left', address: on('10.0.0.2') },
        { segment: 'right', address: on('10.0.1.2') },
      ],
      routes: [],
    },
    {
      name: 'c',
      ports: [{ segment: 'right', address: on('10.0.1.3') }],
      routes: [{ to: cidr('10.0.0.0/24'), via: ipv4('10.0.1.2') }],
    },
  ],
  nodes: [],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

const BLOCK = cidr('10.244.1.0/26');

interface Pair {
  readonly a?: Partial<NeighbourConfig>;
  readonly b?: Partial<NeighbourConfig>;
  readonly ofB?: Partial<SpeakerConfig>;
}

/** b has a block to tell. */
const pair = ({ a = {}, b = {}, ofB = {} }: Pair = {}): SpeakerLab =>
  new SpeakerLab(TOPOLOGY).configure({
    [A]: speaker('10.0.0.1', [peer('b', '10.0.0.2', a)]),
    [B]: speaker('10.0.0.2', [peer('a', '10.0.0.1', b)], { blackholes: [BLOCK], ...ofB }),
  });

const blocks = (lab: SpeakerLab, id = A): readonly string[] =>
  lab
    .view(id)
    .routes.filter(({ bgp }) => bgp)
    .map(({ prefix }) => formatIpCidr(prefix));

const stateOf = (lab: SpeakerLab, id: string, name: string): string => {
  const { state, bgp, lastError = '' } = lab.session(id, name);
  return `${state} ${bgp} ${lastError}`.trim();
};

describe('a session', () => {
  test('comes up when both call, and once only', () => {
    const lab = pair().wait(20 * SECOND);
    expect([stateOf(lab, A, 'b'), stateOf(lab, B, 'a')]).toEqual(['up Established', 'up Established']);
    expect([lab.view(A).sockets, lab.view(B).sockets].map(({ length }) => length)).toEqual([1, 1]);
    expect(blocks(lab)).toEqual(['10.244.1.0/26']);
  });

  test('takes the smaller hold time, and keeps it alive as often as it is told to', () => {
    const lab = pair({ a: { holdTime: 90 }, b: { keepaliveTime: 10 } }).wait(20 * SECOND);
    expect(lab.session(A, 'b').session).toMatchObject({
      hold: { total: 90_000 },
      keepalive: { total: 30_000 },
    });
    expect(lab.session(B, 'a').session).toMatchObject({
      hold: { total: 90_000 },
      keepalive: { total: 10_000 },
    });
  });

  test('is refused with the wrong AS, and the other side hears why', () => {
    const lab = pair({ a: { asNumber: 65002 }, b: { passive: true } }).wait(4 * SECOND);
    expect(stateOf(lab, A, 'b')).toBe('start Idle BGP Error: Bad peer AS');
    expect(stateOf(lab, B, 'a')).toBe('start Idle Received: Bad peer AS');
  });

  test('with unlike passwords nothing is heard at all; with the same one it comes up', () => {
    const unlike = pair({ a: { password: 'secret' }, b: { password: 'other', passive: true } }).wait(
      20 * SECOND,
    );
    expect(stateOf(unlike, A, 'b')).toBe('start Connect');
    const one = pair({ a: { password: 'secret' }, b: { passive: true } }).wait(20 * SECOND);
    expect(stateOf(one, A, 'b')).toBe('start Connect');
    const same = pair({ a: { password: 'secret' }, b: { password: 'secret' } }).wait(20 * SECOND);
    expect(stateOf(same, A, 'b')).toBe('up Established');
  });

  test('a caller who is no neighbour is answered, and hung up on', () => {
    const lab = new SpeakerLab(TOPOLOGY).configure({
      [A]: speaker('10.0.0.1', [peer('b', '10.0.0.2')]),
      [B]: speaker('10.0.0.2', []),
    });
    expect(stateOf(lab.wait(4 * SECOND), A, 'b')).toContain('Socket: Connection closed');
  });

  test.each([
    ['one hop away', 'direct', false],
    ['two hops away', 2, true],
  ] as const)('a neighbour behind a router, taken to be %s', (_, multihop, up) => {
    const lab = new SpeakerLab(TOPOLOGY).configure({
      [A]: speaker('10.0.0.1', [peer('c', '10.0.1.3', { multihop, ttlSecurity: true })]),
      'router/c': speaker('10.0.1.3', [
        peer('a', '10.0.0.1', { multihop, ttlSecurity: true, passive: true }),
      ]),
    });
    expect(lab.wait(20 * SECOND).session(A, 'c').state === 'up').toBe(up);
  });

  test('does not outlive the way to the neighbour: its hold time ends it, and the routes go', () => {
    const lab = pair({ a: { holdTime: 30 }, b: { holdTime: 30 } }).wait(20 * SECOND);
    lab.change(B, ({ devices }) => ({
      devices: devices.map((device) => ({ ...device, up: device.name === 'lo' })),
    }));
    expect(blocks(lab.wait(10 * SECOND))).toEqual(['10.244.1.0/26']);
    while (blocks(lab).length > 0) lab.wait(SECOND);
    expect(lab.session(A, 'b').lastError).toBe('BGP Error: Hold timer expired');
    expect(lab.now).toBeLessThanOrEqual(50 * SECOND);
  });
});

describe('routes of a neighbour', () => {
  test('go with its farewell', () => {
    const lab = pair()
      .wait(20 * SECOND)
      .configure({ [B]: speaker('10.0.0.2', []) });
    expect([blocks(lab), stateOf(lab, A, 'b')]).toEqual([[], 'start Active Received: Peer de-configured']);
  });

  test('are kept for its restart time when it dies without a word, and no longer', () => {
    const lab = pair({ a: { restartTime: 60 }, b: { restartTime: 60 } })
      .wait(20 * SECOND)
      .configure({ [B]: undefined });
    expect(stateOf(lab, A, 'b')).toContain('Socket: Connection closed');
    expect(blocks(lab.wait(59 * SECOND))).toEqual(['10.244.1.0/26']);
    expect(lab.session(A, 'b').restart).toEqual({ remaining: 1_000 });
    expect(blocks(lab.wait(SECOND))).toEqual([]);
  });

  test('that comes back in time are those that it tells again', () => {
    const lab = pair()
      .wait(20 * SECOND)
      .configure({ [B]: undefined })
      .wait(5 * SECOND);
    const other = speaker('10.0.0.2', [peer('a', '10.0.0.1')], {
      process: 'another',
      blackholes: [cidr('10.244.2.0/26')],
    });
    expect(blocks(lab.configure({ [B]: other }).wait(20 * SECOND))).toEqual(['10.244.2.0/26']);
  });

  test('follow what it has to tell: new ones come, old ones go, changed ones change', () => {
    const lab = pair().wait(20 * SECOND);
    const told = (more: Partial<SpeakerConfig>): SpeakerLab =>
      lab.configure({ [B]: speaker('10.0.0.2', [peer('a', '10.0.0.1')], more) });
    expect(blocks(told({ blackholes: [BLOCK, cidr('10.244.9.0/26')] }))).toEqual([
      '10.244.1.0/26',
      '10.244.9.0/26',
    ]);
    told({
      blackholes: [BLOCK],
      exports: [{ set: [{ kind: 'add-community', community: [65001, 7] }], accept: true }],
    });
    expect(lab.view(A).routes.find(({ bgp }) => bgp)?.bgp).toMatchObject({ communities: [[65001, 7]] });
    expect(blocks(told({ blackholes: [BLOCK], exports: [] }))).toEqual([]);
    expect(lab.session(A, 'b').state).toBe('up');
  });

  test('are asked for again when the filter they come through changes', () => {
    const lab = pair().wait(20 * SECOND);
    const listens = (accept: boolean): SpeakerLab =>
      lab.configure({
        [A]: speaker('10.0.0.1', [peer('b', '10.0.0.2', { importFilters: ['some'] })], {
          filters: { some: [{ prefix: BLOCK, accept }] },
        }),
      });
    expect(blocks(listens(false))).toEqual([]);
    expect(blocks(listens(true))).toEqual(['10.244.1.0/26']);
    expect(lab.session(A, 'b').since).toBeLessThan(20 * SECOND);
  });

  test('with next hops that lie in recursive routes lead nowhere', () => {
    const kernel = [{ within: cidr('10.0.0.0/28'), accept: false }];
    const ofB = { blackholes: [BLOCK, cidr('10.0.0.0/28')], kernel };
    const lab = pair({ ofB }).configure({ [A]: speaker('10.0.0.1', [peer('b', '10.0.0.2')], { kernel }) });
    const route = lab
      .wait(20 * SECOND)
      .view(A)
      .routes.find(({ prefix }) => formatIpCidr(prefix) === '10.244.1.0/26');
    expect(route).toMatchObject({ target: { kind: 'unreachable' }, bgp: { igpMetric: '-' } });
    expect(lab.stack(A).routes.filter(({ type }) => type === 'unreachable')).toHaveLength(1);
  });
});
