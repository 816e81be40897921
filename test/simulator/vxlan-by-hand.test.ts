/**
 * Tunnels that a learner makes between machines: ARP crosses them, the ends learn where each MAC is, and whatever stops the
 * outer packets stops them. Provenance: `ip -d link` and `bridge fdb` as iproute2 6.1 on Linux 6.18 printed them for the same
 * devices; MAC addresses and interface numbers stand as words.
 */
import { describe, expect, test } from 'vitest';
import { settled } from './cluster.ts';
import { keyboardOf, lines, plain, typed } from './keyboard.ts';

describe('a VXLAN by hand', () => {
  const vxlan = (local: string, remote: string, address: string): readonly string[] => [
    `ip link add vxlan0 type vxlan id 42 dev eth0 local ${local} remote ${remote} dstport 4790`,
    `ip addr add ${address}/24 dev vxlan0`,
    'ip link set vxlan0 up',
  ];

  test('between two nodes: ARP crosses it, and each end learns where the other is', async () => {
    const keys = keyboardOf(settled());
    await typed(keys, 'node/node1', vxlan('10.0.0.11', '10.0.1.13', '192.168.42.1'));
    await typed(keys, 'node/node3', vxlan('10.0.1.13', '10.0.0.11', '192.168.42.3'));
    expect(plain(await keys.do('node/node1', 'ip -d link show vxlan0'))).toBe(
      lines(
        'N: vxlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000',
        '    link/ether MAC brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 ',
        '    vxlan id 42 remote 10.0.1.13 local 10.0.0.11 dev eth0 srcport 0 0 dstport 4790 ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 ',
      ),
    );
    const fdb = 'bridge fdb show dev vxlan0';
    expect(await keys.do('node/node1', fdb)).toBe(
      '00:00:00:00:00:00 dst 10.0.1.13 via eth0 self permanent\n',
    );
    await keys.do('node/node1', 'ping -c 1 192.168.42.3');
    expect(plain(await keys.do('node/node1', fdb))).toBe(
      lines('MAC dst 10.0.1.13 self ', '00:00:00:00:00:00 dst 10.0.1.13 via eth0 self permanent'),
    );
    expect(plain(await keys.do('node/node3', 'ip neigh show dev vxlan0'))).toBe(
      '192.168.42.1 lladdr MAC REACHABLE \n',
    );
  });

  test('with a firewall in the way nothing answers', async () => {
    const keys = keyboardOf(settled());
    await typed(keys, 'node/node1', vxlan('10.0.0.11', '10.0.1.13', '192.168.42.1'));
    await typed(keys, 'node/node3', vxlan('10.0.1.13', '10.0.0.11', '192.168.42.3'));
    await keys.do('node/node3', 'iptables -I INPUT -p udp --dport 4790 -j DROP');
    const { stdout, status } = await keys.type('node/node1', 'ping -c 1 -W 1 192.168.42.3');
    expect(status).toBe(1);
    expect(stdout).toContain('100% packet loss');
  });

  test('as a port of a bridge it joins namespaces of two machines', async () => {
    const keys = keyboardOf(settled());
    const machine = (local: string, remote: string, address: string): readonly string[] => [
      'ip netns add box',
      'ip link add v0 type veth peer name eth0 netns box',
      'ip link add br0 type bridge',
      `ip link add vx0 type vxlan id 7 local ${local} dstport 4790 nolearning`,
      `bridge fdb append 00:00:00:00:00:00 dev vx0 dst ${remote}`,
      'ip link set v0 master br0 up',
      'ip link set vx0 master br0 up',
      'ip link set br0 up',
      `ip -n box addr add ${address}/24 dev eth0`,
      'ip -n box link set eth0 up mtu 1450',
    ];
    await typed(keys, 'node/node1', machine('10.0.0.11', '10.0.0.12', '172.30.0.1'));
    await typed(keys, 'node/node2', machine('10.0.0.12', '10.0.0.11', '172.30.0.2'));
    expect(plain(await keys.do('node/node1', 'ip netns exec box ping -c 2 172.30.0.2'))).toContain(
      '2 packets transmitted, 2 received, 0% packet loss',
    );
    expect(plain(await keys.do('node/node2', 'bridge fdb show br br0 dynamic'))).toBe(
      lines('MAC dev v0 master br0 ', 'MAC dev vx0 master br0 '),
    );
    await keys.do('node/node1', 'bridge fdb del 00:00:00:00:00:00 dev vx0 dst 10.0.0.12');
    expect((await keys.type('node/node1', 'ip netns exec box ping -c 1 -W 1 172.30.0.2')).status).toBe(1);
  });
});
