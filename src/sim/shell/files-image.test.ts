import { expect, test } from 'vitest';
import { imageFiles, type PodDns } from './files-image.ts';

const POD = { kind: 'pod', namespace: 'shop', name: 'web' } as const;

function resolver(dns: Partial<PodDns>): string | undefined {
  const whole = {
    policy: 'ClusterFirst',
    hostNetwork: false,
    nameservers: [],
    searches: [],
    options: [],
    ...dns,
  };
  return imageFiles(POD, { nameserver: '10.96.0.10', dns: whole })['/etc/resolv.conf'];
}

const CLUSTER = 'search shop.svc.cluster.local svc.cluster.local cluster.local';

// Provenance: pkg/kubelet/network/dns/dns.go, Kubernetes 1.35.
test.each<readonly [Partial<PodDns>, string | undefined]>([
  [{}, `${CLUSTER}\nnameserver 10.96.0.10\noptions ndots:5\n`],
  [{ hostNetwork: true }, undefined],
  [
    { hostNetwork: true, policy: 'ClusterFirstWithHostNet' },
    `${CLUSTER}\nnameserver 10.96.0.10\noptions ndots:5\n`,
  ],
  [{ policy: 'Default' }, undefined],
  [
    { policy: 'None', nameservers: ['10.0.0.53'], searches: ['example.net'], options: [{ name: 'edns0' }] },
    'search example.net\nnameserver 10.0.0.53\noptions edns0\n',
  ],
  [
    { searches: ['example.net'], options: [{ name: 'ndots', value: '2' }] },
    `${CLUSTER} example.net\nnameserver 10.96.0.10\noptions ndots:2\n`,
  ],
])('the resolver configuration of a pod %#', (dns, text) => {
  expect(resolver(dns)).toBe(text);
});

test('the hosts file of a pod of two families names it by both', () => {
  const files = imageFiles(POD, { addresses: ['10.244.0.5', 'fd00:10:244::5'] });
  expect(files['/etc/hosts']?.split('\n').slice(-3)).toEqual(['10.244.0.5\tweb', 'fd00:10:244::5\tweb', '']);
});
