/** A real command-line tool of this machine, run as a learner runs it: own HOME, own kubeconfig, nothing of this shell's. */
import { spawn } from 'node:child_process';
import process from 'node:process';

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

export type RealTool = (run: Run) => Promise<Finished>;

const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

export const realTool =
  (command: string, settings: Readonly<Record<string, string>> = {}): RealTool =>
  ({ args, stdin = '', until, folder, kubeconfig }) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: folder,
        // kubectl's discovery cache is under HOME, by the server's address.
        env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig, ...settings },
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
