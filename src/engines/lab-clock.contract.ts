/** What sessions whose time can be held owe: run against each engine that can, with the same small lab. */
import { describe, expect, test } from 'vitest';
import type { ClockGroup, ClockReading, LabEngine, LabError, LabSession } from '../lab/ports.ts';
import type { Result } from '../base/result.ts';
import { openShell, sharedSession, SIGNAL, typed } from './small-lab.contract.ts';

const clockOf = (of: LabSession): ClockGroup => {
  if (!of.clock) throw new Error('this engine has no clock to hold');
  return of.clock;
};
const told = async (reading: Promise<Result<ClockReading, LabError>>): Promise<ClockReading> => {
  const read = await reading;
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
};

/** @param makeEngine an engine of the kind under test; the suite resets one session between its tests */
export function labClockContract(name: string, makeEngine: () => LabEngine): void {
  describe(`${name}: its clock`, () => {
    const { current, at } = sharedSession(makeEngine);

    test('stands still while it is paused, and is moved on purpose only', async () => {
      const clock = clockOf(current());
      const paused = await told(clock.pause(SIGNAL));
      expect(paused.paused).toBe(true);
      await at('workstation', 'kubectl', 'create', 'namespace', 'elsewhere');
      const still = await told(clock.now(SIGNAL));
      expect(still).toMatchObject({ elapsed: paused.elapsed, date: paused.date, paused: true });

      const next = still.next;
      expect(next).toBeGreaterThanOrEqual(still.elapsed);
      const skipped = await told(clock.skip(SIGNAL));
      expect(skipped).toMatchObject({ elapsed: next, paused: true });
      expect(skipped.date - still.date).toBeCloseTo(skipped.elapsed - still.elapsed);
      expect(await told(clock.now(SIGNAL))).toMatchObject({ elapsed: next });
      expect(await told(clock.resume(SIGNAL))).toMatchObject({ paused: false });
    });

    test('makes programs wait, and lets them go on', async () => {
      const clock = clockOf(current());
      await told(clock.pause(SIGNAL));
      const [stream, screen] = await openShell(current());
      stream.write(typed('sleep 0.01; echo it is $((40 + 2))\r'));
      const asked = at('workstation', 'sh', '-c', 'sleep 0.01; echo awake');
      await at('workstation', 'true');
      expect(screen.text).not.toContain('it is 42');
      await told(clock.resume(SIGNAL));
      expect(await asked).toMatchObject({ value: { stdout: 'awake\n' } });
      await screen.until(/it is 42/);
      stream.close();
    });
  });
}
