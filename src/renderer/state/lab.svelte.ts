/**
 * One lab, from the first click to its end: the session on the host, the step the learner is at, predictions, hints,
 * checks and terminals. What the host says of the lab (`LabView`) is the truth; this adds only what the screen needs.
 */
import type { Unsubscribe } from '../../base/event.ts';
import type { Result } from '../../base/result.ts';
import type { ErrorBody, LabArrival, LabStepView, LabView } from '../../contract/api.ts';
import type { EngineId } from '../../lab/ports.ts';
import type { StepVerdict } from '../../lab/verdict.ts';
import type { Client } from '../client.ts';
import { strings } from '../strings.ts';
import type { Notices } from './notices.svelte.ts';
import { Opening } from './opening.svelte.ts';
import { Terminals } from './terminal.svelte.ts';

export type LabPhase = 'starting' | 'failed' | 'open';

/** A lab, and what it runs on: the simulator unless said. */
export interface LabChoice {
  readonly lab: string;
  readonly engine?: EngineId;
}

/** What the host is busy with; one at a time. */
export type LabTask = 'check' | 'predict' | 'hint' | 'reset' | 'restore' | 'restart';

export class LabState {
  readonly lab: string;
  readonly engine: EngineId;
  readonly opening = new Opening();
  /** It ran before this page asked for it. */
  readonly resumed: boolean;
  readonly terminals: Terminals;
  readonly #client: Client;
  readonly #notices: Notices;
  readonly #stop: Unsubscribe[];
  #phase = $state<LabPhase>('starting');
  #view = $state.raw<LabView>();
  #problem = $state.raw<ErrorBody>();
  #busy = $state<LabTask>();
  #chosenStep = $state<string>();
  #arrival = $state.raw<LabArrival>();
  #kubectl = $state<string>();
  /** The terminals that the host knows of, as text. */
  #toldDesk = '';
  #ended = false;

