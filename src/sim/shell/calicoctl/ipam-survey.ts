/**
 * What IPAM has given out, held against what pods and nodes use: the facts behind `ipam check` and its report.
 * Source: calicoctl/calicoctl/commands/ipam/check.go, Calico v3.32.1.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import type { Ip } from '../../../model/ip.ts';
import { formatIp, parseIp } from '../../../model/ip-family.ts';
import {
  addressOf,
  attributesOf,
  sequenceOf,
  type Attributes,
  type Block,
} from '../../cni/calico/ipam/block.ts';
import { IpamStore } from '../../cni/calico/ipam/ipam-store.ts';
import { poolHolding } from '../../cni/calico/ipam/pools.ts';
import { readPool, type AnyPool } from '../../cni/calico/ippool.ts';
import {
  CALICO_VERSION,
  CLUSTER_INFORMATIONS,
  IPAM_HANDLES,
  IP_POOLS,
  KUBE_CONTROLLERS_CONFIGURATIONS,
  NODES,
  NODE_ANNOTATION,
  PODS,
} from '../../cni/calico/kinds.ts';
import { isFinished } from '../../cni/calico/kube-controllers/allocations.ts';
import { isManaged } from '../../cni/calico/kube-controllers/service-wishes.ts';
import { workloadEndpointName } from '../../cni/calico/names.ts';
import { podAddresses } from '../../cni/calico/pod-addresses.ts';
import { at, compact, listAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Client } from './client.ts';

export interface Allocation {
  readonly address: Ip;
  readonly attributes: Attributes;
  readonly sequence: number;
  readonly node: string;
  readonly borrowed: boolean;
}

export interface Handle {
  readonly id: string;
  readonly uid: string;
  readonly revision: string;
}

/** An address in use, and by whom: `Node(node1)`, `Workload(default/node1-k8s-web-eth0)`. */
export interface Use {
  readonly address: Ip;
  readonly owner: string;
}

export interface Survey {
  readonly blocks: readonly { readonly block: Block; readonly allocations: readonly Allocation[] }[];
  /** Those that are not disabled. */
  readonly pools: readonly AnyPool[];
  readonly nodes: readonly Use[];
  /** Absent when the configuration of Calico's controllers has no load balancer. */
  readonly services: { readonly count: number; readonly uses: readonly Use[] } | undefined;
  readonly workloads: readonly Use[];
  readonly handles: readonly Handle[];
  readonly cluster: KubeObject | undefined;
}

export function surveyOf(client: Client): Survey {
  const { objects } = client;
  const pods = client.list('/api/v1/pods', PODS);
  return {
    blocks: new IpamStore(objects).blocks().map((block) => ({ block, allocations: allocationsOf(block) })),
    pools: objects.list(IP_POOLS).flatMap((object) => {
      const pool = readPool(object);
      return pool && !pool.disabled ? [pool] : [];
    }),
    nodes: objects.list(NODES).flatMap(nodeUses),
    services: loadBalancers(client),
    workloads: pods.ok ? pods.value.items.flatMap(podUses) : [],
    handles: objects.list(IPAM_HANDLES).map(({ spec, metadata }) => ({
      id: String(spec?.['handleID'] ?? ''),
      uid: metadata.uid ?? '',
      revision: metadata.resourceVersion ?? '',
    })),
    cluster: objects.get(CLUSTER_INFORMATIONS, 'default'),
  };
}

function allocationsOf(block: Block): readonly Allocation[] {
  const home = block.affinity?.startsWith('host:') === true ? block.affinity.slice('host:'.length) : '';
  return block.allocations.flatMap((_, ordinal) => {
    const attributes = attributesOf(block, ordinal);
    if (!attributes) return [];
    const node = attributes.secondary['node'] ?? home;
    const sequence = sequenceOf(block, ordinal);
    return [{ address: addressOf(block, ordinal), attributes, sequence, node, borrowed: node !== home }];
  });
}

function use(address: string, owner: string): readonly Use[] {
  const parsed = parseIp(address.replace(/\/32$/, ''));
  return parsed === undefined ? [] : [{ address: parsed, owner }];
}

/** The real tool does not ask for the addresses of IPv6 tunnels, and so calls them leaked. */
const nodeUses = ({ metadata }: KubeObject): readonly Use[] =>
  [NODE_ANNOTATION.vxlanTunnel, NODE_ANNOTATION.ipipTunnel].flatMap((key) =>
    use(metadata.annotations?.[key] ?? '', `Node(${metadata.name})`),
  );

