/**
 * One change of the cluster under construction. Inside it code reads what it has just written; outside, a state goes in
 * and a new state comes out. Every write is told to the controllers that watch its resource, which put work on the agenda.
 * What controllers do in the course of time is one change, too: a state for each of their steps would cost more than the step.
 */
import type { AgendaDraft } from '../core/agenda.ts';
import { nextHex, nextRandom, type RandomState } from '../core/random.ts';
import { Table } from '../core/table.ts';
import { timestamp, type Epoch, type Millis } from '../core/time.ts';
import type { Change, ClusterState, Controller, Seen, Work } from './controller.ts';
import type { LastSeen } from './last-seen.ts';
import type { KubeObject, ResourceName } from './object.ts';
import type { PodSandbox } from './sandbox.ts';
import type { StoreDraft } from './store.ts';

export class ClusterTransaction {
  readonly #controllers: Watchers;
  readonly #store: StoreDraft;
  readonly #seen: Seen;
  readonly #agenda: AgendaDraft<Work>;
  #random: RandomState;
  #sandboxes: Table<PodSandbox>;
  #frozen: Table<LastSeen> | undefined;
  /** As it stands, once asked for after a change. */
  #state: ClusterState | undefined;
  /** Of this instant. */
  #timestamp: string | undefined;
  #now: Millis;
  readonly epoch: Epoch;

  constructor(state: ClusterState, controllers: readonly Controller[]) {
    this.#controllers = Watchers.among(controllers);
    this.#state = state;
    this.epoch = state.epoch;
    this.#now = state.now;
    this.#store = state.store.draft();
    this.#seen = { store: this.#store };
    this.#agenda = state.agenda.draft();
    this.#random = state.random;
    this.#sandboxes = state.sandboxes;
    this.#frozen = state.frozen;
  }

  /** The very state it began with as long as nothing was written. */
  get state(): ClusterState {
    this.#state ??= {
      now: this.#now,
      epoch: this.epoch,
      random: this.#random,
      store: this.#store.finished(),
      agenda: this.#agenda.finished(),
      sandboxes: this.#sandboxes,
      ...(this.#frozen && { frozen: this.#frozen }),
    };
    return this.#state;
  }

  get now(): Millis {
    return this.#now;
  }

  /** Now, as Kubernetes writes times. */
  get timestamp(): string {
    this.#timestamp ??= timestamp(this.epoch, this.#now);
    return this.#timestamp;
  }

  /** What is stored so far; another one after each write. */
  get revision(): number {
    return this.#store.revision;
  }

  /** The resourceVersion of the next object that is written: one that bears it is stored as it is, not copied. */
  get nextVersion(): string {
    return String(this.#store.revision + 1);
  }

  /** What the kubelets run, by pod UID. */
  get sandboxes(): Table<PodSandbox> {
    return this.#sandboxes;
  }

  /** See `ClusterState.frozen`. */
  get frozen(): Table<LastSeen> | undefined {
    return this.#frozen;
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#store.get(resource, namespace, name);
  }

  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.#store.list(resource, namespace);
  }

  /** All objects of a resource; see `ObjectStore.table`. */
  table(resource: ResourceName): Table<KubeObject> | undefined {
    return this.#store.table(resource);
  }

  /** Creates or replaces an object as it stands (no admission); returns it with its new resourceVersion. */
  put(resource: ResourceName, object: KubeObject): KubeObject {
    const { before, after } = this.#store.put(resource, object);
    this.#announce({ resource, before, after });
    return after;
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): void {
    const before = this.get(resource, namespace, name);
    if (!before) return;
    this.#store.delete(resource, namespace, name);
    this.#announce({ resource, before, after: undefined });
  }

  /** Puts `key` on a controller's queue, `after` virtual milliseconds from now. */
  schedule(controller: string, key: string, after: Millis): void {
    this.#agenda.add(this.now + after, `${controller}/${key}`, { controller, key });
    this.#state = undefined;
  }

  setSandbox(sandbox: PodSandbox): void {
    this.#sandboxes = this.#sandboxes.set(sandbox.uid, sandbox);
    this.#state = undefined;
  }

