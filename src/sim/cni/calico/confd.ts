/**
 * confd: renders what BIRD runs with on each node where calico-node runs with the `bird` backend: the mesh, the own blocks as
 * static routes, and the filters that decide what peers and the kernel are told. The record lives in a table of the store that
 * no API serves; `routing/` runs the daemons.
 * Sources: confd/etc/calico/confd/templates/bird{,_aggr,_ipam}.cfg.template, Calico v3.32.1. Left out: BGPPeer and what
 * belongs to it (reflectors, passwords, filters), communities, service routes, IPv6.
 */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import { cidrOf, formatIpv4, type Cidr, type InterfaceAddress } from '../../../model/ip.ts';
import type { Change, Controller } from '../../kube/controller.ts';
import { podsOnNode } from '../../kube/controllers/ownership.ts';
import { at, listAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import type { ExportRule, KernelRule, NeighbourConfig, SpeakerConfig } from '../../routing/speaker-config.ts';
import { readHosts, type CalicoHost, type Hosts } from './felix/hosts.ts';
import { workloadRoutes, type WorkloadRoute } from './felix/l3-routes.ts';
import { hostOf, readBlock } from './ipam/block.ts';
import { readPools, type IpPool } from './ippool.ts';
import {
  annotation,
  BGP_CONFIGURATIONS,
  IPAM_BLOCKS,
  IP_POOLS,
  NODES,
  NODE_ANNOTATION,
  PODS,
} from './kinds.ts';
import { IPIP_DEVICE } from './names.ts';

export const BIRD_CONFIGURATIONS = 'birdconfigurations.simulator';

const EVERY_NODE = '*';
const DEFAULT_AS = 64512;
/** What BIRD asks for unless BGPConfiguration says otherwise. */
const RESTART_TIME = 120;

/** Keys: a node, or `*` for all that run BIRD already. */
export const confd: Controller = {
  name: 'confd',
  react: (change) => nodesConcerned(change).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    if (key === EVERY_NODE) {
      for (const { metadata } of tx.list(BIRD_CONFIGURATIONS)) render(tx, metadata.name);
    } else render(tx, key);
  },
};

/** The configuration in a record of the store. */
export function birdConfiguration(record: KubeObject): SpeakerConfig {
  return record.spec as unknown as SpeakerConfig;
}

function nodesConcerned(change: Change): readonly string[] {
  const { resource, before, after } = change;
  switch (resource) {
    case PODS:
      return isCalicoNode(after ?? before) ? [textAt((after ?? before)?.spec, 'nodeName')] : [];
    case NODES:
      return NODE_FACTS.some((name) => annotation(before, name) !== annotation(after, name))
        ? [EVERY_NODE]
        : [];
    case IP_POOLS:
    case BGP_CONFIGURATIONS:
      return [EVERY_NODE];
    case IPAM_BLOCKS:
      return blockHolders(before, after);
    default:
      return [];
  }
}

const NODE_FACTS = [NODE_ANNOTATION.address, NODE_ANNOTATION.asNumber];

/** Where a manifest and where the operator puts calico-node. */
const NAMESPACES = ['kube-system', 'calico-system'];

const isCalicoNode = (pod: KubeObject | undefined): boolean =>
  pod?.metadata.labels?.['k8s-app'] === 'calico-node';

/** Nodes whose blocks or borrowed addresses a change of one block moved. */
function blockHolders(before: KubeObject | undefined, after: KubeObject | undefined): readonly string[] {
  if (before && after && soleHolder(before) !== undefined && soleHolder(before) === soleHolder(after))
    return [];
  const [old, now] = [holders(before), holders(after)];
  return [...new Set([...old, ...now].map(([node]) => node))].filter(
    (node) => old.get(node) !== now.get(node),
  );
}

