import { expect, test } from 'vitest';
import { bundlePlace } from './bundle-place.ts';

// Paths of Windows are whole on Windows only, where `isAbsolute` knows them.
test.each([
  ['/media/stick/underlay.bundle', '/media/stick/underlay.bundle'],
  [' /media/stick/underlay.bundle\n', '/media/stick/underlay.bundle'],
  ['"/media/my stick/underlay.bundle"', '/media/my stick/underlay.bundle'],
  ["'/media/stick/underlay.bundle'", '/media/stick/underlay.bundle'],
  ['file:///media/my%20stick/underlay.bundle', '/media/my stick/underlay.bundle'],
  ['~/Downloads/$&.bundle', '/home/learner/Downloads/$&.bundle'],
  ['http://10.0.0.5:41235/underlay.bundle', 'http://10.0.0.5:41235/underlay.bundle'],
  ['HTTPS://bundles.example/u', 'HTTPS://bundles.example/u'],
  ['underlay.bundle', undefined],
  ['./underlay.bundle', undefined],
  ['~other/underlay.bundle', undefined],
  ['10.0.0.5:41235/underlay.bundle', undefined],
  ['ftp://10.0.0.5/underlay.bundle', undefined],
  ['file://server/share/underlay.bundle', undefined],
  ['file:///media/%2f', undefined],
  ['""', undefined],
  ['  ', undefined],
])('%j is the place %j', (text, place) => {
  expect(bundlePlace(text, '/home/learner')).toBe(place);
});
