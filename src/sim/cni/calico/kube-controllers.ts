/**
 * calico-kube-controllers' IPAM garbage collection: a deleted node loses its blocks and tunnel addresses, and a node with
 * several blocks gives an empty one back after a while.
 * Source: kube-controllers/pkg/controllers/node/ipam.go, Calico v3.32.1. Left out: leaked addresses (every sandbox here is
 * torn down by the CNI plugin) and LoadBalancer addresses.
 */
import type { Change, Controller } from '../../kube/controller.ts';
import { listAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { hostOf, isEmpty, readBlock } from './ipam/block.ts';
import { Ipam } from './ipam/ipam.ts';
import { IpamStore } from './ipam/ipam-store.ts';
import { IPAM_BLOCKS, NODES } from './kinds.ts';

/** Milliseconds that a block must have been empty. */
const EMPTY_BLOCK_GRACE = 15 * 60_000;

export const calicoKubeControllers: Controller = {
  name: 'calico-kube-controllers',
  react: (change) => keysFor(change),
  reconcile: (tx, key) => {
    const [kind, name = '', sequence = ''] = key.split('/');
    if (kind === 'node') collectNode(tx, name);
    else collectBlock(tx, name, Number(sequence));
  },
};

function keysFor({
  resource,
  before,
  after,
}: Change): readonly { readonly key: string; readonly after: number }[] {
  if (resource === NODES && before && !after) return [{ key: `node/${before.metadata.name}`, after: 0 }];
  if (resource !== IPAM_BLOCKS || !after || holdsAddresses(after)) return [];
  const block = readBlock(after);
  if (!block || !isEmpty(block) || hostOf(block) === undefined) return [];
  // The sequence says later whether the block stayed untouched.
  return [{ key: `block/${after.metadata.name}/${block.sequence}`, after: EMPTY_BLOCK_GRACE }];
}

/** Seen without reading the whole block: blocks change with every pod. */
const holdsAddresses = (block: KubeObject): boolean =>
  listAt(block.spec, 'allocations').some((allocation) => allocation !== null);

function collectNode(tx: ClusterTransaction, node: string): void {
  if (tx.get(NODES, undefined, node)) return;
  const ipam = new Ipam(transactionDatastore(tx));
  for (const tunnel of ['ipip', 'vxlan']) ipam.releaseHandle(`${tunnel}-tunnel-addr-${node}`);
  ipam.releaseHost(node);
}

function collectBlock(tx: ClusterTransaction, name: string, sequence: number): void {
  const object = tx.get(IPAM_BLOCKS, undefined, name);
  const block = object && readBlock(object);
  const node = block && hostOf(block);
  if (!block || node === undefined || block.sequence !== sequence || !isEmpty(block)) return;
  const objects = transactionDatastore(tx);
  if (new IpamStore(objects).affinities(node).length > 1)
    new Ipam(objects).releaseAffinity(node, block.cidr, true);
}