/** The affinity of a block from which nobody borrows: most blocks, at most changes, without reading the whole of them. */
function soleHolder({ spec }: KubeObject): string | undefined {
  const affinity = textAt(spec, 'affinity');
  const node = affinity.slice(affinity.indexOf(':') + 1);
  const borrowed = listAt(spec, 'attributes').some((attribute) => {
    const holder = textAt(attribute, 'secondary', 'node');
    return holder !== '' && holder !== node;
  });
  return borrowed || affinity === '' ? undefined : affinity;
}

function holders(object: KubeObject | undefined): ReadonlyMap<string, string> {
  const block = object && readBlock(object);
  if (!block) return new Map();
  const owner = hostOf(block);
  const held = new Map(owner === undefined ? [] : [[owner, 'block']]);
  const borrowers = block.attributes.flatMap(({ secondary }, index) =>
    secondary['node'] === undefined || secondary['node'] === owner
      ? []
      : [{ node: secondary['node'], index }],
  );
  for (const { node, index } of borrowers) {
    const ordinals = block.allocations.flatMap((each, ordinal) => (each === index ? [ordinal] : []));
    held.set(node, `${held.get(node) ?? ''} ${ordinals.join(',')}`);
  }
  return held;
}

/** Writes the node's record, or takes it away where no BIRD runs. */
function render(tx: ClusterTransaction, node: string): void {
  const record = tx.get(BIRD_CONFIGURATIONS, undefined, node);
  const config = configurationOf(tx, node, record && birdConfiguration(record));
  const spec = config as unknown as JsonObject | undefined;
  if (!spec) tx.delete(BIRD_CONFIGURATIONS, undefined, node);
  else if (!jsonEquals(record?.spec, spec)) {
    tx.put(BIRD_CONFIGURATIONS, {
      apiVersion: 'simulator/v1',
      kind: 'BirdConfiguration',
      metadata: { name: node },
      spec,
    });
  }
}

function configurationOf(
  tx: ClusterTransaction,
  node: string,
  before: SpeakerConfig | undefined,
): SpeakerConfig | undefined {
  const { store } = tx.state;
  const process = calicoNodeProcess(tx, node);
  // A process reads the backend when it starts; changing the ConfigMap alone changes nothing.
  if (process === undefined || (before?.process !== process && !usesBird(tx))) return undefined;
  const hosts = readHosts(store.table(NODES));
  const address = hosts.get(node)?.address;
  if (!address) return undefined;
  const pools = readPools(tx.list(IP_POOLS));
  const routes = workloadRoutes(store.table(IPAM_BLOCKS), pools);
  const mine = routes.filter((route) => route.node === node);
  const bgp = bgpConfiguration(tx);
  const own = { name: node, address, asNumber: asNumberOf(tx, node) ?? bgp.asNumber };
  const blocks = mine.filter(({ kind }) => kind === 'block').map(({ prefix }) => prefix);
  return {
    process,
    routerId: address.address,
    asNumber: own.asNumber,
    blackholes: blocks.filter(({ length }) => length < 32),
    learnt: mine.flatMap(kernelRoute),
    neighbours: bgp.mesh ? mesh(tx, own, { hosts, bgp }) : [],
    exports: exportRules(pools, blocks),
    kernel: pools.map((pool) => kernelProgramming(pool, cidrOf(address.address, address.length))),
  };
}

/** A /32 route of an own pod: the CNI plugin's route of an address, where no own block covers it. */
const kernelRoute = ({ kind, prefix }: WorkloadRoute): readonly Cidr[] =>
  kind === 'borrowed' || (kind === 'block' && prefix.length === 32) ? [prefix] : [];

/** Names the running process; undefined while no calico-node container runs on the node. */
function calicoNodeProcess(tx: ClusterTransaction, node: string): string | undefined {
  for (const pod of podsOnNode(tx, node)) {
    if (!NAMESPACES.includes(pod.metadata.namespace ?? '') || !isCalicoNode(pod)) continue;
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const status = listAt(pod.status, 'containerStatuses').find(({ name }) => name === 'calico-node');
    if (at(status, 'state', 'running') !== undefined) return textAt(status, 'containerID');
  }
  return undefined;
}

