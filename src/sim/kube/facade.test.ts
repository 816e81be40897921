import { describe, expect, test } from 'vitest';
import { CONTENT_TYPE } from './api.ts';
import { deployment, pod, service, TestCluster } from './cluster-fixture.ts';
import { watchFrom } from './watch.ts';

const cluster = (): TestCluster => new TestCluster().wait(4000);
const strict = { fieldValidation: 'Strict' };

// Wordings: k8s.io/apimachinery pkg/api/errors and the validation packages, Kubernetes 1.35.
describe('refusals', () => {
  const message = (response: { readonly code: number; readonly body: unknown }): string =>
    `${response.code} ${(response.body as { reason: string; message: string }).reason} ${(response.body as { message: string }).message}`;

  test('an object that is not there, or is there already', () => {
    const at = cluster();
    expect(message(at.request({ method: 'GET', path: at.path('pods', 'x') }))).toBe(
      '404 NotFound pods "x" not found',
    );
    expect(message(at.request({ method: 'GET', path: at.path('deployments.apps', 'x') }))).toBe(
      '404 NotFound deployments.apps "x" not found',
    );
    at.create(pod('x'));
    expect(message(at.create(pod('x')))).toBe('409 AlreadyExists pods "x" already exists');
  });

  test('a kind, a method or a namespace that is not served', () => {
    const at = cluster();
    expect(message(at.request({ method: 'GET', path: '/apis/example.com/v1/things' }))).toBe(
      '404 NotFound the server could not find the requested resource',
    );
    expect(message(at.request({ method: 'PUT', path: '/api/v1/namespaces/default/pods' }))).toBe(
      '405 MethodNotAllowed the server does not allow this method on the requested resource',
    );
    for (const escape of ['%2', '%ff']) {
      expect(message(at.request({ method: 'GET', path: `/api/v1/namespaces/default/pods/${escape}` }))).toBe(
        `404 NotFound pods "${escape}" not found`,
      );
    }
    expect(message(at.create({ ...pod('x'), metadata: { name: 'x', namespace: 'nowhere' } }))).toBe(
      '404 NotFound namespaces "nowhere" not found',
    );
  });

  test('a stale resource version', () => {
    const at = cluster();
    const { body } = at.create(deployment('web', 1));
    at.wait(100);
    expect(message(at.request({ method: 'PUT', path: at.path('deployments.apps', 'web'), body }))).toBe(
      '409 Conflict Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test('keys and values of labels, and keys of annotations', () => {
    const at = cluster();
    const tagged = (metadata: object): string =>
      message(at.create({ ...pod('x'), metadata: { name: 'x', ...metadata } }));
    expect(tagged({ labels: { 'a b': 'c' } })).toBe(
      `422 Invalid Pod "x" is invalid: metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    );
    expect(tagged({ labels: { a: 'b c' } })).toContain(
      '"b c": a valid label must be an empty string or consist',
    );
    expect(tagged({ annotations: { 'x/y/z': '' } })).toContain(
      'metadata.annotations: Invalid value: "x/y/z"',
    );
    expect(tagged({ labels: { a: '' }, annotations: { 'Example.com/Note': 'any text' } })).toMatch(/^201 /);
  });

  test('values out of range and immutable fields', () => {
    const at = cluster();
    expect(message(at.create(deployment('web', -1)))).toBe(
      '422 Invalid Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    at.create(deployment('web', 1));
    expect(
      message(
        at.apply('deployments.apps', 'web', {
          spec: { selector: { matchLabels: { app: 'web', tier: 'x' } } },
        }),
      ),
    ).toBe(
      '422 Invalid Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`, spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"x"}}: field is immutable]',
    );
  });

  test('unknown fields and wrong types', () => {
    const at = cluster();
    const wrong = { ...deployment('web', 1), spec: { ...(deployment('web', 1)['spec'] as object), foo: 1 } };
    expect(message(at.create(wrong, strict))).toBe(
      '400 BadRequest Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
    );
    expect(at.create(wrong)).toMatchObject({ code: 201, warnings: ['unknown field "spec.foo"'] });
    expect(message(at.create({ ...deployment('two', 1), spec: { replicas: 'three' } }))).toBe(
      '400 BadRequest Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  test('deleting the default namespace', () => {
    const at = cluster();
    expect(message(at.delete('namespaces', 'default'))).toBe(
      '403 Forbidden namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });
});

describe('selecting', () => {
  const names = (at: TestCluster, query: Record<string, string>): readonly string[] => {
    const { body } = at.request({ method: 'GET', path: '/api/v1/pods', query });
    return (body['items'] as unknown as readonly { metadata: { name: string } }[]).map(
      (item) => item.metadata.name,
    );
  };

  test('by labels, by fields, by both', () => {
    const at = cluster();
    at.create(pod('a', {}, { app: 'a' }));
    at.create(pod('b', { nodeName: 'node2' }, { app: 'b' }));
    at.wait(3000);
    expect(names(at, { labelSelector: 'app in (a,b)' })).toEqual(['a', 'b']);
    expect(names(at, { labelSelector: 'app', fieldSelector: 'spec.nodeName=node2' })).toEqual(['b']);
    expect(names(at, { labelSelector: 'app', fieldSelector: 'status.phase!=Running' })).toEqual([]);
    expect(
      at.request({ method: 'GET', path: '/api/v1/pods', query: { fieldSelector: 'a=b' } }).body['message'],
    ).toBe('field label not supported: a');
  });
});

describe('writing', () => {
  test('a dry run answers and stores nothing', () => {
    const at = cluster();
    expect(at.create(pod('x'), { dryRun: 'All' }).code).toBe(201);
    expect(at.get('pods', 'x')).toBeUndefined();
  });

  test('a label that is null is empty, as Go reads it', () => {
    const at = cluster();
    const labels: unknown = { a: null };
    const { code, body } = at.create({
      ...pod('x'),
      metadata: { name: 'x', labels: labels as Record<string, string> },
    });
    expect({ code, body }).toMatchObject({ code: 201, body: { metadata: { labels: { a: '' } } } });
  });

  test('generateName', () => {
    const at = cluster();
    const { body } = at.create({ ...pod('x'), metadata: { generateName: 'job-' } });
    expect((body['metadata'] as { name: string }).name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('an unchanged write keeps the resource version; a changed spec counts a generation', () => {
    const at = cluster();
    at.create(deployment('web', 1));
    at.wait(5000);
    const before = at.get('deployments.apps', 'web');
    at.apply('deployments.apps', 'web', { spec: { replicas: 1 } });
    expect(at.get('deployments.apps', 'web')).toBe(before);
    at.apply('deployments.apps', 'web', { metadata: { labels: { a: 'b' } } });
    expect(at.get('deployments.apps', 'web')?.metadata.generation).toBe(1);
    at.apply('deployments.apps', 'web', { spec: { replicas: 2 } });
    expect(at.get('deployments.apps', 'web')?.metadata.generation).toBe(2);
  });

  test('scale', () => {
    const at = cluster();
    at.create(deployment('web', 1));
    const path = `${at.path('deployments.apps', 'web')}/scale`;
    at.request({
      method: 'PATCH',
      path,
      body: { spec: { replicas: 3 } },
      contentType: CONTENT_TYPE.mergePatch,
    });
    expect(at.request({ method: 'GET', path }).body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 3 },
      status: { replicas: 0, selector: 'app=web' },
    });
  });

  test('server-side apply creates, then merges', () => {
    const at = cluster();
    const path = at.path('services', 'web');
    const apply = (spec: object) =>
      at.request({
        method: 'PATCH',
        path,
        query: { fieldManager: 'test' },
        contentType: CONTENT_TYPE.applyPatch,
        body: { ...service('web'), spec: { ...(service('web')['spec'] as object), ...spec } },
      });
    expect(apply({}).code).toBe(201);
    const address = at.get('services', 'web')?.spec?.['clusterIP'];
    expect(apply({ type: 'NodePort' }).code).toBe(200);
    expect(at.get('services', 'web')?.spec).toMatchObject({ type: 'NodePort', clusterIP: address });
  });
});

test('a watch tells what enters, changes and leaves a selection', () => {
  const at = cluster();
  const start = at.state.store.revision;
  at.create(pod('a', {}, { app: 'a' }));
  at.apply('pods', 'a', { metadata: { labels: { app: 'b' } } });
  at.apply('pods', 'a', { metadata: { labels: { app: 'a', x: 'y' } } });
  at.delete('pods', 'a', { gracePeriodSeconds: 0 });
  const request = {
    method: 'GET',
    path: '/api/v1/namespaces/default/pods',
    query: { labelSelector: 'app=a' },
  } as const;
  const batch = watchFrom(at.state, at.registry, request, start);
  expect(batch.ok && batch.value.events.map((event) => event.type)).toEqual([
    'ADDED',
    'DELETED',
    'ADDED',
    'DELETED',
  ]);
});

test('a watch from a forgotten revision is told 410 Gone', () => {
  const at = cluster();
  for (let index = 0; index < 4100; index += 1)
    at.apply('nodes', 'node1', { metadata: { labels: { n: String(index) } } });
  const batch = watchFrom(at.state, at.registry, { method: 'GET', path: '/api/v1/nodes' }, 5);
  expect(batch.ok && batch.value.events).toMatchObject([
    { type: 'ERROR', object: { code: 410, reason: 'Expired' } },
  ]);
});
