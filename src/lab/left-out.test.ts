import { expect, test } from 'vitest';
import { fits } from './left-out.ts';

test.each([
  ['10.0.0.11', '10.0.0.11', true],
  ['10.0.0.11', '10.0.0.1', false],
  // A full stop is no more than that.
  ['10.0.0.11', '10.0x0.11', false],
  ['10.244.166.…', '10.244.166.130', true],
  ['10.244.166.…', '10.244.104.2', false],
  // Left out is something, not nothing.
  ['10.244.166.…', '10.244.166.', false],
  ['… dev eth0 …', 'default via 10.0.0.1 dev eth0 proto static', true],
  ['… dev eth0', 'default via 10.0.0.1 dev eth0 proto static', false],
])('%s and %s', (shown, found, wanted) => {
  expect(fits(shown, found)).toBe(wanted);
});
