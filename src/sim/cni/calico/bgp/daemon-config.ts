/**
 * What one node's BIRD runs with, put together from the cluster's objects: bird.cfg, bird_aggr.cfg and bird_ipam.cfg.
 * Sources: confd/etc/calico/confd/templates/bird{,_aggr,_ipam}.cfg.template, Calico v3.32.1. Left out: IPv6, peers in pods.
 */
import { fromBase64 } from '../../../../base/base64.ts';
import { utf8Text } from '../../../../base/bytes.ts';
import type { Cidr, Ipv4 } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { podsOnNode } from '../../../kube/controllers/ownership.ts';
import { at, listAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { SpeakerConfig } from '../../../routing/speaker-config.ts';
import { readHosts, type Hosts } from '../felix/hosts.ts';
import { workloadRoutes, type WorkloadRoute } from '../felix/l3-routes.ts';
import { readPools, type IpPool } from '../ippool.ts';
import {
  BGP_CONFIGURATIONS,
  BGP_FILTERS,
  BGP_PEERS,
  ENDPOINT_SLICES,
  IPAM_BLOCKS,
  IP_POOLS,
  NODES,
  SECRETS,
  SERVICES,
} from '../kinds.ts';
import { advertisesServices, readBgpConfiguration, type SecretKey } from './configuration.ts';
import { exportRules, kernelRules } from './exports.ts';
import { filterCalls, filterFunctions } from './filters.ts';
import { readBgpNodes, type BgpNode } from './nodes.ts';
import { readPeerings, type Peering } from './peerings.ts';
import { bgpProtocols, type NodeFacts } from './protocols.ts';
import { readServiceRoutes, staticRoutes, wholeRanges } from './services.ts';

/** Where a manifest and where the operator puts calico-node. */
const NAMESPACES = ['kube-system', 'calico-system'];

export const isCalicoNode = (pod: KubeObject | undefined): boolean =>
  pod?.metadata.labels?.['k8s-app'] === 'calico-node';

/** `before` is what runs now; undefined where no BIRD runs. */
export function daemonConfig(
  tx: ClusterTransaction,
  name: string,
  before: SpeakerConfig | undefined,
): SpeakerConfig | undefined {
  const process = calicoNodeProcess(tx, name);
  // A process reads the backend when it starts; changing the ConfigMap alone changes nothing.
  if (process === undefined || (before?.process !== process.id && !usesBird(tx))) return undefined;
  const { store } = tx.state;
  const node = readBgpNodes(store.table(NODES)).find((each) => each.name === name);
  if (!node?.address) return undefined;
  const configuration = readBgpConfiguration(store.table(BGP_CONFIGURATIONS));
  const facts: NodeFacts = {
    node,
    address: node.address.address,
    asNumber: node.asNumber ?? configuration.asNumber,
    configuration,
  };
  const spoken = protocols(tx, facts, process);
  const isOuter = spoken.neighbours.some((neighbour) => neighbour.asNumber !== neighbour.localAs);
  return {
    process: process.id,
    ...ofDaemon(facts),
    ...spoken,
    ...routes(tx, { ...facts, network: node.address, isOuter }),
  };
}

/** The head of bird.cfg. */
function ofDaemon({
  node,
  address,
  asNumber,
  configuration,
}: NodeFacts): Omit<
  SpeakerConfig,
  'process' | 'blackholes' | 'learnt' | 'neighbours' | 'exports' | 'kernel'
> {
  const { nodeListenPorts, listenPort, bindsToNodeIp, ignoredInterfaces, normalPriority } = configuration;
  const port = nodeListenPorts.get(node.name) ?? listenPort;
  return {
    routerId: address,
    asNumber,
    ...(port !== undefined && { listenPort: port }),
    ...(bindsToNodeIp && { listenAddress: address }),
    ...(ignoredInterfaces.length > 0 && { ignoredInterfaces }),
    normalMetric: normalPriority,
  };
}

interface Process {
  readonly id: string;
  readonly namespace: string;
}

function protocols(
  tx: ClusterTransaction,
  facts: NodeFacts,
  { namespace }: Process,
): Pick<SpeakerConfig, 'neighbours' | 'filters' | 'statics'> {
  const { store } = tx.state;
  const { configuration } = facts;
  const nodes = readBgpNodes(store.table(NODES));
  const filters = filterFunctions(store.table(BGP_FILTERS), configuration.normalPriority);
  const peerings = readPeerings(store.table(BGP_PEERS), nodes, configuration);
  const neighbours = bgpProtocols(facts, {
    nodes,
    peerings,
    password: (secret) => passwordIn(tx, namespace, secret),
    filters: (names, direction) => filterCalls(filters, names, direction),
  });
  const statics = [...peerings.global, ...(peerings.byNode.get(facts.node.name) ?? [])].flatMap(gatewayRoute);
  return { neighbours, filters, ...(statics.length > 0 && { statics }) };
}

const gatewayRoute = ({ address, reachableBy }: Peering): readonly { prefix: Cidr; via: Ipv4 }[] =>
  reachableBy === undefined ? [] : [{ prefix: { base: address, length: 32 }, via: reachableBy }];

function passwordIn(tx: ClusterTransaction, namespace: string, { name, key }: SecretKey): string | undefined {
  const encoded = at(tx.get(SECRETS, namespace, name)?.['data'], key);
  return typeof encoded === 'string' ? utf8Text(fromBase64(encoded)) : undefined;
}

/** One list for all nodes: what is remembered of it is remembered by its identity. */
const poolsOf = memoize(
  (pools: Table<KubeObject> | undefined): readonly IpPool[] => readPools(pools?.values() ?? []),
  2,
);

interface RouteFacts extends NodeFacts {
  readonly network: NonNullable<BgpNode['address']>;
  /** Whether there is a neighbour of another AS. */
  readonly isOuter: boolean;
}

/** bird_aggr.cfg and bird_ipam.cfg. */
function routes(
  tx: ClusterTransaction,
  { node, configuration, network, isOuter }: RouteFacts,
): Pick<SpeakerConfig, 'blackholes' | 'learnt' | 'exports' | 'kernel'> {
  const { store } = tx.state;
  const pools = poolsOf(store.table(IP_POOLS));
  const everybodys = workloadRoutes(store.table(IPAM_BLOCKS), pools);
  const mine = everybodys.filter((route) => route.node === node.name);
  const blocks = mine.filter(({ kind }) => kind === 'block').map(({ prefix }) => prefix);
  const overlaid = isOuter ? overlayRoutes(everybodys, node.name, readHosts(store.table(NODES))) : [];
  const services = advertisesServices(configuration)
    ? staticRoutes(
        node,
        configuration,
        readServiceRoutes(store.table(SERVICES), store.table(ENDPOINT_SLICES), configuration.services),
      )
    : [];
  return {
    blackholes: [...blocks.filter(({ length }) => length < 32), ...services],
    learnt: [...mine.flatMap(kernelRoute), ...overlaid],
    exports: exportRules({
      pools,
      blocks,
      services,
      isReflector: node.clusterId !== undefined,
      configuration,
      node: node.name,
    }),
    kernel: kernelRules({
      pools,
      services: wholeRanges(configuration.services),
      programsClusterRoutes: configuration.programsClusterRoutes,
      address: network,
    }),
  };
}

/** A /32 route of an own pod: the CNI plugin's route of an address, where no own block covers it. */
const kernelRoute = ({ kind, prefix }: WorkloadRoute): readonly Cidr[] =>
  kind === 'borrowed' || (kind === 'block' && prefix.length === 32) ? [prefix] : [];

/**
 * Felix's VXLAN routes to other nodes: BIRD reads them from the kernel, keeps them from inner peers and tells outer ones, so that
 * a router hears of every block from every node.
 */
function overlayRoutes(all: readonly WorkloadRoute[], node: string, hosts: Hosts): readonly Cidr[] {
  const isReached = (name: string): boolean => hosts.get(name)?.vxlanTunnel !== undefined;
  if (!isReached(node)) return [];
  return all
    .filter((route) => route.node !== node && (route.pool?.vxlanMode ?? 'Never') !== 'Never')
    .filter((route) => isReached(route.node))
    .map(({ prefix }) => prefix);
}

/** The running process; undefined while no calico-node container runs on the node. */
function calicoNodeProcess(tx: ClusterTransaction, node: string): Process | undefined {
  for (const pod of podsOnNode(tx, node)) {
    const { namespace = '', deletionTimestamp } = pod.metadata;
    if (!NAMESPACES.includes(namespace) || !isCalicoNode(pod) || deletionTimestamp !== undefined) continue;
    const status = listAt(pod.status, 'containerStatuses').find(({ name }) => name === 'calico-node');
    if (at(status, 'state', 'running') !== undefined) return { id: textAt(status, 'containerID'), namespace };
  }
  return undefined;
}

/** calico_backend of the manifest's ConfigMap; an install without one runs BIRD. */
function usesBird(tx: ClusterTransaction): boolean {
  const data = tx.get('configmaps', 'kube-system', 'calico-config')?.['data'];
  const backend = textAt(data, 'calico_backend');
  return backend === '' || backend === 'bird';
}
