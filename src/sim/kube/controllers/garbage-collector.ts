/**
 * Removes objects whose owners are gone, and finishes foreground deletions.
 * Source: k8s.io/kubernetes pkg/controller/garbagecollector, Kubernetes 1.35.
 */
import { storeUpdate } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { deleteObject, FOREGROUND, ORPHAN } from '../deletion.ts';
import type { KubeObject, OwnerReference, ResourceName } from '../object.ts';
import type { Registry } from '../registry.ts';
import type { ResourceType } from '../resource.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';

const NAME = 'garbage-collector';

/** The real collector works off a graph it builds from watches: it is a moment behind. */
const DELAY = 20;

const ownersOf = (object: KubeObject): readonly OwnerReference[] => object.metadata.ownerReferences ?? [];

interface Dependent {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

export function garbageCollector(registry: Registry): Controller {
  const watches = registry.types.map(({ name }) => name).filter((name) => name !== 'events');
  const indexes = new Map<ResourceName, TableIndex<KubeObject>>(
    watches.map((name) => [name, new TableIndex((object) => ownersOf(object).map((owner) => owner.uid))]),
  );
  const dependents = (tx: ClusterTransaction, uid: string): readonly Dependent[] =>
    registry.types.flatMap((type) => {
      const group = indexes.get(type.name)?.group(tx.table(type.name), uid) ?? [];
      return group.map((object) => ({ type, object }));
    });
  return {
    name: NAME,
    watches,
    react: ({ resource, before, after }) => {
      if (!after) {
        if (!before) return [];
        const owners = ownersOf(before).filter((owner) => owner.blockOwnerDeletion);
        return [
          { key: `gone/${before.metadata.uid ?? ''}`, after: DELAY },
          ...owners.map((owner) => ({ key: ownerKey(registry, owner, before), after: DELAY })),
        ];
      }
      const isNew = !before && ownersOf(after).length > 0;
      const leaving =
        after.metadata.deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length > 0;
      return isNew || leaving
        ? [{ key: `look/${resource}/${after.metadata.namespace ?? ''}/${after.metadata.name}`, after: DELAY }]
        : [];
    },
    reconcile: (tx, key) => {
      if (key.startsWith('gone/')) {
        for (const dependent of dependents(tx, key.slice('gone/'.length)))
          dropAbsentOwners(tx, registry, dependent);
        return;
      }
      const [, resource = '', namespace = '', name = ''] = key.split('/');
      const type = registry.byName(resource);
      const object = type && tx.get(resource, namespace === '' ? undefined : namespace, name);
      if (!type || !object) return;
      dropAbsentOwners(tx, registry, { type, object });
      if (object.metadata.deletionTimestamp !== undefined)
        finish(tx, { type, object }, dependents(tx, object.metadata.uid ?? ''));
    },
  };
}

function ownerKey(registry: Registry, owner: OwnerReference, dependent: KubeObject): string {
  const type = registry.byKind(owner.apiVersion, owner.kind);
  const namespace = type?.namespaced ? (dependent.metadata.namespace ?? '') : '';
  return `look/${type?.name ?? ''}/${namespace}/${owner.name}`;
}

function exists(
  tx: ClusterTransaction,
  registry: Registry,
  owner: OwnerReference,
  dependent: KubeObject,
): boolean {
  const type = registry.byKind(owner.apiVersion, owner.kind);
  if (!type) return true;
  const found = tx.get(type.name, type.namespaced ? dependent.metadata.namespace : undefined, owner.name);
  return found?.metadata.uid === owner.uid;
}

/** Without any living owner the object goes; with one it only forgets the dead. */
function dropAbsentOwners(tx: ClusterTransaction, registry: Registry, { type, object }: Dependent): void {
  const owners = ownersOf(object);
  if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
  const living = owners.filter((owner) => exists(tx, registry, owner, object));
  if (living.length === owners.length) return;
  if (living.length === 0) deleteObject(tx, type, object, { propagation: 'Background' });
  else tx.put(type.name, { ...object, metadata: { ...object.metadata, ownerReferences: living } });
}

/** Foreground: dependents first. Orphan: dependents are let go. Then the finalizer falls. */
function finish(tx: ClusterTransaction, { type, object }: Dependent, dependents: readonly Dependent[]): void {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) {
    for (const dependent of dependents) letGo(tx, dependent, object.metadata.uid ?? '');
  } else if (finalizers.includes(FOREGROUND)) {
    const blocking = dependents.filter((dependent) =>
      ownersOf(dependent.object).some(
        (owner) => owner.uid === object.metadata.uid && owner.blockOwnerDeletion,
      ),
    );
    for (const dependent of dependents) {
      if (dependent.object.metadata.deletionTimestamp === undefined) {
        deleteObject(tx, dependent.type, dependent.object, { propagation: 'Foreground' });
      }
    }
    if (blocking.length > 0) return;
  } else return;
  const current = tx.get(type.name, object.metadata.namespace, object.metadata.name);
  if (!current) return;
  const kept = finalizers.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const { finalizers: _, ...metadata } = current.metadata;
  const freed = { ...current, metadata: { ...metadata, ...(kept.length === 0 ? {} : { finalizers: kept }) } };
  storeUpdate(tx, type, freed, current);
}

function letGo(tx: ClusterTransaction, { type, object }: Dependent, uid: string): void {
  const rest = ownersOf(object).filter((owner) => owner.uid !== uid);
  const { ownerReferences: _, ...metadata } = object.metadata;
  tx.put(type.name, {
    ...object,
    metadata: { ...metadata, ...(rest.length === 0 ? {} : { ownerReferences: rest }) },
  });
}
