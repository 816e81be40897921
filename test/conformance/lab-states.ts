/** The clusters that labs start and end with, as their own start files and solutions make them. */
import { FreePace } from '../../src/engines/sim/pace.ts';
import { hostTurn } from '../../src/engines/sim/host-clock.ts';
import { Places } from '../../src/engines/sim/places.ts';
import { buildStartState, readStart } from '../../src/engines/sim/start-state.ts';
import { createTextTools } from '../../src/engines/sim/text-tools.ts';
import type { CompiledLab } from '../../src/course/compile/course.ts';
import { bringsPools } from '../../src/lab/manifest.ts';
import type { Place } from '../../src/model/place.ts';
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

export async function labStates(lab: CompiledLab): Promise<LabStates> {
  const { simulator, typed } = await opened(lab);
  const before = networkIn(simulator);
  // Captures wait for packets that nobody needs here.
  const changes = lab.solution.parts.filter(({ text }) => !IN_BACKGROUND.test(text));
  for (const { place, text } of changes) await typed(place, text);
  simulator.settle(REST);
  return { start: before, solved: networkIn(simulator) };
}

/** The cluster that a lab starts with, after `kubectl apply` of some objects. */
export async function stateWith(lab: CompiledLab, objects: string): Promise<ClusterNetwork> {
  const { simulator, typed } = await opened(lab);
  await typed({ kind: 'workstation' }, `kubectl apply -f - <<'EOF'\n${objects}\nEOF`);
  simulator.settle(REST);
  return networkIn(simulator);
}

interface Opened {
  readonly simulator: Simulator;
  readonly typed: (place: Place, text: string) => Promise<void>;
}

async function opened({ environment }: CompiledLab): Promise<Opened> {
  const start = readStart(environment.start);
  const { topology } = environment;
  const simulator = new Simulator({
    topology,
    seed: 1,
    epoch: EPOCH,
    defaultPool: !bringsPools(environment.start),
  });
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
  const typed = async (place: Place, text: string): Promise<void> => {
    const done = await pace.during(places.shell(place).exec(['sh', '-c', text], { signal: NEVER }));
    if (done.exitCode !== 0) throw new Error(`${text}: ${done.stderr}`);
  };
  return { simulator, typed };
}
