/**
 * The simulator as a lab engine: each lab gets a worker of its own, with time at wall speed. This side loads none of the
 * simulator, so that a host starts fast.
 */
import { Worker } from 'node:worker_threads';
import { err } from '../../base/result.ts';
import type { Belongings, LabEngine, LabEnvironment } from '../../lab/ports.ts';
import { INTERRUPTED } from './errors.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { WorkerSession, type OpenAnother } from './worker-session.ts';

const NOTHING: Belongings = { places: {} };

/** Old-generation memory of a worker, in MiB: several labs fit a small laptop, and a runaway one ends alone. */
const WORKER_MEMORY = 512;

/** Milliseconds after a lab was opened until the next spare is made: first the learner gets the machine. */
const SPARE_LATER = 1_000;

export interface SimEngineOptions {
  /** The built worker. */
  readonly worker: string | URL;
  /** A lab to rehearse: a worker that has built it a few times builds it, and others, several times faster. */
  readonly rehearse?: LabEnvironment | undefined;
}

export interface SimEngine extends LabEngine {
  /** Resolves when a worker stands ready, its rehearsal over. */
  warmed(): Promise<void>;
  dispose(): Promise<void>;
}

/** Keeps one worker ahead of need: loading the simulator takes longer than starting a lab in it. */
export function simEngine(options: SimEngineOptions): SimEngine {
  let disposed = false;
  let spare: Spare | undefined = new Spare(options);
  let later: ReturnType<typeof setTimeout> | undefined;
  const makeSpare = (): Spare => {
    clearTimeout(later);
    if (!spare?.alive) spare = new Spare(options);
    return spare;
  };
  const open: OpenAnother = async (wish) => {
    if (wish.signal.aborted || disposed) return err(INTERRUPTED);
    const { worker } = makeSpare();
    spare = undefined;
    const session = await WorkerSession.open(worker, open, wish);
    if (!disposed) later = setTimeout(makeSpare, SPARE_LATER).unref();
    return session;
  };
  return {
    id: 'sim',
    preflight: () => Promise.resolve(undefined),
    open: (environment, { signal, belongings = NOTHING }) => open({ environment, belongings, signal }),
    async warmed() {
      const waited = makeSpare();
      waited.worker.ref();
      await waited.ready;
      if (spare === waited) waited.worker.unref();
    },
    async dispose() {
      disposed = true;
      clearTimeout(later);
      await spare?.worker.terminate();
    },
  };
}

/** A worker that waits for its lab. */
class Spare {
  readonly worker: Worker;
  /** Resolves after the rehearsal, or when the worker died in it: what is wrong shows when a lab is opened. */
  readonly ready: Promise<void>;

  constructor({ worker: file, rehearse }: SimEngineOptions) {
    this.worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY } });
    this.worker.on('error', () => undefined);
    this.ready = new Promise((resolve) => {
      this.worker.once('exit', () => resolve());
      this.worker.on('message', ({ type }: FromWorker) => {
        if (type === 'rehearsed') resolve();
      });
    });
    // A spare alone keeps no process alive; a session takes the reference back. Last, for a listener takes it too.
    this.worker.unref();
    this.worker.postMessage({ type: 'rehearse', environment: rehearse } satisfies ToWorker);
  }

  /** A thread that has ended has the id -1. */
  get alive(): boolean {
    return this.worker.threadId !== -1;
  }
}
