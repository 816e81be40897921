/**
 * Virtual time. Nothing in the simulator reads a clock: a host advances `now`, and an epoch it supplied says which date
 * that stands for.
 */
import { memoize } from './memo.ts';

/** Milliseconds of virtual time since the simulation began; fractions are microseconds. */
export type Millis = number;

/** Milliseconds since 1970-01-01T00:00:00Z that virtual time 0 stands for. */
export type Epoch = number;

/** RFC 3339 with seconds, as Kubernetes writes metav1.Time: `2026-05-01T10:00:00Z`. */
export const timestamp = (epoch: Epoch, now: Millis): string => secondText(Math.floor((epoch + now) / 1000));

/** Thousands of things happen within one second. */
const secondText = memoize(
  (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`,
);

/** Milliseconds since 1970 of an RFC 3339 text; NaN when malformed. */
export function parseTimestamp(text: string): number {
  return Date.parse(text);
}
