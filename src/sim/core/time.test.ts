import { expect, test } from 'vitest';
import { timestamp } from './time.ts';

const EPOCH = Date.UTC(2026, 4, 1, 10);

test('a timestamp has seconds, and names the last one that dates reach for what lies behind it', () => {
  expect([0, 1_999, 1e300, -1e300].map((now) => timestamp(EPOCH, now))).toEqual([
    '2026-05-01T10:00:00Z',
    '2026-05-01T10:00:01Z',
    '9999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
  ]);
});
