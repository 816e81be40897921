/**
 * What happened to a world, as data: each entry holds the transaction that was applied, who asked for it, and the world it
 * led to. Worlds share structure, so an entry costs what it changed. Nothing is ever overwritten: who goes back and does
 * something else begins a branch, and the entries of the other one stay until they are the oldest. The law is replay:
 * applying an entry's transaction to the world before it gives the world it holds (`test/simulator/history.test.ts`).
 */
import type { Place } from '../../model/place.ts';
import type { Transaction } from '../apply.ts';
import type { World } from '../stacks.ts';

/** Who asked for a transaction; nobody for time that passes and for clients outside of the lab. */
export interface Author {
  readonly place: Place;
  /** The command that was run there, word by word. */
  readonly argv: readonly string[];
}

export interface LogEntry {
  /** Counts up from 1 in each log. */
  readonly id: number;
  /** The entry in whose world this one began; undefined when the world came from elsewhere: the first, and restored ones. */
  readonly follows: number | undefined;
  /** One; several where time passed in several steps; none when the world came from elsewhere. */
  readonly transactions: readonly Transaction[];
  readonly by: Author | undefined;
  /** Afterwards. */
  readonly world: World;
  /** What the host keeps with this world. */
  readonly alongside: unknown;
}

/** So many entries are kept; the oldest goes first, and with it the world that only it held. */
const MOST_ENTRIES = 2_000;

export interface EventLogOptions {
  /** What belongs to the present besides the world; the same identity while it is the same. */
  readonly alongside?: () => unknown;
  readonly most?: number;
}

const isTime = ({ kind }: Transaction): boolean => kind === 'advance';

export class EventLog {
  readonly #entries = new Map<number, LogEntry>();
  readonly #most: number;
  /** The transactions of the head, while more steps of time may follow. */
  #steps: Transaction[] = [];
  #alongside: () => unknown;
  #head: LogEntry;
  #latest = 1;
  /** Somebody has been told of the head: it does not change any more. */
  #sealed = false;

  constructor(world: World, { alongside = () => undefined, most = MOST_ENTRIES }: EventLogOptions = {}) {
    this.#alongside = alongside;
    this.#most = most;
    const head = { id: 1, follows: undefined, transactions: [], by: undefined, world };
    this.#head = { ...head, alongside: alongside() };
    this.#entries.set(this.#head.id, this.#head);
  }

  /** From now on this is kept with every entry, the present one included. */
  keepAlongside(alongside: () => unknown): void {
    this.#alongside = alongside;
    this.#replaceHead({ ...this.#head, alongside: alongside() });
  }

  /** A transaction led to another world. */
  add(world: World, transaction: Transaction, by: Author | undefined): void {
    const head = this.#head;
    const alongside = this.#alongside();
    if (!this.#sealed && isTime(transaction) && head.transactions.slice(0, 1).some(isTime)) {
      this.#steps.push(transaction);
      this.#replaceHead({ ...head, world, alongside });
      return;
    }
    this.#steps = [transaction];
    this.#push({ follows: head.id, transactions: this.#steps, by, world, alongside });
  }

  /** The world was exchanged for one that was kept, here or elsewhere. */
  arrive(world: World, kept?: LogEntry): void {
    if (kept?.world === world && this.#entries.get(kept.id) === kept) {
      this.#head = kept;
      this.#sealed = true;
      return;
    }
    const origin = kept && this.#entries.has(kept.id) ? kept.id : undefined;
    this.#push({ follows: origin, transactions: [], by: undefined, world, alongside: this.#alongside() });
  }

  /** The present, as an entry that stays as it is. */
  present(): LogEntry {
    const alongside = this.#alongside();
    if (alongside !== this.#head.alongside) {
      // The host's part changed without a transaction: time that passed in no time.
      const { world } = this.#head;
      if (this.#sealed) this.add(world, { kind: 'advance', to: world.cluster.now }, undefined);
      else this.#replaceHead({ ...this.#head, alongside });
    }
    this.#sealed = true;
    return this.#head;
  }

  /** Undefined for one that is not kept any more, or never was. */
  get(id: number): LogEntry | undefined {
    return id === this.#head.id ? this.present() : this.#entries.get(id);
  }

  /** What is kept, oldest first, after the entry `since`; the present is the last thing told of. */
  entries(since = 0): readonly LogEntry[] {
    this.present();
    return [...this.#entries.values()].filter(({ id }) => id > since);
  }

  #push(entry: Omit<LogEntry, 'id'>): void {
    this.#latest += 1;
    this.#head = { id: this.#latest, ...entry };
    this.#sealed = false;
    this.#entries.set(this.#head.id, this.#head);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
  }

  #replaceHead(head: LogEntry): void {
    this.#head = head;
    this.#entries.set(head.id, head);
  }
}
