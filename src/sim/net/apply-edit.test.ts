import { describe, expect, test } from 'vitest';
import { cidr, ipv4, parseInterfaceAddress } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import { applyEdit } from './apply-edit.ts';
import type { AddAddress, DeleteAddress, NetnsEdit } from './edit.ts';
import { forgetNeighbours } from './memory.ts';
import type { DeviceAddress, Netns, Route } from './netns.ts';

// Complaints and effects: real transcripts of iproute2 6.1 on Linux 6.18, and fact sheet linux.md 4 (a).

const WEB0 = 'pod/default/web-0';

const node1 = (): Netns => new DrivenLab(referenceLab()).stack('node/node1');

function edited(netns: Netns, ...edits: readonly NetnsEdit[]): Netns {
  return edits.reduce((at, edit) => {
    const after = applyEdit(at, edit);
    if (!after.ok) throw new Error(after.error);
    return after.value;
  }, netns);
}

function complaint(netns: Netns, edit: NetnsEdit): string {
  const after = applyEdit(netns, edit);
  return after.ok ? 'ok' : after.error;
}

function address(text: string): DeviceAddress {
  const parsed = parseInterfaceAddress(text);
  if (!parsed) throw new RangeError(text);
  return { ...parsed, scope: 'global' };
}

const route = (prefix: string, more: Partial<Route> = {}): Route => ({
  prefix: cidr(prefix),
  type: 'unicast',
  protocol: 'boot',
  scope: 'global',
  ...more,
});

const add = (added: Route, replace = false): NetnsEdit => ({ kind: 'add-route', route: added, replace });
const linkDown: NetnsEdit = { kind: 'set-link', device: 'vxlan.calico', up: false };
const linkUp: NetnsEdit = { kind: 'set-link', device: 'vxlan.calico', up: true };

describe('ip route', () => {
  test.each<readonly [string, Route, string]>([
    ['a gateway on the link', route('10.1.0.0/16', { via: ipv4('10.0.0.1') }), 'ok'],
    [
      'the same prefix again',
      route('10.244.104.0/26', { via: ipv4('10.0.0.1') }),
      'RTNETLINK answers: File exists',
    ],
    ['with another metric', route('10.244.104.0/26', { via: ipv4('10.0.0.1'), metric: 5 }), 'ok'],
    [
      'a gateway beyond the link',
      route('10.1.0.0/16', { via: ipv4('192.0.2.1') }),
      'Error: Nexthop has invalid gateway.',
    ],
    [
      'a tunnel gateway without onlink',
      route('10.1.0.0/16', { via: ipv4('10.244.135.0'), device: 'vxlan.calico' }),
      'Error: Nexthop has invalid gateway.',
    ],
    [
      'the same with onlink',
      route('10.1.0.0/16', { via: ipv4('10.244.135.0'), device: 'vxlan.calico', onlink: true }),
      'ok',
    ],
    [
      'onlink without a device',
      route('10.1.0.0/16', { via: ipv4('10.0.0.1'), onlink: true }),
      'Error: Nexthop device required for onlink.',
    ],
    [
      'onlink to an own address',
      route('10.1.0.0/16', { via: ipv4('10.0.0.11'), device: 'eth0', onlink: true }),
      'Error: Nexthop has invalid gateway.',
    ],
    [
      'a gateway behind a gateway',
      route('10.1.0.0/16', { via: ipv4('10.244.104.1') }),
      'Error: Nexthop has invalid gateway.',
    ],
    [
      'the broadcast address',
      route('10.1.0.0/16', { via: ipv4('10.0.0.255') }),
      'Error: Nexthop has invalid gateway.',
    ],
    ['an unknown device', route('10.1.0.0/16', { device: 'nope' }), 'Cannot find device "nope"'],
    ['neither gateway nor device', route('10.1.0.0/16'), 'RTNETLINK answers: No such device'],
    [
      'a foreign source',
      route('10.1.0.0/16', { device: 'eth0', source: ipv4('10.9.9.9') }),
      'Error: Invalid prefsrc address.',
    ],
    ['a blackhole', route('10.1.0.0/16', { type: 'blackhole' }), 'ok'],
  ])('add: %s', (_, added, expected) => {
    expect(complaint(node1(), add(added))).toBe(expected);
  });

  test('the gateway names the device', () => {
    const after = edited(node1(), add(route('10.1.0.0/16', { via: ipv4('10.0.0.1') })));
    expect(after.routes.at(-1)).toEqual(route('10.1.0.0/16', { via: ipv4('10.0.0.1'), device: 'eth0' }));
  });

  test('over a device that is down', () => {
    const down = edited(node1(), { kind: 'set-link', device: 'eth0', up: false });
    const over = (more: Partial<Route>): string =>
      complaint(down, add(route('10.9.0.0/16', { device: 'eth0', ...more })));
    expect([
      over({}),
      over({ via: ipv4('10.0.0.1') }),
      over({ via: ipv4('10.0.0.1'), onlink: true }),
    ]).toEqual([
      'Error: Device for nexthop is not up.',
      'Error: Nexthop has invalid gateway.',
      'Error: Nexthop device is not up.',
    ]);
  });

  test('replace takes the place of the old route; del takes the lowest metric first', () => {
    const prefix = cidr('10.244.104.0/26');
    const gateways = (netns: Netns): readonly (number | undefined)[] =>
      netns.routes
        .filter((each) => each.prefix.base === prefix.base && each.prefix.length === 26)
        .map(({ via }) => via);
    const replaced = edited(node1(), add(route('10.244.104.0/26', { via: ipv4('10.0.0.1') }), true));
    expect(gateways(replaced)).toEqual([ipv4('10.0.0.1')]);
    const two = edited(replaced, add(route('10.244.104.0/26', { via: ipv4('10.0.0.3'), metric: 5 })));
    expect(gateways(edited(two, { kind: 'delete-route', prefix }))).toEqual([ipv4('10.0.0.3')]);
    expect(complaint(two, { kind: 'delete-route', prefix, via: ipv4('10.0.0.9') })).toBe(
      'RTNETLINK answers: No such process',
    );
  });
});

