/** The worker's side of a simulated lab: one session, questions answered as they come, terminals as streams of bytes. */
import { parentPort } from 'node:worker_threads';
import { ok, type Result } from '../../base/result.ts';
import type { LabEnvironment, LabError, SessionSnapshot, ShellStream } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import type { CallName, Calls, FromWorker, ToWorker } from './protocol.ts';
import { SimSession } from './session.ts';

if (!parentPort) throw new Error('this file runs as a worker');
const host = parentPort;

const post = (message: FromWorker): void => host.postMessage(message);

/** How long after the last keystroke or answer the learner's files are told to the host, in milliseconds. */
const QUIET = 200;

type Opening = Extract<ToWorker, { type: 'open' }>;

class WorkerHost {
  readonly #session: SimSession;
  readonly #terminals = new Map<number, ShellStream>();
  readonly #asked = new Map<number, AbortController>();
  #told: ReturnType<typeof setTimeout> | undefined;
  #tellingChange: ReturnType<typeof setTimeout> | undefined;

  constructor(session: SimSession) {
    this.#session = session;
    post({ type: 'places', places: session.places() });
    session.onPlaces((places) => post({ type: 'places', places }));
    session.history.onChange(() => this.#tellChange());
  }

  receive(message: Exclude<ToWorker, { type: 'open' | 'rehearse' }>): void {
    switch (message.type) {
      case 'call':
        void this.#answer(message.id, message.name, message.input);
        return;
      case 'cancel':
        this.#asked.get(message.id)?.abort();
        return;
      case 'terminal-input':
        this.#terminals.get(message.terminal)?.write(message.bytes);
        this.#tellBelongings();
        return;
      case 'terminal-resize':
        this.#terminals.get(message.terminal)?.resize(message.size);
        return;
      case 'terminal-flow':
        if (message.paused) this.#terminals.get(message.terminal)?.pause();
        else this.#terminals.get(message.terminal)?.resume();
        return;
      case 'terminal-close':
        this.#terminals.get(message.terminal)?.close();
        this.#terminals.delete(message.terminal);
    }
  }

  async #answer<K extends CallName>(id: number, name: K, input: Calls[K]['in']): Promise<void> {
    const control = new AbortController();
    this.#asked.set(id, control);
    const value = await this.#calls[name](input, control.signal);
    this.#asked.delete(id);
    post({ type: 'answer', id, value });
    this.#tellBelongings();
  }

  readonly #calls: {
    readonly [K in CallName]: (input: Calls[K]['in'], signal: AbortSignal) => Promise<Calls[K]['out']>;
  } = {
    exec: ({ place, argv }, signal) => this.#session.exec(place, argv, signal),
    objects: (query) => this.#session.objects(query),
    reach: (flow) => this.#session.reach(flow),
    trace: (flow) => this.#session.trace.trace(flow),
    settle: ({ horizon }, signal) => this.#session.clock.settle(horizon, signal),
    clock: ({ hand }, signal) => this.#session.clock[hand](signal),
    faults: (_, signal) => this.#session.faults.list(signal),
    inject: ({ name, seed }, signal) => this.#session.faults.inject(name, seed, signal),
    clear: ({ name }, signal) => this.#session.faults.clear(name, signal),
    startCapture: (wish) => this.#session.capture.start(wish),
    stopCapture: ({ id }) => this.#session.capture.stop(id),
    shell: (input) => this.#shell(input),
    readFile: ({ place, path }) => this.#session.readFile(place, path),
    kubeconfig: (options) => this.#session.kubeconfig(options),
    reset: () => {
      // What was done before is undone with it.
      clearTimeout(this.#tellingChange);
      this.#tellingChange = undefined;
      return this.#session.reset();
    },
    snapshot: ({ at }, signal) => {
      // What the host keeps with the snapshot is as old as the snapshot.
      post({ type: 'belongings', belongings: this.#session.belongings() });
      return this.#session.history.snapshot(signal, at);
    },
    restore: (snapshot) => this.#session.history.restore(snapshot),
    log: ({ since }, signal) => this.#session.history.log(signal, since),
    goTo: ({ at }) => this.#session.history.goTo(at),
    diff: ({ before, after }) => this.#session.history.diff(before, after),
  };

  async #shell({ place, size, terminal }: Calls['shell']['in']): Promise<Result<void, LabError>> {
    const opened = await this.#session.shell(place, size);
    if (!opened.ok) return opened;
    const stream = opened.value;
    this.#terminals.set(terminal, stream);
    stream.onExit(({ code }) => {
      this.#terminals.delete(terminal);
      post({ type: 'terminal-exit', terminal, code });
    });
    stream.onData((bytes) => {
      post({ type: 'terminal-data', terminal, bytes });
      this.#tellBelongings();
    });
    return ok(undefined);
  }

  /** Once in a while, however busy the learner is. */
  #tellChange(): void {
    this.#tellingChange ??= setTimeout(() => {
      this.#tellingChange = undefined;
      post({ type: 'changed' });
    }, QUIET);
  }

  #tellBelongings(): void {
    clearTimeout(this.#told);
    this.#told = setTimeout(
      () => post({ type: 'belongings', belongings: this.#session.belongings() }),
      QUIET,
    );
  }
}

async function open({ environment, belongings }: Opening): Promise<void> {
  const opened = await SimSession.open(environment, { belongings, pace: 'live' });
  if (!opened.ok) {
    post({ type: 'opened', result: opened });
    return;
  }
  const worker = new WorkerHost(opened.value);
  host.on('message', (message: ToWorker) => {
    if (message.type !== 'open' && message.type !== 'rehearse') worker.receive(message);
  });
  post({ type: 'opened', result: ok(undefined) });
}

/** So often a lab is built in a rehearsal: the compiler of the engine under us takes notice of what runs repeatedly. */
const REHEARSALS = 4;
const RESTORES = 3;

/** Ends early when a learner's lab is asked for. */
async function rehearse(environment: LabEnvironment): Promise<void> {
  let earlier: SessionSnapshot | undefined;
  for (let turn = 0; turn < REHEARSALS && !opening; turn += 1) {
    const built = await SimSession.open(environment, { belongings: { places: {} }, pace: 'free' });
    if (!built.ok) return;
    const stream = await built.value.shell(WORKSTATION, { columns: 80, rows: 24 });
    if (stream.ok) await new Promise<void>((resolve) => stream.value.onData(() => resolve()));
    const { history } = built.value;
    const kept = await history.snapshot();
    if (kept.ok) await history.restore(kept.value);
    // Another session's is read as one from a file is, and that is much work for a compiler to get used to.
    for (let time = 0; earlier && time < RESTORES; time += 1) await history.restore(earlier);
    earlier = kept.ok ? kept.value : undefined;
    await built.value.dispose();
  }
}

/** Messages before the lab is open; an `open` waits for the turn of a rehearsal under way. */
let opening: Opening | undefined;
let rehearsed: Promise<void> = Promise.resolve();
const first = (message: ToWorker): void => {
  if (message.type === 'rehearse') {
    rehearsed = message.environment ? rehearse(message.environment) : Promise.resolve();
    void rehearsed.then(() => post({ type: 'rehearsed' }));
  }
  if (message.type !== 'open') return;
  host.off('message', first);
  const asked = message;
  opening = asked;
  void rehearsed.then(() => open(asked));
};
host.on('message', first);
