/**
 * Real clusters to prove labs on. One takes minutes to make: it serves all sessions of a lab, each after a reset and without
 * the files of the one before.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabEngine, LabEnvironment, LabError, LabSession, Progress } from '../../lab/ports.ts';
import { parsePlace } from '../../model/place.ts';
import { realClustersHere } from '../real-clusters.ts';
import { OTHER_ENGINE, type Trials } from './lab-trials.ts';

/** Milliseconds between two looks at what is not as promised, and for all of them. */
const LOOK = { apart: 3_000, whole: 60_000 };

/** @param tell progress and what the machine lacks, a line each */
export async function kindTrials(tell: (line: string) => void): Promise<Trials> {
  const { trials: engine, care } = realClustersHere();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  // Only a look at the machine tells what its kernel has.
  const findings = await care.doctor({ signal: AbortSignal.timeout(120_000) });
  for (const { state, title, says } of findings) if (state !== 'good') tell(`machine  ${title}: ${says}`);
  return {
    limit: 3_600_000,
    stopped: stop.signal,
    async obstacle({ spec, environment }) {
      if (!spec.engines.includes('kind')) return OTHER_ENGINE;
      const error = await engine.preflight(environment);
      return error && { says: said(error), lasting: error.code === 'kernel-feature-missing' };
    },
    begin({ environment }, signal) {
      const lab = new ReusedLab(engine, environment, { signal, onProgress: teller(tell, environment.id) });
      return {
        open: () => lab.open(),
        end: () => lab.end(),
        again: patience(signal),
      };
    },
  };
}

function patience(signal: AbortSignal): (looks: number) => Promise<boolean> {
  let end = 0;
  return async (looks) => {
    if (looks === 1) end = Date.now() + LOOK.whole;
    if (Date.now() >= end || signal.aborted) return false;
    await sleep(LOOK.apart);
    return true;
  };
}

const said = ({ message, remedy }: LabError): string => `${message} ${remedy}`;

/** A line for each phase. */
function teller(tell: (line: string) => void, lab: string): (progress: Progress) => void {
  let last = '';
  return ({ phase }) => {
    if (phase !== last) tell(`       ${lab}: ${phase}`);
    last = phase;
  };
}

interface Reusing {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** One session that is opened again and again: each time it is at the lab's start, with nothing of what was done before. */
export class ReusedLab {
  readonly #engine: LabEngine;
  readonly #environment: LabEnvironment;
  readonly #options: Reusing;
  #session: LabSession | undefined;

  constructor(engine: LabEngine, environment: LabEnvironment, options: Reusing) {
    this.#engine = engine;
    this.#environment = environment;
    this.#options = options;
  }

  async open(): Promise<Result<LabSession, LabError>> {
    const kept = this.#session;
    if (!kept) {
      const opened = await this.#engine.open(this.#environment, this.#options);
      if (!opened.ok) return opened;
      this.#session = opened.value;
      return ok(lent(opened.value));
    }
    const { signal } = this.#options;
    const reset = await kept.reset(signal);
    if (!reset.ok) return reset;
    const cleared = await forgetFiles(kept, this.#environment, signal);
    return cleared.ok ? ok(lent(kept)) : cleared;
  }

  async end(): Promise<void> {
    await this.#session?.dispose();
  }
}

/** The session, which its borrower does not end. */
const lent = (session: LabSession): LabSession =>
  new Proxy(session, {
    get(target, key) {
      if (key === 'dispose') return () => Promise.resolve();
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

/** A reset leaves a learner's files: they are removed here, and those that the lab gave are as it gave them. */
async function forgetFiles(
  session: LabSession,
  { files }: LabEnvironment,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  for (const [spelled, { files: own }] of Object.entries(session.belongings().places)) {
    const place = parsePlace(spelled);
    if (!place || Object.keys(own).length === 0) continue;
    const removed = await session.exec(place, ['rm', '-f', '--', ...Object.keys(own)], signal);
    if (!removed.ok) return removed;
  }
  for (const { path, text } of files) {
    const written = await session.exec(
      { kind: 'workstation' },
      ['sh', '-c', 'printf %s "$2" > "$1"', 'sh', path, text],
      signal,
    );
    if (!written.ok) return written;
    if (written.value.exitCode !== 0)
      return err({ code: 'lab-file', message: written.value.stderr, remedy: 'Look at the lab’s files.' });
  }
  return ok(undefined);
}
