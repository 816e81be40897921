/**
 * Virtual time. Nothing in the simulator reads a clock: a host advances `now`, and an epoch it supplied says which date
 * that stands for.
 */
import { memoize } from './memo.ts';

/** Milliseconds of virtual time since the simulation began; fractions are microseconds. */
export type Millis = number;

/** Milliseconds since 1970-01-01T00:00:00Z that virtual time 0 stands for. */
export type Epoch = number;

/** Seconds since 1970 of the first and last second that RFC 3339 can name: of the years 0 and 9999. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

/**
 * RFC 3339 with seconds, as Kubernetes writes metav1.Time: `2026-05-01T10:00:00Z`. What is put off for longer than dates reach,
 * by a grace period say, is at the last of them.
 */
export const timestamp = (epoch: Epoch, now: Millis): string =>
  secondText(Math.min(Math.max(Math.floor((epoch + now) / 1000), FIRST_SECOND), LAST_SECOND));

/** Thousands of things happen within one second. */
const secondText = memoize(
  (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`,
);

/** Milliseconds since 1970 of an RFC 3339 text; NaN when malformed. */
export function parseTimestamp(text: string): number {
  return Date.parse(text);
}

/** Of two moments that may never come. */
export const earlier = (a: Millis | undefined, b: Millis | undefined): Millis | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
