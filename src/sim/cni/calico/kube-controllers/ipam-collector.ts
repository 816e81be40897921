/**
 * calico-kube-controllers' garbage collection of IPAM: addresses whose pod is gone, blocks a node has no use for, and all
 * that a deleted node leaves behind. What looks leaked is a candidate first; it goes when it still does so after the grace
 * period, at one of the regular looks, which happen twice in a grace period.
 * Source: kube-controllers/pkg/controllers/node/ipam.go, Calico v3.32.1. The real one looks at everything each time; this
 * one remembers candidates on the agenda. Left out: virtual machines, metrics.
 */
import type { Millis } from '../../../core/time.ts';
import type { Change, Controller, Seen } from '../../../kube/controller.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { transactionDatastore } from '../datastore.ts';
import { host, parseAffinity } from '../ipam/affinity.ts';
import { hostOf, isEmpty, readBlock } from '../ipam/block.ts';
import { Ipam } from '../ipam/ipam.ts';
import { IpamStore } from '../ipam/ipam-store.ts';
import {
  CLUSTER_INFORMATIONS,
  IPAM_BLOCKS,
  IPAM_HANDLES,
  KUBE_CONTROLLERS_CONFIGURATIONS,
  NODES,
  PODS,
  annotation,
} from '../kinds.ts';
import { blockName, handleName, podHandle } from '../names.ts';
import { allocationsOf, isPodAddress, isPodValid, isTunnelAddress, releaseOf } from './allocations.ts';
import { kubeControllersConfig, tendConfiguration } from './configuration.ts';

const NAME = 'calico-kube-controllers';
/** While the datastore is locked, or with the collection turned off. */
const RECHECK = 5 * 60_000;

/**
 * Keys: `configuration`, `node/<name>` (is it gone?), `blocks/<node>` (has it one too many?), `block/<name>/<sequence>`,
 * `suspect/<handle>`, `leak/<handle>`.
 */
export const ipamCollector: Controller = {
  name: NAME,
  watches: [NODES, PODS, IPAM_BLOCKS, KUBE_CONTROLLERS_CONFIGURATIONS],
  react: (change, seen) => keysFor(change, seen).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    const slash = key.indexOf('/');
    const subject = key.slice(slash + 1);
    STEPS[slash < 0 ? key : key.slice(0, slash)]?.(tx, subject);
  },
};

const NOTHING: readonly string[] = [];

function keysFor(change: Change, seen: Seen): readonly string[] {
  const { resource, before, after } = change;
  switch (resource) {
    case NODES:
      return before && !after ? [`node/${before.metadata.name}`] : NOTHING;
    case PODS:
      return before && !after ? podKeys(before, seen) : NOTHING;
    case IPAM_BLOCKS:
      return after ? blockKeys(before, after, seen) : NOTHING;
    case KUBE_CONTROLLERS_CONFIGURATIONS:
      return ['configuration'];
    default:
      return NOTHING;
  }
}

/** A pod is gone: has its sandbox given back the address, and did the pod outlive its node? */
function podKeys(pod: KubeObject, { store }: Seen): readonly string[] {
  const container = annotation(pod, 'cni.projectcalico.org/containerID');
  const handle = container === undefined ? '' : podHandle(container);
  const node = textAt(pod.spec, 'nodeName');
  return [
    ...(handle !== '' && store.get(IPAM_HANDLES, undefined, handleName(handle)) ? [`suspect/${handle}`] : []),
    ...(node !== '' && !store.get(NODES, undefined, node) ? [`node/${node}`] : []),
  ];
}

/** Looks no further than it must: blocks change with every pod. */
function blockKeys(before: KubeObject | undefined, { spec }: KubeObject, seen: Seen): readonly string[] {
  const allocations = listAt(spec, 'allocations').length;
  const isNew = before === undefined;
  const emptied = listAt(spec, 'unallocated').length === allocations;
  const owner = isNew || emptied ? parseAffinity(textAt(spec, 'affinity')) : undefined;
  return [
    ...(owner?.type === 'host' ? [`blocks/${owner.name}`] : []),
    ...strangers(listAt(before?.spec, 'attributes'), listAt(spec, 'attributes'), seen),
  ];
}

/** Handles of allocations that were added for pods that do not exist. */
function strangers(
  before: readonly unknown[],
  after: readonly unknown[],
  { store }: Seen,
): readonly string[] {
  if (after.length < before.length || after.length === 0) return NOTHING;
  // Who was there before stays in front.
  const first = before.length > 0 && after[before.length - 1] === before.at(-1) ? before.length : 0;
  return after.slice(first).flatMap((attributes, index) => {
    if (attributes === before[first + index]) return [];
    const pod = textAt(attributes, 'secondary', 'pod');
    const namespace = textAt(attributes, 'secondary', 'namespace');
    const handle = textAt(attributes, 'handle_id');
    const known = pod === '' || handle === '' || store.get(PODS, namespace, pod) !== undefined;
    return known ? [] : [`suspect/${handle}`];
  });
}

