/**
 * Looking a packet up among a stack's connections: the two tuples of an entry are what the packets of its two directions
 * look like on arrival (Linux net/netfilter/nf_conntrack_core.c). The kernel hashes the tuples; here few entries are looked
 * at one by one, which costs less than an index, and many are found by the sum of their ports.
 */
import type { ConntrackEntry, Tuple } from './netns.ts';

/** Which of the two tuples of a connection a packet matched. */
export type Direction = 'original' | 'reply';

export interface ConnectionHit {
  readonly entry: ConntrackEntry;
  readonly direction: Direction;
}

/** What to look for. Ports tell the two directions of TCP and UDP apart; an echo matches only as what it is. */
export interface Sought {
  readonly protocol: ConntrackEntry['protocol'];
  readonly tuple: Tuple;
  /** Heeded for echoes alone. */
  readonly direction: Direction;
}

/** Its packets carry an identifier in place of ports. */
export const isEcho = (protocol: ConntrackEntry['protocol']): boolean =>
  protocol === 'icmp' || protocol === 'icmpv6';

/** The latest entry that has the tuple. */
export function findConnection(
  entries: readonly ConntrackEntry[],
  sought: Sought,
): ConnectionHit | undefined {
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (!entry) continue;
    const direction = matched(entry, sought);
    if (direction !== undefined) return { entry, direction };
  }
  return undefined;
}

/** Which of its tuples is the one sought. */
function matched(entry: ConntrackEntry, { protocol, tuple, direction }: Sought): Direction | undefined {
  if (entry.protocol !== protocol) return undefined;
  const either = !isEcho(protocol);
  if ((either || direction === 'reply') && sameTuple(entry.reply, tuple)) return 'reply';
  return (either || direction === 'original') && sameTuple(entry.original, tuple) ? 'original' : undefined;
}

/** An index pays when there are more entries than this, and they are looked through more often than that. */
const MANY = 16;
const OFTEN = 4;

/** Entries that packets are looked up among. */
export class ConnectionIndex {
  readonly entries: readonly ConntrackEntry[];
  /** Places of entries, in order, by the sum of the ports of either tuple: the same in both directions. */
  #places: Map<number, number[]> | undefined;
  #asked = 0;

  constructor(entries: readonly ConntrackEntry[]) {
    this.entries = entries;
  }

  /** See `findConnection`. */
  find(sought: Sought): ConnectionHit | undefined {
    const { entries } = this;
    if (!this.pays()) return findConnection(entries, sought);
    const places = this.placesOf(sought.tuple);
    for (let at = places.length - 1; at >= 0; at -= 1) {
      const entry = entries[places[at] ?? -1];
      if (!entry) continue;
      const direction = matched(entry, sought);
      if (direction !== undefined) return { entry, direction };
    }
    return undefined;
  }

  /** Whether the connection is among them. */
  has(entry: ConntrackEntry): boolean {
    const isIt = (known: ConntrackEntry | undefined): boolean =>
      known !== undefined && sameConnection(known, entry);
    if (!this.pays()) return this.entries.some(isIt);
    return this.placesOf(entry.original).some((at) => isIt(this.entries[at]));
  }

  protected pays(): boolean {
    this.#asked += 1;
    return this.entries.length > MANY && this.#asked > OFTEN;
  }

  /** Where an entry with a tuple of the same ports may stand. */
  protected placesOf(tuple: Tuple): readonly number[] {
    if (!this.#places) {
      this.#places = new Map();
      for (const [at, entry] of this.entries.entries()) this.noteAt(at, entry);
    }
    return this.#places.get(portSum(tuple)) ?? NOWHERE;
  }

  /** An entry stands there now. What stood there before stays noted: whoever looks compares. */
  protected noteAt(at: number, { original, reply }: ConntrackEntry): void {
    const sums = [portSum(original), portSum(reply)];
    for (const sum of sums) {
      const places = this.#places?.get(sum);
      if (!places) this.#places?.set(sum, [at]);
      else if (!places.includes(at)) {
        places.push(at);
        places.sort((a, b) => a - b);
      }
    }
  }
}

/** Entries that are put into place again and again while packets walk. */
export class ConnectionDraft extends ConnectionIndex {
  readonly #own: ConntrackEntry[];

  constructor() {
    const own: ConntrackEntry[] = [];
    super(own);
    this.#own = own;
  }

  /** See `putConnection`. */
  put(entry: ConntrackEntry): void {
    if (!this.pays()) {
      putConnection(this.#own, entry);
      return;
    }
    const at = Math.min(
      this.#firstAt(entry.original, (known) => sameConnection(known, entry)),
      this.#firstAt(entry.reply, (known) => isReverse(known, entry)),
    );
    this.#own[at] = entry;
    this.noteAt(at, entry);
  }

  /** Behind all of them when there is none. */
  #firstAt(tuple: Tuple, is: (known: ConntrackEntry) => boolean): number {
    for (const at of this.placesOf(tuple)) {
      const known = this.#own[at];
      if (known && is(known)) return at;
    }
    return this.#own.length;
  }
}

const NOWHERE: readonly number[] = [];

const portSum = ({ sourcePort, destinationPort }: Tuple): number => sourcePort + destinationPort;

/** What a connection's first packet looked like names it. */
export const sameConnection = (a: ConntrackEntry, b: ConntrackEntry): boolean =>
  a.protocol === b.protocol && sameTuple(a.original, b.original);

/** Puts an entry in the place of the connection's last one, or of one that went the other way and is over; else at the end. */
export function putConnection(entries: ConntrackEntry[], entry: ConntrackEntry): void {
  const at = entries.findIndex((known) => sameConnection(known, entry) || isReverse(known, entry));
  if (at < 0) entries.push(entry);
  else entries[at] = entry;
}

const isReverse = (a: ConntrackEntry, b: ConntrackEntry): boolean =>
  a.protocol === b.protocol && !isEcho(a.protocol) && sameTuple(a.original, b.reply);

const sameTuple = (a: Tuple, b: Tuple): boolean =>
  a.source === b.source &&
  a.destination === b.destination &&
  a.sourcePort === b.sourcePort &&
  a.destinationPort === b.destinationPort;
