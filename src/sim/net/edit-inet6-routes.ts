/**
 * Adding and removing IPv6 routes of the main table as the kernel checks them (Linux net/ipv6/route.c ip6_route_check_nh,
 * ip6_fib.c fib6_add_rt2node). Unlike in IPv4, host bits are cut off, a route without a metric has 1024, and routes of the same
 * prefix and metric with gateways are siblings: ways of one multipath route.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Cidr, Ipv6 } from '../../model/ip.ts';
import { cidrContains6, cidrOf6 } from '../../model/ipv6.ts';
import type { AddRoute, DeleteRoute } from './edit.ts';
import { addresses6, LINK_LOCAL, mainRoutes6, MULTICAST, speaksInet6, USER_METRIC } from './inet6.ts';
import type { Device, Inet6, Netns, Route, RouteHop } from './netns.ts';

type Route6 = Route<Ipv6>;

const EXISTS = 'RTNETLINK answers: File exists';
const NO_WAY = 'RTNETLINK answers: No route to host';
const DISABLED = 'Error: IPv6 is disabled on nexthop device.';

export function addRoute6(netns: Netns, inet6: Inet6, edit: AddRoute<Ipv6>): Result<Inet6, string> {
  const { replace, append } = edit;
  const checked = checkedRoute(netns, edit.route);
  if (!checked.ok) return checked;
  const route = checked.value;
  const place = inet6.routes.findIndex((other) => sameKey(other, route));
  const known = inet6.routes[place];
  if (!known) return ok({ ...inet6, routes: [...inet6.routes, route] });
  if (replace) return ok({ ...inet6, routes: inet6.routes.with(place, route) });
  return append ? appended(inet6, route) : err(EXISTS);
}

const sameKey = (a: Route6, b: Route6): boolean =>
  samePrefix(a.prefix, b.prefix) && metricOf(a) === metricOf(b);

const samePrefix = (a: Cidr<Ipv6>, b: Cidr<Ipv6>): boolean => a.base === b.base && a.length === b.length;

export const metricOf = ({ metric = USER_METRIC }: Route6): number => metric;

/** The ways of a route through gateways. */
const hopsOf = ({ hops, via, device, onlink }: Route6): readonly RouteHop<Ipv6>[] =>
  hops ?? (via === undefined || device === undefined ? [] : [{ via, device, ...(onlink ? { onlink } : {}) }]);

/** A way more for a sibling, or a route by itself; one that is there already cannot come twice. */
function appended(inet6: Inet6, route: Route6): Result<Inet6, string> {
  const same = inet6.routes.filter((other) => sameKey(other, route));
  const ways = hopsOf(route);
  const isKnown = (other: Route6): boolean => {
    const theirs = hopsOf(other);
    if (ways.length === 0) return theirs.length === 0 && other.device === route.device;
    return ways.some((way) => theirs.some((hop) => hop.via === way.via && hop.device === way.device));
  };
  if (same.some(isKnown)) return err(EXISTS);
  const sibling = ways.length === 0 ? undefined : same.find((other) => hopsOf(other).length > 0);
  if (!sibling) return ok({ ...inet6, routes: [...inet6.routes, route] });
  const merged = withHops(sibling, [...hopsOf(sibling), ...ways]);
  return ok({ ...inet6, routes: inet6.routes.map((each) => (each === sibling ? merged : each)) });
}

/** One way is written as a plain route. */
function withHops(
  { hops: _, via: __, device: ___, onlink: ____, ...route }: Route6,
  hops: readonly RouteHop<Ipv6>[],
): Route6 {
  const [only, ...more] = hops;
  return only && more.length === 0 ? { ...route, ...only } : { ...route, hops };
}

/** The route as the kernel keeps it, or why it cannot be. */
function checkedRoute(netns: Netns, given: Route6): Result<Route6, string> {
  const route: Route6 = {
    ...given,
    prefix: cidrOf6(given.prefix.base, given.prefix.length),
    metric: given.metric ?? USER_METRIC,
  };
  if (route.source !== undefined && !isOwn(netns, route.source)) return err('Error: Invalid source address.');
  if (route.type !== 'unicast') return ok({ ...route, device: 'lo' });
  if (route.hops) return checkedHops(netns, route, route.hops);
  return route.via === undefined ? checkedDevice(netns, route) : checkedGateway(netns, route, route.via);
}

