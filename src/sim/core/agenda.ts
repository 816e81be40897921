/**
 * What is due when: a persistent queue of events ordered by time, then by insertion. The host advances time; the
 * simulation takes what is due. An event has a key, and one key waits at most once: asking again keeps the earlier time.
 */
import { FirstOut } from './first-out.ts';
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

const placedAt = <E>(due: Due<E>, sequence: number): Placed<E> => ({
  moment: Math.round(due.at * 1000),
  sequence,
  due,
});

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
    queue = popped(queue);
    left -= 1;
  }
  return queue === contents.queue ? contents : { ...contents, queue, void: left };
}

/** Without its first: that one waits no longer, or is void. */
const popped = <E>(queue: Queue<E>): Queue<E> => queue && merged(queue.left, queue.right);

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
    const placed = placedAt({ at, key, event }, sequence);
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

  /** Many changes of it, told as one agenda at the end. */
  draft(): AgendaDraft<E> {
    return new AgendaDraft(this, this.#contents, (contents) => new Agenda(contents));
  }

  /** In the order in which they fall due. */
  *[Symbol.iterator](): Iterator<Due<E>> {
    const waiting = [...this.#contents.places.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    for (const { due } of waiting) yield due;
  }
}

/** An agenda under construction. What is put on it and taken again leaves no trace in what comes of it. */
export class AgendaDraft<E> {
  readonly #finish: (contents: Contents<E>) => Agenda<E>;
  /** What it was last, of whose queue the beginning may have been taken. */
  #agenda: Agenda<E>;
  #contents: Contents<E>;
  /** What of that agenda waits no longer, or waits among the new. */
  readonly #gone = new Set<string>();
  /** What has been put on it and waits, by key. */
  readonly #new = new Map<string, Placed<E>>();
  /** The new, the first on top; some may wait no longer. */
  readonly #queue = new FirstOut<Placed<E>>(isBefore);
  #sequence: number;

  constructor(agenda: Agenda<E>, contents: Contents<E>, finish: (contents: Contents<E>) => Agenda<E>) {
    this.#agenda = agenda;
    this.#contents = contents;
    this.#finish = finish;
    this.#sequence = contents.sequence;
  }

  /** See `Agenda.add`. */
  add(at: Millis, key: string, event: E): void {
    const fresh = this.#new.get(key);
    const waiting = fresh ?? this.#kept(key);
    if (waiting && waiting.due.at <= at) return;
    if (waiting && !fresh) this.#leave(key);
    const placed = placedAt({ at, key, event }, this.#sequence);
    this.#sequence += 1;
    this.#new.set(key, placed);
    this.#queue.push(placed);
  }

  /** Takes the first event due at or before `until`; undefined when none is. */
  take(until: Millis): Due<E> | undefined {
    const [old, fresh] = [this.#firstKept(), this.#firstNew()];
    const isFresh = fresh !== undefined && (!old || isBefore(fresh, old));
    const first = isFresh ? fresh : old;
    if (!first || first.due.at > until) return undefined;
    if (isFresh) {
      this.#queue.pop();
      this.#new.delete(first.due.key);
    } else {
      this.#gone.add(first.due.key);
      this.#contents = { ...this.#contents, queue: popped(this.#contents.queue) };
    }
    return first.due;
  }

  /** As it stands: the very agenda it began with when nothing has changed. */
  finished(): Agenda<E> {
    if (this.#gone.size === 0 && this.#new.size === 0) return this.#agenda;
    let { queue, places } = this.#contents;
    for (const key of this.#gone) places = places.delete(key);
    for (const [key, placed] of this.#new) {
      places = places.set(key, placed);
      queue = merged(queue, alone(placed));
    }
    this.#contents = tidied({ ...this.#contents, queue, places, sequence: this.#sequence });
    this.#agenda = this.#finish(this.#contents);
    this.#gone.clear();
    this.#new.clear();
    this.#queue.clear();
    return this.#agenda;
  }

  #kept(key: string): Placed<E> | undefined {
    return this.#gone.has(key) ? undefined : this.#contents.places.get(key);
  }

  #leave(key: string): void {
    this.#gone.add(key);
    this.#contents = { ...this.#contents, void: this.#contents.void + 1 };
  }

  #firstKept(): Placed<E> | undefined {
    for (;;) {
      const { queue, void: gone } = this.#contents;
      if (!queue || gone === 0 || this.#kept(queue.first.due.key) === queue.first) return queue?.first;
      this.#contents = { ...this.#contents, queue: popped(queue), void: gone - 1 };
    }
  }

  #firstNew(): Placed<E> | undefined {
    for (;;) {
      const { first } = this.#queue;
      if (!first || this.#new.get(first.due.key) === first) return first;
      this.#queue.pop();
    }
  }
}
