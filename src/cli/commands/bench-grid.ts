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

/** What carries the routes of a grid, and what its pool says. */
const NETWORKS = {
  vxlan: { ipipMode: 'Never', vxlanMode: 'CrossSubnet' },
  /** Without the mesh: it is switched on by who wants to see it come up. */
  bird: { ipipMode: 'Never', vxlanMode: 'Never' },
} as const;

const CALICO_API = 'crd.projectcalico.org/v1';

/** A cluster of the topology with two pods on each node, when they all run. */
export function builtCluster(topology: Topology, backend: 'vxlan' | 'bird' = 'vxlan'): Simulator {
  const simulator = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: false, backend });
  patched(simulator, 'bgpconfigurations/default', { nodeToNodeMeshEnabled: false });
  sent(simulator, 'POST', `/apis/${CALICO_API}/ippools`, {
    apiVersion: CALICO_API,
    kind: 'IPPool',
    metadata: { name: 'pods' },
    spec: {
      ...NETWORKS[backend],
      cidr: formatCidr(topology.podCidr),
      natOutgoing: false,
      nodeSelector: 'all()',
    },
  });
  for (const { name } of topology.nodes)
    for (const each of ['a', 'b']) sent(simulator, 'POST', PODS, pod(`${name}-${each}`, name));
  simulator.settle(SETTLE);
  return simulator;
}

/** Changes the spec of one of Calico's resources, `ippools/pods` say. */
export function patched(simulator: Simulator, path: string, spec: JsonObject): void {
  sent(simulator, 'PATCH', `/apis/${CALICO_API}/${path}`, { spec });
}

function sent(simulator: Simulator, method: 'POST' | 'PATCH', path: string, body: JsonObject): void {
  const { code } = simulator.cluster.request({
    method,
    path,
    body,
    ...(method === 'PATCH' && { contentType: 'application/merge-patch+json' }),
  });
  if (code >= 300) throw new Error(`${method} ${path}: ${code}`);
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

/** Every ordered pair, or so many of them, evenly spread. */
export function sampledPairs<T>(ends: readonly T[], most: number): readonly (readonly [from: T, to: T])[] {
  const pairs = ends.flatMap((from) => ends.filter((to) => to !== from).map((to) => [from, to] as const));
  const stride = Math.max(1, pairs.length / most);
  return Array.from(
    { length: Math.min(pairs.length, most) },
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
export function gridStacks(simulator: Simulator, which: 'all' | 'machines alone' = 'all'): readonly Netns[] {
  const known = new Set(which === 'all' ? podEnds(simulator).map(({ id }) => id) : []);
  return gridIds(simulator)
    .filter((id) => !id.startsWith('pod/') || known.has(id))
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
