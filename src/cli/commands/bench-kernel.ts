/**
 * The simulator against the Linux kernel, in the same run: 3, 10, 30 and 100 nodes with two pods each (VXLAN CrossSubnet),
 * whose pods reach each other. The kernel is given the network by batches of `ip` and `bridge`, from a plan that is there
 * already; its like is the simulator deriving every stack's tables from the objects of a cluster: the network alone. What
 * only the simulator does, bringing up the cluster that decides what the network is, is told apart: the control plane. The
 * simulator's process is warm, as a lab's spare worker is by its rehearsal: it has built such clusters before.
 */
import process from 'node:process';
import { formatIpv4 } from '../../model/ip.ts';
import { clearStale, inside, must, Namespaces } from '../kernel/namespaces.ts';
import { stackProgram, type StackProgram } from '../kernel/stack-program.ts';
import {
  answers,
  builtCluster,
  gridIds,
  gridStacks,
  gridTopology,
  podEnds,
  sampledPairs,
  type PodEnd,
} from './bench-grid.ts';
import { figure, type Figure, type Measured, type Measurements } from './figure.ts';

const SIZES = [3, 10, 30, 100];
/** Of many nodes a run takes long: fewer runs, and some pairs of pods are asked instead of all. */
const RUNS = { small: 5, large: 3, isLarge: 100 };
const PAIRS = { small: 2_000, large: 200 };
/** How many clusters the compiler sees before the first one counts, and how many nodes in all. */
const WARM_UP = { clusters: 5, nodes: 60 };
const FASTER = 20;

export function kernelMeasurements(): Measurements {
  return Object.assign({}, ...SIZES.map(measurementsOf)) as Measurements;
}

interface Race {
  /** Milliseconds from nothing: namespaces and their tables; and until every pair has answered. */
  readonly kernel: { readonly programmed: number[]; readonly answering: number[] };
  /** Milliseconds: of the control plane, until all pods run; from there, every stack's tables; and every pair's answer. */
  readonly simulator: {
    readonly running: number[];
    readonly programmed: number[];
    readonly answering: number[];
  };
}

/** One race gives several figures; it is run for the first of them. */
function measurementsOf(nodes: number): Measurements {
  let race: Promise<Race> | undefined;
  const told = (tell: (race: Race) => Figure) => async (): Promise<Measured> => {
    const why = whyNoNamespaces();
    if (why !== undefined) return { unmeasured: why };
    return tell(await (race ??= raceOf(nodes)));
  };
  const size = `${nodes} nodes, ${2 * nodes} pods`;
  const answered = nodes >= RUNS.isLarge ? `${PAIRS.large} pairs answered` : 'all pairs answered';
  const ms = { unit: 'ms' };
  const times = { unit: 'times' };
  return {
    [`kernel: ${size}, network alone programmed from nothing`]: told(({ kernel }) =>
      figure(ms, kernel.programmed),
    ),
    [`kernel: ${size}, network alone programmed and ${answered}`]: told(({ kernel }) =>
      figure(ms, kernel.answering),
    ),
    [`simulator, warm: ${size}, control plane alone from nothing until all pods run`]: told(({ simulator }) =>
      figure(ms, simulator.running),
    ),
    [`simulator, warm: ${size}, network alone programmed`]: told(({ simulator }) =>
      figure(ms, simulator.programmed),
    ),
    [`simulator, warm: ${size}, network alone programmed and ${answered}`]: told(({ simulator }) =>
      figure(ms, simulator.answering),
    ),
    [`${size}: network alone programmed, times faster than the kernel`]: told(({ kernel, simulator }) =>
      figure({ unit: 'times', atLeast: FASTER }, ratios(kernel.programmed, simulator.programmed)),
    ),
    [`${size}: network alone programmed and ${answered}, times faster than the kernel`]: told(
      ({ kernel, simulator }) => figure(times, ratios(kernel.answering, simulator.answering)),
    ),
    [`${size}: control plane and network programmed, times faster than the kernel's network alone`]: told(
      ({ kernel, simulator: { running, programmed } }) =>
        figure(times, ratios(kernel.programmed, sums(running, programmed))),
    ),
    [`${size}: control plane, network and ${answered}, times faster than the kernel's network alone`]: told(
      ({ kernel, simulator: { running, answering } }) =>
        figure(times, ratios(kernel.answering, sums(running, answering))),
    ),
  };
}

