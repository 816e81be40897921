/** A session's clock as labs and buttons see it: read, stopped, started, and moved on to what comes next. */
import { ok, type Result } from '../../base/result.ts';
import type { ClockGroup, ClockReading, LabError } from '../../lab/ports.ts';
import type { Simulator } from '../../sim/index.ts';
import type { Pace } from './pace.ts';
import { ARRIVAL } from './start-state.ts';

export function sessionClock(simulator: Simulator, pace: Pace): ClockGroup {
  const read = (): Promise<Result<ClockReading, LabError>> => {
    pace.catchUp();
    const next = simulator.nextEventAt;
    return Promise.resolve(
      ok({
        elapsed: simulator.now - ARRIVAL,
        date: simulator.clock.epoch + simulator.now,
        paused: pace.paused,
        ...(next === undefined ? {} : { next: next - ARRIVAL }),
      }),
    );
  };
  return {
    now: read,
    settle: (horizon) => {
      simulator.settle(horizon);
      pace.rebase();
      return Promise.resolve(ok(undefined));
    },
    pause: () => {
      pace.pause();
      return read();
    },
    resume: () => {
      pace.resume();
      return read();
    },
    skip: () => {
      pace.catchUp();
      const next = simulator.nextEventAt;
      if (next !== undefined) simulator.advanceTo(next);
      pace.rebase();
      return read();
    },
  };
}
