/** The difference between a plan and what stands there. What `observe` prints here was printed by a real container. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseTopology } from '../../../lab/topology.ts';
import { mendingCommands, type CarrierPort } from './mending.ts';
import { parseObserved, sysctlFile, type Observed } from './observed.ts';
import { planOf, type PlacePlan } from './plan.ts';

const file = 'labs/topologies/two-racks.yaml';
const parsed = parseTopology(file, readFileSync(file, 'utf8'));
if (!parsed.ok) throw new Error('no topology');
const topology = parsed.value;

const CARRIER: CarrierPort = {
  address: '172.31.0.8',
  subnet: '172.31.0.0/24',
  mtu: 1550,
  internetMtu: 1400,
  gateway: '172.31.0.1',
};

const HOST = planOf(topology, 'host', 'outside');
const NODE = planOf(topology, 'node', 'node1');

/** A container that Docker has just started on a network of ours (iproute2 6.1, Debian 12). */
const FRESH = `
== init
docker-init

== hostname
outside

== links
[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"link_type":"loopback","address":"00:00:00:00:00:00","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},{"ifindex":26,"link_index":27,"ifname":"eth0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1550,"link_type":"ether","address":"02:42:ac:1f:00:08","linkinfo":{"info_kind":"veth"},"addr_info":[{"family":"inet","local":"172.31.0.8","prefixlen":24,"broadcast":"172.31.0.255","scope":"global","label":"eth0"}]}]

== routes4
[{"dst":"default","gateway":"172.31.0.1","dev":"eth0","flags":[]},{"dst":"172.31.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"172.31.0.8","flags":[]},{"type":"local","dst":"172.31.0.8","dev":"eth0","table":"local","protocol":"kernel","scope":"host","prefsrc":"172.31.0.8","flags":[]}]

== routes6
[]

== rules4
[{"priority":0,"src":"all","table":"local"},{"priority":32766,"src":"all","table":"main"},{"priority":32767,"src":"all","table":"default"}]

== rules6
[{"priority":0,"src":"all","table":"local"},{"priority":32766,"src":"all","table":"main"}]

== neighbours
[]

== queues
[{"kind":"noqueue","handle":"0:","dev":"lo","root":true,"refcnt":2,"options":{}}]

== sets

== filter4
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
COMMIT

== filter6

== hosts
127.0.0.1	localhost
172.31.0.8	outside

== resolver
nameserver 127.0.0.11
options ndots:0

== bird

== protocols

== processes
docker-init
sleep
observe
ps

== sysctls
`;

const lines = (plan: PlacePlan, seen: Observed): readonly string[] =>
  mendingCommands(plan, seen, CARRIER).map((command) => command.join(' '));

test('an outside host that was just started', () => {
  const settings = Object.entries(HOST.sysctls)
    .map(([key, value]) => `${sysctlFile(key)}:${value}`)
    .join('\n');
  expect(lines(HOST, parseObserved(FRESH + settings))).toEqual([
    'ip link set eth0 down',
    'ip link set eth0 name docker0',
    'ip link set docker0 up',
    'ip address delete 172.31.0.8/24 dev docker0',
    'ip address replace 172.31.0.8/32 dev docker0',
    'ip -4 route replace 172.31.0.0/24 dev docker0 table 1000',
    'ip -4 rule add priority 1000 ipproto udp dport 14789 table 1000',
    'ip link add name eth0 address 02:00:cb:00:71:0a mtu 1500 type vxlan id 3 group 239.192.0.3 dev docker0 local 172.31.0.8 dstport 14789',
    'ip address replace 203.0.113.10/24 dev eth0',
    'ip link set eth0 up',
    'ip -4 route delete default via 172.31.0.1 dev eth0 table main',
    'ip -4 route replace default via 203.0.113.1 dev eth0',
    'nft flush ruleset',
    'bash -c printf "%s\\n" "$@" > "$0" /etc/hosts 127.0.0.1\tlocalhost 10.0.0.10\tcontrol-plane 10.0.0.11\tnode1 10.0.0.12\tnode2 10.0.1.13\tnode3',
    'truncate --size=0 /etc/resolv.conf',
    '/usr/local/lib/underlay/answer outside',
  ]);
});

