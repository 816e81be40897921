/**
 * IPv6 of a node under a learner's hands: namespaces made there have it, switching it off takes what the kernel takes, and
 * Felix puts back what is its own. Provenance of what the kernel does: net/ipv6/addrconf.c, Linux 6.x, compared with the real
 * tools in edit-inet6.test.ts; when Felix looks: felix-repair.test.ts.
 */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { IPTABLES_REFRESH_INTERVAL, ROUTE_REFRESH_INTERVAL } from '../../src/sim/cni/calico/felix/resync.ts';
import { Simulator, worldHash } from '../../src/sim/index.ts';
import { encodeWorld } from '../../src/sim/snapshot.ts';
import { create, podBody } from './cluster.ts';
import { keyboardOf, typed, type Keyboard } from './keyboard.ts';

const FILE = 'labs/topologies/dual-stack.yaml';
const NODE = 'node/node1';
const POOL = '/apis/crd.projectcalico.org/v1/ippools/default-ipv6-ippool';

let cluster: Simulator;
let keys: Keyboard;

function fresh(): Simulator {
  const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  const epoch = Date.parse('2026-05-01T10:00:00Z');
  return new Simulator({ topology: topology.value, seed: 1, epoch, defaultPool: true });
}

beforeEach(() => {
  cluster = fresh();
  cluster.settle(30_000);
  keys = keyboardOf(cluster);
});

const node = (line: string): Promise<string> => keys.do(NODE, line);
const rows = async (line: string): Promise<readonly string[]> =>
  (await node(line)).trimEnd().split('\n').sort();

describe('a namespace made by hand', () => {
  const LINES = [
    'ip netns add red',
    'ip link add v-red type veth peer name eth0 netns red',
    'ip addr add fd00:77::1/64 dev v-red',
    'ip link set v-red up',
    'ip -n red link set lo up',
    'ip -n red link set eth0 up',
    'ip -n red addr add fd00:77::2/64 dev eth0',
    'ip -n red -6 route add default via fd00:77::1',
  ];

  test('has IPv6 with the kernel’s own settings, and reaches its machine', async () => {
    await typed(keys, NODE, LINES);
    const inside = await node('ip netns exec red ip -6 addr show dev lo');
    expect(inside).toContain('inet6 ::1/128 scope host');
    expect(await node('ip netns exec red sysctl net.ipv6.conf.all.forwarding')).toBe(
      'net.ipv6.conf.all.forwarding = 0\n',
    );
    expect(await node('ip netns exec red ping -6 -c 1 fd00:77::1')).toContain('1 received');
    expect(await node('ping -6 -c 1 fd00:77::2')).toContain('1 received');
    expect(await node('ip netns exec red ping -6 -c 1 fd00:a::11')).toContain('1 received');
  });

  test('comes back from a snapshot', async () => {
    await typed(keys, NODE, LINES);
    await node('ip netns exec red ping -6 -c 1 fd00:77::1');
    const there = fresh();
    const decoded = there.decode(JSON.parse(JSON.stringify(encodeWorld(cluster.world))) as Json);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    there.restore(decoded.value);
    const red = `${NODE}/netns/red`;
    expect(there.network.netns(red)?.inet6).toEqual(cluster.network.netns(red)?.inet6);
    expect(worldHash(there.world)).toBe(worldHash(cluster.world));
    expect(await keyboardOf(there).do(NODE, 'ip netns exec red ping -6 -c 1 fd00:77::1')).toContain(
      '1 received',
    );
  });

  test('has none in a cluster without IPv6', async () => {
    const topology = parseTopology(FILE, readFileSync('labs/topologies/two-racks.yaml', 'utf8'));
    if (!topology.ok) throw new Error(JSON.stringify(topology.error));
    const plain = new Simulator({ topology: topology.value, seed: 1, epoch: 0, defaultPool: true });
    await keyboardOf(plain).do(NODE, 'ip netns add red');
    expect(plain.network.netns(`${NODE}/netns/red`)?.inet6).toBeUndefined();
  });
});

test('rules of ip6tables count what they match, apart from those of IPv4', async () => {
  await node('ip6tables -I INPUT -p icmpv6 --icmpv6-type echo-request -j ACCEPT');
  const rule = '-p ipv6-icmp -m icmp6 --icmpv6-type 128';
  const counted = async (): Promise<readonly unknown[]> => [
    (await node('ip6tables -vL INPUT 1')).trim().split(/\s+/).slice(0, 3).join(' '),
    await node('ip6tables -vS INPUT 1'),
    (await node('ip6tables-save -c -t filter')).split('\n').find((line) => line.includes(`INPUT ${rule}`)),
  ];
  const first = await counted();
  expect(first[0]).toBe('0 0 ACCEPT');
  await keys.do('node/node2', 'ping -6 -c 1 fd00:a::11');
  expect(await counted()).toEqual([
    '1 104 ACCEPT',
    `-A INPUT ${rule} -c 1 104 -j ACCEPT\n`,
    `[1:104] -A INPUT ${rule} -j ACCEPT`,
  ]);
  await node('iptables -Z');
  expect((await counted())[0]).toBe('1 104 ACCEPT');
  await node('ip6tables -Z INPUT');
  expect(await counted()).toEqual(first);
});

