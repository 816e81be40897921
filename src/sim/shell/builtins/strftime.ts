/** strftime(3) in the C locale and UTC, which is what the lab's machines keep. */
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
]; // prettier-ignore

const two = (value: number): string => String(value).padStart(2, '0');
const blank = (value: number): string => String(value).padStart(2, ' ');
const name = (names: readonly string[], at: number, length?: number): string =>
  (names[at] ?? '').slice(0, length);
const hour12 = (at: Date): number => at.getUTCHours() % 12 || 12;

const DAY = 86_400_000;

function dayOfYear(at: Date): number {
  return (
    Math.floor(
      (Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) -
        Date.UTC(at.getUTCFullYear(), 0, 1)) /
        DAY,
    ) + 1
  );
}

/** ISO 8601: the week of the year's first Thursday is week 1. */
function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const weekday = (at.getUTCDay() + 6) % 7;
  const thursday = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() - weekday + 3));
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

const FIELDS: Readonly<Record<string, (at: Date) => string>> = {
  a: (at) => name(DAYS, at.getUTCDay(), 3),
  A: (at) => name(DAYS, at.getUTCDay()),
  b: (at) => name(MONTHS, at.getUTCMonth(), 3),
  B: (at) => name(MONTHS, at.getUTCMonth()),
  c: (at) => strftime('%a %b %e %H:%M:%S %Y', at.getTime()),
  C: (at) => two(Math.floor(at.getUTCFullYear() / 100)),
  d: (at) => two(at.getUTCDate()),
  D: (at) => strftime('%m/%d/%y', at.getTime()),
  e: (at) => blank(at.getUTCDate()),
  F: (at) => strftime('%Y-%m-%d', at.getTime()),
  G: (at) => String(isoWeek(at).year),
  h: (at) => name(MONTHS, at.getUTCMonth(), 3),
  H: (at) => two(at.getUTCHours()),
  I: (at) => two(hour12(at)),
  j: (at) => String(dayOfYear(at)).padStart(3, '0'),
  k: (at) => blank(at.getUTCHours()),
  l: (at) => blank(hour12(at)),
  m: (at) => two(at.getUTCMonth() + 1),
  M: (at) => two(at.getUTCMinutes()),
  n: () => '\n',
  N: (at) => `${String(at.getUTCMilliseconds()).padStart(3, '0')}000000`,
  p: (at) => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
  r: (at) => strftime('%I:%M:%S %p', at.getTime()),
  R: (at) => strftime('%H:%M', at.getTime()),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  S: (at) => two(at.getUTCSeconds()),
  t: () => '\t',
  T: (at) => strftime('%H:%M:%S', at.getTime()),
  u: (at) => String(at.getUTCDay() || 7),
  V: (at) => two(isoWeek(at).week),
  w: (at) => String(at.getUTCDay()),
  x: (at) => strftime('%m/%d/%y', at.getTime()),
  X: (at) => strftime('%H:%M:%S', at.getTime()),
  y: (at) => two(at.getUTCFullYear() % 100),
  Y: (at) => String(at.getUTCFullYear()),
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/** `milliseconds` since 1970-01-01T00:00:00Z. */
export function strftime(pattern: string, milliseconds: number): string {
  const at = new Date(milliseconds);
  if (Number.isNaN(at.getTime())) return '';
  return pattern.replace(/%([-_0^#]?)(:?[\s\S])/g, (all, flag: string, field: string) => {
    if (field === ':z') return '+00:00';
    const text = Object.hasOwn(FIELDS, field) ? FIELDS[field]?.(at) : undefined;
    if (text === undefined) return all;
    if (flag === '-') return text.replace(/^[0 ]+(?=.)/, '');
    return flag === '^' ? text.toUpperCase() : text;
  });
}