/** calico_backend of the manifest's ConfigMap; an install without one runs BIRD. */
function usesBird(tx: ClusterTransaction): boolean {
  const data = tx.get('configmaps', 'kube-system', 'calico-config')?.['data'];
  const backend = textAt(data, 'calico_backend');
  return backend === '' || backend === 'bird';
}

interface BgpConfiguration {
  readonly mesh: boolean;
  readonly asNumber: number;
  readonly restartTime: number;
}

function bgpConfiguration(tx: ClusterTransaction): BgpConfiguration {
  const spec = tx.get(BGP_CONFIGURATIONS, undefined, 'default')?.spec;
  return {
    mesh: spec?.['nodeToNodeMeshEnabled'] !== false,
    asNumber: asNumber(spec?.['asNumber']) ?? DEFAULT_AS,
    restartTime: seconds(textAt(spec, 'nodeMeshMaxRestartTime')) ?? RESTART_TIME,
  };
}

/** A number, or text in plain or in dotted notation (`1.10` is 65546). */
function asNumber(value: unknown): number | undefined {
  const match = /^(?:(\d+)\.)?(\d+)$/.exec(String(value ?? ''));
  return match ? Number(match[1] ?? 0) * 65536 + Number(match[2]) : undefined;
}

/** A Go duration of hours, minutes and seconds. */
function seconds(text: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (!match || text === '') return undefined;
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
}

const asNumberOf = (tx: ClusterTransaction, node: string): number | undefined =>
  asNumber(annotation(tx.get(NODES, undefined, node), NODE_ANNOTATION.asNumber));

interface OwnEnd {
  readonly name: string;
  readonly address: InterfaceAddress;
  readonly asNumber: number;
}

interface MeshFacts {
  readonly hosts: Hosts;
  readonly bgp: BgpConfiguration;
}

/**
 * A session with every other node. Of two nodes one calls: the one whose peer's address does not sort behind its own, and it
 * is texts that are compared.
 */
function mesh(tx: ClusterTransaction, own: OwnEnd, { hosts, bgp }: MeshFacts): readonly NeighbourConfig[] {
  const source = own.address.address;
  return [...hosts.values()].flatMap(({ name, address }: CalicoHost): readonly NeighbourConfig[] => {
    if (!address || name === own.name || address.address === source) return [];
    const text = formatIpv4(address.address);
    return [
      {
        name: `Mesh_${text.replaceAll('.', '_')}`,
        address: address.address,
        asNumber: asNumberOf(tx, name) ?? bgp.asNumber,
        localAs: own.asNumber,
        source,
        passive: text > formatIpv4(source),
        restartTime: bgp.restartTime,
      },
    ];
  });
}

/** bird_ipam.cfg and bird_aggr.cfg: not the pools that are kept private, own blocks as a whole, all else inside the pools. */
function exportRules(pools: readonly IpPool[], blocks: readonly Cidr[]): readonly ExportRule[] {
  const [hidden, open] = [pools.filter(isHidden), pools.filter((pool) => !isHidden(pool))];
  return [
    ...hidden.map(({ cidr: prefix }) => ({ prefix, match: 'within', accept: false }) as const),
    ...blocks.flatMap(
      (prefix) =>
        [
          { prefix, match: 'exact', accept: true },
          { prefix, match: 'within', accept: false },
        ] as const,
    ),
    ...open.map(({ cidr: prefix }) => ({ prefix, match: 'within', accept: true }) as const),
  ];
}

const isHidden = ({ disableBgpExport }: IpPool): boolean => disableBgpExport;

/** calico_kernel_programming: VXLAN is Felix's; IPIP goes through tunl0, across subnets only where the pool says so. */
function kernelProgramming({ cidr: within, vxlanMode, ipipMode }: IpPool, network: Cidr): KernelRule {
  if (vxlanMode !== 'Never') return { within, accept: false };
  if (ipipMode === 'Never') return { within, accept: true };
  const unless = ipipMode === 'CrossSubnet' ? { unless: network } : {};
  return { within, accept: true, tunnel: { device: IPIP_DEVICE, ...unless } };
}
