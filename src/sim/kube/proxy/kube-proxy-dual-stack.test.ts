/**
 * kube-proxy's program for IPv6. Rules after k8s.io/kubernetes pkg/proxy/iptables/proxier.go and kubelet_network_linux.go, 1.35; that
 * the real ip6tables reads them back is in test/shell/kube-proxy-ip6tables.test.ts.
 */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { formatIp } from '../../../model/ip-family.ts';
import { ipv4 } from '../../../model/ip.ts';
import { ipv6 } from '../../../model/ipv6.ts';
import { printTable } from '../../net/netfilter-print.ts';
import type { TableName } from '../../net/netfilter-rules.ts';
import { NO_MEMORY, type ConntrackEntry } from '../../net/netns.ts';
import { deployment, dualStack, service, TestCluster } from '../cluster-fixture.ts';
import { textAt, textsAt } from '../fields.ts';
import { kubeProxy, serviced, serviced6 } from './kube-proxy.ts';
import { servingEndpoints, withoutStale } from './stale-connections.ts';

const BOTH = { ipFamilyPolicy: 'PreferDualStack' };

function cluster(spec: JsonObject = {}): TestCluster {
  const made = new TestCluster({ topology: dualStack() }).wait(5000);
  made.create(deployment('web', 2));
  made.create(service('web', { ...BOTH, ...spec }));
  return made.wait(5000);
}

function lines(
  made: TestCluster,
  family: 4 | 6,
  table: TableName = 'nat',
  node = 'node1',
): readonly string[] {
  const program = kubeProxy(made.state, node);
  return family === 4
    ? printTable(table, program.netfilter.tables[table] ?? [])
    : printTable(table, program.inet6?.netfilter.tables[table] ?? [], 6);
}

const of = (all: readonly string[], chain: string): readonly string[] =>
  all.filter((line) => line.startsWith(`-A ${chain} `));

const chainNamed = (all: readonly string[], comment: string): string =>
  /-j (\S+)$/.exec(all.find((line) => line.includes(`"${comment}"`)) ?? '')?.[1] ?? '';

