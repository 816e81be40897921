/**
 * Which route a packet takes: the local table first (one entry per address of the stack), then the main table; in each the
 * longest prefix wins, then the lowest metric (Linux net/ipv4/fib_trie.c, net/ipv6/ip6_fib.c, fib_rules default policy).
 * Of a multipath route's next hops a flow's two addresses choose one (fib_multipath_hash_policy 0); which one is ours, for the
 * kernel's hash has a secret. Left out: policy rules, weights, type of service, multicast and anycast.
 */
import { isIpv4 } from '../../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import { BROADCAST, cidrOf, netmask } from '../../model/ip.ts';
import { masked6 } from '../../model/ipv6.ts';
import type { MatchedRoute } from '../../model/trace.ts';
import { addressHash, mix, scaleHash } from './flow-hash.ts';
import { addresses6, isLinkLocalAddress, mainRoutes6 } from './inet6.ts';
import type { Device, Netns, Route, RouteHop } from './netns.ts';

/** A routing entry made ready for lookups. */
export interface RouteEntry<Address extends Ip = Ipv4> {
  /** As a trace shows it. */
  readonly matched: MatchedRoute<Address>;
  readonly type: MatchedRoute['type'];
  /** Absent for blackhole, unreachable and prohibit. */
  readonly device: Device | undefined;
  readonly via: Address | undefined;
  /** The preferred source (`src`), when the route names one. */
  readonly source: Address | undefined;
  readonly scope: Route['scope'];
  readonly metric: number;
  readonly mtu: number | undefined;
  /** All ways of a multipath route, of which this entry is the first. */
  readonly hops?: readonly RouteEntry<Address>[];
}

/** Entries of one prefix length, by masked address; several of the same prefix are in order of metric. */
interface LengthBucket<Address extends Ip> {
  readonly length: number;
  /** Of IPv4. */
  readonly mask: number;
  readonly entries: Map<Address, RouteEntry<Address>[]>;
}

type Buckets<Address extends Ip> = readonly LengthBucket<Address>[];

/** Where the entries of a family come from. Each is asked once, when the first packet wants to know. */
export interface RouteSource<Address extends Ip> {
  local(): Buckets<Address>;
  main(): Buckets<Address>;
}

export class RouteTable<Address extends Ip = Ipv4> {
  readonly #source: RouteSource<Address>;
  #localTable: Buckets<Address> | undefined;
  #mainTable: Buckets<Address> | undefined;

  constructor(source: RouteSource<Address>) {
    this.#source = source;
  }

  get #local(): Buckets<Address> {
    return (this.#localTable ??= this.#source.local());
  }

  /** Not made for a stack that only overhears an ARP request: that needs its addresses alone. */
  get #main(): Buckets<Address> {
    return (this.#mainTable ??= this.#source.main());
  }

