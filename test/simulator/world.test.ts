/** The world as a value: snapshots, refused requests, and what a stack remembers. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Simulator } from '../../src/sim/index.ts';
import { worldHash } from '../../src/sim/index.ts';
import { create, ping, podBody, remove, run, settled } from './cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';

let cluster: Simulator;

beforeEach(() => {
  cluster = settled();
});

describe('snapshot and restore', () => {
  test('bring back objects, hand-made changes and memories', () => {
    const address = run(cluster, 'a', 'node1');
    ping(cluster, 'node/node2', address);
    const kept = cluster.world;
    const before = worldHash(kept);

    remove(cluster, 'a');
    cluster.network.edit('node/node1', { kind: 'set-link', device: 'eth0', up: false });
    expect(worldHash(cluster.world)).not.toBe(before);
    expect(worldHash(kept)).toBe(before);

    cluster.restore(kept);
    expect(worldHash(cluster.world)).toBe(before);
    expect(ping(cluster, 'node/node2', address).reply.kind).toBe('reply');
  });

  test('bring back the time too; who sleeps, sleeps on for what was left', async () => {
    const kept = cluster.world;
    cluster.advanceTo(cluster.now + 5_000);
    let woken = false;
    const sleep = cluster.clock.sleep(1_000).then(() => (woken = true));
    cluster.advanceTo(cluster.now + 400);
    cluster.restore(kept);
    expect([cluster.now, cluster.clock.now()]).toEqual([kept.cluster.now, kept.cluster.now]);
    cluster.advanceTo(kept.cluster.now + 599);
    await Promise.resolve();
    expect(woken).toBe(false);
    cluster.advanceTo(kept.cluster.now + 600);
    await sleep;
    expect(woken).toBe(true);
  });

  test('leave the sockets of programs that run on, and bring back none of a program that has ended', () => {
    const listener = { protocol: 'tcp', port: 5_000, serves: { kind: 'echo' } } as const;
    const listening = (): boolean =>
      cluster.network.netns('node/node1')?.listeners.some(({ port }) => port === listener.port) ?? false;
    const before = cluster.world;
    cluster.network.edit('node/node1', { kind: 'open-socket', listener });
    const during = cluster.world;
    cluster.restore(before);
    expect(listening()).toBe(true);
    const written = cluster.decode(cluster.encode());
    if (!written.ok) throw new Error(written.error.detail);
    expect(worldHash(written.value)).toBe(worldHash(before));

    cluster.network.edit('node/node1', { kind: 'close-socket', listener });
    expect(listening()).toBe(false);
    cluster.restore(during);
    expect(listening()).toBe(false);
  });

  test('end every watch with 410 Gone, whichever way the world went', async () => {
    const kept = cluster.world;
    const { signal } = new AbortController();
    const told: string[] = [];
    const watching = (async () => {
      const request = { method: 'GET', path: PODS, query: { watch: 'true' } } as const;
      for await (const { type, object } of cluster.cluster.watch(request, signal)) {
        told.push(
          type === 'ERROR'
            ? `${type} ${String(object['code'])} ${String(object['reason'])}`
            : `${type} ${String((object['metadata'] as { readonly name?: string }).name)}`,
        );
      }
    })();
    create(cluster, PODS, podBody('a', 'node1'));
    cluster.restore(kept);
    await watching;
    expect(told).toEqual(['ADDED a', 'ERROR 410 Expired']);
  });
});

describe('an API request', () => {
  const refused = [
    ['an object without a name', { method: 'POST', path: PODS, body: { ...podBody('', 'node1') } }, 422],
    ['an object that exists', { method: 'POST', path: PODS, body: podBody('a', 'node1') }, 409],
    [
      'an object of another kind',
      { method: 'POST', path: PODS, body: { apiVersion: 'v1', kind: 'Node' } },
      400,
    ],
    [
      'an unknown namespace',
      { method: 'POST', path: '/api/v1/namespaces/no/pods', body: podBody('b', 'node1') },
      404,
    ],
    ['an unknown resource', { method: 'GET', path: '/api/v1/pots' }, 404],
    ['an absent object', { method: 'DELETE', path: `${PODS}/nobody` }, 404],
    [
      'a patch of what is immutable',
      {
        method: 'PATCH',
        path: `${PODS}/a`,
        contentType: 'application/merge-patch+json',
        body: { spec: { nodeName: 'node2' } },
      },
      422,
    ],
  ] as const;

  test.each(refused)('that fails changes nothing: %s', (_, request, code) => {
    run(cluster, 'a', 'node1');
    const before = cluster.world;
    expect(cluster.cluster.request(request).code).toBe(code);
    expect(cluster.world).toBe(before);
  });

  test('that reads changes nothing', () => {
    const before = cluster.world;
    expect(cluster.cluster.request({ method: 'GET', path: PODS }).code).toBe(200);
    expect(cluster.world).toBe(before);
  });
});

describe('what a stack has learnt', () => {
  test('a pod made anew under its old name starts cold', () => {
    const there = run(cluster, 'b', 'node3');
    run(cluster, 'a', 'node1');
    ping(cluster, 'pod/default/a', there);
    expect(cluster.network.memory('pod/default/a').neighbours).not.toEqual([]);

    remove(cluster, 'a');
    run(cluster, 'a', 'node1');
    const { neighbours, conntrack, counters, pathMtu } = cluster.network.memory('pod/default/a');
    expect({ neighbours, conntrack, counters: counters.size, pathMtu: pathMtu.size }).toEqual({
      neighbours: [],
      conntrack: [],
      counters: 0,
      pathMtu: 0,
    });
  });

  test('asking leaves no trace, doing does', () => {
    const there = run(cluster, 'b', 'node3');
    const before = cluster.world;
    const request = {
      from: 'node/node1',
      to: there,
      identifier: 1,
      sequence: 1,
      ttl: 64,
      dataLength: 56,
      pmtuDiscovery: 'want',
    } as const;
    expect(cluster.ask({ kind: 'echo', request }).outcome.reply.kind).toBe('reply');
    expect(cluster.world).toBe(before);
    expect(cluster.network.echo(request).reply.kind).toBe('reply');
    expect(worldHash(cluster.world)).not.toBe(worldHash(before));
  });
});

test('a Node object without a machine is only an object', () => {
  const body = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'made-up' } };
  expect(create(cluster, '/api/v1/nodes', body).code).toBe(201);
  cluster.settle(30_000);
  expect(cluster.networkView().netns('node/made-up')).toBeUndefined();
  expect(cluster.world.routing.speakers.get('node/made-up')).toBeUndefined();
});
