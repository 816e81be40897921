/**
 * What BIRD 1.6 does otherwise than BIRD 2: filters see the path with the own AS in it, and another network's discriminator is
 * passed on as 0. Provenance: three BIRD 1.6.8 daemons (Debian 12, bird 1.6.8-2.1) with this configuration in namespaces.
 */
import { expect, test } from 'vitest';
import { cidr, ipv4 } from '../../src/model/ip.ts';
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
