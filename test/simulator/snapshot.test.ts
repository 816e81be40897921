/** A world that was written down and read again is the same world with the same future; what is no such world is refused. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { Transaction } from '../../src/sim/apply.ts';
import { hashOf } from '../../src/sim/core/hash.ts';
import { worldHash, type Simulator, type World, type WorldSnapshot } from '../../src/sim/index.ts';
import { readHeap, writeHeap } from '../../src/sim/snapshot-heap.ts';
import { encodeWorld } from '../../src/sim/snapshot.ts';
import { perform, ping, remove, run, settled, simulator } from './cluster.ts';
import { story } from './story.ts';

const tell = (cluster: Simulator, transactions: readonly Transaction[]): readonly string[] =>
  transactions.map((transaction) => hashOf(perform(cluster, transaction)));

/** Through text, as a file keeps it. */
const written = (world: World): WorldSnapshot =>
  JSON.parse(JSON.stringify(encodeWorld(world))) as WorldSnapshot;

function read(cluster: Simulator, value: unknown): World {
  const decoded = cluster.decode(value);
  if (!decoded.ok) throw new Error(`${decoded.error.kind}: ${decoded.error.detail}`);
  return decoded.value;
}

const later = (transactions: readonly Transaction[], by: number): readonly Transaction[] =>
  transactions.map((transaction) =>
    transaction.kind === 'advance' ? { ...transaction, to: transaction.to + by } : transaction,
  );

describe('a snapshot', () => {
  test('is the same world with the same future, whatever happened before and happens after', () => {
    fc.assert(
      fc.property(story, story, (before, after) => {
        const straight = simulator();
        tell(straight, before);
        const snapshot = written(straight.world);
        const there = simulator();
        there.restore(read(there, snapshot));
        expect(worldHash(there.world)).toBe(worldHash(straight.world));

        const rest = later(after, straight.now);
        expect(tell(there, rest)).toEqual(tell(straight, rest));
        expect(worldHash(there.world)).toBe(worldHash(straight.world));
      }),
      { numRuns: 8 },
    );
  });

  test('holds the BGP sessions, their timers and routes', () => {
    const straight = settled();
    const path = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';
    const contentType = 'application/merge-patch+json';
    const body = { spec: { vxlanMode: 'Never', ipipMode: 'Never' } };
    straight.cluster.request({ method: 'PATCH', path, contentType, body });
    const address = run(straight, 'a', 'node1');
    straight.advanceTo(straight.now + 60_000);
    const { peers } = straight.world.routing;
    expect([...peers.values()].some(({ connection }) => connection?.bgp === 'Established')).toBe(true);

    const there = simulator();
    there.restore(read(there, written(straight.world)));
    expect(worldHash(there.world)).toBe(worldHash(straight.world));
    for (const cluster of [straight, there]) {
      cluster.network.edit('node/node2', { kind: 'set-link', device: 'eth0', up: false });
      cluster.advanceTo(cluster.now + 300_000);
    }
    expect(worldHash(there.world)).toBe(worldHash(straight.world));
    expect(ping(there, 'node/node3', address)).toEqual(ping(straight, 'node/node3', address));
  });

  test('of a world that came from a snapshot is that snapshot', () => {
    const cluster = settled();
    ping(cluster, 'node/node2', run(cluster, 'a', 'node1'));
    const snapshot = written(cluster.world);
    expect(written(read(cluster, snapshot))).toEqual(snapshot);
  });

  test('is small, for what versions of an object share is written once', () => {
    const cluster = settled();
    const before = JSON.stringify(written(cluster.world)).length;
    for (let round = 0; round < 20; round += 1) {
      run(cluster, 'a', 'node1');
      remove(cluster, 'a');
    }
    // The past of the store, some hundred events, is no part of it: only Events and leases remember.
    expect(JSON.stringify(written(cluster.world)).length).toBeLessThan(before * 2);
  });

  test('leaves the past out: a watch from before is told that it is gone', async () => {
    const cluster = settled();
    const { revision } = cluster.world.cluster.store;
    run(cluster, 'a', 'node1');
    cluster.restore(read(cluster, written(cluster.world)));
    const request = {
      method: 'GET',
      path: '/api/v1/pods',
      query: { watch: 'true', resourceVersion: String(revision) },
    } as const;
    const told: unknown[] = [];
    for await (const { type, object } of cluster.cluster.watch(request, new AbortController().signal)) {
      told.push([type, object['code'], object['reason']]);
    }
    expect(told).toEqual([['ERROR', 410, 'Expired']]);
  });
});

