/**
 * Looking a packet up among a stack's connections: the two tuples of an entry are what the packets of its two directions
 * look like on arrival (Linux net/netfilter/nf_conntrack_core.c). The kernel hashes the tuples; here a look at each entry
 * costs less than an index, which would last only until the next packet has refreshed one of them.
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
  /** Heeded for ICMP alone. */
  readonly direction: Direction;
}

/** The latest entry that has the tuple. */
export function findConnection(
  entries: readonly ConntrackEntry[],
  { protocol, tuple, direction }: Sought,
): ConnectionHit | undefined {
  const asReply = protocol !== 'icmp' || direction === 'reply';
  const asOriginal = protocol !== 'icmp' || direction === 'original';
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry?.protocol !== protocol) continue;
    if (asReply && sameTuple(entry.reply, tuple)) return { entry, direction: 'reply' };
    if (asOriginal && sameTuple(entry.original, tuple)) return { entry, direction: 'original' };
  }
  return undefined;
}

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
  a.protocol === b.protocol && a.protocol !== 'icmp' && sameTuple(a.original, b.reply);

const sameTuple = (a: Tuple, b: Tuple): boolean =>
  a.source === b.source &&
  a.destination === b.destination &&
  a.sourcePort === b.sourcePort &&
  a.destinationPort === b.destinationPort;
