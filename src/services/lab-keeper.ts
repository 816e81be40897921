/**
 * What is kept of one running lab, so that it is there when the learner comes back: saved some time after the learner did
 * something, and when the lab is left. Time that passes alone is no reason to write. It also keeps where each step began.
 */
import { createHash } from 'node:crypto';
import type { DeskView, ErrorBody, LabArrival } from '../contract/api.ts';
import type { EngineId, LabSession } from '../lab/ports.ts';
import type { LabStep } from '../lab/spec.ts';
import { LabRun, type StartOf } from './lab-run.ts';
import type { LabEntry } from './library.ts';
import type { FoundLab, SavedLab, SavedLabs, StepStart } from './saved-labs.ts';

/** Milliseconds from the first thing the learner did to the save: what a kill can cost at most, and the disk's rest. */
export const SAVE_AFTER = 2_000;
/** Milliseconds that an engine may take for a snapshot or a return. */
const SNAPSHOT_TIMEOUT = 30_000;
/** Characters of all starts of steps together; the oldest go first. */
const STARTS_LIMIT = 16 * 1024 * 1024;

/** Runs something later; the answer calls it off. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** The running lab as the keeper sees it: run and session are exchanged by resets and restarts. */
export interface KeptLab {
  readonly entry: LabEntry;
  readonly engineId: EngineId;
  readonly run: LabRun;
  readonly session: LabSession;
}

export interface KeeperOptions {
  /** Absent where nothing is kept. */
  readonly store: SavedLabs | undefined;
  readonly after: After;
  /** After each save: why it failed, or undefined. */
  readonly onSaved: (problem: ErrorBody | undefined) => void;
}

