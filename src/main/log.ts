/**
 * Where faults go: one line on standard error, which the command that started us reads, and the details into a file of the
 * data folder, since a window has no terminal. The file begins anew when it has grown large.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { reasonOf } from '../cli/output.ts';
import { DESKTOP_SAYS } from '../cli/desktop/diagnosis.ts';
import type { Log } from '../services/dispatcher.ts';

const LIMIT = 512 * 1024;

export interface LogOptions {
  /** The data folder. */
  readonly folder: string;
  readonly say?: (line: string) => void;
  readonly now?: () => Date;
}

export function fileLog({ folder, say = complain, now = () => new Date() }: LogOptions): Log {
  const file = join(folder, 'desktop.log');
  return {
    error(message, cause) {
      const reason = cause === undefined ? '' : `: ${reasonOf(cause)}`;
      say(`${DESKTOP_SAYS}${message}${reason}`);
      const details = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? '');
      try {
        mkdirSync(folder, { recursive: true });
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LIMIT) renameSync(file, `${file}.old`);
        appendFileSync(file, `${now().toISOString()} ${message}${details === '' ? '' : `: ${details}`}\n`);
      } catch (failed) {
        say(`${DESKTOP_SAYS}the log ${file} cannot be written: ${reasonOf(failed)}`);
      }
    },
  };
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
