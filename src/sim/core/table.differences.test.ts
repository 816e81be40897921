import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from './table.ts';

type Edit = readonly [string, number | undefined];

const edit = fc.tuple(fc.string({ minLength: 1, maxLength: 2 }), fc.option(fc.nat(5), { nil: undefined }));
const edited = (table: Table<number>, edits: readonly Edit[]): Table<number> =>
  edits.reduce((at, [key, value]) => (value === undefined ? at.delete(key) : at.set(key, value)), table);

function byLooking(before: Table<number>, after: Table<number>) {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((difference) => difference.before !== difference.after);
}

describe('differences between two versions of a table', () => {
  test('are what comparing every key finds, in key order, both ways', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 60 }), fc.array(edit, { maxLength: 20 }), (first, second) => {
        const before = edited(Table.empty(), first);
        const after = edited(before, second);
        expect([...after.differences(before)]).toEqual(byLooking(before, after));
        expect([...before.differences(after)]).toEqual(byLooking(after, before));
      }),
    );
  });

  test('are found between tables that share nothing', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), fc.array(edit, { maxLength: 40 }), (first, second) => {
        const before = edited(Table.empty(), first);
        const after = edited(Table.empty(), second);
        expect([...after.differences(before)]).toEqual(byLooking(before, after));
      }),
    );
  });
});
