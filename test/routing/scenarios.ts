/** Small networks of BGP speakers whose tables the real BIRD 2 has filled too. */
import { cidr, ipv4, parseInterfaceAddress, type InterfaceAddress } from '../../src/model/ip.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { FilterRule, NeighbourConfig, SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';

export interface Scenario {
  readonly name: string;
  readonly topology: Topology;
  /** By the router that runs it. */
  readonly speakers: Readonly<Record<string, SpeakerConfig>>;
}

const on = (text: string): InterfaceAddress => {
  const parsed = parseInterfaceAddress(text);
  if (!parsed) throw new RangeError(text);
  return parsed;
};

/** Segments by name and subnet; routers by name with their ports and static routes. */
function topology(
  name: string,
  segments: Readonly<Record<string, string>>,
  routers: Readonly<
    Record<string, { ports: Readonly<Record<string, string>>; routes?: Readonly<Record<string, string>> }>
  >,
): Topology {
  return {
    name,
    segments: Object.entries(segments).map(([segment, subnet]) => ({
      name: segment,
      subnet: cidr(subnet),
      mtu: 1500,
    })),
    routers: Object.entries(routers).map(([router, { ports, routes = {} }]) => ({
      name: router,
      ports: Object.entries(ports).map(([segment, address]) => ({ segment, address: on(address) })),
      routes: Object.entries(routes).map(([to, via]) => ({ to: cidr(to), via: ipv4(via) })),
    })),
    nodes: [],
    hosts: [],
    podCidr: cidr('10.244.0.0/16'),
    serviceCidr: cidr('10.96.0.0/16'),
  };
}

type Speaking = Partial<SpeakerConfig> & { readonly id: string; readonly as: number };

const EVERYTHING: readonly FilterRule[] = [
  { source: 'bgp', accept: true },
  { source: 'static', accept: true },
];

function speaker({ id, as, ...rest }: Speaking): SpeakerConfig {
  return {
    process: `bird ${id}`,
    software: 'bird-2',
    routerId: ipv4(id),
    asNumber: as,
    blackholes: [],
    learnt: [],
    neighbours: [],
    exports: EVERYTHING,
    kernel: [],
    normalMetric: false,
    ...rest,
  };
}

/** From one address to another; the side with the higher address waits. */
function session(
  name: string,
  [source, own]: readonly [string, number],
  [address, peer]: readonly [string, number],
  more: Partial<NeighbourConfig> = {},
): NeighbourConfig {
  return {
    name,
    address: ipv4(address),
    asNumber: peer,
    localAs: own,
    source: ipv4(source),
    passive: ipv4(address) > ipv4(source),
    restartTime: 120,
    ...more,
  };
}

const AS = 64512;
const CLUSTER = ipv4('244.0.0.1');

