/**
 * Objects of one table by something else than their key: pods by node, replica sets by owner. An index follows the
 * newest table it is asked about by the difference to the previous one, so asking costs what changed.
 */
import { Table } from '../core/table.ts';

export class TableIndex<V> {
  readonly #groupsOf: (value: V) => readonly string[];
  readonly #isAlike: (a: V, b: V) => boolean;
  readonly #groups = new Map<string, Group<V>>();
  /** The groups of each object, by its key. */
  readonly #joined = new Map<string, readonly string[]>();
  #at: Table<V> = Table.empty();

  /** `groupsOf` must depend on the value alone; `isAlike` may see without it that two values are in the same groups. */
  constructor(groupsOf: (value: V) => readonly string[], isAlike: (a: V, b: V) => boolean = () => false) {
    this.#groupsOf = groupsOf;
    this.#isAlike = isAlike;
  }

  /** The objects of one group, in the order of their keys in the table. */
  group(table: Table<V> | undefined, name: string): readonly V[] {
    this.#follow(table ?? Table.empty());
    return this.#groups.get(name)?.values ?? [];
  }

  #follow(table: Table<V>): void {
    if (table === this.#at) return;
    for (const { key, before, after } of table.differences(this.#at)) {
      const left = this.#joined.get(key) ?? [];
      if (after === undefined) {
        for (const name of left) this.#remove(name, key);
        this.#joined.delete(key);
      } else if (before !== undefined && this.#isAlike(before, after)) {
        for (const name of left) this.#put(name, key, after);
      } else {
        const joined = this.#groupsOf(after);
        for (const name of left) if (!joined.includes(name)) this.#remove(name, key);
        for (const name of joined) this.#put(name, key, after);
        this.#joined.set(key, joined);
      }
    }
    this.#at = table;
  }

  #put(name: string, key: string, value: V): void {
    const group = this.#groups.get(name);
    if (group) group.put(key, value);
    else this.#groups.set(name, new Group(key, value));
  }

  #remove(name: string, key: string): void {
    if (this.#groups.get(name)?.remove(key) === 0) this.#groups.delete(name);
  }
}

/** Members by key, and the order they are listed in: made when first asked for after a change. Most have one member. */
class Group<V> {
  #members: Map<string, V> | undefined;
  #keys: readonly string[] | undefined;
  #values: readonly V[] | undefined;

  constructor(key: string, value: V) {
    this.#keys = [key];
    this.#values = [value];
  }

  get values(): readonly V[] {
    this.#values ??= this.#inOrder();
    return this.#values;
  }

  put(key: string, value: V): void {
    if (!this.#members && this.#keys?.[0] === key) {
      this.#values = [value];
      return;
    }
    const members = this.#all();
    if (!members.has(key)) this.#keys = undefined;
    members.set(key, value);
    this.#values = undefined;
  }

  /** Returns how many are left. */
  remove(key: string): number {
    const members = this.#all();
    members.delete(key);
    this.#keys = undefined;
    this.#values = undefined;
    return members.size;
  }

  #all(): Map<string, V> {
    const [key = '', value] = [this.#keys?.[0], this.#values?.[0]];
    this.#members ??= new Map([[key, value as V]]);
    return this.#members;
  }

  #inOrder(): readonly V[] {
    const members = this.#all();
    this.#keys ??= [...members.keys()].sort();
    const values: V[] = [];
    for (const key of this.#keys) values.push(members.get(key) as V);
    return values;
  }
}

type Place = readonly [group: string, kind: string];

/** How many objects of a table fall into each kind of each group; follows the newest table as an index does. */
export class TableTally<V extends object> {
  readonly #groupOf: (value: V) => Place;
  readonly #groups = new Map<string, Map<string, number>>();
  #at: Table<V> = Table.empty();

  /** `groupOf` must depend on the value alone. */
  constructor(groupOf: (value: V) => Place) {
    this.#groupOf = groupOf;
  }

  /** Counts of one group by kind. Read them at once: the next call may change them. */
  counts(table: Table<V> | undefined, group: string): ReadonlyMap<string, number> {
    const next = table ?? Table.empty<V>();
    if (next !== this.#at) {
      for (const { before, after } of next.differences(this.#at))
        this.#move(before && this.#groupOf(before), after && this.#groupOf(after));
      this.#at = next;
    }
    return this.#groups.get(group) ?? NONE;
  }

  #move(left: Place | undefined, joined: Place | undefined): void {
    if (left?.[0] === joined?.[0] && left?.[1] === joined?.[1]) return;
    if (left) this.#add(left, -1);
    if (joined) this.#add(joined, 1);
  }

  #add([group, kind]: Place, change: number): void {
    const kinds = this.#groups.get(group) ?? new Map<string, number>();
    const count = (kinds.get(kind) ?? 0) + change;
    if (count === 0) kinds.delete(kind);
    else kinds.set(kind, count);
    if (kinds.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, kinds);
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
