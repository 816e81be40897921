/**
 * Changes by hand against Felix: it looks at its tunnel devices every 10 s of virtual time, at routes, neighbours, FDB and sets
 * every 90 s, at its chains every 180 s, puts back what is its own, and leaves the rest. When is a pure function of time.
 * Provenance of what and when: source only (felix/dataplane/linux, Calico v3.32.1).
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import {
  IPTABLES_REFRESH_INTERVAL,
  ROUTE_REFRESH_INTERVAL,
  TUNNEL_CHECK_INTERVAL,
} from '../../src/sim/cni/calico/felix/resync.ts';
import { Stacks } from '../../src/sim/stacks.ts';
import type { NetnsEdit } from '../../src/sim/net/edit.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { addressOf, create, ping, remove, run, settled, TOPOLOGY } from './cluster.ts';
import { hostInterface } from '../../src/sim/cni/calico/names.ts';
import { printTable } from '../../src/sim/net/netfilter-print.ts';
import { NO_NETFILTER } from '../../src/sim/net/netfilter-rules.ts';

const NODE = 'node/node1';

let cluster: Simulator;

beforeEach(() => {
  cluster = settled();
  run(cluster, 'far', 'node3');
  patchPool('Always');
  cluster.advanceTo(ROUTE_REFRESH_INTERVAL * 3 + 1_000);
});

function patchPool(vxlanMode: string): void {
  const { code } = cluster.cluster.request({
    method: 'PATCH',
    path: '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool',
    contentType: 'application/merge-patch+json',
    body: { spec: { ipipMode: 'Never', vxlanMode } },
  });
  expect(code).toBe(200);
  cluster.settle(10_000);
}

const node = (): Netns => {
  const netns = cluster.network.netns(NODE);
  if (!netns) throw new Error('node1 has no stack');
  return netns;
};

/** Lets time pass until just before an interval ends. */
const almost = (interval: number): void =>
  cluster.advanceTo(cluster.now + interval - (cluster.now % interval) - 1);

/** A stack whose lists are in no order: the kernel's tables have none of their own. */
function unordered({ routes, neighbours, fdb, ...rest }: Netns): unknown {
  const sorted = (list: readonly object[]): readonly string[] =>
    list.map((each) => JSON.stringify(each)).sort();
  return { ...rest, routes: sorted(routes), neighbours: sorted(neighbours), fdb: sorted(fdb) };
}

const edit = (change: NetnsEdit): void => expect(cluster.network.edit(NODE, change)).toEqual({ ok: true });

const tunnelRoute = (): Netns['routes'][number] => {
  const route = node().routes.find(({ device, via }) => device === 'vxlan.calico' && via !== undefined);
  if (!route) throw new Error('node1 has no route into the tunnel');
  return route;
};

const DEVICE = 'vxlan.calico';

const device = (name: string): Netns['devices'][number] => {
  const found = node().devices.find((each) => each.name === name);
  if (!found) throw new Error(`node1 has no ${name}`);
  return found;
};

