/**
 * The labs that are running: opens them on an engine, checks steps, and brings a crashed one back with the learner's
 * belongings. Engines come in by constructor; this file knows only their port.
 */
import { randomBytes } from 'node:crypto';
import { Emitter } from '../base/event.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { DeskView, EngineOffer, ErrorBody, LabView, RunningLab } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import { runStep } from '../lab/check.ts';
import type { Belongings, EngineId, LabEngine, LabSession, OpenOptions } from '../lab/ports.ts';
import { answerOf } from '../lab/prediction.ts';
import type { LabStep } from '../lab/spec.ts';
import type { StepVerdict } from '../lab/verdict.ts';
import { LabKeeper, type After } from './lab-keeper.ts';
import { LabRun } from './lab-run.ts';
import type { LabEntry, Library } from './library.ts';
import { Openings } from './openings.ts';
import type { FoundLab, SavedLabs } from './saved-labs.ts';

/** A laptop's worth: each session is a worker. */
const MOST_SESSIONS = 8;
/** Milliseconds a whole step's checks may take before they count as an engine failure. */
const CHECK_TIMEOUT = 60_000;
/** Milliseconds for the way back to a lab's start: real pods have to end and to start. */
const RESET_TIMEOUT: Readonly<Record<EngineId, number>> = { sim: 60_000, kind: 300_000 };

interface Running {
  readonly id: string;
  readonly entry: LabEntry;
  readonly engine: LabEngine;
  readonly engineId: EngineId;
  readonly keeper: LabKeeper;
  /** Exchanged by a reset: a check that began before it writes into the old one, where nobody looks. */
  run: LabRun;
  /** Exchanged by a restart. */
  session: LabSession;
  problem: ErrorBody | undefined;
  /** Why the last save failed. */
  unsaved: ErrorBody | undefined;
  unsubscribe: () => void;
  /** Resets, restarts and the close of a lab happen one after another. */
  changing: Promise<unknown>;
}

export interface Closed {
  readonly session: string;
}

/** What a check found, and how far the lab is with it. */
export interface Checked {
  readonly verdict: StepVerdict;
  readonly lab: string;
  readonly passedSteps: readonly string[];
  readonly totalSteps: number;
}

type Starting = Pick<OpenOptions, 'signal' | 'onProgress'> & { readonly belongings: Belongings | undefined };

export interface LabSessionsOptions {
  /** Where labs that are left half done are kept; without it they end with the host. */
  readonly saved?: SavedLabs;
  /** The host's timers, unless a test holds time in its hands. */
  readonly after?: After;
}

const hostTimer: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds).unref();
  return () => clearTimeout(timer);
};

export class LabSessions {
  readonly #library: Library;
  readonly #saved: SavedLabs | undefined;
  readonly #after: After;
  readonly #engines: ReadonlyMap<EngineId, LabEngine>;
  readonly #running = new Map<string, Running>();
  /** Two windows that open one lab get one session. */
  readonly #openings = new Openings();
  /** Labs that are being left, by engine and lab. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  readonly #changed = new Emitter<LabView>();
  readonly #replaced = new Emitter<Closed>();
  readonly onChange = this.#changed.subscribe;
  /** A session's engine ended or was exchanged: terminals on it are gone. */
  readonly onReplaced = this.#replaced.subscribe;
  readonly onOpening = this.#openings.onProgress;

  constructor(
    library: Library,
    engines: readonly LabEngine[],
    { saved, after = hostTimer }: LabSessionsOptions = {},
  ) {
    this.#library = library;
    this.#saved = saved;
    this.#after = after;
    this.#engines = new Map(engines.map((engine) => [engine.id, engine]));
  }

