/** Same topology, seed, epoch and transactions: same world and same traces, also when a run is replayed from a snapshot. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Transaction } from '../../src/sim/apply.ts';
import { hashOf } from '../../src/sim/core/hash.ts';
import { worldHash, type Simulator } from '../../src/sim/index.ts';
import { broughtUp, perform, simulator } from './cluster.ts';
import { story } from './story.ts';

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

  test('who captures what daemons say meanwhile changes nothing', () => {
    const lived = (captures: boolean): { readonly frames: number; readonly world: string } => {
      const cluster = simulator();
      let frames = 0;
      const pass = (seconds: number): void => {
        const advance = { kind: 'advance', to: cluster.now + seconds * 1000, tell: captures } as const;
        frames += cluster.apply(advance).length;
      };
      const plug = (plugged: boolean): unknown =>
        perform(cluster, {
          kind: 'machine',
          machine: 'node/node3',
          change: { kind: 'cable', device: 'eth0', plugged },
        });
      pass(30);
      plug(false);
      pass(300);
      plug(true);
      pass(60);
      return { frames, world: JSON.stringify(cluster.encode()) };
    };
    const [seen, unseen] = [lived(true), lived(false)];
    expect(unseen.world).toBe(seen.world);
    expect(unseen.frames).toBe(0);
    expect(seen.frames).toBeGreaterThan(100);
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
    const hashes = [broughtUp(), broughtUp(), broughtUp({ seed: 2 })].map(({ world }) => worldHash(world));
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});