  readonly steps: readonly LabStepView[] = $derived(this.#view?.steps ?? []);
  /** The step on the desk: the learner's choice, else the first one that has not passed, else the last. */
  readonly step: LabStepView | undefined = $derived(
    this.steps.find((step) => step.id === this.#chosenStep) ??
      this.steps.find((step) => !hasPassed(step)) ??
      this.steps.at(-1),
  );
  readonly passedCount = $derived(this.steps.filter(hasPassed).length);
  readonly finished = $derived(this.steps.length > 0 && this.passedCount === this.steps.length);
  readonly nextStep: LabStepView | undefined = $derived(this.#following());

  constructor(
    client: Client,
    notices: Notices,
    { lab, engine = 'sim', resumed = false }: LabChoice & { readonly resumed?: boolean },
  ) {
    this.#client = client;
    this.#notices = notices;
    this.lab = lab;
    this.engine = engine;
    this.resumed = resumed;
    this.terminals = new Terminals(
      client,
      () => this.#session(),
      () => this.#tellDesk(),
    );
    this.#stop = [
      client.on('lab', (view) => this.#changed(view)),
      client.on('lab.opening', ({ lab, engine, progress }) => {
        if (lab !== this.lab || engine !== this.engine) return;
        if (this.opening.cameTo(progress)) notices.announce(progress.phase);
      }),
      client.on('terminal.exit', ({ terminal, code }) => this.terminals.ended(terminal, code)),
      client.onConnection((connection) => {
        if (connection === 'lost') this.terminals.lost();
        if (connection === 'open') void this.#returned();
      }),
    ];
  }

  get phase(): LabPhase {
    return this.#phase;
  }

  get view(): LabView | undefined {
    return this.#view;
  }

  /** Why the lab did not start. */
  get problem(): ErrorBody | undefined {
    return this.#problem;
  }

  get busy(): LabTask | undefined {
    return this.#busy;
  }

  /** How the lab came to be as it is, until the learner has taken note. */
  get arrival(): LabArrival | undefined {
    return this.#arrival;
  }

  /** The line that points the learner's own kubectl at this lab, once they have asked for it. */
  get kubectl(): string | undefined {
    return this.#kubectl;
  }

  /** A step with a prediction is checked only after the learner has committed to an answer. */
  get awaitsPrediction(): boolean {
    return this.step !== undefined && awaitsPrediction(this.step);
  }

  async start(): Promise<void> {
    this.#phase = 'starting';
    this.#problem = undefined;
    this.#arrival = undefined;
    this.opening.begin();
    const answer = await this.#client.call('lab.open', { lab: this.lab, engine: this.engine });
    if (this.#ended) {
      if (answer.ok) void this.#client.call('lab.close', { session: answer.value.session });
      return;
    }
    if (!answer.ok) {
      this.#problem = answer.error;
      this.#phase = 'failed';
      return;
    }
    this.#view = answer.value;
    this.#phase = 'open';
    this.#arrived(answer.value);
  }

  takeNote(): void {
    this.#arrival = undefined;
  }

  select(step: string): void {
    this.#chosenStep = step;
  }

  selectNext(): void {
    if (this.nextStep !== undefined) this.#chosenStep = this.nextStep.id;
  }

  async check(): Promise<void> {
    const { step } = this;
    if (this.#view === undefined || step === undefined || this.#busy !== undefined) return;
    if (awaitsPrediction(step)) {
      this.#notices.say(strings.steps.checkNeedsPrediction);
      return;
    }
    // The learner keeps looking at the step that was checked, also when it passes.
    this.#chosenStep = step.id;
    this.#busy = 'check';
    const answer = await this.#client.call('lab.check', { session: this.#session(), step: step.id });
    this.#busy = undefined;
    if (answer.ok) this.#judged(answer.value);
    else this.#refused(answer.error);
  }

  async predict(choice: string): Promise<void> {
    const { step } = this;
    if (step !== undefined) {
      await this.#do('predict', (session) =>
        this.#client.call('lab.predict', { session, step: step.id, choice }),
      );
    }
  }

  async hint(): Promise<void> {
    const { step } = this;
    if (step !== undefined) {
      await this.#do('hint', (session) => this.#client.call('lab.hint', { session, step: step.id }));
    }
  }

  async reset(): Promise<void> {
    this.#chosenStep = undefined;
    const done = await this.#do('reset', (session) => this.#client.call('lab.reset', { session }));
    if (!done) return;
    this.#arrival = undefined;
    this.#notices.say(strings.lab.resetDone);
  }

  /** Cluster and run as they were when the step was first reached. */
  async goBack(step: LabStepView): Promise<void> {
    const done = await this.#do('restore', (session) =>
      this.#client.call('lab.restore', { session, step: step.id }),
    );
    if (!done) return;
    this.#arrival = undefined;
    this.#chosenStep = step.id;
    this.#notices.say(strings.steps.wentBack(this.steps.findIndex(({ id }) => id === step.id) + 1));
  }

  /** After the engine failed: a fresh engine under the same session. */
  async restart(): Promise<void> {
    this.terminals.lost();
    const done = await this.#do('restart', (session) => this.#client.call('lab.restart', { session }));
    if (done) this.terminals.reopen();
    // The cluster that the old line led to is gone.
    if (done) this.#kubectl = undefined;
  }

  /** Opens the lab to the learner's own kubectl. */
  async offerKubectl(): Promise<void> {
    const answer = await this.#client.call('lab.kubectl', { session: this.#session() });
    if (answer.ok) this.#kubectl = answer.value.command;
    else this.#refused(answer.error);
  }

  /** The learner's files at a place, captures first; none when the host cannot tell. */
  async listFiles(place: string): Promise<readonly string[]> {
    const answer = await this.#client.call('file.list', { session: this.#session(), place });
    return answer.ok ? answer.value.toSorted((a, b) => Number(isCapture(b)) - Number(isCapture(a))) : [];
  }

  /** A file of the lab, such as a capture; undefined when it cannot be read, which the learner is told. */
  async readFile(
    place: string,
    path: string,
  ): Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined> {
    const answer = await this.#client.call('file.read', { session: this.#session(), place, path });
    if (answer.ok) {
      const text = atob(answer.value.base64);
      return {
        name: answer.value.name,
        bytes: Uint8Array.from(text, (character) => character.charCodeAt(0)),
      };
    }
    this.#notices.problem(answer.error);
    return undefined;
  }

  /** Ends the session on the host; this state is finished afterwards. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.terminals.closeAll();
    for (const stop of this.#stop) stop();
    if (this.#view !== undefined) void this.#client.call('lab.close', { session: this.#view.session });
    else if (this.#phase === 'starting') void this.#giveUp();
  }

  /** What is there of a real cluster goes while the learner reads on; a simulated one was hardly begun. */
  async #giveUp(): Promise<void> {
    const isSlow = this.opening.progress !== undefined;
    if (isSlow) this.#notices.say(strings.opening.givingUp);
    const answer = await this.#client.call('lab.cancel', { lab: this.lab, engine: this.engine });
    if (answer.ok && isSlow) this.#notices.say(strings.opening.givenUp);
  }

  #arrived({ arrival, desk, places }: LabView): void {
    this.#note(arrival);
    if (this.terminals.tabs.length > 0) this.terminals.reopen();
    else if (!this.terminals.layOut(desk, places) && places[0] !== undefined) this.terminals.open(places[0]);
    this.#toldDesk = JSON.stringify(this.terminals.desk);
  }

