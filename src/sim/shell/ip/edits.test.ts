/**
 * Addresses, routes and neighbours changed by hand, line by line as the real tools answered.
 * Provenance: iproute2 6.1 on Linux 6.18, the same lines in the same order on a veth pair made for it; labels, peers and
 * broadcast addresses, which are not simulated, are left out.
 */
import { expect, test } from 'vitest';
import { stage, type Stage } from '../network/stage.contract.ts';
import { ip } from './ip.ts';

async function session(
  lab: Stage,
  all: readonly (readonly [line: string, said: string, status?: number])[],
): Promise<void> {
  for (const [line, said, status = 0] of all) {
    const { screen, ...typed } = await lab.type('host/outside', line);
    expect([line, screen, typed.status]).toEqual([line, said, status]);
  }
}

const UP: readonly (readonly [string, string])[] = [
  ['ip link add d0 type veth peer name d1', ''],
  ['ip link set d0 up address 02:00:00:00:00:d0', ''],
  ['ip link set d1 up', ''],
];

const rows = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

test('addresses', async () => {
  await session(stage([ip]), [
    ...UP,
    ['ip addr add 10.5.0.1/24 dev d0', ''],
    ['ip addr add 10.5.0.2/24 dev d0', ''],
    ['ip addr add 10.5.0.1/24 dev d0', 'Error: ipv4: Address already assigned.\n', 2],
    ['ip addr replace 10.5.0.1/24 dev d0', ''],
    ['ip addr change 10.5.0.9/24 dev d0', ''],
    ['ip addr add 10.9.0.1/32 dev d0 scope link', ''],
    [
      'ip -o addr show dev d0',
      rows(
        '4: d0    inet 10.9.0.1/32 scope link d0\\       valid_lft forever preferred_lft forever',
        '4: d0    inet 10.5.0.1/24 scope global d0\\       valid_lft forever preferred_lft forever',
        '4: d0    inet 10.5.0.2/24 scope global secondary d0\\       valid_lft forever preferred_lft forever',
        '4: d0    inet 10.5.0.9/24 scope global secondary d0\\       valid_lft forever preferred_lft forever',
      ),
    ],
    [
      'ip -br addr show dev d0',
      'd0@d1            UP             10.9.0.1/32 10.5.0.1/24 10.5.0.2/24 10.5.0.9/24 \n',
    ],
    ['ip addr flush', 'Flush requires arguments.\n', 1],
    ['ip addr flush dev nosuch', 'Device "nosuch" does not exist.\n', 1],
    ['ip addr flush dev d0', ''],
    [
      'ip addr show dev d0',
      rows(
        '4: d0@d1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000',
        '    link/ether 02:00:00:00:00:d0 brd ff:ff:ff:ff:ff:ff',
      ),
    ],
  ]);
});

