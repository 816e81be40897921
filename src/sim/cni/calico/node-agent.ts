/**
 * The parts of calico-node that write to the datastore: `allocateip`, which gives each node the tunnel address that the
 * pools ask for, and the tunnel devices that follow from it. What Felix programs is not written anywhere; `felix/` derives it.
 * Sources: node/pkg/allocateip/allocateip.go, felix/dataplane/linux/{vxlan_mgr,ipip_mgr}.go, Calico v3.32.1.
 */
import { cidrContains, formatIpv4, parseIpv4, type Cidr } from '../../../model/ip.ts';
import type { Change, Controller } from '../../kube/controller.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { encapsulations } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { forgetNode, setDevices } from './interface-index.ts';
import { Ipam } from './ipam/ipam.ts';
import { selectsNode } from './ipam/pools.ts';
import { readPools, type IpPool } from './ippool.ts';
import { FELIX_CONFIGURATIONS, IP_POOLS, NODES, NODE_ANNOTATION, annotation } from './kinds.ts';
import { IPIP_DEVICE, VXLAN_DEVICE } from './names.ts';

/** A tunnel kind: where its address is annotated and how its allocation is labelled. */
interface Tunnel {
  readonly annotation: string;
  readonly type: 'ipipTunnelAddress' | 'vxlanTunnelAddress';
  readonly handle: (node: string) => string;
  readonly wanted: (pool: IpPool) => boolean;
}

/** In the order in which allocateip works through them. */
const TUNNELS: readonly Tunnel[] = [
  {
    annotation: NODE_ANNOTATION.ipipTunnel,
    type: 'ipipTunnelAddress',
    handle: (node) => `ipip-tunnel-addr-${node}`,
    wanted: (pool) => pool.ipipMode !== 'Never',
  },
  {
    annotation: NODE_ANNOTATION.vxlanTunnel,
    type: 'vxlanTunnelAddress',
    handle: (node) => `vxlan-tunnel-addr-${node}`,
    wanted: (pool) => pool.vxlanMode !== 'Never',
  },
];

/** How long a failed assignment waits: calico-node exits and is started again. */
const RETRY = 10_000;

/**
 * As upstream, tunnel addresses are looked at when pools change and when a node joins; a changed annotation or label alone
 * waits for the next of these. Devices follow annotations at once. Keys: `<node>`, `<node>/devices`.
 */
export const calicoNode: Controller = {
  name: 'calico-node',
  react: (change, { store }) => keysFor(change, () => store.list(NODES)).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    const [name = '', part] = key.split('/');
    if (part === undefined && !tendNode(tx, name)) tx.schedule(calicoNode.name, key, RETRY);
    if (part !== undefined) tendDevices(tx, name);
  },
};

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

const DEVICE_ANNOTATIONS = [NODE_ANNOTATION.address, NODE_ANNOTATION.vxlanTunnel];

/** Brings a node's tunnel addresses and devices in line. False when an address could not be had. */
export function tendNode(tx: ClusterTransaction, name: string): boolean {
  const node = tx.get(NODES, undefined, name);
  if (!node) {
    forgetNode(tx, name);
    return true;
  }
  const ipam = new Ipam(transactionDatastore(tx));
  const outcomes = TUNNELS.map((tunnel) => tendTunnel(tx, ipam, name, tunnel));
  tendDevices(tx, name);
  return outcomes.every((settled) => settled);
}

function tendTunnel(tx: ClusterTransaction, ipam: Ipam, name: string, tunnel: Tunnel): boolean {
  const node = tx.get(NODES, undefined, name);
  const labels = node?.metadata.labels ?? {};
  const pools = ipam
    .pools()
    .filter(
      (pool) =>
        tunnel.wanted(pool) &&
        !pool.disabled &&
        pool.allowedUses.includes('Tunnel') &&
        selectsNode(pool, labels),
    )
    .map((pool) => pool.cidr);
  const current = annotation(node, tunnel.annotation);
  if (pools.length === 0) {
    ipam.releaseHandle(tunnel.handle(name));
    annotate(tx, name, tunnel.annotation, undefined);
    return true;
  }
  if (current !== undefined && isGood(ipam, name, { current, pools, tunnel })) return true;
  ipam.releaseHandle(tunnel.handle(name));
  const assigned = ipam.autoAssign({
    node: name,
    handle: tunnel.handle(name),
    secondary: { node: name, type: tunnel.type },
    use: 'Tunnel',
    requested: pools,
  });
  annotate(tx, name, tunnel.annotation, assigned.ok ? formatIpv4(assigned.value) : undefined);
  return assigned.ok;
}

interface Held {
  readonly current: string;
  readonly pools: readonly Cidr[];
  readonly tunnel: Tunnel;
}

/** Whether the annotated address is this node's own tunnel address in one of the pools that ask for it. */
function isGood(ipam: Ipam, node: string, { current, pools, tunnel }: Held): boolean {
  const address = parseIpv4(current);
  if (address === undefined || !pools.some((pool) => cidrContains(pool, address))) return false;
  const owner = ipam.owner(address)?.secondary;
  return owner?.['type'] === tunnel.type && owner['node'] === node;
}

function annotate(tx: ClusterTransaction, name: string, key: string, value: string | undefined): void {
  const node = tx.get(NODES, undefined, name);
  if (!node || annotation(node, key) === value) return;
  const { [key]: _old, ...others } = node.metadata.annotations ?? {};
  const annotations = value === undefined ? others : { ...others, [key]: value };
  tx.put(NODES, { ...node, metadata: { ...node.metadata, annotations } });
}

/** vxlan.calico comes and goes with VXLAN; tunl0 is the kernel's own and stays once its module was loaded. */
function tendDevices(tx: ClusterTransaction, name: string): void {
  const node = tx.get(NODES, undefined, name);
  if (!node) return;
  const felix = felixConfiguration(tx.state.store.table(FELIX_CONFIGURATIONS), name);
  const enabled = encapsulations(readPools(tx.list(IP_POOLS)), felix);
  const isVtep = DEVICE_ANNOTATIONS.every((key) => annotation(node, key) !== undefined);
  setDevices(tx, name, [
    ...(enabled.ipip ? [IPIP_DEVICE] : []),
    ...(enabled.vxlan && isVtep ? [VXLAN_DEVICE] : []),
  ]);
}
