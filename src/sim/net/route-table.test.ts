import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cidr, Ipv4 } from '../../model/ip.ts';
import { cidr, cidrContains, cidrOf, ipv4 } from '../../model/ip.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import { NO_NETFILTER } from './netfilter-rules.ts';
import type { Netns, Route } from './netns.ts';
import { inetRoutes, RouteTable } from './route-table.ts';

const device = (name: string, up: boolean): Netns['devices'][number] => ({
  index: 2,
  name,
  kind: { type: 'ether' },
  mac: ZERO_MAC,
  mtu: 1500,
  up,
  addresses: [{ address: ipv4('10.0.0.11'), length: 24, scope: 'global' }],
  proxyArp: false,
});

const stackWith = (routes: readonly Route[]): Netns => ({
  id: 'node/a',
  hostname: 'a',
  devices: [device('eth0', true), { ...device('eth1', false), addresses: [] }],
  routes,
  neighbours: [],
  fdb: [],
  netfilter: NO_NETFILTER,
  ipForward: true,
  listeners: [],
});

const tableOf = (routes: readonly Route[]): RouteTable => new RouteTable(inetRoutes(stackWith(routes)));

// Few distinct bits, so that prefixes nest and collide.
const address: fc.Arbitrary<Ipv4> = fc
  .tuple(
    fc.constantFrom(10, 172),
    fc.constantFrom(0, 1),
    fc.constantFrom(0, 128),
    fc.integer({ min: 0, max: 255 }),
  )
  .map(([a, b, c, d]) => (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) as Ipv4);

const route: fc.Arbitrary<Route> = fc
  .record({
    at: address,
    length: fc.integer({ min: 0, max: 32 }),
    metric: fc.integer({ min: 0, max: 2 }),
    type: fc.constantFrom('unicast' as const, 'blackhole' as const),
    over: fc.constantFrom('eth0', 'eth1'),
  })
  .map(({ at, length, metric, type, over }) => ({
    prefix: cidrOf(at, length),
    type,
    protocol: 'static' as const,
    scope: 'global' as const,
    metric,
    ...(type === 'unicast' ? { device: over } : {}),
  }));

/** The definition, without any cleverness. */
function linear(routes: readonly Route[], to: Ipv4): Cidr | undefined {
  const usable = routes.filter((each) => cidrContains(each.prefix, to) && each.device !== 'eth1');
  const longest = Math.max(...usable.map(({ prefix }) => prefix.length));
  return usable.find(({ prefix }) => prefix.length === longest)?.prefix;
}

describe('longest prefix match', () => {
  test('agrees with a linear scan; routes over a dead device never match', () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 30 }), address, (routes, to) => {
        fc.pre(to !== ipv4('10.0.0.11') && to !== ipv4('10.0.0.255'));
        expect(tableOf(routes).lookup(to)?.matched.prefix).toEqual(linear(routes, to));
      }),
    );
  });

  test('of equal prefixes the lowest metric wins, whatever the order', () => {
    const via = (gateway: string, metric: number): Route => ({
      prefix: cidr('10.9.0.0/16'),
      type: 'unicast',
      via: ipv4(gateway),
      device: 'eth0',
      protocol: 'boot',
      scope: 'global',
      metric,
    });
    const table = tableOf([via('10.0.0.1', 5), via('10.0.0.2', 3)]);
    expect(table.lookup(ipv4('10.9.1.1'))?.via).toBe(ipv4('10.0.0.2'));
  });

  test('the local table comes first: own and broadcast addresses are never routed away', () => {
    const away: Route = {
      prefix: cidr('10.0.0.11/32'),
      type: 'blackhole',
      protocol: 'boot',
      scope: 'global',
    };
    const table = tableOf([away]);
    expect(table.lookup(ipv4('10.0.0.11'))?.type).toBe('local');
    expect(table.lookup(ipv4('10.0.0.255'))?.type).toBe('broadcast');
    expect(table.lookup(ipv4('10.0.0.12'))).toBeUndefined();
  });
});
