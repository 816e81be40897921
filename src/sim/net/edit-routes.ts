/**
 * Adding and removing routes of the main table as the kernel checks them (Linux net/ipv4/fib_semantics.c fib_check_nh,
 * fib_trie.c): a gateway must be on a link, or be declared so with `onlink`.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Ipv4 } from '../../model/ip.ts';
import { cidrContains, cidrEquals } from '../../model/ip.ts';
import type { AddRoute, DeleteRoute } from './edit.ts';
import type { Device, Netns, Route } from './netns.ts';
import { stackOf } from './stack.ts';

const INVALID_GATEWAY = 'Error: Nexthop has invalid gateway.';

export function addRoute(netns: Netns, { route, replace, append }: AddRoute): Result<Netns, string> {
  const checked = route.type === 'unicast' ? checkNextHop(netns, route) : ok(route);
  if (!checked.ok) return checked;
  if (route.source !== undefined && !stackOf(netns).routes.isLocal(route.source)) {
    return err('Error: Invalid prefsrc address.');
  }
  const place = netns.routes.findIndex((other) => sameKey(other, route));
  if (place < 0 || (append && !netns.routes.some((other) => isTheSame(other, checked.value)))) {
    return ok({ ...netns, routes: [...netns.routes, checked.value] });
  }
  if (!replace) return err('RTNETLINK answers: File exists');
  return ok({ ...netns, routes: netns.routes.with(place, checked.value) });
}

/** Two routes exclude each other when prefix and metric are the same. */
function sameKey(a: Route, b: Route): boolean {
  return cidrEquals(a.prefix, b.prefix) && (a.metric ?? 0) === (b.metric ?? 0);
}

/** Two routes that `append` cannot tell apart. */
const isTheSame = (a: Route, b: Route): boolean =>
  sameKey(a, b) && a.type === b.type && a.via === b.via && a.device === b.device;

/** Every next hop of a multipath route must be on its link. */
function checkHops(netns: Netns, route: Route, hops: NonNullable<Route['hops']>): Result<Route, string> {
  for (const { via, device, onlink } of hops) {
    const { hops: _, ...single } = route;
    const checked = checkNextHop(netns, { ...single, via, device, ...(onlink ? { onlink } : {}) });
    if (!checked.ok) return checked;
  }
  return ok(route);
}

/** The route with its device filled in, or why its next hop cannot be. */
function checkNextHop(netns: Netns, { hops, ...route }: Route): Result<Route, string> {
  if (hops) return checkHops(netns, { ...route, hops }, hops);
  const device = netns.devices.find(({ name }) => name === route.device);
  if (route.via === undefined) {
    if (!device) return err('RTNETLINK answers: No such device');
    return device.up ? ok(route) : err('Error: Device for nexthop is not up.');
  }
  if (route.onlink) return checkOnlink(netns, route, { via: route.via, device });
  const link = linkTowards(netns, route.via, device);
  return link === undefined ? err(INVALID_GATEWAY) : ok({ ...route, device: link });
}

function checkOnlink(
  netns: Netns,
  route: Route,
  { via, device }: { readonly via: Ipv4; readonly device: Device | undefined },
): Result<Route, string> {
  if (!device) return err('Error: Nexthop device required for onlink.');
  if (!device.up) return err('Error: Nexthop device is not up.');
  const { routes } = stackOf(netns);
  return routes.isLocal(via) || routes.isBroadcast(via) ? err(INVALID_GATEWAY) : ok(route);
}

/** The device on whose link the gateway is: of the directly connected routes, the longest that holds it. */
function linkTowards(netns: Netns, via: Ipv4, wanted: Device | undefined): string | undefined {
  const { routes } = stackOf(netns);
  if (routes.isBroadcast(via)) return undefined;
  if (routes.isLocal(via) && wanted === undefined) return 'lo';
  const connected = netns.routes
    .filter(({ type, via: gateway }) => type === 'unicast' && gateway === undefined)
    .filter(({ prefix, device }) => cidrContains(prefix, via) && isUp(netns, device))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const [best] = connected.filter(({ device }) => wanted === undefined || device === wanted.name);
  return best?.device;
}

function isUp(netns: Netns, name: string | undefined): boolean {
  return netns.devices.some((device) => device.name === name && device.up);
}

/** The first of the routes listed that fits; others of the same prefix stay. */
export function deleteRoute(netns: Netns, wanted: DeleteRoute): Result<Netns, string> {
  const { prefix, device, via, metric, type } = wanted;
  const fitting = netns.routes.filter(
    (route) =>
      cidrEquals(route.prefix, prefix) &&
      (device === undefined || route.device === device) &&
      (via === undefined || route.via === via) &&
      (metric === undefined || (route.metric ?? 0) === metric) &&
      (type === undefined || route.type === type),
  );
  const [first] = fitting.sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  if (!first) return err('RTNETLINK answers: No such process');
  return ok({ ...netns, routes: netns.routes.filter((route) => route !== first) });
}
