import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8, utf8Text } from '../../base/bytes.ts';
import type { Json } from '../../base/json.ts';
import { AlikeJson } from './alike-json.ts';

/** As one text, taken whenever so many bytes are written. */
function written(values: readonly Json[], most = 1): string {
  const json = new AlikeJson();
  let text = '';
  for (const value of values) {
    json.value(value);
    if (json.length >= most) text += utf8Text(json.take());
  }
  return text + utf8Text(json.take());
}

const expected = (values: readonly Json[]): string => values.map((value) => JSON.stringify(value)).join('');

describe('values that are alike are written as JSON.stringify writes them', () => {
  const nested = (depth: number, value: Json): Json =>
    depth === 0 ? value : { in: [nested(depth - 1, value)] };
  test.each<[string, readonly Json[]]>([
    ['the same value', [{ a: 1 }, { a: 1 }, { a: 1 }]],
    [
      'a member that changes its length',
      [
        { a: 'x', b: 1 },
        { a: 'xyz', b: 1 },
        { a: '', b: 1 },
      ],
    ],
    ['members that come, go and change places', [{ a: 1, b: 2 }, { b: 2 }, { a: 1, b: 2 }, { b: 2, a: 1 }]],
    ['a member that comes back', [{ a: { x: 1, y: 2 } }, { a: 5 }, { a: { x: 1, y: 2 } }, { a: { y: 2 } }]],
    ['a list becomes an object', [{ a: [1, 2] }, { a: { 0: 1, 1: 2 } }, { a: [1, 2] }, { a: [] }, { a: {} }]],
    ['lists of other lengths', [[1, 2, 3], [1], [1, 2, 3], [], [1, 2, 3, 4]]],
    ['members that are absent', [{ a: undefined, b: 1 }, { a: 1, b: undefined }, { a: 1, b: 1 }, {}]],
    [
      'what JSON has no numbers for',
      [
        [Number.NaN, -0],
        [Infinity, 0],
        [null, 1e21],
      ],
    ],
    ['texts to be escaped', ['"', '\\', '\n', '\u2028', 'é', '😀', '\ud800', '\u007f', 'a"b']],
    [
      'names to be escaped',
      [
        { 'a"b': 1, __proto: 2, é: 3 },
        { 'a"b': 1, é: 4 },
      ],
    ],
    ['what lies deep', [nested(40, 1), nested(40, 2), nested(40, 2), nested(11, 3), nested(40, 2)]],
    [
      'many names',
      [1, 2, 3].map((at) => Object.fromEntries([...Array(600).keys()].map((n) => [`n${n * at}`, n]))),
    ],
    ['what is longer than all before', ['x', 'x'.repeat(400_000), { a: 'y'.repeat(900_000) }, 'x']],
  ])('%s', (_, values) => {
    for (const most of [1, 64, Infinity]) {
      expect(written(values, most)).toBe(expected(values));
      expect(written([...values, ...values.toReversed()], most)).toBe(
        expected([...values, ...values.toReversed()]),
      );
    }
  });

  test('the same object in two places, and one that shares parts with others', () => {
    const shared = { labels: { app: 'a' }, list: [1, { x: null }] };
    const values = [
      { a: shared, b: shared },
      { b: shared },
      { a: { ...shared, list: [] }, b: shared },
      shared,
    ];
    expect(written([...values, ...values])).toBe(expected([...values, ...values]));
  });

  test('any values, and any changes of a value', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    const members = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'é"'), json, { maxKeys: 4 });
    const like = fc.record({
      metadata: members,
      spec: fc.record({ a: json, b: json }, { requiredKeys: [] }),
      list: fc.array(members),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(json, like as fc.Arbitrary<Json>)), fc.nat(400), (values, most) => {
        expect(written(values, most + 1)).toBe(expected(values));
      }),
    );
  });
});

test('what is written already, and the last value once more', () => {
  const json = new AlikeJson();
  json.add(utf8('['));
  json.value({ a: 'é' });
  expect(utf8Text(json.last())).toBe('{"a":"é"}');
  json.add(utf8(','));
  json.value({ a: 'é' });
  json.add(json.last());
  expect(utf8Text(json.take())).toBe('[{"a":"é"},{"a":"é"}{"a":"é"}');
  expect([json.length, json.take()]).toEqual([0, new Uint8Array()]);
});
