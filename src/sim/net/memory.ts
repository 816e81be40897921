/**
 * What traffic changes in a stack: a draft collects it while packets walk and then tells the next memory.
 * Configuration never changes here; conntrack, neighbour caches and rate limits are the exceptions to Felix's law.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { ConntrackEntry, DeviceCounters, LearntNeighbour, NetnsMemory, Tuple } from './netns.ts';

/** What one exchange changed in one stack. */
interface MemoryChange {
  /** Virtual time of the change; expired conntrack entries are forgotten then. */
  readonly at: number;
  /** Learnt or lost: replaces the entry of the same device and address. */
  readonly neighbours: readonly LearntNeighbour[];
  /** New or refreshed: replaces the entry with the same original tuple. */
  readonly conntrack: readonly ConntrackEntry[];
  /** Added to the device's counters. */
  readonly counters: ReadonlyMap<string, DeviceCounters>;
  readonly pathMtu: NetnsMemory['pathMtu'];
  readonly icmpTokens: NetnsMemory['icmpTokens'];
}

/** Which of the two tuples of a connection a packet matched. */
export type Direction = 'original' | 'reply';

export interface ConntrackHit {
  readonly entry: ConntrackEntry;
  readonly direction: Direction;
}

const NO_COUNTERS: DeviceCounters = {
  rxBytes: 0,
  rxPackets: 0,
  rxDropped: 0,
  txBytes: 0,
  txPackets: 0,
  txDropped: 0,
};

function applyMemory(memory: NetnsMemory, change: MemoryChange): NetnsMemory {
  return {
    neighbours: replaceNeighbours(memory.neighbours, change.neighbours),
    conntrack: replaceConnections(memory.conntrack, change),
    counters: addCounters(memory.counters, change.counters),
    pathMtu: change.pathMtu.size === 0 ? memory.pathMtu : new Map([...memory.pathMtu, ...change.pathMtu]),
    icmpTokens:
      change.icmpTokens.size === 0
        ? memory.icmpTokens
        : new Map([...memory.icmpTokens, ...change.icmpTokens]),
  };
}

function replaceNeighbours(
  known: readonly LearntNeighbour[],
  changed: readonly LearntNeighbour[],
): readonly LearntNeighbour[] {
  if (changed.length === 0) return known;
  const same = (a: LearntNeighbour, b: LearntNeighbour): boolean =>
    a.address === b.address && a.device === b.device;
  return [...known.filter((entry) => !changed.some((other) => same(entry, other))), ...changed];
}

function replaceConnections(
  known: readonly ConntrackEntry[],
  { at, conntrack }: MemoryChange,
): readonly ConntrackEntry[] {
  // Entries that have expired meanwhile are found by nobody; they go with the next change.
  if (conntrack.length === 0) return known;
  if (known.length === 0) return conntrack;
  const changed = new Set(conntrack.map((entry) => keysOf(entry).original));
  const kept = known.filter((entry) => entry.expires > at && !changed.has(keysOf(entry).original));
  return [...kept, ...conntrack];
}

function addCounters(
  known: NetnsMemory['counters'],
  added: MemoryChange['counters'],
): NetnsMemory['counters'] {
  if (added.size === 0) return known;
  const sum = new Map(known);
  for (const [device, more] of added) {
    const before = sum.get(device) ?? NO_COUNTERS;
    sum.set(device, {
      rxBytes: before.rxBytes + more.rxBytes,
      rxPackets: before.rxPackets + more.rxPackets,
      rxDropped: before.rxDropped + more.rxDropped,
      txBytes: before.txBytes + more.txBytes,
      txPackets: before.txPackets + more.txPackets,
      txDropped: before.txDropped + more.txDropped,
    });
  }
  return sum;
}

/** Drops learnt neighbours of a device, or one of them: what `ip neigh del` and `ip link set down` do to them. */
export function forgetNeighbours(memory: NetnsMemory, device: string, address?: Ipv4): NetnsMemory {
  const neighbours = memory.neighbours.filter(
    (entry) => entry.device !== device || (address !== undefined && entry.address !== address),
  );
  return neighbours.length === memory.neighbours.length ? memory : { ...memory, neighbours };
}

/** Drops connections: what `conntrack -D` and `conntrack -F` do to them. */
export function forgetConnections(memory: NetnsMemory, ended: readonly ConntrackEntry[]): NetnsMemory {
  const keys = new Set(ended.map((entry) => keysOf(entry).original));
  const conntrack = memory.conntrack.filter((entry) => !keys.has(keysOf(entry).original));
  return conntrack.length === memory.conntrack.length ? memory : { ...memory, conntrack };
}

/**
 * Names a tuple of a connection for look-ups. ICMP echoes have no ports: request and reply of one identifier are told apart
 * by the direction in which they can match.
 */
export function tupleKey(protocol: ConntrackEntry['protocol'], tuple: Tuple, direction: Direction): string {
  const type = protocol === 'icmp' ? direction : '';
  return `${protocol}${type} ${tuple.source} ${tuple.sourcePort} ${tuple.destination} ${tuple.destinationPort}`;
}

const entryKeys = new WeakMap<ConntrackEntry, Readonly<Record<Direction, string>>>();

/** Spelt once per entry: a busy node has thousands. */
function keysOf(entry: ConntrackEntry): Readonly<Record<Direction, string>> {
  return indexed(entryKeys, entry, ({ protocol, original, reply }) => ({
    original: tupleKey(protocol, original, 'original'),
    reply: tupleKey(protocol, reply, 'reply'),
  }));
}