test('routes', async () => {
  await session(stage([ip]), [
    ...UP,
    ['ip addr add 10.5.0.1/24 dev d0', ''],
    ['ip route add 172.16.0.0/16 via 10.5.0.7', ''],
    ['ip route add 172.16.0.0/16 via 10.5.0.8', 'RTNETLINK answers: File exists\n', 2],
    ['ip route append 172.16.0.0/16 via 10.5.0.8', ''],
    [
      'ip route show 172.16.0.0/16',
      '172.16.0.0/16 via 10.5.0.7 dev d0 \n172.16.0.0/16 via 10.5.0.8 dev d0 \n',
    ],
    ['ip route del 172.16.0.0/16 via 10.5.0.8', ''],
    ['ip route del 172.16.0.0/16', ''],
    ['ip route del 172.16.0.0/16', 'RTNETLINK answers: No such process\n', 2],
    ['ip route add 172.17.0.0/16 via 10.5.0.7 metric 50', ''],
    ['ip route add 172.17.0.0/16 via 10.5.0.8 metric 60', ''],
    ['ip route add blackhole 172.18.0.0/16', ''],
    ['ip route add unreachable 172.19.0.0/16', ''],
    ['ip route add prohibit 172.20.0.0/16 metric 5', ''],
    [
      'ip route add 172.21.0.0/16 nexthop via 10.5.0.7 dev d0 weight 1 nexthop via 10.5.0.8 dev d0 weight 1',
      '',
    ],
    ['ip route add 172.24.0.0/16 dev d0 proto static', ''],
    ['ip route add 172.25.0.0/16 via 10.99.0.1', 'Error: Nexthop has invalid gateway.\n', 2],
    [
      'ip route add 172.26.0.0/16 nexthop via 10.5.0.7 dev nosuch',
      'Cannot find device "nosuch"\nError: cannot parse nexthop\n',
      255,
    ],
    [
      'ip route',
      rows(
        'default via 203.0.113.1 dev eth0 ',
        '10.5.0.0/24 dev d0 proto kernel scope link src 10.5.0.1 ',
        '172.17.0.0/16 via 10.5.0.7 dev d0 metric 50 ',
        '172.17.0.0/16 via 10.5.0.8 dev d0 metric 60 ',
        'blackhole 172.18.0.0/16 ',
        'unreachable 172.19.0.0/16 ',
        'prohibit 172.20.0.0/16 metric 5 ',
        '172.21.0.0/16 ',
        '\tnexthop via 10.5.0.7 dev d0 weight 1 ',
        '\tnexthop via 10.5.0.8 dev d0 weight 1 ',
        '172.24.0.0/16 dev d0 proto static scope link ',
        '203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.10 ',
      ),
    ],
    ['ip route get 172.18.0.5', 'RTNETLINK answers: Invalid argument\n', 2],
    ['ip route get 172.19.0.5', 'RTNETLINK answers: No route to host\n', 2],
    ['ip route get 172.20.0.5', 'RTNETLINK answers: Permission denied\n', 2],
    ['ip route flush', '"ip route flush" requires arguments.\n', 1],
    ['ip route flush dev nosuch', 'Cannot find device "nosuch"\n', 1],
    ['ip route flush 172.17.0.0/16', ''],
    ['ip route flush proto static', ''],
    ['ip route flush cache', ''],
    ['ip route show dev d0', '10.5.0.0/24 proto kernel scope link src 10.5.0.1 \n'],
  ]);
});

test('neighbours', async () => {
  await session(stage([ip]), [
    ...UP,
    ['ip addr add 10.5.0.1/24 dev d0', ''],
    ['ip neigh add 10.5.0.50 lladdr 02:00:00:00:00:50 dev d0', ''],
    ['ip neigh add 10.5.0.50 lladdr 02:00:00:00:00:50 dev d0', 'RTNETLINK answers: File exists\n', 2],
    ['ip neigh replace 10.5.0.50 lladdr 02:00:00:00:00:60 dev d0', ''],
    [
      'ip neigh change 10.5.0.55 lladdr 02:00:00:00:00:60 dev d0',
      'RTNETLINK answers: No such file or directory\n',
      2,
    ],
    ['ip neigh add proxy 10.5.0.77 dev d0', ''],
    ['ip neigh show', '10.5.0.50 dev d0 lladdr 02:00:00:00:00:60 PERMANENT \n'],
    ['ip neigh show proxy', '10.5.0.77 dev d0 proxy \n'],
    ['ip neigh get 10.5.0.50 dev d0', '10.5.0.50 dev d0 lladdr 02:00:00:00:00:60 PERMANENT \n'],
    ['ip neigh flush', 'Flush requires arguments.\n', 1],
    ['ip neigh flush dev d0', ''],
    ['ip neigh', '10.5.0.50 dev d0 lladdr 02:00:00:00:00:60 PERMANENT \n'],
    ['ip neigh flush dev d0 nud permanent', ''],
    ['ip neigh', ''],
    ['ip neigh flush all', ''],
    ['ip neigh del proxy 10.5.0.77 dev d0', ''],
    ['ip neigh show proxy', ''],
  ]);
});
