/**
 * IPv6 addresses, neighbours and devices changed by hand, with what the kernel does to the tables on the way (Linux
 * net/ipv6/addrconf.c, ndisc.c). Unlike in IPv4, a device that goes down loses its addresses (keep_addr_on_down=0), there are no
 * secondary addresses, and the last address takes no routes along but its own. Complaints compared with iproute2 6.1 on Linux 6.18.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Ipv6 } from '../../model/ip.ts';
import { cidrContains6, cidrOf6 } from '../../model/ipv6.ts';
import type { AddAddress, DeleteAddress, FamilyEdit, ProxyNeighbour } from './edit.ts';
import { addRoute6, deleteRoute6 } from './edit-inet6-routes.ts';
import { addNeighbour, deleteNeighbour, MISSING } from './edit-neighbours.ts';
import { addresses6, kernelRoute, LINK_LOCAL, linkLocalOf, MULTICAST, speaksInet6 } from './inet6.ts';
import type { Device, DeviceAddress, Inet6, Netns, Route } from './netns.ts';

export function editInet6(netns: Netns, edit: FamilyEdit<Ipv6>): Result<Netns, string> {
  const { inet6 } = netns;
  const edited = inet6 ? editFamily(netns, inet6, edit) : err(refusal(edit));
  return edited.ok ? ok({ ...netns, inet6: edited.value }) : edited;
}

function editFamily(netns: Netns, inet6: Inet6, edit: FamilyEdit<Ipv6>): Result<Inet6, string> {
  switch (edit.kind) {
    case 'add-route':
      return addRoute6(netns, inet6, edit);
    case 'delete-route':
      return deleteRoute6(inet6, edit);
    case 'add-neighbour': {
      if (!speaksInet6(netns, edit.neighbour.device)) return err(refusal(edit));
      const neighbours = addNeighbour(inet6.neighbours, edit);
      return neighbours.ok ? ok({ ...inet6, neighbours: neighbours.value }) : neighbours;
    }
    case 'delete-neighbour': {
      const neighbours = deleteNeighbour(inet6.neighbours, edit);
      return neighbours.ok ? ok({ ...inet6, neighbours: neighbours.value }) : neighbours;
    }
    case 'proxy-neighbour':
      return proxyNeighbour(inet6, edit);
    case 'add-address':
      return speaksInet6(netns, edit.device) ? addAddress(netns, inet6, edit) : err(refusal(edit));
    case 'delete-address':
      return deleteAddress(netns, inet6, edit);
  }
}

/** Where IPv6 is off. */
function refusal(edit: FamilyEdit<Ipv6>): string {
  switch (edit.kind) {
    case 'add-address':
      return 'Error: ipv6: IPv6 is disabled on this device.';
    case 'add-neighbour':
    case 'proxy-neighbour':
      return 'Error: IPv6 is disabled on this device.';
    case 'add-route':
      return edit.route.via === undefined
        ? 'Error: IPv6 is disabled on nexthop device.'
        : 'RTNETLINK answers: No route to host';
    case 'delete-route':
      return 'RTNETLINK answers: No such process';
    case 'delete-address':
      return ADDRESS_MISSING;
    case 'delete-neighbour':
      return MISSING;
  }
}

const ADDRESS_MISSING = 'Error: ipv6: address not found.';

/** `ip -6 neigh add|del proxy`: the device answers solicitations for somebody else's address (pneigh), with proxy_ndp. */
function proxyNeighbour(inet6: Inet6, { device, address, on }: ProxyNeighbour<Ipv6>): Result<Inet6, string> {
  const before = inet6.proxied?.get(device) ?? [];
  if (!on && !before.includes(address)) return err(MISSING);
  const others = before.filter((each) => each !== address);
  const proxied = new Map(inet6.proxied).set(device, on ? [...others, address] : others);
  return ok({ ...inet6, proxied });
}

function addAddress(
  netns: Netns,
  inet6: Inet6,
  { device: name, address }: AddAddress<Ipv6>,
): Result<Inet6, string> {
  const device = deviceOf(netns, name);
  if (cidrContains6(MULTICAST, address.address))
    return err('Error: ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag.');
  if (addresses6(netns, device).some((known) => known.address === address.address))
    return err('Error: ipv6: address already assigned.');
  if (isGenerated(inet6, device, address.address)) return ok(withLinkLocal(inet6, name));
  const given = inet6.addresses.get(name) ?? [];
  const at = given.findIndex((known) => RANK[known.scope] >= RANK[address.scope]);
  const addresses = given.toSpliced(at < 0 ? given.length : at, 0, address);
  const changed = { ...inet6, addresses: new Map(inet6.addresses).set(name, addresses) };
  return ok(device.up ? withRoutes(changed, connected(device, address)) : changed);
}

/** ipv6_link_dev_addr: those that reach further come first, and of those that reach as far the latest. */
const RANK: Readonly<Record<DeviceAddress['scope'], number>> = { global: 0, link: 1, host: 2 };

/** It is the address that was made from the device's MAC and removed. */
const isGenerated = ({ withoutLinkLocal }: Inet6, { name, mac }: Device, address: Ipv6): boolean =>
  withoutLinkLocal?.has(name) === true && address === linkLocalOf(mac);

