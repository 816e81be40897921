import { describe, expect, test } from 'vitest';
import { formatIpv6, ipv6 } from '../../model/ipv6.ts';
import { dualStackLab } from '../fabric/dual-stack-lab.ts';
import type { Netns } from './netns.ts';
import { routeOutput } from './output-route.ts';
import { stackOf } from './stack.ts';

// RFC 6724 section 5, as net/ipv6/addrconf.c ipv6_dev_get_saddr has it; `ip -6 route get` of Linux 6.18 said the same.

function node(eth0: readonly string[]): Netns {
  const stack = dualStackLab().stacks.get('node/node1');
  if (!stack?.inet6) throw new RangeError('no node1');
  const addresses = new Map(stack.inet6.addresses);
  const own = eth0.map((text) => ({ address: ipv6(text), length: 64, scope: 'global' as const }));
  return { ...stack, inet6: { ...stack.inet6, addresses: addresses.set('eth0', own) } };
}

function sourceTo(netns: Netns, destination: string, device?: string): string {
  const route = routeOutput(stackOf(netns), ipv6(destination), device === undefined ? {} : { device });
  if (!route.ok) return route.error;
  return route.value.source === undefined ? 'none' : formatIpv6(route.value.source);
}

describe('the source of a packet of IPv6', () => {
  test.each([
    ['its own address speaks to itself', ['fd00:a::11'], 'fd00:a::11', 'fd00:a::11'],
    ['an address of the outgoing device', ['fd00:a::11'], '2001:db8:113::10', 'fd00:a::11'],
    [
      'of those, one with the label of the destination',
      ['fd00:a::11', '2001:db8::11'],
      '2001:db8:113::10',
      '2001:db8::11',
    ],
    [
      'or else the one that has most in common with it',
      ['fd00:b::11', 'fd00:a::11'],
      'fd00:a::1',
      'fd00:a::11',
    ],
    ['the device without one of its own borrows', [], '2001:db8:113::10', 'fd00:10:244:1::40'],
    ['to a pod of the node the block is nearest', ['fd00:a::11'], 'fd00:10:244:1::41', 'fd00:10:244:1::40'],
    ['through the tunnel its own', ['fd00:a::11'], 'fd00:10:244:3::c1', 'fd00:10:244:1::40'],
  ])('%s', (_, eth0, destination, source) => {
    expect(sourceTo(node(eth0), destination)).toBe(source);
  });

  test('a neighbour hears the link-local address of its device', () => {
    expect(sourceTo(node(['fd00:a::11']), 'fe80::1', 'eth0')).toBe('fe80::aff:fe00:b');
    expect(sourceTo(node(['fd00:a::11']), 'fe80::1')).toBe('fe80::aff:fe00:b');
  });

  test("a route's own choice comes first", () => {
    const netns = node(['fd00:a::11']);
    const chosen = netns.inet6?.routes.map((route) => ({ ...route, source: ipv6('fd00:a::5') })) ?? [];
    const preferring = netns.inet6 ? { ...netns, inet6: { ...netns.inet6, routes: chosen } } : netns;
    expect(sourceTo(preferring, '2001:db8:113::10')).toBe('fd00:a::5');
  });
});