describe('in a dual-stack cluster', () => {
  test('every service of IPv6 has its chains, and the others have none', () => {
    const made = cluster({ clusterIP: '10.96.5.5', clusterIPs: ['10.96.5.5', 'fd00:10:96::55'] });
    const nat = lines(made, 6);
    const [service6 = ''] = nat.filter((line) => line.startsWith(':KUBE-SVC-'));
    const chain = service6.slice(1).split(' ')[0] ?? '';
    expect(nat.filter((line) => line.startsWith(':KUBE-SVC-'))).toHaveLength(1);
    const [first = '', second = ''] = made
      .list('pods', 'default')
      .map(({ status }) => textAt(status, 'podIPs', 1, 'ip'))
      .sort();
    const endpoints = of(nat, chain).flatMap((line) => /-j (KUBE-SEP-\S+)$/.exec(line)?.[1] ?? []);
    expect([...of(nat, 'KUBE-SERVICES'), ...of(nat, chain)]).toEqual([
      `-A KUBE-SERVICES -d fd00:10:96::55/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j ${chain}`,
      '-A KUBE-SERVICES ! -d ::1/128 -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
      `-A ${chain} ! -s fd00:10:244::/56 -d fd00:10:96::55/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
      `-A ${chain} -m comment --comment "default/web -> [${first}]:8080" -m statistic --mode random --probability 0.50000000000 -j ${endpoints[0]}`,
      `-A ${chain} -m comment --comment "default/web -> [${second}]:8080" -j ${endpoints[1]}`,
    ]);
    expect(of(nat, endpoints[0] ?? '')).toEqual([
      `-A ${endpoints[0]} -s ${first}/128 -m comment --comment "default/web" -j KUBE-MARK-MASQ`,
      `-A ${endpoints[0]} -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination [${first}]:8080`,
    ]);
  });

  test('a service has the same chain in both families, its endpoints have others', () => {
    const made = cluster();
    const names = (family: 4 | 6, prefix: string): readonly string[] =>
      lines(made, family).filter((line) => line.startsWith(`:${prefix}`));
    const chain = chainNamed(lines(made, 4), 'default/web cluster IP');
    expect(chainNamed(lines(made, 6), 'default/web cluster IP')).toBe(chain);
    expect(names(6, 'KUBE-SEP-').filter((line) => names(4, 'KUBE-SEP-').includes(line))).toEqual([]);
    expect(names(6, 'KUBE-SEP-')).toHaveLength(2);
  });

  test('the kubelet guards loopback addresses for IPv4 only', () => {
    const made = cluster();
    const guards = (family: 4 | 6): readonly string[] =>
      lines(made, family, 'filter').filter((line) => line.includes('KUBE-FIREWALL'));
    expect(guards(4)).toHaveLength(4);
    expect(guards(6)).toEqual([]);
    expect(lines(made, 6, 'mangle')).toEqual(lines(made, 4, 'mangle'));
  });

  test('addresses, source ranges and node addresses count in their own family', () => {
    const made = cluster({
      type: 'LoadBalancer',
      externalIPs: ['192.0.2.51', '2001:db8:51::1'],
      loadBalancerSourceRanges: ['10.0.0.0/8', 'fd00:a::/64'],
    });
    const balancer = {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.50' }, { ip: '2001:db8:50::1' }] } },
    };
    made.request({
      method: 'PATCH',
      path: `${made.path('services', 'web')}/status`,
      contentType: 'application/merge-patch+json',
      body: balancer,
    });
    const nat = lines(made, 6);
    const external = chainNamed(nat, 'default/web external IP');
    const firewall = external.replace('EXT', 'FW');
    const port = '-m tcp --dport 80';
    expect(of(nat, 'KUBE-SERVICES').slice(1, 3)).toEqual([
      `-A KUBE-SERVICES -d 2001:db8:51::1/128 -p tcp -m comment --comment "default/web external IP" ${port} -j ${external}`,
      `-A KUBE-SERVICES -d 2001:db8:50::1/128 -p tcp -m comment --comment "default/web loadbalancer IP" ${port} -j ${firewall}`,
    ]);
    expect(of(nat, firewall)).toEqual([
      `-A ${firewall} -s fd00:a::/64 -m comment --comment "default/web loadbalancer IP" -j ${external}`,
      `-A ${firewall} -s 2001:db8:50::1/128 -m comment --comment "default/web loadbalancer IP" -j ${external}`,
      `-A ${firewall} -m comment --comment "other traffic to default/web will be dropped by KUBE-PROXY-FIREWALL"`,
    ]);
    expect(of(lines(made, 6, 'filter'), 'KUBE-PROXY-FIREWALL')).toEqual([
      `-A KUBE-PROXY-FIREWALL -d 2001:db8:50::1/128 -p tcp -m comment --comment "default/web traffic not accepted by ${firewall}" ${port} -j DROP`,
    ]);
    // Only its IPv4 address lets node3 use the balancer's own as source.
    expect(of(lines(made, 6, 'nat', 'node3'), firewall)).toHaveLength(2);
    expect(of(lines(made, 4, 'nat', 'node3'), firewall)).toHaveLength(3);
  });

  // One program for both: with the addresses taken out, nothing differs but what is told above.
  test.each<readonly [string, JsonObject]>([
    ['a node port', { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }],
    ['local traffic', { type: 'NodePort', externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' }],
    ['affinity', { sessionAffinity: 'ClientIP' }],
    ['nothing behind it', { selector: { app: 'nobody' }, type: 'NodePort' }],
  ])('the rules of IPv6 are those of IPv4: %s', (_, spec) => {
    const made = cluster(spec);
    const shape = (family: 4 | 6, table: TableName): readonly string[] =>
      lines(made, family, table)
        .filter((line) => !/KUBE-FIREWALL|service nodeports|kube-dns|default\/kubernetes/.test(line))
        .map((line) =>
          line
            .replaceAll(/(fd00:[0-9a-f:]*|\b\d+\.\d+\.\d+\.\d+)\/(32|128|56|16)\b/g, 'RANGE')
            .replaceAll(/\[fd00:[0-9a-f:]*\]|\b(?!255)\d+\.\d+\.\d+\.\d+/g, 'ADDRESS')
            .replaceAll(/255\.255\.255\.255|ffff(:ffff){7}/g, 'MASK')
            .replace('icmp6-port-unreachable', 'icmp-port-unreachable')
            .replaceAll(/KUBE-SEP-\w+/g, 'KUBE-SEP'),
        )
        // What comes to a node port from the node's own loopback is counted for IPv4 alone.
        .filter((line) => !line.startsWith(':KUBE-') && !line.includes('localhost_nps_accepted_pkts'));
    const chains = (family: 4 | 6): readonly string[] =>
      lines(made, family).filter((line) => line.startsWith(':'));
    for (const table of ['nat', 'filter'] as const) {
      const own = new Set(chains(6).map((line) => line.slice(1).split(' ')[0]));
      const ours = (line: string): boolean => {
        const chain = /^-A (KUBE-S\w+-\S+)/.exec(line)?.[1];
        return chain === undefined || chain.startsWith('KUBE-SEP') || own.has(chain);
      };
      const [v4, v6] = [shape(4, table).filter(ours), shape(6, table)];
      expect(
        v6.filter((line) => !line.startsWith('-A KUBE-SEP')),
        table,
      ).toEqual(v4.filter((line) => !line.startsWith('-A KUBE-SEP')));
    }
  });

  test('an IPv6-only service answers for its health on the same port', () => {
    const made = cluster({
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv6'],
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30999,
    });
    expect(kubeProxy(made.state, 'node1').listeners?.map(({ port }) => port)).toEqual([30999]);
    const both = cluster({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30998,
    });
    expect(kubeProxy(both.state, 'node1').listeners?.map(({ port }) => port)).toEqual([30998]);
  });

  test('gives the identical answer while services and endpoints stay', () => {
    const made = cluster();
    const before = kubeProxy(made.state, 'node1');
    made.apply('nodes', 'node1', { metadata: { labels: { a: 'b' } } });
    expect(kubeProxy(made.state, 'node1')).toBe(before);
    expect(kubeProxy(made.state, 'node2')).toBe(before);
  });

  test('knows nothing of IPv6 where nodes have none', () => {
    const made = new TestCluster().wait(5000);
    expect(kubeProxy(made.state, 'node1')).not.toHaveProperty('inet6');
  });
});

test('connections of UDP services that lead nowhere any more end in their own family', () => {
  const ports = [{ port: 53, targetPort: 8080, protocol: 'UDP', nodePort: 30053 }];
  const made = cluster({ type: 'NodePort', ports, clusterIP: '10.96.5.5' });
  const spec = made.get('services', 'web')?.spec;
  const address6 = textsAt(spec, 'clusterIPs')[1] ?? '';
  const serving = servingEndpoints([...serviced(made.state), ...serviced6(made.state)]);
  const [pod4 = '', pod6 = ''] = [0, 1].map((index) =>
    textAt(made.list('pods', 'default')[0]?.status, 'podIPs', index, 'ip'),
  );
  const entry = (destination: string, port: number, endpoint: string): ConntrackEntry => {
    const parsed = (text: string) => (text.includes(':') ? ipv6(text) : ipv4(text));
    const client = destination.includes(':') ? ipv6('fd00::9') : ipv4('10.9.9.9');
    const ends = { sourcePort: 4000, destinationPort: port };
    return {
      protocol: 'udp',
      original: { source: client, destination: parsed(destination), ...ends },
      reply: { source: parsed(endpoint), destination: client, sourcePort: 8080, destinationPort: 4000 },
      assured: false,
      expires: 0,
    };
  };
  const living = [
    entry('10.96.5.5', 53, pod4),
    entry(address6, 53, pod6),
    entry('10.0.0.11', 30053, pod4),
    entry('fd00:a::11', 30053, pod6),
  ];
  const stale = [
    entry('10.96.5.5', 53, '10.244.9.9'),
    entry(address6, 53, 'fd00:10:244::999'),
    entry('fd00:a::11', 30053, 'fd00:10:244::999'),
  ];
  const kept = withoutStale({ ...NO_MEMORY, conntrack: [...living, ...stale] }, serving).conntrack;
  expect(kept.map(({ original }) => formatIp(original.destination))).toEqual(
    living.map(({ original }) => formatIp(original.destination)),
  );
});
