import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import { answerPieces } from './answer-text.ts';

const answerText = (body: JsonObject): string => [...answerPieces(body)].join('');

describe('the text of an answer is that of JSON.stringify', () => {
  const shared = { metadata: { name: 'a', labels: undefined }, spec: { replicas: 1, note: '"\n\u2028' } };
  test.each<[string, JsonObject]>([
    ['one object', { kind: 'Pod', metadata: { name: 'a' } }],
    ['an empty list', { kind: 'PodList', metadata: {}, items: [] }],
    ['a list', { kind: 'PodList', metadata: { continue: undefined }, items: [shared, shared, { b: [] }] }],
    ['a list with a member that is absent', { kind: undefined, items: [shared], metadata: null }],
    ['items that are no objects', { items: [1, null, 'x', [shared]] }],
    ['a table', { kind: 'Table', rows: [{ cells: ['a', 1], object: shared }] }],
    ['items that are no list', { items: { a: 1 } }],
  ])('%s', (_, body) => {
    for (const _ of ['made', 'kept', 'kept again']) expect(answerText(body)).toBe(JSON.stringify(body));
  });

  const json = fc.jsonValue() as fc.Arbitrary<Json>;

  test('of any list and any table', () => {
    fc.assert(
      fc.property(fc.array(json), fc.dictionary(fc.string(), json), (items, metadata) => {
        const object = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
        const row = { cells: items, object };
        const turned = { object, cells: items };
        const bodies: readonly JsonObject[] = [
          { kind: 'List', metadata, items: [...items, metadata, ...items, metadata] },
          {
            kind: 'Table',
            metadata,
            rows: [row, row, turned, { ...row, more: 1 }, { ...row, cells: undefined }],
          },
          { rows: [{ cells: [], object: { ...object, more: items } }], items },
        ];
        for (const body of [...bodies, ...bodies, ...bodies])
          expect(answerText(body)).toBe(JSON.stringify(body));
      }),
    );
  });
});

test('a long list comes in pieces', () => {
  const items = Array.from({ length: 300 }, (_, at) => ({ metadata: { name: 'x'.repeat(1000 + at) } }));
  const body = { kind: 'PodList', items, metadata: {} };
  const pieces = [...answerPieces(body)];
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(JSON.stringify(body));
});
