/**
 * A program on a terminal in a container. Bytes pass as they are. A paused stream is not read, so that the engine's pipes fill
 * and the program waits in its write; what is typed goes the other way meanwhile, so Ctrl-C still ends a flood.
 */
import type { Exec } from 'dockerode';
import type { Duplex } from 'node:stream';
import { PatientEmitter } from '../../../base/event.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ShellStream, TerminalSize } from '../../../lab/ports.ts';
import type { Client } from './client.ts';
import type { TerminalOptions } from './docker.ts';
import { hangUpMarked, markedEnvironment, newMark, type Marked } from './hangup.ts';

/** What ssh exits with when the connection is lost. */
const CONNECTION_LOST = 255;
/** Milliseconds that opening may take. */
const OPENING = 30_000;

const ENVIRONMENT = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };

export async function openTerminal(
  client: Client,
  container: string,
  argv: readonly string[],
  options: TerminalOptions,
): Promise<Result<ShellStream, LabError>> {
  const { size, user, environment, workingDir } = options;
  const marked: Marked = { container, mark: newMark(), ...(user !== undefined && { user }) };
  const variables = Object.entries({ ...ENVIRONMENT, ...environment });
  const opened = await client.ask(
    { signal: NEVER, subject: container, patience: OPENING },
    async (abortSignal) => {
      const exec = await client.dockerode.getContainer(container).exec({
        Cmd: [...argv],
        Env: [...variables.map(([name, value]) => `${name}=${value}`), markedEnvironment(marked.mark)],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: true,
        ConsoleSize: [size.rows, size.columns],
        ...(user !== undefined && { User: user }),
        ...(workingDir !== undefined && { WorkingDir: workingDir }),
        abortSignal,
      });
      const socket = (await exec.start({ hijack: true, stdin: true, Tty: true, abortSignal })) as Duplex;
      return { exec, socket };
    },
  );
  if (!opened.ok) return err(opened.error);
  const terminal = new EngineTerminal(client, opened.value.exec, opened.value.socket, marked);
  // Older engines do not know the size at the start.
  terminal.resize(size);
  return ok(terminal);
}

const NEVER = new AbortController().signal;

class EngineTerminal implements ShellStream {
  readonly #client: Client;
  readonly #exec: Exec;
  readonly #socket: Duplex;
  readonly #marked: Marked;
  readonly #data = new PatientEmitter<Uint8Array>();
  readonly #exit = new PatientEmitter<{ readonly code: number }>();
  readonly onExit = this.#exit.subscribe;
  #heard = false;
  #paused = false;
  #over = false;
  #closed = false;
  #size: TerminalSize | undefined;
  #resizing = false;

  constructor(client: Client, exec: Exec, socket: Duplex, marked: Marked) {
    this.#client = client;
    this.#exec = exec;
    this.#socket = socket;
    this.#marked = marked;
    socket.on('data', (chunk: Buffer) => this.#data.emit(chunk));
    // Nothing is read, and so nothing is kept here, until somebody listens.
    socket.pause();
    const over = (): void => {
      if (this.#over) return;
      this.#over = true;
      if (!this.#closed) void this.#tellExit();
    };
    socket.once('end', over).once('close', over).on('error', over);
  }

  readonly onData: ShellStream['onData'] = (listener) => {
    const unsubscribe = this.#data.subscribe(listener);
    this.#heard = true;
    if (!this.#paused) this.#socket.resume();
    return unsubscribe;
  };

  write(bytes: Uint8Array): void {
    if (!this.#over && !this.#closed) this.#socket.write(bytes);
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    if (!this.#resizing && !this.#over && !this.#closed) void this.#resize();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#heard) this.#socket.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    if (!this.#over) void hangUpMarked(this.#client, this.#marked);
  }

  /** Only the last of sizes that come while one is on its way counts; a program that has just ended has none. */
  async #resize(): Promise<void> {
    this.#resizing = true;
    while (this.#size !== undefined && !this.#over) {
      const { rows: h, columns: w } = this.#size;
      this.#size = undefined;
      await this.#client.ask({ signal: NEVER }, (abortSignal) => this.#exec.resize({ h, w, abortSignal }));
    }
    this.#resizing = false;
  }

  async #tellExit(): Promise<void> {
    const code = await this.#exitCode();
    if (code === undefined) void hangUpMarked(this.#client, this.#marked);
    this.#exit.emit({ code: code ?? CONNECTION_LOST });
  }

  async #exitCode(): Promise<number | undefined> {
    for (let turn = 0; turn < EXIT_TRIES; turn += 1) {
      const asked = await this.#client.ask({ signal: NEVER }, (abortSignal) =>
        this.#exec.inspect({ abortSignal }),
      );
      if (!asked.ok) return undefined;
      if (!asked.value.Running) return asked.value.ExitCode ?? undefined;
      await new Promise((settle) => setTimeout(settle, turn * EXIT_APART));
    }
    return undefined;
  }
}

/** The engine tells the end of a program shortly after the end of its output; one that only lost its connection runs on. */
const EXIT_TRIES = 8;
const EXIT_APART = 20;