describe('ip neigh and bridge fdb', () => {
  const device = 'vxlan.calico';
  const mac = '66:a4:6f:e0:c4:da' as Mac;
  const neighbour = { address: ipv4('10.244.135.0'), device, mac };

  test('complaints', () => {
    expect(complaint(node1(), { kind: 'add-neighbour', neighbour, replace: false })).toBe(
      'RTNETLINK answers: File exists',
    );
    expect(complaint(node1(), { kind: 'add-neighbour', neighbour, replace: true })).toBe('ok');
    expect(complaint(node1(), { kind: 'delete-neighbour', address: ipv4('10.0.0.8'), device })).toBe(
      'RTNETLINK answers: No such file or directory',
    );
    expect(complaint(node1(), { kind: 'delete-neighbour', address: ipv4('10.0.0.8'), device: 'eth9' })).toBe(
      'Cannot find device "eth9"',
    );
    const entry = { mac, device, destination: ipv4('10.0.1.14') };
    expect(complaint(node1(), { kind: 'add-fdb', entry, replace: false, append: false })).toBe(
      'RTNETLINK answers: File exists',
    );
    expect(complaint(node1(), { kind: 'delete-fdb', mac: '66:00:00:00:00:09', device })).toBe(
      'RTNETLINK answers: No such file or directory',
    );
  });

  test('a unicast address keeps one destination: append changes nothing, replace moves it', () => {
    const entry = { mac, device, destination: ipv4('10.0.1.14') };
    const of = (netns: Netns): readonly unknown[] =>
      netns.fdb.filter((each) => each.mac === mac).map(({ destination }) => destination);
    expect(of(edited(node1(), { kind: 'add-fdb', entry, replace: false, append: true }))).toEqual([
      ipv4('10.0.1.13'),
    ]);
    expect(of(edited(node1(), { kind: 'add-fdb', entry, replace: true, append: false }))).toEqual([
      ipv4('10.0.1.14'),
    ]);
  });

  test('del with a destination that is not there succeeds and does nothing', () => {
    const after = edited(node1(), { kind: 'delete-fdb', mac, device, destination: ipv4('10.0.0.99') });
    expect(after.fdb).toEqual(node1().fdb);
    expect(edited(after, { kind: 'delete-fdb', mac, device }).fdb.some((entry) => entry.mac === mac)).toBe(
      false,
    );
  });

  test('learnt neighbours are forgotten apart from the configuration', () => {
    const lab = new DrivenLab(referenceLab());
    lab.ping(WEB0, '10.244.135.1');
    const memory = lab.memory('node/node1');
    expect(memory.neighbours.map(({ address: known }) => known)).toContain(ipv4('10.0.0.1'));
    expect(forgetNeighbours(memory, 'eth0', ipv4('10.0.0.1')).neighbours).not.toContainEqual(
      expect.objectContaining({ address: ipv4('10.0.0.1') }),
    );
  });
});

