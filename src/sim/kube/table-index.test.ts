import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from '../core/table.ts';
import { TableIndex, TableTally } from './table-index.ts';

interface Item {
  readonly groups: readonly string[];
  readonly weight: number;
}

const GROUPS = ['a', 'b', 'c'];
const groups = fc.subarray(GROUPS);
const edit = fc.record({
  key: fc.constantFrom('1', '2', '3', '4'),
  does: fc.constantFrom('put', 'touch', 'delete'),
  groups,
  weight: fc.nat(3),
});
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;

/** `touch` changes an item and leaves its groups the very same. */
function edited(table: Table<Item>, { key, does, groups, weight }: Edit): Table<Item> {
  if (does === 'delete') return table.delete(key);
  const kept = does === 'touch' ? table.get(key)?.groups : undefined;
  return table.set(key, { groups: kept ?? groups, weight });
}

const first = ({ groups: [group = ''] }: Item): string => group;

describe('an index of a table', () => {
  test('holds the members of each group in key order, whatever was done to the table between two looks', () => {
    fc.assert(
      fc.property(fc.array(fc.array(edit, { maxLength: 6 }), { maxLength: 20 }), (turns) => {
        const plain = new TableIndex<Item>((item) => item.groups);
        const cheap = new TableIndex<Item>(
          (item) => item.groups,
          (a, b) => a.groups === b.groups,
        );
        const tally = new TableTally<Item>((item) => [first(item), String(item.weight)]);
        let table = Table.empty<Item>();
        for (const edits of turns) {
          table = edits.reduce(edited, table);
          const items = [...table.values()];
          for (const group of GROUPS) {
            const members = items.filter((item) => item.groups.includes(group));
            expect(plain.group(table, group)).toEqual(members);
            expect(cheap.group(table, group)).toEqual(members);
            const counted = new Map<string, number>();
            for (const item of items)
              if (first(item) === group)
                counted.set(String(item.weight), (counted.get(String(item.weight)) ?? 0) + 1);
            expect(new Map(tally.counts(table, group))).toEqual(counted);
          }
        }
      }),
    );
  });
});
