import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';
import { NO_MEMORY } from '../../net/netns.ts';
import { route, stage } from '../network/stage.contract.ts';
import { ip } from './ip.ts';

const at = (): ReturnType<typeof stage> => stage([ip]);

/** Names of namespaces differ from run to run: containerd's UUIDs there, the recording's own names in the transcript. */
const namespaces = (text: string): string => text.replaceAll(/link-netns(id)? \S+/g, 'link-netns *');

// Provenance of this block: real transcripts of iproute2 6.1 on Debian 12 (facts, VXLAN CrossSubnet, section 4 a).
describe('listings are those of the real tool', () => {
  const transcript = async (place: string, line: string): Promise<string> =>
    namespaces((await at().type(place, line)).stdout);

  test('ip route on a node', async () => {
    expect(await transcript('node/node1', 'ip route')).toBe(
      `default via 10.0.0.1 dev eth0 
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 
10.244.104.0/26 via 10.0.0.12 dev eth0 proto 80 onlink 
10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink mtu 1450 
blackhole 10.244.166.128/26 proto 80 
10.244.166.129 dev cali0d7763386da scope link 
10.244.166.130 dev cali0761ccbeace scope link 
`,
    );
  });

  test('ip route in a pod and on the router', async () => {
    expect(await transcript('pod/web-0', 'ip route')).toBe(
      'default via 169.254.1.1 dev eth0 \n169.254.1.1 dev eth0 scope link \n',
    );
    expect(await transcript('router/router', 'ip r')).toBe(
      '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n' +
        '10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.1 \n' +
        '203.0.113.0/24 dev eth2 proto kernel scope link src 203.0.113.1 \n',
    );
  });

  test('ip -d link show vxlan.calico', async () => {
    expect(await transcript('node/node1', 'ip -d link show vxlan.calico')).toBe(
      `5: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/ether 66:f9:37:c3:7e:94 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 
    vxlan id 4096 local 10.0.0.11 dev eth0 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 
`,
    );
  });

  // As the CNI plugin makes it: a real cluster of Calico v3.32.1.
  test('ip -d link show of a pod veth', async () => {
    expect(await transcript('node/node1', 'ip -d link show cali0d7763386da')).toBe(
      `3: cali0d7763386da@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP mode DEFAULT group default 
    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netns * promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 
    veth addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 
`,
    );
  });

  test('ip addr show vxlan.calico, ip -4 addr show eth0 in a pod', async () => {
    expect(await transcript('node/node1', 'ip addr show vxlan.calico')).toBe(
      `5: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN group default qlen 1000
    link/ether 66:f9:37:c3:7e:94 brd ff:ff:ff:ff:ff:ff
    inet 10.244.166.128/32 scope global vxlan.calico
       valid_lft forever preferred_lft forever
`,
    );
    expect(await transcript('pod/web-0', 'ip -4 addr show eth0')).toBe(
      `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP group default qlen 1000 link-netns *
    inet 10.244.166.129/32 scope global eth0
       valid_lft forever preferred_lft forever
`,
    );
  });

  test('ip -br link, ip -br addr', async () => {
    expect(await transcript('node/node1', 'ip -br link')).toBe(
      `lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> 
eth0@if3         UP             02:00:0a:00:00:0b <BROADCAST,MULTICAST,UP,LOWER_UP> 
cali0d7763386da@if2 UP             ee:ee:ee:ee:ee:ee <BROADCAST,MULTICAST,UP,LOWER_UP> 
cali0761ccbeace@if2 UP             ee:ee:ee:ee:ee:ee <BROADCAST,MULTICAST,UP,LOWER_UP> 
vxlan.calico     UNKNOWN        66:f9:37:c3:7e:94 <BROADCAST,MULTICAST,UP,LOWER_UP> 
`,
    );
    expect(await transcript('node/node1', 'ip -br addr')).toBe(
      `lo               UNKNOWN        127.0.0.1/8 
eth0@if3         UP             10.0.0.11/24 
cali0d7763386da@if2 UP             
cali0761ccbeace@if2 UP             
vxlan.calico     UNKNOWN        10.244.166.128/32 
`,
    );
  });

  test('ip neigh on one device: permanent, then incomplete, then failed', async () => {
    const lab = at();
    const node1 = lab.network.stacks.get('node/node1');
    if (!node1) throw new Error('no node1');
    lab.network.stacks.set('node/node1', {
      ...node1,
      neighbours: node1.neighbours.filter(({ address }) => address !== ipv4('10.244.135.0')),
    });
    lab.network.memories.set('node/node1', {
      ...NO_MEMORY,
      neighbours: [{ address: ipv4('10.244.135.0'), device: 'vxlan.calico', mac: undefined, at: 0 }],
    });
    expect((await lab.type('node/node1', 'ip neigh show dev vxlan.calico')).stdout).toBe(
      '10.244.104.0 lladdr 66:2d:bf:44:a6:8b PERMANENT \n10.244.135.0 INCOMPLETE \n',
    );
    lab.clock.now = 4000;
    expect((await lab.type('node/node1', 'ip n s dev vxlan.calico')).stdout).toBe(
      '10.244.104.0 lladdr 66:2d:bf:44:a6:8b PERMANENT \n10.244.135.0 FAILED \n',
    );
  });

  test('ip neigh names the device of each entry', async () => {
    const lab = at();
    lab.network.memories.set('router/router', {
      ...NO_MEMORY,
      neighbours: [{ address: ipv4('10.0.1.13'), device: 'eth1', mac: '02:00:0a:00:01:0d' as Mac, at: 0 }],
    });
    expect((await lab.type('router/router', 'ip neigh')).stdout).toBe(
      '10.0.1.13 dev eth1 lladdr 02:00:0a:00:01:0d REACHABLE \n',
    );
  });

  test('ip -s link show eth1', async () => {
    const lab = at();
    lab.network.memories.set('router/router', {
      ...NO_MEMORY,
      counters: new Map([
        [
          'eth1',
          { rxBytes: 29332, rxPackets: 99, rxDropped: 6, txBytes: 46076, txPackets: 156, txDropped: 0 },
        ],
      ]),
    });
    expect(namespaces((await lab.type('router/router', 'ip -s link show eth1')).stdout)).toBe(
      `3: eth1@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default 
    link/ether 02:00:0a:00:01:01 brd ff:ff:ff:ff:ff:ff link-netns *
    RX:  bytes packets errors dropped  missed   mcast           
         29332      99      0       6       0       0 
    TX:  bytes packets errors dropped carrier collsns           
         46076     156      0       0       0       0 
`,
    );
  });

  test.each([
    [
      'node/node1',
      'ip route get 10.244.135.1',
      '10.244.135.1 via 10.244.135.0 dev vxlan.calico src 10.244.166.128 uid 0 \n    cache mtu 1450 \n',
    ],
    [
      'node/node1',
      'ip ro ge 10.244.104.1',
      '10.244.104.1 via 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 \n    cache \n',
    ],
    [
      'node/node1',
      'ip route get 10.244.135.1 from 10.244.166.129 iif cali0d7763386da',
      '10.244.135.1 from 10.244.166.129 via 10.244.135.0 dev vxlan.calico \n    cache mtu 1450 iif cali0d7763386da \n',
    ],
    [
      'pod/web-0',
      'ip route get 10.244.135.1',
      '10.244.135.1 via 169.254.1.1 dev eth0 src 10.244.166.129 uid 0 \n    cache \n',
    ],
    ['node/node1', 'ip r g 10.0.0.11', 'local 10.0.0.11 dev lo src 10.0.0.11 uid 0 \n    cache <local> \n'],
  ])('%s# %s', async (place, line, expected) => {
    expect((await at().type(place, line)).stdout).toBe(expected);
  });

  test('a learnt path MTU shows when it expires', async () => {
    const lab = at();
    lab.network.memories.set('pod/default/web-0', {
      ...NO_MEMORY,
      pathMtu: new Map([[ipv4('10.244.135.1'), { mtu: 1400, expires: 595_500 }]]),
    });
    expect((await lab.type('pod/web-0', 'ip route get 10.244.135.1')).stdout).toBe(
      '10.244.135.1 via 169.254.1.1 dev eth0 src 10.244.166.129 uid 0 \n    cache expires 595sec mtu 1400 \n',
    );
  });
});

