/**
 * Other programs, run to their end: in a process group of their own, so that what they start themselves ends with them, and
 * without what of the learner's environment would lead them to the learner's own clusters.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { programFolders } from './search-path.ts';

export interface ChildOptions {
  readonly signal: AbortSignal;
  /** This process's own, cleaned, unless said: see `childEnvironment`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Given to standard input, which is then closed. */
  readonly stdin?: string | Uint8Array;
  /** Lines as they come, without their ends. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Awaited before standard input is given: a program that reads it does nothing before. Its error ends the program. */
  readonly onStart?: (pid: number) => Promise<Result<void, LabError>>;
  /** Bytes of output that are kept of each stream, the last ones; 1 MiB unless said. */
  readonly limit?: number;
}

export interface ChildEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT = 1024 * 1024;

/** Errors: `interrupted`, `no-such-program`, or that of `onStart`; how the program itself fared is in the value. */
export async function runChild(
  argv: readonly [program: string, ...args: string[]],
  options: ChildOptions,
): Promise<Result<ChildEnd, LabError>> {
  const [program, ...args] = argv;
  const { signal, env = childEnvironment(process), stdin, onStart } = options;
  if (signal.aborted) return err(INTERRUPTED);
  const child = spawn(program, args, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const end = ended(child, options);
  const { pid } = child;
  if (pid === undefined) {
    await end;
    return err(noSuchProgram(program));
  }
  const kill = (): void => killGroup(pid);
  signal.addEventListener('abort', kill, { once: true });
  try {
    child.stdin.on('error', () => undefined);
    const begun = (await onStart?.(pid)) ?? ok(undefined);
    if (begun.ok) child.stdin.end(stdin);
    else kill();
    const value = await end;
    if (!begun.ok) return begun;
    return signal.aborted ? err(INTERRUPTED) : ok(value);
  } finally {
    signal.removeEventListener('abort', kill);
    // A program that has ended may have left others behind.
    kill();
  }
}

async function ended(child: ChildProcess, { onLine, limit = LIMIT }: ChildOptions): Promise<ChildEnd> {
  const kept = { stdout: new Tail(limit), stderr: new Tail(limit) };
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = child[name];
    stream?.on('data', (chunk: Buffer) => kept[name].push(chunk));
    if (stream && onLine) createInterface({ input: stream }).on('line', (line) => onLine(line, name));
  }
  const exitCode = await new Promise<number | undefined>((settle) => {
    child.once('error', () => settle(undefined));
    // What a program leaves behind may hold its output open: its own end is what counts, and its group's ends them.
    child.once('exit', () => child.pid !== undefined && killGroup(child.pid));
    child.once('close', (code) => settle(code ?? undefined));
  });
  return { exitCode, stdout: kept.stdout.text, stderr: kept.stderr.text };
}

/** The last bytes of a stream. */
class Tail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length - (this.#chunks[0]?.length ?? 0) >= this.#limit)
      this.#length -= this.#chunks.shift()?.length ?? 0;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString();
  }
}

/** Ends a process group that `runChild` began; one that is gone is ended already. */
export function killGroup(pid: number): void {
  try {
    if (process.platform === 'win32')
      spawn('taskkill', ['/T', '/F', '/PID', String(pid)], { stdio: 'ignore', windowsHide: true });
    else process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/** What programs must not hear of: the learner's own clusters, and settings that lead kind elsewhere. */
const UNHEARD = new Set(['KIND_CLUSTER_NAME', 'KIND_DNS_SEARCH', 'KUBECONFIG']);

/**
 * A process's surroundings for its children: cleaned, and with a PATH that has the folders which an app lacks that was not
 * started from a terminal.
 * @param more what is set besides, such as `Docker.environment`
 */
export function childEnvironment(
  { env, platform }: { readonly env: NodeJS.ProcessEnv; readonly platform: NodeJS.Platform },
  more: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const heard = Object.entries(env).filter(([name]) => !UNHEARD.has(name.toUpperCase()));
  const [name, path = ''] = heard.find(([known]) => known.toUpperCase() === 'PATH') ?? ['PATH'];
  const folders = programFolders(path, { platform, home: env.HOME ?? '', delimiter });
  return { ...Object.fromEntries(heard), [name]: folders.join(delimiter), ...more };
}

const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The program was ended before it was done.',
  remedy: 'Try again.',
};

const noSuchProgram = (program: string): LabError => ({
  code: 'no-such-program',
  message: `${program} could not be started.`,
  remedy: 'Install it, or look at the PATH of this account.',
});
