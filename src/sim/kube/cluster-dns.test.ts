import { expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { clusterDns } from './cluster-dns.ts';
import { deployment, dualStack, service, TestCluster } from './cluster-fixture.ts';
import { listAt, textAt } from './fields.ts';

const shown = (cluster: TestCluster): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...clusterDns(cluster.state.store).names].map(([name, addresses]) => [name, addresses.map(formatIp)]),
  );

test('services by cluster address, headless ones by their ready endpoints, nodes by their own', () => {
  const cluster = new TestCluster().wait(5000);
  const before = shown(cluster);
  expect(before).toMatchObject({
    'kubernetes.default.svc.cluster.local.': ['10.96.0.1'],
    'node1.': ['10.0.0.11'],
  });
  cluster.create(deployment('web', 2));
  const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
  cluster.create(service('web', { ...spec, clusterIP: '10.96.5.5' }));
  cluster.create(service('each', { ...spec, clusterIP: 'None' }));
  cluster.wait(5000);
  const addresses = cluster.list('pods', 'default').map(({ status }) => String(status?.['podIP']));
  const { 'each.default.svc.cluster.local.': each = [], ...others } = shown(cluster);
  const dashed = addresses.flatMap((address) =>
    ['each', 'web'].map(
      (name) => [`${address.replaceAll('.', '-')}.${name}.default.svc.cluster.local.`, [address]] as const,
    ),
  );
  expect(others).toEqual({
    ...before,
    ...Object.fromEntries(dashed),
    'web.default.svc.cluster.local.': ['10.96.5.5'],
  });
  expect(each.toSorted()).toEqual(addresses.toSorted());
});

test('ports, aliases and the way back from an address', () => {
  const cluster = new TestCluster().wait(5000);
  const ports = [{ name: 'http', port: 80 }];
  cluster.create(service('web', { selector: { app: 'web' }, ports, clusterIP: '10.96.5.5' }));
  cluster.create(service('out', { type: 'ExternalName', externalName: 'example.com.' }));
  const { services, aliases, reverse } = clusterDns(cluster.wait(1000).state.store);
  const target = 'web.default.svc.cluster.local.';
  expect(services?.get(`_http._tcp.${target}`)).toEqual([{ target, port: 80 }]);
  expect(services?.get(target)).toEqual([{ target, port: 80 }]);
  expect(aliases?.get('out.default.svc.cluster.local.')).toBe('example.com.');
  expect(reverse?.get('5.5.96.10.in-addr.arpa.')).toEqual([target]);
});

test('both families in a dual-stack cluster: services, endpoints, nodes and the way back', () => {
  const cluster = new TestCluster({ topology: dualStack() }).wait(5000);
  cluster.create(deployment('web', 1));
  const both = { ipFamilyPolicy: 'PreferDualStack', selector: { app: 'web' }, ports: [{ port: 80 }] };
  const clusterIPs = ['10.96.5.5', 'fd00:10:96::55'];
  cluster.create(service('web', { ...both, clusterIP: '10.96.5.5', clusterIPs }));
  cluster.create(service('each', { ...both, clusterIP: 'None' }));
  cluster.create(service('six', { selector: {}, ports: [{ port: 80 }], ipFamilies: ['IPv6'] }));
  cluster.wait(5000);
  const pod = cluster.list('pods', 'default')[0];
  const addresses = listAt(pod?.status, 'podIPs').map((item) => textAt(item, 'ip'));
  const names = shown(cluster);
  const domain = 'default.svc.cluster.local.';
  expect(names['node3.']).toEqual(['10.0.1.13', 'fd00:b::13']);
  expect(names[`web.${domain}`]).toEqual(clusterIPs);
  expect(names[`each.${domain}`]?.toSorted()).toEqual(addresses.toSorted());
  expect(names[`six.${domain}`]?.[0]).toMatch(/^fd00:10:96::/);
  expect(names['ns.dns.cluster.local.']).toEqual(['10.96.0.10']);
  for (const address of addresses)
    expect(names[`${address.replaceAll(/[.:]/g, '-')}.each.${domain}`]).toEqual([address]);
  const { reverse, services } = clusterDns(cluster.state.store);
  const nibbles = `5.5.${'0.'.repeat(18)}6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.`;
  expect(reverse?.get(nibbles)).toEqual([`web.${domain}`]);
  expect(services?.get(`web.${domain}`)).toHaveLength(2);
});