export class LabKeeper {
  readonly #lab: KeptLab;
  readonly #options: KeeperOptions;
  #starts: readonly StepStart[] = [];
  #desk: DeskView = { places: [], active: 0 };
  /** The cluster is not at its start any more. */
  #touched = false;
  /** Something is not on the disk yet. */
  #dirty = false;
  #closed = false;
  #cancel: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(lab: KeptLab, options: KeeperOptions) {
    this.#lab = lab;
    this.#options = options;
  }

  get desk(): DeskView {
    return this.#desk;
  }

  setDesk(desk: DeskView): void {
    this.#desk = desk;
    this.noted();
  }

  readonly startOf: StartOf = (step) => {
    if (step === this.#firstStep || this.start(step)) return 'kept';
    return this.#lab.run.begun(step) ? 'missing' : 'ahead';
  };

  /** Where a step began; the first one begins where the lab does, which a reset brings back. */
  start(step: string): StepStart | undefined {
    return this.#starts.find((start) => start.step === step);
  }

  get #firstStep(): string | undefined {
    return this.#lab.entry.spec.steps[0]?.id;
  }

  /** The learner did something to the cluster. */
  acted(): void {
    this.#touched = true;
    this.noted();
  }

  /** Something beside the cluster is worth keeping: a hint, a prediction, a terminal. */
  noted(): void {
    this.#dirty = true;
    if (!this.#options.store || this.#closed) return;
    this.#cancel ??= this.#options.after(SAVE_AFTER, () => {
      this.#cancel = undefined;
      void this.save();
    });
  }

  /** The lab is at its start again: nothing of the cluster needs keeping until something happens. */
  startedOver(): void {
    this.#starts = [];
    this.restarted();
  }

  /** The cluster is another one, at its start; where steps began can still be returned to. */
  restarted(): void {
    this.#touched = false;
    this.noted();
  }

  /** A step has passed: where the next one begins is kept, unless it has been reached before. */
  async passed(step: LabStep): Promise<void> {
    const { entry, run, session } = this.#lab;
    const at = entry.spec.steps.findIndex(({ id }) => id === step.id);
    const next = entry.spec.steps[at + 1];
    if (!next || this.start(next.id) || !session.history) return;
    const { state } = run;
    const snapshot = await session.history.snapshot(AbortSignal.timeout(SNAPSHOT_TIMEOUT));
    // A reset or a restart may have come between: then this step begins elsewhere.
    if (!snapshot.ok || this.#lab.run !== run || this.#lab.session !== session) return;
    this.#starts = bounded([...this.#starts, { step: next.id, snapshot: snapshot.value, run: state }]);
    this.noted();
  }

  /** The lab stands where this step began: the starts of later steps are ahead again. */
  wentBackTo({ step }: StepStart): void {
    this.#starts = this.#starts.slice(0, this.#starts.findIndex((start) => start.step === step) + 1);
    this.acted();
  }

  /** Puts a freshly opened lab to where it was left. Whatever is wrong, the lab is open and usable afterwards. */
  async takeUp(
    found: FoundLab,
  ): Promise<{ readonly run: LabRun; readonly arrival: LabArrival | undefined } | undefined> {
    if (found.kind === 'none') return undefined;
    const { spec } = this.#lab.entry;
    const fresh = (why: Extract<LabArrival, { kind: 'fresh' }>['why']) => ({
      run: new LabRun(spec),
      arrival: { kind: 'fresh', why } as const,
    });
    if (found.kind === 'unreadable') return fresh('unreadable');
    const { lab } = found;
    this.#desk = lab.desk;
    if (lab.of !== fingerprint(this.#lab.entry)) return fresh('lab-changed');
    const run = new LabRun(spec, lab.run);
    const { history } = this.#lab.session;
    if (!lab.snapshot || !history) {
      // What a cluster showed that is not here any more is no verdict on this one.
      run.forgetVerdicts();
      return { run, arrival: undefined };
    }
    const done = await history.restore(lab.snapshot, AbortSignal.timeout(SNAPSHOT_TIMEOUT));
    if (!done.ok) {
      if (done.error.code === 'snapshot-outdated') return fresh('app-changed');
      await this.#options.store?.setAside(spec.id, this.#lab.engineId);
      return fresh('unreadable');
    }
    this.#starts = lab.starts;
    this.#touched = true;
    return { run, arrival: { kind: 'returned', elapsed: lab.snapshot.elapsed } };
  }

  /** Writes what is not on the disk yet; saves follow one another. */
  save(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /** Saves for the last time: the lab is left. */
  close(): Promise<void> {
    this.#closed = true;
    return this.save();
  }

  async #save(): Promise<void> {
    const { store, onSaved } = this.#options;
    if (!store || !this.#dirty) return;
    this.#dirty = false;
    const state = await this.#state();
    // An engine that died has nothing newer to tell than what is saved.
    if (!state) return;
    const written = await store.write(this.#lab.entry.spec.id, this.#lab.engineId, state);
    if (!written.ok) this.#dirty = true;
    onSaved(written.ok ? undefined : written.error);
  }

  async #state(): Promise<SavedLab | undefined> {
    const { entry, run, session } = this.#lab;
    const { history } = session;
    const snapshot =
      this.#touched && history ? await history.snapshot(AbortSignal.timeout(SNAPSHOT_TIMEOUT)) : undefined;
    if (session.status.state === 'failed' || snapshot?.ok === false) return undefined;
    return {
      of: fingerprint(entry),
      run: run.state,
      starts: this.#starts,
      ...(snapshot ? { snapshot: snapshot.value } : {}),
      belongings: session.belongings(),
      desk: this.#desk,
    };
  }
}

function bounded(starts: readonly StepStart[]): readonly StepStart[] {
  let kept = starts;
  const size = (): number => kept.reduce((sum, { snapshot }) => sum + snapshot.text.length, 0);
  while (kept.length > 1 && size() > STARTS_LIMIT) kept = kept.slice(1);
  return kept;
}

const fingerprints = new WeakMap<LabEntry, string>();

/** Of what the lab starts from and which steps it has; better words in a task make no other lab of it. */
function fingerprint(entry: LabEntry): string {
  let known = fingerprints.get(entry);
  if (known === undefined) {
    const { environment, spec } = entry;
    const text = JSON.stringify([environment, spec.steps.map(({ id }) => id)]);
    known = createHash('sha256').update(text).digest('hex');
    fingerprints.set(entry, known);
  }
  return known;
}
