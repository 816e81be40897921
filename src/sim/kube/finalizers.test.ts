/** Wordings: k8s.io/apimachinery pkg/api/validation/objectmeta.go, k8s.io/kubernetes pkg/apis/core/validation, Kubernetes 1.35. */
import { describe, expect, test } from 'vitest';
import { CONTENT_TYPE } from './api.ts';
import { pod, TestCluster } from './cluster-fixture.ts';

const configMap = (name: string, finalizers: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', finalizers },
});

const said = ({ code, body }: { readonly code: number; readonly body: unknown }): string =>
  `${code} ${(body as { message?: string }).message ?? ''}`;

describe('finalizers', () => {
  test.each([
    [
      ['mine'],
      'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
    [
      ['orphan', 'foregroundDeletion'],
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    ],
  ])('%j', (finalizers, why) => {
    expect(said(new TestCluster().create(configMap('x', finalizers)))).toBe(
      `422 ConfigMap "x" is invalid: ${why}`,
    );
  });

  test('hold an object that is deleted, take no more meanwhile, and let it go', () => {
    const at = new TestCluster();
    expect(at.create(configMap('x', ['example.com/a', 'example.com/b'])).code).toBe(201);
    const path = at.path('configmaps', 'x');
    const set = (finalizers: readonly string[]) =>
      at.request({
        method: 'PATCH',
        path,
        contentType: CONTENT_TYPE.mergePatch,
        body: { metadata: { finalizers: [...finalizers] } },
      });
    const marked = at.request({ method: 'DELETE', path });
    expect(marked).toMatchObject({
      code: 200,
      body: { kind: 'ConfigMap', metadata: { deletionGracePeriodSeconds: 0 } },
    });
    expect(at.get('configmaps', 'x')?.metadata.deletionTimestamp).toBeDefined();
    expect(said(set(['example.com/a', 'example.com/b', 'example.com/c']))).toBe(
      '422 ConfigMap "x" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/c"}',
    );
    expect(set(['example.com/b']).code).toBe(200);
    expect(set([]).code).toBe(200);
    expect(at.get('configmaps', 'x')).toBeUndefined();
  });
});

describe('a deletion that is only tried', () => {
  test('answers as the real one would, and leaves everything as it is', () => {
    const at = new TestCluster();
    at.create(configMap('held', ['example.com/a']));
    at.create(configMap('free', []));
    at.create(pod('running', {}, {}));
    at.wait(10_000);
    const before = at.state;
    const dry = (resource: string, name: string) =>
      at.request({ method: 'DELETE', path: at.path(resource, name), query: { dryRun: 'All' } });
    expect(dry('configmaps', 'held').body).toMatchObject({
      kind: 'ConfigMap',
      metadata: { deletionGracePeriodSeconds: 0 },
    });
    expect(dry('configmaps', 'free').body).toMatchObject({ kind: 'Status', status: 'Success' });
    expect(dry('pods', 'running').body).toMatchObject({
      kind: 'Pod',
      metadata: { deletionGracePeriodSeconds: 30 },
    });
    expect(at.state).toBe(before);
  });
});