describe('edits say what was typed', () => {
  test.each([
    [
      'ip route add 10.51.0.0/16 via 10.0.0.12 mtu 1400 proto static metric 20 src 10.0.0.11',
      {
        kind: 'add-route',
        replace: false,
        route: route('10.51.0.0/16', {
          via: ipv4('10.0.0.12'),
          device: 'eth0',
          protocol: 'static',
          source: ipv4('10.0.0.11'),
          metric: 20,
          mtu: 1400,
        }),
      },
    ],
    [
      'ip r replace 10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink',
      {
        kind: 'add-route',
        replace: true,
        route: route('10.244.135.0/26', { via: ipv4('10.244.135.0'), device: 'vxlan.calico', onlink: true }),
      },
    ],
    [
      'ip r a blackhole 10.61/16 proto 80',
      {
        kind: 'add-route',
        replace: false,
        route: route('10.61.0.0/16', { type: 'blackhole', protocol: '80' }),
      },
    ],
    [
      'ip r a 10.53.0.0/16 dev eth0',
      { kind: 'add-route', replace: false, route: route('10.53.0.0/16', { device: 'eth0', scope: 'link' }) },
    ],
    ['ip route del 10.244.135.0/26', { kind: 'delete-route', prefix: route('10.244.135.0/26', {}).prefix }],
    [
      'ip r d default via 10.0.0.1 dev eth0',
      { kind: 'delete-route', prefix: route('0.0.0.0/0', {}).prefix, via: ipv4('10.0.0.1'), device: 'eth0' },
    ],
    [
      'ip neigh replace 10.244.135.0 lladdr 66:a4:6f:e0:c4:da dev vxlan.calico nud permanent',
      {
        kind: 'add-neighbour',
        replace: true,
        neighbour: { address: ipv4('10.244.135.0'), device: 'vxlan.calico', mac: '66:a4:6f:e0:c4:da' },
      },
    ],
    [
      'ip neigh del 10.244.135.0 dev vxlan.calico',
      { kind: 'delete-neighbour', address: ipv4('10.244.135.0'), device: 'vxlan.calico' },
    ],
    ['ip link set vxlan.calico down', { kind: 'set-link', device: 'vxlan.calico', up: false }],
    ['ip l set dev eth0 mtu 1400 up', { kind: 'set-link', device: 'eth0', mtu: 1400, up: true }],
    [
      'ip a a 10.0.0.99/24 dev eth0',
      {
        kind: 'add-address',
        device: 'eth0',
        address: { address: ipv4('10.0.0.99'), length: 24, scope: 'global' },
      },
    ],
    [
      'ip a del 10.0.0.11/24 dev eth0',
      {
        kind: 'delete-address',
        device: 'eth0',
        address: { address: ipv4('10.0.0.11'), length: 24, scope: 'global' },
      },
    ],
  ])('%s', async (line, edit) => {
    const lab = at();
    expect(await lab.type('node/node1', line)).toEqual({ stdout: '', stderr: '', screen: '', status: 0 });
    expect(lab.network.edits).toEqual([edit]);
  });

  test('deleting an address without its length warns, as the real tool does', async () => {
    const lab = at();
    const { stderr, status } = await lab.type('node/node1', 'ip addr del 10.0.0.11 dev eth0');
    expect(stderr).toBe(
      'Warning: Executing wildcard deletion to stay compatible with old scripts.\n' +
        '         Explicitly specify the prefix length (10.0.0.11/32) to avoid this warning.\n' +
        '         This special behaviour is likely to disappear in further releases,\n' +
        '         fix your scripts!\n',
    );
    expect(status).toBe(0);
    expect(lab.network.edits).toMatchObject([{ kind: 'delete-address', address: { length: 24 } }]);
  });
});