type ConnectionIndex = Map<string, ConntrackHit>;
type NeighbourIndex = Map<string, Map<Ipv4, LearntNeighbour>>;

const connectionIndexes = new WeakMap<readonly ConntrackEntry[], ConnectionIndex>();
const neighbourIndexes = new WeakMap<readonly LearntNeighbour[], NeighbourIndex>();

function indexed<K extends object, V>(cache: WeakMap<K, V>, key: K, build: (key: K) => V): V {
  const known = cache.get(key);
  if (known) return known;
  const built = build(key);
  cache.set(key, built);
  return built;
}

function indexConnections(entries: readonly ConntrackEntry[]): ConnectionIndex {
  const index: ConnectionIndex = new Map();
  for (const entry of entries) putConnection(index, entry);
  return index;
}

function putConnection(index: ConnectionIndex, entry: ConntrackEntry): void {
  const { original, reply } = keysOf(entry);
  index.set(original, { entry, direction: 'original' });
  index.set(reply, { entry, direction: 'reply' });
}

/** Up to so many entries a look at each costs less than an index, which would last only until the next change. */
const FEW_CONNECTIONS = 128;

function connectionIn(entries: readonly ConntrackEntry[], key: string): ConntrackHit | undefined {
  if (entries.length > FEW_CONNECTIONS) return indexed(connectionIndexes, entries, indexConnections).get(key);
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (!entry) continue;
    const { original, reply } = keysOf(entry);
    if (reply === key) return { entry, direction: 'reply' };
    if (original === key) return { entry, direction: 'original' };
  }
  return undefined;
}

function indexNeighbours(entries: readonly LearntNeighbour[]): NeighbourIndex {
  const index: NeighbourIndex = new Map();
  for (const entry of entries) putNeighbour(index, entry);
  return index;
}

function putNeighbour(index: NeighbourIndex, entry: LearntNeighbour): void {
  const device = index.get(entry.device) ?? new Map<Ipv4, LearntNeighbour>();
  index.set(entry.device, device.set(entry.address, entry));
}

/** One stack's memory while packets walk: reads see what the walk itself has changed. */
export class MemoryDraft {
  readonly before: NetnsMemory;
  readonly #connections: ConnectionIndex = new Map();
  readonly #neighbours: NeighbourIndex = new Map();
  readonly #counters = new Map<string, { -readonly [C in keyof DeviceCounters]: number }>();
  readonly #pathMtu = new Map<Ipv4, { readonly mtu: number; readonly expires: number }>();
  readonly #icmpTokens = new Map<Ipv4, { readonly tokens: number; readonly at: number }>();

  constructor(before: NetnsMemory) {
    this.before = before;
  }

  neighbour(device: string, address: Ipv4): LearntNeighbour | undefined {
    return (
      this.#neighbours.get(device)?.get(address) ??
      indexed(neighbourIndexes, this.before.neighbours, indexNeighbours).get(device)?.get(address)
    );
  }

  learn(neighbour: LearntNeighbour): void {
    putNeighbour(this.#neighbours, neighbour);
  }

  /** The live connection that has this tuple, confirmed ones only. */
  connection(key: string, now: number): ConntrackHit | undefined {
    const hit = this.#connections.get(key) ?? connectionIn(this.before.conntrack, key);
    return hit && hit.entry.expires > now ? hit : undefined;
  }

  /** Puts a connection into the table, or refreshes what changes with each packet; its tuples stay. */
  confirm(entry: ConntrackEntry, now: Omit<ConntrackEntry, 'protocol' | 'original' | 'reply'>): void {
    const confirmed = { ...entry, ...now };
    entryKeys.set(confirmed, keysOf(entry));
    putConnection(this.#connections, confirmed);
  }

  pathMtu(destination: Ipv4): { readonly mtu: number; readonly expires: number } | undefined {
    return this.#pathMtu.get(destination) ?? this.before.pathMtu.get(destination);
  }

  learnPathMtu(destination: Ipv4, mtu: number, expires: number): void {
    this.#pathMtu.set(destination, { mtu, expires });
  }

  icmpTokens(destination: Ipv4): { readonly tokens: number; readonly at: number } | undefined {
    return this.#icmpTokens.get(destination) ?? this.before.icmpTokens.get(destination);
  }

  setIcmpTokens(destination: Ipv4, tokens: number, at: number): void {
    this.#icmpTokens.set(destination, { tokens, at });
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

  #countersOf(device: string): { -readonly [C in keyof DeviceCounters]: number } {
    let counters = this.#counters.get(device);
    if (!counters) this.#counters.set(device, (counters = { ...NO_COUNTERS }));
    return counters;
  }

  /** The memory with everything learnt, as of `at`. */
  after(at: number): NetnsMemory {
    if (this.#isUntouched()) return this.before;
    return applyMemory(this.before, this.#change(at));
  }

  #isUntouched(): boolean {
    const { size } = this.#counters;
    return (
      size + this.#connections.size + this.#neighbours.size + this.#pathMtu.size + this.#icmpTokens.size === 0
    );
  }

  #change(at: number): MemoryChange {
    const neighbours: LearntNeighbour[] = [];
    for (const device of this.#neighbours.values()) neighbours.push(...device.values());
    const conntrack: ConntrackEntry[] = [];
    for (const { direction, entry } of this.#connections.values()) {
      if (direction === 'original') conntrack.push(entry);
    }
    return {
      at,
      neighbours,
      conntrack,
      counters: this.#counters,
      pathMtu: this.#pathMtu,
      icmpTokens: this.#icmpTokens,
    };
  }
}
