/**
 * Felix as a pure function: from the datastore to what a node's kernel should hold (devices, routes, neighbours, FDB, rules),
 * but not the routes that BIRD adds. It depends on the final datastore alone, never on the order in which it was written
 * (Felix's law), and looks at other nodes only through it.
 * Source: the calculation graph in felix/calc and the managers in felix/dataplane/linux, Calico v3.32.1.
 */
import type { Ip, Ipv6 } from '../../../../model/ip.ts';
import { compareIps, type IpFamily } from '../../../../model/ip-family.ts';
import type { Topology } from '../../../../model/topology.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { ClusterState } from '../../../kube/controller.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { ObjectStore } from '../../../kube/store.ts';
import type { Device, Programming, Route } from '../../../net/netns.ts';
import { NO_NETFILTER } from '../../../net/netfilter-rules.ts';
import { encapsulations, mtus } from '../encapsulation.ts';
import { felixConfiguration } from '../felix-configuration.ts';
import { hostMtu, KNOWN_INTERFACES } from '../host-mtu.ts';
import { INTERFACE_INDEXES, readIndexes } from '../interface-index.ts';
import { readPools, type PoolOf } from '../ippool.ts';
import { FELIX_CONFIGURATIONS, IPAM_BLOCKS, IP_POOLS, NODES } from '../kinds.ts';
import { VXLAN6_DEVICE } from '../names.ts';
import { NODE_ENVIRONMENTS, nodeEnvironment } from '../node-environment.ts';
import type { ActivePolicy } from '../policy/active.ts';
import { policyCalculator, type PolicyCalculator } from '../policy/calculator.ts';
import { stableList } from '../stable.ts';
import { endpointDevice, endpointRoute, endpointRoutes6 } from './endpoints.ts';
import { hostDevices } from './host-devices.ts';
import { readHosts, type HostsOf } from './hosts.ts';
import { ipipDevices } from './ipip.ts';
import { workloadRoutes, type RouteOf } from './l3-routes.ts';
import { felixNetfilter } from './netfilter.ts';
import type { FelixView, WorkloadSandbox } from './view.ts';
import { vxlan, type VxlanProgramming } from './vxlan.ts';

type Objects = Table<KubeObject> | undefined;

const NOTHING: Programming = { devices: [], routes: [], neighbours: [], fdb: [], netfilter: NO_NETFILTER };

/** What Calico programs on `node`; nothing for a node the datastore does not know. */
export function felix(cluster: ClusterState, topology: Topology, node: string): Programming {
  const { store } = cluster;
  const memory = memoryOf(topology, node);
  const workloads = memory.workloads(sandboxesByNode(cluster.sandboxes).get(node) ?? []);
  return memory.program(
    topology,
    node,
    readFamily(store, 4),
    topology.podCidr6 ? readFamily(store, 6) : undefined,
    store.table(FELIX_CONFIGURATIONS),
    store.get(INTERFACE_INDEXES, undefined, node),
    store.get(KNOWN_INTERFACES, undefined, node),
    store.get(NODE_ENVIRONMENTS, undefined, node),
    workloads,
    memory.policy(store, node, workloads),
  );
}

/** What the datastore says of one address family. */
interface FamilyFacts<Family extends IpFamily> {
  readonly hosts: HostsOf<Family>;
  readonly pools: readonly PoolOf<Family>[];
  readonly routes: readonly RouteOf<Family>[];
}

const poolsIn = <Family extends IpFamily>(family: Family) =>
  memoize((pools: Objects): readonly PoolOf<Family>[] => readPools(pools?.values() ?? [], family), 2);
const POOLS = { 4: poolsIn(4), 6: poolsIn(6) } as const;

const factsOf = memoize(
  (hosts: unknown, pools: unknown, routes: unknown): unknown => ({ hosts, pools, routes }),
  8,
);

/** The very same facts while nothing in them has changed. */
function readFamily<Family extends IpFamily>(store: ObjectStore, family: Family): FamilyFacts<Family> {
  const hosts = readHosts(store.table(NODES), family);
  const pools = POOLS[family](store.table(IP_POOLS)) as readonly PoolOf<Family>[];
  return factsOf(
    hosts,
    pools,
    workloadRoutes(store.table(IPAM_BLOCKS), pools, family),
  ) as FamilyFacts<Family>;
}

/** What is remembered of one node, so that looking at another does not forget it. */
interface NodeMemory {
  readonly program: typeof program;
  readonly workloads: (next: readonly WorkloadSandbox[]) => readonly WorkloadSandbox[];
  readonly policy: PolicyCalculator;
}

const kept = new WeakMap<Topology, Map<string, NodeMemory>>();

function memoryOf(topology: Topology, node: string): NodeMemory {
  const nodes = kept.get(topology) ?? new Map<string, NodeMemory>();
  const memory = nodes.get(node) ?? {
    program: memoize(program),
    workloads: stableList<WorkloadSandbox>(),
    policy: policyCalculator(),
  };
  nodes.set(node, memory);
  kept.set(topology, nodes);
  return memory;
}

