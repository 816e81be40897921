/**
 * IPv6 of the simulator against that of the Linux kernel: the dual-stack reference lab rebuilt in network namespaces, whole and
 * changed in ways that each end some flows, every packet at every device compared. Only a full run asks all situations.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { clearStale } from '../../src/cli/kernel/namespaces.ts';
import { parseIp } from '../../src/model/ip-family.ts';
import { cidr6, ipv6 } from '../../src/model/ipv6.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import { dualStackLab, inInet6, TUNNEL6 } from '../../src/sim/fabric/dual-stack-lab.ts';
import type { Device, Netns, Route } from '../../src/sim/net/netns.ts';
import type { Chain, Rule } from '../../src/sim/net/netfilter-rules.ts';
import type { Ipv6 } from '../../src/model/ip.ts';
import { networkIn, withoutIdle } from './cluster.ts';
import { addressesIn, dualStackCluster, podOn, serviceAddresses, WORKERS } from './dual-stack-cluster.ts';
import { flowText, type Course, type Flow, type Locality, type Protocol, type Size } from './flow.ts';
import { KernelLab } from './kernel-lab.ts';
import { writePart } from './ledger.ts';
import { agrees, differenceText, type Compared } from './report.ts';
import { full, kernel, required } from './requirements.ts';
import { networkFrom } from './simulated.ts';
import { compareFlows } from './suite.ts';

const { lacking } = await kernel();

const WEB0 = 'pod/default/web-0';
const OUTSIDE = '2001:db8:113::10';

/** Two ends, and what the flow between them is a case of. */
type Pair = readonly [from: NetnsId, to: string, locality: Locality];

const PAIRS: readonly Pair[] = [
  [WEB0, 'fd00:10:244:1::42', 'pod to pod, same node'],
  [WEB0, 'fd00:10:244:2::81', 'pod to pod, same rack'],
  [WEB0, 'fd00:10:244:3::c1', 'pod to pod, cross rack'],
  [WEB0, 'fd00:a::11', 'pod to own node'],
  [WEB0, 'fd00:b::13', 'pod to other node'],
  ['node/node1', 'fd00:10:244:1::41', 'node to pod, same node'],
  ['node/node1', 'fd00:10:244:2::81', 'node to pod, same rack'],
  ['node/node1', 'fd00:10:244:3::c1', 'node to pod, cross rack'],
  [WEB0, OUTSIDE, 'pod to outside'],
  ['host/outside', 'fd00:10:244:1::41', 'outside to pod'],
  [WEB0, 'fd00:10:244:1::77', 'pod to free address'],
  ['node/node1', 'fd00:a::99', 'pod to free address'],
  // The other family goes the same ways beside it.
  [WEB0, '10.244.135.1', 'pod to pod, cross rack'],
];

const SMALL = 104;
const JUMBO = 3000;
const HTTP_PORT = 80;
const ECHO_PORT = 7;

function flowOf(stacks: readonly Netns[], [from, to, locality]: Pair, shape: Shape): Flow {
  const address = parseIp(to);
  if (address === undefined) throw new RangeError(`not an address: ${to}`);
  const [protocol, size] = shape;
  const mtu = stacks.find(({ id }) => id === from)?.devices[1]?.mtu ?? 1500;
  const bytes = { small: SMALL, full: mtu, 'one over': mtu + 1, jumbo: JUMBO }[size];
  return {
    from,
    to: address,
    locality,
    protocol,
    size,
    bytes,
    port: protocol === 'tcp' ? HTTP_PORT : ECHO_PORT,
  };
}

type Shape = readonly [Protocol, Size];

const SHAPES: readonly Shape[] = [
  ['icmp', 'small'],
  ['icmp', 'full'],
  ['icmp', 'one over'],
  ['udp', 'small'],
  ['tcp', 'small'],
];
/** Each wave is asked when what the one before taught of paths is forgotten again. */
const WAVES: readonly (readonly Shape[])[] = [SHAPES, [['icmp', 'jumbo']], [['udp', 'jumbo']]];

type ChangeOf = (netns: Netns) => Partial<Netns>;

const reject = (type: Exclude<Route['type'], 'unicast'>, to: string): ChangeOf =>
  inInet6(({ routes }) => ({
    routes: [
      ...routes,
      { prefix: cidr6(to), type, device: 'lo', protocol: 'boot', scope: 'global', metric: 1024 },
    ],
  }));

const narrow =
  (name: string, mtu: number): ChangeOf =>
  ({ devices }) => ({
    devices: devices.map((device) => (device.name === name ? { ...device, mtu } : device)),
  });

