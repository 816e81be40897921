/** How commands speak: results on standard output, everything about the run on standard error. */
import process from 'node:process';

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value));
}

/** What went wrong in one line: the person at the terminal needs no trace of our insides. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
