/**
 * How a stack routes a packet of its own: the route, the next hop and the source address, or the error that the socket call
 * returns (Linux net/ipv4/route.c ip_route_output_key). Forwarded packets are routed in `forward.ts`.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Ipv4 } from '../../model/ip.ts';
import { cidrOf } from '../../model/ip.ts';
import type { Device } from './netns.ts';
import type { RouteEntry } from './route-table.ts';
import { selectAddress, sourceAddress } from './source-address.ts';
import type { Stack } from './stack.ts';

export interface OutputRoute {
  readonly entry: RouteEntry;
  readonly device: Device;
  /** The address that must answer ARP: the gateway, or the destination itself. */
  readonly nextHop: Ipv4;
  /** Undefined when the stack has no address to speak with (0.0.0.0 on the wire). */
  readonly source: Ipv4 | undefined;
}

/** EINVAL (blackhole), ENETUNREACH (no route), EHOSTUNREACH (unreachable), EACCES (prohibit). */
export type RouteError = 'invalid' | 'net-unreachable' | 'host-unreachable' | 'prohibited';

export interface OutputWish {
  readonly source?: Ipv4;
  /** SO_BINDTODEVICE. */
  readonly device?: string;
}

export function routeOutput(
  stack: Stack,
  destination: Ipv4,
  wish: OutputWish = {},
): Result<OutputRoute, RouteError> {
  const entry =
    wish.device === undefined
      ? stack.routes.lookup(destination, wish.source)
      : boundEntry(stack, destination, wish.device);
  if (!entry) return err('net-unreachable');
  if (!entry.device) return err(ROUTE_ERROR[entry.type] ?? 'invalid');
  const source = wish.source ?? ownSource(stack, entry, destination);
  const device = entry.type === 'local' ? (stack.devices.get('lo') ?? entry.device) : entry.device;
  return ok({ entry, device, nextHop: entry.via ?? destination, source });
}

const ROUTE_ERROR: Readonly<Partial<Record<RouteEntry['type'], RouteError>>> = {
  blackhole: 'invalid',
  unreachable: 'host-unreachable',
  prohibit: 'prohibited',
};

/** A packet to an own address carries that very address as its source. */
function ownSource(stack: Stack, entry: RouteEntry, destination: Ipv4): Ipv4 | undefined {
  return entry.type === 'local' && entry.matched.prefix.length === 32
    ? destination
    : sourceAddress(stack, entry);
}

/** A socket bound to a device uses that device's routes, and without any takes the destination to be on the link. */
function boundEntry(stack: Stack, destination: Ipv4, name: string): RouteEntry | undefined {
  const found = stack.routes.lookupOn(name, destination);
  if (found) return found;
  const device = stack.devices.get(name);
  if (!device?.up) return undefined;
  return {
    matched: { prefix: cidrOf(destination, 32), type: 'unicast', device: name, protocol: 'boot' },
    type: 'unicast',
    device,
    via: undefined,
    source: selectAddress(stack, device, { toward: undefined, scope: 'link' }),
    scope: 'link',
    metric: 0,
    mtu: undefined,
  };
}

/** The largest packet the route takes: its own `mtu`, else the device's. Forwarding uses this. */
export function routeMtu(entry: RouteEntry, device: Device): number {
  return entry.mtu ?? device.mtu;
}

/** The same for own packets, which also heed a path MTU learnt from `Frag needed` (RFC 1191). */
export function pathMtu(
  route: OutputRoute,
  learnt: { readonly mtu: number; readonly expires: number } | undefined,
  now: number,
): number {
  const limit = routeMtu(route.entry, route.device);
  return learnt && learnt.expires > now ? Math.min(learnt.mtu, limit) : limit;
}
