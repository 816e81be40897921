/** Plans as wholes, of the topologies that labs have. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../../lab/diagnostic.ts';
import { parseTopology } from '../../../lab/topology.ts';
import type { Topology } from '../../../model/topology.ts';
import { carrierMtu, internetMtu } from './carrier.ts';
import { fabricPlan, planOf, type PlacePlan } from './plan.ts';

function named(name: string): Topology {
  const file = `labs/topologies/${name}.yaml`;
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

/** A plan in lines, without its settings. */
const told = ({ kind, name, ports, routes, answers, bird }: PlacePlan): string =>
  [
    `${kind}/${name}${answers ? ' answers' : ''}${bird === undefined ? '' : ' speaks BGP'}`,
    ...ports.map(
      ({ device, segment, vni, group, mac, mtu, addresses }) =>
        `  ${device} ${mac} mtu ${mtu} in ${segment} (${vni}, ${group}) ${addresses.join(' ')}`,
    ),
    ...routes.map(({ family, to, via, device }) => `  -${family} ${to} via ${via} dev ${device}`),
  ].join('\n');

test('two racks', () => {
  expect(fabricPlan(named('two-racks')).map(told).join('\n')).toBe(`router/router
  eth0 02:00:0a:00:00:01 mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.1/24
  eth1 02:00:0a:00:01:01 mtu 1500 in rack-b (2, 239.192.0.2) 10.0.1.1/24
  eth2 02:00:cb:00:71:01 mtu 1500 in internet (3, 239.192.0.3) 203.0.113.1/24
host/outside answers
  eth0 02:00:cb:00:71:0a mtu 1500 in internet (3, 239.192.0.3) 203.0.113.10/24
  -4 default via 203.0.113.1 dev eth0
node/control-plane
  eth0 02:00:0a:00:00:0a mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.10/24
  -4 default via 10.0.0.1 dev eth0
node/node1
  eth0 02:00:0a:00:00:0b mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.11/24
  -4 default via 10.0.0.1 dev eth0
node/node2
  eth0 02:00:0a:00:00:0c mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.12/24
  -4 default via 10.0.0.1 dev eth0
node/node3
  eth0 02:00:0a:00:01:0d mtu 1500 in rack-b (2, 239.192.0.2) 10.0.1.13/24
  -4 default via 10.0.1.1 dev eth0`);
});

test('routers that speak BGP', () => {
  expect(fabricPlan(named('tor-bgp')).slice(0, 4).map(told).join('\n')).toBe(`router/tor-a speaks BGP
  eth0 02:00:0a:00:00:01 mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.1/24
  eth1 02:00:ac:10:01:02 mtu 1500 in uplink-a (3, 239.192.0.3) 172.16.1.2/30
router/tor-b speaks BGP
  eth0 02:00:0a:00:01:01 mtu 1500 in rack-b (2, 239.192.0.2) 10.0.1.1/24
  eth1 02:00:ac:10:02:02 mtu 1500 in uplink-b (4, 239.192.0.4) 172.16.2.2/30
router/spine speaks BGP
  eth0 02:00:ac:10:01:01 mtu 1500 in uplink-a (3, 239.192.0.3) 172.16.1.1/30
  eth1 02:00:ac:10:02:01 mtu 1500 in uplink-b (4, 239.192.0.4) 172.16.2.1/30
  eth2 02:00:cb:00:71:01 mtu 1500 in internet (5, 239.192.0.5) 203.0.113.1/24
host/outside answers
  eth0 02:00:cb:00:71:0a mtu 1500 in internet (5, 239.192.0.5) 203.0.113.10/24
  -4 default via 203.0.113.1 dev eth0`);
});

test('IPv6 beside IPv4', () => {
  const plan = fabricPlan(named('dual-stack'));
  expect(plan.slice(0, 3).map(told).join('\n')).toBe(`router/router
  eth0 02:00:0a:00:00:01 mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.1/24 fd00:a::1/64
  eth1 02:00:0a:00:01:01 mtu 1500 in rack-b (2, 239.192.0.2) 10.0.1.1/24 fd00:b::1/64
  eth2 02:00:cb:00:71:01 mtu 1500 in internet (3, 239.192.0.3) 203.0.113.1/24 2001:db8:113::1/64
host/outside answers
  eth0 02:00:cb:00:71:0a mtu 1500 in internet (3, 239.192.0.3) 203.0.113.10/24 2001:db8:113::10/64
  -4 default via 203.0.113.1 dev eth0
  -6 default via 2001:db8:113::1 dev eth0
node/control-plane
  eth0 02:00:0a:00:00:0a mtu 1500 in rack-a (1, 239.192.0.1) 10.0.0.10/24 fd00:a::10/64
  -4 default via 10.0.0.1 dev eth0
  -6 default via fd00:a::1 dev eth0`);
  expect(planOf(named('dual-stack'), 'node', 'node1')).toMatchObject({
    // As the kernel made it of 02:00:0a:00:00:0b.
    ports: [{ linkLocal: 'fe80::aff:fe00:b/64' }],
    sysctls: { 'net.ipv6.conf.eth0.disable_ipv6': '0', 'net.ipv6.conf.all.forwarding': '1' },
    hosts: [
      '10.0.0.10\tcontrol-plane',
      'fd00:a::10\tcontrol-plane',
      '10.0.0.11\tnode1',
      'fd00:a::11\tnode1',
      '10.0.0.12\tnode2',
      'fd00:a::12\tnode2',
      '10.0.1.13\tnode3',
      'fd00:b::13\tnode3',
    ],
  });
});

