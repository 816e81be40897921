/** Same topology, seed, epoch and transactions: same world and same traces, also when a run is replayed from a snapshot. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../src/model/ip.ts';
import type { Transaction } from '../../src/sim/apply.ts';
import { hashOf } from '../../src/sim/core/hash.ts';
import { worldHash, type Simulator } from '../../src/sim/index.ts';
import { perform, podBody, settled, simulator } from './cluster.ts';

const NODES = ['node1', 'node2', 'node3'];
const PODS = ['a', 'b', 'c'];
/** The first addresses of the blocks that nodes take, and one outside. */
const TARGETS = ['10.244.166.128', '10.244.166.129', '10.244.104.1', '10.0.1.13', '203.0.113.10'].map(ipv4);

const pods = '/api/v1/namespaces/default/pods';
const pool = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';
const pod = fc.constantFrom(...PODS);
const node = fc.constantFrom(...NODES);
const from = fc.oneof(
  node.map((name) => `node/${name}`),
  fc.constant('host/outside'),
);
const to = fc.constantFrom(...TARGETS);

/** What people do to a cluster, some of it refused: pods come and go, pools change, tables are edited, packets are sent. */
const step: fc.Arbitrary<Transaction> = fc.oneof(
  fc.tuple(pod, node).map(([name, on]): Transaction => ({
    kind: 'request',
    request: { method: 'POST', path: pods, body: podBody(name, on) },
  })),
  pod.map((name): Transaction => ({
    kind: 'request',
    request: { method: 'DELETE', path: `${pods}/${name}` },
  })),
  fc.constantFrom('Always', 'CrossSubnet', 'Never').map((vxlanMode): Transaction => ({
    kind: 'request',
    request: {
      method: 'PATCH',
      path: pool,
      contentType: 'application/merge-patch+json',
      body: { spec: { vxlanMode, ipipMode: 'Never' } },
    },
  })),
  node.map((name): Transaction => ({
    kind: 'edit',
    netns: `node/${name}`,
    edit: { kind: 'set-link', device: 'vxlan.calico', up: false },
  })),
  fc.tuple(from, to).map(([sender, target]): Transaction => ({
    kind: 'echo',
    request: {
      from: sender,
      to: target,
      identifier: 7,
      sequence: 1,
      ttl: 64,
      dataLength: 56,
      pmtuDiscovery: 'want',
    },
  })),
  fc.tuple(from, to).map(([sender, target]): Transaction => ({
    kind: 'http',
    request: { from: sender, to: target, port: 80, sourcePort: 40_000, host: 'x', path: '/', method: 'GET' },
  })),
);

/** Steps with the time that passes before each. */
const story = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 1_500, 100_000), step), { minLength: 1, maxLength: 12 })
  .map((steps) => {
    let at = 60_000;
    return steps.flatMap(([pause, what]): readonly Transaction[] => {
      at += pause;
      return [{ kind: 'advance', to: at }, what];
    });
  });

/** The fingerprints of what every transaction brought about, traces included. */
const tell = (cluster: Simulator, transactions: readonly Transaction[]): readonly string[] =>
  transactions.map((transaction) => hashOf(perform(cluster, transaction)));

describe('determinism', () => {
  test('a replay of recorded transactions on a fresh simulator gives the same effects and the same world', () => {
    fc.assert(
      fc.property(story, (transactions) => {
        const first = simulator();
        const second = simulator();
        expect(tell(second, transactions)).toEqual(tell(first, transactions));
        expect(worldHash(second.world)).toBe(worldHash(first.world));
      }),
      { numRuns: 8 },
    );
  });

  test('a kept world goes on as if nothing had come between', () => {
    fc.assert(
      fc.property(story, story, (before, after) => {
        const straight = simulator();
        tell(straight, before);
        const kept = straight.world;
        const rest = after.filter(({ kind }) => kind !== 'advance');
        const effects = tell(straight, rest);

        const elsewhere = simulator();
        elsewhere.restore(kept);
        expect(tell(elsewhere, rest)).toEqual(effects);
        expect(worldHash(elsewhere.world)).toBe(worldHash(straight.world));
      }),
      { numRuns: 8 },
    );
  });

  test('another seed gives another world: the hash looks', () => {
    const hashes = [settled(), settled(), settled({ seed: 2 })].map(({ world }) => worldHash(world));
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});
