/**
 * Felix as a pure function: from the datastore to what a node's kernel should hold (devices, routes, neighbours, FDB, rules),
 * but not the routes that BIRD adds. It depends on the final datastore alone, never on the order in which it was written
 * (Felix's law), and looks at other nodes only through it.
 * Source: the calculation graph in felix/calc and the managers in felix/dataplane/linux, Calico v3.32.1.
 */
import type { Topology } from '../../../../model/topology.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { ClusterState } from '../../../kube/controller.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { Programming, Route } from '../../../net/netns.ts';
import { NO_NETFILTER } from '../../../net/netfilter-rules.ts';
import { encapsulations, mtus } from '../encapsulation.ts';
import { felixConfiguration } from '../felix-configuration.ts';
import { hostMtu, KNOWN_INTERFACES } from '../host-mtu.ts';
import { INTERFACE_INDEXES, readIndexes } from '../interface-index.ts';
import { readPools, type IpPool } from '../ippool.ts';
import { FELIX_CONFIGURATIONS, IPAM_BLOCKS, IP_POOLS, NODES } from '../kinds.ts';
import type { ActivePolicy } from '../policy/active.ts';
import { policyCalculator, type PolicyCalculator } from '../policy/calculator.ts';
import { stableList } from '../stable.ts';
import { endpointDevice, endpointNeighbour, endpointRoute } from './endpoints.ts';
import { readHosts, type Hosts } from './hosts.ts';
import { ipipDevices } from './ipip.ts';
import { workloadRoutes, type WorkloadRoute } from './l3-routes.ts';
import { felixNetfilter } from './netfilter.ts';
import type { FelixView, WorkloadSandbox } from './view.ts';
import { vxlan } from './vxlan.ts';

type Objects = Table<KubeObject> | undefined;

const NOTHING: Programming = { devices: [], routes: [], neighbours: [], fdb: [], netfilter: NO_NETFILTER };

/** What Calico programs on `node`; nothing for a node the datastore does not know. */
export function felix(cluster: ClusterState, topology: Topology, node: string): Programming {
  const { store } = cluster;
  const memory = memoryOf(topology, node);
  const hosts = readHosts(store.table(NODES));
  const pools = poolsOf(store.table(IP_POOLS));
  const workloads = memory.workloads(sandboxesByNode(cluster.sandboxes).get(node) ?? []);
  return memory.program(
    topology,
    node,
    hosts,
    pools,
    workloadRoutes(store.table(IPAM_BLOCKS), pools),
    store.table(FELIX_CONFIGURATIONS),
    store.get(INTERFACE_INDEXES, undefined, node),
    store.get(KNOWN_INTERFACES, undefined, node),
    workloads,
    memory.policy(store, node, workloads),
  );
}

const poolsOf = memoize((pools: Objects): readonly IpPool[] => readPools(pools?.values() ?? []), 2);

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
  hosts: Hosts,
  pools: readonly IpPool[],
  routes: readonly WorkloadRoute[],
  felixConfigurations: Objects,
  indexes: KubeObject | undefined,
  interfaces: KubeObject | undefined,
  workloads: readonly WorkloadSandbox[],
  policy: ActivePolicy,
];

function program(...inputs: Inputs): Programming {
  const view = viewOf(inputs);
  if (!view) return NOTHING;
  const tunnel = vxlan(view);
  return {
    devices: [...ipipDevices(view), ...tunnel.devices, ...view.workloads.map(endpointDevice)].sort(
      (a, b) => a.index - b.index,
    ),
    routes: [...tunnel.routes, ...view.workloads.map(endpointRoute)].sort(byPrefix),
    neighbours: [...tunnel.neighbours, ...view.workloads.map(endpointNeighbour)],
    fdb: tunnel.fdb,
    netfilter: felixNetfilter(view, tunnel.sources),
  };
}

/** As the kernel's table walks. */
const byPrefix = (a: Route, b: Route): number =>
  a.prefix.base - b.prefix.base || a.prefix.length - b.prefix.length;

function viewOf(inputs: Inputs): FelixView | undefined {
  const [topology, node, hosts, pools, routes, felixes, indexes, known, workloads, policy] = inputs;
  const local = hosts.get(node);
  if (!local) return undefined;
  const config = felixConfiguration(felixes, node);
  const enabled = encapsulations(pools, config);
  return {
    topology,
    local,
    hosts,
    pools,
    routes,
    config,
    encapsulations: enabled,
    mtus: mtus(hostMtu(topology, node, { pattern: config.mtuIfacePattern, known }), config, enabled),
    indexes: readIndexes(indexes),
    workloads,
    policy,
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
