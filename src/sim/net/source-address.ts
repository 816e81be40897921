/**
 * Which address a stack speaks with: the route's `src`, else an address of the outgoing device, else the first suitable
 * address of any device (Linux net/ipv4/devinet.c inet_select_addr, fib_semantics.c fib_info_update_nhc_saddr).
 * This is why hop 1 of a traceroute from a pod is the node's eth0: the pod's veth has no address of its own.
 */
import type { Ipv4 } from '../../model/ip.ts';
import { netmask } from '../../model/ip.ts';
import type { Device, DeviceAddress, Route } from './netns.ts';
import type { RouteEntry } from './route-table.ts';
import type { Stack } from './stack.ts';

type Scope = Route['scope'];

/** rtnetlink scopes: a smaller number reaches further. */
const SCOPE: Readonly<Record<Scope, number>> = { global: 0, link: 253, host: 254 };

/** The source of a packet that this stack sends along `route`; undefined when it has no usable address. */
export function sourceAddress(stack: Stack, route: RouteEntry): Ipv4 | undefined {
  if (route.source !== undefined) return route.source;
  return route.device && selectAddress(stack, route.device, { toward: route.via, scope: route.scope });
}

export interface AddressWish {
  /** An address on the same subnet as this one is preferred. */
  readonly toward: Ipv4 | undefined;
  /** Addresses of a narrower scope than this do not serve. */
  readonly scope: Scope;
}

export function selectAddress(stack: Stack, device: Device, wish: AddressWish): Ipv4 | undefined {
  const own = device.addresses.filter((address) => serves(address, wish.scope));
  const near = own.find((address) => wish.toward === undefined || sameSubnet(address, wish.toward));
  return (near ?? own[0])?.address ?? firstElsewhere(stack, wish.scope);
}

function firstElsewhere(stack: Stack, scope: Scope): Ipv4 | undefined {
  for (const device of stack.netns.devices) {
    const found = device.addresses.find((address) => address.scope !== 'link' && serves(address, scope));
    if (found) return found.address;
  }
  return undefined;
}

const serves = (address: DeviceAddress, scope: Scope): boolean => SCOPE[address.scope] <= SCOPE[scope];

const sameSubnet = ({ address, length }: DeviceAddress, other: Ipv4): boolean =>
  ((address ^ other) & netmask(length)) === 0;
