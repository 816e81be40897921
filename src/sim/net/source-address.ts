/**
 * Which address a stack speaks with: the route's `src`, else what the family's rules choose. In IPv4 that is an address of the
 * outgoing device, else the first suitable address of any device (Linux net/ipv4/devinet.c inet_select_addr, fib_semantics.c
 * fib_info_update_nhc_saddr): hop 1 of a traceroute from a pod is the node's eth0, for the pod's veth has no address of its own.
 * In IPv6 all addresses of the stack compete for the destination (RFC 6724 section 5; net/ipv6/addrconf.c ipv6_dev_get_saddr).
 * Left out: deprecated, temporary and home addresses.
 */
import { isIpv4 } from '../../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import { netmask } from '../../model/ip.ts';
import { cidr6, cidrContains6, masked6 } from '../../model/ipv6.ts';
import { addresses6, isLinkLocalAddress } from './inet6.ts';
import type { Device, DeviceAddress, Route } from './netns.ts';
import type { RouteEntry } from './route-table.ts';
import type { Stack } from './stack.ts';

type Scope = Route['scope'];

/** rtnetlink scopes: a smaller number reaches further. */
const SCOPE: Readonly<Record<Scope, number>> = { global: 0, link: 253, host: 254 };

/** The source of a packet that this stack sends to `destination` along `route`; undefined when it has no usable address. */
export function sourceAddress<Address extends Ip>(
  stack: Stack,
  route: RouteEntry<Address>,
  destination: Address,
): Address | undefined {
  if (route.source !== undefined) return route.source;
  if (!route.device) return undefined;
  const { via: toward, scope } = route;
  return speakFrom(stack, route.device, { destination, toward, scope });
}

export interface SourceWish<Address extends Ip> {
  readonly destination: Address;
  /** IPv4: an address on the same subnet as this one is preferred. */
  readonly toward: Address | undefined;
  /** IPv4: addresses of a narrower scope than this do not serve. */
  readonly scope: Scope;
}

/** The address of the destination's family that fits best for packets that leave by the device. */
export function speakFrom<Address extends Ip>(
  stack: Stack,
  device: Device,
  { destination, toward, scope }: SourceWish<Address>,
): Address | undefined {
  const chosen: Ip | undefined = isIpv4(destination)
    ? selectAddress(stack, device, { toward, scope })
    : selectAddress6(stack, device, destination as Ipv6);
  // The compiler does not follow from the destination to the source of its family.
  return chosen as Address | undefined;
}

export interface AddressWish {
  /** An address on the same subnet as this one is preferred. */
  readonly toward: Ip | undefined;
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

const sameSubnet = ({ address, length }: DeviceAddress, other: Ip): boolean =>
  typeof other === 'number' && ((address ^ other) & netmask(length)) === 0;

interface Candidate extends DeviceAddress<Ipv6> {
  readonly isOutgoing: boolean;
}

/** Undefined where IPv6 is off. To a neighbour only addresses of the device speak. */
export function selectAddress6(stack: Stack, out: Device, destination: Ipv6): Ipv6 | undefined {
  const stays = destination.startsWith('ff') || isLinkLocalAddress(destination);
  const devices = stays ? [out] : stack.netns.devices.filter(({ up }) => up);
  const candidates = devices.flatMap((device) =>
    addresses6(stack.netns, device).map((own): Candidate => ({ ...own, isOutgoing: device === out })),
  );
  // What is equal by every rule stays in the order of devices and addresses.
  return candidates.reduce<Candidate | undefined>(
    (best, each) => (best && compare(each, best, destination) <= 0 ? best : each),
    undefined,
  )?.address;
}

/** Positive where `a` is the better source, by the first rule that tells them apart. */
function compare(a: Candidate, b: Candidate, destination: Ipv6): number {
  return (
    prefer(a.address === destination, b.address === destination) ||
    byScope(reach(a.address), reach(b.address), reach(destination)) ||
    prefer(a.isOutgoing, b.isOutgoing) ||
    prefer(sameLabel(a.address, destination), sameLabel(b.address, destination)) ||
    commonBits(a, destination) - commonBits(b, destination)
  );
}

const prefer = (a: boolean, b: boolean): number => Number(a) - Number(b);

/** Rule 2: the narrowest scope that reaches as far as the destination, or else the widest. */
function byScope(a: number, b: number, wanted: number): number {
  if (a === b) return 0;
  if (a < b) return a < wanted ? -1 : 1;
  return b < wanted ? 1 : -1;
}

/** Link-local and loopback addresses, then all others. */
const reach = (address: Ipv6): number =>
  isLinkLocalAddress(address) || address === LOOPBACK || address.startsWith('ff02') ? 2 : 14;

const LOOPBACK: Ipv6 = cidr6('::1/128').base;

/** The kernel's table of labels (net/ipv6/addrlabel.c), the longest prefixes first. */
const LABELS: readonly (readonly [Cidr<Ipv6>, number])[] = [
  [cidr6('::1/128'), 0],
  [cidr6('::ffff:0:0/96'), 4],
  [cidr6('::/96'), 3],
  [cidr6('2001::/32'), 6],
  [cidr6('2001:10::/28'), 7],
  [cidr6('2002::/16'), 2],
  [cidr6('fec0::/10'), 11],
  [cidr6('fc00::/7'), 5],
];
const ANY_LABEL = 1;

const labelOf = (address: Ipv6): number =>
  LABELS.find(([prefix]) => cidrContains6(prefix, address))?.[1] ?? ANY_LABEL;

const sameLabel = (a: Ipv6, b: Ipv6): boolean => labelOf(a) === labelOf(b);

/** Rule 8, not beyond the prefix of the address itself. */
function commonBits({ address, length }: Candidate, other: Ipv6): number {
  let common = 0;
  while (common < length && masked6(address, common + 1) === masked6(other, common + 1)) common += 1;
  return common;
}
