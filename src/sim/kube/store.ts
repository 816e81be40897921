/**
 * The object store (etcd's part): immutable tables of objects by resource, a global revision, and the recent history that
 * watches replay. Keys sort as etcd's do: namespace, then name.
 */
import { Table } from '../core/table.ts';
import type { KubeObject, ObjectMeta, ResourceName } from './object.ts';

export interface StoreEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceName;
  readonly object: KubeObject;
  /** What it was before; undefined when it was not there. */
  readonly before?: KubeObject | undefined;
}

/** How many past events a watch can resume over, at least. */
const HISTORY = 2000;
/** Of a store in which nothing has happened. */
const FIRST_REVISION = 1;

/** An event and, unseen, those before it: a large cluster remembers many thousands, each in one piece of memory. */
class Past implements StoreEvent {
  readonly revision: number;
  readonly type: StoreEvent['type'];
  readonly resource: ResourceName;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
  readonly #earlier: Past | undefined;

  constructor({ revision, type, resource, object, before }: StoreEvent, earlier: Past | undefined) {
    this.revision = revision;
    this.type = type;
    this.resource = resource;
    this.object = object;
    this.before = before;
    this.#earlier = earlier;
  }

  static *from(newest: Past | undefined): Generator<StoreEvent> {
    for (let past = newest; past; past = past.#earlier) yield past;
  }
}

/** The recent past and, once that is HISTORY long, the past before it: adding costs the same however much there was. */
interface History {
  readonly recent: Past | undefined;
  /** The revision that the recent past begins with: each event is one revision. */
  readonly since: number;
  readonly older: Past | undefined;
}

const NO_HISTORY: History = { recent: undefined, since: 0, older: undefined };

function remember({ recent, since, older }: History, event: StoreEvent): History {
  if (recent && event.revision - since < HISTORY) return { recent: new Past(event, recent), since, older };
  return { recent: new Past(event, undefined), since: event.revision, older: recent };
}

function* newestFirst({ recent, older }: History): Generator<StoreEvent> {
  yield* Past.from(recent);
  yield* Past.from(older);
}

export const objectKey = (namespace: string | undefined, name: string): string =>
  `${namespace ?? ''}/${name}`;

/** What one may read of a store, or of one under construction. */
export type StoreView = Pick<ObjectStore, 'revision' | 'get' | 'list' | 'table'>;

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
    return listOf(this.#tables.get(resource), namespace);
  }

  /** The resources that have or had objects, in order. */
  get resources(): readonly ResourceName[] {
    return [...this.#tables.keys()];
  }

  /** The table of one resource: its identity changes exactly when one of its objects does. */
  table(resource: ResourceName): Table<KubeObject> | undefined {
    return this.#tables.get(resource);
  }

  /** Many changes of it, told as one store at the end. */
  draft(): StoreDraft {
    return new StoreDraft(this, {
      history: this.#history,
      finish: (revision, changed, history) => {
        let tables = this.#tables;
        for (const [resource, table] of changed) tables = tables.set(resource, table);
        return new ObjectStore(revision, tables, history);
      },
    });
  }

  /** Creates or replaces; the stored object carries the new revision as its resourceVersion. */
  put(
    resource: ResourceName,
    object: KubeObject,
  ): { readonly store: ObjectStore; readonly before: KubeObject | undefined; readonly after: KubeObject } {
    const draft = this.draft();
    const written = draft.put(resource, object);
    return { ...written, store: draft.finished() };
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): ObjectStore {
    const draft = this.draft();
    draft.delete(resource, namespace, name);
    return draft.finished();
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
}

interface Growth {
  readonly history: History;
  readonly finish: (
    revision: number,
    changed: ReadonlyMap<ResourceName, Table<KubeObject>>,
    history: History,
  ) => ObjectStore;
}

export class StoreDraft implements StoreView {
  readonly #before: ObjectStore;
  readonly #finish: Growth['finish'];
  /** Those looked at, and those changed. */
  readonly #tables = new Map<ResourceName, Table<KubeObject> | undefined>();
  readonly #changed = new Map<ResourceName, Table<KubeObject>>();
  #revision: number;
  #history: History;

  constructor(before: ObjectStore, { history, finish }: Growth) {
    this.#before = before;
    this.#finish = finish;
    this.#revision = before.revision;
    this.#history = history;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The very store it began with when nothing was written. */
  finished(): ObjectStore {
    if (this.#revision === this.#before.revision) return this.#before;
    return this.#finish(this.#revision, this.#changed, this.#history);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.table(resource)?.get(objectKey(namespace, name));
  }

  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return listOf(this.table(resource), namespace);
  }

  table(resource: ResourceName): Table<KubeObject> | undefined {
    const known = this.#tables.get(resource);
    if (known || this.#tables.has(resource)) return known;
    const table = this.#before.table(resource);
    this.#tables.set(resource, table);
    return table;
  }

  /** Creates or replaces; the stored object carries the new revision as its resourceVersion. */
  put(
    resource: ResourceName,
    object: KubeObject,
  ): { readonly before: KubeObject | undefined; readonly after: KubeObject } {
    const table = this.table(resource) ?? Table.empty<KubeObject>();
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const before = table.get(key);
    const after = this.#revised(object);
    this.#set(resource, table.set(key, after));
    const { revision } = this;
    this.#note(
      before
        ? { revision, type: 'MODIFIED', resource, object: after, before }
        : { revision, type: 'ADDED', resource, object: after },
    );
    return { before, after };
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): void {
    const table = this.table(resource);
    const key = objectKey(namespace, name);
    const before = table?.get(key);
    if (!table || !before) return;
    const object = this.#revised(before);
    this.#set(resource, table.delete(key));
    this.#note({ revision: this.revision, type: 'DELETED', resource, object, before });
  }

  /** The very object where it bears its revision already. */
  #revised(object: KubeObject): KubeObject {
    this.#revision += 1;
    const resourceVersion = String(this.#revision);
    if (object.metadata.resourceVersion === resourceVersion) return object;
    return withMetadata(object, { ...object.metadata, resourceVersion });
  }

  #set(resource: ResourceName, table: Table<KubeObject>): void {
    this.#tables.set(resource, table);
    this.#changed.set(resource, table);
  }

  #note(event: StoreEvent): void {
    this.#history = remember(this.#history, event);
  }
}

/** The members of most objects, in their order. */
const USUAL = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

/** Written member by member, an object of the usual form takes two thirds of the memory of a spread one. */
function withMetadata(object: KubeObject, metadata: ObjectMeta): KubeObject {
  const { apiVersion, kind, spec, status } = object;
  return spec && status && isUsual(object)
    ? { apiVersion, kind, metadata, spec, status }
    : { ...object, metadata };
}

function isUsual(object: KubeObject): boolean {
  let members = 0;
  for (const name in object) if (name !== USUAL[members++]) return false;
  return members === USUAL.length;
}

const listOf = (table: Table<KubeObject> | undefined, namespace?: string): readonly KubeObject[] =>
  table?.withPrefix(namespace === undefined ? '' : `${namespace}/`) ?? [];
