/**
 * The parts of calico-node that write to the datastore: `allocateip`, which gives each node the tunnel address that the
 * pools ask for, and the tunnel devices that follow from it. What Felix programs is not written anywhere; `felix/` derives it.
 * Sources: node/pkg/allocateip/allocateip.go, felix/dataplane/linux/{vxlan_mgr,ipip_mgr}.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../base/json.ts';
import { ok, type Result } from '../../../base/result.ts';
import { formatIp, ipCidrContains, parseIp, type IpFamily } from '../../../model/ip-family.ts';
import type { Change, Controller } from '../../kube/controller.ts';
import type { HasMachine } from '../../kube/controllers/kubelet.ts';
import { nodeAgent } from '../../kube/controllers/node-agent.ts';
import { withCondition } from '../../kube/controllers/pod-state.ts';
import { listAt } from '../../kube/fields.ts';
import { lastSeen } from '../../kube/last-seen.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { encapsulations } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { forgetNode, setDevices } from './interface-index.ts';
import { host } from './ipam/affinity.ts';
import { Ipam } from './ipam/ipam.ts';
import { selectsNode } from './ipam/pools.ts';
import { allPools, type AnyPool } from './ippool.ts';
import { FELIX_CONFIGURATIONS, IP_POOLS, NODES, NODE_ANNOTATION, annotation } from './kinds.ts';
import { IPIP_DEVICE, VXLAN6_DEVICE, VXLAN_DEVICE } from './names.ts';
import { NODE_ENVIRONMENTS, nodeEnvironment } from './node-environment.ts';

/** A tunnel kind: where its address is annotated and how its allocation is labelled. */
interface Tunnel {
  readonly annotation: string;
  readonly family: IpFamily;
  readonly type: 'ipipTunnelAddress' | 'vxlanTunnelAddress' | 'vxlanV6TunnelAddress';
  readonly handle: (node: string) => string;
  readonly wanted: (pool: AnyPool) => boolean;
}

/** In the order in which allocateip works through them. */
const TUNNELS: readonly Tunnel[] = [
  {
    annotation: NODE_ANNOTATION.ipipTunnel,
    family: 4,
    type: 'ipipTunnelAddress',
    handle: (node) => `ipip-tunnel-addr-${node}`,
    wanted: (pool) => pool.ipipMode !== 'Never',
  },
  {
    annotation: NODE_ANNOTATION.vxlanTunnel,
    family: 4,
    type: 'vxlanTunnelAddress',
    handle: (node) => `vxlan-tunnel-addr-${node}`,
    wanted: (pool) => pool.vxlanMode !== 'Never',
  },
  {
    annotation: NODE_ANNOTATION.vxlanTunnel6,
    family: 6,
    type: 'vxlanV6TunnelAddress',
    handle: (node) => `vxlan-v6-tunnel-addr-${node}`,
    wanted: (pool) => pool.vxlanMode !== 'Never',
  },
];

const NAME = 'calico-node';

/** How long a failed assignment waits: calico-node exits and is started again. */
const RETRY = 10_000;

/**
 * As upstream, tunnel addresses are looked at when pools change and when a node joins; a changed annotation or label alone
 * waits for the next of these. Devices follow annotations at once. Keys: `<node>`, `<node>/devices`.
 */
export const calicoNode = (hasMachine: HasMachine): Controller => ({
  name: NAME,
  watches: [NODES, IP_POOLS, FELIX_CONFIGURATIONS],
  react: (change, { store }) => keysFor(change, () => store.list(NODES)).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    const [name = '', part] = key.split('/');
    const isThere = tx.get(NODES, undefined, name) !== undefined;
    if (isThere && (!hasMachine(name) || lastSeen(tx, NAME, name))) return;
    if (part === undefined && !tendNode(tx, name)) tx.schedule(NAME, key, RETRY);
    if (part !== undefined) tendDevices(tx, name);
  },
});

/** The process on each node: it tells Kubernetes whether the node has a network (node/pkg/lifecycle/{startup,shutdown}). */
export const calicoNodeProcess: Controller = nodeAgent({
  name: NAME,
  stoppedBy: ['calico-node', 'felix'],
  started: (tx, node) => {
    if (!tendNode(tx, node)) tx.schedule(NAME, node, RETRY);
    // With the backend `none` the network is not Calico's to speak for.
    const { backend } = nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, node));
    if (backend !== 'none') setNetworkUnavailable(tx, node, NETWORK_UP);
  },
  shutDown: (tx, node) => setNetworkUnavailable(tx, node, NETWORK_DOWN),
});

const NETWORK_UP = {
  type: 'NetworkUnavailable',
  status: 'False',
  reason: 'CalicoIsUp',
  message: 'Calico is running on this node',
};
const NETWORK_DOWN = {
  type: 'NetworkUnavailable',
  status: 'True',
  reason: 'CalicoIsDown',
  message: 'Calico is shutting down on this node',
};

function setNetworkUnavailable(tx: ClusterTransaction, name: string, condition: typeof NETWORK_UP): void {
  const node = tx.get(NODES, undefined, name);
  const before = listAt(node?.status, 'conditions');
  if (!node || before.some(({ type, reason }) => type === condition.type && reason === condition.reason))
    return;
  tx.put(NODES, { ...node, status: { ...node.status, conditions: withNetwork(tx, node, condition) } });
}

/** A new condition is merged in before the others. */
function withNetwork(
  tx: ClusterTransaction,
  node: KubeObject,
  condition: typeof NETWORK_UP,
): readonly JsonObject[] {
  const before = listAt(node.status, 'conditions');
  const heard = { ...condition, lastHeartbeatTime: tx.timestamp };
  const isKnown = before.some(({ type }) => type === condition.type);
  const made = { ...heard, lastTransitionTime: tx.timestamp };
  return isKnown ? withCondition(before, heard, tx.timestamp) : [made, ...before];
}