/** What a node's state depends on, apart, so that each part is compared by identity. */
type Inputs = readonly [
  topology: Topology,
  node: string,
  inet: FamilyFacts<4>,
  inet6: FamilyFacts<6> | undefined,
  felixConfigurations: Objects,
  indexes: KubeObject | undefined,
  interfaces: KubeObject | undefined,
  environment: KubeObject | undefined,
  workloads: readonly WorkloadSandbox[],
  policy: ActivePolicy,
];

function program(...inputs: Inputs): Programming {
  const views = viewsOf(inputs);
  if (!views) return NOTHING;
  const first = programFor(views.inet);
  if (!views.inet6) return first;
  const tunnel = vxlan(views.inet6);
  return {
    ...first,
    devices: [...first.devices, ...tunnel.devices].sort(byIndex),
    fdb: [...first.fdb, ...tunnel.fdb],
    inet6: programFor6(views.inet6, tunnel),
  };
}

function programFor(view: FelixView): Programming {
  const tunnel = vxlan(view);
  const addresses = tunnel.address ? [tunnel.address] : [];
  return {
    devices: [
      ...ipipDevices(view),
      ...tunnel.devices.map((device) => ({ ...device, addresses })),
      ...view.workloads.map(endpointDevice),
    ].sort(byIndex),
    routes: [...tunnel.routes, ...view.workloads.map(endpointRoute)].sort(byPrefix),
    neighbours: tunnel.neighbours,
    fdb: tunnel.fdb,
    netfilter: felixNetfilter(view, tunnel.sources),
  };
}

const programFor6 = (
  view: FelixView<Ipv6>,
  tunnel: VxlanProgramming<Ipv6>,
): NonNullable<Programming['inet6']> => ({
  addresses: new Map(tunnel.address ? [[VXLAN6_DEVICE, [tunnel.address]]] : []),
  // Felix takes every address but its own from the device.
  ...(tunnel.address && { withoutLinkLocal: new Set([VXLAN6_DEVICE]) }),
  routes: [...tunnel.routes, ...view.workloads.flatMap(endpointRoutes6)].sort(byPrefix),
  neighbours: tunnel.neighbours,
  netfilter: felixNetfilter(view, tunnel.sources),
});

const byIndex = (a: Device, b: Device): number => a.index - b.index;

/** As the kernel's table walks. */
const byPrefix = (a: Route<Ip>, b: Route<Ip>): number =>
  compareIps(a.prefix.base, b.prefix.base) || a.prefix.length - b.prefix.length;

interface Views {
  readonly inet: FelixView;
  /** Where Felix's IPv6 support is on. */
  readonly inet6: FelixView<Ipv6> | undefined;
}

function viewsOf(inputs: Inputs): Views | undefined {
  const [topology, node, inet, others, felixes, indexes, known, started, workloads, policy] = inputs;
  const local = inet.hosts.get(node);
  if (!local) return undefined;
  const environment = nodeEnvironment(started);
  const inet6 = environment.ipv6Support ? others : undefined;
  const local6 = inet6?.hosts.get(node);
  const config = felixConfiguration(felixes, node);
  const enabled = encapsulations([...inet.pools, ...(inet6?.pools ?? [])], config);
  const host = hostMtu(topology, node, { pattern: config.mtuIfacePattern, known });
  const { vxlan6, ...sizes } = mtus(host, config, { enabled, environment });
  const common = {
    topology,
    config,
    indexes: readIndexes(indexes),
    workloads,
    policy,
    interfaces: hostDevices({
      node: topology.nodes.find(({ name }) => name === node),
      local,
      local6,
      enabled,
    }),
  };
  return {
    inet: { ...common, ...inet, family: 4, local, encapsulations: enabled, mtus: sizes },
    inet6: inet6 &&
      local6 && {
        ...common,
        ...inet6,
        family: 6,
        local: local6,
        encapsulations: { vxlan: enabled.vxlan6, ipip: false },
        mtus: { ...sizes, vxlan: vxlan6 },
      },
  };
}

/** Sandboxes with a network of their own, by node, in the order of their interfaces. */
const sandboxesByNode = memoize(
  (sandboxes: Table<PodSandbox>): ReadonlyMap<string, readonly WorkloadSandbox[]> => {
    const byNode = new Map<string, WorkloadSandbox[]>();
    for (const sandbox of sandboxes.values()) {
      if (!hasNetwork(sandbox)) continue;
      const mine = byNode.get(sandbox.node);
      if (mine) mine.push(sandbox);
      else byNode.set(sandbox.node, [sandbox]);
    }
    for (const mine of byNode.values()) mine.sort((a, b) => a.network.hostIndex - b.network.hostIndex);
    return byNode;
  },
  2,
);

const hasNetwork = (sandbox: PodSandbox): sandbox is WorkloadSandbox => sandbox.network !== undefined;
