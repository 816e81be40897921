import { describe, expect, test } from 'vitest';
import type { Json } from '../../../base/json.ts';
import { typeSchema } from '../kinds/builtin.ts';
import { applyPatch } from './apply-patch.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMerge } from './strategic-merge.ts';

describe('JSON patch (examples of RFC 6902, appendix A)', () => {
  const cases: readonly [string, Json, Json, Json][] = [
    [
      'A.1 adds a member',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { baz: 'qux', foo: 'bar' },
    ],
    [
      'A.2 adds an element',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 removes an element',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    ['A.5 replaces a value', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      'A.6 moves a value',
      { foo: { bar: 'baz' }, qux: {} },
      [{ op: 'move', from: '/foo/bar', path: '/qux/thud' }],
      { foo: {}, qux: { thud: 'baz' } },
    ],
    [
      'A.7 moves an element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    ['A.8 tests a value', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'qux' }], { baz: 'qux' }],
    [
      'A.14 unescapes ~01',
      { '/': 9, '~1': 10 },
      [{ op: 'test', path: '/~01', value: 10 }],
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 appends',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc'] }],
      { foo: ['bar', ['abc']] },
    ],
  ];
  test.each(cases)('%s', (_, document, patch, result) =>
    expect(jsonPatch(document, patch)).toEqual({ ok: true, value: result }),
  );

  test('A.9 and A.12: a failed test and a missing target are errors', () => {
    expect(jsonPatch({ baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]).ok).toBe(false);
    expect(jsonPatch({ foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]).ok).toBe(false);
    expect(jsonPatch({}, [{ op: 'remove', path: '/a' }]).ok).toBe(false);
  });
});

describe('merge patch (examples of RFC 7386, appendix A)', () => {
  const cases: readonly [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  test.each(cases)('%j merged with %j', (target, patch, result) =>
    expect(mergePatch(target, patch)).toEqual(result),
  );
});

describe('strategic merge patch', () => {
  const schema = typeSchema('Pod');
  const pod = {
    spec: {
      containers: [
        { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: 'b:1' },
      ],
      tolerations: [{ key: 'k', operator: 'Exists' }],
    },
  };
  const patched = (spec: Json): Json => strategicMerge(schema, pod, { spec });

  test('merges containers by name and their environment by name', () => {
    expect(patched({ containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] })).toEqual({
      spec: {
        ...pod.spec,
        containers: [
          {
            name: 'a',
            image: 'a:1',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          { name: 'b', image: 'b:1' },
        ],
      },
    });
  });

  test('deletes one element, replaces a whole list, replaces lists without a key', () => {
    expect(patched({ containers: [{ name: 'a', $patch: 'delete' }] })).toEqual({
      spec: { ...pod.spec, containers: [{ name: 'b', image: 'b:1' }] },
    });
    expect(patched({ containers: [{ $patch: 'replace' }, { name: 'c', image: 'c:1' }] })).toEqual({
      spec: { ...pod.spec, containers: [{ name: 'c', image: 'c:1' }] },
    });
    expect(patched({ tolerations: [{ operator: 'Exists' }] })).toEqual({
      spec: { ...pod.spec, tolerations: [{ operator: 'Exists' }] },
    });
  });

  test('orders elements as $setElementOrder says', () => {
    const order = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] };
    expect(patched({ ...order, containers: [{ name: 'a', image: 'a:2' }] })).toEqual({
      spec: {
        ...pod.spec,
        containers: [
          { name: 'b', image: 'b:1' },
          { name: 'a', image: 'a:2', env: [{ name: 'X', value: '1' }] },
        ],
      },
    });
  });

  test('keeps only what $retainKeys names', () => {
    const strategy = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
    expect(
      strategicMerge(typeSchema('DeploymentSpec'), strategy, {
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
      }),
    ).toEqual({
      strategy: { type: 'Recreate' },
    });
  });
});

test('server-side apply merges lists by their map keys', () => {
  const live = { ports: [{ port: 80, protocol: 'TCP', nodePort: 31000 }] };
  const applied = {
    ports: [
      { port: 80, protocol: 'TCP', targetPort: 8080 },
      { port: 443, protocol: 'TCP' },
    ],
  };
  expect(applyPatch(typeSchema('ServiceSpec'), live, applied)).toEqual({
    ports: [
      { port: 80, protocol: 'TCP', nodePort: 31000, targetPort: 8080 },
      { port: 443, protocol: 'TCP' },
    ],
  });
});
