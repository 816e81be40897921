/** Containers of the fake engine: what was made of them, what ran in them, and the files that were put there. */
import { err, ok, type Result } from '../../src/base/result.ts';
import type {
  Containers,
  ContainerEvent,
  ContainerSpec,
  ContainerState,
  ExecOptions,
  FileEntry,
  TerminalOptions,
} from '../../src/engines/kind/docker/docker.ts';
import type { ExecResult, LabError, ShellStream } from '../../src/lab/ports.ts';
import type { FakeAnswer, FakeDockerScript } from './fake-docker.ts';
import type { FakeImages, FakeNetworks, FakeVolumes } from './fake-docker-stores.ts';
import { FakeTerminal } from './fake-docker-terminal.ts';
import {
  INTERRUPTED,
  labelled,
  noSuchContainer,
  notRunning,
  refusal,
  type Call,
} from './fake-docker-words.ts';

export interface FakeEngineParts {
  readonly call: Call;
  readonly networks: FakeNetworks;
  readonly images: FakeImages;
  readonly volumes: FakeVolumes;
  readonly exec: NonNullable<FakeDockerScript['exec']>;
  readonly tell: (event: ContainerEvent) => void;
}

/** What a test may say of a container that something else made, such as one of kind's nodes. */
export interface FakeContainer extends Partial<ContainerSpec> {
  readonly name: string;
  readonly state?: ContainerState['state'];
  readonly volumes?: readonly string[];
  readonly ports?: ContainerState['ports'];
  readonly created?: number;
}

/** 2026-01-01: the fake engine has no clock. */
const BOOT = 1_767_225_600_000;
const KILLED = 137;

export class FakeContainers implements Containers {
  readonly all = new Map<string, ContainerState>();
  /** Those that the engine is still making, which are there once somebody has asked for their names. */
  readonly late = new Map<string, FakeContainer>();
  /** What each was made of, also of those that are gone. */
  readonly specs = new Map<string, ContainerSpec>();
  /** Container -> path -> content. */
  readonly files = new Map<string, Map<string, FileEntry>>();
  readonly terminals: FakeTerminal[] = [];
  /** Bytes that were written over the image, by container. */
  readonly written = new Map<string, number>();
  /** What `logs` gives, by container. */
  readonly printed = new Map<string, string>();
  readonly #parts: FakeEngineParts;
  #made = 0;
  #starts = 0;

  constructor(parts: FakeEngineParts) {
    this.#parts = parts;
  }

  /** One that runs without our having made it; `start` is told unless it is said not to run. */
  add({ state = 'running', volumes = [], ports = {}, created, ...spec }: FakeContainer): ContainerState {
    const whole: ContainerSpec = { image: 'fake', labels: {}, network: 'none', ...spec };
    const made = {
      ...this.#create(whole),
      volumes,
      ports,
      state: 'created',
      ...(created !== undefined && { created }),
    };
    this.all.set(made.name, made);
    for (const volume of volumes)
      if (!this.#parts.volumes.all.has(volume)) this.#parts.volumes.all.set(volume, 0);
    if (state === 'running') return this.#start(made);
    this.all.set(made.name, { ...made, state });
    return { ...made, state };
  }

  /** Its process 1 ends by itself. */
  die(container: string, exitCode = 1): void {
    const state = this.#find(container);
    if (!state) throw new RangeError(`the fake engine has no container ${container}`);
    this.#end(state, exitCode);
  }

  async list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly ContainerState[], LabError>> {
    const failed = await this.#parts.call('list', signal);
    if (failed) return err(failed);
    return ok([...this.all.values()].filter((state) => labelled(state.labels, labels)));
  }

  async inspect(
    container: string,
    signal: AbortSignal,
  ): Promise<Result<ContainerState | undefined, LabError>> {
    const failed = await this.#parts.call(`inspect ${container}`, signal);
    return failed ? err(failed) : ok(this.#find(container));
  }

  async run(spec: ContainerSpec, signal: AbortSignal): Promise<Result<ContainerState, LabError>> {
    const failed = await this.#parts.call(`run ${spec.name}`, signal);
    if (failed) return err(failed);
    const refused = this.#refused(spec);
    if (refused) return err(refused);
    const made = this.#create(spec);
    this.all.set(spec.name, made);
    return ok(this.#start(made));
  }

  async isFree({ name }: ContainerSpec, signal: AbortSignal): Promise<Result<boolean, LabError>> {
    const failed = await this.#parts.call(`isFree ${name}`, signal);
    if (failed) return err(failed);
    const late = this.late.get(name);
    if (!late) return ok(!this.all.has(name));
    this.late.delete(name);
    this.add(late);
    return ok(false);
  }

  async start(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    return this.#with('start', container, signal, (state) => {
      if (state.state !== 'running') this.#start(state);
    });
  }

  async stop(
    container: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Result<void, LabError>> {
    return this.#with('stop', container, signal, (state) => {
      if (state.state === 'running') this.#end(state, KILLED);
    });
  }

