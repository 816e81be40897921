/** Damaged inputs by the thousand: none may make its reader throw, and none may hold it for longer than the budget. */
import { createContext, Script } from 'node:vm';
import { expect } from 'vitest';
import { Chance } from './mutation.ts';

/** Inputs per reader: all of them in the full run, the first of them otherwise. */
export const INPUTS = process.env['UNDERLAY_FULL'] === '1' ? 10_000 : 500;

/** Milliseconds: a thousand times what a reader needs on a slow machine. Past it, it would never have ended. */
const BUDGET = 10_000;

/** For tests of all inputs, each of which a whole cluster comes to rest after. */
export const PATIENT = { timeout: 900_000 };

const SHOWN = 600;

const context = createContext({ step: undefined as (() => void) | undefined });
const script = new Script('step()');

export interface Fuzzed<I> {
  readonly make: (chance: Chance) => I;
  readonly read: (input: I) => unknown;
  /** The input as one would paste it into a test. */
  readonly show?: (input: I) => string;
  readonly inputs?: number;
}

/** Failures that are told. */
const ENOUGH = 12;

/** Each failure tells its seed and input; the first few are enough. */
export function withstands<I>({ make, read, show = shown, inputs = INPUTS }: Fuzzed<I>): void {
  const failures: string[] = [];
  for (let seed = 1; seed <= inputs && failures.length < ENOUGH; seed += 1) {
    const input = make(new Chance(seed));
    context['step'] = () => void read(input);
    try {
      script.runInContext(context, { timeout: BUDGET });
    } catch (problem) {
      failures.push(failureText(seed, problem, show(input)));
    }
  }
  expect(failures.join('\n\n')).toBe('');
}

/** The same for readers that wait: on the simulator's clock, so they need the host's turns only. */
export async function outlasts({
  make,
  read,
  inputs = INPUTS,
}: Pick<Fuzzed<string>, 'make' | 'inputs'> & {
  readonly read: (input: string) => Promise<void>;
}): Promise<void> {
  const failures: string[] = [];
  for (let seed = 1; seed <= inputs && failures.length < ENOUGH; seed += 1) {
    const input = make(new Chance(seed));
    try {
      await inTime(read(input));
    } catch (problem) {
      failures.push(failureText(seed, problem, input));
    }
  }
  expect(failures.join('\n\n')).toBe('');
}

function inTime(reading: Promise<void>): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      fail(new Error(`still reading after ${BUDGET} ms`));
    }, BUDGET);
    reading.then(done, fail).finally(() => {
      clearTimeout(timer);
    });
  });
}

function failureText(seed: number, problem: unknown, input: string): string {
  const told = problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
  return `seed ${seed}: ${told.slice(0, SHOWN)}\n${input.slice(0, SHOWN)}`;
}

const shown = (input: unknown): string => (typeof input === 'string' ? input : JSON.stringify(input));
