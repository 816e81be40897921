/** What one would type; that the kernel takes it and is then the same network is what test/conformance shows. */
import { expect, test } from 'vitest';
import { cidr, ipv4 } from '../../model/ip.ts';
import { parseMac, ZERO_MAC, type Mac } from '../../model/mac.ts';
import type { Device, Netns } from '../../sim/index.ts';
import { cabling } from './cabling.ts';
import { routeWords, stackProgram } from './stack-program.ts';

const mac = (text: string): Mac => parseMac(text) ?? ZERO_MAC;

const eth0: Device = {
  index: 2,
  name: 'eth0',
  kind: { type: 'ether' },
  mac: mac('02:00:0a:00:00:0b'),
  mtu: 1500,
  up: true,
  addresses: [{ address: ipv4('10.0.0.11'), length: 24, scope: 'global' }],
  proxyArp: false,
  link: { kind: 'segment', segment: 'rack-a' },
};

const cali: Device = {
  ...eth0,
  index: 3,
  name: 'cali1',
  kind: { type: 'veth' },
  mac: mac('ee:ee:ee:ee:ee:ee'),
  addresses: [],
  proxyArp: true,
  link: { kind: 'peer', netns: 'pod/default/a', device: 'eth0', index: 2 },
};

const tunnel: Device = {
  index: 4,
  name: 'vxlan.calico',
  kind: { type: 'vxlan', vxlan: { vni: 4096, port: 4789, local: ipv4('10.0.0.11'), parent: 'eth0' } },
  mac: mac('66:f9:37:c3:7e:94'),
  mtu: 1450,
  up: true,
  addresses: [{ address: ipv4('10.244.166.128'), length: 32, scope: 'global' }],
  proxyArp: false,
};

const node: Netns = {
  id: 'node/node1',
  hostname: 'node1',
  devices: [eth0, cali, tunnel],
  routes: [
    {
      prefix: cidr('0.0.0.0/0'),
      type: 'unicast',
      via: ipv4('10.0.0.1'),
      device: 'eth0',
      protocol: 'boot',
      scope: 'global',
    },
    { prefix: cidr('10.244.166.129/32'), type: 'unicast', device: 'cali1', protocol: 'boot', scope: 'link' },
    { prefix: cidr('10.244.166.128/26'), type: 'blackhole', protocol: '80', scope: 'global' },
  ],
  neighbours: [{ address: ipv4('10.244.135.0'), device: 'vxlan.calico', mac: mac('66:a4:6f:e0:c4:da') }],
  fdb: [{ mac: mac('66:a4:6f:e0:c4:da'), device: 'vxlan.calico', destination: ipv4('10.0.1.13') }],
  netfilter: {
    tables: {},
    ipsets: new Map([['cali40all-ipam-pools', { type: 'hash:net', members: [cidr('10.244.0.0/16')] }]]),
  },
  ipForward: true,
  listeners: [],
};

const pod: Netns = {
  ...node,
  id: 'pod/default/a',
  devices: [
    {
      ...eth0,
      mac: mac('7a:00:0a:f4:a6:81'),
      mtu: 1450,
      link: { kind: 'peer', netns: 'node/node1', device: 'cali1', index: 3 },
    },
  ],
};

test('a stack is typed device by device, and a gateway after the route that reaches it', () => {
  const { ip, bridge, ipset } = stackProgram(node);
  expect(ip).toEqual([
    'link add name vxlan.calico index 4 address 66:f9:37:c3:7e:94 mtu 1450 type vxlan id 4096 local 10.0.0.11 dev eth0 dstport 4789 nolearning',
    'address replace 10.0.0.11/24 dev eth0',
    'link set dev eth0 mtu 1500 up',
    'link set dev cali1 mtu 1500 up',
    'address replace 10.244.166.128/32 dev vxlan.calico',
    'link set dev vxlan.calico mtu 1450 up',
    'route replace 10.244.166.129/32 dev cali1 scope link',
    'route replace blackhole 10.244.166.128/26 proto 80',
    'route replace 0.0.0.0/0 via 10.0.0.1 dev eth0',
    'neigh replace 10.244.135.0 dev vxlan.calico lladdr 66:a4:6f:e0:c4:da nud permanent',
  ]);
  expect(bridge).toEqual(['fdb replace 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13']);
  expect(ipset).toEqual([
    'create cali40all-ipam-pools hash:net family inet',
    'add cali40all-ipam-pools 10.244.0.0/16',
  ]);
});

test('routes that somebody else brings are left to them', () => {
  const { ip } = stackProgram(node, { without: ({ type }) => type === 'blackhole' });
  expect(ip.filter((line) => line.includes('blackhole'))).toEqual([]);
});

test('routes in the words of ip', () => {
  expect(
    routeWords({
      prefix: cidr('10.244.135.0/26'),
      type: 'unicast',
      via: ipv4('10.244.135.0'),
      device: 'vxlan.calico',
      protocol: '80',
      scope: 'global',
      onlink: true,
      mtu: 1450,
    }),
  ).toBe('10.244.135.0/26 via 10.244.135.0 dev vxlan.calico proto 80 onlink mtu 1450');
});

test('a veth pair joins a pod and its node, another one a node and the switch of its segment', () => {
  const { cables, switches, names } = cabling([node, pod], 'x-');
  expect(names).toEqual(['x-0', 'x-1', 'x-s']);
  expect(cables).toEqual([
    'link add name eth0 index 2 address 02:00:0a:00:00:0b mtu 1500 netns x-0 type veth peer name p0 mtu 65535 netns x-s',
    'link add name cali1 index 3 address ee:ee:ee:ee:ee:ee mtu 1500 netns x-0 type veth peer name eth0 index 2 address 7a:00:0a:f4:a6:81 mtu 1450 netns x-1',
  ]);
  expect(switches.ip).toEqual([
    'link add name br0 mtu 65535 up type bridge stp_state 0 mcast_snooping 0',
    'link set dev p0 master br0 up',
  ]);
});
