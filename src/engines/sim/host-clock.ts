/** The host's clock for the simulator's pace: the only place of this engine that reads the time. */
import type { Timers } from './pace.ts';

export interface HostTimers extends Timers {
  /** Milliseconds since 1970, in whole seconds as a cluster's first timestamp. */
  date(): number;
}

export function hostTimers(): HostTimers {
  return {
    now: () => performance.now(),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
    date: () => Math.floor(Date.now() / 1000) * 1000,
  };
}

/** One turn of the event loop: everything that is ready has run. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
