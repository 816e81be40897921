/**
 * A network stack made ready for packets: the tables of a `Netns`, indexed once and kept as long as that `Netns` lives.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Device, FdbEntry, Listener, Netns } from './netns.ts';
import type { NetfilterProgram } from './netfilter-program.ts';
import { programOf } from './netfilter-program.ts';
import { RouteTable } from './route-table.ts';

export class Stack {
  readonly id: NetnsId;
  readonly netns: Netns;
  readonly devices: ReadonlyMap<string, Device>;
  readonly routes: RouteTable;
  /** Permanent neighbours: device, then address. */
  readonly neighbours: ReadonlyMap<string, ReadonlyMap<Ipv4, Mac>>;
  /** Forwarding entries of tunnel devices: device, then MAC. The first entry of a MAC is used. */
  readonly fdb: ReadonlyMap<string, ReadonlyMap<Mac, FdbEntry>>;
  readonly listeners: ReadonlyMap<number, readonly Listener[]>;
  #program: NetfilterProgram | undefined;

  constructor(netns: Netns) {
    this.id = netns.id;
    this.netns = netns;
    this.devices = devicesByName(netns.devices);
    this.routes = new RouteTable(netns);
    this.neighbours = neighboursByDevice(netns.neighbours);
    this.fdb = fdbByDevice(netns.fdb);
    this.listeners = listenersByPort(netns.listeners);
  }

  /** Made when the first packet meets a hook. */
  get program(): NetfilterProgram {
    return (this.#program ??= programOf(this.netns.netfilter));
  }
}

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
  at?: Ipv4,
): Listener | undefined {
  return stack.listeners
    .get(port)
    ?.find(
      ({ protocol: own, address }) =>
        own === protocol && (at === undefined || address === undefined || address === at),
    );
}

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
const neighboursByDevice = kept((neighbours: Netns['neighbours']): Stack['neighbours'] =>
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
