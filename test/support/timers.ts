/** Time in a test's hands: a clock that moves when told to, and one that leaps to whatever is waited for. */
import type { HostTimers } from '../../src/engines/sim/host-clock.ts';

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

const DATE = Date.parse('2026-05-01T10:00:00Z');

export class HandTimers implements HostTimers {
  readonly waiting = new Set<Waiting>();
  #now = 1_000;

  now(): number {
    return this.#now;
  }

  date(): number {
    return DATE;
  }

  after(milliseconds: number, run: () => void): () => void {
    const waiting: Waiting = { at: this.#now + milliseconds, run };
    this.waiting.add(waiting);
    return () => void this.waiting.delete(waiting);
  }

  /** When the next timer fires, from now. */
  get next(): number | undefined {
    const times = [...this.waiting].map(({ at }) => at - this.#now);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Lets time pass, timer by timer. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [due] = [...this.waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      this.waiting.delete(due);
      due.run();
    }
    this.#now = end;
  }
}

/** Every timer fires in the next turn of the event loop, and the clock stands where it was due. */
export class LeapingTimers extends HandTimers {
  override after(milliseconds: number, run: () => void): () => void {
    const cancel = super.after(milliseconds, run);
    setImmediate(() => {
      const { next } = this;
      if (next !== undefined) this.pass(next);
    });
    return cancel;
  }
}