function checkedDevice(netns: Netns, route: Route6): Result<Route6, string> {
  const device = netns.devices.find(({ name }) => name === route.device);
  if (!device) return err('RTNETLINK answers: No such device');
  const closed = closedReason(netns, device);
  return closed === undefined ? ok(route) : err(closed);
}

/** Why no route may leave by the device; undefined when it may. */
function closedReason(netns: Netns, { name, up }: Device): string | undefined {
  if (!speaksInet6(netns, name)) return DISABLED;
  return up ? undefined : 'RTNETLINK answers: Network is down';
}

function checkedHops(
  netns: Netns,
  { hops: _, ...route }: Route6,
  ways: readonly RouteHop<Ipv6>[],
): Result<Route6, string> {
  const hops: RouteHop<Ipv6>[] = [];
  for (const way of ways) {
    const checked = checkedGateway(netns, { ...route, ...way }, way.via);
    if (!checked.ok) return checked;
    hops.push(...hopsOf(checked.value));
  }
  return ok(withHops(route, hops));
}

/** A gateway is a neighbour: link-local with its device, or on the link of one. */
function checkedGateway(netns: Netns, route: Route6, via: Ipv6): Result<Route6, string> {
  const device = netns.devices.find(({ name }) => name === route.device);
  if (cidrContains6(MULTICAST, via)) return err('Error: Invalid gateway address.');
  if (isOwn(netns, via)) return err('Error: Gateway can not be a local address.');
  const closed = device && closedReason(netns, device);
  if (closed !== undefined) return err(closed);
  if (cidrContains6(LINK_LOCAL, via)) return device ? ok(route) : err('Error: Egress device not specified.');
  if (route.onlink) return device ? ok(route) : err('Error: Nexthop device required for onlink.');
  const link = linkTowards(netns, via, device?.name);
  return link === undefined ? err(NO_WAY) : ok({ ...route, device: link });
}

const isOwn = (netns: Netns, address: Ipv6): boolean =>
  netns.devices.some((device) => addresses6(netns, device).some((own) => own.address === address));

/** The device on whose link the gateway is: of the routes without a gateway, the longest that holds it. */
function linkTowards(netns: Netns, via: Ipv6, wanted: string | undefined): string | undefined {
  const [best] = mainRoutes6(netns)
    .filter((route) => route.type === 'unicast' && hopsOf(route).length === 0)
    .filter(({ prefix }) => prefix.length > 0 && cidrContains6(prefix, via))
    .filter(({ device }) => wanted === undefined || device === wanted)
    .sort((a, b) => b.prefix.length - a.prefix.length || metricOf(a) - metricOf(b));
  return best?.device;
}

/** The first that fits by metric, with all its ways; with `via`, that way alone. */
export function deleteRoute6(inet6: Inet6, wanted: DeleteRoute<Ipv6>): Result<Inet6, string> {
  const { prefix, device, via, metric, type } = wanted;
  const isWay = (hop: RouteHop<Ipv6>): boolean =>
    (via === undefined || hop.via === via) && (device === undefined || hop.device === device);
  const fitting = inet6.routes.filter((route) => {
    const ways = hopsOf(route);
    return (
      samePrefix(route.prefix, cidrOf6(prefix.base, prefix.length)) &&
      (metric === undefined || metricOf(route) === metric) &&
      (type === undefined || route.type === type) &&
      (ways.length > 0
        ? ways.some(isWay)
        : via === undefined && (device === undefined || route.device === device))
    );
  });
  const [first] = fitting.sort((a, b) => metricOf(a) - metricOf(b));
  if (!first) return err('RTNETLINK answers: No such process');
  const chosen = via !== undefined || device !== undefined;
  const left = chosen ? hopsOf(first).filter((hop) => !isWay(hop)) : [];
  const others = inet6.routes.filter((route) => route !== first);
  if (left.length === 0) return ok({ ...inet6, routes: others });
  const kept = withHops(first, left);
  return ok({ ...inet6, routes: inet6.routes.map((route) => (route === first ? kept : route)) });
}
