/**
 * What traffic changes in a stack: a draft collects it while packets walk and then tells the next memory.
 * Configuration never changes here; conntrack, neighbour caches and rate limits are the exceptions to Felix's law.
 */
import type { Ip } from '../../model/ip.ts';
import type { ConnectionHit, Sought } from './connection-table.ts';
import { ConnectionDraft, ConnectionIndex, sameConnection } from './connection-table.ts';
import type {
  ConntrackEntry,
  DeviceCounters,
  KernelLogLine,
  LearntNeighbour,
  NetnsMemory,
  Station,
} from './netns.ts';

/** A ring of 256 KiB, as most distributions build the kernel, holds about so many lines of LOG. */
const KERNEL_LOG_LINES = 1000;

/** What was learnt or lost replaces the entry of the same device and address. */
function replaceNeighbours(
  known: readonly LearntNeighbour[],
  changed: NeighbourIndex,
): readonly LearntNeighbour[] {
  const kept = known.filter(({ device, address }) => !changed.get(device)?.has(address));
  for (const device of changed.values()) kept.push(...device.values());
  return kept;
}

/** Addresses that nobody has heard of for so long are forgotten (`ageing`). */
export const STATION_AGEING = 300_000;

/** The table a station is in, that of a bridge or of a VXLAN device, and its MAC. */
const stationKey = ({ mac, device, bridge }: Pick<Station, 'mac' | 'device' | 'bridge'>): string =>
  `${bridge ?? device} ${mac}`;

function replaceStations(
  known: readonly Station[],
  changed: ReadonlyMap<string, Station>,
  at: number,
): readonly Station[] {
  const kept = known.filter(
    (station) => at - station.at < STATION_AGEING && !changed.has(stationKey(station)),
  );
  return [...kept, ...changed.values()];
}

/** ip_list_tot of xt_recent: so many sources a list; the one seen longest ago gives way. */
const RECENT_SOURCES = 100;

type RecentLists = ReadonlyMap<string, ReadonlyMap<Ip, number>>;

function replaceRecent(known: RecentLists | undefined, changed: RecentLists): RecentLists {
  const after = new Map(known);
  for (const [list, sources] of changed) {
    const merged = new Map(known?.get(list));
    for (const [source, at] of sources) {
      merged.delete(source);
      merged.set(source, at);
    }
    after.set(list, new Map([...merged].slice(-RECENT_SOURCES)));
  }
  return after;
}

/** New or refreshed connections go to the end. Expired ones are found by nobody and go with the next change. */
function replaceConnections(
  known: readonly ConntrackEntry[],
  changed: ConnectionIndex,
  at: number,
): readonly ConntrackEntry[] {
  const kept = known.filter((entry) => entry.expires > at && !changed.has(entry));
  kept.push(...changed.entries.filter((entry) => entry.expires > at));
  return kept;
}

function addCounters(
  known: NetnsMemory['counters'],
  added: NetnsMemory['counters'],
): NetnsMemory['counters'] {
  const sum = new Map<string, DeviceCounters>();
  known.forEach((before, device) => {
    const more = added.get(device);
    sum.set(device, more ? plus(before, more) : before);
  });
  added.forEach((more, device) => {
    if (!known.has(device)) sum.set(device, { ...more });
  });
  return sum;
}

const plus = (a: DeviceCounters, b: DeviceCounters): DeviceCounters => ({
  rxBytes: a.rxBytes + b.rxBytes,
  rxPackets: a.rxPackets + b.rxPackets,
  rxDropped: a.rxDropped + b.rxDropped,
  txBytes: a.txBytes + b.txBytes,
  txPackets: a.txPackets + b.txPackets,
  txDropped: a.txDropped + b.txDropped,
});

type Counters = { -readonly [C in keyof DeviceCounters]: number };

const noCounters = (): Counters => ({
  rxBytes: 0,
  rxPackets: 0,
  rxDropped: 0,
  txBytes: 0,
  txPackets: 0,
  txDropped: 0,
});

