/**
 * The simulator as a lab engine: each lab gets a worker of its own, with time at wall speed. This side loads none of the
 * simulator, so that a host starts fast.
 */
import { Worker } from 'node:worker_threads';
import type { Belongings, LabEngine, LabEnvironment } from '../../lab/ports.ts';
import type { ToWorker } from './protocol.ts';
import { WorkerSession } from './worker-session.ts';

const NOTHING: Belongings = { places: {} };

/** Old-generation memory of a worker, in MiB: several labs fit a small laptop, and a runaway one ends alone. */
const WORKER_MEMORY = 512;

export interface SimEngineOptions {
  /** The built worker. */
  readonly worker: string | URL;
  /** A lab to rehearse: a worker that has built it once builds it, and others, several times faster. */
  readonly rehearse?: LabEnvironment;
}

/** Keeps one worker ahead of need: loading the simulator takes longer than starting a lab in it. */
export function simEngine(options: SimEngineOptions): LabEngine & { dispose(): Promise<void> } {
  let spare: Worker | undefined = newWorker(options);
  return {
    id: 'sim',
    preflight: () => Promise.resolve(undefined),
    async open(environment, { belongings = NOTHING }) {
      // A thread that has ended has the id -1.
      const worker = spare && spare.threadId !== -1 ? spare : newWorker(options);
      spare = undefined;
      const session = await WorkerSession.open(worker, environment, belongings);
      spare ??= newWorker(options);
      return session;
    },
    async dispose() {
      await spare?.terminate();
      spare = undefined;
    },
  };
}

function newWorker({ worker: file, rehearse }: SimEngineOptions): Worker {
  const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY } });
  // A spare worker alone keeps no process alive; a session takes the reference back.
  worker.unref();
  // A spare that breaks is found out when it is used.
  worker.on('error', () => undefined);
  if (rehearse) worker.postMessage({ type: 'rehearse', environment: rehearse } satisfies ToWorker);
  return worker;
}
