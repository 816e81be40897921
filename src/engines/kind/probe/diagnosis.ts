/**
 * Why a packet went no further, from where it was seen last and what the kernel there says about it. Sightings tell the
 * place, tables only the reason. Dispositions and words are those of the simulated walk (`sim/net/forward.ts`).
 */
import type { Disposition, NetnsId } from '../../../model/trace.ts';
import type { KernelTables, Link } from './kernel-tables.ts';
import type { Sighting } from './sighting.ts';

export interface Ending {
  readonly at: NetnsId;
  readonly disposition: Exclude<Disposition, 'delivered'>;
  readonly reason: string;
}

/** Where a packet was lost, before the kernel there has been asked. */
export interface Loss {
  readonly at: NetnsId;
  /** Its last sighting; absent when it never left its sender. */
  readonly last: Sighting | undefined;
  /** What it was when it was lost, or as it was to be sent. */
  readonly source: string;
  readonly destination: string;
  readonly bytes: number;
}

/** Frames for other machines, which a switch flooded, tell nothing. */
export function lastSighting(sightings: readonly Sighting[], way: 'there' | 'back'): Sighting | undefined {
  return sightings
    .filter((sighting) => sighting.way === way && !sighting.foreign)
    .toSorted((a, b) => a.time - b.time)
    .at(-1);
}

/** Undefined when nothing in the tables explains it: a rule of netfilter does then, or what is beyond the cable. */
export function explain(loss: Loss, tables: KernelTables): Ending | undefined {
  const { last } = loss;
  const device = last && tables.links.find(({ index }) => index === last.device);
  if (last?.direction === 'out' && device) return afterDevice(loss, tables, device);
  return beforeDevice(loss, tables);
}

const ends = ({ at }: Loss, disposition: Ending['disposition'], reason: string): Ending => ({
  at,
  disposition,
  reason,
});

/** It came in, or was to be sent, and no device has it. */
function beforeDevice(loss: Loss, tables: KernelTables): Ending | undefined {
  const { route } = tables;
  const arrived = loss.last !== undefined;
  if (arrived && !tables.forwards && !(route.ok && route.local))
    return ends(loss, 'refused', 'the host does not forward (ip_forward=0)');
  if (!route.ok) return unrouted(loss, tables, route.says);
  return route.local ? undefined : unsent(loss, tables, route);
}

/** A route leads on, and the packet did not take it. */
function unsent(
  loss: Loss,
  tables: KernelTables,
  route: Extract<KernelTables['route'], { readonly ok: true }>,
): Ending | undefined {
  const out = tables.links.find(({ name }) => name === route.device);
  if (out && !isAlive(out)) return ends(loss, 'link-down', `${out.name} is down`);
  const mtu = Math.min(route.mtu ?? Infinity, out?.mtu ?? Infinity);
  if (loss.bytes > mtu)
    return ends(loss, 'too-big', `${loss.bytes} bytes with Don't Fragment do not fit the MTU of ${mtu}`);
  return unanswered(loss, tables, { device: route.device, address: route.via ?? loss.destination });
}

const isAlive = ({ up, carrier }: Link): boolean => up && carrier;

/** The kernel's errors (net/ipv4/fib_semantics.c fib_props, net/ipv4/fib_frontend.c). */
function unrouted(loss: Loss, { matched }: KernelTables, says: string): Ending | undefined {
  if (says.includes('Network is unreachable')) return ends(loss, 'no-route', 'no route to the destination');
  if (says.includes('No route to host')) return ends(loss, 'no-route', 'the route says unreachable');
  if (says.includes('Permission denied')) return ends(loss, 'no-route', 'the route says prohibit');
  if (says.includes('Invalid cross-device link'))
    return ends(loss, 'refused', 'the way back to its source leads elsewhere (rp_filter)');
  if (says.includes('Invalid argument'))
    return matched?.type === 'blackhole'
      ? ends(loss, 'blackhole', 'the route is a blackhole')
      : ends(loss, 'refused', 'the kernel takes its source for a martian');
  return undefined;
}

/** A next hop that was asked for and does not answer. */
function unanswered(
  loss: Loss,
  { neighbours }: KernelTables,
  next: { readonly device: string; readonly address: string },
): Ending | undefined {
  const entry = neighbours.find(({ device, address }) => device === next.device && address === next.address);
  if (entry?.state !== 'FAILED' && entry?.state !== 'INCOMPLETE') return undefined;
  const question = next.address.includes(':') ? 'neighbour solicitations' : 'ARP';
  const reason = `nobody on ${next.device} answers ${question} for the next hop`;
  return ends(loss, 'neighbour-unreachable', reason);
}

/** A device took it, and nobody saw it after that. */
function afterDevice(loss: Loss, tables: KernelTables, device: Link): Ending | undefined {
  if (!isAlive(device)) return ends(loss, 'link-down', `${device.name} is down`);
  if (device.tunnel !== 'vxlan') return undefined;
  const { route } = tables;
  const next = route.ok ? (route.via ?? loss.destination) : loss.destination;
  const mac = tables.neighbours.find((entry) => entry.device === device.name && entry.address === next)?.mac;
  if (mac === undefined) return unanswered(loss, tables, { device: device.name, address: next });
  const entry = tables.fdb.find((known) => known.device === device.name && known.mac === mac);
  if (entry?.destination === undefined)
    return ends(loss, 'no-fdb-entry', `${device.name} has no FDB entry for ${mac}`);
  return undefined;
}

/** The other end of the tunnel that a device would send the packet to. */
export function tunnelEnd(loss: Loss, tables: KernelTables): string | undefined {
  const device = loss.last && tables.links.find(({ index }) => index === loss.last?.device);
  const { route } = tables;
  const next = route.ok ? (route.via ?? loss.destination) : loss.destination;
  if (device?.tunnel === 'ipip') return next;
  if (device?.tunnel !== 'vxlan') return undefined;
  const mac = tables.neighbours.find((entry) => entry.device === device.name && entry.address === next)?.mac;
  return tables.fdb.find((known) => known.device === device.name && known.mac === mac)?.destination;
}
