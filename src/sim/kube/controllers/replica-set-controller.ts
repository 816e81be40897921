/**
 * Keeps as many pods as a ReplicaSet wants.
 * Source: k8s.io/kubernetes pkg/controller/replicaset/replica_set.go, pkg/controller/controller_utils.go
 * (ActivePodsWithRanks), Kubernetes 1.35, where DeploymentReplicaSetTerminatingReplicas is on (pkg/features/kube_features.go).
 * Slow start and burst limits are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import { putStatus } from '../admission.ts';
import type { Change, Controller } from '../controller.ts';
import { listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { REPLICA_SETS } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import { parseTimestamp, type Millis } from '../../core/time.ts';
import { matches, selectorOf, type Labels } from '../selector.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { controllerOf, controllerReference, keyOf, loosePods, podsOwnedBy, splitKey } from './ownership.ts';
import { createPod, removePod } from './pod-control.ts';
import { conditionOf, isActive, isReady, untilAvailable } from './pod-state.ts';
import { replicasOwnedBy, terminatingOwnedBy, type Replicas } from './replica-counts.ts';

const NAME = 'replicaset';
const COMPONENT = 'replicaset-controller';
const DELAY = 10;
/** Lets changes of many pods gather into one look. */
const GATHER = 50;

function ownerKey(pod: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === kind ? `${pod.metadata.namespace ?? ''}/${owner.name}` : undefined;
}

const NOTHING: readonly { readonly key: string; readonly after: Millis }[] = [];

/** The keys of the controllers of one kind that a pod change concerns. */
export function ownerKeys({ before, after }: Change, kind: string, delay: number) {
  const kept = before?.metadata.ownerReferences === after?.metadata.ownerReferences;
  const old = before && !kept ? ownerKey(before, kind) : undefined;
  const now = after && ownerKey(after, kind);
  if (old === undefined && now === undefined) return NOTHING;
  const keys = old === now ? [now] : [old, now];
  return keys.flatMap((key) => (key === undefined ? [] : [{ key, after: delay }]));
}

export const replicaSetController: Controller = {
  name: NAME,
  watches: ['pods', REPLICA_SETS.name],
  react: (change) => {
    if (change.resource === 'pods') return ownerKeys(change, 'ReplicaSet', GATHER);
    if (change.resource !== REPLICA_SETS.name || !change.after) return [];
    return [{ key: keyOf(change.after), after: DELAY }];
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const set = tx.get(REPLICA_SETS.name, namespace, name);
    if (!set) return;
    const added = adopted(tx, set);
    const seen = {
      replicas: replicasOwnedBy(tx, set),
      terminating: terminatingOwnedBy(tx, set),
      settling: settling(tx, set),
    };
    if (set.metadata.deletionTimestamp === undefined) manage(tx, set, sizeOf(seen.replicas), added);
    report(tx, set, seen);
  },
};

/** Pods without a controller that the selector matches become the set's own. */
function adopted(tx: ClusterTransaction, set: KubeObject): readonly KubeObject[] {
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const selector = selectorOf(set.spec?.['selector']);
  return loosePods(tx, set.metadata.namespace ?? '')
    .filter((pod) => isActive(pod) && matches(selector, pod.metadata.labels))
    .map((pod) => {
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controllerReference(set)];
      return tx.put('pods', { ...pod, metadata: { ...pod.metadata, ownerReferences } });
    });
}

const sizeOf = (replicas: readonly Replicas[]): number => replicas.reduce((sum, { count }) => sum + count, 0);

function manage(tx: ClusterTransaction, set: KubeObject, size: number, added: readonly KubeObject[]): void {
  const wanted = numberAt(set.spec, 'replicas');
  for (let missing = wanted - size; missing > 0; missing -= 1)
    createPod(tx, { owner: set, component: COMPONENT });
  if (size <= wanted) return;
  const pods = [...podsOwnedBy(tx, set).filter((pod) => isActive(pod) && !added.includes(pod)), ...added];
  for (const pod of inOrderOfDeletion(pods).slice(0, size - wanted)) removePod(tx, set, pod, COMPONENT);
}

const PHASES = ['Pending', 'Unknown', 'Running'];

/** Cheapest losses first: not placed, not started, not ready, crowded on one node, young. */
export function inOrderOfDeletion(pods: readonly KubeObject[]): readonly KubeObject[] {
  const crowd = new Map<string, number>();
  for (const pod of pods) {
    const node = textAt(pod.spec, 'nodeName');
    crowd.set(node, (crowd.get(node) ?? 0) + 1);
  }
  const rank = (pod: KubeObject): readonly number[] => [
    textAt(pod.spec, 'nodeName') === '' ? 0 : 1,
    PHASES.indexOf(textAt(pod.status, 'phase')),
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0),
    -(crowd.get(textAt(pod.spec, 'nodeName')) ?? 0),
    -(parseTimestamp(textAt(conditionOf(pod, 'Ready'), 'lastTransitionTime')) || 0),
    -listAt(pod.status, 'containerStatuses').reduce(
      (sum, status) => sum + numberAt(status, 'restartCount'),
      0,
    ),
    -(parseTimestamp(pod.metadata.creationTimestamp ?? '') || 0),
  ];
  const ranked = pods.map((pod) => ({ pod, rank: rank(pod) }));
  ranked.sort((a, b) => {
    const at = a.rank.findIndex((value, index) => value !== b.rank[index]);
    return at === -1 ? 0 : (a.rank[at] ?? 0) - (b.rank[at] ?? 0);
  });
  return ranked.map(({ pod }) => pod);
}

const carries = (labels: Labels, wanted: JsonObject): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

interface Seen {
  readonly replicas: readonly Replicas[];
  readonly terminating: number;
  /** Where the set wants its pods to be ready for a while before they count. */
  readonly settling: Settling | undefined;
}

interface Settling {
  readonly available: number;
  /** Virtual milliseconds until the next pod counts; Infinity when none will. */
  readonly next: Millis;
}

function settling(tx: ClusterTransaction, set: KubeObject): Settling | undefined {
  const minReady = numberAt(set.spec, 'minReadySeconds');
  if (minReady === 0) return undefined;
  const waits = podsOwnedBy(tx, set)
    .filter(isActive)
    .flatMap((pod) => untilAvailable(tx, pod, minReady) ?? []);
  return {
    available: waits.filter((wait) => wait === 0).length,
    next: waits.reduce((least, wait) => (wait === 0 ? least : Math.min(least, wait)), Infinity),
  };
}

function report(tx: ClusterTransaction, before: KubeObject, seen: Seen): void {
  const { replicas, terminating, settling } = seen;
  const set = tx.get(REPLICA_SETS.name, before.metadata.namespace, before.metadata.name);
  if (!set) return;
  const wanted = objectAt(set.spec, 'template', 'metadata', 'labels');
  const readyReplicas = sizeOf(replicas.filter(({ ready }) => ready));
  const counts: JsonObject = {
    fullyLabeledReplicas: sizeOf(replicas.filter(({ labels }) => carries(labels, wanted))),
    readyReplicas,
    availableReplicas: settling?.available ?? readyReplicas,
  };
  if (settling && settling.next < Infinity) tx.schedule(NAME, keyOf(set), settling.next);
  putStatus(tx, REPLICA_SETS, set, {
    replicas: sizeOf(replicas),
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    terminatingReplicas: terminating,
    observedGeneration: set.metadata.generation ?? 0,
  });
}
