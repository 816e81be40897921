/** A lab without a cluster: answers what a test says, remembers what it was asked, and fails on demand. */
import { Emitter } from '../../src/base/event.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { err, ok, type Result } from '../../src/base/result.ts';
import type {
  Belongings,
  ExecResult,
  LabEngine,
  LabEnvironment,
  LabError,
  LabSession,
  ObjectQuery,
  OpenOptions,
  Progress,
  ReachFlow,
  ReachReport,
  SessionStatus,
  ShellStream,
  TerminalSize,
} from '../../src/lab/ports.ts';
import { formatPlace, WORKSTATION, type Place } from '../../src/model/place.ts';
import type { Topology } from '../../src/model/topology.ts';

export const ENGINE_DOWN: LabError = {
  code: 'down',
  message: 'The engine is down.',
  remedy: 'Restart the lab.',
};

export const SIGNAL = new AbortController().signal;

export interface Script {
  /** Output of a command line at a place; a number is an exit code without output, undefined an engine failure. */
  readonly exec?: (place: string, line: string) => Partial<ExecResult> | number | string | undefined;
  /** Objects by resource; a resource that is left out has none. */
  readonly objects?: Readonly<Record<string, readonly JsonObject[]>> | 'down';
  readonly reach?: (flow: ReachFlow) => Partial<ReachReport> | undefined;
}

const DELIVERED: ReachReport = {
  delivered: true,
  disposition: 'delivered',
  reason: 'The packet arrived and the answer came back.',
  encapsulation: 'none',
  hops: [],
};

export class FakeSession implements LabSession {
  readonly engine = 'sim';
  readonly asked: string[] = [];
  readonly shells: FakeShell[] = [];
  readonly #script: Script;
  readonly #topology: Topology;
  readonly #statuses = new Emitter<SessionStatus>();
  readonly #placesChanged = new Emitter<readonly Place[]>();
  readonly onStatus = this.#statuses.subscribe;
  readonly onPlaces = this.#placesChanged.subscribe;
  status: SessionStatus = { state: 'ready' };
  holdings: Belongings = { places: {} };
  resets = 0;

  constructor(script: Script = {}, topology: Topology = EMPTY_TOPOLOGY) {
    this.#script = script;
    this.#topology = topology;
  }

  /** The engine dies under the session. */
  crash(): void {
    this.status = { state: 'failed', error: ENGINE_DOWN };
    this.#statuses.emit(this.status);
  }

  exec(place: Place, argv: readonly string[]): Promise<Result<ExecResult, LabError>> {
    const line = argv[0] === 'sh' ? (argv[2] ?? '') : argv.join(' ');
    this.asked.push(`${formatPlace(place)}: ${line}`);
    const answer = this.#script.exec ? this.#script.exec(formatPlace(place), line) : 0;
    if (answer === undefined || this.status.state === 'failed') return Promise.resolve(err(ENGINE_DOWN));
    const said =
      typeof answer === 'number'
        ? { exitCode: answer }
        : typeof answer === 'string'
          ? { stdout: answer }
          : answer;
    return Promise.resolve(ok({ exitCode: 0, stdout: '', stderr: '', ...said }));
  }

  objects({ resource, namespace, name }: ObjectQuery): Promise<Result<readonly JsonObject[], LabError>> {
    this.asked.push(['objects', resource, namespace, name].filter((part) => part !== undefined).join(' '));
    const { objects = {} } = this.#script;
    if (objects === 'down') return Promise.resolve(err(ENGINE_DOWN));
    const all = objects[resource] ?? [];
    const named = all.filter(({ metadata }) => name === undefined || (metadata as JsonObject).name === name);
    return Promise.resolve(ok(named));
  }

  reach(flow: ReachFlow): Promise<Result<ReachReport, LabError>> {
    const report = this.#script.reach ? this.#script.reach(flow) : {};
    return Promise.resolve(report ? ok({ ...DELIVERED, ...report }) : err(ENGINE_DOWN));
  }

  topology(): Topology {
    return this.#topology;
  }

  places(): readonly Place[] {
    return [WORKSTATION, { kind: 'node', name: 'node1' }];
  }

  shell(_place: Place, size: TerminalSize): Promise<Result<ShellStream, LabError>> {
    const shell = new FakeShell(size);
    this.shells.push(shell);
    return Promise.resolve(ok(shell));
  }

  readFile(place: Place, path: string): Promise<Result<Uint8Array, LabError>> {
    return Promise.resolve(ok(new TextEncoder().encode(`${formatPlace(place)} ${path}`)));
  }

  kubeconfig(): Promise<Result<string, LabError>> {
    return Promise.resolve(this.status.state === 'failed' ? err(ENGINE_DOWN) : ok('kind: Config\n'));
  }

  belongings(): Belongings {
    return this.holdings;
  }

  reset(): Promise<Result<void, LabError>> {
    this.resets += 1;
    return Promise.resolve(this.status.state === 'failed' ? err(ENGINE_DOWN) : ok(undefined));
  }

  dispose(): Promise<void> {
    this.status = { state: 'disposed' };
    return Promise.resolve();
  }
}

export class FakeShell implements ShellStream {
  readonly events: string[] = [];
  readonly #data = new Emitter<Uint8Array>();
  readonly #exit = new Emitter<{ readonly code: number }>();
  readonly onData = this.#data.subscribe;
  readonly onExit = this.#exit.subscribe;

  constructor({ columns, rows }: TerminalSize) {
    this.events.push(`open ${columns}x${rows}`);
  }

  print(text: string | Uint8Array): void {
    this.#data.emit(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  }

  end(code: number): void {
    this.#exit.emit({ code });
  }

  write(bytes: Uint8Array): void {
    this.events.push(`write ${new TextDecoder().decode(bytes)}`);
  }

  resize({ columns, rows }: TerminalSize): void {
    this.events.push(`resize ${columns}x${rows}`);
  }

  pause(): void {
    this.events.push('pause');
  }

  resume(): void {
    this.events.push('resume');
  }

  close(): void {
    this.events.push('close');
  }
}

/** Opens the sessions it was given, one after another; keeps what it was asked for. */
export class FakeEngine implements LabEngine {
  readonly id = 'sim';
  readonly opened: { readonly session: FakeSession; readonly belongings: Belongings | undefined }[] = [];
  readonly #make: () => FakeSession;
  refusal: LabError | undefined;
  /** What it tells of each opening. */
  telling: readonly Progress[] = [];

  constructor(make: () => FakeSession = () => new FakeSession()) {
    this.#make = make;
  }

  preflight(): Promise<LabError | undefined> {
    return Promise.resolve(this.refusal);
  }

  async open(_environment: LabEnvironment, options: OpenOptions): Promise<Result<LabSession, LabError>> {
    await Promise.resolve();
    if (options.signal.aborted) return err(ENGINE_DOWN);
    for (const progress of this.telling) options.onProgress?.(progress);
    const session = this.#make();
    this.opened.push({ session, belongings: options.belongings });
    return ok(session);
  }

  /** The session opened last. */
  get session(): FakeSession {
    const last = this.opened.at(-1);
    if (!last) throw new Error('no session was opened');
    return last.session;
  }
}

const EMPTY_TOPOLOGY: Topology = {
  name: 'empty',
  segments: [],
  routers: [],
  nodes: [],
  hosts: [],
  podCidr: { base: 0 as never, length: 0 },
  serviceCidr: { base: 0 as never, length: 0 },
};
