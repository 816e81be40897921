/** How long a learner waits for a lab: from asking for it to the first bytes of its workstation's prompt, and for a reset. */
import { simEngine, type SimEngine } from '../../engines/sim/engine.ts';
import type { LabEnvironment, LabSession } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import type { LabEntry } from '../../services/library.ts';
import { PATHS } from '../paths.ts';
import { figure, type Figure } from './figure.ts';

const RUNS = 7;
const COLD_RUNS = 3;
const READY = { unit: 'ms', limit: 150 };
const RESET = { unit: 'ms', limit: 50 };

/** The learner's case: a host that runs, its spare worker rehearsed with the first lab; every lab in turn. */
export async function labReady(labs: readonly LabEntry[]): Promise<Figure> {
  const engine = simEngine({ worker: PATHS.simWorker, rehearse: labs[0]?.environment });
  const samples: number[] = [];
  for (let run = 0; run < Math.max(RUNS, labs.length); run += 1) {
    const lab = labs[run % labs.length];
    if (!lab) break;
    await engine.warmed();
    samples.push(await timeToPrompt(engine, lab.environment));
  }
  await engine.dispose();
  return figure(READY, samples);
}

/** A lab asked for in the moment the host starts: the thread, the simulator's code and the lab, all unprepared. */
export async function labReadyCold({ environment }: LabEntry): Promise<Figure> {
  const samples: number[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) {
    const began = performance.now();
    const engine = simEngine({ worker: PATHS.simWorker });
    const constructed = performance.now() - began;
    samples.push(constructed + (await timeToPrompt(engine, environment)));
    await engine.dispose();
  }
  return figure({ unit: READY.unit }, samples);
}

/** Back to the start, after the learner has changed something. */
export async function labReset({ environment }: LabEntry): Promise<Figure> {
  const engine = simEngine({ worker: PATHS.simWorker });
  const session = await open(engine, environment);
  const { signal } = new AbortController();
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await session.exec(WORKSTATION, ['kubectl', 'create', 'namespace', 'elsewhere'], signal);
    const began = performance.now();
    const done = await session.reset(signal);
    samples.push(performance.now() - began);
    if (!done.ok) throw new Error(done.error.message);
  }
  await session.dispose();
  await engine.dispose();
  return figure(RESET, samples);
}

async function timeToPrompt(engine: SimEngine, environment: LabEnvironment): Promise<number> {
  const began = performance.now();
  const session = await open(engine, environment);
  const stream = await session.shell(WORKSTATION, { columns: 80, rows: 24 });
  if (!stream.ok) throw new Error(stream.error.message);
  await new Promise<void>((resolve) => void stream.value.onData(() => resolve()));
  const taken = performance.now() - began;
  await session.dispose();
  return taken;
}

async function open(engine: SimEngine, environment: LabEnvironment): Promise<LabSession> {
  const opened = await engine.open(environment, { signal: new AbortController().signal });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