  #note(arrival: LabArrival | undefined): void {
    if (arrival === undefined) return;
    this.#arrival = arrival;
    this.#notices.announce(arrivalText(arrival));
  }

  /** What is open before the lab has arrived is not the learner's doing. */
  #tellDesk(): void {
    const desk = this.terminals.desk;
    const text = JSON.stringify(desk);
    if (this.#ended || this.#toldDesk === '' || this.#toldDesk === text) return;
    this.#toldDesk = text;
    void this.#client.call('lab.desk', { session: this.#session(), ...desk, places: [...desk.places] });
  }

  async #do(task: LabTask, ask: (session: string) => Promise<Result<LabView, ErrorBody>>): Promise<boolean> {
    if (this.#view === undefined || this.#busy !== undefined) return false;
    this.#busy = task;
    const answer = await ask(this.#session());
    this.#busy = undefined;
    if (answer.ok) this.#changed(answer.value);
    else this.#refused(answer.error);
    return answer.ok;
  }

  #changed(view: LabView): void {
    if (view.session !== this.#view?.session) return;
    const failed = view.status === 'failed' && this.#view.status === 'ready';
    const recovered = view.status === 'ready' && this.#view.status === 'failed';
    this.#view = view;
    if (failed) this.terminals.lost();
    if (recovered) this.terminals.reopen();
  }

  #judged(verdict: StepVerdict): void {
    const view = this.#view;
    if (view === undefined) return;
    const steps = view.steps.map((step) => (step.id === verdict.step ? { ...step, verdict } : step));
    this.#view = { ...view, steps };
    this.#notices.announce(verdictSummary(verdict));
  }

  /** The connection is back: the host still has the session, or gives a new one. */
  async #returned(): Promise<void> {
    if (this.#view === undefined) return;
    const answer = await this.#client.call('lab.open', { lab: this.lab, engine: this.#view.engine });
    if (this.#ended) return;
    if (!answer.ok) {
      this.#refused(answer.error);
      return;
    }
    this.#view = answer.value;
    this.#note(answer.value.arrival);
    this.terminals.reopen();
  }

  /** A host that has forgotten the session leaves nothing to work on: the learner starts the lab again. */
  #refused(error: ErrorBody): void {
    if (error.code !== 'unknown-session') {
      this.#notices.problem(error);
      return;
    }
    this.#view = undefined;
    this.#problem = error;
    this.#phase = 'failed';
    this.terminals.lost();
  }

  #session(): string {
    return this.#view?.session ?? '';
  }

  #following(): LabStepView | undefined {
    const at = this.steps.findIndex((step) => step.id === this.step?.id);
    return (
      this.steps.slice(at + 1).find((step) => !hasPassed(step)) ?? this.steps.find((step) => !hasPassed(step))
    );
  }
}

export function hasPassed(step: LabStepView): boolean {
  return step.verdict?.passed ?? false;
}

export function awaitsPrediction(step: LabStepView): boolean {
  return step.prediction !== undefined && step.prediction.chosen === undefined;
}

export function arrivalText(arrival: LabArrival): string {
  return arrival.kind === 'returned' ? strings.lab.returned(arrival.elapsed) : strings.lab.fresh[arrival.why];
}

function isCapture(path: string): boolean {
  return /\.p?cap(ng)?$/.test(path);
}

/** One sentence for ears and toasts. */
export function verdictSummary({ passed, verdicts }: StepVerdict): string {
  const good = verdicts.filter((verdict) => verdict.outcome === 'pass').length;
  if (passed) return strings.verdicts.passed(verdicts.length);
  if (verdicts.some((verdict) => verdict.outcome === 'error')) return strings.verdicts.error;
  return strings.verdicts.partly(good, verdicts.length);
}
