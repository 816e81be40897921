/**
 * What one node's BIRDs run with, put together from the cluster's objects: bird.cfg, bird_aggr.cfg and bird_ipam.cfg, and the
 * same with a 6 for the daemon of IPv6, which runs where its node has an IPv6 address.
 * Sources: confd/etc/calico/confd/templates/bird{,6}{,_aggr,_ipam}.cfg.template, Calico v3.32.1. Left out: peers in pods.
 */
import { fromBase64 } from '../../../../base/base64.ts';
import { utf8Text } from '../../../../base/bytes.ts';
import { addressBits, familyOf, ipCidrOf, type IpCidr, type IpFamily } from '../../../../model/ip-family.ts';
import type { InterfaceAddress, Ip, Ipv4 } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { at } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { SpeakerConfig } from '../../../routing/speaker-config.ts';
import { readHosts, type HostsOf } from '../felix/hosts.ts';
import { workloadRoutes, type RouteOf } from '../felix/l3-routes.ts';
import { readPools, type AnyPool } from '../ippool.ts';
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
import { environmentOf, runningContainer, runningPod } from '../node-environment.ts';
import { advertisesServices, readBgpConfiguration, type SecretKey } from './configuration.ts';
import { exportRules, inFamily, kernelRules } from './exports.ts';
import { filterCalls, filterFunctions } from './filters.ts';
import { readBgpNodes, type BgpNode } from './nodes.ts';
import { readPeerings, type Peering } from './peerings.ts';
import { bgpProtocols, type NodeFacts } from './protocols.ts';
import { readServiceRoutes, staticRoutes, wholeRanges } from './services.ts';

/** What a node's daemons run with. */
export interface DaemonConfigs {
  readonly bird: SpeakerConfig;
  readonly bird6?: SpeakerConfig;
}

/** Undefined where no BIRD runs. */
export function daemonConfigs(tx: ClusterTransaction, name: string): DaemonConfigs | undefined {
  const pod = runningPod(tx, name);
  if (!pod || environmentOf(tx, name, pod).backend !== 'bird') return undefined;
  const process = { id: runningContainer(pod) ?? '', namespace: pod.metadata.namespace ?? '' };
  const node = readBgpNodes(tx.state.store.table(NODES)).find((each) => each.name === name);
  if (!node?.address) return undefined;
  const { address, address6 } = node;
  const routerId = address.address;
  const bird = daemonConfig(tx, process, { node, routerId, network: address });
  return address6
    ? { bird, bird6: daemonConfig(tx, process, { node, routerId, network: address6 }) }
    : { bird };
}

interface Daemon {
  readonly node: BgpNode;
  readonly routerId: Ipv4;
  /** Of its family. */
  readonly network: InterfaceAddress<Ip>;
}

const IPV6_ALONE: readonly IpFamily[] = [6];

function daemonConfig(
  tx: ClusterTransaction,
  process: Process,
  { node, routerId, network }: Daemon,
): SpeakerConfig {
  const configuration = readBgpConfiguration(tx.state.store.table(BGP_CONFIGURATIONS));
  const facts: NodeFacts = {
    node,
    address: network.address,
    asNumber: node.asNumber ?? configuration.asNumber,
    configuration,
  };
  const spoken = protocols(tx, facts, process);
  const isOuter = spoken.neighbours.some((neighbour) => neighbour.asNumber !== neighbour.localAs);
  return {
    process: process.id,
    ...(familyOf(network.address) === 6 && { families: IPV6_ALONE }),
    ...ofDaemon(facts, routerId),
    ...spoken,
    ...routes(tx, { ...facts, network, isOuter }),
  };
}