  async restart(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    return this.#with('restart', container, signal, (state) => {
      if (state.state === 'running') this.#end(state, KILLED);
      this.#start(this.all.get(state.name) ?? state);
    });
  }

  async remove(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const failed = await this.#parts.call(`remove ${container}`, signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return ok(undefined);
    if (state.state === 'running') this.#end(state, KILLED);
    this.all.delete(state.name);
    for (const volume of state.volumes) this.#parts.volumes.all.delete(volume);
    for (const network of this.#parts.networks.all.values()) network.members.delete(state.name);
    this.#parts.tell({ action: 'destroy', id: state.id, name: state.name, labels: state.labels });
    return ok(undefined);
  }

  async exec(
    container: string,
    argv: readonly string[],
    options: ExecOptions,
  ): Promise<Result<ExecResult, LabError>> {
    const line = argv.join(' ');
    const stdin = await whole(options.stdin);
    const failed = await this.#parts.call(`exec ${container}: ${line}`, options.signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return err(noSuchContainer(container));
    if (state.state !== 'running') return err(notRunning(container));
    const { signal, environment = {}, onOutput } = options;
    const run = {
      container: state.name,
      argv,
      line,
      stdin,
      signal,
      environment,
      ...(onOutput && { onOutput }),
    };
    const answer = await orInterrupted(this.#parts.exec(run), signal);
    if (answer === INTERRUPTED) return err(INTERRUPTED);
    const result = resultOf(answer as FakeAnswer);
    if (result.ok && onOutput) {
      if (result.value.stdout !== '') onOutput(Buffer.from(result.value.stdout), 'stdout');
      if (result.value.stderr !== '') onOutput(Buffer.from(result.value.stderr), 'stderr');
    }
    return result;
  }

  async terminal(
    container: string,
    argv: readonly string[],
    options: TerminalOptions,
  ): Promise<Result<ShellStream, LabError>> {
    const failed = await this.#parts.call(`terminal ${container}: ${argv.join(' ')}`, NEVER);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return err(noSuchContainer(container));
    if (state.state !== 'running') return err(notRunning(container));
    const terminal = new FakeTerminal(state.name, argv, options);
    this.terminals.push(terminal);
    return ok(terminal);
  }

  async writeFiles(
    container: string,
    files: readonly FileEntry[],
    signal: AbortSignal,
  ): Promise<Result<void, LabError>> {
    const paths = files.map(({ path }) => path).join(' ');
    const failed = await this.#parts.call(`writeFiles ${container}: ${paths}`, signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return err(noSuchContainer(container));
    const kept = this.files.get(state.name) ?? new Map<string, FileEntry>();
    this.files.set(state.name, kept);
    for (const file of files) kept.set(file.path, file);
    return ok(undefined);
  }

  async readFile(
    container: string,
    path: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array | undefined, LabError>> {
    const failed = await this.#parts.call(`readFile ${container}: ${path}`, signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return err(noSuchContainer(container));
    return ok(this.files.get(state.name)?.get(path)?.content);
  }

  async logs(
    container: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Result<string, LabError>> {
    const failed = await this.#parts.call(`logs ${container}`, signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    return state ? ok(this.printed.get(state.name) ?? '') : err(noSuchContainer(container));
  }

  #find(container: string): ContainerState | undefined {
    return this.all.get(container) ?? [...this.all.values()].find(({ id }) => id === container);
  }

  async #with(
    verb: string,
    container: string,
    signal: AbortSignal,
    act: (state: ContainerState) => void,
  ): Promise<Result<void, LabError>> {
    const failed = await this.#parts.call(`${verb} ${container}`, signal);
    if (failed) return err(failed);
    const state = this.#find(container);
    if (!state) return err(noSuchContainer(container));
    act(state);
    return ok(undefined);
  }

  #refused({ name, image, network, address, pid }: ContainerSpec): LabError | undefined {
    if (this.all.has(name))
      return refusal(
        { status: 409, says: `The container name "/${name}" is already in use by container x` },
        name,
      );
    if (!this.#parts.images.present.has(image))
      return refusal({ status: 404, says: `No such image: ${image}` }, image);
    const shared = [network, pid ?? ''].map((mode) => /^container:(.+)$/.exec(mode)?.[1]);
    const absent = shared.find((other) => other !== undefined && !this.#find(other));
    if (absent !== undefined) return noSuchContainer(absent);
    if (network === 'none' || network === 'host' || network.startsWith('container:')) return undefined;
    const joined = this.#parts.networks.find(network);
    if (!joined) return refusal({ status: 404, says: `network ${network} not found` }, network);
    if (address !== undefined && [...joined.members.values()].includes(address))
      return refusal({ status: 403, says: 'Address already in use' }, name);
    return undefined;
  }

  #create(spec: ContainerSpec): ContainerState {
    this.#made += 1;
    this.specs.set(spec.name, spec);
    const network = this.#parts.networks.find(spec.network);
    const addresses = network
      ? { [network.spec.name]: { ipv4: this.#parts.networks.join(network, spec.name, spec.address) } }
      : {};
    return {
      id: `fake-container-${this.#made}`,
      name: spec.name,
      image: spec.image,
      labels: spec.labels,
      state: 'created',
      created: BOOT + this.#made * 1000,
      addresses,
      ports: {},
      volumes: [],
      pid: 0,
      startedAt: '',
    };
  }

  #start(state: ContainerState): ContainerState {
    this.#starts += 1;
    const { exitCode: _, ...rest } = state;
    const running = {
      ...rest,
      state: 'running',
      pid: 1000 + this.#starts,
      startedAt: new Date(BOOT + this.#starts * 1000).toISOString(),
    };
    this.all.set(state.name, running);
    this.#parts.tell({ action: 'start', id: state.id, name: state.name, labels: state.labels });
    return running;
  }

  #end(state: ContainerState, exitCode: number): void {
    this.all.set(state.name, { ...state, state: 'exited', exitCode, pid: 0 });
    for (const terminal of this.terminals)
      if (terminal.container === state.name && !terminal.closed) terminal.exit(exitCode);
    this.#parts.tell({ action: 'die', id: state.id, name: state.name, labels: state.labels, exitCode });
    if (this.specs.get(state.name)?.transient === true) {
      this.all.delete(state.name);
      this.#parts.tell({ action: 'destroy', id: state.id, name: state.name, labels: state.labels });
    }
  }
}

const NEVER = new AbortController().signal;

async function whole(stdin: ExecOptions['stdin']): Promise<Uint8Array> {
  if (stdin === undefined || stdin instanceof Uint8Array) return stdin ?? new Uint8Array();
  const pieces: Uint8Array[] = [];
  for await (const piece of stdin) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function orInterrupted<T>(answer: T | Promise<T>, signal: AbortSignal): Promise<T | LabError> {
  let stop = (): void => undefined;
  const given = new Promise<LabError>((settle) => {
    stop = (): void => settle(INTERRUPTED);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([answer, given]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function resultOf(answer: FakeAnswer): Result<ExecResult, LabError> {
  const silent = { exitCode: 0, stdout: '', stderr: '' };
  if (answer === undefined) return ok(silent);
  if (typeof answer === 'number') return ok({ ...silent, exitCode: answer });
  if (typeof answer === 'string') return ok({ ...silent, stdout: answer });
  return 'fails' in answer ? err(answer.fails) : ok({ ...silent, ...answer });
}
