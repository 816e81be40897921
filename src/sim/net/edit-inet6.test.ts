import { describe, expect, test } from 'vitest';
import { cidr6, ipv6, parseInterfaceAddress6 } from '../../model/ipv6.ts';
import type { Mac } from '../../model/mac.ts';
import { netnsEdit } from '../snapshot-edits.ts';
import { applyEdit } from './apply-edit.ts';
import type { NetnsEdit } from './edit.ts';
import { addresses6, FRESH_INET6, kernelRoute, mainRoutes6 } from './inet6.ts';
import { newNetns } from './named-netns.ts';
import type { Device, Netns } from './netns.ts';

const ETH0: Device = {
  index: 2,
  name: 'eth0',
  kind: { type: 'veth' },
  mac: '02:00:0a:00:00:0b' as Mac,
  mtu: 1500,
  up: true,
  addresses: [],
  proxyArp: false,
};

const BARE = newNetns('host/a', { hostname: 'a' } as Netns, false);
const STACK: Netns = { ...BARE, devices: [...BARE.devices, ETH0], inet6: FRESH_INET6 };

const address = (text: string) => {
  const own = parseInterfaceAddress6(text);
  if (!own) throw new RangeError(text);
  return { ...own, scope: 'global' } as const;
};

/** The stack after all edits; the first refusal throws. Every edit also fits a snapshot. */
function after(stack: Netns, ...edits: readonly NetnsEdit[]): Netns {
  return edits.reduce((at, edit) => {
    expect(netnsEdit(edit)).toBe(true);
    const edited = applyEdit(at, edit);
    if (!edited.ok) throw new Error(edited.error);
    return edited.value;
  }, stack);
}

const added = (text: string): NetnsEdit => ({ kind: 'add-address', device: 'eth0', address: address(text) });
const up = (value: boolean): NetnsEdit => ({ kind: 'set-link', device: 'eth0', up: value });
const own = (stack: Netns): readonly string[] =>
  stack.devices.flatMap((device) => addresses6(stack, device).map((each) => each.address));
const via = (prefix: string, gateway: string): NetnsEdit => ({
  kind: 'add-route',
  replace: false,
  route: { prefix: cidr6(prefix), type: 'unicast', via: ipv6(gateway), protocol: 'boot', scope: 'global' },
});

describe('addresses (provenance: Linux 6.18, iproute2 6.1)', () => {
  test('the latest comes first, the link-local one last, and its route with it', () => {
    const stack = after(STACK, added('fd00:a::11/64'), added('fd00:a::12/64'));
    expect(own(stack)).toEqual([ipv6('fd00:a::12'), ipv6('fd00:a::11'), ipv6('fe80::aff:fe00:b')]);
    expect(mainRoutes6(stack)).toEqual([
      kernelRoute(cidr6('fd00:a::/64'), 'eth0'),
      kernelRoute(cidr6('fe80::/64'), 'eth0'),
    ]);
  });

  test('the route of a prefix goes with its last address, others stay and lose their source', () => {
    const both = after(
      STACK,
      added('fd00:a::11/64'),
      added('fd00:a::12/64'),
      via('fd00:d::/64', 'fd00:a::1'),
    );
    const deleted = (text: string): NetnsEdit => ({
      kind: 'delete-address',
      device: 'eth0',
      address: address(text),
    });
    const one = after(both, deleted('fd00:a::12/64'));
    expect(one.inet6?.routes).toHaveLength(2);
    expect(after(one, deleted('fd00:a::11/64')).inet6?.routes.map(({ prefix }) => prefix)).toEqual([
      cidr6('fd00:d::/64'),
    ]);
  });

  test('a device that goes down keeps nothing, and comes up with its link-local address alone', () => {
    const down = after(STACK, added('fd00:a::11/64'), up(false));
    expect(own(down)).toEqual([]);
    expect(own(after(down, up(true)))).toEqual([ipv6('fe80::aff:fe00:b')]);
  });

  test('a link-local address that was removed is back when the device comes up', () => {
    const local = { address: ipv6('fe80::aff:fe00:b'), length: 64, scope: 'link' } as const;
    const without = after(STACK, { kind: 'delete-address', device: 'eth0', address: local });
    expect(own(without)).toEqual([]);
    expect(mainRoutes6(without)).toEqual([]);
    expect(own(after(without, up(false), up(true)))).toEqual([local.address]);
  });
});

describe('settings', () => {
  const set = (key: string, value: string): NetnsEdit => ({ kind: 'set-sysctl', key, value });

  test('disable_ipv6 takes addresses and routes away, of one device or of all', () => {
    for (const name of ['eth0', 'all']) {
      const key = `net.ipv6.conf.${name}.disable_ipv6`;
      const off = after(STACK, added('fd00:a::11/64'), set(key, '1'));
      expect(own(off)).toEqual([]);
      expect(mainRoutes6(off)).toEqual([]);
      expect(applyEdit(off, added('fd00:a::11/64'))).toEqual({
        ok: false,
        error: 'Error: ipv6: IPv6 is disabled on this device.',
      });
      expect(own(after(off, set(key, '0')))).toEqual([ipv6('fe80::aff:fe00:b')]);
    }
  });

  test('forwarding is one switch, and IPv4 alone has no settings of IPv6', () => {
    expect(after(STACK, set('net.ipv6.conf.all.forwarding', '1')).inet6?.forwarding).toBe(true);
    const { inet6: _, ...inet } = STACK;
    expect(applyEdit(inet, set('net.ipv6.conf.all.forwarding', '1')).ok).toBe(false);
  });
});

test('rules and sets of each family are apart, and names of sets are shared', () => {
  const stack = after(
    STACK,
    {
      kind: 'netfilter',
      family: 6,
      table: 'filter',
      change: { op: 'policy', chain: 'INPUT', policy: 'DROP' },
    },
    { kind: 'ipset', set: 's', change: { op: 'create', type: 'hash:net', family: 6 } },
    { kind: 'ipset', set: 's', change: { op: 'add', member: cidr6('fd00::/8') } },
  );
  expect(stack.netfilter).toBe(STACK.netfilter);
  expect(stack.inet6?.netfilter.tables.filter).toEqual([{ name: 'INPUT', policy: 'DROP', rules: [] }]);
  expect(stack.inet6?.netfilter.ipsets.get('s')?.members).toEqual([cidr6('fd00::/8')]);
  expect(applyEdit(stack, { kind: 'ipset', set: 's', change: { op: 'create', type: 'hash:net' } }).ok).toBe(
    false,
  );
});

test('a device that is renamed or removed takes its part of IPv6 along', () => {
  const stack = after(STACK, added('fd00:a::11/64'), via('::/0', 'fd00:a::1'), up(true));
  const renamed = after(stack, { kind: 'set-link', device: 'eth0', name: 'wan' });
  expect(mainRoutes6(renamed).map(({ device }) => device)).toEqual(['wan', 'wan', 'wan']);
  expect(own(renamed)).toEqual(own(stack));
  const gone = after(renamed, { kind: 'remove-device', device: 'wan', index: 2 });
  expect([own(gone), mainRoutes6(gone)]).toEqual([[], []]);
});
