/**
 * A node's Linux under a learner's hands: namespaces, pairs and bridges made with `ip` and `bridge` carry packets, and
 * what is taken away stops them. Provenance: the same lines typed on Linux 6.18 (iproute2 6.1, iptables 1.8.9, iputils 20221126)
 * in namespaces made for it; MAC addresses, interface numbers and times stand as words here, and IPv6, which Linux adds by
 * itself, is left out.
 */
import { describe, expect, test } from 'vitest';
import { Stacks } from '../../src/sim/stacks.ts';
import { worldHash } from '../../src/sim/index.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { create, run, settled, TOPOLOGY } from './cluster.ts';
import { keyboardOf, lines, plain, typed, type Keyboard } from './keyboard.ts';

/** Two namespaces on a bridge of node1, as every tutorial of container networks begins. */
const CONTAINERS = [
  'ip netns add red',
  'ip netns add blue',
  'ip link add v-red type veth peer name eth0-red',
  'ip link add v-blue type veth peer name eth0-blue',
  'ip link set eth0-red netns red',
  'ip link set eth0-blue netns blue',
  'ip link add br0 type bridge',
  'ip link set v-red master br0',
  'ip link set v-blue master br0',
  'ip link set v-red up',
  'ip link set v-blue up',
  'ip link set br0 up',
  'ip addr add 192.168.15.1/24 dev br0',
  'ip -n red addr add 192.168.15.2/24 dev eth0-red',
  'ip -n red link set eth0-red name eth0',
  'ip -n red link set eth0 up',
  'ip -n red link set lo up',
  'ip netns exec blue ip addr add 192.168.15.3/24 dev eth0-blue',
  'ip netns exec blue ip link set dev eth0-blue up',
];

async function containers(): Promise<{ readonly cluster: Simulator; readonly keys: Keyboard }> {
  const cluster = settled();
  const keys = keyboardOf(cluster);
  await typed(keys, 'node/node1', CONTAINERS);
  return { cluster, keys };
}

