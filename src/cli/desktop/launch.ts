/**
 * Runs the desktop window as a program of its own and waits for its end. A window that ends within the first seconds was
 * never usable: whoever asked for it hears why, and may do without it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { err, ok, type Result } from '../../base/result.ts';
import { complain } from '../output.ts';
import { DESKTOP_SAYS, diagnose, type End } from './diagnosis.ts';

/** Milliseconds within which an end counts as a failure to start. */
export const GRACE = 5_000;

/** How much of what is printed is kept to find the reason of an end. */
const KEPT = 16 * 1024;

export interface LaunchOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Resolves when the window has been open long enough to count as started. */
  readonly grace?: () => Promise<void>;
  /** Called when it has. */
  readonly opened: () => void;
}

export interface Ended {
  /** Of an end after the window was open: undefined when a person closed it, else why it ended. */
  readonly fault: string | undefined;
}

/** The error says why the window did not open. An early end without a fault means that a window was open already. */
export async function launch(options: LaunchOptions): Promise<Result<Ended, string>> {
  const { program, args, env = process.env, grace = afterGrace, opened } = options;
  const child = spawn(program, args, {
    // With this variable Electron would be a plain Node.
    env: { ...env, ELECTRON_RUN_AS_NODE: undefined },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const end = whenEnded(child, env.UNDERLAY_DEBUG === '1');
  const restore = passSignals(child);
  try {
    const early = await Promise.race([end, grace().then(() => undefined)]);
    if (early !== undefined) {
      return isWished(early) ? ok({ fault: undefined }) : err(diagnose(early));
    }
    opened();
    const late = await end;
    return ok({ fault: isWished(late) ? undefined : diagnose(late) });
  } finally {
    restore();
  }
}

/** By a person: the window closed, or Ctrl-C in the terminal. */
const isWished = ({ code, signal }: End): boolean =>
  code === 0 || signal === 'SIGINT' || signal === 'SIGTERM';

function whenEnded(child: ChildProcess, everything: boolean): Promise<End> {
  let said = '';
  let line = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    said = `${said}${text}`.slice(-KEPT);
    const lines = `${line}${text}`.split('\n');
    line = lines.pop() ?? '';
    // Chromium talks a lot; people want to hear what the host says.
    for (const full of lines) if (everything || full.startsWith(DESKTOP_SAYS)) complain(full);
  });
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve({ code: null, signal: null, said: cause.message }));
    child.once('close', (code, signal) => resolve({ code, signal, said }));
  });
}

/** Ctrl-C reaches the window by itself, and it puts its labs away first: here it is waited for. */
function passSignals(child: ChildProcess): () => void {
  const wait = (): void => undefined;
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', wait);
  process.on('SIGTERM', pass);
  return () => {
    process.off('SIGINT', wait);
    process.off('SIGTERM', pass);
  };
}

function afterGrace(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, GRACE).unref());
}
