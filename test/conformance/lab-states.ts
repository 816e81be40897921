/** The clusters that labs start and end with, as their own start files and solutions make them. */
import { FreePace } from '../../src/engines/sim/pace.ts';
import { hostTurn } from '../../src/engines/sim/host-clock.ts';
import { Places } from '../../src/engines/sim/places.ts';
import { bringsPools, buildStartState, readStart } from '../../src/engines/sim/start-state.ts';
import { createTextTools } from '../../src/engines/sim/text-tools.ts';
import type { CompiledLab } from '../../src/course/compile/course.ts';
import { Simulator } from '../../src/sim/index.ts';
import { networkIn, type ClusterNetwork } from './cluster.ts';

const EPOCH = Date.parse('2026-05-01T10:00:00Z');
/** Virtual milliseconds in which the cluster follows a change. */
const REST = 60_000;
const NEVER = new AbortController().signal;
const IN_BACKGROUND = /\s*&\s*$/;

export interface LabStates {
  readonly start: ClusterNetwork;
  readonly solved: ClusterNetwork;
}

export async function labStates({ environment, solution }: CompiledLab): Promise<LabStates> {
  const start = readStart(environment.start);
  const { topology } = environment;
  const simulator = new Simulator({ topology, seed: 1, epoch: EPOCH, defaultPool: !bringsPools(start) });
  const pace = new FreePace(simulator, hostTurn);
  const textTools = pace.watched(createTextTools());
  const places = new Places({
    simulator,
    environment,
    belongings: { places: {} },
    textTools,
    breathe: hostTurn,
  });
  const built = await pace.during(buildStartState(start, { simulator, places, signal: NEVER }));
  if (!built.ok) throw new Error(built.error.message);
  const before = networkIn(simulator);
  // Captures wait for packets that nobody needs here.
  const changes = solution.parts.filter(({ text }) => !IN_BACKGROUND.test(text));
  for (const { place, text } of changes) {
    const done = await pace.during(places.shell(place).exec(['sh', '-c', text], { signal: NEVER }));
    if (done.exitCode !== 0) throw new Error(`${text}: ${done.stderr}`);
  }
  simulator.settle(REST);
  return { start: before, solved: networkIn(simulator) };
}
