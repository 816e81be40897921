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

const order = (at: Millis, sequence: number): string =>
  `${Math.round(at * 1000)
    .toString()
    .padStart(16, '0')}/${String(sequence).padStart(10, '0')}`;

export class Agenda<E> {
  readonly #queue: Table<Due<E>>;
  readonly #places: Table<string>;
  readonly #sequence: number;

  private constructor(queue: Table<Due<E>>, places: Table<string>, sequence: number) {
    this.#queue = queue;
    this.#places = places;
    this.#sequence = sequence;
  }

  static empty<E>(): Agenda<E> {
    return new Agenda<E>(Table.empty(), Table.empty(), 0);
  }

  /** What waits, in the order in which an agenda tells it. */
  static of<E>(dues: Iterable<Due<E>>): Agenda<E> {
    let agenda = Agenda.empty<E>();
    for (const { at, key, event } of dues) agenda = agenda.add(at, key, event);
    return agenda;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Puts `event` at time `at`; when `key` already waits for an earlier or equal time, nothing changes. */
  add(at: Millis, key: string, event: E): Agenda<E> {
    const waiting = this.#places.get(key);
    const due = waiting === undefined ? undefined : this.#queue.get(waiting);
    if (due && due.at <= at) return this;
    const place = order(at, this.#sequence);
    const queue = waiting === undefined ? this.#queue : this.#queue.delete(waiting);
    return new Agenda(queue.set(place, { at, key, event }), this.#places.set(key, place), this.#sequence + 1);
  }

  /** Puts `event` at time `at` and nowhere else, whenever its key waited before. */
  move(at: Millis, key: string, event: E): Agenda<E> {
    const waiting = this.#places.get(key);
    const due = waiting === undefined ? undefined : this.#queue.get(waiting);
    return due?.at === at ? this : this.cancel(key).add(at, key, event);
  }

  cancel(key: string): Agenda<E> {
    const place = this.#places.get(key);
    if (place === undefined) return this;
    return new Agenda(this.#queue.delete(place), this.#places.delete(key), this.#sequence);
  }

  /** When the next event is due; undefined when nothing waits. */
  get nextAt(): Millis | undefined {
    return this.#queue.first?.at;
  }

  /** The first event due at or before `until`, and the agenda without it. */
  take(until: Millis): { readonly due: Due<E>; readonly rest: Agenda<E> } | undefined {
    const due = this.#queue.first;
    return due && due.at <= until ? { due, rest: this.cancel(due.key) } : undefined;
  }

  *[Symbol.iterator](): Iterator<Due<E>> {
    yield* this.#queue.values();
  }
}
