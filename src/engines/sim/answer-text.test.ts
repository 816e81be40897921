import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Text } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { Simulator } from '../../sim/index.ts';
import { smallEnvironment } from '../small-lab.contract.ts';
import { answerPieces } from './answer-text.ts';

/** A piece is good until the next is asked for. */
function piecesOf(body: JsonObject): readonly string[] {
  const texts: string[] = [];
  for (const piece of answerPieces(body)) texts.push(typeof piece === 'string' ? piece : utf8Text(piece));
  return texts;
}

const answerText = (body: JsonObject): string => piecesOf(body).join('');

/** Its lists so often that they count as long. */
const lengthened = (body: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(body).map(([name, member]) => [
      name,
      Array.isArray(member) ? Array.from({ length: 70 }, () => member as readonly Json[]).flat() : member,
    ]),
  );

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
    for (const _ of ['made', 'kept', 'kept again']) {
      expect(answerText(body)).toBe(JSON.stringify(body));
      expect(answerText(lengthened(body))).toBe(JSON.stringify(lengthened(body)));
    }
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
        const all = [...bodies, lengthened(bodies[0] ?? {}), lengthened(row)];
        for (const body of [...all, ...all, ...all]) expect(answerText(body)).toBe(JSON.stringify(body));
      }),
    );
  });
});

test('a long list comes in pieces', () => {
  const items = Array.from({ length: 300 }, (_, at) => ({ metadata: { name: 'x'.repeat(1000 + at) } }));
  const body = { kind: 'PodList', items, metadata: {} };
  const pieces = piecesOf(body);
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('')).toBe(JSON.stringify(body));
});

test('the objects of a cluster, whatever their kind', () => {
  const { topology } = smallEnvironment();
  const simulator = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: true });
  simulator.settle(60_000);
  const { store } = simulator.world.cluster;
  expect(store.resources.length).toBeGreaterThan(20);
  for (const resource of store.resources) {
    const items = store.list(resource) as unknown as readonly Json[];
    const body = lengthened({ kind: 'List', items });
    for (const _ of ['made', 'kept', 'kept again']) expect(answerText(body)).toBe(JSON.stringify(body));
  }
});
