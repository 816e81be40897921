/**
 * Large clusters. How long one takes to come up, and how what a person does grows with its size: 100, 500 and 1,000 nodes
 * with 30 pods each. Without BGP, as clusters of that size run VXLAN: a full mesh would be half a million sessions. Processor
 * time is counted, so what else the machine does is no part of it.
 */
import { printTable, type Netns, type Simulator } from '../../sim/index.ts';
import { routeWords } from '../kernel/stack-program.ts';
import { patched } from './bench-grid.ts';
import { usedHeap } from './bench-heap.ts';
import { broughtUp, deployed, nodesUp, SETTLE } from './bench-rack.ts';
import { cpuTimeOf, figure, median, type Figure, type Measurements } from './figure.ts';

const LARGE = { nodes: 500, pods: 5_000, runs: 3, seconds: 5 };
const SIZES = [100, 500, 1_000];
const PODS_PER_NODE = 30;
/** How often a cluster comes up: the last one is also looked at and changed. */
const TIMES_UP: Readonly<Record<number, number>> = { 100: 5, 500: 3, 1_000: 3 };
/** The pool's mode is changed so often, to and fro, and the nodes are looked at anew after each change. */
const CHANGES = 4;
/** Before a heap is measured: what is remembered of the newest cluster alone is then no longer that of an earlier large one. */
const SMALL = { nodes: 2, pods: 1 };
const FIRST_LOOKED_AT = 'node/node5';
const LOOKED_AT_NEXT = ['node/node6', 'node/node7', 'node/node8', 'node/node9'];

export function scaleMeasurements(): Measurements {
  const { nodes, pods } = LARGE;
  return {
    [`${nodes} nodes with ${pods} pods, control plane from nothing until all run`]: largeCluster,
    ...growthMeasurements(),
  };
}

function largeCluster(): Figure {
  const seconds = Array.from({ length: LARGE.runs }, () => {
    const began = performance.now();
    broughtUp(LARGE.nodes, LARGE.pods);
    return (performance.now() - began) / 1000;
  });
  return figure({ unit: 's', limit: LARGE.seconds }, seconds);
}

interface Grown {
  readonly nodes: number;
  /** KiB. */
  readonly heapOfNode: number;
  readonly heapOfPod: number;
  /** Milliseconds of processor time. */
  readonly pods: readonly number[];
  readonly changes: readonly number[];
  /** The first look after something changed derives what all nodes share, too. */
  readonly firstLooks: readonly number[];
  readonly nextLooks: readonly number[];
}

/** Clusters of all sizes are brought up for the first of these figures. */
function growthMeasurements(): Measurements {
  let grown: readonly Grown[] | undefined;
  const all = (): readonly Grown[] => {
    if (!grown) grownTo(SIZES[0] ?? 1); // the compiler settles
    return (grown ??= SIZES.map(grownTo));
  };
  const ms = { unit: 'ms of processor time' };
  const ofSize = (size: number): Grown => all().find(({ nodes }) => nodes === size) ?? grownTo(size);
  const told = SIZES.map((size): Measurements => {
    const what = `${size} nodes, ${PODS_PER_NODE * size} pods`;
    return {
      [`${what}: all pods from nothing until they run`]: () => figure(ms, ofSize(size).pods),
      [`${what}: change of the pool's mode`]: () => figure(ms, ofSize(size).changes),
      [`${what}: first look at a node's tables`]: () => figure(ms, ofSize(size).firstLooks),
      [`${what}: first look at another node's tables`]: () => figure(ms, ofSize(size).nextLooks),
      [`${what}: heap of a node`]: () => figure({ unit: 'KiB' }, [ofSize(size).heapOfNode]),
      [`${what}: heap of a pod`]: () => figure({ unit: 'KiB' }, [ofSize(size).heapOfPod]),
    };
  });
  const growth = `${SIZES.join(', ')} nodes: growth over n log n`;
  return Object.assign({}, ...told, {
    [`${growth}, all pods`]: () => growthOf(all(), ({ pods }) => pods),
    [`${growth}, change of the pool's mode`]: () => growthOf(all(), ({ changes }) => changes),
    [`${growth}, first look at a node's tables`]: () => growthOf(all(), ({ firstLooks }) => firstLooks),
    [`${growth}, first look at another node's tables`]: () => growthOf(all(), ({ nextLooks }) => nextLooks),
  }) as Measurements;
}

/** From each size to each larger one: how much more it costs than n log n would; 1 is just that. */
function growthOf(grown: readonly Grown[], costs: (grown: Grown) => readonly number[]): Figure {
  const share = (at: Grown): number => median(costs(at)) / (at.nodes * Math.log(at.nodes));
  const samples = grown.flatMap((small) =>
    grown.filter(({ nodes }) => nodes > small.nodes).map((large) => share(large) / share(small)),
  );
  return figure({ unit: 'times', limit: 1 }, samples);
}

function grownTo(nodes: number): Grown {
  const pods = nodes * PODS_PER_NODE;
  const upBefore = Array.from({ length: (TIMES_UP[nodes] ?? 1) - 1 }, () => {
    const simulator = nodesUp(nodes);
    return cpuTimeOf(() => deployed(simulator, pods));
  });
  const small = broughtUp(SMALL.nodes, SMALL.pods);
  const empty = usedHeap();
  const simulator = nodesUp(nodes);
  const without = usedHeap();
  const up = cpuTimeOf(() => deployed(simulator, pods));
  const full = usedHeap();
  if (small.now === 0) throw new Error('no time has passed');
  return {
    nodes,
    heapOfNode: (without - empty) / nodes,
    heapOfPod: (full - without) / pods,
    pods: [...upBefore, up],
    ...changed(simulator),
  };
}

/** The pool's mode changes, and somebody looks at some nodes; time and again. */
function changed(simulator: Simulator): Pick<Grown, 'changes' | 'firstLooks' | 'nextLooks'> {
  const turns = Array.from({ length: CHANGES }, (_, at) => ({
    change: cpuTimeOf(() => {
      patched(simulator, 'ippools/default-ipv4-ippool', {
        ipipMode: 'Never',
        vxlanMode: at % 2 === 0 ? 'CrossSubnet' : 'Always',
      });
      simulator.settle(SETTLE);
    }),
    firstLook: cpuTimeOf(() => tables(simulator, FIRST_LOOKED_AT)),
    nextLooks: LOOKED_AT_NEXT.map((id) => cpuTimeOf(() => tables(simulator, id))),
  }));
  return {
    changes: turns.map(({ change }) => change),
    firstLooks: turns.map(({ firstLook }) => firstLook),
    nextLooks: turns.flatMap(({ nextLooks }) => nextLooks),
  };
}

/** What `ip route` and `iptables-save` say of a node. */
function tables(simulator: Simulator, id: string): string {
  const stack = simulator.network.netns(id);
  if (!stack) throw new Error(`there is no ${id}`);
  const named = Object.entries(stack.netfilter.tables) as [TableName, Chains][];
  return [
    ...stack.routes.map(routeWords),
    ...named.flatMap(([name, chains]) => printTable(name, chains)),
  ].join('\n');
}

type TableName = keyof Netns['netfilter']['tables'];
type Chains = Parameters<typeof printTable>[1];
