/**
 * Which process something belongs to, told so that another process which got its number later is not taken for it: by its
 * number and the moment it was started, as the system says it (proc_pid_stat(5) field 22 with the boot's id; `ps -o lstart`;
 * Get-Process).
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import process from 'node:process';

export interface Owner {
  readonly pid: number;
  /** In the system's own spelling; empty when it would not say. */
  readonly started: string;
}

/** Milliseconds for the system's answer. */
const PATIENCE = 5_000;

let own: Promise<Owner> | undefined;

/** This process. */
export const ourselves = (): Promise<Owner> => (own ??= ownerOf(process.pid));

/** Whom a process number means now. */
export const ownerOf = async (pid: number): Promise<Owner> => ({ pid, started: (await startOf(pid)) ?? '' });

/** Whether that very process still runs. When the system does not tell the start of a process that runs, it is taken for it. */
export async function lives(owner: Owner): Promise<boolean> {
  if (!runs(owner.pid)) return false;
  const started = await startOf(owner.pid);
  if (started === undefined) return process.platform !== 'linux';
  return owner.started === '' || started === owner.started;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined when there is no such process, or the system does not say. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return startOnLinux(pid);
  const said =
    process.platform === 'win32'
      ? await output('powershell', [
          '-NoProfile',
          '-NonInteractive',
          '-Command',
          `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`,
        ])
      : await output('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return said.trim() || undefined;
}

async function startOnLinux(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name between brackets may hold anything, brackets too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const ticks = fields[19];
  // A process that ended and waits for its parent to notice.
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()} ${ticks}`.trim();
}

function output(program: string, argv: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...argv],
      { timeout: PATIENCE, env: { ...process.env, LC_ALL: 'C' }, windowsHide: true },
      (error, stdout) => resolve(error ? '' : stdout),
    );
  });
}
