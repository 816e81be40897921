import { expect, test } from 'vitest';
import { ok } from '../../../base/result.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { takeInventory } from './inventory.ts';
import { restoreObjects } from './restoration.ts';

const { signal } = new AbortController();
const KINDS = 'pods\nconfigmaps\nevents\nippools.crd.projectcalico.org\nippools.projectcalico.org\n';

const pool = (spec: JsonObject, name = 'pool', uid = 'p'): JsonObject => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name, uid, resourceVersion: String(Math.floor(uid.length * 7)), generation: 1 },
  spec,
});

const pod = (name: string, uid: string, change: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, uid, ...change },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});

/** A cluster whose objects a test writes; what it is told to do is remembered. */
class Stored {
  items: readonly JsonObject[] = [];
  readonly done: string[] = [];
  readonly given: string[] = [];
  readonly kubectl: Kubectl = (argv, { stdin }) => {
    const [verb] = argv;
    if (verb === 'api-resources') return Promise.resolve(ok({ exitCode: 0, stdout: KINDS, stderr: '' }));
    if (verb === 'get') {
      this.done.push(`get ${argv[1] ?? ''}`);
      return Promise.resolve(ok({ exitCode: 0, stdout: JSON.stringify({ items: this.items }), stderr: '' }));
    }
    this.done.push(argv.join(' '));
    if (stdin instanceof Uint8Array) this.given.push(new TextDecoder().decode(stdin));
    const missing = verb === 'replace' && !this.items.some(({ kind }) => kind === 'IPPool');
    const stderr = missing ? 'Error from server (NotFound): ippools "pool" not found' : '';
    return Promise.resolve(ok({ exitCode: missing ? 1 : 0, stdout: '', stderr }));
  };

  async inventory(): Promise<Parameters<typeof restoreObjects>[0]> {
    const taken = await takeInventory(this.kubectl, signal);
    if (!taken.ok) throw new Error(taken.error.message);
    return taken.value;
  }
}

test('an inventory has what people store, as kubectl names it', async () => {
  const stored = new Stored();
  stored.items = [pool({ cidr: '10.244.0.0/16' }), pod('web', 'w')];
  expect(await stored.inventory()).toMatchObject([
    {
      resource: 'ippools.crd.projectcalico.org',
      name: 'pool',
      owned: false,
      wish: { spec: { cidr: '10.244.0.0/16' } },
    },
    { resource: 'pods', namespace: 'default', name: 'web', uid: 'w', ready: true },
  ]);
  // Events and views are nobody's wish.
  expect(stored.done).toEqual(['get pods,configmaps,ippools.crd.projectcalico.org']);
});

test('nothing is done where nothing has changed', async () => {
  const stored = new Stored();
  stored.items = [pool({ cidr: '10.244.0.0/16' }), pod('web', 'w')];
  const start = await stored.inventory();
  stored.done.length = 0;
  expect(await restoreObjects(start, { kubectl: stored.kubectl, signal })).toEqual(ok(undefined));
  expect(stored.done).toHaveLength(1);
});

test('what the operator has in its own tier is not the learner’s', async () => {
  const stored = new Stored();
  const start = await stored.inventory();
  // As Calico v3.32.1 stores them: without owners.
  const policy = (name: string, tier: string): JsonObject => ({
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'calico-system', name, uid: name },
    spec: { tier, selector: 'all()' },
  });
  const tier = { apiVersion: 'crd.projectcalico.org/v1', kind: 'Tier', metadata: { name: 'calico-system' } };
  stored.items = [tier, policy('calico-system.whisker', 'calico-system'), policy('default.mine', 'default')];
  stored.done.length = 0;
  expect(await restoreObjects(start, { kubectl: stored.kubectl, signal })).toEqual(ok(undefined));
  expect(stored.done.slice(1)).toEqual([
    'delete networkpolicy.v1.crd.projectcalico.org --ignore-not-found --timeout=90s --namespace=calico-system -- default.mine',
  ]);
});

test('what was added goes, what was changed is as it was, what was removed is made again', async () => {
  const stored = new Stored();
  stored.items = [pool({ cidr: '10.244.0.0/16' }), pod('web', 'w')];
  const start = await stored.inventory();
  stored.items = [pool({ cidr: '10.0.0.0/8' }), pool({}, 'mine', 'm'), pod('web', 'other'), pod('more', 'x')];
  stored.done.length = 0;
  await restoreObjects(start, { kubectl: stored.kubectl, signal });
  expect(stored.done.slice(1)).toEqual([
    'delete pods --ignore-not-found --timeout=90s --namespace=default --now -- web more',
    'delete ippools.crd.projectcalico.org --ignore-not-found --timeout=90s -- mine',
    'replace --filename=-',
  ]);
  expect(stored.given[0]).toContain('cidr: 10.244.0.0/16');
  stored.items = [];
  stored.done.length = 0;
  await restoreObjects(start, { kubectl: stored.kubectl, signal });
  expect(stored.done.slice(1)).toEqual(['replace --filename=-', 'create --filename=-']);
});

test('pods of workloads that came later are made anew by their owners', async () => {
  const stored = new Stored();
  stored.items = [pool({})];
  const start = await stored.inventory();
  const owned = { ownerReferences: [{ kind: 'ReplicaSet', name: 'web' }] };
  stored.items = [
    pool({}),
    pod('web-1', 'n', owned),
    pod('calico-node-1', 'c', { ...owned, namespace: 'kube-system' }),
  ];
  stored.done.length = 0;
  await restoreObjects(start, { kubectl: stored.kubectl, signal });
  expect(stored.done.slice(1)).toEqual([
    'delete pods --ignore-not-found --timeout=90s --namespace=default --now -- web-1',
  ]);
});
