/** Undo and redo: what the text was before each change. Texts share the lines that did not change, so keeping them is cheap. */
import type { Lines, Position } from './text.ts';

export interface Moment {
  readonly lines: Lines;
  readonly cursor: Position;
}

export interface Step<T> {
  readonly before: Moment;
  readonly after: Moment;
  /** What the editor wants to remember of this change. */
  readonly note: T;
}

const LIMIT = 1000;

export class History<T> {
  #past: Step<T>[] = [];
  #future: Step<T>[] = [];

  add(step: Step<T>): void {
    if (step.before.lines === step.after.lines) return;
    this.#past.push(step);
    if (this.#past.length > LIMIT) this.#past.shift();
    this.#future = [];
  }

  /** Joins a change to the last one: one undo takes both back. */
  extend(after: Moment, note: T): void {
    const last = this.#past.pop();
    if (last !== undefined) this.#past.push({ before: last.before, after, note });
  }

  get last(): Step<T> | undefined {
    return this.#past.at(-1);
  }

  undo(): Step<T> | undefined {
    const step = this.#past.pop();
    if (step !== undefined) this.#future.push(step);
    return step;
  }

  redo(): Step<T> | undefined {
    const step = this.#future.pop();
    if (step !== undefined) this.#past.push(step);
    return step;
  }
}
