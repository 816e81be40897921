import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import { CONTENT_TYPE, type ApiResponse } from './api.ts';
import { TestCluster } from './cluster-fixture.ts';
import { managersOf } from './managed-fields.ts';
import { printPath } from './patch/field-set.ts';

const web = (spec: JsonObject): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});

const template = (container: JsonObject): JsonObject => ({
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'pause', ...container }] },
  },
});

const settings = (data: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data,
});

function stage() {
  const at = new TestCluster().wait(4000);
  const applied = (resource: string, manager: string, body: JsonObject, force = 'false'): ApiResponse =>
    at.request({
      method: 'PATCH',
      path: at.path(resource, String((body['metadata'] as JsonObject)['name'])),
      query: { fieldManager: manager, force },
      contentType: CONTENT_TYPE.applyPatch,
      body,
    });
  const owned = (resource: string, name: string): Record<string, readonly string[]> =>
    Object.fromEntries(
      managersOf(at.get(resource, name)).map((manager) => [
        manager.name,
        [...manager.fields].map(printPath).sort(),
      ]),
    );
  const data = (): unknown => at.get('configmaps', 'settings')?.['data'];
  return { at, applied, owned, data };
}

describe('an apply', () => {
  test('owns what it mentions, list items by their keys, selectors as a whole', () => {
    const { applied, owned } = stage();
    const body = web(template({ ports: [{ containerPort: 80 }] }));
    expect(applied('deployments.apps', 'alice', body).code).toBe(201);
    const container = '.spec.template.spec.containers[name="web"]';
    expect(owned('deployments.apps', 'web')).toEqual({
      alice: [
        '.spec.selector',
        '.spec.template.metadata.labels.app',
        container,
        `${container}.image`,
        `${container}.name`,
        `${container}.ports[containerPort=80,protocol="TCP"]`,
        `${container}.ports[containerPort=80,protocol="TCP"].containerPort`,
      ].sort(),
    });
  });

  test('takes away what it no longer mentions, but for what another has as well', () => {
    const { applied, data } = stage();
    applied('configmaps', 'alice', settings({ a: '1', b: '2', c: '3' }));
    applied('configmaps', 'bob', settings({ b: '2' }));
    expect(applied('configmaps', 'alice', settings({ c: '3' })).code).toBe(200);
    expect(data()).toEqual({ b: '2', c: '3' });
  });

  test('of the same again changes nothing, not even the version', () => {
    const { at, applied } = stage();
    applied('configmaps', 'alice', settings({ a: '1' }));
    const before = at.get('configmaps', 'settings');
    applied('configmaps', 'alice', settings({ a: '1' }));
    expect(at.get('configmaps', 'settings')).toBe(before);
  });

  test('that is only tried stores nothing', () => {
    const { at } = stage();
    const answer = at.request({
      method: 'PATCH',
      path: at.path('configmaps', 'settings'),
      query: { fieldManager: 'alice', dryRun: 'All' },
      contentType: CONTENT_TYPE.applyPatch,
      body: settings({}),
    });
    expect(answer.code).toBe(201);
    expect(at.get('configmaps', 'settings')).toBeUndefined();
  });
});

describe('a conflict', () => {
  test('names the other manager and the field; force settles it', () => {
    const { applied, data, owned } = stage();
    applied('configmaps', 'alice', settings({ a: '1', b: '1' }));
    const refused = applied('configmaps', 'bob', settings({ a: '2' }));
    expect(refused.code).toBe(409);
    expect(refused.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' }],
      },
    });
    expect(data()).toEqual({ a: '1', b: '1' });
    expect(applied('configmaps', 'bob', settings({ a: '2' }), 'true').code).toBe(200);
    expect(data()).toEqual({ a: '2', b: '1' });
    expect(owned('configmaps', 'settings')).toEqual({ alice: ['.data.b'], bob: ['.data.a'] });
  });

  test('of several is told by manager', () => {
    const { at, applied } = stage();
    applied('configmaps', 'alice', settings({ a: '1' }));
    at.request({
      method: 'PATCH',
      path: at.path('configmaps', 'settings'),
      query: { fieldManager: 'editor' },
      contentType: CONTENT_TYPE.mergePatch,
      body: { data: { b: '1' } },
    });
    expect(applied('configmaps', 'bob', settings({ a: '2', b: '2' })).body['message']).toBe(
      'Apply failed with 2 conflicts: conflicts with "alice":\n- .data.a\nconflicts with "editor" using v1:\n- .data.b',
    );
  });

  test('is none when the value is the same, or nobody was recorded', () => {
    const { at, applied } = stage();
    applied('configmaps', 'alice', settings({ a: '1' }));
    expect(applied('configmaps', 'bob', settings({ a: '1' })).code).toBe(200);
    at.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' }, data: { a: '1' } });
    const other = { ...settings({ a: '2' }), metadata: { name: 'other' } };
    expect(applied('configmaps', 'bob', other).body['message']).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
  });

  test('with client-side apply is none for kubectl itself, whose annotation then follows', () => {
    const { at, applied, data } = stage();
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    at.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      query: { fieldManager: 'kubectl-client-side-apply' },
      contentType: CONTENT_TYPE.json,
      body: {
        ...settings({ a: '1' }),
        metadata: { name: 'settings', annotations: { [annotation]: JSON.stringify(settings({ a: '1' })) } },
      },
    });
    expect(applied('configmaps', 'carol', settings({ a: '2' })).code).toBe(409);
    expect(applied('configmaps', 'kubectl', settings({ a: '2' })).code).toBe(200);
    expect(data()).toEqual({ a: '2' });
    expect(at.get('configmaps', 'settings')?.metadata.annotations?.[annotation]).toBe(
      `${JSON.stringify(settings({ a: '2' }))}\n`,
    );
  });

  test('comes of a scale, too', () => {
    const { at, applied } = stage();
    applied('deployments.apps', 'alice', web({ ...template({}), replicas: 1 }));
    at.request({
      method: 'PATCH',
      path: `${at.path('deployments.apps', 'web')}/scale`,
      query: { fieldManager: 'hand' },
      contentType: CONTENT_TYPE.mergePatch,
      body: { spec: { replicas: 3 } },
    });
    expect(applied('deployments.apps', 'alice', web({ ...template({}), replicas: 1 })).body['message']).toBe(
      'Apply failed with 1 conflict: conflict with "hand" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });
});

describe('an apply is refused', () => {
  test.each([
    ['without a manager', {}, settings({}), 422, /fieldManager: Required value: is required for apply patch/],
    [
      'with a list of managers',
      { managedFields: [] },
      settings({}),
      400,
      /^metadata.managedFields must be nil$/,
    ],
    [
      'with a field nobody knows',
      {},
      { ...settings({}), dat: {} },
      500,
      /^failed to create typed patch object \(default\/settings; v1, Kind=ConfigMap\): \.dat: field not declared in schema$/,
    ],
  ])('%s', (name, metadata, body, code, message) => {
    const { at } = stage();
    const answer = at.request({
      method: 'PATCH',
      path: at.path('configmaps', 'settings'),
      query: name === 'without a manager' ? {} : { fieldManager: 'alice' },
      contentType: CONTENT_TYPE.applyPatch,
      body: { ...body, metadata: { name: 'settings', ...metadata } },
    });
    expect(answer.code).toBe(code);
    expect(answer.body['message']).toMatch(message);
  });
});
