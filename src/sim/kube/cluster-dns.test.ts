import { expect, test } from 'vitest';
import { formatIpv4 } from '../../model/ip.ts';
import { clusterDns } from './cluster-dns.ts';
import { deployment, service, TestCluster } from './cluster-fixture.ts';

const shown = (cluster: TestCluster): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...clusterDns(cluster.state.store).names].map(([name, addresses]) => [name, addresses.map(formatIpv4)]),
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
