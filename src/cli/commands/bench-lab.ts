/**
 * How long a learner waits for a lab: from asking for it to the first bytes of its workstation's prompt, for a reset, and
 * for a return to a state that was kept; and what such a state weighs.
 */
import { gzipSync } from 'node:zlib';
import { simEngine, type SimEngine } from '../../engines/sim/engine.ts';
import type { HistoryGroup, LabEnvironment, LabSession, SessionSnapshot } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import type { LabEntry } from '../../services/library.ts';
import { PATHS } from '../paths.ts';
import { cpuTime, figure, type Figure } from './figure.ts';

const RUNS = 7;
const COLD_RUNS = 3;
const READY = { unit: 'ms', limit: 150 };
const RESET = { unit: 'ms', limit: 50 };
/** Of all threads, so that what else the machine does is no part of it. */
const RESTORE = { unit: 'ms of processor time', limit: 20 };
const FORK = { unit: 'ms', limit: 200 };
const DIFF = { unit: 'ms', limit: 50 };

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

/**
 * Back to a state that was kept, after the learner has changed something: one of the same session, as the start of a step
 * is, or of an earlier one, which is text from a file.
 */
export async function labRestore(lab: LabEntry, from: 'same session' | 'file'): Promise<Figure> {
  return withHistory(lab, async (session, history, earlier) => {
    const { signal } = new AbortController();
    const snapshot = from === 'file' ? earlier : await taken(history);
    const samples: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      await session.exec(WORKSTATION, ['kubectl', 'create', 'namespace', 'elsewhere'], signal);
      const began = cpuTime();
      const done = await history.restore(snapshot, signal);
      samples.push(cpuTime() - began);
      if (!done.ok) throw new Error(done.error.message);
    }
    return figure(RESTORE, samples);
  });
}

/** The same, kept: asked for and answered. */
export async function labSnapshot(lab: LabEntry): Promise<Figure> {
  return withHistory(lab, async (_, history) => {
    const samples: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const began = performance.now();
      await taken(history);
      samples.push(performance.now() - began);
    }
    return figure({ unit: 'ms' }, samples);
  });
}

/** A second lab from the present, in a worker of its own that stands ready. */
export async function labFork({ environment }: LabEntry): Promise<Figure> {
  const engine = simEngine({ worker: PATHS.simWorker, rehearse: environment });
  await engine.warmed();
  const session = await open(engine, environment);
  const samples: number[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) {
    await engine.warmed();
    const began = performance.now();
    const forked = await session.history?.fork(new AbortController().signal);
    samples.push(performance.now() - began);
    if (!forked?.ok) throw new Error(forked?.error.message ?? 'the engine keeps no history');
    await forked.value.dispose();
  }
  await session.dispose();
  await engine.dispose();
  return figure(FORK, samples);
}

/** What differs after a pool has changed its mode, objects and the tables of every machine. */
export async function labDiff(lab: LabEntry): Promise<Figure> {
  return withHistory(lab, async (session, history) => {
    const { signal } = new AbortController();
    const samples: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const before = await presentOf(history);
      const patch = JSON.stringify({ spec: { natOutgoing: run % 2 === 1 } });
      const change = ['kubectl', 'patch', 'ippools.crd.projectcalico.org', 'default-ipv4-ippool'];
      await session.exec(WORKSTATION, [...change, '--type', 'merge', '-p', patch], signal);
      const after = await presentOf(history);
      const began = performance.now();
      const done = await history.diff(before, after, signal);
      samples.push(performance.now() - began);
      if (!done.ok) throw new Error(done.error.message);
    }
    return figure(DIFF, samples);
  });
}

async function presentOf({ log }: HistoryGroup): Promise<number> {
  const told = await log(new AbortController().signal);
  if (!told.ok) throw new Error(told.error.message);
  return told.value.present;
}

/** What a kept state weighs, as text and compressed. */
export async function snapshotSize(lab: LabEntry, form: 'raw' | 'gzip'): Promise<Figure> {
  return withHistory(lab, (_session, _history, { text }) => {
    const bytes = form === 'raw' ? Buffer.byteLength(text) : gzipSync(text).length;
    return Promise.resolve(figure({ unit: 'kB' }, [bytes / 1000]));
  });
}

async function withHistory<T>(
  { environment }: LabEntry,
  /** `earlier`: kept by a session that has ended. */
  use: (session: LabSession, history: HistoryGroup, earlier: SessionSnapshot) => Promise<T>,
): Promise<T> {
  const engine = simEngine({ worker: PATHS.simWorker, rehearse: environment });
  const keeping = async (): Promise<readonly [LabSession, HistoryGroup]> => {
    await engine.warmed();
    const session = await open(engine, environment);
    if (!session.history) throw new Error('the engine keeps no history');
    return [session, session.history];
  };
  const [before, itsHistory] = await keeping();
  const earlier = await taken(itsHistory);
  await before.dispose();
  const [session, history] = await keeping();
  await engine.warmed(); // the next spare is rehearsed meanwhile, which is no part of it
  const measured = await use(session, history, earlier);
  await session.dispose();
  await engine.dispose();
  return measured;
}

async function taken({ snapshot }: HistoryGroup): Promise<SessionSnapshot> {
  const kept = await snapshot(new AbortController().signal);
  if (!kept.ok) throw new Error(kept.error.message);
  return kept.value;
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
