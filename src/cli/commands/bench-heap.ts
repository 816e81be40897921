/** What a simulated node weighs: the heap that one more of them takes, when nothing that can be collected is left in it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import process from 'node:process';
import type { Simulator } from '../../sim/index.ts';
import { builtCluster, gridIds, gridTopology } from './bench-grid.ts';
import { figure, type Figure, type Measurements } from './figure.ts';

/** Pairs of sizes: what a cluster has once and for all, its API's own objects say, is in both. */
const SIZES = [
  [3, 10],
  [10, 30],
  [30, 100],
] as const;
const LIMIT = 100;

export function heapMeasurements(): Measurements {
  return Object.fromEntries(
    SIZES.map(([few, many]) => [
      `heap of one more node with two pods, objects and all tables, from ${few} to ${many} nodes`,
      () => heapOfNode(few, many),
    ]),
  );
}

function heapOfNode(few: number, many: number): Figure {
  const samples = [1, 2, 3].map(() => (heapOfCluster(many) - heapOfCluster(few)) / (many - few));
  return figure({ unit: 'KiB', limit: LIMIT }, samples);
}

/** KiB of a second cluster: the first has brought up the code and everything that is remembered once. */
function heapOfCluster(nodes: number): number {
  const first = lookedAt(nodes);
  const before = usedHeap();
  const second = lookedAt(nodes);
  const after = usedHeap();
  if (first.now !== second.now) throw new Error('two clusters of one kind differ');
  return after - before;
}

/** With every network stack derived. */
function lookedAt(nodes: number): Simulator {
  const simulator = builtCluster(gridTopology(nodes));
  for (const id of gridIds(simulator)) simulator.network.netns(id);
  return simulator;
}

/** Collections after which no more is expected to go, and KiB that do not count. */
const MOST_COLLECTIONS = 12;
const LITTLE = 4;

/** KiB, garbage left out: it is collected until no more of it goes, since what is held weakly goes in several turns. */
export function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let used = Infinity;
  for (let turn = 0; turn < MOST_COLLECTIONS; turn += 1) {
    collect();
    const left = process.memoryUsage().heapUsed / 1024;
    if (left > used - LITTLE) return left;
    used = left;
  }
  return used;
}
