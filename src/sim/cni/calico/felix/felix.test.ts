import { describe, expect, test } from 'vitest';
import { formatCidr, formatIpv4 } from '../../../../model/ip.ts';
import { formatIp } from '../../../../model/ip-family.ts';
import { memberTexts } from '../../../net/ipset-print.ts';
import type { Route } from '../../../net/netns.ts';
import { TestCluster } from '../two-racks.contract.ts';
import { felix } from './felix.ts';

const CIDR = '10.244.0.0/16';

/** The transcripts' cluster: two pods a node, in the order of their names. */
function lab(spec: Record<string, string | boolean>): TestCluster {
  const cluster = new TestCluster().withCalico('none').withPool('pool', { cidr: CIDR, ...spec });
  for (const [at, node] of ['node1', 'node1', 'node2', 'node2', 'node3', 'node3'].entries()) {
    cluster.addPod(`web-${at}`, node);
  }
  return cluster;
}

const programming = (cluster: TestCluster, node: string) => felix(cluster.state, cluster.topology, node);

/** As `ip route` spells it, without the trailing space. */
function spell(route: Route): string {
  const target = route.prefix.length === 32 ? formatIpv4(route.prefix.base) : formatCidr(route.prefix);
  return [
    route.type === 'unicast' ? target : `${route.type} ${target}`,
    route.via === undefined ? '' : `via ${formatIpv4(route.via)}`,
    route.device ? `dev ${route.device}` : '',
    route.protocol === 'boot' ? '' : `proto ${route.protocol}`,
    route.scope === 'link' ? 'scope link' : '',
    route.metric === undefined ? '' : `metric ${route.metric}`,
    route.onlink ? 'onlink' : '',
    route.mtu === undefined ? '' : `mtu ${route.mtu}`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

const routes = (cluster: TestCluster, node: string): readonly string[] =>
  programming(cluster, node).routes.map(spell);

describe('routes (provenance: real kernel transcripts; metric 1024 of v3.32 from the fact sheet)', () => {
  test('VXLAN CrossSubnet, seen from both racks', () => {
    const cluster = lab({ vxlanMode: 'CrossSubnet' });
    expect(routes(cluster, 'node1')).toEqual([
      '10.244.104.0/26 via 10.0.0.12 dev eth0 proto 80 onlink',
      '10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink mtu 1450',
      'blackhole 10.244.166.128/26 proto 80',
      '10.244.166.129 dev cali0d7763386da scope link metric 1024',
      '10.244.166.130 dev cali0761ccbeace scope link metric 1024',
    ]);
    expect(routes(cluster, 'node3')).toEqual([
      '10.244.104.0/26 via 10.244.104.0 dev vxlan.calico onlink mtu 1450',
      'blackhole 10.244.135.0/26 proto 80',
      '10.244.135.1 dev cali456b3b54a7e scope link metric 1024',
      '10.244.135.2 dev cali3a4a8d592bb scope link metric 1024',
      '10.244.166.128/26 via 10.244.166.128 dev vxlan.calico onlink mtu 1450',
    ]);
  });

  test('VXLAN Always', () => {
    expect(routes(lab({ vxlanMode: 'Always' }), 'node1').slice(0, 3)).toEqual([
      '10.244.104.0/26 via 10.244.104.0 dev vxlan.calico onlink mtu 1450',
      '10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink mtu 1450',
      'blackhole 10.244.166.128/26 proto 80',
    ]);
  });

  test('without encapsulation and with IPIP the remote blocks are left to BIRD', () => {
    for (const spec of [{}, { ipipMode: 'Always' }]) {
      expect(routes(lab(spec), 'node1').filter((line) => line.includes('/26'))).toEqual([]);
    }
  });
});

describe('the VXLAN device', () => {
  const cluster = lab({ vxlanMode: 'CrossSubnet' });

  test('comes before the pods and carries the first address of the block', () => {
    const { devices } = programming(cluster, 'node1');
    expect(devices.map(({ index, name, mtu }) => [index, name, mtu])).toEqual([
      [3, 'vxlan.calico', 1450],
      [4, 'cali0d7763386da', 1450],
      [5, 'cali0761ccbeace', 1450],
    ]);
    const [vxlan] = devices;
    expect(vxlan?.addresses.map(({ address }) => formatIpv4(address))).toEqual(['10.244.166.128']);
    expect(vxlan?.mac).toBe('66:f9:37:c3:7e:94');
  });

  test('has one ARP and one FDB entry for each other VTEP', () => {
    const { neighbours, fdb } = programming(cluster, 'node1');
    expect(
      neighbours.map(({ address, device, mac }) => `${formatIpv4(address)} dev ${device} lladdr ${mac}`),
    ).toEqual([
      '10.244.104.0 dev vxlan.calico lladdr 66:2d:bf:44:a6:8b',
      '10.244.135.0 dev vxlan.calico lladdr 66:a4:6f:e0:c4:da',
    ]);
    expect(
      fdb.map(
        ({ mac, destination }) => `${mac} dst ${destination === undefined ? '' : formatIp(destination)}`,
      ),
    ).toEqual(['66:2d:bf:44:a6:8b dst 10.0.0.12', '66:a4:6f:e0:c4:da dst 10.0.1.13']);
  });
});

describe('mechanism', () => {
  test('changing the pool moves routes, tunnel addresses and devices, but not the MTU of running pods', () => {
    const cluster = lab({ vxlanMode: 'Always', natOutgoing: true });
    cluster.withPool('pool', { cidr: CIDR, ipipMode: 'Always', natOutgoing: true });
    expect(routes(cluster, 'node1')).toEqual([
      '10.244.166.129 dev cali0d7763386da scope link metric 1024',
      '10.244.166.130 dev cali0761ccbeace scope link metric 1024',
    ]);
    expect(programming(cluster, 'node1').devices.map(({ name, mtu }) => [name, mtu])).toEqual([
      ['cali0d7763386da', 1450],
      ['cali0761ccbeace', 1450],
      ['tunl0', 1480],
    ]);
    const { annotations } = cluster.get('nodes', 'node1')?.metadata ?? {};
    expect(annotations).toEqual({
      'projectcalico.org/IPv4Address': '10.0.0.11/24',
      'projectcalico.org/IPv4IPIPTunnelAddr': '10.244.166.131',
      'projectcalico.org/Interfaces': '[{"name":"eth0","addresses":["10.0.0.11"]}]',
    });
    // The file that the plugin reads is written by Felix when it is back.
    cluster.wait(4_000);
    cluster.addPod('late', 'node1');
    expect(programming(cluster, 'node1').devices.at(-1)?.mtu).toBe(1480);
  });

  test('the local mask decides what the same subnet is', () => {
    const cluster = lab({ vxlanMode: 'CrossSubnet' });
    cluster.change((tx) => {
      const node = tx.get('nodes', undefined, 'node1');
      if (!node) return;
      const annotations = { ...node.metadata.annotations, 'projectcalico.org/IPv4Address': '10.0.0.11/32' };
      tx.put('nodes', { ...node, metadata: { ...node.metadata, annotations } });
    });
    expect(routes(cluster, 'node1')[0]).toBe(
      '10.244.104.0/26 via 10.244.104.0 dev vxlan.calico onlink mtu 1450',
    );
    expect(routes(cluster, 'node2')).toContain('10.244.166.128/26 via 10.0.0.11 dev eth0 proto 80 onlink');
  });

  test('a node without a tunnel address is no VTEP, and its block has no tunnel route', () => {
    const cluster = lab({ vxlanMode: 'Always' });
    cluster.change((tx) => {
      const node = tx.get('nodes', undefined, 'node3');
      if (node) tx.put('nodes', { ...node, metadata: { ...node.metadata, annotations: {} } });
    });
    const { routes: left, fdb } = programming(cluster, 'node1');
    expect(left.map(spell).some((route) => route.startsWith('10.244.135.0/26'))).toBe(false);
    expect(fdb).toHaveLength(1);
    cluster.wait(0);
    expect(programming(cluster, 'node1').fdb).toHaveLength(1);
  });
});

describe('rules', () => {
  const nat = (cluster: TestCluster, chain: string) =>
    programming(cluster, 'node1').netfilter.tables.nat?.find(({ name }) => name === chain)?.rules.length;

  test('natOutgoing is one rule and two sets', () => {
    const cluster = lab({ vxlanMode: 'Always', natOutgoing: true });
    const { ipsets } = programming(cluster, 'node1').netfilter;
    expect(nat(cluster, 'cali-nat-outgoing')).toBe(1);
    expect([...ipsets].map(([name, set]) => [name, memberTexts(set)])).toEqual([
      ['cali40masq-ipam-pools', [CIDR]],
      ['cali40network-ip-pools', [CIDR]],
      ['cali40this-host', ['127.0.0.0', '127.0.0.1', '10.0.0.11', '10.244.166.128']],
      ['cali40dscp-src-net', []],
      ['cali40all-vxlan-net', ['10.0.0.12', '10.0.1.13']],
    ]);
    cluster.withPool('pool', { cidr: CIDR, vxlanMode: 'Always' });
    expect(nat(cluster, 'cali-nat-outgoing')).toBe(0);
  });

  test('VXLAN packets are not tracked and only taken from nodes', () => {
    const { tables } = programming(lab({ vxlanMode: 'Always' }), 'node1').netfilter;
    const without = programming(lab({}), 'node1').netfilter.tables;
    const count = (chains: typeof tables.raw, name: string) =>
      chains?.find((chain) => chain.name === name)?.rules.length;
    expect(count(tables.raw, 'cali-OUTPUT')).toBe(4);
    expect(count(without.raw, 'cali-OUTPUT')).toBe(3);
    expect((count(tables.filter, 'cali-INPUT') ?? 0) - (count(without.filter, 'cali-INPUT') ?? 0)).toBe(2);
  });
});