describe.each(['Never', 'Always'])('IPv6 that somebody switches off on a node, VXLAN %s', (vxlanMode) => {
  const OFF = 'sysctl -w net.ipv6.conf.all.disable_ipv6=1';
  const ON = 'sysctl -w net.ipv6.conf.all.disable_ipv6=0';
  const BACK = ['ip addr add fd00:a::11/64 dev eth0', 'ip -6 route add default via fd00:a::1'];

  const rest = (time = ROUTE_REFRESH_INTERVAL + 1_000): void => cluster.advanceTo(cluster.now + time);
  const podAddress = (): string => {
    const [, second] = cluster.world.cluster.store.get('pods', 'default', 'far')?.status?.[
      'podIPs'
    ] as unknown as readonly { readonly ip: string }[];
    return second?.ip ?? '';
  };
  const reaches = async (from: string): Promise<boolean> =>
    (await keys.type(from, `ping -6 -c 1 -W 1 ${podAddress()}`)).status === 0;

  beforeEach(() => {
    const body = { spec: { vxlanMode } };
    const contentType = 'application/merge-patch+json';
    expect(cluster.cluster.request({ method: 'PATCH', path: POOL, contentType, body }).code).toBe(200);
    for (const [name, on] of [
      ['near', 'node1'],
      ['far', 'node2'],
    ] as const)
      expect(create(cluster, '/api/v1/namespaces/default/pods', podBody(name, on)).code).toBe(201);
    cluster.settle(30_000);
  });

  test('takes its addresses and routes, and Felix cannot put them back', async () => {
    expect(await reaches('pod/near')).toBe(true);
    await node(OFF);
    for (const _ of [1, 2]) {
      expect(await node('ip -6 addr show')).toBe('');
      const left = (await rows('ip -6 route show')).filter((row) => !/^(blackhole|unreachable)/.test(row));
      expect(left.join()).toBe('');
      expect(await reaches('pod/near')).toBe(false);
      rest();
    }
    // A cable that comes later has the setting of `default`.
    expect(create(cluster, '/api/v1/namespaces/default/pods', podBody('late', 'node1')).code).toBe(201);
    cluster.settle(30_000);
    expect(await node('ip -6 addr show')).toBe('');
    // IPv4 does not notice.
    expect((await keys.type(NODE, 'ping -c 1 10.0.1.13')).status).toBe(0);
  });

  test('comes back with the addresses that somebody adds again, and with what is Felix’s and BIRD’s', async () => {
    const [addresses, routes] = [await rows('ip -6 addr show'), await rows('ip -6 route show')];
    await node(OFF);
    rest(300_000);
    await node(ON);
    expect(await node('ip -6 addr show dev eth0')).toMatch(/^ +inet6 fe80::\S+\/64 scope link/m);
    await typed(keys, NODE, BACK);
    rest(400_000);
    expect(await rows('ip -6 addr show')).toEqual(addresses);
    expect(await rows('ip -6 route show')).toEqual(routes);
    expect(await reaches('pod/near')).toBe(true);
  });

  test('on a cable alone cuts one pod off', async () => {
    const cable = (await node('ip -6 route show')).match(/dev (cali\S+)/)?.[1] ?? '';
    await node(`sysctl -w net.ipv6.conf.${cable}.disable_ipv6=1`);
    rest();
    expect(await node(`ip -6 route show dev ${cable}`)).toBe('');
    await node(`sysctl -w net.ipv6.conf.${cable}.disable_ipv6=0`);
    rest();
    expect(await node(`ip -6 route show dev ${cable}`)).not.toBe('');
  });
});

describe('what Felix owns of IPv6', () => {
  const almost = (interval: number): void =>
    cluster.advanceTo(cluster.now + interval - (cluster.now % interval) - 1);

  beforeEach(() => {
    create(cluster, '/api/v1/namespaces/default/pods', podBody('near', 'node1'));
    cluster.settle(30_000);
  });

  test.each([
    [
      'a pod’s route',
      ROUTE_REFRESH_INTERVAL,
      'ip -6 route show',
      async () => {
        const route = /^(fd00\S+) dev cali/m.exec(await node('ip -6 route show'))?.[1] ?? '';
        return `ip -6 route del ${route}`;
      },
    ],
    [
      'its jump',
      IPTABLES_REFRESH_INTERVAL,
      'ip6tables -S FORWARD',
      () => Promise.resolve('ip6tables -D FORWARD 1'),
    ],
    [
      'its chain',
      IPTABLES_REFRESH_INTERVAL,
      'ip6tables -S cali-FORWARD',
      () => Promise.resolve('ip6tables -F cali-FORWARD'),
    ],
  ])('%s that is taken away is put back when Felix looks next', async (_, interval, shown, line) => {
    almost(interval);
    cluster.advanceTo(cluster.now + 1_000);
    const whole = await rows(shown);
    await node(await line());
    const changed = await rows(shown);
    expect(changed).not.toEqual(whole);
    almost(interval);
    expect(await rows(shown)).toEqual(changed);
    cluster.advanceTo(cluster.now + 1);
    expect(await rows(shown)).toEqual(whole);
  });
});