test('settings of a router and of a node', () => {
  const two = named('two-racks');
  expect(planOf(two, 'node', 'node1').sysctls).toEqual({
    'net.ipv4.ip_forward': '1',
    'net.ipv4.icmp_ratelimit': '0',
    'net.ipv4.conf.all.accept_redirects': '0',
    'net.ipv4.conf.eth0.accept_redirects': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.eth0.send_redirects': '0',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.eth0.rp_filter': '0',
    'net.ipv4.conf.docker0.rp_filter': '0',
    'net.ipv4.conf.tunl0.rp_filter': '0',
    'net.ipv6.conf.eth0.disable_ipv6': '1',
  });
  expect(planOf(two, 'host', 'outside').sysctls).toEqual({
    'net.ipv4.ip_forward': '0',
    'net.ipv4.icmp_ratelimit': '0',
    'net.ipv4.conf.all.accept_redirects': '0',
    'net.ipv4.conf.default.accept_redirects': '0',
    'net.ipv4.conf.eth0.accept_redirects': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.send_redirects': '0',
    'net.ipv4.conf.eth0.send_redirects': '0',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.eth0.rp_filter': '0',
    'net.ipv4.conf.docker0.rp_filter': '0',
    'net.ipv4.conf.docker0.forwarding': '0',
    'net.ipv6.conf.all.disable_ipv6': '1',
    'net.ipv6.conf.default.disable_ipv6': '1',
    'net.ipv6.conf.eth0.disable_ipv6': '1',
    'net.ipv6.conf.docker0.disable_ipv6': '1',
  });
  expect(planOf(two, 'router', 'router').sysctls['net.ipv4.ip_forward']).toBe('1');
});

describe('what nodes never look for behind Docker', () => {
  test('is everything that is nobody’s on the Internet', () => {
    expect(planOf(named('two-racks'), 'node', 'node1').insideOnly).toEqual([
      '10.0.0.0/8',
      '100.64.0.0/10',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.0.2.0/24',
      '192.168.0.0/16',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '224.0.0.0/3',
    ]);
  });

  test('and what the lab calls its own', () => {
    const text = readFileSync('labs/topologies/two-racks.yaml', 'utf8').replaceAll('203.0.113.', '11.22.33.');
    const parsed = parseTopology('own.yaml', text);
    if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
    expect(planOf(parsed.value, 'node', 'node1').insideOnly.at(-1)).toBe('11.22.33.0/24');
  });
});

test('Docker’s network carries the widest segment', () => {
  const topology = named('two-racks');
  const [first, ...others] = topology.segments;
  if (!first) throw new Error('no segment');
  expect(carrierMtu(topology)).toBe(1550);
  expect(carrierMtu({ ...topology, segments: [{ ...first, mtu: 9000 }, ...others] })).toBe(9050);
  // What leaves for the Internet follows what Docker was told of the way there, which may be a VPN.
  expect([{}, { mtu: 1400 }, { mtu: 9000 }, undefined].map(internetMtu)).toEqual([1500, 1400, 1500, 1500]);
});

test('what is not in the topology is a bug', () => {
  expect(() => planOf(named('two-racks'), 'node', 'node9')).toThrow('no node node9 in topology two-racks');
});

test('the file of a router that waits for its node and calls its spine', () => {
  expect(planOf(named('tor-bgp'), 'router', 'tor-b').bird)
    .toBe(`# BGP of tor-b. After a change: birdc configure
router id 10.0.1.1;

protocol device {
  scan time 1;
}

protocol direct {
  ipv4;
  interface -"docker0", "*";
}

protocol kernel {
  learn;
  persist;
  scan time 1;
  merge paths on;
  ipv4 {
    import all;
    export where source != RTS_DEVICE;
  };
}

filter to_routers {
  if source ~ [ RTS_BGP, RTS_DEVICE ] then accept;
  reject;
}

filter to_nodes {
  if net ~ [ 10.0.0.0/24+, 10.0.1.0/24+, 172.16.1.0/30+, 172.16.2.0/30+, 203.0.113.0/24+ ] then reject;
  if source ~ [ RTS_BGP, RTS_DEVICE ] then accept;
  reject;
}

protocol bgp node3 {
  local 10.0.1.1 as 65102;
  neighbor 10.0.1.13 as 64512;
  direct;
  passive on;
  connect delay time 2;
  connect retry time 5;
  error wait time 5, 30;
  graceful restart on;
  graceful restart time 120;
  ipv4 {
    add paths on;
    import all;
    export filter to_nodes;
  };
}

protocol bgp spine {
  local 172.16.2.2 as 65102;
  neighbor 172.16.2.1 as 65100;
  direct;
  connect delay time 2;
  connect retry time 5;
  error wait time 5, 30;
  graceful restart on;
  graceful restart time 120;
  ipv4 {
    add paths on;
    import all;
    export filter to_routers;
  };
}
`);
});
