/**
 * The simulator's BGP against real BIRD 2, in the same run: a cluster of 3, 10, 30 and 100 nodes in which everything runs,
 * and then the full mesh is switched on. Counted is processor time, of all daemons together and of our process, until
 * every node's routing table is full: timers, and whatever else the machine does, are left out. Each side has read its
 * configuration and has brought up its node before. BIRD comes compiled, our code is compiled by running: before every size
 * it has brought up meshes of 30 nodes, as a lab's spare worker has rehearsed. Small meshes are over in milliseconds, so the
 * median of many is told, for each side, and what is compared is the daemons' median with each of ours.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Netns, Simulator } from '../../sim/index.ts';
import type { Topology } from '../../model/topology.ts';
import { formatCidr } from '../../model/ip.ts';
import { meshConfiguration } from '../kernel/mesh-configuration.ts';
import { BirdDaemons } from '../kernel/bird-daemons.ts';
import { clearStale, Namespaces } from '../kernel/namespaces.ts';
import { stackProgram } from '../kernel/stack-program.ts';
import { builtCluster, gridStacks, gridTopology, patched } from './bench-grid.ts';
import { cpuTime, figure, median, type Figure, type Measured, type Measurements } from './figure.ts';
import { twoByTwo, whyNoNamespaces } from './bench-kernel.ts';

const SIZES = [3, 10, 30, 100];
/** Of few nodes more runs are needed, and affordable. */
const RUNS: Readonly<Record<number, Runs>> = {
  3: { bird: 9, simulator: 41 },
  10: { bird: 7, simulator: 15 },
  30: { bird: 3, simulator: 7 },
};
const LARGE: Runs = { bird: 1, simulator: 3 };
/** What the compiler sees before the first mesh of a size counts. */
const WARM_UP = { meshes: 2, nodes: 30 };
/** Virtual milliseconds in which every session is up. */
const SETTLE = 60_000;
/** Milliseconds in which real daemons have their routes, by the clock, and how often one looks. */
const CONVERGES_WITHIN = 60_000;
const LOOK_EVERY = 50;
/** Seconds. BIRD's looks at the kernel are no part of BGP; the shortest delay does not change what it does. */
const TIMERS = { scanTime: 3600, connectDelay: 1 };

interface Runs {
  readonly bird: number;
  readonly simulator: number;
}

interface Race {
  /** Milliseconds of processor time. */
  readonly bird: readonly number[];
  readonly simulator: readonly number[];
}

export function birdMeasurements(): Measurements {
  return Object.assign({}, ...SIZES.map(measurementsOf)) as Measurements;
}

/** One race gives several figures; it is run for the first of them. */
function measurementsOf(nodes: number): Measurements {
  let race: Promise<Race> | undefined;
  const told = (tell: (race: Race) => Figure) => async (): Promise<Measured> => {
    const why = whyNoNamespaces() ?? whyNoBird();
    if (why !== undefined) return { unmeasured: why };
    return tell(await (race ??= raceOf(nodes)));
  };
  const what = `${nodes} nodes, full mesh of BGP from its start to full tables`;
  const ms = { unit: 'ms of processor time' };
  return {
    [`BIRD 2: ${what}`]: told(({ bird }) => figure(ms, bird)),
    [`simulator, warm: ${what}`]: told(({ simulator }) => figure(ms, simulator)),
    [`${what}, times faster than BIRD 2`]: told(({ bird, simulator }) =>
      figure(
        { unit: 'times', atLeast: 1 },
        simulator.map((time) => median(bird) / time),
      ),
    ),
  };
}

const whyNoBird = (): string | undefined =>
  spawnSync('bird', ['--version']).error ? 'BIRD 2 is not installed' : undefined;

