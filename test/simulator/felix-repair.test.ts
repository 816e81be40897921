/**
 * Changes by hand against Felix: it looks at the kernel's tables every 90 s of virtual time (routeRefreshInterval), undoes
 * what touches its own, and leaves the rest. When it has repaired is a pure function of time.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import { Stacks, ROUTE_REFRESH_INTERVAL } from '../../src/sim/stacks.ts';
import type { NetnsEdit } from '../../src/sim/net/edit.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { create, run, settled, TOPOLOGY } from './cluster.ts';

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

const untilRefresh = (): number => ROUTE_REFRESH_INTERVAL - (cluster.now % ROUTE_REFRESH_INTERVAL);

const tunnelRoute = (): Netns['routes'][number] => {
  const route = node().routes.find(({ device, via }) => device === 'vxlan.calico' && via !== undefined);
  if (!route) throw new Error('node1 has no route into the tunnel');
  return route;
};

/** Things of Felix's that a person can take away. */
const takings: readonly (readonly [string, () => NetnsEdit])[] = [
  ['a route', () => ({ kind: 'delete-route', prefix: tunnelRoute().prefix, device: 'vxlan.calico' })],
  [
    'a forwarding entry',
    () => ({ kind: 'delete-fdb', mac: node().fdb[0]?.mac ?? '', device: 'vxlan.calico' }),
  ],
  [
    'a neighbour',
    () => ({
      kind: 'delete-neighbour',
      address: tunnelRoute().via ?? ipv4('0.0.0.0'),
      device: 'vxlan.calico',
    }),
  ],
  ['the tunnel, brought down', () => ({ kind: 'set-link', device: 'vxlan.calico', up: false })],
];

describe('what Felix owns', () => {
  test.each(takings)('%s stays away until the next refresh, and is back with it', (_, edit) => {
    const whole = node();
    expect(cluster.network.edit(NODE, edit())).toEqual({ ok: true });
    const without = node();
    expect(without).not.toEqual(whole);

    cluster.advanceTo(cluster.now + untilRefresh() - 1);
    expect(node()).toEqual(without);
    cluster.advanceTo(cluster.now + 1);
    expect(node()).toEqual(whole);
  });

  test('one long step of time repairs as many short ones do', () => {
    cluster.network.edit(NODE, { kind: 'set-link', device: 'vxlan.calico', up: false });
    const broken = cluster.world;
    const end = cluster.now + ROUTE_REFRESH_INTERVAL;
    cluster.advanceTo(end);
    const atOnce = node();
    const world = { ...broken, cluster: { ...cluster.world.cluster, now: end } };
    expect(new Stacks(TOPOLOGY).netns(world, NODE)).toEqual(atOnce);
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
