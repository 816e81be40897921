import { expect, test } from 'vitest';
import { groupPlaces, placeLabel } from './places.ts';

test('a place is called by its shortest clear name', () => {
  expect(
    ['workstation', 'node/node1', 'pod/client', 'pod/kube-system/dns', 'router/router'].map(placeLabel),
  ).toEqual(['workstation', 'node1', 'client', 'kube-system/dns', 'router']);
});

test('a menu lists places by kind, in the order a packet would meet them', () => {
  expect(groupPlaces(['host/outside', 'pod/b', 'pod/a', 'workstation'])).toEqual([
    { kind: 'workstation', places: ['workstation'] },
    { kind: 'pod', places: ['pod/b', 'pod/a'] },
    { kind: 'host', places: ['host/outside'] },
  ]);
});