/** r reflects for c1 and c2; n is an ordinary neighbour of r. All stand in one rack but c2, which is behind a gateway. */
function reflector(): Scenario {
  const net = topology(
    'reflector',
    { rack: '10.0.0.0/24', far: '10.0.1.0/24' },
    {
      gw: { ports: { rack: '10.0.0.1/24', far: '10.0.1.1/24' } },
      r: { ports: { rack: '10.0.0.10/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
      c1: { ports: { rack: '10.0.0.11/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
      c2: { ports: { far: '10.0.1.12/24' }, routes: { '0.0.0.0/0': '10.0.1.1' } },
      n: { ports: { rack: '10.0.0.13/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
      n2: { ports: { rack: '10.0.0.14/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
    },
  );
  const [r, c1, c2, n, n2] = ['10.0.0.10', '10.0.0.11', '10.0.1.12', '10.0.0.13', '10.0.0.14'];
  const client = { reflector: { clusterId: CLUSTER } };
  const leaf = (id: string, block: string): SpeakerConfig =>
    speaker({
      id,
      as: AS,
      blackholes: [cidr(block), cidr('10.99.0.0/24')],
      neighbours: [session('r', [id, AS], [r, AS])],
    });
  return {
    name: 'reflector',
    topology: net,
    speakers: {
      r: speaker({
        id: r,
        as: AS,
        blackholes: [cidr('10.244.0.0/26')],
        neighbours: [
          session('c1', [r, AS], [c1, AS], client),
          session('c2', [r, AS], [c2, AS], client),
          session('n', [r, AS], [n, AS]),
          session('n2', [r, AS], [n2, AS]),
        ],
      }),
      c1: leaf(c1, '10.244.1.0/26'),
      c2: leaf(c2, '10.244.2.0/26'),
      n: leaf(n, '10.244.3.0/26'),
      n2: leaf(n2, '10.244.4.0/26'),
    },
  };
}

/** Two racks with a ToR each and a spine; nodes of one AS, which take their own AS in a path. */
function tors(): Scenario {
  const net = topology(
    'tors',
    { 'rack-a': '10.0.0.0/24', 'rack-b': '10.0.1.0/24', 'up-a': '172.16.1.0/30', 'up-b': '172.16.2.0/30' },
    {
      'tor-a': { ports: { 'rack-a': '10.0.0.1/24', 'up-a': '172.16.1.2/30' } },
      'tor-b': { ports: { 'rack-b': '10.0.1.1/24', 'up-b': '172.16.2.2/30' } },
      spine: { ports: { 'up-a': '172.16.1.1/30', 'up-b': '172.16.2.1/30' } },
      n1: { ports: { 'rack-a': '10.0.0.11/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
      n2: { ports: { 'rack-a': '10.0.0.12/24' }, routes: { '0.0.0.0/0': '10.0.0.1' } },
      n3: { ports: { 'rack-b': '10.0.1.13/24' }, routes: { '0.0.0.0/0': '10.0.1.1' } },
    },
  );
  const direct = { multihop: 'direct' } as const;
  const exports: readonly FilterRule[] = [...EVERYTHING, { source: 'connected', accept: true }];
  const connected = (subnets: readonly string[]) => subnets.map((subnet) => cidr(subnet));
  const node = (
    id: string,
    tor: readonly [string, number],
    block: string,
    more: Partial<NeighbourConfig>,
  ): SpeakerConfig =>
    speaker({
      id,
      as: AS,
      blackholes: [cidr(block)],
      exports: [{ source: 'static', set: [{ kind: 'med', value: 7 }], accept: true }],
      neighbours: [session('tor', [id, AS], tor, { passive: false, ...more })],
      normalMetric: 1024,
    });
  return {
    name: 'ToRs of other networks',
    topology: net,
    speakers: {
      tor_a: speaker({
        id: '10.0.0.1',
        as: 65101,
        exports,
        connected: connected(['10.0.0.0/24', '172.16.1.0/30']),
        neighbours: [
          session('n1', ['10.0.0.1', 65101], ['10.0.0.11', AS], { ...direct, passive: true }),
          session('n2', ['10.0.0.1', 65101], ['10.0.0.12', AS], { ...direct, passive: true }),
          session('spine', ['172.16.1.2', 65101], ['172.16.1.1', 65100], direct),
        ],
      }),
      tor_b: speaker({
        id: '10.0.1.1',
        as: 65102,
        exports,
        connected: connected(['10.0.1.0/24', '172.16.2.0/30']),
        neighbours: [
          session('n3', ['10.0.1.1', 65102], ['10.0.1.13', AS], { ...direct, passive: true }),
          session('spine', ['172.16.2.2', 65102], ['172.16.2.1', 65100], direct),
        ],
      }),
      spine: speaker({
        id: '172.16.1.1',
        as: 65100,
        exports,
        connected: connected(['172.16.1.0/30', '172.16.2.0/30']),
        neighbours: [
          session('tor_a', ['172.16.1.1', 65100], ['172.16.1.2', 65101], direct),
          session('tor_b', ['172.16.2.1', 65100], ['172.16.2.2', 65102], direct),
        ],
      }),
      n1: node('10.0.0.11', ['10.0.0.1', 65101], '10.244.1.0/26', { allowLocalAs: 1 }),
      n2: node('10.0.0.12', ['10.0.0.1', 65101], '10.244.2.0/26', {}),
      n3: node('10.0.1.13', ['10.0.1.1', 65102], '10.244.3.0/26', { allowLocalAs: 1, nextHop: 'self' }),
    },
  };
}

/** A node with two ToRs, from both of which it hears the same; and a third that is farther. */
function ecmp(): Scenario {
  const net = topology(
    'ecmp',
    { rack: '10.0.0.0/24' },
    {
      node: { ports: { rack: '10.0.0.11/24' } },
      t1: { ports: { rack: '10.0.0.1/24' } },
      t2: { ports: { rack: '10.0.0.2/24' } },
      t3: { ports: { rack: '10.0.0.3/24' } },
    },
  );
  const [own, t1, t2, t3] = ['10.0.0.11', '10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const tor = (id: string, as: number, exports: readonly FilterRule[]): SpeakerConfig =>
    speaker({
      id,
      as,
      blackholes: [cidr('192.0.2.0/24'), cidr('198.51.100.0/24')],
      exports,
      neighbours: [session('node', [id, as], [own, AS], { passive: true })],
    });
  return {
    name: 'two ways that are equally good',
    topology: net,
    speakers: {
      node: speaker({
        id: own,
        as: AS,
        blackholes: [cidr('10.244.1.0/26')],
        normalMetric: 1024,
        neighbours: [
          session('t1', [own, AS], [t1, 65001], { passive: false }),
          session('t2', [own, AS], [t2, 65002], { passive: false }),
          session('t3', [own, AS], [t3, 65001], { passive: false }),
        ],
      }),
      t1: tor(t1, 65001, EVERYTHING),
      t2: tor(t2, 65002, EVERYTHING),
      t3: tor(t3, 65001, [
        { prefix: cidr('192.0.2.0/24'), set: [{ kind: 'med', value: 10 }], accept: true },
        { source: 'static', set: [{ kind: 'prepend', asNumber: 65001 }], accept: true },
      ]),
    },
  };
}

/** Communities, path prefixes, lengths, preferences: in and out. */
function filters(): Scenario {
  const net = topology(
    'filters',
    { rack: '10.0.0.0/24' },
    {
      a: { ports: { rack: '10.0.0.1/24' } },
      b: { ports: { rack: '10.0.0.2/24' } },
      c: { ports: { rack: '10.0.0.3/24' } },
    },
  );
  const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const statics = [
    '10.244.0.0/16',
    '10.244.1.0/26',
    '10.244.1.5/32',
    '10.96.0.0/16',
    '192.0.2.0/24',
    '198.51.100.0/24',
  ];
  return {
    name: 'filters',
    topology: net,
    speakers: {
      a: speaker({
        id: a,
        as: 65001,
        blackholes: statics.map((each) => cidr(each)),
        neighbours: [
          session('b', [a, 65001], [b, 65002], { exportFilters: ['to_b'] }),
          session('c', [a, 65001], [c, 65001], { exportFilters: ['to_c'] }),
        ],
        filters: {
          to_b: [
            {
              prefix: cidr('10.244.0.0/16'),
              match: 'within',
              lengths: { least: 32, most: 32 },
              accept: false,
            },
            {
              prefix: cidr('10.96.0.0/16'),
              set: [
                { kind: 'add-community', community: [65001, 300] },
                { kind: 'add-community', community: [65001, 100] },
                { kind: 'add-community', community: [65001, 300] },
              ],
            },
            {
              prefix: cidr('192.0.2.0/24'),
              set: [
                { kind: 'add-community', community: [65535, 65281] },
                { kind: 'add-community', community: [65001, 2, 1] },
                { kind: 'add-community', community: [65001, 1, 9] },
              ],
            },
            {
              prefix: cidr('10.244.0.0/16'),
              match: 'not-within',
              set: [{ kind: 'prepend', asNumber: 64999 }],
            },
          ],
          to_c: [
            {
              prefix: cidr('198.51.100.0/24'),
              match: 'not-exact',
              set: [{ kind: 'local-pref', value: 300 }],
            },
            { peer: 'external', accept: false },
          ],
        },
      }),
      b: speaker({
        id: b,
        as: 65002,
        neighbours: [
          session('a', [b, 65002], [a, 65001], { importFilters: ['from_a'] }),
          session('c', [b, 65002], [c, 65001], { exportFilters: ['to_c'] }),
        ],
        filters: {
          from_a: [
            {
              communities: [[65001, 100]],
              set: [
                { kind: 'local-pref', value: 500 },
                { kind: 'med', value: 42 },
              ],
              accept: true,
            },
            { asPathPrefix: [65001, 64999], prefix: cidr('198.51.100.0/24'), accept: false },
            { asPathPrefix: [64999, 65001], prefix: cidr('198.51.100.0/24'), accept: false },
            { communities: [[65001, 1, 9]], set: [{ kind: 'preference', value: 120 }] },
          ],
          to_c: [
            { source: 'bgp', interface: 'eth*', set: [{ kind: 'add-community', community: [65002, 1] }] },
          ],
        },
      }),
      c: speaker({
        id: c,
        as: 65001,
        neighbours: [
          session('a', [c, 65001], [a, 65001], { importFilters: ['better'] }),
          session('b', [c, 65001], [b, 65002], { allowLocalAs: 1 }),
        ],
        filters: {
          better: [
            { localPref: 300, prefix: cidr('10.244.1.0/26'), set: [{ kind: 'local-pref', value: 50 }] },
            { localPrefAbove: 250, prefix: cidr('10.96.0.0/16'), set: [{ kind: 'local-pref', value: 90 }] },
          ],
        },
      }),
    },
  };
}

export const SCENARIOS: readonly Scenario[] = [reflector(), tors(), ecmp(), filters()];

/** The stack of a speaker: names of speakers have no dashes. */
export const netnsOf = (name: string): string => `router/${name.replace('_', '-')}`;