describe('a container network by hand', () => {
  test('each step shows what it shows on Linux', async () => {
    const keys = keyboardOf(settled());
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    await typed(keys, 'node/node1', CONTAINERS.slice(0, 2));
    expect(await node('ip netns exec red ip link')).toBe(
      lines(
        '1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN mode DEFAULT group default qlen 1000',
        '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
      ),
    );
    await node('ip link add v-red type veth peer name eth0-red');
    expect(plain(await node('ip link show v-red'))).toBe(
      lines(
        'N: v-red@eth0-red: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff',
      ),
    );
    await typed(keys, 'node/node1', CONTAINERS.slice(3, 6));
    expect(plain(await node('ip link show v-red'))).toBe(
      lines(
        'N: v-red@ifN: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff link-netns red',
      ),
    );
    expect(plain(await node('ip -n red link show eth0-red'))).toBe(
      lines(
        'N: eth0-red@ifN: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff link-netnsid 0',
      ),
    );
    await typed(keys, 'node/node1', CONTAINERS.slice(6, 12));
    expect(plain(await node('ip link show br0'))).toBe(
      lines(
        'N: br0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff',
      ),
    );
    await typed(keys, 'node/node1', CONTAINERS.slice(12));
    expect(plain(await node('ip addr show br0; ip -n red addr show eth0'))).toBe(
      lines(
        'N: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff',
        '    inet 192.168.15.1/24 scope global br0',
        '       valid_lft forever preferred_lft forever',
        'N: eth0@ifN: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff link-netnsid 0',
        '    inet 192.168.15.2/24 scope global eth0',
        '       valid_lft forever preferred_lft forever',
      ),
    );
    expect(await node('ip -n red route')).toBe(
      '192.168.15.0/24 dev eth0 proto kernel scope link src 192.168.15.2 \n',
    );
  });

  test('a bridge has the smallest MAC of its ports, and none when they are gone', async () => {
    const { cluster, keys } = await containers();
    const mac = (name: string): string | undefined =>
      cluster.network.netns('node/node1')?.devices.find((each) => each.name === name)?.mac;
    expect(mac('br0')).toBe([mac('v-red') ?? '', mac('v-blue') ?? ''].sort()[0]);
    await keys.do('node/node1', 'ip link set v-red nomaster; ip link set v-blue nomaster');
    expect(mac('br0')).toBe('00:00:00:00:00:00');
  });

  test('its hosts reach each other and the bridge, which learns where they are', async () => {
    const { cluster, keys } = await containers();
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    expect(plain(await node('ip netns exec red ping -c 2 192.168.15.3'))).toBe(
      lines(
        'PING 192.168.15.3 (192.168.15.3) 56(84) bytes of data.',
        '64 bytes from 192.168.15.3: icmp_seq=1 ttl=64 time=T ms',
        '64 bytes from 192.168.15.3: icmp_seq=2 ttl=64 time=T ms',
        '',
        '--- 192.168.15.3 ping statistics ---',
        '2 packets transmitted, 2 received, 0% packet loss, time Tms',
        'rtt min/avg/max/mdev = T ms',
      ),
    );
    await node('ip netns exec red ping -c 1 192.168.15.1');
    expect(plain(await node('bridge link'))).toBe(
      lines(
        'N: v-red@ifN: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2 ',
        'N: v-blue@ifN: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2 ',
      ),
    );
    const fdb = 'bridge fdb show br br0';
    expect(plain(await node(fdb))).toBe(
      lines(
        'MAC dev v-red master br0 ',
        'MAC dev v-red master br0 permanent',
        ...Array<string>(2).fill('MAC dev v-red self permanent'),
        'MAC dev v-blue master br0 ',
        'MAC dev v-blue master br0 permanent',
        ...Array<string>(2).fill('MAC dev v-blue self permanent'),
        ...Array<string>(4).fill('MAC dev br0 self permanent'),
      ),
    );
    cluster.advanceTo(cluster.now + 299_000);
    expect((await node(fdb)).split('\n')).toHaveLength(13);
    cluster.advanceTo(cluster.now + 2_000);
    expect((await node(fdb)).split('\n')).toHaveLength(11);
  });

  test('the outside needs a default route, forwarding and masquerading: each of them', async () => {
    const { keys } = await containers();
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    const ping = 'ip netns exec red ping -c 1 -W 1 203.0.113.10';
    // A second between two pings, or the connection of the first would carry the second.
    const isLost = async (): Promise<boolean> =>
      (await keys.type('node/node1', `sleep 1; ${ping}`)).status === 1;
    expect(await keys.type('node/node1', ping)).toEqual({
      stdout: '',
      stderr: 'ping: connect: Network is unreachable\n',
      status: 2,
    });
    await node('ip -n red route add default via 192.168.15.1');
    expect(await isLost()).toBe(true);
    await node('iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -o br0 -j MASQUERADE');
    expect(await isLost()).toBe(false);
    expect(await node('sysctl -w net.ipv4.ip_forward=0')).toBe('net.ipv4.ip_forward = 0\n');
    expect(await isLost()).toBe(true);
    await node('echo 1 > /proc/sys/net/ipv4/ip_forward');
    expect(await node('cat /proc/sys/net/ipv4/ip_forward')).toBe('1\n');
    expect(await isLost()).toBe(false);
    await node('iptables -t nat -D POSTROUTING -s 192.168.15.0/24 ! -o br0 -j MASQUERADE');
    expect(await isLost()).toBe(true);
    expect(await node('ip netns exec red ip route get 203.0.113.10')).toBe(
      '203.0.113.10 via 192.168.15.1 dev eth0 src 192.168.15.2 uid 0 \n    cache \n',
    );
  });

  test('a rule counts the packets that it matched, a nat rule connections', async () => {
    const { keys } = await containers();
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    await node('ip -n red route add default via 192.168.15.1');
    await node('iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -o br0 -j MASQUERADE');
    await node('iptables -I FORWARD -i br0 -s 192.168.15.2');
    await node('ip netns exec red ping -c 2 203.0.113.10');
    const rules = async (): Promise<readonly string[]> =>
      (await node('iptables-save -c')).split('\n').filter((line) => line.includes('192.168.15'));
    const [masquerade, passed] = [
      '-A POSTROUTING -s 192.168.15.0/24 ! -o br0 -j MASQUERADE',
      '-A FORWARD -s 192.168.15.2/32 -i br0',
    ];
    expect((await rules()).toSorted()).toEqual([`[1:84] ${masquerade}`, `[2:168] ${passed}`]);
    expect((await node('iptables -t nat -vnL POSTROUTING')).split('\n').at(-2)).toBe(
      '    1    84 MASQUERADE  0    --  *      !br0    192.168.15.0/24      0.0.0.0/0           ',
    );
    await node('iptables -Z FORWARD');
    expect((await rules()).toSorted()).toEqual([`[0:0] ${passed}`, `[1:84] ${masquerade}`]);
  });

  test('whatever runs in a namespace sees that stack, its settings and its names', async () => {
    const { keys } = await containers();
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    expect(await node(`ip netns exec red bash -c 'ip -br addr show eth0; ip netns identify'`)).toMatch(
      /^eth0@if\d+ +UP +192\.168\.15\.2\/24 \nred\n$/,
    );
    expect(await node('ip netns identify')).toBe('\n');
    await node(`ip netns exec red bash -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'`);
    expect(await node('ip netns exec red sysctl -n net.ipv4.ip_forward; sysctl -n net.ipv4.ip_forward')).toBe(
      '0\n1\n',
    );
    expect(await node('ip netns exec red ls /proc/sys/net/ipv4/conf')).toBe('all\ndefault\neth0\nlo\n');
    expect(await node('ip netns exec red ip netns exec blue ip -br addr show eth0-blue')).toContain(
      '192.168.15.3/24',
    );
    const captured = keys.type('node/node1', 'timeout 3 ip netns exec blue tcpdump -ni eth0-blue -c 2 icmp');
    await node('ip netns exec red ping -c 1 192.168.15.3');
    expect((await captured).status).toBeGreaterThanOrEqual(0);
  });

  test('a pod of the node is a namespace too, by the name that containerd gave it', async () => {
    const cluster = settled();
    run(cluster, 'near', 'node1');
    const keys = keyboardOf(cluster);
    const [name = ''] = (await keys.do('node/node1', 'ip netns list')).split(' ');
    expect(name).toMatch(/^cni-[0-9a-f-]{36}$/);
    const inside = await keys.do('node/node1', `ip netns exec ${name} ip -br addr show eth0`);
    expect(inside).toBe(await keys.do('pod/near', 'ip -br addr show eth0'));
    expect((await keys.type('node/node1', `ip netns del ${name}`)).status).toBe(1);
  });

  test('a namespace takes its devices along, and the other ends of its pairs', async () => {
    const { keys } = await containers();
    const node = (line: string): Promise<string> => keys.do('node/node1', line);
    const names = async (): Promise<readonly string[]> =>
      (await node('ip -br link')).split('\n').map((line) => line.split(/[@ ]/)[0] ?? '');
    await node('ip netns del blue');
    expect(await names()).not.toContain('v-blue');
    expect(await node('ip netns list')).toMatch(/^red \(id: \d+\)\n/);
    await node('ip link del br0');
    expect(plain(await node('ip link show v-red'))).toMatch(/qdisc noqueue state UP/);
    await node('ip -n red link del eth0');
    expect(await names()).not.toContain('v-red');
    await node('ip netns del red; ip netns add red');
    expect(await node('ip -n red -br link')).toMatch(/^lo +DOWN/);
  });

  test.each([
    ['ip netns add red', 'Cannot create namespace file "/run/netns/red": File exists', 1],
    ['ip netns exec nosuch ip a', 'Cannot open network namespace "nosuch": No such file or directory', 255],
    ['ip netns del nosuch', 'Cannot remove namespace file "/run/netns/nosuch": No such file or directory', 1],
    ['ip -n nosuch link', 'Cannot open network namespace "nosuch": No such file or directory', 255],
    ['ip link set nosuch netns red', 'Cannot find device "nosuch"', 1],
    ['ip link set v-red netns nosuch', 'Error: argument "nosuch" is wrong: Invalid "netns" value\n', 255],
    ['ip link add v-red type veth peer name x', 'RTNETLINK answers: File exists', 2],
    ['ip link add x type veth peer name v-red', 'RTNETLINK answers: File exists', 2],
    ['ip link del nosuch', 'Cannot find device "nosuch"', 1],
    ['ip link del lo', 'RTNETLINK answers: Operation not supported', 2],
    ['ip link add', 'Not enough information: "type" argument is required', 1],
    ['ip link add nope type nosuchtype', 'Error: Unknown device type.', 2],
    ['ip link add averyveryverylongname type bridge', 'Error: Attribute failed policy validation.', 2],
    ['ip link set v-red master nosuch', 'Error: argument "nosuch" is wrong: Device does not exist\n', 255],
    ['ip link set br0 master br0', 'Error: Can not enslave a bridge to a bridge.', 2],
    ['ip link set br0 address zz', '"zz" is invalid lladdr.', 1],
    ['ip link add vx type vxlan dstport 4789', 'vxlan: missing virtual network identifier', 1],
    ['ip link add vx type vxlan id 16777216', 'Error: argument "16777216" is wrong: invalid id', 255],
    ['ip link add vx type vxlan id 5 dstport 4789 dev nosuch', 'Cannot find device "nosuch"', 255],
    ['bridge fdb add 02:00:00:00:00:06 dev eth0 master', 'RTNETLINK answers: Operation not supported', 255],
  ])('%s', async (line, message, status) => {
    const { keys } = await containers();
    expect(await keys.type('node/node1', line)).toEqual({ stdout: '', stderr: `${message}\n`, status });
  });
});

