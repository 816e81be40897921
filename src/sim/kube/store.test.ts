import { describe, expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { ObjectStore } from './store.ts';

const named = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name },
  ...more,
});

const filled = (writes: number): ObjectStore => {
  const draft = ObjectStore.empty().draft();
  for (let at = 0; at < writes; at += 1) draft.put('things', named('one', { spec: { at } }));
  return draft.finished();
};

describe('what is stored', () => {
  test('bears the revision it was written with, its members in the order they had', () => {
    const usual = named('usual', { spec: { a: 1 }, status: { b: 2 } });
    const others = [
      named('statusFirst', { status: { b: 2 }, spec: { a: 1 } }),
      named('more', { spec: {}, status: {}, data: {} }),
      named('bare'),
      { metadata: { name: 'late' }, apiVersion: 'v1', kind: 'Thing', spec: {}, status: {} },
    ];
    for (const object of [usual, ...others]) {
      const { after, store } = ObjectStore.empty().put('things', object);
      const expected = { ...object, metadata: { ...object.metadata, resourceVersion: '2' } };
      expect(JSON.stringify(after)).toBe(JSON.stringify(expected));
      expect(store.get('things', undefined, object.metadata.name)).toBe(after);
    }
  });

  test('is the very object where it bears that revision already', () => {
    const first = named('first');
    const made = { ...first, metadata: { name: 'first', resourceVersion: '2' } };
    expect(ObjectStore.empty().put('things', made).after).toBe(made);
    const stale = { ...first, metadata: { name: 'first', resourceVersion: '7' } };
    expect(ObjectStore.empty().put('things', stale).after.metadata.resourceVersion).toBe('2');
  });
});

describe('the past of a store', () => {
  test('tells each write and each deletion once, in order, with what was there before', () => {
    const draft = ObjectStore.empty().draft();
    const { after: one } = draft.put('things', named('one'));
    const { after: changed } = draft.put('things', named('one', { spec: {} }));
    draft.delete('things', undefined, 'one');
    const events = draft.finished().since(1);
    expect(events?.map(({ revision, type }) => [revision, type])).toEqual([
      [2, 'ADDED'],
      [3, 'MODIFIED'],
      [4, 'DELETED'],
    ]);
    expect(events?.map(({ before }) => before)).toEqual([undefined, one, changed]);
    expect(events?.map((event) => Object.keys(event))).toEqual(
      Array.from({ length: 3 }, () => ['revision', 'type', 'resource', 'object', 'before']),
    );
  });

  test.each([1, 1999, 2000, 2001, 3999, 4000, 4001, 6500])(
    'of %i writes goes back 2000 at least',
    (writes) => {
      const store = filled(writes);
      const { revision, rememberedFrom } = store;
      expect(revision).toBe(writes + 1);
      expect(revision - rememberedFrom).toBeGreaterThanOrEqual(Math.min(writes, 2000));
      expect(revision - rememberedFrom).toBeLessThanOrEqual(4000);
      const known = Array.from({ length: revision - rememberedFrom }, (_, at) => rememberedFrom + 1 + at);
      expect(store.since(rememberedFrom)?.map((event) => event.revision)).toEqual(known);
      expect(store.since(revision)).toEqual([]);
      if (rememberedFrom > 1) expect(store.since(rememberedFrom - 1)).toBeUndefined();
    },
  );
});
