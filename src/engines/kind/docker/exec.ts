/**
 * A program run to its end in a container, by exec with a hijacked connection: the only kind whose standard input can be
 * closed while its output still comes.
 */
import type { Exec } from 'dockerode';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Client } from './client.ts';
import { Demultiplexer } from './demultiplexer.ts';
import type { ExecOptions } from './docker.ts';
import { INTERRUPTED } from './errors.ts';
import { killMarked, markedEnvironment, newMark, type Marked } from './hangup.ts';

export interface Executed {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Bytes of output that are kept; a program that prints more is ended. */
export const MOST_OUTPUT = 64 * 1024 * 1024;

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const KILLED = 137;

export interface BytesOptions extends ExecOptions {
  /** Bytes of output that are kept. */
  readonly limit?: number;
}

export async function execBytes(
  client: Client,
  container: string,
  argv: readonly string[],
  options: BytesOptions,
): Promise<Result<Executed, LabError>> {
  const { user, privileged } = options;
  const signal = AbortSignal.any([options.signal]);
  const marked: Marked = {
    container,
    mark: newMark(),
    ...(user !== undefined && { user }),
    ...(privileged === true && { privileged }),
  };
  const asking = { signal, subject: container };
  const created = await client.ask(asking, (abortSignal) =>
    client.dockerode.getContainer(container).exec({ ...bodyOf(argv, options, marked.mark), abortSignal }),
  );
  if (!created.ok) return created;
  const exec = created.value;
  const started = await client.ask(asking, async (abortSignal) => {
    return (await exec.start({ hijack: true, stdin: true, Tty: false, abortSignal })) as Duplex;
  });
  if (!started.ok) {
    if (started.error === INTERRUPTED) await killMarked(client, marked);
    return notStarted(started.error);
  }
  const running = new Running(started.value, { ...options, signal });
  const ended = await running.end();
  if (ended === 'interrupted' || ended === 'too-long') {
    await killMarked(client, marked);
    return err(ended === 'interrupted' ? INTERRUPTED : tooLong(argv));
  }
  const code = await exitCode(client, exec, container, signal);
  if (!code.ok) {
    if (code.error === INTERRUPTED) await killMarked(client, marked);
    return code;
  }
  return ok(spoken(code.value, running));
}

/** How `sh` would run it, given seconds. */
const bounded = (argv: readonly string[], seconds: number | undefined): string[] =>
  seconds === undefined ? [...argv] : ['timeout', '-k', '1', String(seconds), ...argv];

function bodyOf(
  argv: readonly string[],
  options: ExecOptions,
  mark: string,
): {
  Cmd: string[];
  Env: string[];
  AttachStdin: boolean;
  AttachStdout: true;
  AttachStderr: true;
  User?: string;
  WorkingDir?: string;
  Privileged?: true;
} {
  const { stdin, seconds, user, environment = {}, workingDir, privileged } = options;
  return {
    Cmd: bounded(argv, seconds),
    Env: [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), markedEnvironment(mark)],
    AttachStdin: stdin !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    ...(user !== undefined && { User: user }),
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    ...(privileged === true && { Privileged: true }),
  };
}

/** A program while it runs: its input is given, its output kept. */
class Running {
  readonly stdout: Uint8Array[] = [];
  readonly stderr: Uint8Array[] = [];
  readonly #socket: Duplex;
  readonly #options: BytesOptions;
  #kept = 0;

  constructor(socket: Duplex, options: BytesOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** The stream is over, the signal said so, or too much was printed. */
  async end(): Promise<'ended' | 'interrupted' | 'too-long'> {
    const socket = this.#socket;
    const { signal, stdin, onOutput, limit = MOST_OUTPUT } = this.#options;
    let outcome: 'ended' | 'interrupted' | 'too-long' = 'ended';
    const give = (why: typeof outcome) => (): void => {
      outcome = why;
      socket.destroy();
    };
    const stop = give('interrupted');
    const over = give('too-long');
    const output = new Demultiplexer((bytes, stream) => {
      this.#kept += bytes.length;
      if (this.#kept > limit) return over();
      this[stream].push(bytes);
      onOutput?.(bytes, stream);
    });
    const closed = new Promise<void>((settle) => {
      // How a stream is lost does not matter: whether the program has ended is asked next.
      socket.once('end', settle).once('close', settle).once('error', settle);
    });
    socket.on('data', (chunk: Buffer) => output.push(chunk));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    else if (stdin !== undefined) void this.#give(stdin);
    await closed;
    signal.removeEventListener('abort', stop);
    socket.destroy();
    return outcome;
  }

  /** A program may end without reading all of it. */
  async #give(stdin: NonNullable<ExecOptions['stdin']>): Promise<void> {
    const source = stdin instanceof Uint8Array ? Readable.from([stdin]) : Readable.from(stdin);
    await pipeline(source, this.#socket, { signal: this.#options.signal }).catch(() => undefined);
  }
}

/** Milliseconds between questions whether a program whose output has ended has ended itself. */
const LONGEST_WAIT = 200;

async function exitCode(
  client: Client,
  exec: Exec,
  container: string,
  signal: AbortSignal,
): Promise<Result<number, LabError>> {
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    const asked = await client.ask({ signal, subject: container }, (abortSignal) =>
      exec.inspect({ abortSignal }),
    );
    if (!asked.ok) return asked;
    const { Running: running, ExitCode: code } = asked.value;
    if (!running) return ok(code ?? KILLED);
    // A program may close its output and work on.
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

const NO_PROGRAM = /executable file not found|no such file or directory|not a directory/;
const NO_RIGHT = /permission denied|exec format error|is a directory/;

/** A program that is not there is an answer of newer engines to the start, and the output of older ones. */
function notStarted(error: LabError): Result<Executed, LabError> {
  const missing = /exec failed|starting container process|exec: /.test(error.message);
  const code = NO_PROGRAM.test(error.message) ? NOT_FOUND : NO_RIGHT.test(error.message) ? NOT_EXECUTABLE : 0;
  if (!missing || code === 0) return err(error);
  return ok({ exitCode: code, stdout: Buffer.alloc(0), stderr: Buffer.from(runtimeWords(error.message)) });
}

function spoken(exitCode: number, { stdout, stderr }: Running): Executed {
  const [out, errors] = [Buffer.concat(stdout), Buffer.concat(stderr)];
  const refused =
    (exitCode === NOT_EXECUTABLE || exitCode === NOT_FOUND) && out.indexOf('OCI runtime exec failed') === 0;
  if (!refused) return { exitCode, stdout: out, stderr: errors };
  const says = out.toString();
  return {
    exitCode: NO_PROGRAM.test(says) ? NOT_FOUND : NOT_EXECUTABLE,
    stdout: Buffer.alloc(0),
    stderr: Buffer.from(runtimeWords(says)),
  };
}

/** `exec: "nosuch": executable file not found in $PATH` out of what runc, containerd and dockerd put around it. */
const runtimeWords = (says: string): string =>
  `${/exec: .*?(?=: unknown|\.?\s*$)/s.exec(says)?.[0] ?? says.trim()}\n`;

const tooLong = (argv: readonly string[]): LabError => ({
  code: 'output-too-long',
  message: `${argv[0] ?? ''} printed more than can be kept.`,
  remedy: 'Ask for less of it.',
});
