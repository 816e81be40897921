/**
 * What is due when: a persistent queue of events ordered by time, then by insertion. The host advances time; the
 * simulation takes what is due. An event has a key, and one key waits at most once: asking again keeps the earlier time.
 */
import { Table } from './table.ts';
import type { Millis } from './time.ts';

export interface Due<E> {
  readonly at: Millis;
  readonly key: string;
  readonly event: E;
}

/** An event with its place: by time, to the microsecond, then by insertion. */
interface Placed<E> {
  readonly moment: number;
  readonly sequence: number;
  readonly due: Due<E>;
}

const isBefore = <E>(a: Placed<E>, b: Placed<E>): boolean =>
  a.moment < b.moment || (a.moment === b.moment && a.sequence < b.sequence);

/** A leftist heap: the first is on top, and the way down on the right is the shortest there is. */
interface Heap<E> {
  readonly first: Placed<E>;
  /** The length of that way. */
  readonly rank: number;
  readonly left: Queue<E>;
  readonly right: Queue<E>;
}

type Queue<E> = Heap<E> | undefined;

const alone = <E>(first: Placed<E>): Heap<E> => ({ first, rank: 1, left: undefined, right: undefined });

function merged<E>(a: Queue<E>, b: Queue<E>): Queue<E> {
  if (!a || !b) return a ?? b;
  return isBefore(a.first, b.first) ? under(a, merged(a.right, b)) : under(b, merged(b.right, a));
}

function under<E>({ first, left }: Heap<E>, other: Queue<E>): Heap<E> {
  const [ours, others] = [left?.rank ?? 0, other?.rank ?? 0];
  return ours >= others
    ? { first, rank: others + 1, left, right: other }
    : { first, rank: ours + 1, left: other, right: left };
}

interface Contents<E> {
  /** The first of them waits still; others may have been cancelled, or wait elsewhere now. */
  readonly queue: Queue<E>;
  /** How many of the queue's do not wait. */
  readonly void: number;
  /** What waits, by key. */
  readonly places: Table<Placed<E>>;
  /** The next number. */
  readonly sequence: number;
}

/** Takes what does not wait from the front of the queue; when most of it does not, it is made anew. */
function tidied<E>(contents: Contents<E>): Contents<E> {
  const { places } = contents;
  if (contents.void > places.size) {
    let queue: Queue<E>;
    for (const placed of places.values()) queue = merged(queue, alone(placed));
    return { ...contents, queue, void: 0 };
  }
  let { queue, void: left } = contents;
  while (left > 0 && queue && places.get(queue.first.due.key) !== queue.first) {
    queue = merged(queue.left, queue.right);
    left -= 1;
  }
  return queue === contents.queue ? contents : { ...contents, queue, void: left };
}

export class Agenda<E> {
  readonly #contents: Contents<E>;

  private constructor(contents: Contents<E>) {
    this.#contents = contents;
  }

  static empty<E>(): Agenda<E> {
    return new Agenda<E>({ queue: undefined, void: 0, places: Table.empty(), sequence: 0 });
  }

  /** What waits, in the order in which an agenda tells it. */
  static of<E>(dues: Iterable<Due<E>>): Agenda<E> {
    let agenda = Agenda.empty<E>();
    for (const { at, key, event } of dues) agenda = agenda.add(at, key, event);
    return agenda;
  }

  get size(): number {
    return this.#contents.places.size;
  }

  /** Puts `event` at time `at`; when `key` already waits for an earlier or equal time, nothing changes. */
  add(at: Millis, key: string, event: E): Agenda<E> {
    const { queue, void: gone, places, sequence } = this.#contents;
    const waiting = places.get(key);
    if (waiting && waiting.due.at <= at) return this;
    const placed = { moment: Math.round(at * 1000), sequence, due: { at, key, event } };
    return new Agenda(
      tidied({
        queue: merged(queue, alone(placed)),
        void: waiting ? gone + 1 : gone,
        places: places.set(key, placed),
        sequence: sequence + 1,
      }),
    );
  }

  /** Puts `event` at time `at` and nowhere else, whenever its key waited before. */
  move(at: Millis, key: string, event: E): Agenda<E> {
    return this.#contents.places.get(key)?.due.at === at ? this : this.cancel(key).add(at, key, event);
  }

  cancel(key: string): Agenda<E> {
    const { places, void: gone } = this.#contents;
    const without = places.delete(key);
    return without === places
      ? this
      : new Agenda(tidied({ ...this.#contents, places: without, void: gone + 1 }));
  }

  /** When the next event is due; undefined when nothing waits. */
  get nextAt(): Millis | undefined {
    return this.#contents.queue?.first.due.at;
  }

  /** The first event due at or before `until`, and the agenda without it. */
  take(until: Millis): { readonly due: Due<E>; readonly rest: Agenda<E> } | undefined {
    const due = this.#contents.queue?.first.due;
    return due && due.at <= until ? { due, rest: this.cancel(due.key) } : undefined;
  }

  /** In the order in which they fall due. */
  *[Symbol.iterator](): Iterator<Due<E>> {
    const waiting = [...this.#contents.places.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    for (const { due } of waiting) yield due;
  }
}
