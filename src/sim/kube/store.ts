/**
 * The object store (etcd's part): immutable tables of objects by resource, a global revision, and the recent history that
 * watches replay. Keys sort as etcd's do: namespace, then name.
 */
import { Table } from '../core/table.ts';
import type { KubeObject, ResourceName } from './object.ts';

export interface StoreEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceName;
  readonly object: KubeObject;
  /** What it was, for a MODIFIED event: a watch must see objects leave its selection. */
  readonly before?: KubeObject;
}

/** How many past events a watch can resume over. */
const HISTORY = 2000;

export const objectKey = (namespace: string | undefined, name: string): string =>
  `${namespace ?? ''}/${name}`;

export class ObjectStore {
  readonly revision: number;
  readonly #tables: Table<Table<KubeObject>>;
  readonly #history: Table<StoreEvent>;

  private constructor(revision: number, tables: Table<Table<KubeObject>>, history: Table<StoreEvent>) {
    this.revision = revision;
    this.#tables = tables;
    this.#history = history;
  }

  static empty(): ObjectStore {
    return new ObjectStore(1, Table.empty(), Table.empty());
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#tables.get(resource)?.get(objectKey(namespace, name));
  }

  /** Objects in key order; of one namespace when given. */
  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    const table = this.#tables.get(resource);
    if (!table) return [];
    return [...(namespace === undefined ? table.values() : table.withPrefix(`${namespace}/`))];
  }

  /** The resources that have or had objects, in order. */
  get resources(): readonly ResourceName[] {
    return [...this.#tables.keys()];
  }

  /** The table of one resource: its identity changes exactly when one of its objects does. */
  table(resource: ResourceName): Table<KubeObject> | undefined {
    return this.#tables.get(resource);
  }

  /** Creates or replaces; the stored object carries the new revision as its resourceVersion. */
  put(
    resource: ResourceName,
    object: KubeObject,
  ): { readonly store: ObjectStore; readonly object: KubeObject } {
    const revision = this.revision + 1;
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const table = this.#tables.get(resource) ?? Table.empty<KubeObject>();
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const before = table.get(key);
    const type = before ? 'MODIFIED' : 'ADDED';
    const store = this.#after(revision, this.#tables.set(resource, table.set(key, stored)), {
      revision,
      type,
      resource,
      object: stored,
      ...(before ? { before } : {}),
    });
    return { store, object: stored };
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): ObjectStore {
    const table = this.#tables.get(resource);
    const object = table?.get(objectKey(namespace, name));
    if (!table || !object) return this;
    const revision = this.revision + 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const tables = this.#tables.set(resource, table.delete(objectKey(namespace, name)));
    return this.#after(revision, tables, { revision, type: 'DELETED', resource, object: last });
  }

  /** Events after `revision` in order; undefined when they are no longer kept (HTTP 410 Gone). */
  since(revision: number): readonly StoreEvent[] | undefined {
    for (const oldest of this.#history.values()) {
      if (oldest.revision > revision + 1 && this.#history.size >= HISTORY) return undefined;
      break;
    }
    return [...this.#history.entries(historyKey(revision + 1))].map(([, event]) => event);
  }

  #after(revision: number, tables: Table<Table<KubeObject>>, event: StoreEvent): ObjectStore {
    const history = this.#history.delete(historyKey(revision - HISTORY)).set(historyKey(revision), event);
    return new ObjectStore(revision, tables, history);
  }
}

const historyKey = (revision: number): string => String(revision).padStart(12, '0');
