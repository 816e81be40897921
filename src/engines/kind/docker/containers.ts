/** Containers of an engine: their lives, and what runs in them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecResult, LabError, ShellStream } from '../../../lab/ports.ts';
import { labelFilter, lookedAt, orAbsent, orDone, type Asking, type Client } from './client.ts';
import { readContainerFile, writeContainerFiles } from './container-files.ts';
import { bodyOf, stateOf } from './container-state.ts';
import { Demultiplexer } from './demultiplexer.ts';
import type {
  Containers,
  ContainerSpec,
  ContainerState,
  ExecOptions,
  FileEntry,
  TerminalOptions,
} from './docker.ts';
import { execBytes } from './exec.ts';
import { openTerminal } from './terminal.ts';

/** Milliseconds: a start mounts and wires, a stop waits for programs, a removal deletes. */
const WORKING = 180_000;
const CLEANING = 20_000;
/** Milliseconds between looks at a removal that another began. */
const APART = 100;

export class EngineContainers implements Containers {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly ContainerState[], LabError>> {
    const { dockerode } = this.#client;
    const found = await this.#client.ask({ signal }, (abortSignal) =>
      dockerode.listContainers({ all: true, filters: { label: labelFilter(labels) }, abortSignal }),
    );
    if (!found.ok) return found;
    const ids = found.value.map(({ Id: id }) => id);
    return lookedAt(ids, (id) => this.inspect(id, signal));
  }

  async inspect(
    container: string,
    signal: AbortSignal,
  ): Promise<Result<ContainerState | undefined, LabError>> {
    const asking = { signal, subject: container };
    const found = await this.#client.ask(asking, async (abortSignal) =>
      stateOf(await this.#of(container).inspect({ abortSignal })),
    );
    return orAbsent(found, 'no-such-container');
  }

  async run(spec: ContainerSpec, signal: AbortSignal): Promise<Result<ContainerState, LabError>> {
    const asking: Asking = { signal, subject: spec.name, patience: WORKING };
    const made = await this.#create(spec, asking);
    if (!made.ok) return made;
    const started = await this.#client.ask(asking, async (abortSignal) => {
      await made.value.start({ abortSignal });
      return stateOf(await made.value.inspect({ abortSignal }));
    });
    if (!started.ok) await this.remove(made.value.id, AbortSignal.timeout(CLEANING));
    return started;
  }

  async isFree(spec: ContainerSpec, signal: AbortSignal): Promise<Result<boolean, LabError>> {
    const made = await this.#create(spec, { signal, subject: spec.name, patience: WORKING });
    if (!made.ok) return made.error.code === 'name-taken' ? ok(false) : made;
    const removed = await this.remove(made.value.id, AbortSignal.timeout(CLEANING));
    return removed.ok ? ok(true) : removed;
  }

  async start(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const asking = { signal, subject: container, patience: WORKING };
    return this.#unlessSo(asking, (abortSignal) => this.#of(container).start({ abortSignal }));
  }

  async stop(
    container: string,
    { signal, seconds = 1 }: { readonly signal: AbortSignal; readonly seconds?: number },
  ): Promise<Result<void, LabError>> {
    const asking = { signal, subject: container, patience: WORKING + seconds * 1000 };
    return this.#unlessSo(asking, (abortSignal) => this.#of(container).stop({ t: seconds, abortSignal }));
  }

  async restart(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const asking = { signal, subject: container, patience: WORKING };
    return this.#unlessSo(asking, (abortSignal) => this.#of(container).restart({ t: 1, abortSignal }));
  }

  async remove(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const asking = { signal, subject: container, patience: WORKING };
    const removed = await this.#client.ask(asking, (abortSignal) =>
      this.#of(container).remove({ force: true, v: true, abortSignal }),
    );
    if (!removed.ok && /already in progress/.test(removed.error.message))
      return this.#untilGone(container, signal);
    return orDone(removed, 'no-such-container');
  }

  async exec(
    container: string,
    argv: readonly string[],
    options: ExecOptions,
  ): Promise<Result<ExecResult, LabError>> {
    const ended = await execBytes(this.#client, container, argv, options);
    if (!ended.ok) return ended;
    const { exitCode, stdout, stderr } = ended.value;
    return ok({ exitCode, stdout: stdout.toString(), stderr: stderr.toString() });
  }

  terminal(
    container: string,
    argv: readonly string[],
    options: TerminalOptions,
  ): Promise<Result<ShellStream, LabError>> {
    return openTerminal(this.#client, container, argv, options);
  }

  writeFiles(
    container: string,
    files: readonly FileEntry[],
    signal: AbortSignal,
  ): Promise<Result<void, LabError>> {
    return writeContainerFiles(this.#client, container, files, signal);
  }

  readFile(
    container: string,
    path: string,
    options: { readonly signal: AbortSignal; readonly limit?: number },
  ): Promise<Result<Uint8Array | undefined, LabError>> {
    return readContainerFile(this.#client, container, path, options);
  }

  async logs(
    container: string,
    { signal, tail }: { readonly signal: AbortSignal; readonly tail: number },
  ): Promise<Result<string, LabError>> {
    return this.#client.ask({ signal, subject: container }, async (abortSignal) => {
      const { Config: config } = await this.#of(container).inspect({ abortSignal });
      const options = { follow: false, stdout: true, stderr: true, tail, abortSignal } as const;
      const said = (await this.#of(container).logs(options)) as Buffer;
      // Only what runs without a terminal is told in pieces.
      if (config.Tty) return said.toString();
      const pieces: Uint8Array[] = [];
      new Demultiplexer((bytes) => pieces.push(bytes)).push(said);
      return Buffer.concat(pieces).toString();
    });
  }

  #of(container: string): ReturnType<Client['dockerode']['getContainer']> {
    return this.#client.dockerode.getContainer(container);
  }

  /** An engine answers 304 where nothing was to be done. */
  async #unlessSo(
    asking: Asking,
    act: (abortSignal: AbortSignal) => Promise<unknown>,
  ): Promise<Result<void, LabError>> {
    return this.#client.ask(asking, async (abortSignal) => {
      await act(abortSignal).catch((cause: unknown) => {
        if ((cause as { readonly statusCode?: number }).statusCode !== NOT_MODIFIED) throw cause;
      });
    });
  }

  async #untilGone(container: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    for (;;) {
      const found = await this.inspect(container, signal);
      if (!found.ok) return found;
      if (!found.value) return ok(undefined);
      await sleep(APART, undefined, { signal }).catch(() => undefined);
    }
  }

  async #create(spec: ContainerSpec, asking: Asking): Promise<Result<Container, LabError>> {
    const made = await this.#client.ask(asking, (abortSignal) =>
      this.#client.dockerode.createContainer({ ...bodyOf(spec), abortSignal }),
    );
    if (made.ok) return made;
    if (GIVEN_UP.has(made.error.code)) await this.#removeHalfMade(spec);
    // The engine's word for an image it has not is "no such image": the container is not what is missing.
    return made.error.code === 'no-such-image' ? err(this.#noSuchImage(spec.image)) : made;
  }

  /** The engine may have made it although we no longer waited: one of this name and these labels that never ran. */
  async #removeHalfMade({ name, labels }: ContainerSpec): Promise<void> {
    const signal = AbortSignal.timeout(CLEANING);
    const found = await this.inspect(name, signal);
    if (!found.ok || found.value?.state !== 'created') return;
    const { labels: given, id } = found.value;
    if (Object.entries(labels).every(([label, value]) => given[label] === value))
      await this.remove(id, signal);
  }

  #noSuchImage(image: string): LabError {
    return this.#client.error({ status: 404, says: `No such image: ${image}` }, { subject: image });
  }
}

const NOT_MODIFIED = 304;
const GIVEN_UP = new Set(['interrupted', 'docker-timeout']);
