import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import { answerText } from './answer-text.ts';

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
    expect(answerText(body)).toBe(JSON.stringify(body));
    expect(answerText(body)).toBe(JSON.stringify(body));
  });
});