type Step = (tx: ClusterTransaction, subject: string) => void;

const STEPS: Readonly<Record<string, Step>> = {
  configuration: (tx) => {
    tendConfiguration(tx);
  },
  node: collectNode,
  blocks: lookAtBlocks,
  block: collectBlock,
  suspect: (tx, handle) => {
    if (!isLeaked(tx, handle)) return;
    const node = allocationsOfHandle(tx, handle)[0]?.secondary['node'] ?? '';
    if (tx.get(NODES, undefined, node)) remember(tx, `leak/${handle}`);
    else collectNode(tx, node);
  },
  leak: (tx, handle) => {
    if (postponed(tx, `leak/${handle}`) || !isLeaked(tx, handle)) return;
    new Ipam(transactionDatastore(tx)).release(allocationsOfHandle(tx, handle).map(releaseOf));
  },
};

/** Notes a candidate: it is looked at again at the first regular look after the grace period. */
function remember(tx: ClusterTransaction, key: string): void {
  const { leakGracePeriod: grace } = kubeControllersConfig(tx);
  tx.schedule(NAME, key, grace === 0 ? RECHECK : nextLook(tx.now + grace, grace / 2) - tx.now);
}

const nextLook = (after: Millis, period: Millis): Millis => (Math.floor(after / period) + 1) * period;

/** Nothing is collected while the datastore is locked or the grace period is 0; the candidate waits. */
function postponed(tx: ClusterTransaction, key: string): boolean {
  if (kubeControllersConfig(tx).leakGracePeriod !== 0 && isReady(tx)) return false;
  tx.schedule(NAME, key, RECHECK);
  return true;
}

const isReady = (tx: ClusterTransaction): boolean =>
  tx.get(CLUSTER_INFORMATIONS, undefined, 'default')?.spec?.['datastoreReady'] !== false;

const storeOf = (tx: ClusterTransaction): IpamStore => new IpamStore(transactionDatastore(tx));

function allocationsOfHandle(tx: ClusterTransaction, handle: string) {
  return storeOf(tx)
    .blocks()
    .filter(({ attributes }) => attributes.some((each) => each.handle_id === handle))
    .flatMap(allocationsOf)
    .filter((allocation) => allocation.handle === handle);
}

/** Whether all addresses of a handle are pods' and unused. */
function isLeaked(tx: ClusterTransaction, handle: string): boolean {
  const held = allocationsOfHandle(tx, handle);
  return held.length > 0 && held.every((each) => isPodAddress(each) && !isPodValid(tx, each));
}

/** A node with more blocks than one does not need the empty ones. */
function lookAtBlocks(tx: ClusterTransaction, node: string): void {
  if (!tx.get(NODES, undefined, node)) {
    collectNode(tx, node);
    return;
  }
  const store = storeOf(tx);
  const affinities = store.affinities(host(node));
  if (affinities.length < 2) return;
  for (const { block: cidr } of affinities) {
    const block = store.block(cidr);
    if (block && hostOf(block) === node && isEmpty(block))
      remember(tx, `block/${blockName(cidr)}/${block.sequence}`);
  }
}

/** The sequence says whether the block stayed untouched. */
function collectBlock(tx: ClusterTransaction, subject: string): void {
  const [name = '', sequence] = subject.split('/');
  const object = tx.get(IPAM_BLOCKS, undefined, name);
  const block = object && readBlock(object);
  const node = block && hostOf(block);
  if (!block || node === undefined || block.sequence !== Number(sequence) || !isEmpty(block)) return;
  if (postponed(tx, `block/${subject}`)) return;
  if (storeOf(tx).affinities(host(node)).length > 1)
    new Ipam(transactionDatastore(tx)).releaseEmptyBlock(block);
}

/** Addresses of pods that are gone with their node are free at once, the rest when no pod of it is left. */
function collectNode(tx: ClusterTransaction, name: string): void {
  if (tx.get(NODES, undefined, name)) return;
  if (!isReady(tx)) {
    tx.schedule(NAME, `node/${name}`, RECHECK);
    return;
  }
  const held = storeOf(tx)
    .blocks()
    .filter(({ attributes }) => attributes.some(({ secondary }) => secondary['node'] === name))
    .flatMap(allocationsOf)
    .filter(({ secondary }) => secondary['node'] === name);
  const tunnels = held.filter(isTunnelAddress);
  const leaked = held.filter((each) => isPodAddress(each) && !isPodValid(tx, each));
  const isOver = tunnels.length + leaked.length === held.length;
  const ipam = new Ipam(transactionDatastore(tx));
  ipam.release([...leaked, ...(isOver ? tunnels : [])].map(releaseOf));
  // A block from which another node borrowed follows when it is empty.
  if (isOver) ipam.releaseHost(name);
}
