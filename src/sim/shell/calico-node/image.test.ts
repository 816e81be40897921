import { expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import type { Place } from '../../../model/place.ts';
import { isCalicoNode } from './image.ts';

const POD: Place = { kind: 'pod', namespace: 'kube-system', name: 'calico-node-node1' };

const running = (image: string) => ({
  request: (): { code: number; body: JsonObject } => ({
    code: 200,
    body: { spec: { containers: [{ image }] } },
  }),
  watch: () => {
    throw new Error('nothing to watch');
  },
});

test.each([
  ['quay.io/calico/node:v3.32.1', true],
  ['calico/node@sha256:00', true],
  ['quay.io/calico/node-driver-registrar:v3.32.1', false],
])('a pod that runs %s: %s', (image, expected) => {
  expect(isCalicoNode(POD, running(image))).toBe(expected);
});

test('a node is no container of the image, though its pods are', () => {
  expect(isCalicoNode({ kind: 'node', name: 'node1' }, running('quay.io/calico/node:v3.32.1'))).toBe(false);
});