describe('ip link set vxlan.calico down', () => {
  test('takes its routes and permanent neighbours, leaves the FDB, and up brings nothing back', () => {
    const before = node1();
    const down = edited(before, linkDown);
    expect(down.routes).toEqual(before.routes.filter(({ device }) => device !== 'vxlan.calico'));
    expect(down.neighbours.some(({ device }) => device === 'vxlan.calico')).toBe(false);
    expect(down.fdb).toEqual(before.fdb);
    const up = edited(down, linkUp);
    expect({ routes: up.routes, neighbours: up.neighbours }).toEqual({
      routes: down.routes,
      neighbours: down.neighbours,
    });
  });

  test('cross rack is lost, the rack still works', () => {
    const lab = new DrivenLab(referenceLab()).change('node/node1', (netns) => edited(netns, linkDown));
    expect(['10.244.104.1', '10.244.135.1'].map((to) => pingLine(lab.ping(WEB0, to)))).toEqual([
      '64 bytes from 10.244.104.1: ttl=62',
      'silence',
    ]);
  });

  test('eth0 down and up: only the route of its own address comes back', () => {
    const after = edited(
      node1(),
      { kind: 'set-link', device: 'eth0', up: false },
      { kind: 'set-link', device: 'eth0', up: true },
    );
    expect(after.routes.filter(({ device }) => device === 'eth0')).toEqual([
      {
        prefix: cidr('10.0.0.0/24'),
        type: 'unicast',
        device: 'eth0',
        protocol: 'kernel',
        scope: 'link',
        source: ipv4('10.0.0.11'),
      },
    ]);
  });

  test('MTU bounds', () => {
    const mtu = (value: number): string =>
      complaint(node1(), { kind: 'set-link', device: 'eth0', mtu: value });
    expect([mtu(67), mtu(68), mtu(70_000)]).toEqual([
      'Error: mtu less than device minimum.',
      'ok',
      'Error: mtu greater than device maximum.',
    ]);
  });
});

describe('ip addr', () => {
  const on = (kind: 'add-address' | 'delete-address', text: string): AddAddress | DeleteAddress => ({
    kind,
    device: 'eth0',
    address: address(text),
  });

  test('complaints', () => {
    expect(complaint(node1(), on('add-address', '10.0.0.11/24'))).toBe(
      'Error: ipv4: Address already assigned.',
    );
    expect(complaint(node1(), on('delete-address', '10.0.0.99/24'))).toBe('Error: ipv4: Address not found.');
    expect(complaint(node1(), on('delete-address', '10.0.0.11/32'))).toBe('Error: ipv4: Address not found.');
  });

  test('a new subnet gets its route, a secondary address does not', () => {
    const other = edited(node1(), on('add-address', '192.0.2.5/24'));
    expect(other.routes.at(-1)).toMatchObject({
      prefix: cidr('192.0.2.0/24'),
      protocol: 'kernel',
      source: ipv4('192.0.2.5'),
    });
    expect(edited(node1(), on('add-address', '10.0.0.12/24')).routes).toEqual(node1().routes);
  });

  test('with its last address a device loses every route, secondaries go with their primary', () => {
    const after = edited(node1(), on('add-address', '10.0.0.12/24'), on('delete-address', '10.0.0.11/24'));
    expect(after.devices.find(({ name }) => name === 'eth0')?.addresses).toEqual([]);
    expect(after.routes.some(({ device }) => device === 'eth0')).toBe(false);
  });
});
