import { describe, expect, test } from 'vitest';
import { formatIpv4 } from '../../../model/ip.ts';
import type { Chain } from '../../net/netfilter-rules.ts';
import { deployment, pod, service, TestCluster } from '../cluster-fixture.ts';
import { kubeProxy } from './kube-proxy.ts';
import { clusterDns } from '../cluster-dns.ts';
import { podListeners } from '../pod-stack.ts';

const chains = (cluster: TestCluster, table: 'nat' | 'filter', node = 'node1'): readonly Chain[] =>
  kubeProxy(cluster.state, node).netfilter.tables[table] ?? [];
const chain = (cluster: TestCluster, name: string, table: 'nat' | 'filter' = 'nat') =>
  chains(cluster, table).find((item) => item.name === name);

describe('kube-proxy', () => {
  // Chain names as every kubeadm cluster with this service range shows them (real transcripts).
  test('names the chains of the system services as the real one does', () => {
    const names = chains(new TestCluster().wait(5000), 'nat').map((item) => item.name);
    expect(names).toEqual(
      expect.arrayContaining([
        'KUBE-SVC-NPX46M4PTMTKRN6Y',
        'KUBE-SVC-TCOU7JCQXEZGVUNU',
        'KUBE-SVC-ERIFXISQEP7F7OF4',
        'KUBE-SVC-JD5MR3NA4I4DYORP',
      ]),
    );
  });

  test('shares connections equally among three endpoints', () => {
    const cluster = new TestCluster().wait(5000);
    cluster.create(deployment('web', 3));
    cluster.create(service('web'));
    cluster.wait(5000);
    const jump = chain(cluster, 'KUBE-SERVICES')?.rules.find(
      (rule) => rule.comment === 'default/web cluster IP',
    );
    const target = jump?.target.kind === 'jump' ? jump.target.chain : '';
    const rules = chain(cluster, target)?.rules ?? [];
    expect(
      rules.map((rule) =>
        rule.matches.map((match) => (match.kind === 'probability' ? match.probability : match.kind)),
      ),
    ).toEqual([['source', 'destination', 'protocol', 'destination-port'], [0.3333333333], [0.5], []]);
    const endpoint = rules.at(-1)?.target;
    const dnat = endpoint?.kind === 'jump' ? chain(cluster, endpoint.chain)?.rules.at(-1)?.target : undefined;
    expect(dnat?.kind === 'dnat' && `${formatIpv4(dnat.to)}:${dnat.port}`).toMatch(/^10\.244\.0\.\d+:8080$/);
  });

  test('refuses what has no endpoints', () => {
    const cluster = new TestCluster().wait(5000);
    cluster.create(service('web'));
    cluster.wait(1000);
    expect(
      chain(cluster, 'KUBE-SERVICES', 'filter')?.rules.map((rule) => [rule.comment, rule.target.kind]),
    ).toEqual([['default/web has no endpoints', 'reject']]);
  });

  test('opens node ports, masquerading unless the policy is Local', () => {
    const cluster = new TestCluster().wait(5000);
    cluster.create(deployment('web', 1));
    cluster.create(service('web', { type: 'NodePort' }));
    cluster.wait(5000);
    const door = chain(cluster, 'KUBE-NODEPORTS')?.rules[0]?.target;
    const external = () =>
      chain(cluster, door?.kind === 'jump' ? door.chain : '')?.rules.map(
        (rule) => rule.comment ?? rule.target.kind,
      );
    expect(external()).toEqual(['masquerade traffic for default/web external destinations', 'jump']);
    cluster.apply('services', 'web', { spec: { externalTrafficPolicy: 'Local' } });
    expect(external()?.slice(0, 3)).toEqual([
      'pod traffic for default/web external destinations',
      'masquerade LOCAL traffic for default/web external destinations',
      'route LOCAL traffic for default/web external destinations',
    ]);
  });

  test('gives the identical answer while services and endpoints stay', () => {
    const cluster = new TestCluster().wait(5000);
    const before = kubeProxy(cluster.state, 'node1');
    cluster.apply('nodes', 'node1', { metadata: { labels: { a: 'b' } } });
    expect(kubeProxy(cluster.state, 'node1')).toBe(before);
  });
});

test('a running pod of an image we do not know answers on its declared ports with its name', () => {
  const cluster = new TestCluster().wait(5000);
  const ports = [{ containerPort: 8080 }, { containerPort: 9000, protocol: 'UDP' }];
  cluster.create(
    pod('x', { nodeName: 'node1', containers: [{ name: 'c', image: 'example.com/web:1', ports }] }),
  );
  cluster.wait(100);
  const listeners = () =>
    podListeners(
      cluster.list('pods', 'default')[0] ?? { apiVersion: '', kind: '', metadata: { name: '' } },
      () => clusterDns(cluster.state.store),
    );
  expect(listeners()).toEqual([]);
  cluster.wait(4000);
  expect(listeners()).toEqual([
    { protocol: 'tcp', port: 8080, serves: { kind: 'http', body: 'x on node1: hello, {client}\n' } },
    { protocol: 'udp', port: 9000, serves: { kind: 'echo' } },
  ]);
});