/** A pod that has ended has given its address back. */
function podUses(pod: KubeObject): readonly Use[] {
  const { metadata, spec } = pod;
  const node = textAt(spec, 'nodeName');
  if (spec?.['hostNetwork'] === true || node === '' || isFinished(pod)) return [];
  const endpoint = workloadEndpointName(node, metadata.name);
  const owner = `Workload(${metadata.namespace ?? 'default'}/${endpoint})`;
  return podAddresses(pod).map((address) => ({ address, owner }));
}

/** Services that Calico's own load balancer serves. */
function loadBalancers(client: Client): Survey['services'] {
  const configuration = client.objects.get(KUBE_CONTROLLERS_CONFIGURATIONS, 'default')?.spec;
  const settings = at(configuration, 'controllers', 'loadBalancer');
  if (settings === undefined) return undefined;
  const assignIps = textAt(settings, 'assignIPs') || 'AllServices';
  const services = client.list('/api/v1/services', 'services');
  const own = (services.ok ? services.value.items : []).filter((service) => isManaged(service, assignIps));
  const uses = own.flatMap(({ metadata, status }) =>
    listAt(status, 'loadBalancer', 'ingress').flatMap((ingress) => use(textAt(ingress, 'ip'), metadata.name)),
  );
  return { count: own.length, uses };
}

export interface Findings {
  readonly allocations: readonly Allocation[];
  /** Address -> who uses it. */
  readonly users: ReadonlyMap<Ip, readonly string[]>;
  readonly leaked: readonly Allocation[];
  readonly outsidePools: readonly Ip[];
  readonly unallocated: readonly Ip[];
  readonly strayHandles: readonly Handle[];
  /** Mentioned in blocks, but without an object. */
  readonly missingHandles: readonly string[];
}

export function judged({ blocks, pools, nodes, services, workloads, handles }: Survey): Findings {
  const users = new Map<Ip, string[]>();
  for (const { address, owner } of [...nodes, ...(services?.uses ?? []), ...workloads])
    users.set(address, [...(users.get(address) ?? []), owner]);
  const allocations = blocks.flatMap((each) => each.allocations);
  const allocated = new Set(allocations.map(({ address }) => address));
  const mentioned = new Set(allocations.flatMap(({ attributes }) => attributes.handle_id ?? []));
  const known = new Set(handles.map(({ id }) => id));
  const loose = [...users.keys()].filter((address) => !allocated.has(address));
  return {
    allocations,
    users,
    leaked: allocations.filter(({ address }) => !users.has(address)),
    outsidePools: loose.filter((address) => !poolHolding(pools, address)),
    unallocated: loose.filter((address) => poolHolding(pools, address)),
    strayHandles: handles.filter(({ id }) => !mentioned.has(id)),
    missingHandles: [...mentioned].filter((handle) => !known.has(handle)),
  };
}

/** The file of `ipam check -o`, in the order of Go's structs. */
export function reportOf({ cluster }: Survey, { allocations, users, strayHandles }: Findings): JsonObject {
  const spec = cluster?.spec;
  const entries = allocations
    .map((each) => [formatIp(each.address), [reported(each, users)]] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    version: CALICO_VERSION,
    clusterGUID: String(spec?.['clusterGUID'] ?? ''),
    datastoreLocked: spec?.['datastoreReady'] === false,
    clusterInformationRevision: cluster?.metadata.resourceVersion ?? '',
    clusterType: String(spec?.['clusterType'] ?? ''),
    allocations: Object.fromEntries(entries),
    ...(strayHandles.length > 0 && {
      leakedHandles: strayHandles.map(({ id, uid, revision }) => ({ ID: id, UID: uid, Revision: revision })),
    }),
  };
}

function reported(allocation: Allocation, users: Findings['users']): Json {
  const { address, attributes, sequence, node, borrowed } = allocation;
  const { pod, namespace, type, timestamp } = attributes.secondary;
  const owners = users.get(address);
  return compact({
    ip: formatIp(address),
    handle: attributes.handle_id,
    sequenceNumber: sequence,
    pod,
    namespace,
    node: node === '' ? undefined : node,
    type,
    creationTimestamp: timestamp,
    inUse: owners !== undefined,
    borrowed: borrowed || undefined,
    owners: owners ?? null,
  });
}
