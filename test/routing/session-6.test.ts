/** Sessions over IPv6 of daemons that have IPv4 ones besides: what ends one leaves the other alone. */
import { describe, expect, test } from 'vitest';
import { formatIpCidr, formatIp } from '../../src/model/ip-family.ts';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import { cidr6, ipv6 } from '../../src/model/ipv6.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { NeighbourConfig } from '../../src/sim/routing/speaker-config.ts';
import { vanished } from '../../src/sim/routing/vanish.ts';
import { peer, speaker as speaker4 } from './peers.ts';
import { SpeakerLab } from './speaker-lab.ts';

const SECOND = 1_000;
const A = 'router/a';
const B = 'router/b';

/** a - b - c, in two segments. */
const TOPOLOGY: Topology = {
  name: 'pair',
  segments: [
    { name: 'left', subnet: cidr('10.0.0.0/24'), subnet6: cidr6('fd00:a::/64'), mtu: 1500 },
    { name: 'right', subnet: cidr('10.0.1.0/24'), subnet6: cidr6('fd00:b::/64'), mtu: 1500 },
  ],
  routers: (
    [
      ['a', [['left', '10.0.0.1', 'fd00:a::1']], [['fd00:b::/64', 'fd00:a::2']]],
      [
        'b',
        [
          ['left', '10.0.0.2', 'fd00:a::2'],
          ['right', '10.0.1.2', 'fd00:b::2'],
        ],
        [],
      ],
      ['c', [['right', '10.0.1.3', 'fd00:b::3']], [['fd00:a::/64', 'fd00:b::2']]],
    ] as const
  ).map(([name, ports, routes]) => ({
    name,
    ports: ports.map(([segment, address, address6]) => ({
      segment,
      address: { address: ipv4(address), length: 24 },
      address6: { address: ipv6(address6), length: 64 },
    })),
    routes: [],
    routes6: routes.map(([to, via]) => ({ to: cidr6(to), via: ipv6(via) })),
  })),
  nodes: [],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

const speaker: typeof speaker4 = (id, neighbours, more) =>
  speaker4(id, neighbours, { families: [4, 6], ...more });

const BLOCKS = [cidr('10.244.1.0/26'), cidr6('fd00:10:244:1::/122')];

/** b tells a block of each family; `more` is of the IPv6 session. */
const pair = (more: Partial<NeighbourConfig> = {}): SpeakerLab =>
  new SpeakerLab(TOPOLOGY).configure({
    [A]: speaker('10.0.0.1', [peer('b', '10.0.0.2'), peer('b6', 'fd00:a::2', more)]),
    [B]: speaker('10.0.0.2', [peer('a', '10.0.0.1'), peer('a6', 'fd00:a::1', more)], { blackholes: BLOCKS }),
  });

const learnt = (lab: SpeakerLab): readonly string[] =>
  lab
    .view(A)
    .routes.filter(({ bgp }) => bgp)
    .map(({ prefix, protocol }) => `${formatIpCidr(prefix)} ${protocol}`);

const BOTH = ['10.244.1.0/26 b', 'fd00:10:244:1::/122 b6'];

describe('sessions of both families', () => {
  test('each carries the routes of its own', () => {
    const lab = pair().wait(20 * SECOND);
    expect(learnt(lab)).toEqual(BOTH);
    expect(lab.view(A).sockets.map(({ address }) => formatIp(address))).toEqual(['10.0.0.1', 'fd00:a::1']);
    const routes = lab.stack(A).inet6?.routes.filter(({ protocol }) => protocol === 'bird') ?? [];
    expect(routes.map(({ prefix, via }) => [formatIpCidr(prefix), via && formatIp(via)])).toEqual([
      ['fd00:10:244:1::/122', 'fd00:a::2'],
    ]);
  });

  test('the hold time of one ends it alone', () => {
    const lab = pair({ holdTime: 30 }).wait(20 * SECOND);
    lab.change(B, ({ inet6 }) => (inet6 ? { inet6: { ...inet6, addresses: new Map() } } : {}));
    while (learnt(lab).length === 2) lab.wait(SECOND);
    expect(learnt(lab)).toEqual(['10.244.1.0/26 b']);
    expect(lab.session(A, 'b6').lastError).toContain('Hold timer expired');
    expect(lab.session(A, 'b').state).toBe('up');
    expect(lab.now).toBeLessThanOrEqual(51 * SECOND);
  });

  test('routes of a daemon that was killed are kept for its restart time, by family', () => {
    const lab = pair({ restartTime: 60 })
      .wait(20 * SECOND)
      .configure({ [B]: undefined });
    expect(learnt(lab.wait(59 * SECOND))).toEqual(BOTH);
    expect(learnt(lab.wait(2 * SECOND))).toEqual(['10.244.1.0/26 b']);
    expect(learnt(lab.wait(60 * SECOND))).toEqual([]);
  });

  test('a machine that loses its power says nothing in either', () => {
    const lab = pair({ holdTime: 30 }).wait(20 * SECOND);
    lab.routing = vanished(lab.routing, B);
    lab.change(B, ({ devices }) => ({ devices: devices.map((device) => ({ ...device, up: false })) }));
    expect(learnt(lab.wait(SECOND))).toEqual(BOTH);
    expect(learnt(lab.wait(35 * SECOND))).toEqual(['10.244.1.0/26 b']);
  });

  test('a neighbour reconfigured away is told so in its session alone', () => {
    const lab = pair().wait(20 * SECOND);
    lab.configure({
      [B]: speaker('10.0.0.2', [peer('a', '10.0.0.1')], { blackholes: BLOCKS }),
    });
    expect(learnt(lab)).toEqual(['10.244.1.0/26 b']);
    expect(lab.session(A, 'b6').lastError).toBe('Received: Peer de-configured');
  });

  test('filters that change ask for the routes of their session again', () => {
    const lab = pair().wait(20 * SECOND);
    const listens = (accept: boolean): SpeakerLab =>
      lab.configure({
        [A]: speaker(
          '10.0.0.1',
          [peer('b', '10.0.0.2'), peer('b6', 'fd00:a::2', { importFilters: ['some'] })],
          {
            filters: { some: [{ prefix: cidr6('fd00:10:244::/48'), match: 'within', accept }] },
          },
        ),
      });
    expect(learnt(listens(false))).toEqual(['10.244.1.0/26 b']);
    expect(learnt(listens(true))).toEqual(BOTH);
    expect(lab.session(A, 'b6').since).toBeLessThan(20 * SECOND);
  });

  test.each([
    ['one hop away', 'direct', false],
    ['two hops away', 2, true],
  ] as const)('a neighbour behind a router, taken to be %s', (_, multihop, up) => {
    const more = { multihop, ttlSecurity: true };
    const lab = new SpeakerLab(TOPOLOGY).configure({
      [A]: speaker('10.0.0.1', [peer('c', 'fd00:b::3', more)]),
      'router/c': speaker('10.0.1.3', [peer('a', 'fd00:a::1', { ...more, passive: true })]),
    });
    expect(lab.wait(20 * SECOND).session(A, 'c').state === 'up').toBe(up);
  });
});
