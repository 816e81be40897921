/**
 * Objects of one table by something else than their key: pods by node, replica sets by owner. An index follows the
 * newest table it is asked about by the difference to the previous one, so asking costs what changed.
 */
import { Table } from '../core/table.ts';

export class TableIndex<V> {
  readonly #groupsOf: (value: V) => readonly string[];
  readonly #groups = new Map<string, Group<V>>();
  #at: Table<V> = Table.empty();

  /** `groupsOf` must depend on the value alone. */
  constructor(groupsOf: (value: V) => readonly string[]) {
    this.#groupsOf = groupsOf;
  }

  /** The objects of one group, in the order of their keys in the table. */
  group(table: Table<V> | undefined, name: string): readonly V[] {
    this.#follow(table ?? Table.empty());
    const group = this.#groups.get(name);
    if (!group) return [];
    group.keys ??= [...group.members.keys()].sort();
    group.values ??= valuesOf(group.members, group.keys);
    return group.values;
  }

  #follow(table: Table<V>): void {
    if (table === this.#at) return;
    for (const { key, before, after } of table.differences(this.#at)) {
      const left = before === undefined ? [] : this.#groupsOf(before);
      const joined = after === undefined ? [] : this.#groupsOf(after);
      for (const name of left) if (!joined.includes(name)) this.#remove(name, key);
      if (after !== undefined) for (const name of joined) this.#put(name, key, after);
    }
    this.#at = table;
  }

  #put(name: string, key: string, value: V): void {
    const group = this.#groups.get(name);
    if (!group) {
      this.#groups.set(name, { members: new Map([[key, value]]), keys: [key], values: [value] });
      return;
    }
    if (!group.members.has(key)) group.keys = undefined;
    group.members.set(key, value);
    group.values = undefined;
  }

  #remove(name: string, key: string): void {
    const group = this.#groups.get(name);
    if (!group) return;
    group.members.delete(key);
    group.keys = undefined;
    group.values = undefined;
    if (group.members.size === 0) this.#groups.delete(name);
  }
}

function valuesOf<V>(members: ReadonlyMap<string, V>, keys: readonly string[]): readonly V[] {
  const values: V[] = [];
  for (const key of keys) values.push(members.get(key) as V);
  return values;
}

/** Members by key, and the order they are listed in: made when first asked for after a change. */
interface Group<V> {
  readonly members: Map<string, V>;
  keys: readonly string[] | undefined;
  values: readonly V[] | undefined;
}

/** How many objects of a table fall into each kind of each group; follows the newest table as an index does. */
export class TableTally<V> {
  readonly #groupOf: (value: V) => readonly [group: string, kind: string];
  readonly #groups = new Map<string, Map<string, number>>();
  #at: Table<V> = Table.empty();

  /** `groupOf` must depend on the value alone. */
  constructor(groupOf: (value: V) => readonly [group: string, kind: string]) {
    this.#groupOf = groupOf;
  }

  /** Counts of one group by kind. Read them at once: the next call may change them. */
  counts(table: Table<V> | undefined, group: string): ReadonlyMap<string, number> {
    const next = table ?? Table.empty<V>();
    if (next !== this.#at) {
      for (const { before, after } of next.differences(this.#at)) {
        if (before !== undefined) this.#add(this.#groupOf(before), -1);
        if (after !== undefined) this.#add(this.#groupOf(after), 1);
      }
      this.#at = next;
    }
    return this.#groups.get(group) ?? NONE;
  }

  #add([group, kind]: readonly [group: string, kind: string], change: number): void {
    const kinds = this.#groups.get(group) ?? new Map<string, number>();
    const count = (kinds.get(kind) ?? 0) + change;
    if (count === 0) kinds.delete(kind);
    else kinds.set(kind, count);
    if (kinds.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, kinds);
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
