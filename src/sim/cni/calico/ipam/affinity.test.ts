import { expect, test } from 'vitest';
import { cidr } from '../../../../model/ip.ts';
import { affinityLabels, affinityOf, host, LOAD_BALANCER, parseAffinity } from './affinity.ts';

test('owners are spelled as blocks name them', () => {
  expect([host('node1'), LOAD_BALANCER].map(affinityOf)).toEqual(['host:node1', 'virtual:load-balancer']);
  expect(parseAffinity('virtual:load-balancer')).toEqual(LOAD_BALANCER);
  expect([undefined, '', 'node1', 'host:'].map(parseAffinity)).toEqual(Array(4).fill(undefined));
});

test('the hash in the label is SHA3-256 in base 32 (computed with Python: hashlib.sha3_256, base64.b32encode)', () => {
  expect(affinityLabels(host('node1'), cidr('10.244.0.0/26'))).toEqual({
    'projectcalico.org/affinity-type': 'host',
    'projectcalico.org/hostname-hash': '7DS2CCNJGGLTHBDQLLFO6SX24SY2YDDEG3W2VN556FA2W4DLLV5A',
    'projectcalico.org/ip-version': '4',
  });
});
