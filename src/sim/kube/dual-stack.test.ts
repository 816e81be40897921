/**
 * A dual-stack cluster as kubeadm makes it and as its controllers keep it. Expectations: kubeadm's dual-stack documents and
 * k8s.io/kubernetes pkg/kubelet, pkg/controller/{endpoint,endpointslice}, Kubernetes 1.35.
 */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import { deployment, dualStack, pod, service, TestCluster, twoRacks } from './cluster-fixture.ts';
import { at, listAt, textAt, textsAt } from './fields.ts';

const running = (): TestCluster => new TestCluster({ topology: dualStack() }).wait(5000);

describe('a dual-stack cluster', () => {
  test('has nodes with two addresses and two ranges of pods', () => {
    const nodes = running().list('nodes');
    expect(
      nodes.map(({ metadata, spec, status }) => [
        metadata.name,
        textAt(spec, 'podCIDR'),
        ...textsAt(spec, 'podCIDRs'),
        ...listAt(status, 'addresses').map((each) => `${textAt(each, 'type')} ${textAt(each, 'address')}`),
      ]),
    ).toEqual([
      ...[
        ['control-plane', '10.244.0.0/24', 'fd00:10:244::/64', '10.0.0.10', 'fd00:a::10'],
        ['node1', '10.244.1.0/24', 'fd00:10:244:1::/64', '10.0.0.11', 'fd00:a::11'],
        ['node2', '10.244.2.0/24', 'fd00:10:244:2::/64', '10.0.0.12', 'fd00:a::12'],
        ['node3', '10.244.3.0/24', 'fd00:10:244:3::/64', '10.0.1.13', 'fd00:b::13'],
      ].map(([name, range, range6, address, address6]) => [
        name,
        range,
        range,
        range6,
        `InternalIP ${address}`,
        `InternalIP ${address6}`,
        `Hostname ${name}`,
      ]),
    ]);
  });

  test('has components that know both ranges', () => {
    const cluster = running();
    const flags = (name: string): readonly string[] =>
      textsAt(
        listAt(cluster.get('pods', `${name}-control-plane`, 'kube-system')?.spec, 'containers')[0],
        'command',
      ).filter((flag) => flag.includes('fd00'));
    expect(flags('kube-apiserver')).toEqual(['--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112']);
    expect(flags('kube-controller-manager')).toEqual([
      '--cluster-cidr=10.244.0.0/16,fd00:10:244::/56',
      '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112',
    ]);
    expect(textAt(cluster.get('configmaps', 'kube-proxy', 'kube-system'), 'data', 'config.conf')).toContain(
      'clusterCIDR: 10.244.0.0/16,fd00:10:244::/56\n',
    );
  });

  test.each([
    ['default', 'kubernetes', '10.96.0.1'],
    ['kube-system', 'kube-dns', '10.96.0.10'],
  ])('keeps the service %s/%s on one family', (namespace, name, address) => {
    expect(running().get('services', name, namespace)?.spec).toMatchObject({
      clusterIPs: [address],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
  });

  test('gives pods two addresses, those of the node with hostNetwork', () => {
    const cluster = running();
    cluster.create(pod('own', { nodeName: 'node3' }));
    cluster.create(pod('host', { nodeName: 'node3', hostNetwork: true }));
    cluster.wait(5000);
    const addresses = (name: string): JsonObject => {
      const { hostIP, hostIPs, podIP, podIPs } = cluster.get('pods', name)?.status ?? {};
      return { hostIP, hostIPs, podIP, podIPs } as JsonObject;
    };
    const host = [{ ip: '10.0.1.13' }, { ip: 'fd00:b::13' }];
    const { podIP, podIPs, ...rest } = addresses('own');
    expect(rest).toEqual({ hostIP: '10.0.1.13', hostIPs: host });
    const last = Number(String(podIP).split('.')[3]);
    expect(podIPs).toEqual([{ ip: podIP }, { ip: `fd00:10:244::${last.toString(16)}` }]);
    expect(addresses('host')).toEqual({
      hostIP: '10.0.1.13',
      hostIPs: host,
      podIP: '10.0.1.13',
      podIPs: host,
    });
  });
});

const CHANGE = 'application/merge-patch+json';

describe('endpoints', () => {
  const served = (spec: JsonObject): TestCluster => {
    const cluster = running();
    cluster.create(deployment('web', 2));
    cluster.create(service('web', spec));
    return cluster.wait(5000);
  };
  /** The two pods' addresses, by family. */
  const podAddresses = (cluster: TestCluster): readonly (readonly string[])[] =>
    [0, 1].map((family) =>
      cluster
        .list('pods', 'default')
        .map(({ status }) => textAt(status, 'podIPs', family, 'ip'))
        .sort(),
    );
  const slices = (cluster: TestCluster): Readonly<Record<string, readonly string[]>> =>
    Object.fromEntries(
      cluster
        .list('endpointslices.discovery.k8s.io', 'default')
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
        .map((slice) => [
          textAt(slice, 'addressType'),
          listAt(slice, 'endpoints').flatMap((one) => textsAt(one, 'addresses')),
        ]),
    );
  const endpoints = (cluster: TestCluster): readonly string[] =>
    listAt(cluster.get('endpoints', 'web'), 'subsets', 0, 'addresses').map((one) => textAt(one, 'ip'));

  test('stand in a slice for each family, and in Endpoints for the first', () => {
    const cluster = served({ ipFamilyPolicy: 'PreferDualStack' });
    const [v4, v6] = podAddresses(cluster);
    expect(slices(cluster)).toEqual({ IPv4: v4, IPv6: v6 });
    expect(endpoints(cluster)).toEqual(v4);
  });

  test('of a service of IPv6 are of IPv6, and print in brackets', () => {
    const cluster = served({ ipFamilies: ['IPv6'] });
    const [, v6 = []] = podAddresses(cluster);
    expect(slices(cluster)).toEqual({ IPv6: v6 });
    expect(endpoints(cluster)).toEqual(v6);
    expect(cluster.table('endpoints', { namespace: 'default' })).toContain(
      v6.map((address) => `[${address}]:8080`).join(','),
    );
  });

  test('follow the families of their service', () => {
    const cluster = served({});
    const [v4, v6] = podAddresses(cluster);
    const change = (ipFamilyPolicy: string): void => {
      const path = cluster.path('services', 'web');
      cluster.request({ method: 'PATCH', path, contentType: CHANGE, body: { spec: { ipFamilyPolicy } } });
      cluster.wait(1000);
    };
    expect(slices(cluster)).toEqual({ IPv4: v4 });
    change('RequireDualStack');
    expect(slices(cluster)).toEqual({ IPv4: v4, IPv6: v6 });
    change('SingleStack');
    expect(slices(cluster)).toEqual({ IPv4: v4 });
  });

  test('leave out pods that lack the family', () => {
    const cluster = new TestCluster({ topology: twoRacks() }).wait(5000);
    cluster.create(deployment('web', 2));
    cluster.create(service('web', { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack' }));
    cluster.wait(5000);
    expect(Object.keys(slices(cluster))).toEqual(['IPv4']);
    expect(at(cluster.list('pods', 'default')[0]?.status, 'podIPs', 1)).toBeUndefined();
  });
});