const filter = (name: string, rule: Rule<Ipv6>): ChangeOf =>
  inInet6(({ netfilter }) => ({
    netfilter: {
      ...netfilter,
      tables: { ...netfilter.tables, filter: [chain(name, [rule]), ...others(name)] },
    },
  }));

const chain = (name: string, rules: readonly Rule<Ipv6>[]): Chain<Ipv6> => ({
  name,
  policy: 'ACCEPT',
  rules,
});
const others = (name: string): readonly Chain<Ipv6>[] =>
  ['INPUT', 'FORWARD', 'OUTPUT'].filter((each) => each !== name).map((each) => chain(each, []));

const withoutRoutes = (isGone: (route: Route<Ipv6>) => boolean): ChangeOf =>
  inInet6(({ routes }) => ({ routes: routes.filter((route) => !isGone(route)) }));

/** A port that never had an address. */
const withoutPort = (name: string): ChangeOf =>
  inInet6(({ addresses, routes }) => ({
    addresses: new Map([...addresses].filter(([device]) => device !== name)),
    routes: routes.filter(({ device }) => device !== name),
  }));

/** Only one that does not say what it stands on may be as wide as that. */
const wideTunnel: ChangeOf = ({ devices }) => ({
  devices: devices.map((device): Device => {
    if (device.kind.type !== 'vxlan' || device.name !== TUNNEL6) return device;
    const { parent: _, ...vxlan } = device.kind.vxlan;
    return { ...device, mtu: 1500, kind: { type: 'vxlan', vxlan } };
  }),
});

const SITUATIONS: Readonly<Record<string, readonly (readonly [NetnsId, ChangeOf])[]>> = {
  whole: [],
  'no FDB entry': [
    [
      'node/node1',
      ({ fdb }) => ({ fdb: fdb.filter(({ destination }) => destination !== ipv6('fd00:b::13')) }),
    ],
  ],
  'no route through the tunnel': [['node/node1', withoutRoutes(({ device }) => device === TUNNEL6)]],
  'a node that does not forward': [['node/node3', inInet6(() => ({ forwarding: false }))]],
  'blackhole at the router': [['router/router', reject('blackhole', '2001:db8:113::/120')]],
  'unreachable at the router': [['router/router', reject('unreachable', '2001:db8:113::/120')]],
  'prohibit at the router': [['router/router', reject('prohibit', '2001:db8:113::/120')]],
  'unreachable at the node': [['node/node1', reject('unreachable', '2001:db8:113::/120')]],
  'no way at the router': [['router/router', withoutPort('eth2')]],
  'narrow router port': [
    ['router/router', narrow('eth2', 1400)],
    ['host/outside', narrow('eth0', 1400)],
  ],
  'a tunnel wider than its path': [
    ['node/node1', wideTunnel],
    ['node/node3', wideTunnel],
  ],
  'forwarding refused with an answer': [
    ['node/node3', filter('FORWARD', { matches: [], target: { kind: 'reject' } })],
  ],
  'solicitations dropped': [
    [
      'router/router',
      filter('INPUT', {
        matches: [
          { kind: 'protocol', protocol: 58 },
          { kind: 'icmp-type', type: 135 },
        ],
        target: { kind: 'drop' },
      }),
    ],
  ],
  'echoes dropped': [
    [
      'node/node3',
      filter('FORWARD', {
        matches: [
          { kind: 'protocol', protocol: 58 },
          { kind: 'icmp-type', type: 128 },
        ],
        target: { kind: 'drop' },
      }),
    ],
  ],
};

function stacksIn(changes: (typeof SITUATIONS)[string]): readonly Netns[] {
  const stacks = new Map(dualStackLab({ natOutgoing: true }).stacks);
  stacks.delete('workstation');
  for (const [id, change] of changes) {
    const stack = stacks.get(id);
    if (stack) stacks.set(id, { ...stack, ...change(stack) });
  }
  return [...stacks.values()];
}

/** What each run asks: one of each way to end. */
const ALWAYS: ReadonlySet<string> = new Set([
  'no FDB entry',
  'unreachable at the router',
  'narrow router port',
  'VXLAN CrossSubnet',
]);

type Told = Pick<Compared, 'network' | 'mode' | 'fault'>;

const POOLS: readonly { readonly name: string; readonly spec: JsonObject }[] = [
  { name: 'VXLAN', spec: { vxlanMode: 'Always', natOutgoing: true } },
  { name: 'VXLAN CrossSubnet', spec: { vxlanMode: 'CrossSubnet', natOutgoing: true } },
  { name: 'no encapsulation', spec: { vxlanMode: 'Never', natOutgoing: true } },
];