export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return `network namespaces are Linux's, and this is ${process.platform}`;
  return process.getuid?.() === 0 ? undefined : 'network namespaces need root';
}

const ratios = (kernel: readonly number[], simulator: readonly number[]): readonly number[] =>
  kernel.map((time, at) => time / (simulator[at] ?? Number.NaN));

const sums = (some: readonly number[], others: readonly number[]): readonly number[] =>
  some.map((time, at) => time + (others[at] ?? Number.NaN));

async function raceOf(nodes: number): Promise<Race> {
  await clearStale();
  const topology = gridTopology(nodes);
  const race: Race = {
    kernel: { programmed: [], answering: [] },
    simulator: { running: [], programmed: [], answering: [] },
  };
  const isLarge = nodes >= RUNS.isLarge;
  const warmUp = isLarge ? 1 : Math.max(WARM_UP.clusters, Math.ceil(WARM_UP.nodes / nodes));
  for (let turn = 0; turn < warmUp; turn += 1) gridStacks(builtCluster(topology)); // the compiler settles
  for (let turn = 0; turn < (isLarge ? RUNS.large : RUNS.small); turn += 1) {
    const began = performance.now();
    const simulator = builtCluster(topology);
    const running = performance.now();
    race.simulator.running.push(running - began);
    for (const id of gridIds(simulator)) simulator.network.netns(id);
    race.simulator.programmed.push(performance.now() - running);
    const pairs = sampledPairs(podEnds(simulator), isLarge ? PAIRS.large : PAIRS.small);
    if (!pairs.every(([from, to]) => answers(simulator, from, to)))
      throw new Error('a simulated pod does not answer');
    race.simulator.answering.push(performance.now() - running);
    const { programmed, answering } = await kernelTimes(gridStacks(simulator), pairs);
    race.kernel.programmed.push(programmed);
    race.kernel.answering.push(answering);
  }
  return race;
}

async function kernelTimes(
  stacks: ReturnType<typeof gridStacks>,
  pairs: readonly (readonly [PodEnd, PodEnd])[],
): Promise<{ readonly programmed: number; readonly answering: number }> {
  const began = performance.now();
  const namespaces = await Namespaces.cable(stacks);
  try {
    const programs = stacks.map((stack) => [stack.id, leanProgram(stack)] as const);
    await twoByTwo(programs, ([id, program]) => namespaces.program(id, program));
    const programmed = performance.now() - began;
    await allAnswer(namespaces, pairs);
    return { programmed, answering: performance.now() - began };
  } finally {
    namespaces.dispose();
  }
}

/** A pod needs no switches set to be reached: what is not needed is not typed, in favour of the kernel. */
function leanProgram(stack: ReturnType<typeof gridStacks>[number]): StackProgram {
  const program = stackProgram(stack);
  return stack.ipForward ? program : { ...program, sysctls: [] };
}

/** One shell in each pod pings all of its peers at the same time. */
async function allAnswer(
  namespaces: Namespaces,
  pairs: readonly (readonly [PodEnd, PodEnd])[],
): Promise<void> {
  const peers = new Map<string, string[]>();
  for (const [from, to] of pairs) peers.set(from.id, [...(peers.get(from.id) ?? []), formatIpv4(to.address)]);
  await twoByTwo([...peers], async ([id, addresses]) => {
    const script = `for a in ${addresses.join(' ')}; do ping -q -c 1 -W 5 $a > /dev/null || echo $a; done`;
    const silent = await must(inside(namespaces.nameOf(id), ['sh', '-c', script]));
    if (silent !== '') throw new Error(`in the kernel ${id} does not reach ${silent.trim()}`);
  });
}

/** With as many at the same time as a small machine has processors. */
export async function twoByTwo<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all([lane(), lane()]);
}
