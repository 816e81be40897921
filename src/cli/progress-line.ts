/**
 * Progress of a long command on standard error: one line that is written anew where a person looks at a terminal, and a
 * line for each phase where a file or a pipe gets it.
 */
import process from 'node:process';
import type { Progress } from '../lab/ports.ts';

/** Milliseconds between two writings of the line: who reads needs no more. */
const INTERVAL = 100;
const WHOLE = 100;

interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #screen: Screen;
  readonly #now: () => number;
  #phase = '';
  #written = -Infinity;
  #shown = false;

  constructor(screen: Screen = process.stderr, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#now = now;
  }

  readonly tell = (progress: Progress): void => {
    const { phase } = progress;
    const isNew = phase !== this.#phase;
    this.#phase = phase;
    if (this.#screen.isTTY !== true) {
      if (isNew) this.#screen.write(`${phase}\n`);
      return;
    }
    if (!isNew && this.#now() - this.#written < INTERVAL) return;
    this.#written = this.#now();
    this.#shown = true;
    this.#screen.write(`\r\u001b[K${lineOf(progress).slice(0, (this.#screen.columns ?? 80) - 1)}`);
  };

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.#screen.write('\r\u001b[K');
    this.#shown = false;
  }
}

function lineOf({ phase, fraction, detail }: Progress): string {
  const share = fraction === undefined ? '' : `${String(Math.floor(fraction * WHOLE)).padStart(3)} %  `;
  return `${share}${phase}${detail === undefined ? '' : `: ${detail}`}`;
}
