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
  /** What it was before; absent when it was not there. */
  readonly before?: KubeObject;
}

/** How many past events a watch can resume over, at least. */
const HISTORY = 2000;
/** Of a store in which nothing has happened. */
const FIRST_REVISION = 1;

/** Past events, newest first. */
interface Past {
  readonly event: StoreEvent;
  readonly earlier: Past | undefined;
  readonly length: number;
}

/** The recent past and, once that is HISTORY long, the past before it: adding costs the same however much there was. */
interface History {
  readonly recent: Past | undefined;
  readonly older: Past | undefined;
}

const NO_HISTORY: History = { recent: undefined, older: undefined };

function remember({ recent, older }: History, event: StoreEvent): History {
  if (recent && recent.length >= HISTORY)
    return { recent: { event, earlier: undefined, length: 1 }, older: recent };
  return { recent: { event, earlier: recent, length: (recent?.length ?? 0) + 1 }, older };
}

function* newestFirst({ recent, older }: History): Generator<StoreEvent> {
  for (let past = recent; past; past = past.earlier) yield past.event;
  for (let past = older; past; past = past.earlier) yield past.event;
}

export const objectKey = (namespace: string | undefined, name: string): string =>
  `${namespace ?? ''}/${name}`;

export class ObjectStore {
  readonly revision: number;
  readonly #tables: Table<Table<KubeObject>>;
  readonly #history: History;

  private constructor(revision: number, tables: Table<Table<KubeObject>>, history: History) {
    this.revision = revision;
    this.#tables = tables;
    this.#history = history;
  }

  static empty(): ObjectStore {
    return new ObjectStore(FIRST_REVISION, Table.empty(), NO_HISTORY);
  }

  /** A store of these objects whose past is gone, as after a compaction: watches from before are told so. */
  static compacted(
    revision: number,
    objects: Iterable<readonly [ResourceName, Table<KubeObject>]>,
  ): ObjectStore {
    return new ObjectStore(revision, Table.of(objects), NO_HISTORY);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#tables.get(resource)?.get(objectKey(namespace, name));
  }

  /** Objects in key order; of one namespace when given. */
  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.#tables.get(resource)?.withPrefix(namespace === undefined ? '' : `${namespace}/`) ?? [];
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
  ): { readonly store: ObjectStore; readonly before: KubeObject | undefined; readonly after: KubeObject } {
    const revision = this.revision + 1;
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const table = this.#tables.get(resource) ?? Table.empty<KubeObject>();
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const before = table.get(key);
    const event: StoreEvent = before
      ? { revision, type: 'MODIFIED', resource, object: stored, before }
      : { revision, type: 'ADDED', resource, object: stored };
    const store = this.#after(revision, this.#tables.set(resource, table.set(key, stored)), event);
    return { store, before, after: stored };
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): ObjectStore {
    const table = this.#tables.get(resource);
    const object = table?.get(objectKey(namespace, name));
    if (!table || !object) return this;
    const revision = this.revision + 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    const tables = this.#tables.set(resource, table.delete(objectKey(namespace, name)));
    const event: StoreEvent = { revision, type: 'DELETED', resource, object: last, before: object };
    return this.#after(revision, tables, event);
  }

  /** Events after `revision` in order; undefined when they are no longer kept (HTTP 410 Gone). */
  since(revision: number): readonly StoreEvent[] | undefined {
    const after: StoreEvent[] = [];
    for (const event of newestFirst(this.#history)) {
      if (event.revision <= revision) return after.reverse();
      after.push(event);
    }
    const oldest = after.at(-1)?.revision ?? this.revision + 1;
    return oldest > Math.max(revision, FIRST_REVISION) + 1 ? undefined : after.reverse();
  }

  /** The oldest revision after which every event is known. */
  get rememberedFrom(): number {
    let oldest = this.revision + 1;
    for (const { revision } of newestFirst(this.#history)) oldest = revision;
    return oldest - 1;
  }

  #after(revision: number, tables: Table<Table<KubeObject>>, event: StoreEvent): ObjectStore {
    return new ObjectStore(revision, tables, remember(this.#history, event));
  }
}
