/** One measured figure of `underlay bench`. */
import process from 'node:process';

export interface Figure {
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** What the project promises: the median is no more. Absent where nothing is promised. */
  readonly limit?: number;
  /** What the project promises where more is better: the median reaches it. */
  readonly atLeast?: number;
  /** Whether the promise is kept. */
  readonly met?: boolean;
}

/** A figure, or why there is none. */
export type Measured = Figure | { readonly unmeasured: string };

/** By name. */
export type Measurements = Readonly<Record<string, () => Measured | Promise<Measured>>>;

/** Milliseconds of processor time that this process has used, in all its threads: what others do is no part of it. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function cpuTimeOf(act: () => unknown): number {
  const began = cpuTime();
  act();
  return cpuTime() - began;
}

export function figure(
  { unit, limit, atLeast }: Pick<Figure, 'unit' | 'limit' | 'atLeast'>,
  samples: readonly number[],
): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => Math.round((sorted[index] ?? Number.NaN) * 1000) / 1000;
  const middle = at(Math.floor(sorted.length / 2));
  return {
    unit,
    median: middle,
    min: at(0),
    max: at(sorted.length - 1),
    runs: sorted.length,
    ...(limit === undefined ? {} : { limit, met: middle <= limit }),
    ...(atLeast === undefined ? {} : { atLeast, met: middle >= atLeast }),
  };
}

export const median = (samples: readonly number[]): number => figure({ unit: '' }, samples).median;