/** Things of Felix's that a person can take away or add, and after how long it has put them right. */
const changes: readonly (readonly [string, () => NetnsEdit, number])[] = [
  [
    'a route taken away',
    () => ({ kind: 'delete-route', prefix: tunnelRoute().prefix }),
    ROUTE_REFRESH_INTERVAL,
  ],
  [
    'a foreign route into the tunnel',
    () => ({
      kind: 'add-route',
      replace: false,
      route: {
        prefix: cidr('192.0.2.0/24'),
        type: 'unicast',
        device: DEVICE,
        protocol: 'boot',
        scope: 'link',
      },
    }),
    ROUTE_REFRESH_INTERVAL,
  ],
  [
    'a forwarding entry taken away',
    () => ({ kind: 'delete-fdb', mac: node().fdb[0]?.mac ?? '', device: DEVICE }),
    ROUTE_REFRESH_INTERVAL,
  ],
  [
    'a neighbour taken away',
    () => ({ kind: 'delete-neighbour', address: tunnelRoute().via ?? ipv4('0.0.0.0'), device: DEVICE }),
    ROUTE_REFRESH_INTERVAL,
  ],
  ['the tunnel brought down', () => ({ kind: 'set-link', device: DEVICE, up: false }), TUNNEL_CHECK_INTERVAL],
  ['the MTU of the tunnel', () => ({ kind: 'set-link', device: DEVICE, mtu: 1400 }), TUNNEL_CHECK_INTERVAL],
  [
    'a second address of the tunnel',
    () => ({
      kind: 'add-address',
      device: DEVICE,
      address: { address: ipv4('192.0.2.1'), length: 32, scope: 'global' },
    }),
    TUNNEL_CHECK_INTERVAL,
  ],
  [
    'the tunnel deleted',
    () => ({ kind: 'remove-device', device: DEVICE, index: device(DEVICE).index }),
    TUNNEL_CHECK_INTERVAL,
  ],
  [
    'its chain emptied',
    () => ({ kind: 'netfilter', table: 'filter', change: { op: 'flush', chain: 'cali-FORWARD' } }),
    IPTABLES_REFRESH_INTERVAL,
  ],
  [
    'its jump taken away',
    () => ({ kind: 'netfilter', table: 'filter', change: { op: 'delete-at', chain: 'FORWARD', at: 1 } }),
    IPTABLES_REFRESH_INTERVAL,
  ],
  [
    'its set emptied',
    () => ({ kind: 'ipset', set: [...node().netfilter.ipsets.keys()][0] ?? '', change: { op: 'flush' } }),
    ROUTE_REFRESH_INTERVAL,
  ],
];

function firstAddress(): Netns['devices'][number]['addresses'][number] {
  const [address] = device(DEVICE).addresses;
  if (!address) throw new Error('the tunnel has no address');
  return address;
}

/** What every program of the node reads, whether a chain keeps its last rules apart or not. */
const shown = (): unknown => {
  const { netfilter, ...rest } = node();
  const tables = Object.entries(netfilter.tables).map(([name, chains]) =>
    printTable(name as keyof typeof netfilter.tables, chains),
  );
  return { ...(unordered({ ...rest, netfilter: NO_NETFILTER }) as object), tables, sets: netfilter.ipsets };
};

describe('what Felix owns', () => {
  test.each(changes)('%s is put right when Felix looks next, and not before', (_, change, interval) => {
    almost(interval);
    cluster.advanceTo(cluster.now + 1_000);
    const whole = shown();
    edit(change());
    const changed = shown();
    expect(changed).not.toEqual(whole);

    almost(interval);
    expect(shown()).toEqual(changed);
    cluster.advanceTo(cluster.now + 1);
    expect(shown()).toEqual(whole);
  });

  test('the address of the tunnel comes back with the device, the routes that the kernel lost with it only later', () => {
    almost(ROUTE_REFRESH_INTERVAL);
    cluster.advanceTo(cluster.now + 1_000);
    const whole = shown();
    edit({ kind: 'delete-address', device: DEVICE, address: firstAddress() });
    const routed = (): boolean => node().routes.some((route) => route.device === DEVICE);
    cluster.advanceTo(cluster.now + TUNNEL_CHECK_INTERVAL);
    expect([device(DEVICE).addresses.length, routed()]).toEqual([1, false]);
    cluster.advanceTo(cluster.now + ROUTE_REFRESH_INTERVAL);
    expect(shown()).toEqual(whole);
  });

  test('one long step of time repairs as many short ones do', () => {
    cluster.network.edit(NODE, { kind: 'set-link', device: DEVICE, up: false });
    const broken = cluster.world;
    const end = cluster.now + ROUTE_REFRESH_INTERVAL;
    cluster.advanceTo(end);
    const atOnce = node();
    const world = { ...broken, cluster: { ...cluster.world.cluster, now: end } };
    expect(new Stacks(TOPOLOGY).netns(world, NODE)).toEqual(atOnce);
  });

  test('its rules come before those that somebody put above them, and those stay', () => {
    const rule = { matches: [], target: { kind: 'drop' } } as const;
    edit({ kind: 'netfilter', table: 'filter', change: { op: 'insert', chain: 'FORWARD', at: 1, rule } });
    const forward = (): readonly string[] =>
      printTable('filter', node().netfilter.tables.filter ?? []).filter((line) =>
        line.startsWith('-A FORWARD'),
      );
    expect(forward().indexOf('-A FORWARD -j DROP')).toBe(0);
    const lines = forward().length;
    cluster.advanceTo(cluster.now + IPTABLES_REFRESH_INTERVAL);
    expect(forward()).toHaveLength(lines);
    expect(forward()[0]).toContain('-j cali-FORWARD');
    expect(forward().indexOf('-A FORWARD -j DROP')).toBeGreaterThan(0);
  });
});