/** Drops learnt neighbours of a device, or one of them: what `ip neigh del` and `ip link set down` do to them. */
export function forgetNeighbours(memory: NetnsMemory, device: string, address?: Ip): NetnsMemory {
  const neighbours = memory.neighbours.filter(
    (entry) => entry.device !== device || (address !== undefined && entry.address !== address),
  );
  return neighbours.length === memory.neighbours.length ? memory : { ...memory, neighbours };
}

/** Drops connections: what `conntrack -D` and `conntrack -F` do to them. */
export function forgetConnections(memory: NetnsMemory, ended: readonly ConntrackEntry[]): NetnsMemory {
  const isEnded = (entry: ConntrackEntry): boolean => ended.some((other) => sameConnection(entry, other));
  const conntrack = memory.conntrack.filter((entry) => !isEnded(entry));
  return conntrack.length === memory.conntrack.length ? memory : { ...memory, conntrack };
}

type NeighbourIndex = Map<string, Map<Ip, LearntNeighbour>>;

const neighbourIndexes = new WeakMap<readonly LearntNeighbour[], NeighbourIndex>();

function indexed<K extends object, V>(cache: WeakMap<K, V>, key: K, build: (key: K) => V): V {
  const known = cache.get(key);
  if (known) return known;
  const built = build(key);
  cache.set(key, built);
  return built;
}

function indexNeighbours(entries: readonly LearntNeighbour[]): NeighbourIndex {
  const index: NeighbourIndex = new Map();
  for (const entry of entries) putNeighbour(index, entry);
  return index;
}

function putNeighbour(index: NeighbourIndex, entry: LearntNeighbour): void {
  const device = index.get(entry.device) ?? new Map<Ip, LearntNeighbour>();
  index.set(entry.device, device.set(entry.address, entry));
}

/** One stack's memory while packets walk: reads see what the walk itself has changed. */
export class MemoryDraft {
  readonly before: NetnsMemory;
  // Made when there is something to put in: most stacks on a packet's way learn next to nothing.
  #neighbours: NeighbourIndex | undefined;
  #connections: ConnectionDraft | undefined;
  #connectionsBefore: ConnectionIndex | undefined;
  #counters: Map<string, Counters> | undefined;
  #pathMtu: Map<Ip, { readonly mtu: number; readonly expires: number }> | undefined;
  #icmpTokens: Map<Ip, { readonly tokens: number; readonly at: number }> | undefined;
  #kernelLog: KernelLogLine[] | undefined;
  #stations: Map<string, Station> | undefined;
  #recent: Map<string, Map<Ip, number>> | undefined;

  constructor(before: NetnsMemory) {
    this.before = before;
  }

  neighbour(device: string, address: Ip): LearntNeighbour | undefined {
    return (
      this.#neighbours?.get(device)?.get(address) ??
      indexed(neighbourIndexes, this.before.neighbours, indexNeighbours).get(device)?.get(address)
    );
  }

