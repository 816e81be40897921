/** Times and durations as Go spells them. Source: Go 1.24 time.Time.String, time.ParseDuration. */
import type { ClusterTransaction } from '../../kube/transaction.ts';

/** The instant of a transaction, as `2026-05-01 10:00:00.123 +0000 UTC`. */
export function goTimestamp(tx: ClusterTransaction): string {
  const { timestamp } = tx;
  const milliseconds = Math.floor((tx.epoch + tx.now) % 1000);
  const fraction = milliseconds === 0 ? '' : `.${String(milliseconds).padStart(3, '0')}`.replace(/0+$/, '');
  return `${timestamp.slice(0, 10)} ${timestamp.slice(11, 19)}${fraction} +0000 UTC`;
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
};

/** Milliseconds of `15m0s`; undefined when it is no duration. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}
