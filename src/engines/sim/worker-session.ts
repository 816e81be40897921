/**
 * A session whose simulator runs in a worker thread, so that no learner's loop can freeze the host. Calls become messages;
 * a worker that dies turns every open question into an error and the session into `failed`, with the belongings it last
 * told still here.
 */
import type { Worker } from 'node:worker_threads';
import { Emitter, PatientEmitter } from '../../base/event.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type {
  Belongings,
  KubeconfigOptions,
  LabEnvironment,
  LabError,
  LabSession,
  SessionStatus,
  ShellStream,
  TerminalSize,
} from '../../lab/ports.ts';
import type { Moment } from '../../lab/history.ts';
import { WORKSTATION, type Place } from '../../model/place.ts';
import { ByteFlow } from './byte-flow.ts';
import { CRASHED, INTERRUPTED } from './errors.ts';
import type { CallName, Calls, FromWorker, ToWorker } from './protocol.ts';

/** What a shell says that lost its terminal: 128 + SIGHUP. */
const HANGUP = 129;

interface Waiting {
  readonly answer: (value: unknown) => void;
  readonly fail: (error: LabError) => void;
}

interface OpenTerminal {
  readonly data: ByteFlow;
  readonly exit: PatientEmitter<{ readonly code: number }>;
}

export interface WorkerSessionOptions {
  readonly environment: LabEnvironment;
  readonly belongings: Belongings;
  /** Gives up waiting for the lab. */
  readonly signal: AbortSignal;
}

/** Opens a session in another worker, for a fork. */
export type OpenAnother = (options: WorkerSessionOptions) => Promise<Result<WorkerSession, LabError>>;

export class WorkerSession implements LabSession {
  readonly engine = 'sim';
  readonly #worker: Worker;
  readonly #environment: LabEnvironment;
  readonly #waiting = new Map<number, Waiting>();
  readonly #terminals = new Map<number, OpenTerminal>();
  readonly #statusChanged = new Emitter<SessionStatus>();
  readonly #placesChanged = new Emitter<readonly Place[]>();
  readonly #changed = new Emitter<void>();
  #status: SessionStatus = { state: 'ready' };
  #places: readonly Place[] = [WORKSTATION];
  #belongings: Belongings;
  #nextId = 1;
  readonly #another: OpenAnother;
  #opened: ((result: Result<void, LabError>) => void) | undefined;