/** The conditions of a node on which calico-node has started. */
export const withNetworkUp = (tx: ClusterTransaction, node: KubeObject): readonly JsonObject[] =>
  withNetwork(tx, node, NETWORK_UP);

function keysFor(change: Change, nodes: () => readonly KubeObject[]): readonly string[] {
  switch (change.resource) {
    case IP_POOLS:
      return nodes().map((node) => node.metadata.name);
    case FELIX_CONFIGURATIONS:
      return nodes().map((node) => `${node.metadata.name}/devices`);
    case NODES:
      return nodeKeys(change);
    default:
      return [];
  }
}

function nodeKeys({ before, after }: Change): readonly string[] {
  const name = (after ?? before)?.metadata.name ?? '';
  if (!before || !after) return [name];
  const moved = DEVICE_ANNOTATIONS.some((key) => annotation(before, key) !== annotation(after, key));
  return moved ? [`${name}/devices`] : [];
}

/** What a VXLAN device of each family needs. */
const VTEP_ANNOTATIONS = {
  4: [NODE_ANNOTATION.address, NODE_ANNOTATION.vxlanTunnel],
  6: [NODE_ANNOTATION.address6, NODE_ANNOTATION.vxlanTunnel6],
} as const;
const DEVICE_ANNOTATIONS = [...VTEP_ANNOTATIONS[4], ...VTEP_ANNOTATIONS[6]];

/** Brings a node's tunnel addresses and devices in line. False when an address could not be had. */
export function tendNode(tx: ClusterTransaction, name: string): boolean {
  const node = tx.get(NODES, undefined, name);
  if (!node) {
    forgetNode(tx, name);
    return true;
  }
  const settled = tendTunnels(tx, node);
  tendDevices(tx, name);
  return settled;
}

/** All or nothing: when one address cannot be had, those of this round go back and the node stays as it is written. */
function tendTunnels(tx: ClusterTransaction, node: KubeObject): boolean {
  const ipam = new Ipam(transactionDatastore(tx));
  const changes: (readonly [string, string | undefined])[] = [];
  const assigned: string[] = [];
  for (const tunnel of TUNNELS) {
    const found = tunnelAddress(ipam, node, tunnel);
    if (!found.ok) {
      for (const handle of assigned) ipam.releaseHandle(handle);
      return false;
    }
    changes.push([tunnel.annotation, found.value]);
    if (found.value !== undefined && found.value !== annotation(node, tunnel.annotation))
      assigned.push(tunnel.handle(node.metadata.name));
  }
  annotate(tx, node, changes);
  return true;
}

/** The address that the node's tunnel has or now gets; undefined when no pool asks for the tunnel. */
function tunnelAddress(ipam: Ipam, node: KubeObject, tunnel: Tunnel): Result<string | undefined, string> {
  const { name } = node.metadata;
  const handle = tunnel.handle(name);
  const pools = poolsAsking(ipam, node, tunnel);
  if (pools.length === 0) {
    ipam.releaseHandle(handle);
    return ok(undefined);
  }
  const current = parseIp(annotation(node, tunnel.annotation) ?? '');
  const holder = current === undefined ? undefined : ipam.holder(current);
  const isOurs = holder?.handle_id === handle;
  if (current !== undefined && isOurs && pools.some((pool) => ipCidrContains(pool, current)))
    return ok(formatIp(current));
  // An address that somebody else holds by now is not ours to give back.
  if (!holder || isOurs) ipam.releaseHandle(handle);
  const assigned = ipam.autoAssign<IpFamily>({
    family: tunnel.family,
    owner: host(name),
    handle,
    secondary: { node: name, type: tunnel.type },
    use: 'Tunnel',
    requested: pools,
  });
  return assigned.ok ? ok(formatIp(assigned.value)) : assigned;
}

const poolsAsking = (ipam: Ipam, { metadata: { labels = {} } }: KubeObject, tunnel: Tunnel) =>
  ipam
    .pools<IpFamily>(tunnel.family)
    .filter((pool) => tunnel.wanted(pool) && !pool.disabled && pool.allowedUses.includes('Tunnel'))
    .filter((pool) => selectsNode(pool, labels))
    .map((pool) => pool.cidr);

function annotate(
  tx: ClusterTransaction,
  node: KubeObject,
  changes: readonly (readonly [string, string | undefined])[],
): void {
  if (changes.every(([key, value]) => annotation(node, key) === value)) return;
  const merged = new Map<string, string | undefined>([
    ...Object.entries(node.metadata.annotations ?? {}),
    ...changes,
  ]);
  const annotations = Object.fromEntries(
    [...merged].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
  tx.put(NODES, { ...node, metadata: { ...node.metadata, annotations } });
}

/** The VXLAN devices come and go with VXLAN; tunl0 is the kernel's own and stays once its module was loaded. */
function tendDevices(tx: ClusterTransaction, name: string): void {
  const node = tx.get(NODES, undefined, name);
  if (!node) return;
  const felix = felixConfiguration(tx.table(FELIX_CONFIGURATIONS), name);
  const enabled = encapsulations(allPools(tx.list(IP_POOLS)), felix);
  const isVtep = (family: IpFamily): boolean =>
    VTEP_ANNOTATIONS[family].every((key) => annotation(node, key) !== undefined);
  const { ipv6Support } = nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, name));
  setDevices(tx, name, [
    ...(enabled.ipip ? [IPIP_DEVICE] : []),
    ...(enabled.vxlan && isVtep(4) ? [VXLAN_DEVICE] : []),
    ...(enabled.vxlan6 && ipv6Support && isVtep(6) ? [VXLAN6_DEVICE] : []),
  ]);
}
