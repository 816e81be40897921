/** Texts and conversions: apiserver/pkg/storage/calico, libcalico-go/lib/clientv3 and lib/backend/k8s/resources, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { ACCEPT_TABLE, CONTENT_TYPE, type ApiRequest, type ApiResponse } from '../../../kube/api.ts';
import { builtinRegistry } from '../../../kube/builtin-registry.ts';
import { handle } from '../../../kube/facade.ts';
import { watchFrom } from '../../../kube/watch.ts';
import { IP_POOLS } from '../kinds.ts';
import { calicoResources } from '../resources.ts';
import { TestCluster, TWO_RACKS } from '../two-racks.contract.ts';
import { convertUid } from './metadata.ts';
import { calicoV3Resources } from './resources.ts';

const MANIFEST = builtinRegistry(TWO_RACKS).with(calicoResources);
const REGISTRY = MANIFEST.with(calicoV3Resources);
const V3 = '/apis/projectcalico.org/v3';
const V1 = '/apis/crd.projectcalico.org/v1';

class Api {
  readonly cluster = new TestCluster().withCalico('default');

  ask(method: ApiRequest['method'], path: string, more: Partial<ApiRequest> = {}): ApiResponse {
    return this.cluster.change((tx) => handle(tx, REGISTRY, { method, path, ...more }));
  }

  get(path: string): JsonObject {
    return this.ask('GET', path).body;
  }

  create(plural: string, name: string, spec: JsonObject, more: Partial<ApiRequest> = {}): ApiResponse {
    return this.ask('POST', `${V3}/${plural}`, { body: { metadata: { name }, spec }, ...more });
  }
}

const metadataOf = (object: JsonObject): JsonObject => object['metadata'] as JsonObject;
const POOL = { cidr: '10.99.0.0/16', vxlanMode: 'Always', natOutgoing: true };

test('a manifest install does not serve the group', () => {
  const api = new Api();
  const answer = api.cluster.change((tx) => handle(tx, MANIFEST, { method: 'GET', path: `${V3}/ippools` }));
  expect(answer).toMatchObject({
    code: 404,
    body: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  });
});

describe('both views', () => {
  test('are of one object: the same version, the UID with its bits turned, defaults filled in', () => {
    const api = new Api();
    const [v3, v1] = [V3, V1].map((group) => api.get(`${group}/ippools/default-ipv4-ippool`));
    if (!v3 || !v1) throw new Error('no pool');
    expect(metadataOf(v3)['uid']).toBe(convertUid(String(metadataOf(v1)['uid'])));
    expect(metadataOf(v3)['resourceVersion']).toBe(metadataOf(v1)['resourceVersion']);
    expect(v3).toMatchObject({
      kind: 'IPPool',
      apiVersion: 'projectcalico.org/v3',
      spec: { blockSize: 26, nodeSelector: 'all()', allowedUses: ['Workload', 'Tunnel'] },
    });
    expect(metadataOf(v3)['annotations']).toBeUndefined();
  });

  test('what is written to one is read from the other', () => {
    const api = new Api();
    expect(api.create('ippools', 'second', POOL).code).toBe(201);
    expect(api.get(`${V1}/ippools/second`)).toMatchObject({
      apiVersion: 'crd.projectcalico.org/v1',
      spec: { ...POOL, blockSize: 26, ipipMode: 'Never' },
    });
    const patch = { contentType: CONTENT_TYPE.mergePatch, body: { spec: { natOutgoing: false } } };
    api.ask('PATCH', `${V1}/ippools/second`, patch);
    expect(api.get(`${V3}/ippools/second`)).toMatchObject({ spec: { natOutgoing: false } });
    const label = { contentType: CONTENT_TYPE.mergePatch, body: { metadata: { labels: { rack: 'b' } } } };
    expect(api.ask('PATCH', `${V3}/ippools/second`, label).code).toBe(200);
    const stored = metadataOf(api.get(`${V1}/ippools/second`));
    expect(stored['labels']).toBeUndefined();
    expect(String((stored['annotations'] as JsonObject)['projectcalico.org/metadata'])).toContain(
      '"rack":"b"',
    );
    expect(
      api.ask('GET', `${V3}/ippools`, { query: { labelSelector: 'rack=b' } }).body['items'],
    ).toHaveLength(1);
  });

  test('a stale version is a conflict, and a wrong UID stops a deletion', () => {
    const api = new Api();
    const first = api.create('ippools', 'second', POOL).body;
    api.ask('PATCH', `${V3}/ippools/second`, {
      contentType: CONTENT_TYPE.mergePatch,
      body: { spec: { natOutgoing: false } },
    });
    expect(api.ask('PUT', `${V3}/ippools/second`, { body: first })).toMatchObject({
      code: 409,
      body: {
        message: expect.stringContaining(
          'Operation cannot be fulfilled on ippools.projectcalico.org "second"',
        ) as string,
      },
    });
    const stored = metadataOf(api.get(`${V1}/ippools/second`));
    const wrong = { body: { preconditions: { uid: String(stored['uid']) } } };
    expect(api.ask('DELETE', `${V3}/ippools/second`, wrong).code).toBe(409);
    const right = { body: { preconditions: { uid: convertUid(String(stored['uid'])) } } };
    expect(api.ask('DELETE', `${V3}/ippools/second`, right).code).toBe(200);
    expect(api.ask('GET', `${V1}/ippools/second`).code).toBe(404);
  });

  test('a watch of one sees what happens to the other', () => {
    const api = new Api();
    const { revision } = api.cluster.state.store;
    api.cluster.withPool('third', { cidr: '10.97.0.0/16' });
    const { store, epoch, now } = api.cluster.state;
    const batch = watchFrom(
      { store, epoch, now },
      REGISTRY,
      { method: 'GET', path: `${V3}/ippools` },
      revision,
    );
    expect(batch).toMatchObject({
      ok: true,
      value: {
        events: [
          { type: 'ADDED', object: { apiVersion: 'projectcalico.org/v3', metadata: { name: 'third' } } },
        ],
      },
    });
  });
});

describe('the client library checks what is written', () => {
  test('with its own texts', () => {
    const { code, body } = new Api().create('ippools', 'bad', { ...POOL, cidr: '10.244.0.0/24' });
    expect(code).toBe(422);
    expect(body['message']).toMatch(
      /^IPPool\.projectcalico\.org "bad" is invalid: IPPool\.Spec\.CIDR: Invalid value: "10\.244\.0\.0\/24": IPPool\(bad\) CIDR overlaps/,
    );
  });

  test('but not in a dry run, which ends before the storage', () => {
    const api = new Api();
    const dry = { query: { dryRun: 'All' } };
    expect(api.create('ippools', 'bad', { ...POOL, cidr: '10.244.0.0/24' }, dry).code).toBe(201);
    expect(api.ask('GET', `${V3}/ippools/bad`).code).toBe(404);
  });

  test('policies need their tier, and a tier with policies stays', () => {
    const api = new Api();
    const policy = { tier: 'security', selector: 'all()' };
    expect(api.create('globalnetworkpolicies', 'first', policy)).toMatchObject({
      code: 500,
      body: { message: expect.stringContaining('key not found') as string },
    });
    expect(api.create('tiers', 'security', { order: 100 }).code).toBe(201);
    expect(api.create('globalnetworkpolicies', 'first', policy)).toMatchObject({
      code: 201,
      body: { metadata: { labels: { 'projectcalico.org/tier': 'security' } }, spec: { types: ['Ingress'] } },
    });
    const inTier = { query: { fieldSelector: 'spec.tier=security' } };
    expect(api.ask('GET', `${V3}/globalnetworkpolicies`, inTier).body['items']).toHaveLength(1);
    expect(api.ask('DELETE', `${V3}/tiers/security`).body['message']).toBe(
      'operation delete is not supported on security: Cannot delete a non-empty tier',
    );
    expect(api.ask('DELETE', `${V3}/tiers/default`).body['message']).toBe(
      'operation Delete is not supported on default: Cannot delete default tier',
    );
    expect(api.ask('DELETE', `${V3}/globalnetworkpolicies/first`).code).toBe(200);
    expect(api.ask('DELETE', `${V3}/tiers/security`).code).toBe(200);
  });

  test('the cluster information is not written', () => {
    expect(new Api().ask('DELETE', `${V3}/clusterinformations/default`)).toMatchObject({
      code: 405,
      body: {
        message: 'Delete is not supported on resources of kind "clusterinformations.projectcalico.org"',
      },
    });
  });

  test('block affinities are read, and nobody may write them', () => {
    const api = new Api();
    const spec = { cidr: '10.244.166.128/26', node: 'node1', state: 'confirmed', deleted: 'false' };
    const name = 'node1-10-244-166-128-26';
    api.ask('POST', `${V1}/blockaffinities`, { body: { metadata: { name }, spec } });
    const path = `${V3}/blockaffinities/${name}`;
    const shown = api.get(path);
    expect(shown['spec']).toEqual({ ...spec, deleted: false });
    const refused = (action: string): JsonObject => ({
      code: 500,
      body: { message: `unable to ${action} block affinity. Block affinity resources are read-only` },
    });
    const pending = { body: { ...shown, spec: { ...(shown['spec'] as JsonObject), state: 'pending' } } };
    expect(api.create('blockaffinities', 'other', { ...spec, deleted: false })).toMatchObject(
      refused('create'),
    );
    expect(api.ask('PUT', path, pending)).toMatchObject(refused('update'));
    expect(api.ask('DELETE', path)).toMatchObject(refused('delete'));
    expect(api.ask('PUT', path, { body: shown }).code).toBe(200);
    expect(api.get(path)).toEqual(shown);
  });
});

test('an applier owns its fields in the v3 view', () => {
  const api = new Api();
  const apply = (manager: string, spec: JsonObject, force = 'false') =>
    api.ask('PATCH', `${V3}/ippools/applied`, {
      contentType: CONTENT_TYPE.applyPatch,
      query: { fieldManager: manager, force },
      body: { apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata: { name: 'applied' }, spec },
    });
  expect(apply('one', POOL).code).toBe(201);
  expect(apply('two', { ...POOL, natOutgoing: false }).body['message']).toBe(
    'Apply failed with 1 conflict: conflict with "one": .spec.natOutgoing',
  );
  expect(apply('two', { ...POOL, natOutgoing: false }, 'true')).toMatchObject({
    code: 200,
    body: { spec: { natOutgoing: false } },
  });
});

test('an object waits for its finalizers', () => {
  const api = new Api();
  const body = { metadata: { name: 'held', finalizers: ['example.org/wait'] }, spec: POOL };
  expect(api.ask('POST', `${V3}/ippools`, { body }).code).toBe(201);
  const waiting = api.ask('DELETE', `${V3}/ippools/held`).body;
  expect(metadataOf(waiting)).toMatchObject({
    finalizers: ['example.org/wait'],
    deletionTimestamp: expect.any(String) as string,
  });
  const release = { contentType: CONTENT_TYPE.mergePatch, body: { metadata: { finalizers: null } } };
  expect(api.ask('PATCH', `${V3}/ippools/held`, release).code).toBe(200);
  expect(api.cluster.change((tx) => tx.get(IP_POOLS, undefined, 'held'))).toBeUndefined();
});

test('tables show when an object was made', () => {
  const { body } = new Api().ask('GET', `${V3}/ippools`, { accept: ACCEPT_TABLE });
  expect(body).toMatchObject({
    columnDefinitions: [{ name: 'Name' }, { name: 'Created At', type: 'date' }],
    rows: [{ cells: ['default-ipv4-ippool', '2026-05-01T10:00:00Z'] }],
  });
});

describe('a write of the status', () => {
  const statusOf = (api: Api, path: string, body: JsonObject) =>
    api.ask('PATCH', `${path}/status`, { contentType: CONTENT_TYPE.mergePatch, body });

  test('takes annotations of a node with it, as Calico’s client writes them, and nothing that is desired', () => {
    const api = new Api();
    const body = {
      metadata: { annotations: { 'projectcalico.org/labels': '{}' } },
      spec: { unschedulable: true },
    };
    expect(statusOf(api, '/api/v1/nodes/node1', body).code).toBe(200);
    const node = api.get('/api/v1/nodes/node1');
    expect(metadataOf(node)['annotations']).toMatchObject({ 'projectcalico.org/labels': '{}' });
    expect(node['spec'] ?? {}).not.toHaveProperty('unschedulable');
  });

  test('leaves the metadata of a view alone', () => {
    const api = new Api();
    const path = `${V3}/kubecontrollersconfigurations/default`;
    const body = { metadata: { labels: { a: 'b' } }, status: { environmentVars: { A: 'b' } } };
    expect(statusOf(api, path, body).code).toBe(200);
    expect(metadataOf(api.get(path))['labels']).toBeUndefined();
    expect(api.get(path)).toMatchObject({ status: { environmentVars: { A: 'b' } } });
  });
});

test('a collection is deleted dry when its options say so', () => {
  const api = new Api();
  const dry = { body: { dryRun: ['All'] } };
  expect(api.ask('DELETE', `${V3}/ippools`, dry).code).toBe(200);
  expect(api.ask('GET', `${V3}/ippools/default-ipv4-ippool`).code).toBe(200);
  expect(api.ask('DELETE', `${V3}/ippools`).code).toBe(200);
  expect(api.ask('GET', `${V1}/ippools/default-ipv4-ippool`).code).toBe(404);
});