  /** Opens a lab, or returns to it when it already runs: a reloaded window finds its lab as it was. */
  async open(lab: string, engineId: EngineId): Promise<Result<LabView, ErrorBody>> {
    const running = [...this.#running.values()].find(
      ({ run, engine }) => run.spec.id === lab && engine.id === engineId,
    );
    if (running) return ok(this.#view(running));
    const isNew = !this.#openings.has(lab, engineId);
    if (isNew && this.#running.size + this.#openings.size >= MOST_SESSIONS) {
      return err(failure('too-many-sessions'));
    }
    return this.#openings.join(lab, engineId, (options) => this.#openNew(lab, engineId, options));
  }

  /** Gives up a lab that is on its way. */
  cancel(lab: string, engineId: EngineId): Promise<void> {
    return this.#openings.cancel(lab, engineId);
  }

  /** The engines that a lab was written for and this host has, each with what is in its way now. */
  async offers(lab: string): Promise<Result<readonly EngineOffer[], ErrorBody>> {
    const entry = this.#library.labs.get(lab);
    if (!entry) return err(failure('unknown-lab', { name: lab }));
    const engines = [...this.#engines.values()].filter(({ id }) => entry.spec.engines.includes(id));
    const offer = async (engine: LabEngine): Promise<EngineOffer> => {
      const obstacle = await engine.preflight(entry.environment);
      return { engine: engine.id, ...(obstacle ? { obstacle } : {}) };
    };
    return ok(await Promise.all(engines.map(offer)));
  }

  async #openNew(
    lab: string,
    engineId: EngineId,
    options: Pick<OpenOptions, 'signal' | 'onProgress'>,
  ): Promise<Result<LabView, ErrorBody>> {
    const entry = this.#library.labs.get(lab);
    const engine = this.#engines.get(engineId);
    if (!entry) return err(failure('unknown-lab', { name: lab }));
    if (!engine || !entry.spec.engines.includes(engineId)) {
      return err(failure('engine-unavailable', { name: engineId }));
    }
    // Who comes back at once finds what was saved, and a real cluster that nobody uses any more.
    await this.#leaving.get(`${engineId} ${lab}`)?.catch(() => undefined);
    const found: FoundLab = (await this.#saved?.read(lab, engineId)) ?? { kind: 'none' };
    const opened = await this.#start(engine, entry, { ...options, belongings: belongingsOf(found) });
    if (!opened.ok) return opened;
    const running = this.#runningLab(entry, engine, opened.value);
    const taken = await running.keeper.takeUp(found);
    if (taken) running.run = taken.run;
    this.#running.set(running.id, running);
    this.#follow(running);
    const view = this.#view(running);
    return ok(taken?.arrival ? { ...view, arrival: taken.arrival } : view);
  }

  #runningLab(entry: LabEntry, engine: LabEngine, session: LabSession): Running {
    const lab: Omit<Running, 'keeper'> = {
      id: randomBytes(8).toString('hex'),
      entry,
      engine,
      engineId: engine.id,
      run: new LabRun(entry.spec),
      session,
      problem: undefined,
      unsaved: undefined,
      unsubscribe: () => undefined,
      changing: Promise.resolve(),
    };
    const onSaved = (problem: ErrorBody | undefined): void => {
      if (problem?.message === running.unsaved?.message) return;
      running.unsaved = problem;
      this.#tell(running);
    };
    const keeper = new LabKeeper(lab, { store: this.#saved, after: this.#after, onSaved });
    const running: Running = Object.assign(lab, { keeper });
    return running;
  }

  /** In the order they were opened, then those on their way. */
  running(): readonly RunningLab[] {
    const open = [...this.#running.values()].map(({ run, engine }) => ({
      lab: run.spec.id,
      engine: engine.id,
    }));
    return [...open, ...this.#openings.list().map((opening) => ({ ...opening, opening: true as const }))];
  }

  session(id: string): LabSession | undefined {
    return this.#running.get(id)?.session;
  }

  async check(id: string, stepId: string): Promise<Result<Checked, ErrorBody>> {
    return this.#withStep(id, stepId, async (running, step) => {
      const { run, session } = running;
      const signal = AbortSignal.timeout(CHECK_TIMEOUT);
      const verdict = await runStep(step, session, signal);
      const ask = verdict.passed && !run.answered(step) ? step.predict : undefined;
      const answer = ask ? await answerOf(ask, session, signal) : undefined;
      // What a session showed that has been exchanged meanwhile says nothing about the present one.
      if (running.session === session) run.judged(step, verdict, answer?.ok ? answer.value : undefined);
      if (verdict.passed) await running.keeper.passed(step);
      running.keeper.noted();
      this.#tell(running);
      const { id: lab, steps } = run.spec;
      return ok({ verdict, lab, passedSteps: run.passedSteps, totalSteps: steps.length });
    });
  }