  /** The matching entry, or undefined: network unreachable. `source` chooses among the ways of a multipath route. */
  lookup(address: Address, source?: Address): RouteEntry<Address> | undefined {
    const found = longestMatch(this.#local, address) ?? longestMatch(this.#main, address);
    return found?.hops ? chosenHop(found.hops, address, source) : found;
  }

  /**
   * The best entry of the main table that leaves by `device` (a socket bound to a device). An own address is one wherever it
   * is, but for link-local ones: those of other devices are others' (RT6_LOOKUP_F_IFACE).
   */
  lookupOn(device: string, address: Address): RouteEntry<Address> | undefined {
    const isOn = (entry: RouteEntry<Address>): boolean => entry.device?.name === device;
    const local = longestMatch(this.#local, address, isLinkLocalAddress(address) ? isOn : undefined);
    return local ?? longestMatch(this.#main, address, isOn);
  }

  /** True when the stack itself owns the address. */
  isLocal(address: Address): boolean {
    return longestMatch(this.#local, address)?.type === 'local';
  }

  isBroadcast(address: Address): boolean {
    return address === BROADCAST || longestMatch(this.#local, address)?.type === 'broadcast';
  }
}

function chosenHop<Address extends Ip>(
  hops: readonly RouteEntry<Address>[],
  address: Address,
  source: Address | undefined,
): RouteEntry<Address> | undefined {
  const from = source === undefined ? 0 : addressHash(source);
  return hops[scaleHash(mix(from, addressHash(address)), 0, hops.length)];
}

function longestMatch<Address extends Ip>(
  table: Buckets<Address>,
  address: Address,
  accept?: (entry: RouteEntry<Address>) => boolean,
): RouteEntry<Address> | undefined {
  for (const { mask, length, entries } of table) {
    const base: Ip = isIpv4(address) ? (((address & mask) >>> 0) as Ipv4) : masked6(address as Ipv6, length);
    const found = entries.get(base as Address);
    if (!found) continue;
    const entry = accept ? found.find(accept) : found[0];
    if (entry) return entry;
  }
  return undefined;
}

function buckets<Address extends Ip>(entries: readonly RouteEntry<Address>[]): Buckets<Address> {
  const byLength = new Map<number, LengthBucket<Address>>();
  for (const entry of [...entries].sort((a, b) => a.metric - b.metric)) {
    const { base, length } = entry.matched.prefix;
    const bucket = byLength.get(length) ?? {
      length,
      mask: netmask(length),
      entries: new Map<Address, RouteEntry<Address>[]>(),
    };
    byLength.set(length, bucket);
    const same = bucket.entries.get(base);
    if (same) same.push(entry);
    else bucket.entries.set(base, [entry]);
  }
  return [...byLength].sort(([a], [b]) => b - a).map(([, bucket]) => bucket);
}

export const inetRoutes = (netns: Netns): RouteSource<Ipv4> => ({
  local: () => localTable(netns.devices),
  main: () => buckets(mainEntries(netns.devices, netns.routes)),
});

export const inet6Routes = (netns: Netns): RouteSource<Ipv6> => ({
  local: () => buckets(localEntries6(netns)),
  main: () => buckets(mainEntries(netns.devices, mainRoutes6(netns))),
});

export const NO_ROUTES: RouteSource<never> = { local: () => [], main: () => [] };

const localTables = new WeakMap<Netns['devices'], Buckets<Ipv4>>();

/** The same while the devices are the same, however often the routes change. */
function localTable(devices: Netns['devices']): Buckets<Ipv4> {
  const known = localTables.get(devices) ?? buckets(localEntries(devices));
  localTables.set(devices, known);
  return known;
}

/** What the kernel keeps in table `local`; it stays there while the device is down. */
function localEntries(devices: Netns['devices']): readonly RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (const device of devices) {
    for (const { address, length } of device.addresses) {
      entries.push(localEntry(device, cidrOf(address, 32), address));
      if (device.kind.type === 'loopback') entries.push(localEntry(device, cidrOf(address, length), address));
      if (length < 31) entries.push(broadcastEntry(device, address, length));
    }
  }
  return entries;
}

/** A device that is down keeps no address of IPv6. */
function localEntries6(netns: Netns): readonly RouteEntry<Ipv6>[] {
  return netns.devices
    .filter(({ up }) => up)
    .flatMap((device) =>
      addresses6(netns, device).map(({ address }) =>
        localEntry(device, { base: address, length: 128 }, address),
      ),
    );
}

function localEntry<Address extends Ip>(
  device: Device,
  prefix: Cidr<Address>,
  source: Address,
): RouteEntry<Address> {
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
function mainEntries<Address extends Ip>(
  all: readonly Device[],
  routes: readonly Route<Address>[],
): readonly RouteEntry<Address>[] {
  const devices = new Map(all.map((device) => [device.name, device]));
  return routes.flatMap((route) => {
    if (route.hops) return multipathEntry(route, route.hops, devices);
    // Those of IPv6 that lead nowhere stand on `lo`.
    if (route.type !== 'unicast') return [mainEntry(route, undefined)];
    const device = route.device === undefined ? undefined : devices.get(route.device);
    return device?.up ? [mainEntry(route, device)] : [];
  });
}

function multipathEntry<Address extends Ip>(
  route: Route<Address>,
  ways: readonly RouteHop<Address>[],
  devices: ReadonlyMap<string, Device>,
): readonly RouteEntry<Address>[] {
  const hops = ways.flatMap(({ via, device: name }) => {
    const device = devices.get(name);
    return device?.up ? [mainEntry({ ...route, via }, device)] : [];
  });
  const [first] = hops;
  return first ? [{ ...first, hops }] : [];
}

function mainEntry<Address extends Ip>(
  route: Route<Address>,
  device: Device | undefined,
): RouteEntry<Address> {
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