describe('what is made by hand is part of the world', () => {
  test('a snapshot keeps it, with its future', async () => {
    const { cluster, keys } = await containers();
    await keys.do('node/node1', 'ip netns exec red ping -c 1 192.168.15.3');
    await keys.do('node/node1', 'sysctl -q net.ipv4.conf.all.rp_filter=1; ipset create mine hash:net');
    const decoded = cluster.decode(JSON.parse(JSON.stringify(cluster.encode())));
    if (!decoded.ok) throw new Error(decoded.error.detail);
    expect(worldHash(decoded.value)).toBe(worldHash(cluster.world));
    const stacks = new Stacks(TOPOLOGY);
    for (const id of ['node/node1', 'node/node1/netns/red', 'node/node1/netns/blue'])
      expect(stacks.netns(decoded.value, id)).toEqual(cluster.network.netns(id));
  });

  test('going back takes it away', async () => {
    const cluster = settled();
    const before = cluster.world;
    await typed(keyboardOf(cluster), 'node/node1', CONTAINERS);
    cluster.restore(before);
    expect(cluster.network.netns('node/node1/netns/red')).toBeUndefined();
    expect(cluster.network.netns('node/node1')?.devices.some(({ name }) => name === 'br0')).toBe(false);
  });

  test('a pod that comes later gets a number of its own', async () => {
    const { cluster } = await containers();
    run(cluster, 'late', 'node1');
    const indexes = cluster.network.netns('node/node1')?.devices.map(({ index }) => index) ?? [];
    expect(new Set(indexes).size).toBe(indexes.length);
  });
});