describe("a pod's cable", () => {
  const cable = (): string => {
    const name = node().devices.find((each) => each.name.startsWith('cali'))?.name;
    if (name === undefined) throw new Error('node1 has no pod');
    return name;
  };

  test('that somebody deletes is not made again: its pod has lost its network', () => {
    run(cluster, 'near', 'node1');
    const name = hostInterface('default', 'near');
    expect(cluster.network.changeLinks(NODE, { kind: 'delete', device: name })).toEqual({ ok: true });
    cluster.advanceTo(cluster.now + IPTABLES_REFRESH_INTERVAL * 2);
    expect(node().devices.some((each) => each.name === name)).toBe(false);
    expect(cluster.network.netns('pod/default/near')?.devices.map((each) => each.name)).toEqual(['lo']);
  });

  test('that a later pod of the same name gets is whole', () => {
    run(cluster, 'near', 'node1');
    const name = hostInterface('default', 'near');
    cluster.network.changeLinks(NODE, { kind: 'delete', device: name });
    remove(cluster, 'near');
    run(cluster, 'near', 'node1');
    expect(device(name).up).toBe(true);
    expect(ping(cluster, NODE, addressOf(cluster, 'near')).reply.kind).toBe('reply');
  });

  test('that is down stays down; its route is back the moment it is up', () => {
    const name = cable();
    const route = (): boolean => node().routes.some((each) => each.device === name);
    edit({ kind: 'set-link', device: name, up: false });
    cluster.advanceTo(cluster.now + ROUTE_REFRESH_INTERVAL * 2);
    expect([device(name).up, route()]).toEqual([false, false]);
    edit({ kind: 'set-link', device: name, up: true });
    expect([device(name).up, route()]).toEqual([true, true]);
  });

  test('without proxy_arp leaves its pod without a gateway until the cable comes up anew', () => {
    const address = run(cluster, 'near', 'node1');
    const name = hostInterface('default', 'near');
    const key = `net.ipv4.conf.${name}.proxy_arp`;
    const reaches = (): string => ping(cluster, 'pod/default/near', addressOf(cluster, 'far')).reply.kind;
    edit({ kind: 'set-sysctl', key, value: '0' });
    expect(address).toBeGreaterThan(0);
    expect(reaches()).not.toBe('reply');
    cluster.advanceTo(cluster.now + ROUTE_REFRESH_INTERVAL);
    expect(reaches()).not.toBe('reply');
    edit({ kind: 'set-link', device: name, up: false });
    edit({ kind: 'set-link', device: name, up: true });
    cluster.advanceTo(cluster.now + 5_000);
    expect(reaches()).toBe('reply');
  });
});

describe('what Felix does not own', () => {
  const route: NetnsEdit = {
    kind: 'add-route',
    replace: false,
    route: {
      prefix: cidr('192.0.2.0/24'),
      type: 'unicast',
      via: ipv4('10.0.0.1'),
      device: 'eth0',
      protocol: 'boot',
      scope: 'global',
    },
  };
  const added = (): boolean => node().routes.some(({ prefix }) => prefix.base === ipv4('192.0.2.0'));

  test('survives its refresh', () => {
    expect(cluster.network.edit(NODE, route)).toEqual({ ok: true });
    cluster.advanceTo(cluster.now + 3 * ROUTE_REFRESH_INTERVAL);
    expect(added()).toBe(true);
  });

  test('survives changes of the datastore that have nothing to do with it', () => {
    cluster.network.edit(NODE, route);
    run(cluster, 'near', 'node2');
    patchPool('CrossSubnet');
    expect(added()).toBe(true);
  });
});

test('a missing entry of its own survives changes of the datastore that have nothing to do with it', () => {
  cluster.network.edit(NODE, { kind: 'set-link', device: 'vxlan.calico', up: false });
  const { code } = create(cluster, '/api/v1/namespaces/default/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'unrelated' },
  });
  expect(code).toBe(201);
  expect(node().devices.find(({ name }) => name === 'vxlan.calico')?.up).toBe(false);
});
