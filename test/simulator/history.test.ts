/** The event log, time travel and differences: what is logged replays exactly, and what differs is told. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Transaction } from '../../src/sim/apply.ts';
import { Simulator, worldDifference, worldHash, type LogEntry, type World } from '../../src/sim/index.ts';
import { broughtUp, perform, ping, run, settled, simulator } from './cluster.ts';
import { story } from './story.ts';

/** A cluster with this behind it, and its log. */
function logged(transactions: readonly Transaction[]): {
  readonly cluster: Simulator;
  readonly entries: readonly LogEntry[];
} {
  const cluster = simulator();
  const log = cluster.keepLog();
  for (const transaction of transactions) perform(cluster, transaction);
  return { cluster, entries: log.entries() };
}

function replayed(from: World, { transactions }: LogEntry): World {
  const there = new Simulator({ world: from });
  for (const transaction of transactions) perform(there, transaction);
  return there.world;
}

const isEmpty = ({ objects, rows, memory }: ReturnType<typeof worldDifference>): boolean =>
  objects.length + rows.length + memory.length === 0;

describe('the event log', () => {
  test('replays: each entry leads from the world before it to the world it holds', () => {
    fc.assert(
      fc.property(story, (transactions) => {
        const { cluster, entries } = logged(transactions);
        const byId = new Map(entries.map((entry) => [entry.id, entry]));
        for (const entry of entries) {
          const before = byId.get(entry.follows ?? 0);
          if (before) expect(worldHash(replayed(before.world, entry))).toBe(worldHash(entry.world));
        }
        expect(entries.at(-1)?.world).toBe(cluster.world);
      }),
      { numRuns: 6 },
    );
  });

  test('replays from its start alone, all of it', () => {
    fc.assert(
      fc.property(story, (transactions) => {
        const { cluster, entries } = logged(transactions);
        const [first, ...rest] = entries;
        if (!first) throw new Error('the log is empty');
        const there = new Simulator({ world: first.world });
        for (const entry of rest) for (const transaction of entry.transactions) perform(there, transaction);
        expect(worldHash(there.world)).toBe(worldHash(cluster.world));
      }),
      { numRuns: 6 },
    );
  });

  test('holds what only asked for nothing, and time as one entry however it passed', () => {
    const cluster = settled();
    const log = cluster.keepLog();
    for (let step = 0; step < 50; step += 1) cluster.advanceTo(cluster.now + 100);
    cluster.cluster.request({ method: 'GET', path: '/api/v1/pods' });
    cluster.cluster.request({ method: 'DELETE', path: '/api/v1/namespaces/default/pods/nobody' });
    expect(log.entries().map(({ transactions }) => transactions.map(({ kind }) => kind)[0])).toEqual([
      undefined,
      'advance',
    ]);
  });

  test('changes no entry that somebody was told of', () => {
    const cluster = settled();
    const log = cluster.keepLog();
    cluster.advanceTo(cluster.now + 100);
    const told = log.entries();
    const before = told.map(({ world }) => worldHash(world));
    cluster.advanceTo(cluster.now + 60_000);
    expect(told.map(({ id }) => log.get(id)?.world).map((world) => world && worldHash(world))).toEqual(
      before,
    );
    expect(log.entries(told.length)).toHaveLength(1);
  });

  test('names who asked, and forgets its oldest entries first', () => {
    const cluster = settled();
    const log = cluster.keepLog({ most: 5 });
    const by = { place: { kind: 'workstation' }, argv: ['kubectl', 'create', 'namespace', 'x'] } as const;
    for (let count = 0; count < 9; count += 1) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `n${count}` } };
      cluster.as(by, () => cluster.cluster.request({ method: 'POST', path: '/api/v1/namespaces', body }));
    }
    const entries = log.entries();
    expect(entries.map(({ id }) => id)).toEqual([6, 7, 8, 9, 10]);
    expect(entries.every((entry) => entry.by === by)).toBe(true);
    expect(log.get(2)).toBeUndefined();
  });
});

