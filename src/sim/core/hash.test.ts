import { describe, expect, test } from 'vitest';
import { hashOf } from './hash.ts';

describe('equal content hashes alike', () => {
  test.each([
    ['members in another order', { a: 1, b: [2, { c: 3, d: 4 }] }, { b: [2, { d: 4, c: 3 }], a: 1 }],
    ['an absent member and an undefined one', { a: 1 }, { a: 1, b: undefined }],
    [
      'a map filled in another order',
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    ['a set filled in another order', new Set([1, 2]), new Set([2, 1])],
    ['bytes of another buffer', new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  ])('%s', (_, one, other) => {
    expect(hashOf(one)).toBe(hashOf(other));
  });
});

test('other content hashes otherwise', () => {
  const different = [
    null,
    true,
    '1',
    1,
    Number.POSITIVE_INFINITY,
    [],
    [1],
    [[1]],
    {},
    { a: 1 },
    { a: '1' },
    new Uint8Array([1]),
    new Map([['a', 1]]),
    new Set(['a']),
  ];
  expect(new Set(different.map(hashOf)).size).toBe(different.length);
});

test('is SHA-256 of the canonical text (checked with sha256sum)', () => {
  expect(hashOf({ b: [1, 'x'], a: null })).toBe(
    'c22cb7b0353770e2b38094af641143ebf008ddf2d1f2dedb9d875996fcf245fa',
  );
});

test('what is no data has no hash', () => {
  class Hidden {
    readonly #part = 1;
    get part(): number {
      return this.#part;
    }
  }
  expect(() => hashOf({ value: new Hidden() })).toThrow(TypeError);
  expect(() => hashOf([() => 1])).toThrow(TypeError);
});
