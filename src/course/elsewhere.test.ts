import { expect, test } from 'vitest';
import { ENGINE_DOWN, FakeSession, SIGNAL } from '../../test/support/fake-session.ts';
import { err, ok } from '../base/result.ts';
import type { LabEnvironment } from '../lab/ports.ts';
import { elsewhere } from './elsewhere.ts';

const LAB: LabEnvironment = {
  id: 'small',
  topology: new FakeSession().topology(),
  calico: { install: 'manifest', pools: 'user' },
  start: [{ file: '10-pods.yaml', text: 'the pods' }],
  files: [],
};

test('the addresses that pods have are reserved before the lab is made', async () => {
  const pods = [
    { spec: {}, status: { podIP: '10.244.1.2', podIPs: [{ ip: '10.244.1.2' }, { ip: 'fd00:10:244::2' }] } },
    // What belongs to a node is not Calico's to give.
    { spec: { hostNetwork: true }, status: { podIPs: [{ ip: '10.0.0.11' }] } },
    { spec: {}, status: { phase: 'Pending' } },
  ];
  const text = [
    'apiVersion: projectcalico.org/v3',
    'kind: IPReservation',
    'metadata:',
    '  name: taken-addresses',
    'spec:',
    '  reservedCIDRs:',
    '    - 10.244.1.2/32',
    '    - fd00:10:244::2/128',
    '',
  ].join('\n');
  expect(await elsewhere(LAB, new FakeSession({ objects: { pods } }), SIGNAL)).toEqual(
    ok({ ...LAB, start: [{ file: 'taken-addresses.yaml', text }, ...LAB.start] }),
  );
});

test('a lab without pods is the same there', async () => {
  expect(await elsewhere(LAB, new FakeSession(), SIGNAL)).toEqual(ok(LAB));
});

test('an engine that cannot say them is no answer', async () => {
  expect(await elsewhere(LAB, new FakeSession({ objects: 'down' }), SIGNAL)).toEqual(err(ENGINE_DOWN));
});