/** The route of an address's prefix goes with the last address of it; routes that spoke from it choose another (rt6_remove_prefsrc). */
function deleteAddress(
  netns: Netns,
  inet6: Inet6,
  { device: name, address: removed }: DeleteAddress<Ipv6>,
): Result<Inet6, string> {
  const device = deviceOf(netns, name);
  const isIt = (own: DeviceAddress<Ipv6>): boolean =>
    own.address === removed.address && own.length === removed.length;
  if (!addresses6(netns, device).some(isIt)) return err(ADDRESS_MISSING);
  const given = inet6.addresses.get(name) ?? [];
  const left = given.filter((own) => !isIt(own));
  if (left.length === given.length) return ok(withoutGenerated(inet6, name));
  const prefix = cidrOf6(removed.address, removed.length);
  const isShared = left.some(
    (own) => own.length === removed.length && cidrOf6(own.address, own.length).base === prefix.base,
  );
  const isOwnRoute = (route: Route<Ipv6>): boolean =>
    !isShared && route.device === name && route.protocol === 'kernel' && isPrefix(route, prefix);
  const routes = inet6.routes
    .filter((route) => !isOwnRoute(route))
    .map(({ source, ...route }) =>
      source === undefined || source === removed.address ? route : { ...route, source },
    );
  return ok({ ...inet6, addresses: new Map(inet6.addresses).set(name, left), routes });
}

const isPrefix = ({ prefix }: Route<Ipv6>, other: Route<Ipv6>['prefix']): boolean =>
  prefix.base === other.base && prefix.length === other.length;

const withoutGenerated = (inet6: Inet6, device: string): Inet6 => ({
  ...inet6,
  withoutLinkLocal: new Set(inet6.withoutLinkLocal).add(device),
});

function withLinkLocal(inet6: Inet6, device: string): Inet6 {
  if (!inet6.withoutLinkLocal?.has(device)) return inet6;
  return {
    ...inet6,
    withoutLinkLocal: new Set([...inet6.withoutLinkLocal].filter((name) => name !== device)),
  };
}

/** Of a subnet, or of the address alone; `fe80::/64` is not kept: it comes with the device. */
function connected(device: Device, { address, length }: DeviceAddress<Ipv6>): readonly Route<Ipv6>[] {
  const route = kernelRoute(cidrOf6(address, length), device.name);
  return isPrefix(route, LINK_LOCAL) ? [] : [route];
}

function withRoutes(inet6: Inet6, more: readonly Route<Ipv6>[]): Inet6 {
  const missing = more.filter(
    (route) =>
      !inet6.routes.some(
        (known) =>
          isPrefix(known, route.prefix) && known.device === route.device && known.protocol === 'kernel',
      ),
  );
  return missing.length === 0 ? inet6 : { ...inet6, routes: [...inet6.routes, ...missing] };
}

/** A device that goes down keeps nothing of IPv6; one that comes up has its link-local address again (addrconf_ifdown). */
export function switchInet6(inet6: Inet6, device: Device, up: boolean): Inet6 {
  const { name } = device;
  if (!up) return withoutInet6Device(inet6, name);
  const routes = (inet6.addresses.get(name) ?? []).flatMap((address) => connected(device, address));
  return withLinkLocal(withRoutes(inet6, routes), name);
}

/** Its addresses, neighbours and routes go along. */
export function withoutInet6Device(inet6: Inet6, device: string): Inet6 {
  const addresses = new Map([...inet6.addresses].filter(([name]) => name !== device));
  const proxied = inet6.proxied && new Map([...inet6.proxied].filter(([name]) => name !== device));
  return {
    ...inet6,
    addresses,
    routes: inet6.routes.flatMap((route) => withoutWays(route, device)),
    neighbours: inet6.neighbours.filter((entry) => entry.device !== device),
    ...(proxied ? { proxied } : {}),
  };
}

/** A multipath route keeps its ways through other devices. */
function withoutWays(route: Route<Ipv6>, device: string): readonly Route<Ipv6>[] {
  // Routes that lead nowhere stand on `lo`.
  const own = route.type === 'unicast' ? route.device : 'lo';
  if (!route.hops) return own === device ? [] : [route];
  const hops = route.hops.filter((hop) => hop.device !== device);
  const [first] = hops;
  if (!first || hops.length === route.hops.length) return first ? [route] : [];
  const { hops: _, ...rest } = route;
  return [hops.length === 1 ? { ...rest, ...first } : { ...route, hops }];
}

export function renameInet6Device(inet6: Inet6, old: string, next: string): Inet6 {
  const moved = (name: string): string => (name === old ? next : name);
  const renamed = <T extends { readonly device?: string }>(entry: T): T =>
    entry.device === old ? { ...entry, device: next } : entry;
  const { withoutLinkLocal, proxied } = inet6;
  return {
    ...inet6,
    addresses: new Map([...inet6.addresses].map(([name, own]) => [moved(name), own])),
    routes: inet6.routes.map((route) =>
      route.hops ? { ...route, hops: route.hops.map(renamed) } : renamed(route),
    ),
    neighbours: inet6.neighbours.map(renamed),
    ...(withoutLinkLocal ? { withoutLinkLocal: new Set([...withoutLinkLocal].map(moved)) } : {}),
    ...(proxied ? { proxied: new Map([...proxied].map(([name, all]) => [moved(name), all])) } : {}),
  };
}

function deviceOf(netns: Netns, name: string): Device {
  const device = netns.devices.find((each) => each.name === name);
  if (!device) throw new RangeError(`no device ${name} in ${netns.id}`);
  return device;
}
