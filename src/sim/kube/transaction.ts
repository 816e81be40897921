/**
 * One change of the cluster under construction. Inside it code reads what it has just written; outside, a state goes in
 * and a new state comes out. Every write is offered to every controller, which puts its work on the agenda.
 */
import { nextHex, nextRandom } from '../core/random.ts';
import { timestamp, type Millis } from '../core/time.ts';
import type { Change, ClusterState, Controller } from './controller.ts';
import type { KubeObject, ResourceName } from './object.ts';
import type { PodSandbox } from './sandbox.ts';

export class ClusterTransaction {
  #state: ClusterState;
  readonly #controllers: readonly Controller[];
  /** A transaction is one instant. */
  #timestamp: string | undefined;

  constructor(state: ClusterState, controllers: readonly Controller[]) {
    this.#state = state;
    this.#controllers = controllers;
  }

  get state(): ClusterState {
    return this.#state;
  }

  get now(): Millis {
    return this.#state.now;
  }

  /** Now, as Kubernetes writes times. */
  get timestamp(): string {
    this.#timestamp ??= timestamp(this.#state.epoch, this.#state.now);
    return this.#timestamp;
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#state.store.get(resource, namespace, name);
  }

  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.#state.store.list(resource, namespace);
  }

  /** Creates or replaces an object as it stands (no admission); returns it with its new resourceVersion. */
  put(resource: ResourceName, object: KubeObject): KubeObject {
    const before = this.get(resource, object.metadata.namespace, object.metadata.name);
    const { store, object: after } = this.#state.store.put(resource, object);
    this.#state = { ...this.#state, store };
    this.#announce({ resource, before, after });
    return after;
  }

  delete(resource: ResourceName, namespace: string | undefined, name: string): void {
    const before = this.get(resource, namespace, name);
    if (!before) return;
    this.#state = { ...this.#state, store: this.#state.store.delete(resource, namespace, name) };
    this.#announce({ resource, before, after: undefined });
  }

  /** Puts `key` on a controller's queue, `after` virtual milliseconds from now. */
  schedule(controller: string, key: string, after: Millis): void {
    const agenda = this.#state.agenda.add(this.now + after, `${controller}/${key}`, { controller, key });
    this.#state = { ...this.#state, agenda };
  }

  setSandbox(sandbox: PodSandbox): void {
    this.#state = { ...this.#state, sandboxes: this.#state.sandboxes.set(sandbox.uid, sandbox) };
  }

  removeSandbox(uid: string): void {
    this.#state = { ...this.#state, sandboxes: this.#state.sandboxes.delete(uid) };
  }

  /** A number in [0, 1). */
  random(): number {
    const { value, state } = nextRandom(this.#state.random);
    this.#state = { ...this.#state, random: state };
    return value;
  }

  /** `length` hex digits. */
  hex(length: number): string {
    const { value, state } = nextHex(this.#state.random, length);
    this.#state = { ...this.#state, random: state };
    return value;
  }

  /** A UUID in version-4 form, as metadata.uid. */
  uid(): string {
    const digits = this.hex(32);
    return [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `8${digits.slice(17, 20)}`,
      digits.slice(20, 32),
    ].join('-');
  }

  #announce(change: Change): void {
    for (const controller of this.#controllers) {
      for (const { key, after } of controller.react(change, this.#state))
        this.schedule(controller.name, key, after);
    }
  }
}

/**
 * Runs everything due up to and including `until`, then stands at `until`; or stops where it is when `stop` says so. Throws
 * when controllers never settle.
 */
export function advance(
  state: ClusterState,
  until: Millis,
  controllers: readonly Controller[],
  stop?: (state: ClusterState) => boolean,
): ClusterState {
  const byName = new Map(controllers.map((controller) => [controller.name, controller]));
  let at = state;
  for (let turns = 0; ; turns += 1) {
    if (turns > 1_000_000) throw new Error('controllers do not settle');
    const taken = at.agenda.take(until);
    if (!taken) break;
    const { due, rest } = taken;
    const tx = new ClusterTransaction({ ...at, agenda: rest, now: Math.max(at.now, due.at) }, controllers);
    byName.get(due.event.controller)?.reconcile(tx, due.event.key);
    at = tx.state;
    if (stop?.(at) === true) return at;
  }
  return { ...at, now: Math.max(at.now, until) };
}
