/**
 * How a stack routes a packet of its own: the route, the next hop and the source address, or the error that the socket call
 * returns (Linux net/ipv4/route.c ip_route_output_key, net/ipv6/route.c ip6_route_output). Forwarded packets are routed in `forward.ts`.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { addressBits, isIpv4 } from '../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../model/ip.ts';
import type { Device } from './netns.ts';
import type { RouteEntry } from './route-table.ts';
import { isLinkLocalAddress } from './inet6.ts';
import { sourceAddress, speakFrom } from './source-address.ts';
import type { Stack } from './stack.ts';
import { tablesFor } from './stack.ts';

export interface OutputRoute<Address extends Ip = Ipv4> {
  readonly entry: RouteEntry<Address>;
  readonly device: Device;
  /** The address whose MAC is wanted: the gateway, or the destination itself. */
  readonly nextHop: Address;
  /** Undefined when the stack has no address to speak with (0.0.0.0 on the wire). */
  readonly source: Address | undefined;
}

/** EINVAL (blackhole, or a connection to a link-local address without a device), ENETUNREACH (no route), EHOSTUNREACH (unreachable), EACCES (prohibit). */
export type RouteError = 'invalid' | 'net-unreachable' | 'host-unreachable' | 'prohibited';

export interface OutputWish<Address extends Ip = Ipv4> {
  readonly source?: Address;
  /** SO_BINDTODEVICE. */
  readonly device?: string;
}

export function routeOutput<Address extends Ip>(
  stack: Stack,
  destination: Address,
  wish: OutputWish<Address> = {},
): Result<OutputRoute<Address>, RouteError> {
  const entry =
    wish.device === undefined
      ? tablesFor(stack, destination).routes.lookup(destination, wish.source)
      : boundEntry(stack, destination, wish.device);
  if (!entry) return err('net-unreachable');
  if (!entry.device) return err(ROUTE_ERROR[entry.type] ?? 'invalid');
  const source = wish.source ?? ownSource(stack, entry, destination);
  const device = entry.type === 'local' ? (stack.devices.get('lo') ?? entry.device) : entry.device;
  return ok({ entry, device, nextHop: entry.via ?? destination, source });
}

/** The same for a socket that is connected: to a link-local address only one that is bound to a device can be. */
export const routeConnected = <Address extends Ip>(
  stack: Stack,
  destination: Address,
): Result<OutputRoute<Address>, RouteError> =>
  isLinkLocalAddress(destination) ? err('invalid') : routeOutput(stack, destination);

const ROUTE_ERROR: Readonly<Partial<Record<RouteEntry['type'], RouteError>>> = {
  blackhole: 'invalid',
  unreachable: 'host-unreachable',
  prohibit: 'prohibited',
};

/** A packet to an own address carries that very address as its source. */
function ownSource<Address extends Ip>(
  stack: Stack,
  entry: RouteEntry<Address>,
  destination: Address,
): Address | undefined {
  return entry.type === 'local' && entry.matched.prefix.length === addressBits(destination)
    ? destination
    : sourceAddress(stack, entry, destination);
}

/** A socket bound to a device uses that device's routes, and in IPv4 without any takes the destination to be on the link. */
function boundEntry<Address extends Ip>(
  stack: Stack,
  destination: Address,
  name: string,
): RouteEntry<Address> | undefined {
  const found = tablesFor(stack, destination).routes.lookupOn(name, destination);
  if (found) return found;
  const device = stack.devices.get(name);
  if (!device?.up || !isIpv4(destination)) return undefined;
  return {
    matched: {
      prefix: { base: destination, length: addressBits(destination) },
      type: 'unicast',
      device: name,
      protocol: 'boot',
    },
    type: 'unicast',
    device,
    via: undefined,
    source: speakFrom<Address>(stack, device, { destination, toward: undefined, scope: 'link' }),
    scope: 'link',
    metric: 0,
    mtu: undefined,
  };
}

/** The largest packet the route takes: its own `mtu`, else the device's. Forwarding uses this. */
export function routeMtu({ mtu }: Pick<RouteEntry, 'mtu'>, device: Device): number {
  return mtu ?? device.mtu;
}

/** The same for own packets, which also heed a path MTU learnt from `Frag needed` (RFC 1191) or Packet Too Big (RFC 8201). */
export function pathMtu(
  route: { readonly entry: Pick<RouteEntry, 'mtu'>; readonly device: Device },
  learnt: { readonly mtu: number; readonly expires: number } | undefined,
  now: number,
): number {
  const limit = routeMtu(route.entry, route.device);
  return learnt && learnt.expires > now ? Math.min(learnt.mtu, limit) : limit;
}
