/**
 * What an IPv6 stack has of itself beside what is configured (Linux net/ipv6/addrconf.c): `::1` on `lo`, a link-local address
 * on every Ethernet device that is up, and the routes that come with them. Left out: autoconfiguration by router
 * advertisements, duplicate address detection and temporary addresses; tunnels of IPv4 have no IPv6 address of their own.
 */
import type { Cidr, Ip, Ipv6 } from '../../model/ip.ts';
import { cidr6, ipv6, LOOPBACK6 } from '../../model/ipv6.ts';
import type { Mac } from '../../model/mac.ts';
import type { Netfilter } from './netfilter-rules.ts';
import type { Device, DeviceAddress, Inet6, Netns, Route } from './netns.ts';
import { spelt } from './sysctl.ts';

export const NO_NETFILTER6: Netfilter<Ipv6> = { tables: {}, ipsets: new Map() };

/** IPv6 as a stack has it when it is switched on. */
export const FRESH_INET6: Inet6 = {
  addresses: new Map(),
  routes: [],
  neighbours: [],
  netfilter: NO_NETFILTER6,
  forwarding: false,
};

export const LINK_LOCAL: Cidr<Ipv6> = cidr6('fe80::/64');
export const MULTICAST: Cidr<Ipv6> = cidr6('ff00::/8');

/** Priority of the routes that come with addresses, and of those that somebody adds without one (IP6_RT_PRIO_*). */
export const KERNEL_METRIC = 256;
export const USER_METRIC = 1024;

const LINK_LOCAL_PREFIX = ipv6('fe80::').slice(0, 16);

/** fe80::/64 with the interface identifier that a MAC gives (RFC 4291 appendix A, modified EUI-64). */
export function linkLocalOf(mac: Mac): Ipv6 {
  const digits = mac.replaceAll(':', '');
  const first = (Number.parseInt(digits.slice(0, 2), 16) ^ 2).toString(16).padStart(2, '0');
  return `${LINK_LOCAL_PREFIX}${first}${digits.slice(2, 6)}fffe${digits.slice(6)}` as Ipv6;
}

/** IPv6 is on in the stack and nobody switched it off for this device. */
export const speaksInet6 = ({ inet6, sysctls }: Netns, device: string): boolean =>
  inet6 !== undefined && (sysctls === undefined || !isDisabled(sysctls, device));

const isDisabled = (sysctls: ReadonlyMap<string, string>, device: string): boolean =>
  (sysctls.get(`net.ipv6.conf.${spelt(device)}.disable_ipv6`) ?? '0') !== '0';

const LOOPBACK: DeviceAddress<Ipv6> = { address: LOOPBACK6, length: 128, scope: 'host' };

/** All addresses of a device in the kernel's order: those that reach further first, the latest of its kind first. */
export function addresses6(netns: Netns, device: Device): readonly DeviceAddress<Ipv6>[] {
  const { inet6 } = netns;
  if (!inet6 || !speaksInet6(netns, device.name)) return [];
  const given = inet6.addresses.get(device.name) ?? [];
  const own = ownAddress(inet6, device);
  return own && !given.some(({ address }) => address === own.address) ? [...given, own] : given;
}

function ownAddress({ withoutLinkLocal }: Inet6, device: Device): DeviceAddress<Ipv6> | undefined {
  if (!device.up || device.kind.type === 'ipip' || withoutLinkLocal?.has(device.name)) return undefined;
  if (device.kind.type === 'loopback') return LOOPBACK;
  return { address: linkLocalOf(device.mac), length: 64, scope: 'link' };
}

/** The main table: what is configured, and `fe80::/64` of every device with a link-local address. */
export function mainRoutes6(netns: Netns): readonly Route<Ipv6>[] {
  const { inet6 } = netns;
  if (!inet6) return [];
  const onLink = netns.devices.filter(
    (device) => device.kind.type !== 'loopback' && addresses6(netns, device).some(isLinkLocal),
  );
  return [...inet6.routes, ...onLink.map(({ name }) => kernelRoute(LINK_LOCAL, name))];
}

/** Of `fe80::/10`, which is never forwarded and means another neighbour on every device. */
export const isLinkLocalAddress = (address: Ip): boolean =>
  typeof address === 'string' && /^fe[89ab]/.test(address);

export const isLinkLocal = ({ scope }: DeviceAddress<Ipv6>): boolean => scope === 'link';

/** The route to an address's own subnet, or to a multicast group's. */
export const kernelRoute = (prefix: Cidr<Ipv6>, device: string): Route<Ipv6> => ({
  prefix,
  type: 'unicast',
  device,
  protocol: 'kernel',
  scope: 'global',
  metric: KERNEL_METRIC,
});