/** The head of bird.cfg; a router's id is of IPv4 even where it speaks of IPv6. */
function ofDaemon(
  { node, address, asNumber, configuration }: NodeFacts,
  routerId: Ipv4,
): Omit<SpeakerConfig, 'process' | 'blackholes' | 'learnt' | 'neighbours' | 'exports' | 'kernel'> {
  const { nodeListenPorts, listenPort, bindsToNodeIp, ignoredInterfaces, normalPriorities } = configuration;
  const port = nodeListenPorts.get(node.name) ?? listenPort;
  return {
    routerId,
    asNumber,
    ...(port !== undefined && { listenPort: port }),
    ...(bindsToNodeIp && { listenAddress: address }),
    ...(ignoredInterfaces.length > 0 && { ignoredInterfaces }),
    normalMetric: normalPriorities[familyOf(address)],
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
  const family = familyOf(facts.address);
  const nodes = readBgpNodes(store.table(NODES));
  const filters = filterFunctions(store.table(BGP_FILTERS), configuration.normalPriorities[family], family);
  const peerings = readPeerings(store.table(BGP_PEERS), nodes, configuration);
  const neighbours = bgpProtocols(facts, {
    nodes,
    peerings,
    password: (secret) => passwordIn(tx, namespace, secret),
    filters: (names, direction) => filterCalls(filters, names, { direction, family }),
  });
  const statics = [...peerings.global, ...(peerings.byNode.get(facts.node.name) ?? [])]
    .filter(({ address }) => familyOf(address) === family)
    .flatMap(gatewayRoute);
  return { neighbours, filters, ...(statics.length > 0 && { statics }) };
}

const gatewayRoute = ({ address, reachableBy }: Peering): readonly { prefix: IpCidr; via: Ip }[] =>
  reachableBy === undefined ? [] : [{ prefix: ipCidrOf(address, addressBits(address)), via: reachableBy }];

function passwordIn(tx: ClusterTransaction, namespace: string, { name, key }: SecretKey): string | undefined {
  const encoded = at(tx.get(SECRETS, namespace, name)?.['data'], key);
  return typeof encoded === 'string' ? utf8Text(fromBase64(encoded)) : undefined;
}

/** One list for all nodes: what is remembered of it is remembered by its identity. */
const poolsOf = memoize(
  (pools: Table<KubeObject> | undefined, family: IpFamily): readonly AnyPool[] =>
    readPools(pools?.values() ?? [], family),
  4,
);

type AnyRoute = RouteOf<IpFamily>;

interface RouteFacts extends NodeFacts {
  readonly network: InterfaceAddress<Ip>;
  /** Whether there is a neighbour of another AS. */
  readonly isOuter: boolean;
}

/** bird_aggr.cfg and bird_ipam.cfg. */
function routes(
  tx: ClusterTransaction,
  { node, configuration, network, isOuter }: RouteFacts,
): Pick<SpeakerConfig, 'blackholes' | 'learnt' | 'exports' | 'kernel'> {
  const { store } = tx.state;
  const family = familyOf(network.address);
  const pools = poolsOf(store.table(IP_POOLS), family);
  const everybodys: readonly AnyRoute[] = workloadRoutes(store.table(IPAM_BLOCKS), pools, family);
  const mine = everybodys.filter((route) => route.node === node.name);
  const blocks = mine.filter(({ kind }) => kind === 'block').map(({ prefix }) => prefix);
  const overlaid = isOuter ? overlayRoutes(everybodys, node.name, readHosts(store.table(NODES), family)) : [];
  const services = advertisesServices(configuration)
    ? staticRoutes(node, configuration, {
        family,
        routes: readServiceRoutes(
          store.table(SERVICES),
          store.table(ENDPOINT_SLICES),
          configuration.services,
        ),
      })
    : [];
  return {
    blackholes: [...blocks.filter((block) => !isSingle(block)), ...services],
    learnt: [...mine.flatMap(kernelRoute), ...overlaid],
    exports: exportRules({
      pools,
      blocks,
      services,
      isReflector: node.clusterId !== undefined,
      configuration,
      node: node.name,
      family,
    }),
    kernel: kernelRules({
      pools,
      services: inFamily(wholeRanges(configuration.services), family),
      programsClusterRoutes: configuration.programsClusterRoutes,
      address: network,
    }),
  };
}

const isSingle = ({ base, length }: IpCidr): boolean => length === addressBits(base);

/** The route of an own pod's address: the CNI plugin's, where no own block covers it. */
const kernelRoute = ({ kind, prefix }: AnyRoute): readonly IpCidr[] =>
  kind === 'borrowed' || (kind === 'block' && isSingle(prefix)) ? [prefix] : [];

/**
 * Felix's VXLAN routes to other nodes: BIRD reads them from the kernel, keeps them from inner peers and tells outer ones, so that
 * a router hears of every block from every node.
 */
function overlayRoutes(all: readonly AnyRoute[], node: string, hosts: HostsOf<IpFamily>): readonly IpCidr[] {
  const isReached = (name: string): boolean => hosts.get(name)?.vxlanTunnel !== undefined;
  if (!isReached(node)) return [];
  return all
    .filter((route) => route.node !== node && (route.pool?.vxlanMode ?? 'Never') !== 'Never')
    .filter((route) => isReached(route.node))
    .map(({ prefix }) => prefix);
}
