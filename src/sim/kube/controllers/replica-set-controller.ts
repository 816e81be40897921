/**
 * Keeps as many pods as a ReplicaSet wants.
 * Source: k8s.io/kubernetes pkg/controller/replicaset/replica_set.go, pkg/controller/controller_utils.go
 * (ActivePodsWithRanks), Kubernetes 1.35. Slow start and burst limits are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import { putStatus } from '../admission.ts';
import type { Change, Controller } from '../controller.ts';
import { listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { REPLICA_SETS } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import { parseTimestamp } from '../../core/time.ts';
import { matches, selectorOf } from '../selector.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { controllerOf, controllerReference, keyOf, loosePods, podsOwnedBy, splitKey } from './ownership.ts';
import { createPod, removePod } from './pod-control.ts';
import { conditionOf, isActive, isReady, untilAvailable } from './pod-state.ts';

const NAME = 'replicaset';
const COMPONENT = 'replicaset-controller';
const DELAY = 10;
/** Lets changes of many pods gather into one look. */
const GATHER = 50;

function ownerKey(pod: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === kind ? `${pod.metadata.namespace ?? ''}/${owner.name}` : undefined;
}

/** The keys of the controllers of one kind that a pod change concerns. */
export function ownerKeys({ before, after }: Change, kind: string, delay: number) {
  const [old, now] = [before && ownerKey(before, kind), after && ownerKey(after, kind)];
  const keys = old === now ? [now] : [old, now];
  return keys.flatMap((key) => (key === undefined ? [] : [{ key, after: delay }]));
}

export const replicaSetController: Controller = {
  name: NAME,
  react: (change) => {
    if (change.resource === 'pods') return ownerKeys(change, 'ReplicaSet', GATHER);
    if (change.resource !== REPLICA_SETS.name || !change.after) return [];
    return [{ key: keyOf(change.after), after: DELAY }];
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const set = tx.get(REPLICA_SETS.name, namespace, name);
    if (!set) return;
    const pods = podsOwnedBy(tx, set).filter(isActive).concat(adopted(tx, set));
    if (set.metadata.deletionTimestamp === undefined) manage(tx, set, pods);
    report(tx, set, pods);
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

function manage(tx: ClusterTransaction, set: KubeObject, pods: readonly KubeObject[]): void {
  const wanted = numberAt(set.spec, 'replicas');
  for (let missing = wanted - pods.length; missing > 0; missing -= 1)
    createPod(tx, { owner: set, component: COMPONENT });
  if (pods.length <= wanted) return;
  for (const pod of inOrderOfDeletion(pods).slice(0, pods.length - wanted))
    removePod(tx, set, pod, COMPONENT);
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

function carries({ metadata }: KubeObject, labels: readonly (readonly [string, unknown])[]): boolean {
  for (const label of labels) if (metadata.labels?.[label[0]] !== label[1]) return false;
  return true;
}

function report(tx: ClusterTransaction, before: KubeObject, seen: readonly KubeObject[]): void {
  const set = tx.get(REPLICA_SETS.name, before.metadata.namespace, before.metadata.name);
  if (!set) return;
  const labels = Object.entries(objectAt(set.spec, 'template', 'metadata', 'labels'));
  const minReady = numberAt(set.spec, 'minReadySeconds');
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  let soonest = Infinity;
  for (const pod of seen) {
    if (carries(pod, labels)) fullyLabeledReplicas += 1;
    const wait = untilAvailable(tx, pod, minReady);
    if (wait === undefined) continue;
    readyReplicas += 1;
    if (wait === 0) availableReplicas += 1;
    else soonest = Math.min(soonest, wait);
  }
  if (soonest < Infinity) tx.schedule(NAME, keyOf(set), soonest);
  const counts: JsonObject = { fullyLabeledReplicas, readyReplicas, availableReplicas };
  putStatus(tx, REPLICA_SETS, set, {
    replicas: seen.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    observedGeneration: set.metadata.generation ?? 0,
  });
}
