/** AS numbers, Go durations and communities as Calico's resources and annotations write them. */
import type { Community } from '../../../../model/bgp.ts';

/** A number, or text in plain or in dotted notation (`1.10` is 65546). */
export function asNumber(value: unknown): number | undefined {
  const match = /^(?:(\d+)\.)?(\d+)$/.exec(String(value ?? ''));
  return match ? Number(match[1] ?? 0) * 65536 + Number(match[2]) : undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ns: 1e-9,
};
const PART = /(\d+\.?\d*|\.\d+)(h|ms|us|µs|μs|ns|m|s)/g;

/** A Go duration in whole seconds, as confd rounds it; undefined when it is none. */
export function durationSeconds(text: string): number | undefined {
  const parts = [...text.matchAll(PART)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  return Math.round(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0),
  );
}

/** `aa:nn` or `aa:nn:mm`. */
export function parseCommunity(text: string): Community | undefined {
  if (!/^\d+(:\d+){1,2}$/.test(text)) return undefined;
  const [first = 0, second = 0, third] = text.split(':').map(Number);
  return third === undefined ? [first, second] : [first, second, third];
}
