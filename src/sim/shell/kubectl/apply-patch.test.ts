import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { threeWayPatch } from './apply-patch.ts';

const container = (more: JsonObject): JsonObject => ({
  spec: { containers: [{ name: 'web', image: 'nginx', ...more }] },
});

describe('client-side apply', () => {
  test('nothing to do when the live object has everything and more', () => {
    const original = container({});
    const current = container({ imagePullPolicy: 'Always', resources: {} });
    expect(threeWayPatch({ original, modified: original, current }, 'strategic')).toEqual({});
  });

  test('a changed field of one container is sent with its merge key only', () => {
    const patch = threeWayPatch(
      {
        original: container({}),
        modified: container({ image: 'nginx:1.27' }),
        current: container({ resources: {} }),
      },
      'strategic',
    );
    expect(patch).toEqual({ spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] } });
  });

  test('what the manifest no longer has is deleted, what others added stays', () => {
    const original = { metadata: { labels: { a: '1', b: '2' } } };
    const modified = { metadata: { labels: { a: '1' } } };
    const current = { metadata: { labels: { a: '1', b: '2', added: 'by-others' } } };
    expect(threeWayPatch({ original, modified, current }, 'strategic')).toEqual({
      metadata: { labels: { b: null } },
    });
  });

  test('an element taken out of a keyed list is deleted by its key', () => {
    const ports = (...numbers: number[]): JsonObject => ({
      spec: { ports: numbers.map((port) => ({ port })) },
    });
    const patch = threeWayPatch(
      { original: ports(80, 443), modified: ports(80), current: ports(80, 443) },
      'strategic',
    );
    expect(patch).toEqual({ spec: { ports: [{ $patch: 'delete', port: 443 }] } });
  });

  test('lists of custom resources are replaced whole', () => {
    const rules = (...names: string[]): JsonObject => ({
      spec: { containers: names.map((name) => ({ name })) },
    });
    const patch = threeWayPatch(
      { original: rules('a'), modified: rules('a', 'b'), current: rules('a') },
      'merge',
    );
    expect(patch).toEqual({ spec: { containers: [{ name: 'a' }, { name: 'b' }] } });
  });
});
