/**
 * Which route a packet takes: the local table first (one entry per address of the stack), then the main table; in each the
 * longest prefix wins, then the lowest metric (Linux net/ipv4/fib_trie.c, fib_rules default policy).
 * Of a multipath route's next hops a flow's two addresses choose one (fib_multipath_hash_policy 0); which one is ours, for the
 * kernel's hash has a secret. Left out: policy rules, weights, type of service.
 */
import type { Cidr, Ipv4 } from '../../model/ip.ts';
import { BROADCAST, cidrOf, netmask } from '../../model/ip.ts';
import type { MatchedRoute } from '../../model/trace.ts';
import { mix, scaleHash } from './flow-hash.ts';
import type { Device, Netns, Route } from './netns.ts';

/** A routing entry made ready for lookups. */
export interface RouteEntry {
  /** As a trace shows it. */
  readonly matched: MatchedRoute;
  readonly type: MatchedRoute['type'];
  /** Absent for blackhole, unreachable and prohibit. */
  readonly device: Device | undefined;
  readonly via: Ipv4 | undefined;
  /** The preferred source (`src`), when the route names one. */
  readonly source: Ipv4 | undefined;
  readonly scope: Route['scope'];
  readonly metric: number;
  readonly mtu: number | undefined;
  /** All ways of a multipath route, of which this entry is the first. */
  readonly hops?: readonly RouteEntry[];
}

/** Entries of one prefix length, by masked address; several of the same prefix are in order of metric. */
interface LengthBucket {
  readonly mask: number;
  readonly entries: Map<number, RouteEntry[]>;
}

export class RouteTable {
  readonly #netns: Netns;
  readonly #local: readonly LengthBucket[];
  #mainTable: readonly LengthBucket[] | undefined;

  constructor(netns: Netns) {
    this.#netns = netns;
    this.#local = localTable(netns);
  }

  /** Made when it is first asked: a stack that only overhears an ARP request needs its addresses alone. */
  get #main(): readonly LengthBucket[] {
    return (this.#mainTable ??= buckets(mainEntries(this.#netns)));
  }

  /** The matching entry, or undefined: network unreachable. `source` chooses among the ways of a multipath route. */
  lookup(address: Ipv4, source?: Ipv4): RouteEntry | undefined {
    const found = longestMatch(this.#local, address) ?? longestMatch(this.#main, address);
    return found?.hops ? chosenHop(found.hops, address, source) : found;
  }

  /** The best entry of the main table that leaves by `device` (a socket bound to a device). */
  lookupOn(device: string, address: Ipv4): RouteEntry | undefined {
    const local = longestMatch(this.#local, address);
    return local ?? longestMatch(this.#main, address, (entry) => entry.device?.name === device);
  }

  /** True when the stack itself owns the address. */
  isLocal(address: Ipv4): boolean {
    return longestMatch(this.#local, address)?.type === 'local';
  }

  isBroadcast(address: Ipv4): boolean {
    return address === BROADCAST || longestMatch(this.#local, address)?.type === 'broadcast';
  }
}

function chosenHop(hops: readonly RouteEntry[], address: Ipv4, source = 0): RouteEntry | undefined {
  return hops[scaleHash(mix(source, address), 0, hops.length)];
}

function longestMatch(
  table: readonly LengthBucket[],
  address: Ipv4,
  accept?: (entry: RouteEntry) => boolean,
): RouteEntry | undefined {
  for (const { mask, entries } of table) {
    const found = entries.get((address & mask) >>> 0);
    if (!found) continue;
    const entry = accept ? found.find(accept) : found[0];
    if (entry) return entry;
  }
  return undefined;
}

function buckets(entries: readonly RouteEntry[]): readonly LengthBucket[] {
  const byLength = new Map<number, LengthBucket>();
  for (const entry of [...entries].sort((a, b) => a.metric - b.metric)) {
    const { base, length } = entry.matched.prefix;
    const bucket = byLength.get(length) ?? {
      mask: netmask(length),
      entries: new Map<number, RouteEntry[]>(),
    };
    byLength.set(length, bucket);
    const same = bucket.entries.get(base);
    if (same) same.push(entry);
    else bucket.entries.set(base, [entry]);
  }
  return [...byLength].sort(([a], [b]) => b - a).map(([, bucket]) => bucket);
}

const localTables = new WeakMap<Netns['devices'], readonly LengthBucket[]>();

/** The same while the devices are the same, however often the routes change. */
function localTable(netns: Netns): readonly LengthBucket[] {
  const known = localTables.get(netns.devices) ?? buckets(localEntries(netns));
  localTables.set(netns.devices, known);
  return known;
}

/** What the kernel keeps in table `local`; it stays there while the device is down. */
function localEntries(netns: Netns): readonly RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (const device of netns.devices) {
    for (const { address, length } of device.addresses) {
      entries.push(localEntry(device, cidrOf(address, 32), address));
      if (device.kind.type === 'loopback') entries.push(localEntry(device, cidrOf(address, length), address));
      if (length < 31) entries.push(broadcastEntry(device, address, length));
    }
  }
  return entries;
}

function localEntry(device: Device, prefix: Cidr, source: Ipv4): RouteEntry {
  return {
    matched: { prefix, type: 'local', device: device.name, protocol: 'kernel' },
    type: 'local',
    device,
    via: undefined,
    source,
    scope: 'host',
    metric: 0,
    mtu: undefined,
  };
}

function broadcastEntry(device: Device, source: Ipv4, length: number): RouteEntry {
  const last = ((source | ~netmask(length)) >>> 0) as Ipv4;
  return {
    matched: { prefix: cidrOf(last, 32), type: 'broadcast', device: device.name, protocol: 'kernel' },
    type: 'broadcast',
    device,
    via: undefined,
    source,
    scope: 'link',
    metric: 0,
    mtu: undefined,
  };
}

/** Routes over a device that is missing or down are dead and never match. */
function mainEntries(netns: Netns): readonly RouteEntry[] {
  const devices = new Map(netns.devices.map((device) => [device.name, device]));
  return netns.routes.flatMap((route) => {
    if (route.hops) return multipathEntry(route, route.hops, devices);
    const device = route.device === undefined ? undefined : devices.get(route.device);
    if (route.type === 'unicast' && !device?.up) return [];
    return [mainEntry(route, device)];
  });
}

function multipathEntry(
  route: Route,
  ways: NonNullable<Route['hops']>,
  devices: ReadonlyMap<string, Device>,
): readonly RouteEntry[] {
  const hops = ways.flatMap(({ via, device: name }) => {
    const device = devices.get(name);
    return device?.up ? [mainEntry({ ...route, via }, device)] : [];
  });
  const [first] = hops;
  return first ? [{ ...first, hops }] : [];
}

function mainEntry(route: Route, device: Device | undefined): RouteEntry {
  const { prefix, type, protocol, via } = route;
  return {
    matched: {
      prefix,
      type,
      protocol,
      ...(via === undefined ? {} : { via }),
      ...(device ? { device: device.name } : {}),
    },
    type,
    device,
    via,
    source: route.source,
    scope: route.scope,
    metric: route.metric ?? 0,
    mtu: route.mtu,
  };
}