/** A cluster of the simulator's with this pool of IPv6. */
function clusterWith(spec: JsonObject): {
  readonly stacks: readonly Netns[];
  readonly pairs: readonly Pair[];
} {
  const pool = (family: 4 | 6): string =>
    `/apis/crd.projectcalico.org/v1/ippools/default-ipv${family}-ippool`;
  const simulator = dualStackCluster((ask) => {
    ask('PATCH', pool(4), { spec: { ipipMode: 'Never', vxlanMode: 'Always' } });
    ask('PATCH', pool(6), { spec });
  });
  const { stacks } = withoutIdle('ipip', networkIn(simulator));
  const [near, rack, far] = WORKERS.map((node) => addressesIn(stacks, podOn(node))[1]);
  const [, virtual] = serviceAddresses(simulator);
  const from = podOn('node1');
  const pairs: readonly (readonly [NetnsId, string | undefined, Locality])[] = [
    [from, rack, 'pod to pod, same rack'],
    [from, far, 'pod to pod, cross rack'],
    [from, 'fd00:a::11', 'pod to own node'],
    [from, 'fd00:b::13', 'pod to other node'],
    ['node/node1', near, 'node to pod, same node'],
    ['node/node1', rack, 'node to pod, same rack'],
    ['node/node1', far, 'node to pod, cross rack'],
    [from, OUTSIDE, 'pod to outside'],
    ['host/outside', near, 'outside to pod'],
    [from, virtual, 'pod to service'],
  ];
  return { stacks, pairs: pairs.map(([of, to = '', locality]) => [of, to, locality] as const) };
}

/**
 * The answer to a large packet of a pod's to another node teaches that node a path MTU to the pod's own, and the tunnel between
 * the two heeds it: flows that ask at the same time would be told of it or not.
 */
const isAlone = ({ size, locality }: Flow): boolean => size !== 'jumbo' || locality !== 'pod to other node';

/** Of a packet in pieces the kernel says of each what is wrong, the simulator of the first: pieces move together there. */
function isSame(one: Compared): boolean {
  if (one.flow.size !== 'jumbo') return agrees(one);
  return agrees({ ...one, simulated: ofAnyPiece(one.simulated), observed: ofAnyPiece(one.observed) });
}

const ofAnyPiece = (course: Course): Course => ({
  ...course,
  crossings: [
    ...new Set(
      course.crossings.map((line) => (line.includes(' icmp ') ? line.replace(/ length \d+/g, '') : line)),
    ),
  ].sort(),
});

test.runIf(required)('this machine can compare the simulator with its kernel', () => {
  expect(lacking).toBeUndefined();
});

describe.skipIf(lacking !== undefined)(
  `IPv6 of the Linux kernel${lacking === undefined ? '' : ` (${lacking})`}`,
  () => {
    const all: Compared[] = [];
    beforeAll(clearStale);
    afterAll(() => {
      writePart('dual-stack', all);
    });

    async function expectAgreement(
      told: Told,
      stacks: readonly Netns[],
      pairs: readonly Pair[],
    ): Promise<void> {
      const network = networkFrom(stacks);
      const lab = await KernelLab.build(stacks);
      try {
        for (const shapes of WAVES) {
          const flows = pairs
            .flatMap((pair) => shapes.map((shape) => flowOf(stacks, pair, shape)))
            .filter(isAlone);
          const compared = await compareFlows(lab, told, { network, flows, isSame });
          all.push(...compared);
          const differing = compared.filter((one) => !isSame(one));
          expect(differing.map((one) => differenceText(one, flowText)).join('\n\n')).toBe('');
        }
      } finally {
        await lab.dispose();
      }
    }

    const situations = Object.entries(SITUATIONS).filter(([name]) => full || ALWAYS.has(name));
    test.concurrent.each(situations)('by hand: %s', async (name, changes) => {
      const told = { network: 'dual-stack', mode: 'VXLAN CrossSubnet', fault: name };
      await expectAgreement(told, stacksIn(changes), PAIRS);
    });

    const pools = POOLS.filter(({ name }) => full || ALWAYS.has(name));
    test.concurrent.each(pools)('as Calico programs it: $name', async ({ name, spec }) => {
      const stacks = clusterWith(spec);
      const told = { network: 'dual-stack', mode: name, fault: 'none' };
      await expectAgreement(told, stacks.stacks, stacks.pairs);
    });

    test('enough of the flows fail', () => {
      const failing = all.filter(({ observed }) => observed.outcome !== 'answered').length;
      expect(failing / all.length).toBeGreaterThan(0.2);
    });
  },
);