  async predict(id: string, stepId: string, choice: string): Promise<Result<LabView, ErrorBody>> {
    return this.#withStep(id, stepId, (running, step) => {
      if (!step.predict?.choices.includes(choice)) {
        return err(failure('bad-input', { detail: `no choice ${choice}` }));
      }
      if (!running.run.canPredict(step)) return err(failure('prediction-locked'));
      running.run.predict(step, choice);
      running.keeper.noted();
      return ok(this.#tell(running));
    });
  }

  async hint(id: string, stepId: string): Promise<Result<LabView, ErrorBody>> {
    return this.#withStep(id, stepId, (running, step) => {
      running.run.showHint(step);
      running.keeper.noted();
      return ok(this.#tell(running));
    });
  }

  setDesk(id: string, desk: DeskView): Result<null, ErrorBody> {
    const running = this.#running.get(id);
    if (!running) return err(failure('unknown-session'));
    running.keeper.setDesk(desk);
    return ok(null);
  }

  async reset(id: string): Promise<Result<LabView, ErrorBody>> {
    return this.#change(id, (running) => this.#startOver(running));
  }

  /** Back to where a step began, with what had passed by then; the learner's files stay. */
  async restore(id: string, stepId: string): Promise<Result<LabView, ErrorBody>> {
    return this.#change(id, async (running) => {
      const { entry, keeper, session } = running;
      if (!running.run.step(stepId)) return err(failure('unknown-step', { name: stepId }));
      if (entry.spec.steps[0]?.id === stepId) return this.#startOver(running);
      const start = keeper.start(stepId);
      if (!start || !session.history) return err(failure('no-step-start'));
      const done = await session.history.restore(start.snapshot, AbortSignal.timeout(CHECK_TIMEOUT));
      if (!done.ok) return done;
      running.run = new LabRun(entry.spec, start.run);
      keeper.wentBackTo(start);
      return ok(this.#tell(running));
    });
  }

  async #startOver(running: Running): Promise<Result<LabView, ErrorBody>> {
    const done = await running.session.reset(AbortSignal.timeout(RESET_TIMEOUT[running.engineId]));
    if (!done.ok) return done;
    running.run = new LabRun(running.entry.spec);
    running.keeper.startedOver();
    return ok(this.#tell(running));
  }

  /** A new engine session for a lab whose engine died; the learner's files and histories move over. */
  async restart(id: string): Promise<Result<LabView, ErrorBody>> {
    return this.#change(id, async (running) => {
      const belongings = running.session.belongings();
      running.unsubscribe();
      // First, for a real cluster that outlived its session is used by one only, and may be what the next one is given.
      await running.session.dispose();
      const opened = await this.#start(running.engine, running.entry, {
        signal: this.#ending.signal,
        belongings,
      });
      if (!opened.ok) return opened;
      running.session = opened.value;
      running.problem = undefined;
      running.run.forgetVerdicts();
      running.keeper.restarted();
      this.#replaced.emit({ session: id });
      this.#follow(running);
      return ok(this.#tell(running));
    });
  }

  async close(id: string): Promise<Result<null, ErrorBody>> {
    return this.#change(id, async (running) => {
      this.#running.delete(id);
      running.unsubscribe();
      this.#replaced.emit({ session: id });
      const key = `${running.engineId} ${running.run.spec.id}`;
      const left = running.keeper.close().then(() => running.session.dispose());
      this.#leaving.set(key, left);
      await left.finally(() => {
        if (this.#leaving.get(key) === left) this.#leaving.delete(key);
      });
      return ok(null);
    });
  }

  /** Ends everything, also what is only being opened. */
  async dispose(): Promise<void> {
    this.#ending.abort();
    await this.#openings.dispose();
    await Promise.all([...this.#running.keys()].map((id) => this.close(id)));
  }

  async #start(
    engine: LabEngine,
    entry: LabEntry,
    { belongings, ...options }: Starting,
  ): Promise<Result<LabSession, ErrorBody>> {
    const problem = await engine.preflight(entry.environment);
    if (problem) return err(problem);
    return engine.open(entry.environment, { ...options, ...(belongings ? { belongings } : {}) });
  }

  #follow(running: Running): void {
    const { session } = running;
    const ends = [
      ...(session.history ? [session.history.onChange(() => running.keeper.acted())] : []),
      session.onPlaces(() => this.#tell(running)),
      session.onStatus((status) => {
        if (status.state !== 'failed') return;
        running.problem = status.error;
        this.#replaced.emit({ session: running.id });
        this.#tell(running);
      }),
    ];
    running.unsubscribe = () => ends.forEach((end) => end());
    // It may have died before anybody listened.
    if (session.status.state === 'failed') running.problem = session.status.error;
  }

  #view({ id, run, keeper, session, problem, unsaved }: Running): LabView {
    return run.view(id, { session, problem, unsaved, desk: keeper.desk, startOf: keeper.startOf });
  }

  #tell(running: Running): LabView {
    const view = this.#view(running);
    this.#changed.emit(view);
    return view;
  }

  /** Runs `use` when earlier changes of the lab are over; it may have been closed by then. */
  async #change<T>(
    id: string,
    use: (running: Running) => Promise<Result<T, ErrorBody>>,
  ): Promise<Result<T, ErrorBody>> {
    const running = this.#running.get(id);
    if (!running) return err(failure('unknown-session'));
    const changed = running.changing.then(() =>
      this.#running.get(id) === running ? use(running) : err(failure('unknown-session')),
    );
    running.changing = changed.catch(() => undefined);
    return changed;
  }

  async #withStep<T>(
    id: string,
    stepId: string,
    use: (running: Running, step: LabStep) => Result<T, ErrorBody> | Promise<Result<T, ErrorBody>>,
  ): Promise<Result<T, ErrorBody>> {
    const running = this.#running.get(id);
    const step = running?.run.step(stepId);
    if (!running) return err(failure('unknown-session'));
    return step ? use(running, step) : err(failure('unknown-step', { name: stepId }));
  }
}

function belongingsOf(found: FoundLab): Belongings | undefined {
  if (found.kind === 'none') return undefined;
  return found.kind === 'saved' ? found.lab.belongings : found.belongings;
}
