/** A cluster comes to rest in few transactions; it is the same as if each instant had been one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { worldHash, type Simulator } from '../../src/sim/index.ts';
import { broughtUp, create, perform, simulator } from './cluster.ts';
import { story } from './story.ts';

const HORIZON = 30_000;
const PODS = '/api/v1/namespaces/default/pods';

/** Instant by instant. */
function settledSlowly(cluster: Simulator): void {
  const end = cluster.now + HORIZON;
  for (let due = cluster.nextWorkAt; due !== undefined && due <= end; due = cluster.nextWorkAt)
    cluster.advanceTo(due);
}

describe('a cluster that settles', () => {
  test('is the same world at the same moment as one that was looked at in each instant', () => {
    fc.assert(
      fc.property(story, (transactions) => {
        const first = simulator();
        const second = simulator();
        for (const transaction of transactions.filter(({ kind }) => kind !== 'advance')) {
          first.settle(HORIZON);
          settledSlowly(second);
          expect(second.now).toBe(first.now);
          expect(perform(second, transaction)).toEqual(perform(first, transaction));
        }
        expect(worldHash(second.world)).toBe(worldHash(first.world));
      }),
      { numRuns: 8 },
    );
  });

  test('stands where its last work was', () => {
    const cluster = broughtUp();
    const { now } = cluster;
    expect(cluster.nextWorkAt ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now + 1);
    cluster.settle(0);
    expect(cluster.now).toBe(now);
  });

  test('tells watches all that happens, however much that is', async () => {
    const cluster = broughtUp();
    const replicas = 300;
    const ending = new AbortController();
    const watch = cluster.cluster.watch({ method: 'GET', path: PODS }, ending.signal);
    const before = cluster.world.cluster.store.revision;
    create(cluster, '/apis/apps/v1/namespaces/default/deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'many' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'many' } },
        template: {
          metadata: { labels: { app: 'many' } },
          spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
        },
      },
    });
    cluster.settle(HORIZON);
    ending.abort();
    expect(cluster.world.cluster.store.revision - before).toBeGreaterThan(4_000);
    const types: string[] = [];
    for await (const { type } of watch) types.push(type);
    expect(types.filter((type) => type === 'ADDED')).toHaveLength(replicas);
    expect(types).not.toContain('ERROR');
  });
});