describe('a snapshot that is refused', () => {
  const cluster = settled();
  run(cluster, 'a', 'node1');
  const good = written(cluster.world);
  const kindOf = (value: unknown): string => {
    const before = cluster.world;
    const decoded = cluster.decode(value);
    expect(cluster.world).toBe(before);
    return decoded.ok ? 'taken' : decoded.error.kind;
  };

  test('is of another format, or of another topology', () => {
    expect(kindOf({ ...good, format: 99 })).toBe('other-format');
    expect(kindOf({ ...good, topology: '00' })).toBe('other-topology');
    expect(kindOf(good)).toBe('taken');
  });

  test('is so whatever text is said to be its own, and is not in any spelling of it', () => {
    const other = { ...good, rows: good.rows.map((row, at) => (at === 7 ? [...row, 'x'] : row)) };
    const told = [good, other].map((value) =>
      ['', '{', ...[0, 1].map((space) => JSON.stringify({ pods: {}, world: value }, undefined, space))].map(
        (text) => cluster.decode(value, text).ok,
      ),
    );
    expect(told).toEqual([Array(4).fill(true), Array(4).fill(false)]);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'snapshot'],
    ['a list', []],
    ['an empty object', {}],
    ['a format without anything', { format: good.format }],
    ['rows that are none', { ...good, rows: {} }],
    ['rows cut short', { ...good, rows: good.rows.slice(0, -1) }],
    ['no root', { ...good, root: undefined }],
    ['another root', { ...good, root: [0] }],
    ['one letter changed', { ...good, rows: good.rows.map((row, at) => (at === 7 ? [...row, 'x'] : row)) }],
    ['rows nested without end', { ...good, rows: [nested(50_000)] }],
  ])('is damaged: %s', (_, value) => {
    expect(kindOf(value)).toBe('damaged');
  });

  test('is damaged, wherever a piece of its text is lost or exchanged', () => {
    const text = JSON.stringify(good);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(40), fc.string({ maxLength: 4 }), (at, length, piece) => {
        const edited = text.slice(0, at) + piece + text.slice(at + length);
        const value = parsed(edited);
        fc.pre(value === undefined || JSON.stringify(value) !== text);
        expect(kindOf(value)).not.toBe('taken');
      }),
      { numRuns: 200 },
    );
  });

  test('has a sum that agrees, for a stranger made it, and parts that are none', () => {
    // Every scalar of every row in turn is put out of its type; what is still taken must be a world that runs.
    const outcomes = new Set<string>();
    for (let at = 0; at < good.rows.length; at += 17) {
      const kind = kindOf(forged(at));
      outcomes.add(kind);
      expect(['taken', 'damaged']).toContain(kind);
    }
    expect(outcomes).toContain('damaged');
  });

  test('cannot reach a prototype', () => {
    const heap = readHeap({ rows: [['object', '__proto__', 'x', 'constructor', 'y']], root: [0] });
    if (!heap.ok) throw new Error(heap.error);
    expect(Object.entries(heap.value as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(heap.value)).toBe(Object.prototype);
  });

  test('cannot be larger than it looks', () => {
    const rows = Array.from({ length: 60 }, (_, at) => (at === 0 ? ['list'] : ['list', [at - 1], [at - 1]]));
    expect(readHeap({ rows, root: [59] })).toMatchObject({ ok: false });
  });

  /** The good snapshot with each scalar of one row replaced by its like of another type, its sum made to agree. */
  function forged(at: number): WorldSnapshot {
    const rows = good.rows.map((row, number) =>
      number === at ? [row[0] ?? '', ...row.slice(1).map(mistaken)] : row,
    );
    return withSum({ ...good, rows });
  }
});

describe('rows', () => {
  const data = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.uint8Array(),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((pairs) => new Map(pairs)),
      fc.array(fc.integer()).map((items) => new Set(items)),
    ),
  })).value;

  test('bring back any data', () => {
    fc.assert(
      fc.property(data, (value) => {
        const { rows, root } = writeHeap(value);
        const again = JSON.parse(JSON.stringify({ rows, root })) as { rows: Json[][]; root: Json };
        expect(readHeap(again)).toEqual({ ok: true, value });
      }),
    );
  });

  test('hold nothing else', () => {
    expect(() => writeHeap({ run: () => undefined })).toThrow('a function cannot be kept in a snapshot');
    expect(() => writeHeap([new Date(0)])).toThrow('a Date cannot be kept in a snapshot');
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let at = 0; at < depth; at += 1) value = [value];
  return value;
}

function mistaken(word: Json): Json {
  if (typeof word === 'number') return String(word);
  return typeof word === 'boolean' ? 1 : word;
}

function withSum(snapshot: WorldSnapshot): WorldSnapshot {
  return { ...snapshot, sum: crc32(JSON.stringify([snapshot.root, snapshot.rows])) };
}
