/** What a simulated node weighs: the heap that one more of them takes, when nothing that can be collected is left in it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import process from 'node:process';
import type { Simulator } from '../../sim/index.ts';
import { builtCluster, gridIds, gridTopology } from './bench-grid.ts';
import { figure, median, type Figure, type Measurements } from './figure.ts';

/** Pairs of sizes: what a cluster has once and for all, its API's own objects say, is in both. */
const SIZES = [
  [3, 10],
  [10, 30],
  [30, 100],
] as const;
const LIMIT = 100;
/** Clusters that come before those that count: the code is compiled, and what is remembered once is of that size. */
const BEFORE = 2;
/** Nodes of clusters that together are one sample: what grows in steps, tables of weak references say, is spread over them. */
const TOGETHER = 300;
const SAMPLES = 3;

export function heapMeasurements(): Measurements {
  return Object.fromEntries(
    SIZES.map(([few, many]) => [
      `heap that one more node with two pods keeps alive, objects, past and all tables, from ${few} to ${many} nodes`,
      () => heapOfNode(few, many),
    ]),
  );
}

function heapOfNode(few: number, many: number): Figure {
  const together = Math.ceil(TOGETHER / many);
  const small = median(heapsOfClusters(few, together));
  const samples = heapsOfClusters(many, together).map((heap) => (heap - small) / (many - few));
  return figure({ unit: 'KiB', limit: LIMIT }, samples);
}

/** KiB that a further cluster adds; all of them stay. */
function heapsOfClusters(nodes: number, together: number): readonly number[] {
  const kept = Array.from({ length: BEFORE }, () => lookedAt(nodes));
  let before = usedHeap();
  const heaps = Array.from({ length: SAMPLES }, () => {
    for (let more = 0; more < together; more += 1) kept.push(lookedAt(nodes));
    const after = usedHeap();
    const heap = (after - before) / together;
    before = after;
    return heap;
  });
  if (kept.some(({ now }) => now !== kept[0]?.now)) throw new Error('clusters of one kind differ');
  return heaps;
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
