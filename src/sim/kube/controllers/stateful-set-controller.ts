/**
 * Runs a StatefulSet's pods under their ordinals, one after the other.
 * Source: k8s.io/kubernetes pkg/controller/statefulset/stateful_set_control.go, Kubernetes 1.35. Volume claims, partitions
 * and ControllerRevision objects are left out.
 */
import { canonicalJson } from '../../../base/json.ts';
import { putStatus } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { at, numberAt, textAt } from '../fields.ts';
import { STATEFUL_SETS } from '../kinds/workload.ts';
import { fnv32a, safeEncode } from '../name.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { keyOf, podsOwnedBy, splitKey } from './ownership.ts';
import { createPod, removePod } from './pod-control.ts';
import { isActive, isReady } from './pod-state.ts';
import { ownerKeys } from './replica-set-controller.ts';

const COMPONENT = 'statefulset-controller';
const DELAY = 10;
const REVISION_LABEL = 'controller-revision-hash';

export const statefulSetController: Controller = {
  name: 'statefulset',
  watches: ['pods', STATEFUL_SETS.name],
  react: (change) => {
    if (change.resource === 'pods') return ownerKeys(change, 'StatefulSet', DELAY);
    if (change.resource !== STATEFUL_SETS.name || !change.after) return [];
    return [{ key: keyOf(change.after), after: DELAY }];
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const set = tx.get(STATEFUL_SETS.name, namespace, name);
    if (!set) return;
    const revision = `${name}-${safeEncode(String(fnv32a(canonicalJson(at(set.spec, 'template')))))}`;
    if (set.metadata.deletionTimestamp === undefined) manage(tx, set, revision);
    report(tx, set, revision);
  },
};

const ordinalOf = (pod: KubeObject): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);

function manage(tx: ClusterTransaction, set: KubeObject, revision: string): void {
  const pods = new Map(podsOwnedBy(tx, set).map((pod) => [ordinalOf(pod), pod]));
  const replicas = numberAt(set.spec, 'replicas');
  const ordered = textAt(set.spec, 'podManagementPolicy') !== 'Parallel';
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = pods.get(ordinal);
    if (!pod) createOrdinal(tx, set, ordinal, revision);
    if (ordered && !(pod && isActive(pod) && isReady(pod))) return;
  }
  const surplus = [...pods.keys()].filter((ordinal) => ordinal >= replicas).sort((a, b) => b - a);
  for (const ordinal of surplus) {
    const pod = pods.get(ordinal);
    if (pod && isActive(pod)) removePod(tx, set, pod, COMPONENT);
    if (ordered) return;
  }
  if (textAt(set.spec, 'updateStrategy', 'type') === 'RollingUpdate') update(tx, set, pods, revision);
}

function createOrdinal(tx: ClusterTransaction, set: KubeObject, ordinal: number, revision: string): void {
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = {
    'apps.kubernetes.io/pod-index': String(ordinal),
    [REVISION_LABEL]: revision,
    'statefulset.kubernetes.io/pod-name': name,
  };
  const subdomain = textAt(set.spec, 'serviceName');
  createPod(tx, {
    owner: set,
    component: COMPONENT,
    name,
    labels,
    spec: { hostname: name, ...(subdomain === '' ? {} : { subdomain }) },
  });
}

/** From the highest ordinal down, one pod of an older template at a time. */
function update(
  tx: ClusterTransaction,
  set: KubeObject,
  pods: ReadonlyMap<number, KubeObject>,
  revision: string,
): void {
  for (const ordinal of [...pods.keys()].sort((a, b) => b - a)) {
    const pod = pods.get(ordinal);
    if (!pod) continue;
    if (pod.metadata.labels?.[REVISION_LABEL] !== revision) {
      if (isActive(pod)) removePod(tx, set, pod, COMPONENT);
      return;
    }
    if (!isReady(pod)) return;
  }
}

function report(tx: ClusterTransaction, before: KubeObject, revision: string): void {
  const set = tx.get(STATEFUL_SETS.name, before.metadata.namespace, before.metadata.name);
  if (!set) return;
  const pods = podsOwnedBy(tx, set).filter(isActive);
  const updated = pods.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === revision).length;
  const all = updated === pods.length && pods.length === numberAt(set.spec, 'replicas');
  const former = textAt(set.status, 'currentRevision');
  const current = all || former === '' ? revision : former;
  putStatus(tx, STATEFUL_SETS, set, {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter(isReady).length,
    currentReplicas: pods.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === current).length,
    updatedReplicas: updated,
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
  });
}
