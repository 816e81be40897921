/** The real kubectl on this machine, run as a learner runs it: own HOME, own kubeconfig, nothing of this shell's. */
import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';

/** The oldest version whose exec speaks WebSocket. */
const OLDEST_MINOR = 31;

/** Why the real kubectl cannot be run here; undefined when it can. */
export function whyNoKubectl(): string | undefined {
  const asked = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (asked.error) return 'kubectl is not on PATH';
  const minor = /"minor": "(\d+)/.exec(asked.stdout)?.[1];
  if (Number(minor) >= OLDEST_MINOR) return undefined;
  return `kubectl 1.${minor ?? '?'} is older than 1.${OLDEST_MINOR}`;
}

export interface Run {
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
  /** Interrupts the command once its output holds this text and the line is whole: kubectl writes a row in several pieces. */
  readonly until?: string | undefined;
  readonly folder: string;
  readonly kubeconfig: string;
}

export interface Finished {
  /** The exit code, or the signal that ended it. */
  readonly end: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

export function kubectl({ args, stdin = '', until, folder, kubeconfig }: Run): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', args, {
      cwd: folder,
      // The discovery cache is under HOME, by the server's address.
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (until !== undefined && wholeLines(stdout).includes(until)) child.kill('SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ end: signal ?? code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  });
}