  private constructor(
    worker: Worker,
    another: OpenAnother,
    { environment, belongings }: Omit<WorkerSessionOptions, 'signal'>,
  ) {
    this.#worker = worker;
    this.#another = another;
    this.#environment = environment;
    this.#belongings = belongings;
    worker.ref();
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', () => this.#fail());
    worker.on('exit', () => this.#fail());
  }

  /** Resolves when the lab's start state stands; a worker that could not build it is ended. */
  static async open(
    worker: Worker,
    another: OpenAnother,
    { environment, belongings, signal }: WorkerSessionOptions,
  ): Promise<Result<WorkerSession, LabError>> {
    const session = new WorkerSession(worker, another, { environment, belongings });
    const giveUp = (): void => session.#opened?.(err(INTERRUPTED));
    const opened = await new Promise<Result<void, LabError>>((resolve) => {
      session.#opened = resolve;
      signal.addEventListener('abort', giveUp, { once: true });
      session.#post({ type: 'open', environment, belongings });
    });
    signal.removeEventListener('abort', giveUp);
    if (opened.ok) return ok(session);
    await session.dispose();
    return opened;
  }

  get status(): SessionStatus {
    return this.#status;
  }

  readonly onStatus = this.#statusChanged.subscribe;
  readonly onPlaces = this.#placesChanged.subscribe;

  readonly trace: NonNullable<LabSession['trace']> = {
    trace: (flow, signal) => this.#call('trace', flow, signal),
  };
  readonly clock: NonNullable<LabSession['clock']> = {
    settle: (horizon, signal) => this.#call('settle', { horizon }, signal),
    now: (signal) => this.#call('clock', { hand: 'now' }, signal),
    pause: (signal) => this.#call('clock', { hand: 'pause' }, signal),
    resume: (signal) => this.#call('clock', { hand: 'resume' }, signal),
    skip: (signal) => this.#call('clock', { hand: 'skip' }, signal),
  };

  readonly faults: NonNullable<LabSession['faults']> = {
    list: (signal) => this.#call('faults', {}, signal),
    inject: (name, seed, signal) => this.#call('inject', { name, seed }, signal),
    clear: (name, signal) => this.#call('clear', { name }, signal),
  };

  readonly capture: NonNullable<LabSession['capture']> = {
    start: (wish, signal) => this.#call('startCapture', wish, signal),
    stop: (id, signal) => this.#call('stopCapture', { id }, signal),
  };

  readonly history: NonNullable<LabSession['history']> = {
    snapshot: (signal, at) => this.#call('snapshot', at === undefined ? {} : { at }, signal),
    restore: (snapshot, signal) => this.#call('restore', snapshot, signal),
    onChange: this.#changed.subscribe,
    log: (signal, since) => this.#call('log', since === undefined ? {} : { since }, signal),
    goTo: (at, signal) => this.#call('goTo', { at }, signal),
    fork: (signal, at) => this.#fork(signal, at),
    diff: (before, after, signal) => this.#call('diff', { before, after }, signal),
  };

  topology(): LabEnvironment['topology'] {
    return this.#environment.topology;
  }

  places(): readonly Place[] {
    return this.#places;
  }

  belongings(): Belongings {
    return this.#belongings;
  }

  exec(place: Place, argv: readonly string[], signal: AbortSignal): ReturnType<LabSession['exec']> {
    return this.#call('exec', { place, argv }, signal);
  }

  objects(query: Calls['objects']['in'], signal: AbortSignal): ReturnType<LabSession['objects']> {
    return this.#call('objects', query, signal);
  }

  reach(flow: Calls['reach']['in'], signal: AbortSignal): ReturnType<LabSession['reach']> {
    return this.#call('reach', flow, signal);
  }

  readFile(place: Place, path: string): ReturnType<LabSession['readFile']> {
    return this.#call('readFile', { place, path });
  }

  kubeconfig(options: KubeconfigOptions = {}): ReturnType<LabSession['kubeconfig']> {
    return this.#call('kubeconfig', options);
  }

  reset(signal: AbortSignal): ReturnType<LabSession['reset']> {
    return this.#call('reset', {}, signal);
  }

  async shell(place: Place, size: TerminalSize): Promise<Result<ShellStream, LabError>> {
    const terminal = this.#nextId;
    this.#nextId += 1;
    const open: OpenTerminal = { data: new ByteFlow(), exit: new PatientEmitter() };
    this.#terminals.set(terminal, open);
    const opened = await this.#call('shell', { place, size, terminal });
    if (!opened.ok) {
      this.#terminals.delete(terminal);
      return opened;
    }
    return ok({
      onData: open.data.subscribe,
      onExit: open.exit.subscribe,
      write: (bytes) => this.#post({ type: 'terminal-input', terminal, bytes }),
      resize: (to) => this.#post({ type: 'terminal-resize', terminal, size: to }),
      // What is under way already waits on this side.
      pause: () => {
        if (!this.#terminals.has(terminal)) return;
        open.data.pause();
        this.#post({ type: 'terminal-flow', terminal, paused: true });
      },
      resume: () => {
        open.data.resume();
        this.#post({ type: 'terminal-flow', terminal, paused: false });
      },
      close: () => this.#post({ type: 'terminal-close', terminal }),
    });
  }

  /** In a worker of its own, from what this one has written down. */
  async #fork(signal: AbortSignal, at: Moment | undefined): Promise<Result<LabSession, LabError>> {
    const kept = await this.history.snapshot(signal, at);
    if (!kept.ok) return kept;
    const opened = await this.#another({
      environment: this.#environment,
      belongings: this.#belongings,
      signal,
    });
    if (!opened.ok) return opened;
    const there = await opened.value.history.restore(kept.value, signal);
    if (there.ok) return opened;
    await opened.value.dispose();
    return there;
  }

  async dispose(): Promise<void> {
    if (this.#status.state === 'ready') this.#become({ state: 'disposed' });
    this.#failAll(INTERRUPTED);
    await this.#worker.terminate();
  }

  #call<K extends CallName>(name: K, input: Calls[K]['in'], signal?: AbortSignal): Promise<Calls[K]['out']> {
    const refused = (error: LabError): Calls[K]['out'] => err(error) as Calls[K]['out'];
    if (this.#status.state !== 'ready') return Promise.resolve(refused(CRASHED));
    if (signal?.aborted) return Promise.resolve(refused(INTERRUPTED));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      const settle = (value: Calls[K]['out']): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', abort);
        resolve(value);
      };
      const abort = (): void => {
        this.#post({ type: 'cancel', id });
        settle(refused(INTERRUPTED));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, {
        answer: (value) => settle(value as Calls[K]['out']),
        fail: (error) => settle(refused(error)),
      });
      this.#post({ type: 'call', id, name, input } as ToWorker);
    });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'opened':
        this.#opened?.(message.result);
        this.#opened = undefined;
        return;
      case 'answer':
        this.#waiting.get(message.id)?.answer(message.value);
        return;
      case 'terminal-data':
        void this.#terminals.get(message.terminal)?.data.emit(message.bytes);
        return;
      case 'terminal-exit':
        this.#endTerminal(message.terminal, message.code);
        return;
      case 'places':
        this.#places = message.places;
        this.#placesChanged.emit(message.places);
        return;
      case 'belongings':
        this.#belongings = message.belongings;
        return;
      case 'changed':
        this.#changed.emit();
        return;
      case 'rehearsed':
      // Of interest before there is a session only.
    }
  }

  #fail(): void {
    this.#opened?.(err(CRASHED));
    this.#opened = undefined;
    if (this.#status.state === 'ready') this.#become({ state: 'failed', error: CRASHED });
    this.#failAll(CRASHED);
  }

  #failAll(error: LabError): void {
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
    for (const terminal of [...this.#terminals.keys()]) this.#endTerminal(terminal, HANGUP);
  }

  #endTerminal(terminal: number, code: number): void {
    const open = this.#terminals.get(terminal);
    this.#terminals.delete(terminal);
    open?.data.resume();
    open?.exit.emit({ code });
  }

  #become(status: SessionStatus): void {
    this.#status = status;
    this.#statusChanged.emit(status);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
