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
  expect(others).toEqual({ ...before, 'web.default.svc.cluster.local.': ['10.96.5.5'] });
  expect(each.toSorted()).toEqual(addresses.toSorted());
});