async function raceOf(nodes: number): Promise<Race> {
  await clearStale();
  const runs = RUNS[nodes] ?? LARGE;
  const topology = gridTopology(nodes);
  const race = { bird: [] as number[], simulator: [] as number[] };
  const warming = gridTopology(WARM_UP.nodes);
  for (let turn = 0; turn < WARM_UP.meshes; turn += 1) meshed(builtCluster(warming, 'bird'));
  for (let turn = 0; turn < runs.simulator; turn += 1) {
    const simulator = builtCluster(topology, 'bird');
    if (turn < runs.bird) race.bird.push(await birdTime(simulator));
    race.simulator.push(meshed(simulator));
  }
  return race;
}

/** Switches the mesh on; milliseconds of processor time until every node's table holds a route to every block. */
function meshed(simulator: Simulator): number {
  const { nodes } = simulator.world.topology;
  const stacks = (): readonly (Netns | undefined)[] =>
    nodes.map(({ name }) => simulator.network.netns(`node/${name}`));
  stacks();
  const began = cpuTime();
  patched(simulator, 'bgpconfigurations/default', { nodeToNodeMeshEnabled: true });
  simulator.settle(SETTLE);
  const after = stacks();
  const took = cpuTime() - began;
  if (!after.every((stack) => stack?.routes.filter(isBirds).length === nodes.length))
    throw new Error('a simulated routing table is not full');
  return took;
}

const isBirds = ({ protocol }: Netns['routes'][number]): boolean => protocol === 'bird';

/** The same by real daemons, in a network that the kernel has, without pods. */
async function birdTime(simulator: Simulator): Promise<number> {
  const { topology } = simulator.world;
  const stacks = acquainted(gridStacks(simulator, 'machines alone'));
  const namespaces = await Namespaces.cable(stacks);
  let daemons: BirdDaemons | undefined;
  try {
    await twoByTwo(stacks, (stack) =>
      namespaces.program(stack.id, stackProgram(stack, { without: isBirds })),
    );
    const alone = configurations(topology, { namespaces, stacks, mesh: false });
    daemons = new BirdDaemons(alone);
    await until(() => daemons?.haveRoutes('blackhole', 1) ?? false);
    const began = daemons.cpuTime();
    daemons.reconfigure(configurations(topology, { namespaces, stacks, mesh: true }).values());
    await until(() => daemons?.haveRoutes('learnt', topology.nodes.length - 1) ?? false);
    return daemons.cpuTime() - began;
  } finally {
    await daemons?.stop();
    namespaces.dispose();
  }
}

/**
 * Machines that know the addresses of their segment's others: all namespaces of a kernel share one table of what ARP found,
 * of 1,024 entries unless somebody has said otherwise.
 */
function acquainted(stacks: readonly Netns[]): readonly Netns[] {
  const ports = stacks.flatMap(({ id, devices }) =>
    devices.flatMap(({ name, mac, link, addresses: [own] }) =>
      link?.kind === 'segment' && own ? [{ id, device: name, mac, segment: link.segment, own }] : [],
    ),
  );
  return stacks.map((stack) => ({
    ...stack,
    neighbours: ports
      .filter(({ id }) => id === stack.id)
      .flatMap(({ device, segment }) =>
        ports
          .filter((port) => port.id !== stack.id && port.segment === segment)
          .map(({ own: { address }, mac }) => ({ address, device, mac })),
      ),
  }));
}

function configurations(
  topology: Topology,
  {
    namespaces,
    stacks,
    mesh,
  }: { readonly namespaces: Namespaces; readonly stacks: readonly Netns[]; readonly mesh: boolean },
): ReadonlyMap<string, string> {
  return new Map(
    topology.nodes.map(({ name: node }) => {
      const stack = stacks.find(({ id }) => id === `node/${node}`);
      const own = stack?.routes.filter((route) => isBirds(route) && route.type === 'blackhole') ?? [];
      const blocks = own.map(({ prefix }) => formatCidr(prefix));
      return [
        namespaces.nameOf(`node/${node}`),
        meshConfiguration(topology, { node, blocks, mesh, ...TIMERS }),
      ];
    }),
  );
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + CONVERGES_WITHIN;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('BIRD does not get its routes');
    await pause(LOOK_EVERY);
  }
}
