/** Programs that wait for virtual time: promises that end when the clock has come far enough, or with the signal's reason. */
import type { Millis } from './core/time.ts';

interface Sleeper {
  until: Millis;
  readonly wake: () => void;
}

export class Sleepers {
  readonly #waiting = new Set<Sleeper>();

  get nextAt(): Millis | undefined {
    let next: Millis | undefined;
    for (const { until } of this.#waiting) next = next === undefined ? until : Math.min(next, until);
    return next;
  }

  sleep(until: Millis, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const sleeper: Sleeper = {
        until,
        wake: () => {
          this.#waiting.delete(sleeper);
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#waiting.delete(sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(sleeper);
    });
  }

  /** The clock is set by so many milliseconds: every sleep lasts as long as it would have. */
  shift(by: Millis): void {
    for (const sleeper of this.#waiting) sleeper.until += by;
  }

  /** Ends every sleep that is over at `now`, earliest first. */
  wake(now: Millis): void {
    const over = [...this.#waiting].filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
    for (const sleeper of over) sleeper.wake();
  }
}