test('a node keeps what is Docker’s and Calico’s', () => {
  const seen = parseObserved(FRESH);
  const calico = (dst: string, protocol: string): Observed['routes'][number] => ({
    ...{ family: 4, type: 'unicast', dst, dev: 'eth0', table: 'main', protocol },
    gateway: '10.0.0.12',
  });
  const told = lines(NODE, {
    ...seen,
    filtered: true,
    sets: ['cali40masq-ipam-pools'],
    routes: [
      ...seen.routes.map((route) => ({ ...route, ...(route.dev === 'eth0' && { dev: 'docker0' }) })),
      calico('10.244.104.0/26', '80'),
      calico('10.244.135.0/26', 'bird'),
      calico('10.9.0.0/16', 'boot'),
    ],
  });
  expect(told.filter((line) => /delete|flush|destroy/.test(line))).toEqual([
    'ip address delete 172.31.0.8/24 dev docker0',
    'ip -4 route delete default via 172.31.0.1 dev docker0 table main',
    'ip -4 route delete 10.9.0.0/16 via 10.0.0.12 dev eth0 table main',
  ]);
  expect(told).toContain(
    'ip -4 route replace default via 172.31.0.1 dev docker0 table 1000 mtu 1400 src 172.31.0.8',
  );
  expect(told).toContain('ip -4 rule add priority 1000 iif lo table 1000');
  expect(told).toContain('ip address replace 172.31.0.8/24 dev docker0 scope link');
  expect(told).toContain('ip -4 route replace throw 10.0.0.0/8 table 1000');
  expect(told.slice(-2)).toEqual([
    'hostname node1',
    'bash -c printf "%s\\n" "$@" >> "$0" /etc/hosts 10.0.0.10\tcontrol-plane 10.0.0.11\tnode1 10.0.0.12\tnode2 10.0.1.13\tnode3',
  ]);
});

test('a node keeps the settings of its lab when its init system sets its own', () => {
  const seen = parseObserved(FRESH);
  const of = (more: Partial<Observed>): readonly string[] =>
    lines(NODE, { ...seen, ...more }).filter((line) => /sysctl/.test(line));
  // Nothing of one device: to the init system eth0 is Docker's.
  const wanted = [
    "# Underlay: what this node's lab needs",
    'net.ipv4.ip_forward=1',
    'net.ipv4.icmp_ratelimit=0',
    'net.ipv4.conf.all.accept_redirects=0',
    'net.ipv4.conf.all.send_redirects=0',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0',
  ];
  const sysctls = new Map(Object.entries(NODE.sysctls));
  expect(of({ sysctls })).toEqual([
    'mkdir -p /proc/1/root/etc/sysctl.d',
    `bash -c printf "%s\\n" "$@" > "$0" /proc/1/root/etc/sysctl.d/99-underlay.conf ${wanted.join(' ')}`,
  ]);
  expect(of({ sysctls, settings: wanted.slice(0, -1) })).toHaveLength(2);
  expect(of({ sysctls, settings: wanted })).toEqual([]);
});

test('a tunnel that came with the namespace is set as well, and none is missed', () => {
  const seen = parseObserved(FRESH);
  const sysctls = new Map(Object.entries(NODE.sysctls).filter(([key]) => !key.includes('tunl0')));
  const setting = (links: Observed['links']): readonly string[] =>
    lines(NODE, { ...seen, sysctls, links }).filter((line) => line.startsWith('sysctl'));
  const [first] = seen.links;
  if (!first) throw new Error('no device');
  expect(setting(seen.links)).toEqual([]);
  expect(setting([...seen.links, { ...first, ifname: 'tunl0', link_type: 'ipip' }])).toEqual([
    'sysctl -q -w net.ipv4.conf.tunl0.rp_filter=0',
  ]);
});

test('an address that the kernel gives once is given again', () => {
  const six = parseTopology('t.yaml', readFileSync('labs/topologies/dual-stack.yaml', 'utf8'));
  if (!six.ok) throw new Error('no topology');
  const plan = planOf(six.value, 'host', 'outside');
  const [port] = plan.ports;
  if (!port) throw new Error('no port');
  const { device, vni: id, group, mac: address, mtu } = port;
  const info = { id, group, local: CARRIER.address, link: 'docker0', port: 14_789 };
  const of = (flags: readonly string[], local: string): readonly string[] =>
    lines(plan, {
      ...parseObserved(FRESH),
      links: [
        {
          ...{ ifname: device, flags: [...flags], mtu, address, link_type: 'ether' },
          linkinfo: { info_kind: 'vxlan', info_data: info },
          addr_info: [{ family: 'inet6', local, prefixlen: 64, scope: 'link', secondary: false }],
        },
      ],
    }).filter((line) => line.includes('fe80'));
  const missing = 'ip address replace fe80::cbff:fe00:710a/64 dev eth0 nodad';
  expect(of(['UP'], 'fe80::1')).toEqual([missing]);
  expect(of(['UP'], 'fe80::cbff:fe00:710a')).toEqual([]);
  // The kernel gives it itself.
  expect(of([], 'fe80::1')).toEqual([]);
});

test('what cannot be read is an error, and not an empty network', () => {
  expect(() => parseObserved(FRESH.replace('[{"ifindex":1', '[{"ifindex"'))).toThrow();
  expect(() => parseObserved(FRESH.replace('"ifname":"lo"', '"name":"lo"'))).toThrow('ifname');
});
