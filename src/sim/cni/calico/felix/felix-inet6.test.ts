/**
 * What Felix programs for IPv6. Provenance of the forms: felix/dataplane/linux/{vxlan_mgr,route_mgr,endpoint_mgr}.go and
 * felix/rules/static.go of Calico v3.32.1; the start blocks were drawn with Go itself.
 */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import type { Ip } from '../../../../model/ip.ts';
import { formatIp, formatIpCidr } from '../../../../model/ip-family.ts';
import { printRule } from '../../../net/netfilter-print.ts';
import { rulesOf, type IpSet, type TableName } from '../../../net/netfilter-rules.ts';
import type { Programming, Route } from '../../../net/netns.ts';
import { API_VERSION, GLOBAL_NETWORK_POLICIES, GLOBAL_NETWORK_SETS } from '../kinds.ts';
import { DUAL_STACK, TestCluster, TWO_RACKS } from '../two-racks.contract.ts';
import { felix } from './felix.ts';

/** As `ip -6 route` has it, without the preference. */
function spelt(route: Route<Ip>): string {
  const { type, prefix, via, device, protocol, metric, onlink, mtu } = route;
  return [
    ...(type === 'unicast' ? [] : [type]),
    formatIpCidr(prefix).replace(/\/128$/, ''),
    ...(via === undefined ? [] : [`via ${formatIp(via)}`]),
    `dev ${device ?? ''}`,
    ...(protocol === 'boot' ? [] : [`proto ${protocol}`]),
    `metric ${metric ?? 0}`,
    ...(onlink ? ['onlink'] : []),
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
  ].join(' ');
}

const cluster = (spec: JsonObject): TestCluster => {
  const tested = new TestCluster(DUAL_STACK)
    .withCalico('none')
    .withPool('v4', { cidr: '10.244.0.0/16' })
    .withPool('v6', { cidr: 'fd00:10:244::/56', ...spec });
  tested.addPod('web', 'node1');
  for (const node of ['node2', 'node3']) tested.addPod(`pod-${node}`, node);
  return tested;
};

const programmed = ({ state, topology }: TestCluster, node = 'node1'): Programming =>
  felix(state, topology, node);

const routes = (tested: TestCluster, node?: string): readonly string[] =>
  (programmed(tested, node).inet6?.routes ?? []).map(spelt);

const NODE1 = 'fd00:10:244:83:318a:6059:3e82:d1c';
const NODE2 = 'fd00:10:244:74:d03b:4785:4379:954';
const NODE3 = 'fd00:10:244:82:7bf3:bb28:910a:870';

describe('routes', () => {
  test("without a tunnel: pods alone, the rest is BIRD's", () => {
    expect(routes(cluster({}))).toEqual([`${NODE1}0 dev cali68caf03a5f4 metric 1024`]);
  });

  test("VXLAN: by way of the others' tunnel addresses", () => {
    expect(routes(cluster({ vxlanMode: 'Always' }))).toEqual([
      `${NODE2}0/122 via ${NODE2}0 dev vxlan-v6.calico metric 1024 onlink mtu 1430`,
      `${NODE3}0/122 via ${NODE3}0 dev vxlan-v6.calico metric 1024 onlink mtu 1430`,
      `blackhole ${NODE1}0/122 dev lo proto 80 metric 1024`,
      `${NODE1}0 dev vxlan-v6.calico proto kernel metric 256`,
      `${NODE1}1 dev cali68caf03a5f4 metric 1024`,
    ]);
  });

  test("CrossSubnet: the subnet of the node's IPv6 address decides", () => {
    expect(routes(cluster({ vxlanMode: 'CrossSubnet' })).slice(0, 2)).toEqual([
      `${NODE2}0/122 via fd00:a::12 dev eth0 proto 80 metric 1024 onlink`,
      `${NODE3}0/122 via ${NODE3}0 dev vxlan-v6.calico metric 1024 onlink mtu 1430`,
    ]);
  });
});

describe('vxlan-v6.calico', () => {
  const tested = cluster({ vxlanMode: 'Always' });
  const { devices, fdb, inet6 } = programmed(tested);
  const device = devices.find(({ name }) => name === 'vxlan-v6.calico');

  test('has its own name, MAC and MTU, and one address of IPv6', () => {
    expect(device && { ...device, index: 0 }).toEqual({
      index: 0,
      name: 'vxlan-v6.calico',
      kind: {
        type: 'vxlan',
        vxlan: { vni: 4096, port: 4789, local: 'fd00000a000000000000000000000011', parent: 'eth0' },
      },
      // `66:` and sha1("node1-v6"), computed with Python.
      mac: '66:0f:35:f2:60:df',
      mtu: 1430,
      up: true,
      addresses: [],
      proxyArp: false,
    });
    expect(
      [...(inet6?.addresses ?? [])].map(([name, all]) => [name, all.map((each) => formatIp(each.address))]),
    ).toEqual([['vxlan-v6.calico', [`${NODE1}0`]]]);
    expect([...(inet6?.withoutLinkLocal ?? [])]).toEqual(['vxlan-v6.calico']);
  });

  test('knows the other nodes by neighbour and forwarding entries', () => {
    expect(inet6?.neighbours.map((each) => `${formatIp(each.address)} ${each.device} ${each.mac}`)).toEqual([
      `${NODE2}0 vxlan-v6.calico 66:32:42:ed:de:d5`,
      `${NODE3}0 vxlan-v6.calico 66:71:6e:25:e2:07`,
    ]);
    expect(
      fdb.map(
        ({ mac, device: name, destination }) =>
          `${mac} ${name} ${destination === undefined ? '' : formatIp(destination)}`,
      ),
    ).toEqual([
      '66:32:42:ed:de:d5 vxlan-v6.calico fd00:a::12',
      '66:71:6e:25:e2:07 vxlan-v6.calico fd00:b::13',
    ]);
  });
});

