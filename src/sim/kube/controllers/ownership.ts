/** Who owns what: controller references, and the indexes that find an owner's dependents. */
import type { Json } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import { textAt } from '../fields.ts';
import type { KubeObject, OwnerReference } from '../object.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';

export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  for (const reference of metadata.ownerReferences ?? NO_OWNERS)
    if (reference.controller === true) return reference;
  return undefined;
}

const NO_OWNERS: readonly OwnerReference[] = [];

export const controllerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

/** The references of what it alone owns; thousands of pods share those of their owner. */
export const controllerReferences = (owner: KubeObject): readonly OwnerReference[] => {
  const { name, uid } = owner.metadata;
  return soleReference(owner.apiVersion, owner.kind, name, uid ?? '');
};

const soleReference = memoize(
  (apiVersion: string, kind: string, name: string, uid: string): readonly OwnerReference[] => [
    { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true },
  ],
  8,
);

const podGroups = (pod: KubeObject): readonly string[] => {
  const node = textAt(pod.spec, 'nodeName');
  const owner = controllerOf(pod)?.uid;
  const { namespace = '' } = pod.metadata;
  return [`node/${node}`, owner === undefined ? `loose/${namespace}` : `owner/${owner}`];
};

const nodeOf = (pod: KubeObject): unknown => pod.spec?.['nodeName'];

/** What moves a pod between groups seldom changes, its status often. */
const pods = new TableIndex(
  podGroups,
  (a, b) => a.metadata.ownerReferences === b.metadata.ownerReferences && nodeOf(a) === nodeOf(b),
);

/** Asked for services alone, which is seldom. */
const labelled = new TableIndex<KubeObject>(
  ({ metadata: { namespace = '', labels = {} } }) =>
    Object.entries(labels).map(([key, value]) => `${namespace}/${key}=${value}`),
  (a, b) => a.metadata.labels === b.metadata.labels,
);

const podGroup = (tx: ClusterTransaction, name: string) => pods.group(tx.table('pods'), name);

export const podsOwnedBy = (tx: ClusterTransaction, owner: KubeObject): readonly KubeObject[] =>
  podGroup(tx, `owner/${owner.metadata.uid ?? ''}`);

/** Pods of a namespace that no controller owns. */
export const loosePods = (tx: ClusterTransaction, namespace: string): readonly KubeObject[] =>
  podGroup(tx, `loose/${namespace}`);

export const podsWithLabel = (
  tx: ClusterTransaction,
  namespace: string,
  key: string,
  value: string,
): readonly KubeObject[] => labelled.group(tx.table('pods'), `${namespace}/${key}=${value}`);

/** Pods bound to a node; to none for the empty name. */
export const podsOnNode = (tx: ClusterTransaction, node: string): readonly KubeObject[] =>
  podGroup(tx, `node/${node}`);

const replicaSets = new TableIndex<KubeObject>((object) => {
  const owner = controllerOf(object)?.uid;
  return owner === undefined ? [] : [owner];
});

export const replicaSetsOwnedBy = (tx: ClusterTransaction, owner: KubeObject): readonly KubeObject[] =>
  replicaSets.group(tx.table('replicasets.apps'), owner.metadata.uid ?? '');

/** The key under which a controller works on an object: `namespace/name`. */
export const keyOf = (object: KubeObject): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** KubeObject members are JSON by construction. */
export const jsonOf = (value: unknown): Json => value as Json;
