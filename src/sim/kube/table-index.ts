/**
 * Objects of one table by something else than their key: pods by node, replica sets by owner. An index follows the
 * newest table it is asked about by the difference to the previous one, so asking costs what changed.
 */
import { Table } from '../core/table.ts';

export class TableIndex<V> {
  readonly #groupsOf: (value: V) => readonly string[];
  readonly #groups = new Map<string, Table<V>>();
  #at: Table<V> = Table.empty();

  /** `groupsOf` must depend on the value alone. */
  constructor(groupsOf: (value: V) => readonly string[]) {
    this.#groupsOf = groupsOf;
  }

  /** The objects of one group, under the keys they have in the table. */
  group(table: Table<V> | undefined, name: string): Table<V> {
    this.#follow(table ?? Table.empty());
    return this.#groups.get(name) ?? Table.empty();
  }

  #follow(table: Table<V>): void {
    if (table === this.#at) return;
    for (const { key, before, after } of table.differences(this.#at)) {
      if (before !== undefined) for (const name of this.#groupsOf(before)) this.#set(name, key, undefined);
      if (after !== undefined) for (const name of this.#groupsOf(after)) this.#set(name, key, after);
    }
    this.#at = table;
  }

  #set(name: string, key: string, value: V | undefined): void {
    const group = this.#groups.get(name) ?? Table.empty<V>();
    const next = value === undefined ? group.delete(key) : group.set(key, value);
    if (next.size === 0) this.#groups.delete(name);
    else this.#groups.set(name, next);
  }
}

/** How many objects of a table fall into each group; follows the newest table as an index does. */
export class TableTally<V> {
  readonly #groupOf: (value: V) => string;
  readonly #counts = new Map<string, number>();
  #at: Table<V> = Table.empty();

  /** `groupOf` must depend on the value alone. */
  constructor(groupOf: (value: V) => string) {
    this.#groupOf = groupOf;
  }

  /** Read it at once: the next call may change it. */
  counts(table: Table<V> | undefined): ReadonlyMap<string, number> {
    const next = table ?? Table.empty<V>();
    if (next !== this.#at) {
      for (const { before, after } of next.differences(this.#at)) {
        if (before !== undefined) this.#add(this.#groupOf(before), -1);
        if (after !== undefined) this.#add(this.#groupOf(after), 1);
      }
      this.#at = next;
    }
    return this.#counts;
  }

  #add(group: string, change: number): void {
    const count = (this.#counts.get(group) ?? 0) + change;
    if (count === 0) this.#counts.delete(group);
    else this.#counts.set(group, count);
  }
}