/** Rules of a chain without Felix's hashes. */
const rules = (tested: TestCluster, table: TableName, chain: string): readonly string[] => {
  const found = programmed(tested).inet6?.netfilter.tables[table]?.find(({ name }) => name === chain);
  return found
    ? rulesOf(found).map((rule) =>
        printRule(chain, rule, 6)
          .replace(`-A ${chain} `, '')
          .replace(/-m comment --comment "?cali:[^" ]+"? /, ''),
      )
    : [];
};

describe('rules', () => {
  const tested = cluster({ vxlanMode: 'Always', natOutgoing: true });

  test("what makes the node a pod's router passes before any policy", () => {
    expect(rules(tested, 'filter', 'cali-wl-to-host')).toEqual([
      '-p ipv6-icmp -m icmp6 --icmpv6-type 130 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 131 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 132 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 133 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT',
      '-j cali-from-wl-dispatch',
      '-m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT',
    ]);
  });

  test('VXLAN packets of other nodes alone, and NAT66 for what leaves the pools', () => {
    expect(rules(tested, 'filter', 'cali-INPUT').slice(0, 2)).toEqual([
      '-p udp -m comment --comment "Allow IPv6 VXLAN packets from allowed hosts" -m multiport --dports 4789 -m set --match-set cali60all-vxlan-net src -m addrtype --dst-type LOCAL -j ACCEPT',
      '-p udp -m comment --comment "Drop IPv6 VXLAN packets from non-allowed hosts" -m multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP',
    ]);
    expect(rules(tested, 'nat', 'cali-nat-outgoing')).toEqual([
      '-m set --match-set cali60masq-ipam-pools src -m set ! --match-set cali60network-ip-pools dst -j MASQUERADE --random-fully',
    ]);
    expect(rules(tested, 'nat', 'cali-POSTROUTING').at(-1)).toBe(
      '-o vxlan-v6.calico -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE --random-fully',
    );
    expect(rules(cluster({}), 'nat', 'cali-nat-outgoing')).toEqual([]);
  });

  test('the sets are those of the family', () => {
    const sets = programmed(tested).inet6?.netfilter.ipsets ?? new Map();
    expect([...sets.keys()]).toEqual([
      'cali60masq-ipam-pools',
      'cali60network-ip-pools',
      'cali60this-host',
      'cali60dscp-src-net',
      'cali60all-vxlan-net',
    ]);
    const own = sets.get('cali60this-host');
    expect(own?.type === 'hash:ip' ? own.members.map(formatIpCidr) : undefined).toEqual([
      '::1/128',
      'fd00:a::11/128',
      'fe80::aff:fe00:b/128',
      `${NODE1}0/128`,
    ]);
  });
});

test('a set of a selector is two sets, one of each family', () => {
  const tested = cluster({});
  tested.change((tx) => {
    tx.put(GLOBAL_NETWORK_SETS, {
      apiVersion: API_VERSION,
      kind: 'GlobalNetworkSet',
      metadata: { name: 'partners', labels: { who: 'partner' } },
      spec: { nets: ['203.0.113.0/24', '2001:db8::/32', '::/0'] },
    });
    tx.put(GLOBAL_NETWORK_POLICIES, {
      apiVersion: API_VERSION,
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'partners' },
      spec: {
        selector: 'all()',
        types: ['Ingress', 'Egress'],
        ingress: [{ action: 'Allow', source: { selector: "who == 'partner'" } }],
        egress: [{ action: 'Allow', destination: { selector: "projectcalico.org/namespace == 'default'" } }],
      },
    });
  });
  const { netfilter, inet6 } = programmed(tested);
  const members = (sets: ReadonlyMap<string, IpSet<Ip>> | undefined) =>
    [...(sets ?? [])].flatMap(([name, set]) =>
      name.includes('0s:') && set.type === 'hash:net' ? [set.members.map(formatIpCidr)] : [],
    );
  expect(members(netfilter.ipsets)).toEqual([
    ['10.244.104.0/32', '10.244.135.0/32', '10.244.166.128/32'],
    ['203.0.113.0/24'],
  ]);
  expect(members(inet6?.netfilter.ipsets)).toEqual([
    [`${NODE2}0/128`, `${NODE3}0/128`, `${NODE1}0/128`],
    // An ipset holds no prefix without length, and none inside another.
    ['::/1', '8000::/1'],
  ]);
});

test('a cluster without IPv6 has nothing of it', () => {
  const tested = new TestCluster(TWO_RACKS).withCalico('none').withPool('v6', { cidr: 'fd00::/64' });
  expect(programmed(tested)).not.toHaveProperty('inet6');
});
