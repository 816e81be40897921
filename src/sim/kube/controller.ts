/**
 * Controllers as Kubernetes has them: each watches kinds, turns a change into work-queue keys, and reconciles a key
 * against the store. The agenda is the work queue of all of them, so their timing is virtual and repeatable.
 */
import type { Agenda } from '../core/agenda.ts';
import type { RandomState } from '../core/random.ts';
import type { Table } from '../core/table.ts';
import type { Epoch, Millis } from '../core/time.ts';
import type { KubeObject, ResourceName } from './object.ts';
import type { LastSeen } from './last-seen.ts';
import type { ObjectStore, StoreView } from './store.ts';
import type { PodSandbox } from './sandbox.ts';
import type { ClusterTransaction } from './transaction.ts';

/** Everything the cluster remembers; immutable. */
export interface ClusterState {
  readonly now: Millis;
  readonly epoch: Epoch;
  readonly random: RandomState;
  readonly store: ObjectStore;
  /** Keys `<controller>/<key>`. */
  readonly agenda: Agenda<Work>;
  /** What the kubelets run, by pod UID. */
  readonly sandboxes: Table<PodSandbox>;
  /** Agents of nodes that see nothing new, by `lastSeenKey`; absent while all do. */
  readonly frozen?: Table<LastSeen>;
}

export interface Work {
  readonly controller: string;
  readonly key: string;
}

export interface Change {
  readonly resource: ResourceName;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/** What a controller may look at while it is told of a change. */
export interface Seen {
  readonly store: StoreView;
}

export interface Controller {
  readonly name: string;
  /** The resources whose changes it is told of; all of them unless said. */
  readonly watches?: readonly ResourceName[];
  /** Keys to reconcile because of this change, with a delay in virtual milliseconds (0 = in this instant). */
  react(change: Change, cluster: Seen): readonly { readonly key: string; readonly after: Millis }[];
  /** Brings the world for `key` nearer to what is wanted. Must be idempotent. */
  reconcile(tx: ClusterTransaction, key: string): void;
}
