/**
 * Ages as kubectl prints them: two units at most, more exact the younger.
 * Source: k8s.io/apimachinery pkg/util/duration/duration.go (HumanDuration, ShortHumanDuration), Kubernetes 1.35.
 */
import { memoize } from '../core/memo.ts';
import { parseTimestamp } from '../core/time.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;

/** `milliseconds` of elapsed time, e.g. `45s`, `3m12s`, `5h30m`, `2d4h`. Two seconds of clock skew count as 0s. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 60 * 2) return `${seconds}s`;
  const minutes = Math.trunc(milliseconds / MINUTE);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 60 * 3) return `${minutes}m`;
  const hours = Math.trunc(milliseconds / HOUR);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return two(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(milliseconds / YEAR);
  return hours < 24 * 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

/** Time since `created` (RFC 3339) at `now` (milliseconds since 1970). */
export function ageOf(created: string | undefined, now: number): string {
  return created === undefined ? '<unknown>' : since(created, now);
}

/** Many objects of a list were made in the same second. */
const since = memoize((created: string, now: number) => humanDuration(now - parseTimestamp(created)), 4);