describe('time travel', () => {
  test('goes back and forward exactly, and keeps both branches', () => {
    const cluster = settled();
    const log = cluster.keepLog();
    run(cluster, 'a', 'node1');
    const [first, last] = [log.entries()[0], log.present()];
    const hash = worldHash(last.world);
    if (!first) throw new Error('the log is empty');

    cluster.restore(first.world, first);
    expect(log.present()).toBe(first);
    run(cluster, 'b', 'node2');
    const branch = log.present();
    expect(cluster.world.cluster.store.get('pods', 'default', 'a')).toBeUndefined();

    cluster.restore(last.world, last);
    expect(worldHash(cluster.world)).toBe(hash);
    cluster.restore(branch.world, branch);
    expect(cluster.world.cluster.store.get('pods', 'default', 'b')).toBeDefined();
    expect(log.entries().filter(({ follows }) => follows === first.id)).toHaveLength(2);
  });

  test('a fork and its origin do not touch each other', () => {
    fc.assert(
      fc.property(story, story, (some, others) => {
        const { cluster, entries } = logged(some);
        const middle = entries[Math.floor(entries.length / 2)];
        if (!middle) throw new Error('the log is empty');
        const [here, kept] = [worldHash(cluster.world), worldHash(middle.world)];
        const fork = new Simulator({ world: middle.world });
        for (const transaction of others) perform(fork, transaction);
        expect(worldHash(cluster.world)).toBe(here);
        expect(worldHash(middle.world)).toBe(kept);
      }),
      { numRuns: 4 },
    );
  });
});

describe('a difference', () => {
  test('is empty exactly when the fingerprints agree', () => {
    fc.assert(
      fc.property(story, (transactions) => {
        const { entries } = logged(transactions);
        for (const some of entries) {
          for (const other of [some, entries.at(-1) ?? some, entries[0] ?? some]) {
            const same = worldHash(some.world) === worldHash(other.world);
            expect(isEmpty(worldDifference(some.world, other.world))).toBe(same);
          }
        }
      }),
      { numRuns: 4 },
    );
  });

  test('is empty between equal worlds of different making', () => {
    const [one, two] = [broughtUp(), broughtUp()];
    run(one, 'a', 'node1');
    run(two, 'a', 'node1');
    expect(worldDifference(one.world, two.world)).toEqual({ objects: [], rows: [], memory: [] });
  });

  test('names the object and its fields', () => {
    const cluster = settled();
    const before = cluster.world;
    cluster.cluster.request({
      method: 'PATCH',
      path: '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool',
      contentType: 'application/merge-patch+json',
      body: { spec: { natOutgoing: false } },
    });
    const [change, ...others] = worldDifference(before, cluster.world).objects;
    expect(others).toEqual([]);
    expect(change).toMatchObject({ change: 'changed', name: 'default-ipv4-ippool' });
    expect(change?.fields).toContainEqual({ path: 'spec.natOutgoing', before: true, after: false });
  });

  test('names rows of every table that a new pod and its traffic change, and takes them back the other way', () => {
    const cluster = settled();
    const before = cluster.world;
    const address = run(cluster, 'a', 'node1');
    ping(cluster, 'node/node1', address);
    const { rows } = worldDifference(before, cluster.world);
    const tables = new Set(rows.filter(({ netns }) => netns === 'node/node1').map(({ table }) => table));
    expect([...tables]).toEqual(
      expect.arrayContaining(['links', 'routes', 'neighbours', 'rules', 'connections']),
    );
    const route = rows.find(
      ({ netns, table, after }) =>
        netns === 'node/node1' && table === 'routes' && after?.['scope'] === 'link',
    );
    expect(route).toMatchObject({ change: 'added', after: { type: 'unicast', scope: 'link' } });
    expect(rows.some(({ netns, table }) => netns === 'pod/default/a' && table === 'addresses')).toBe(true);

    const back = worldDifference(cluster.world, before).rows;
    expect(back.map(({ key }) => key).sort()).toEqual(rows.map(({ key }) => key).sort());
    expect(back.filter(({ change }) => change === 'removed')).toHaveLength(
      rows.filter(({ change }) => change === 'added').length,
    );
  });

  test('tells the one link that was edited, and nothing else of any stack', () => {
    const cluster = settled();
    const before = cluster.world;
    const device = 'eth0';
    const edited = cluster.network.edit('node/node1', { kind: 'set-link', device, mtu: 1400 });
    expect(edited).toEqual({ ok: true });
    const { rows } = worldDifference(before, cluster.world);
    expect(rows).toEqual([
      {
        change: 'changed',
        netns: 'node/node1',
        table: 'links',
        key: 'eth0',
        before: expect.objectContaining({ mtu: 1500 }) as unknown,
        after: expect.objectContaining({ mtu: 1400 }) as unknown,
      },
    ]);
  });
});
