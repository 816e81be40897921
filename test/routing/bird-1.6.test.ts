/**
 * What BIRD 1.6 does otherwise than BIRD 2: filters see the path with the own AS in it, and another network's discriminator is
 * passed on as 0; and its build for IPv6, whose next hops of neighbours on the link are spoken to by their addresses there.
 * Provenance: three BIRD 1.6.8 daemons (Debian 12, bird 1.6.8-2.1) with these configurations in namespaces.
 */
import { describe, expect, test } from 'vitest';
import { cidr, ipv4, type Ipv6 } from '../../src/model/ip.ts';
import { cidr6, ipv6 } from '../../src/model/ipv6.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { NeighbourConfig, SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';
import { expand } from '../../src/sim/shell/birdcl/commands.ts';
import { printed } from '../../src/sim/shell/birdcl/reply.ts';
import { answer } from '../../src/sim/shell/birdcl/server.ts';
import { SpeakerLab } from './speaker-lab.ts';

const NAMES = ['a', 'b', 'c'] as const;
const address = (name: (typeof NAMES)[number]): string => `10.0.0.${NAMES.indexOf(name) + 1}`;
const asOf = (name: (typeof NAMES)[number]): number => 65001 + NAMES.indexOf(name);

const TOPOLOGY: Topology = {
  name: 'row',
  segments: [{ name: 'rack', subnet: cidr('10.0.0.0/24'), mtu: 1500 }],
  routers: NAMES.map((name) => ({
    name,
    ports: [{ segment: 'rack', address: { address: ipv4(address(name)), length: 24 } }],
    routes: [],
  })),
  nodes: [],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

const neighbour = (own: (typeof NAMES)[number], name: (typeof NAMES)[number]): NeighbourConfig => ({
  name,
  address: ipv4(address(name)),
  asNumber: asOf(name),
  localAs: asOf(own),
  source: ipv4(address(own)),
  passive: own === 'b',
  restartTime: 120,
});

const speaker = (
  name: (typeof NAMES)[number],
  peers: readonly (typeof NAMES)[number][],
  more: Partial<SpeakerConfig>,
): SpeakerConfig => ({
  process: name,
  software: 'bird-1.6',
  routerId: ipv4(address(name)),
  asNumber: asOf(name),
  blackholes: [],
  learnt: [],
  neighbours: peers.map((peer) => neighbour(name, peer)),
  exports: [{ accept: true }],
  kernel: [],
  normalMetric: false,
  ...more,
});

test('paths and discriminators', () => {
  const lab = new SpeakerLab(TOPOLOGY)
    .configure({
      'router/a': speaker('a', ['b'], {
        blackholes: [cidr('10.244.1.0/26')],
        exports: [
          {
            source: 'static',
            set: [
              { kind: 'prepend', asNumber: 64998 },
              { kind: 'prepend', asNumber: 64999 },
              { kind: 'add-community', community: [65001, 300] },
              { kind: 'add-community', community: [65001, 100] },
              { kind: 'add-community', community: [65001, 2, 1] },
              { kind: 'add-community', community: [65001, 1, 1] },
              { kind: 'med', value: 5 },
              { kind: 'local-pref', value: 77 },
            ],
            accept: true,
          },
        ],
      }),
      'router/b': speaker('b', ['a', 'c'], {}),
      'router/c': speaker('c', ['b'], { exports: [] }),
    })
    .wait(20_000);
  const shown = (netns: string): readonly string[] => {
    const command = expand('show route all 10.244.1.0/26');
    if (command.kind === 'said') throw new Error(command.text);
    const daemon = { view: lab.view(netns), epoch: 0, kernel: [], interfaces: [], restricted: false };
    const text = printed(answer(command.name, command.rest, daemon), false);
    return text
      .replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')
      .split('\n')
      .slice(0, -1);
  };
  const communities = [
    '\tBGP.community: (65001,100) (65001,300)',
    '\tBGP.large_community: (65001, 1, 1) (65001, 2, 1)',
  ];
  expect(shown('router/b')).toEqual([
    '10.244.1.0/26      via 10.0.0.1 on eth0 [a TIME] * (100/0) [AS65001i]',
    '\tType: BGP unicast univ',
    '\tBGP.origin: IGP',
    '\tBGP.as_path: 64999 64998 65001',
    '\tBGP.next_hop: 10.0.0.1',
    '\tBGP.med: 5',
    '\tBGP.local_pref: 100',
    ...communities,
  ]);
  expect(shown('router/c')).toEqual([
    '10.244.1.0/26      via 10.0.0.2 on eth0 [b TIME] * (100/0) [AS65001i]',
    '\tType: BGP unicast univ',
    '\tBGP.origin: IGP',
    '\tBGP.as_path: 65002 64999 64998 65001',
    '\tBGP.next_hop: 10.0.0.2',
    '\tBGP.med: 0',
    '\tBGP.local_pref: 100',
    ...communities,
  ]);
});

describe('for IPv6', () => {
  const AS = { a: 64512, b: 64513, c: 64512 } as const;
  const address6 = (name: (typeof NAMES)[number]): Ipv6 => ipv6(`fd00:a::${NAMES.indexOf(name) + 1}`);
  const wait6 = (own: (typeof NAMES)[number], name: (typeof NAMES)[number]): NeighbourConfig => ({
    name,
    address: address6(name),
    asNumber: AS[name],
    localAs: AS[own],
    source: address6(own),
    passive: name > own,
    restartTime: 120,
    ...(AS[own] === AS[name] ? {} : { multihop: 'direct' as const }),
  });
  const speaker6 = (name: (typeof NAMES)[number]): SpeakerConfig => ({
    ...speaker(name, [], {}),
    families: [6],
    asNumber: AS[name],
    blackholes: [cidr6(`fd00:10:244:${NAMES.indexOf(name) + 1}::/122`)],
    neighbours: NAMES.filter((each) => each !== name).map((each) => wait6(name, each)),
    exports: [
      { source: 'static', accept: true },
      { source: 'bgp', accept: true },
    ],
  });
  const topology: Topology = {
    ...TOPOLOGY,
    routers: TOPOLOGY.routers.map((router, at) => ({
      ...router,
      ports: router.ports.map((port) => ({
        ...port,
        address6: { address: ipv6(`fd00:a::${at + 1}`), length: 64 },
      })),
    })),
  };
  const lab = new SpeakerLab(topology)
    .configure({ 'router/a': speaker6('a'), 'router/b': speaker6('b'), 'router/c': speaker6('c') })
    .wait(20_000);
  const shown = (netns: string, line: string): readonly string[] => {
    const command = expand(line);
    if (command.kind === 'said') throw new Error(command.text);
    const daemon = { view: lab.view(netns), epoch: 0, kernel: [], interfaces: [], restricted: false };
    return printed(answer(command.name, command.rest, daemon), false)
      .replaceAll(/(?<=[[\s])\d\d:\d\d:\d\d/g, 'TIME')
      .split('\n')
      .slice(0, -1);
  };

  test('the table of a neighbour of another AS', () => {
    expect(shown('router/b', 'show route')).toEqual([
      'fd00:a::/64        dev eth0 [direct1 TIME] * (240)',
      'fd00:10:244:1::/122 via fe80::aff:fe00:1 on eth0 [a TIME from fd00:a::1] * (100/0) [AS64512i]',
      '                   via fe80::aff:fe00:3 on eth0 [c TIME from fd00:a::3] (100/0) [AS64512i]',
      'fd00:10:244:2::/122 blackhole [static1 TIME] * (200)',
      'fd00:10:244:3::/122 via fe80::aff:fe00:1 on eth0 [a TIME from fd00:a::1] * (100/0) [AS64512i]',
      '                   via fe80::aff:fe00:3 on eth0 [c TIME from fd00:a::3] (100/0) [AS64512i]',
    ]);
  });

  test('inside the AS the address on the link stays away', () => {
    expect(shown('router/a', 'show route all primary')).toEqual([
      'fd00:a::/64        dev eth0 [direct1 TIME] * (240)',
      '\tType: device unicast univ',
      'fd00:10:244:1::/122 blackhole [static1 TIME] * (200)',
      '\tType: static unicast univ',
      'fd00:10:244:2::/122 via fe80::aff:fe00:2 on eth0 [b TIME from fd00:a::2] * (100/0) [AS64513i]',
      '\tType: BGP unicast univ',
      '\tBGP.origin: IGP',
      '\tBGP.as_path: 64513',
      '\tBGP.next_hop: fd00:a::2 fe80::aff:fe00:2',
      '\tBGP.local_pref: 100',
      'fd00:10:244:3::/122 via fd00:a::3 on eth0 [c TIME] * (100/0) [i]',
      '\tType: BGP unicast univ',
      '\tBGP.origin: IGP',
      '\tBGP.as_path: ',
      '\tBGP.next_hop: fd00:a::3',
      '\tBGP.local_pref: 100',
    ]);
  });

  test('mistakes', () => {
    expect(shown('router/a', 'show route for 10.0.0.1')).toEqual(['syntax error']);
    expect(shown('router/a', 'show route fd00::1/64')).toEqual(['Invalid prefix']);
    expect(shown('router/a', 'show route fd00::/129')).toEqual(['Invalid prefix length 129']);
    expect(shown('router/a', 'show route count')).toEqual(['5 of 5 routes for 4 networks']);
  });
});
