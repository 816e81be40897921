/**
 * A network stack made ready for packets: the tables of a `Netns`, indexed once and kept as long as that `Netns` lives. What
 * each family has of its own is in `FamilyTables`; a stack is those of IPv4, with those of IPv6 beside them.
 */
import { isIpv4, type IpFamily } from '../../model/ip-family.ts';
import type { Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { IpPacket } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import { addresses6, NO_NETFILTER6 } from './inet6.ts';
import type { Netfilter } from './netfilter-rules.ts';
import type { Device, DeviceAddress, FdbEntry, Inet6, Listener, Neighbour, Netns } from './netns.ts';
import type { NetfilterProgram } from './netfilter-program.ts';
import { programOf } from './netfilter-program.ts';
import { inet6Routes, inetRoutes, NO_ROUTES, RouteTable } from './route-table.ts';

/** What a stack has for the packets of one family. */
export class FamilyTables<Address extends Ip = Ip> {
  readonly routes: RouteTable<Address>;
  /** Permanent neighbours: device, then address. */
  readonly neighbours: ReadonlyMap<string, ReadonlyMap<Address, Mac>>;
  readonly #family: IpFamily;
  readonly #netfilter: Netfilter<Address>;
  #program: NetfilterProgram | undefined;

  constructor(family: IpFamily, { routes, neighbours, netfilter }: Tables<Address>) {
    this.#family = family;
    this.routes = routes;
    this.neighbours = neighbours;
    this.#netfilter = netfilter;
  }

  /** Made when the first packet meets a hook. */
  get program(): NetfilterProgram {
    return (this.#program ??= programOf(this.#netfilter, this.#family));
  }
}

interface Tables<Address extends Ip> {
  readonly routes: RouteTable<Address>;
  readonly neighbours: FamilyTables<Address>['neighbours'];
  readonly netfilter: Netfilter<Address>;
}

export class Stack extends FamilyTables<Ipv4> {
  readonly id: NetnsId;
  readonly netns: Netns;
  readonly devices: ReadonlyMap<string, Device>;
  /** Empty where IPv6 is off. */
  readonly inet6: FamilyTables<Ipv6>;
  /** Forwarding entries of tunnel devices: device, then MAC. The first entry of a MAC is used. */
  readonly fdb: ReadonlyMap<string, ReadonlyMap<Mac, FdbEntry>>;
  readonly listeners: ReadonlyMap<number, readonly Listener[]>;

  constructor(netns: Netns) {
    super(4, {
      routes: new RouteTable(inetRoutes(netns)),
      neighbours: inetNeighbours(netns.neighbours),
      netfilter: netns.netfilter,
    });
    this.id = netns.id;
    this.netns = netns;
    this.devices = devicesByName(netns.devices);
    this.inet6 = netns.inet6 ? inet6Tables(netns, netns.inet6) : NO_INET6;
    this.fdb = fdbByDevice(netns.fdb);
    this.listeners = listenersByPort(netns.listeners);
  }
}

/** The tables of an address's family. */
export function tablesFor<Address extends Ip>(stack: Stack, address: Address): FamilyTables<Address> {
  const tables: FamilyTables = isIpv4(address) ? stack : stack.inet6;
  // The compiler does not follow from the address to the tables of its family.
  return tables as FamilyTables<Address>;
}

export const tablesOf = (stack: Stack, { kind }: IpPacket): FamilyTables =>
  kind === 'ipv4' ? stack : stack.inet6;

/** The addresses of a device that are of the family of `like`. */
export const addressesOf = ({ netns }: Stack, device: Device, like: Ip): readonly DeviceAddress<Ip>[] =>
  isIpv4(like) ? device.addresses : addresses6(netns, device);

const stacks = new WeakMap<Netns, Stack>();

export function stackOf(netns: Netns): Stack {
  const known = stacks.get(netns);
  if (known) return known;
  const stack = new Stack(netns);
  stacks.set(netns, stack);
  return stack;
}

/** The socket of a port; with an address, only one that is bound to it or to every address. */
export function listens(
  stack: Stack,
  protocol: Listener['protocol'],
  port: number,
  at?: Ip,
): Listener | undefined {
  return stack.listeners
    .get(port)
    ?.find(
      ({ protocol: own, address }) =>
        own === protocol && (at === undefined || address === undefined || address === at),
    );
}

const inet6Tables = (netns: Netns, { neighbours, netfilter }: Inet6): FamilyTables<Ipv6> =>
  new FamilyTables(6, {
    routes: new RouteTable(inet6Routes(netns)),
    neighbours: inet6Neighbours(neighbours),
    netfilter,
  });

const NO_INET6 = new FamilyTables<Ipv6>(6, {
  routes: new RouteTable(NO_ROUTES),
  neighbours: new Map(),
  netfilter: NO_NETFILTER6,
});

function byDevice<Entry extends { readonly device: string }, Key, Value>(
  entries: readonly Entry[],
  member: (entry: Entry) => readonly [Key, Value],
): ReadonlyMap<string, ReadonlyMap<Key, Value>> {
  const all = new Map<string, Map<Key, Value>>();
  for (const entry of entries) {
    const [key, value] = member(entry);
    const members = all.get(entry.device) ?? new Map<Key, Value>();
    all.set(entry.device, members);
    if (!members.has(key)) members.set(key, value);
  }
  return all;
}

/** Indexes are kept as long as their list: mostly it is other lists of a stack that change. */
function kept<List extends object, Index>(index: (list: List) => Index): (list: List) => Index {
  const known = new WeakMap<List, { readonly made: Index }>();
  return (list) => {
    const hit = known.get(list) ?? { made: index(list) };
    known.set(list, hit);
    return hit.made;
  };
}

const devicesByName = kept(
  (devices: Netns['devices']): Stack['devices'] => new Map(devices.map((device) => [device.name, device])),
);
const inetNeighbours = kept((neighbours: Netns['neighbours']): Stack['neighbours'] =>
  byDevice(neighbours, (entry) => [entry.address, entry.mac]),
);
const inet6Neighbours = kept((neighbours: readonly Neighbour<Ipv6>[]): Stack['inet6']['neighbours'] =>
  byDevice(neighbours, (entry) => [entry.address, entry.mac]),
);
const fdbByDevice = kept((fdb: Netns['fdb']): Stack['fdb'] =>
  byDevice(
    fdb.filter(({ bridge }) => bridge === undefined),
    (entry) => [entry.mac, entry],
  ),
);

function listenersByPort(listeners: readonly Listener[]): ReadonlyMap<number, readonly Listener[]> {
  const ports = new Map<number, Listener[]>();
  for (const listener of listeners) {
    const same = ports.get(listener.port);
    if (same) same.push(listener);
    else ports.set(listener.port, [listener]);
  }
  return ports;
}