  removeSandbox(uid: string): void {
    this.#sandboxes = this.#sandboxes.delete(uid);
    this.#state = undefined;
  }

  /** What an agent saw last; without it the agent sees the present. */
  see(agent: string, seen: LastSeen | undefined): void {
    const frozen = this.#frozen ?? Table.empty<LastSeen>();
    const next = seen ? frozen.set(agent, seen) : frozen.delete(agent);
    this.#frozen = next.size === 0 ? undefined : next;
    this.#state = undefined;
  }

  /** A number in [0, 1). */
  random(): number {
    const { value, state } = nextRandom(this.#random);
    this.#random = state;
    this.#state = undefined;
    return value;
  }

  /** `length` hex digits. */
  hex(length: number): string {
    const { value, state } = nextHex(this.#random, length);
    this.#random = state;
    this.#state = undefined;
    return value;
  }

  /** A UUID in version-4 form, as metadata.uid. */
  uid(): string {
    const digits = this.hex(32);
    const groups = [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `8${digits.slice(17, 20)}`,
    ];
    // Joined, it is one piece of memory; put together by `+` it would hold on to all of its parts.
    return [...groups, digits.slice(20, 32)].join('-');
  }

  #announce(change: Change): void {
    this.#state = undefined;
    for (const controller of this.#controllers.of(change.resource)) {
      for (const { key, after } of controller.react(change, this.#seen))
        this.schedule(controller.name, key, after);
    }
  }

  /** Lets the next controller do what is due up to and including `until`. False when nothing is. */
  work(until: Millis): boolean {
    const due = this.#agenda.take(until);
    if (!due) return false;
    const { at, event } = due;
    this.#become(at);
    this.#controllers.byName.get(event.controller)?.reconcile(this, event.key);
    return true;
  }

  /** Lets time pass in which nothing happens. */
  wait(until: Millis): void {
    this.#become(until);
  }

  #become(now: Millis): void {
    this.#state = undefined;
    if (now <= this.#now) return;
    this.#now = now;
    this.#timestamp = undefined;
  }

  /** What is stored, as it stands. */
  get seen(): Seen {
    return this.#seen;
  }
}

/** The controllers of a cluster, by name and by what they watch. */
class Watchers {
  static readonly #known = new WeakMap<readonly Controller[], Watchers>();

  readonly byName: ReadonlyMap<string, Controller>;
  readonly #all: readonly Controller[];
  readonly #byResource = new Map<ResourceName, readonly Controller[]>();

  private constructor(all: readonly Controller[]) {
    this.#all = all;
    this.byName = new Map(all.map((controller) => [controller.name, controller]));
  }

  static among(controllers: readonly Controller[]): Watchers {
    const known = Watchers.#known.get(controllers);
    if (known) return known;
    const made = new Watchers(controllers);
    Watchers.#known.set(controllers, made);
    return made;
  }

  /** Who is to be told of a change, in the controllers' order. */
  of(resource: ResourceName): readonly Controller[] {
    let concerned = this.#byResource.get(resource);
    if (!concerned) {
      concerned = this.#all.filter(({ watches }) => watches?.includes(resource) ?? true);
      this.#byResource.set(resource, concerned);
    }
    return concerned;
  }
}

export interface Stops {
  /** Where it is, whatever else is due. */
  readonly when?: (seen: Seen) => boolean;
  /** Where the last of the work was, not at the end of the time. */
  readonly afterWork?: boolean;
}

/** Runs everything due up to and including `until`, then stands at `until`. Throws when controllers never settle. */
export function advance(
  state: ClusterState,
  until: Millis,
  controllers: readonly Controller[],
  { when: stop, afterWork = false }: Stops = {},
): ClusterState {
  const tx = new ClusterTransaction(state, controllers);
  for (let turns = 0; tx.work(until); turns += 1) {
    if (turns > 1_000_000) throw new Error('controllers do not settle');
    if (stop?.(tx.seen) === true) return tx.state;
  }
  if (!afterWork) tx.wait(until);
  return tx.state;
}