test("a pod's own network is not its programs' to change, unless it may administrate", async () => {
  const cluster = settled();
  run(cluster, 'plain', 'node1');
  const { code } = create(cluster, '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'admin' },
    spec: {
      nodeName: 'node1',
      containers: [
        {
          name: 'c',
          image: 'registry.k8s.io/pause:3.10',
          securityContext: { capabilities: { add: ['NET_ADMIN'] } },
        },
      ],
    },
  });
  expect(code).toBe(201);
  cluster.settle(30_000);
  const keys = keyboardOf(cluster);
  const line = 'ip route add 192.0.2.0/24 via 169.254.1.1 dev eth0';
  expect(await keys.type('pod/plain', line)).toEqual({
    stdout: '',
    stderr: 'RTNETLINK answers: Operation not permitted\n',
    status: 2,
  });
  expect((await keys.type('pod/admin', line)).status).toBe(0);
});

test('a strict reverse path filter drops what comes from where its answer would not go', async () => {
  const keys = keyboardOf(settled());
  const node = (line: string): Promise<string> => keys.do('node/node1', line);
  await node('ip netns add red');
  for (const [at, name] of ['v1', 'v2'].entries()) {
    await node(`ip link add ${name} type veth peer name eth${at} netns red`);
    await node(`ip addr add 192.168.${at}.1/24 dev ${name}; ip link set ${name} up`);
    await node(`ip -n red addr add 192.168.${at}.2/24 dev eth${at}; ip -n red link set eth${at} up`);
  }
  const ping = async (): Promise<number> =>
    (await keys.type('node/node1', 'ip netns exec red ping -c 1 -W 1 -I 192.168.0.2 192.168.1.1')).status;
  expect(await ping()).toBe(0);
  await node('sysctl -w net.ipv4.conf.v2.rp_filter=1');
  expect(await ping()).toBe(1);
  await node('sysctl -w net.ipv4.conf.v2.rp_filter=2');
  expect(await ping()).toBe(0);
});
