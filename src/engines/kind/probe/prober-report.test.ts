/** The lines are the prober's own, as it printed them in namespaces with a router between. */
import { describe, expect, test } from 'vitest';
import { readProberReport } from './prober-report.ts';

describe('what the prober printed', () => {
  test.each([
    [
      'flow answered\nhop 10.9.1.1\nmtu 1400\n',
      { outcome: 'answered', errors: [], hops: ['10.9.1.1'], pathMtu: 1400 },
    ],
    ['flow silent\n', { outcome: 'silent', errors: [], hops: [] }],
    ['flow EMSGSIZE\nmtu 1400\n', { outcome: { errno: 'EMSGSIZE' }, errors: [], hops: [], pathMtu: 1400 }],
    [
      'error 10.9.1.1 3 0 0\nflow ENETUNREACH\n',
      {
        outcome: { errno: 'ENETUNREACH' },
        errors: [{ from: '10.9.1.1', type: 3, code: 0, mtu: 0 }],
        hops: [],
      },
    ],
    ['failed no raw socket: Operation not permitted\n', { failed: 'no raw socket: Operation not permitted' }],
  ])('%s', (text, expected) => {
    expect(readProberReport(text)).toEqual(expected);
  });

  test('is nothing when it did not end', () => {
    expect(readProberReport('hop 10.9.1.1\n')).toBeUndefined();
    expect(readProberReport('')).toBeUndefined();
  });
});
