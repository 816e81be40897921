import { expect, test } from 'vitest';
import { humanDuration } from './human-duration.ts';

// k8s.io/apimachinery pkg/util/duration/duration.go
const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each([
  [-3 * S, '<invalid>'],
  [-1.5 * S, '0s'],
  [45 * S, '45s'],
  [119 * S, '119s'],
  [2 * M, '2m'],
  [3 * M + 12 * S, '3m12s'],
  [10 * M + 30 * S, '10m'],
  [179 * M, '179m'],
  [5 * H + 30 * M, '5h30m'],
  [8 * H, '8h'],
  [47 * H, '47h'],
  [2 * D + 4 * H, '2d4h'],
  [8 * D + 4 * H, '8d'],
  [2 * 365 * D + 3 * D, '2y3d'],
  [9 * 365 * D, '9y'],
])('%d ms is %s', (elapsed, text) => expect(humanDuration(elapsed)).toBe(text));