  learn(neighbour: LearntNeighbour): void {
    putNeighbour((this.#neighbours ??= new Map()), neighbour);
  }

  /** The live connection that has this tuple, confirmed ones only. */
  connection(sought: Sought, now: number): ConnectionHit | undefined {
    const hit =
      this.#connections?.find(sought) ??
      (this.#connectionsBefore ??= new ConnectionIndex(this.before.conntrack)).find(sought);
    return hit && hit.entry.expires > now ? hit : undefined;
  }

  /** Puts a connection into the table, or its latest state in place of the last one. */
  confirm(entry: ConntrackEntry): void {
    (this.#connections ??= new ConnectionDraft()).put(entry);
  }

  pathMtu(destination: Ip): { readonly mtu: number; readonly expires: number } | undefined {
    return this.#pathMtu?.get(destination) ?? this.before.pathMtu.get(destination);
  }

  learnPathMtu(destination: Ip, mtu: number, expires: number): void {
    (this.#pathMtu ??= new Map()).set(destination, { mtu, expires });
  }

  icmpTokens(destination: Ip): { readonly tokens: number; readonly at: number } | undefined {
    return this.#icmpTokens?.get(destination) ?? this.before.icmpTokens.get(destination);
  }

  setIcmpTokens(destination: Ip, tokens: number, at: number): void {
    (this.#icmpTokens ??= new Map()).set(destination, { tokens, at });
  }

  /** A frame from this MAC came in there. */
  see(station: Station): void {
    (this.#stations ??= new Map()).set(stationKey(station), station);
  }

  /** Where a bridge, or a VXLAN device that learns, last saw a MAC; undefined when that is too long ago. */
  station(table: Pick<Station, 'device' | 'bridge'>, mac: Station['mac'], now: number): Station | undefined {
    const key = stationKey({ ...table, mac });
    const known =
      this.#stations?.get(key) ?? this.before.stations?.find((station) => stationKey(station) === key);
    return known && now - known.at < STATION_AGEING ? known : undefined;
  }

  /** When a list of `-m recent` last saw the source. */
  recent(list: string, source: Ip): number | undefined {
    return this.#recent?.get(list)?.get(source) ?? this.before.recent?.get(list)?.get(source);
  }

  noteRecent(list: string, source: Ip, at: number): void {
    const lists = (this.#recent ??= new Map<string, Map<Ip, number>>());
    const sources = lists.get(list) ?? new Map<Ip, number>();
    lists.set(list, sources.set(source, at));
  }

  log(at: number, text: string): void {
    (this.#kernelLog ??= []).push({ at, text });
  }

  countFrame(device: string, direction: 'in' | 'out', bytes: number): void {
    const counters = this.#countersOf(device);
    if (direction === 'in') {
      counters.rxPackets += 1;
      counters.rxBytes += bytes;
    } else {
      counters.txPackets += 1;
      counters.txBytes += bytes;
    }
  }

  count(device: string, counter: 'rxDropped' | 'txDropped'): void {
    this.#countersOf(device)[counter] += 1;
  }

  #countersOf(device: string): Counters {
    const all = (this.#counters ??= new Map<string, Counters>());
    let counters = all.get(device);
    if (!counters) all.set(device, (counters = noCounters()));
    return counters;
  }

  /** The memory with everything learnt, as of `at`. */
  after(at: number): NetnsMemory {
    if (this.#isUntouched()) return this.before;
    const { neighbours, conntrack, counters, pathMtu, icmpTokens, kernelLog, stations, recent } = this.before;
    const after = {
      ...this.before,
      neighbours: this.#neighbours ? replaceNeighbours(neighbours, this.#neighbours) : neighbours,
      conntrack: this.#connections ? replaceConnections(conntrack, this.#connections, at) : conntrack,
      counters: this.#counters ? addCounters(counters, this.#counters) : counters,
      pathMtu: this.#pathMtu ? new Map([...pathMtu, ...this.#pathMtu]) : pathMtu,
      icmpTokens: this.#icmpTokens ? new Map([...icmpTokens, ...this.#icmpTokens]) : icmpTokens,
      kernelLog: this.#kernelLog ? [...kernelLog, ...this.#kernelLog].slice(-KERNEL_LOG_LINES) : kernelLog,
    };
    return {
      ...after,
      ...(this.#stations && { stations: replaceStations(stations ?? [], this.#stations, at) }),
      ...(this.#recent && { recent: replaceRecent(recent, this.#recent) }),
    };
  }

  #isUntouched(): boolean {
    const learnt = this.#neighbours ?? this.#connections ?? this.#stations ?? this.#recent;
    return !(learnt ?? this.#counters ?? this.#pathMtu ?? this.#icmpTokens ?? this.#kernelLog);
  }
}
