/** The network that the simulator and the kernel build against each other: two racks, a router, two pods on each node. */
import type { JsonObject } from '../../base/json.ts';
import { addressAt, cidr, formatCidr, ipv4, type Cidr, type Ipv4 } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';
import { Simulator, type Netns } from '../../sim/index.ts';

const RACKS: readonly (readonly [name: string, subnet: Cidr])[] = [
  ['rack-a', cidr('10.0.0.0/24')],
  ['rack-b', cidr('10.0.1.0/24')],
];
const PODS = '/api/v1/namespaces/default/pods';
/** Virtual milliseconds in which all pods run. */
const SETTLE = 60_000;
const FIRST_ADDRESS = 10;
/** Ordered pairs of pods, all of them up to this many. */
const MOST_PAIRS = 2_000;

export function gridTopology(nodes: number): Topology {
  const inFirstRack = Math.ceil(nodes / 2);
  return {
    name: `grid-${nodes}`,
    podCidr: cidr('10.244.0.0/16'),
    serviceCidr: cidr('10.96.0.0/16'),
    segments: RACKS.map(([name, subnet]) => ({ name, subnet, mtu: 1500 })),
    routers: [
      {
        name: 'router',
        routes: [],
        ports: RACKS.map(([segment, subnet]) => ({
          segment,
          address: { address: addressAt(subnet, 1), length: 24 },
        })),
      },
    ],
    hosts: [],
    nodes: Array.from({ length: nodes }, (_, at) => {
      const [segment, subnet] = RACKS[at < inFirstRack ? 0 : 1] ?? ['', cidr('0.0.0.0/0')];
      return {
        name: `node${at + 1}`,
        role: at === 0 ? 'control-plane' : 'worker',
        segment,
        address: { address: addressAt(subnet, FIRST_ADDRESS + at), length: 24 },
        gateway: addressAt(subnet, 1),
        labels: {},
      };
    }),
  };
}

/** A cluster of the topology with two pods on each node, in VXLAN CrossSubnet without BGP, when they all run. */
export function builtCluster(topology: Topology): Simulator {
  const simulator = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: false, backend: 'vxlan' });
  const send = (path: string, body: JsonObject): void => {
    const { code } = simulator.cluster.request({ method: 'POST', path, body });
    if (code !== 201) throw new Error(`POST ${path}: ${code}`);
  };
  send('/apis/crd.projectcalico.org/v1/ippools', {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPPool',
    metadata: { name: 'pods' },
    spec: {
      cidr: formatCidr(topology.podCidr),
      ipipMode: 'Never',
      vxlanMode: 'CrossSubnet',
      natOutgoing: false,
      nodeSelector: 'all()',
    },
  });
  for (const { name } of topology.nodes)
    for (const each of ['a', 'b']) send(PODS, pod(`${name}-${each}`, name));
  simulator.settle(SETTLE);
  return simulator;
}

const pod = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    nodeName,
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }],
  },
});

export interface PodEnd {
  readonly id: string;
  readonly address: Ipv4;
}

/** The pods of the grid; what else runs in a cluster the kernel's side does not have. */
export function podEnds(simulator: Simulator): readonly PodEnd[] {
  return simulator.world.topology.nodes.flatMap(({ name }) =>
    ['a', 'b'].map((each) => {
      const status = simulator.world.cluster.store.get('pods', 'default', `${name}-${each}`)?.status;
      return { id: `pod/default/${name}-${each}`, address: ipv4(String(status?.['podIP'])) };
    }),
  );
}

/** Every ordered pair, or as many of them, evenly spread. */
export function sampledPairs<T>(ends: readonly T[]): readonly (readonly [from: T, to: T])[] {
  const pairs = ends.flatMap((from) => ends.filter((to) => to !== from).map((to) => [from, to] as const));
  const stride = Math.max(1, pairs.length / MOST_PAIRS);
  return Array.from(
    { length: Math.min(pairs.length, MOST_PAIRS) },
    (_, at) => pairs[Math.floor(at * stride)],
  ).flatMap((pair) => (pair ? [pair] : []));
}

/** Whether an echo request reaches the other end and the reply comes back. */
export function answers(simulator: Simulator, from: PodEnd, to: PodEnd): boolean {
  const { outcome } = simulator.ask({
    kind: 'echo',
    request: {
      from: from.id,
      to: to.address,
      identifier: 1,
      sequence: 1,
      ttl: 64,
      dataLength: 56,
      pmtuDiscovery: 'want',
    },
  });
  return outcome.reply.kind === 'reply';
}

/** The network namespaces of the grid: its router, its nodes, its pods. */
export function gridIds(simulator: Simulator): readonly string[] {
  const { routers, nodes } = simulator.world.topology;
  return [
    ...routers.map(({ name }) => `router/${name}`),
    ...nodes.map(({ name }) => `node/${name}`),
    ...podEnds(simulator).map(({ id }) => id),
  ];
}

/** The stacks that the kernel gets: the grid's own, without filter and nat tables and without other pods. */
export function gridStacks(simulator: Simulator): readonly Netns[] {
  const known = new Set(podEnds(simulator).map(({ id }) => id));
  return gridIds(simulator)
    .flatMap((id) => simulator.network.netns(id) ?? [])
    .map((stack) => ({
      ...stack,
      netfilter: { tables: {}, ipsets: new Map() },
      devices: stack.devices.filter(
        ({ link }) => link?.kind !== 'peer' || !link.netns.startsWith('pod/') || known.has(link.netns),
      ),
    }))
    .map((stack) => {
      const devices = new Set(stack.devices.map(({ name }) => name));
      const stays = ({ device }: { readonly device?: string }): boolean =>
        device === undefined || devices.has(device);
      return { ...stack, routes: stack.routes.filter(stays), neighbours: stack.neighbours.filter(stays) };
    });
}