// Provenance: iproute2 6.1.0 run in a network namespace.
describe('selectors and forms', () => {
  test.each([
    ['ip r s dev vxlan.calico', '10.244.135.0/26 via 10.244.135.0 onlink mtu 1450 \n'],
    ['ip r s proto 80', '10.244.104.0/26 via 10.0.0.12 dev eth0 onlink \nblackhole 10.244.166.128/26 \n'],
    ['ip r s via 10.0.0.1', 'default dev eth0 \n'],
    ['ip r s scope link dev eth0', '10.0.0.0/24 proto kernel src 10.0.0.11 \n'],
    ['ip r s type blackhole', 'blackhole 10.244.166.128/26 proto 80 \n'],
    [
      'ip r s match 10.244.135.9',
      'default via 10.0.0.1 dev eth0 \n10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink mtu 1450 \n',
    ],
    ['ip r s 10.244.135.0/26', '10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink mtu 1450 \n'],
    ['ip r s 10.244.135.9', ''],
    ['ip -d r s default', 'unicast default via 10.0.0.1 dev eth0 proto boot scope global \n'],
    [
      'ip -o -4 a s eth0',
      '2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
    ],
    ['ip -j r s default', '[{"dst":"default","gateway":"10.0.0.1","dev":"eth0","flags":[]}]\n'],
    [
      'ip -j n s 10.244.104.0',
      '[{"dst":"10.244.104.0","dev":"vxlan.calico","lladdr":"66:2d:bf:44:a6:8b","state":["PERMANENT"]}]\n',
    ],
    [
      'ip -j -p r s default',
      '[ {\n        "dst": "default",\n        "gateway": "10.0.0.1",\n        "dev": "eth0",\n        "flags": [ ]\n    } ]\n',
    ],
    [
      'ip -j -br a s eth0',
      '[{"link_index":3,"ifname":"eth0","operstate":"UP","addr_info":[{"local":"10.0.0.11","prefixlen":24}]}]\n',
    ],
    ['ip ru', '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'],
    ['ip -V', 'ip utility, iproute2-6.1.0, libbpf 1.1.2\n'],
  ])('%s', async (line, stdout) => {
    expect(await at().type('node/node1', line)).toMatchObject({ stdout, stderr: '', status: 0 });
  });

  test('table local, derived from the addresses', async () => {
    expect((await at().type('router/router', 'ip route show table local')).stdout).toBe(
      `local 10.0.0.1 dev eth0 proto kernel scope host src 10.0.0.1 
broadcast 10.0.0.255 dev eth0 proto kernel scope link src 10.0.0.1 
local 10.0.1.1 dev eth1 proto kernel scope host src 10.0.1.1 
broadcast 10.0.1.255 dev eth1 proto kernel scope link src 10.0.1.1 
local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 
local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 
broadcast 127.255.255.255 dev lo proto kernel scope link src 127.0.0.1 
local 203.0.113.1 dev eth2 proto kernel scope host src 203.0.113.1 
broadcast 203.0.113.255 dev eth2 proto kernel scope link src 203.0.113.1 
`,
    );
  });

  test('a link that is down has neither UP nor carrier, and its peer loses carrier', async () => {
    const lab = at();
    const web0 = lab.network.stacks.get('pod/default/web-0');
    if (!web0) throw new Error('no web-0');
    lab.network.stacks.set(web0.id, {
      ...web0,
      devices: web0.devices.map((device) => ({ ...device, up: device.index !== 2 })),
    });
    expect((await lab.type('pod/web-0', 'ip -br l show eth0')).stdout).toBe(
      'eth0@if3         DOWN           7a:00:0a:f4:a6:81 <BROADCAST,MULTICAST> \n',
    );
    expect((await lab.type('node/node1', 'ip -br l show cali0d7763386da')).stdout).toBe(
      'cali0d7763386da@if2 LOWERLAYERDOWN ee:ee:ee:ee:ee:ee <NO-CARRIER,BROADCAST,MULTICAST,UP> \n',
    );
    expect((await lab.type('node/node1', 'ip r s 10.244.166.129')).stdout).toBe(
      '10.244.166.129 dev cali0d7763386da scope link linkdown \n',
    );
  });
});
