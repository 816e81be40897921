/**
 * How many pods a controller has and how many of them are ready, without looking at each: a ReplicaSet of thousands of pods
 * looks at its counts whenever some of them change.
 */
import type { KubeObject } from '../object.ts';
import type { Labels } from '../selector.ts';
import { TableTally } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { controllerOf } from './ownership.ts';
import { isActive, isReady, isTerminal } from './pod-state.ts';

/** Active pods of one owner with the same labels. */
export interface Replicas {
  readonly labels: Labels;
  readonly ready: boolean;
  readonly count: number;
}

/** A pod's labels as text, ready or not: thousands of changes are told apart by it. */
interface Kinds {
  readonly ready: string;
  readonly unready: string;
}

const kinds = new WeakMap<Labels, Kinds>();
const NO_LABELS: Labels = {};
const NOBODY = ['', ''] as const;
/** Not JSON, as the other kinds are. */
const TERMINATING = 'terminating';

function kindsOf(labels: Labels): Kinds {
  const known = kinds.get(labels);
  if (known) return known;
  const made = {
    ready: JSON.stringify({ labels, ready: true }),
    unready: JSON.stringify({ labels, ready: false }),
  };
  kinds.set(labels, made);
  return made;
}

const tally = new TableTally<KubeObject>((pod) => {
  const owner = controllerOf(pod)?.uid;
  if (owner === undefined || isTerminal(pod)) return NOBODY;
  if (!isActive(pod)) return [owner, TERMINATING];
  const { ready, unready } = kindsOf(pod.metadata.labels ?? NO_LABELS);
  return [owner, isReady(pod) ? ready : unready];
});

const countsOf = (tx: ClusterTransaction, owner: KubeObject): ReadonlyMap<string, number> =>
  tally.counts(tx.table('pods'), owner.metadata.uid ?? '');

/** The active pods of an owner. */
export const replicasOwnedBy = (tx: ClusterTransaction, owner: KubeObject): readonly Replicas[] =>
  [...countsOf(tx, owner)].flatMap(([kind, count]) =>
    kind === TERMINATING ? [] : [{ ...(JSON.parse(kind) as Omit<Replicas, 'count'>), count }],
  );

/** How many pods of an owner are on their way out and have not ended. */
export const terminatingOwnedBy = (tx: ClusterTransaction, owner: KubeObject): number =>
  countsOf(tx, owner).get(TERMINATING) ?? 0;
