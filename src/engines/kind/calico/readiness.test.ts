import { describe, expect, test } from 'vitest';
import { ok } from '../../../base/result.ts';
import type { Progress } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { componentsOf, untilReady } from './readiness.ts';

const TOPOLOGY = { nodes: [{ name: 'control-plane' }, { name: 'node1' }] } as unknown as Topology;

const node = (name: string, ready: boolean): object => ({
  kind: 'Node',
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

interface PodWish {
  readonly on?: string;
  readonly ready?: boolean;
  readonly waits?: { readonly reason: string; readonly message?: string };
}

const pod = (app: string, { on, ready = false, waits }: PodWish = {}): object => ({
  kind: 'Pod',
  metadata: { name: `${app}-x`, namespace: 'kube-system', labels: { 'k8s-app': app } },
  spec: on === undefined ? {} : { nodeName: on },
  status: {
    phase: ready ? 'Running' : 'Pending',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ state: waits ? { waiting: waits } : {} }],
  },
});

const WHOLE = {
  items: [
    node('control-plane', true),
    node('node1', true),
    pod('calico-node', { on: 'control-plane', ready: true }),
    pod('calico-node', { on: 'node1', ready: true }),
    pod('calico-kube-controllers', { on: 'node1', ready: true }),
    pod('kube-dns', { on: 'node1', ready: true }),
    pod('kube-dns', { on: 'control-plane', ready: true }),
  ],
};

describe('the parts of Calico', () => {
  test('are listed before anything of them is there', () => {
    expect(componentsOf({ items: [] }, 'manifest', TOPOLOGY)).toEqual(
      [
        'calico-node on control-plane',
        'calico-node on node1',
        'calico-kube-controllers',
        'coredns',
        'node control-plane',
        'node node1',
      ].map((name) => ({ name, state: 'waiting' })),
    );
  });

  test('are ready when all their pods are', () => {
    expect(componentsOf(WHOLE, 'manifest', TOPOLOGY).map(({ state }) => state)).toEqual(
      Array(6).fill('ready'),
    );
  });

  test('say why they wait, and what fails', () => {
    const items = [
      pod('calico-node', { on: 'node1', waits: { reason: 'PodInitializing' } }),
      pod('calico-kube-controllers', {
        waits: {
          reason: 'ImagePullBackOff',
          message: 'Back-off pulling image "quay.io/calico/kube-controllers"',
        },
      }),
    ];
    const [, node1, controllers] = componentsOf({ items }, 'manifest', TOPOLOGY);
    expect(node1).toEqual({ name: 'calico-node on node1', state: 'waiting', says: 'PodInitializing' });
    expect(controllers).toEqual({
      name: 'calico-kube-controllers',
      state: 'failing',
      says: 'ImagePullBackOff: Back-off pulling image "quay.io/calico/kube-controllers"',
    });
  });

  test('of the operator are more', () => {
    expect(componentsOf({ items: [] }, 'operator', TOPOLOGY).map(({ name }) => name)).toEqual([
      'tigera-operator',
      'calico-typha',
      'calico-node on control-plane',
      'calico-node on node1',
      'calico-kube-controllers',
      'calico-apiserver',
      'coredns',
      'node control-plane',
      'node node1',
      ...['ippools', 'tiers', 'calico', 'apiserver', 'goldmane', 'whisker'].map(
        (name) => `tigerastatus ${name}`,
      ),
    ]);
  });

  // Conditions and messages as tigera-operator v1.42.3 wrote them on a real cluster whose pods were all ready.
  test('are what the operator says too, which goes on after the pods are ready', () => {
    const status = (name: string, ...conditions: readonly (readonly [string, string, string])[]): object => ({
      kind: 'TigeraStatus',
      metadata: { name },
      status: { conditions: conditions.map(([type, is, message]) => ({ type, status: is, message })) },
    });
    const all = 'All objects available';
    const items = [
      status('tiers', ['Degraded', 'False', all], ['Available', 'True', all], ['Progressing', 'False', all]),
      status(
        'calico',
        ['Degraded', 'True', 'Pod calico-system/calico-node-w2jks is running but not ready'],
        ['Available', 'False', ''],
      ),
      status('whisker', ['Progressing', 'True', 'Waiting for deployment']),
    ];
    expect(componentsOf({ items }, 'operator', TOPOLOGY).slice(-5)).toEqual([
      { name: 'tigerastatus tiers', state: 'ready' },
      {
        name: 'tigerastatus calico',
        state: 'failing',
        says: 'Pod calico-system/calico-node-w2jks is running but not ready',
      },
      { name: 'tigerastatus apiserver', state: 'waiting' },
      { name: 'tigerastatus goldmane', state: 'waiting' },
      { name: 'tigerastatus whisker', state: 'waiting', says: 'Waiting for deployment' },
    ]);
  });
});

describe('waiting for them', () => {
  const { signal } = new AbortController();
  const answering =
    (...answers: (object | number)[]): Kubectl =>
    () => {
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (typeof next === 'number')
        return Promise.resolve(ok({ exitCode: next, stdout: '', stderr: 'refused' }));
      return Promise.resolve(ok({ exitCode: 0, stdout: JSON.stringify(next), stderr: '' }));
    };
  const options = { install: 'manifest', topology: TOPOLOGY, signal, pause: 0 } as const;

  test('ends when all are ready, however the API server stumbles on the way', async () => {
    const told: Progress[] = [];
    const waited = await untilReady(answering({ items: [] }, 1, WHOLE), {
      ...options,
      onProgress: (progress) => void told.push(progress),
    });
    expect(waited).toEqual(ok(undefined));
    expect(told.map(({ detail }) => detail)).toEqual(['0 of 6 parts are ready', '6 of 6 parts are ready']);
  });

  test('is given up after its time, naming what is missing', async () => {
    const late = answering({ items: [...WHOLE.items.slice(0, 5)] });
    const waited = await untilReady(late, { ...options, patience: 50 });
    expect(waited).toMatchObject({
      error: { code: 'calico-not-ready', message: 'Calico did not become ready: coredns.' },
    });
  });

  test('asks the operator where there is one', async () => {
    const asked: string[] = [];
    const asking: Kubectl = (argv) => {
      asked.push(argv[1] ?? '');
      return Promise.resolve(ok({ exitCode: 0, stdout: '{"items":[]}', stderr: '' }));
    };
    for (const install of ['manifest', 'operator'] as const)
      await untilReady(asking, { ...options, install, patience: 0, pause: 1000 });
    expect([...new Set(asked)]).toEqual(['nodes,pods', 'nodes,pods,tigerastatuses']);
  });

  test('is given up by the learner', async () => {
    const waited = await untilReady(answering({ items: [] }), { ...options, signal: AbortSignal.abort() });
    expect(waited).toMatchObject({ error: { code: 'interrupted' } });
  });
});
