/**
 * Felix as a pure function: from the datastore to what a node's kernel should hold (devices, routes, neighbours, FDB, rules),
 * together with the routes that BIRD adds. It depends on the final datastore alone, never on the order in which it was written
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
import { birdRoutes } from '../bird-routes.ts';
import { encapsulations, hostMtu, mtus } from '../encapsulation.ts';
import { felixConfiguration } from '../felix-configuration.ts';
import { INTERFACE_INDEXES, interfaceIndexes } from '../interface-index.ts';
import { readPools } from '../ippool.ts';
import { BGP_CONFIGURATIONS, FELIX_CONFIGURATIONS, IPAM_BLOCKS, IP_POOLS, NODES } from '../kinds.ts';
import { endpointDevice, endpointNeighbour, endpointRoute } from './endpoints.ts';
import { readHosts } from './hosts.ts';
import { ipipDevices } from './ipip.ts';
import { workloadRoutes } from './l3-routes.ts';
import { felixNetfilter } from './netfilter.ts';
import type { FelixView, Workload } from './view.ts';
import { vxlan } from './vxlan.ts';

type Objects = Table<KubeObject> | undefined;

const NOTHING: Programming = { devices: [], routes: [], neighbours: [], fdb: [], netfilter: NO_NETFILTER };

/** One memory a node, so that looking at one node does not forget another. */
const kept = new WeakMap<Topology, Map<string, typeof program>>();

/** What Calico programs on `node`; nothing for a node the datastore does not know. */
export function felix(cluster: ClusterState, topology: Topology, node: string): Programming {
  const { store } = cluster;
  const local = sandboxesByNode(cluster.sandboxes).get(node) ?? [];
  return programOf(topology, node)(
    topology,
    node,
    store.table(NODES),
    store.table(IP_POOLS),
    store.table(IPAM_BLOCKS),
    store.table(FELIX_CONFIGURATIONS),
    store.table(BGP_CONFIGURATIONS),
    store.get('configmaps', 'kube-system', 'calico-config'),
    store.table(INTERFACE_INDEXES),
    cluster.sandboxes,
    local.map(({ namespace, pod }) => serviceAccount(store.get('pods', namespace, pod))).join(' '),
  );
}

const serviceAccount = (pod: KubeObject | undefined): string =>
  String(pod?.spec?.['serviceAccountName'] ?? 'default');

function programOf(topology: Topology, node: string): typeof program {
  const nodes = kept.get(topology) ?? new Map<string, typeof program>();
  const remembered = nodes.get(node) ?? memoize(program);
  nodes.set(node, remembered);
  kept.set(topology, nodes);
  return remembered;
}

/** The tables that Felix watches, apart, so that each is compared by identity. */
type Inputs = readonly [
  topology: Topology,
  node: string,
  nodes: Objects,
  pools: Objects,
  blocks: Objects,
  felixConfigurations: Objects,
  bgpConfigurations: Objects,
  calicoConfig: KubeObject | undefined,
  indexes: Objects,
  sandboxes: Table<PodSandbox>,
  serviceAccounts: string,
];

function program(...inputs: Inputs): Programming {
  const view = viewOf(inputs);
  if (!view) return NOTHING;
  const tunnel = vxlan(view);
  return {
    devices: [...ipipDevices(view), ...tunnel.devices, ...view.workloads.map(endpointDevice)].sort(
      (a, b) => a.index - b.index,
    ),
    routes: [...tunnel.routes, ...birdRoutes(view), ...view.workloads.map(endpointRoute)].sort(byPrefix),
    neighbours: [...tunnel.neighbours, ...view.workloads.map(endpointNeighbour)],
    fdb: tunnel.fdb,
    netfilter: felixNetfilter(view, tunnel.sources),
  };
}

/** As the kernel's table walks. */
const byPrefix = (a: Route, b: Route): number =>
  a.prefix.base - b.prefix.base || a.prefix.length - b.prefix.length;

function viewOf(inputs: Inputs): FelixView | undefined {
  const [topology, node, nodes, pools, blocks, felixes, bgps, calicoConfig, indexes, sandboxes, accounts] =
    inputs;
  const hosts = readHosts(nodes);
  const local = hosts.get(node);
  if (!local) return undefined;
  const config = felixConfiguration(felixes, node);
  const known = readPools(pools?.values() ?? []);
  const enabled = encapsulations(known, config);
  const names = accounts.split(' ');
  return {
    topology,
    local,
    hosts,
    pools: known,
    routes: workloadRoutes(blocks, pools),
    config,
    encapsulations: enabled,
    mtus: mtus(hostMtu(topology, node), config, enabled),
    indexes: interfaceIndexes(indexes, node),
    workloads: (sandboxesByNode(sandboxes).get(node) ?? []).map((sandbox, at) => ({
      sandbox,
      serviceAccount: names[at] ?? 'default',
    })),
    backend: backendOf(calicoConfig),
    mesh: bgps?.get('/default')?.spec?.['nodeToNodeMeshEnabled'] !== false,
  };
}

/** calico_backend of the manifest's ConfigMap. */
function backendOf(calicoConfig: KubeObject | undefined): FelixView['backend'] {
  const data = calicoConfig?.['data'] as Readonly<Record<string, string>> | undefined;
  const backend = data?.['calico_backend'];
  return backend === 'vxlan' || backend === 'none' ? backend : 'bird';
}

/** Sandboxes with a network of their own, by node, in the order of their interfaces. */
const sandboxesByNode = memoize(
  (sandboxes: Table<PodSandbox>): ReadonlyMap<string, readonly Workload['sandbox'][]> => {
    const byNode = new Map<string, Workload['sandbox'][]>();
    for (const sandbox of sandboxes.values()) {
      const { network } = sandbox;
      if (!network) continue;
      const mine = byNode.get(sandbox.node);
      if (mine) mine.push({ ...sandbox, network });
      else byNode.set(sandbox.node, [{ ...sandbox, network }]);
    }
    for (const mine of byNode.values()) mine.sort((a, b) => a.network.hostIndex - b.network.hostIndex);
    return byNode;
  },
  2,
);
