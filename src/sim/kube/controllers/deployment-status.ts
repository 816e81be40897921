/**
 * What a Deployment reports of its rollout.
 * Source: k8s.io/kubernetes pkg/controller/deployment/{sync,progress}.go, util/deployment_util.go, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { parseTimestamp } from '../../core/time.ts';
import { putStatus } from '../admission.ts';
import { listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { DEPLOYMENTS } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { replicasOf, slackOf } from './deployment-controller.ts';
import { keyOf } from './ownership.ts';
import { withCondition } from './pod-state.ts';

interface Counts {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

const total = (sets: readonly KubeObject[], member: string): number =>
  sets.reduce((sum, set) => sum + numberAt(set.status, member), 0);

export function reportDeployment(
  tx: ClusterTransaction,
  deployment: KubeObject,
  sets: readonly KubeObject[],
  present: KubeObject | undefined,
): void {
  const counts: Counts = {
    replicas: total(sets, 'replicas'),
    updated: present ? numberAt(present.status, 'replicas') : 0,
    ready: total(sets, 'readyReplicas'),
    available: total(sets, 'availableReplicas'),
  };
  const unavailable = Math.max(
    total(sets, 'replicas') - counts.available,
    replicasOf(deployment) - counts.available,
    0,
  );
  const numbers = {
    replicas: counts.replicas,
    updatedReplicas: counts.updated,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    unavailableReplicas: unavailable,
  };
  putStatus(tx, DEPLOYMENTS, deployment, {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(numbers).filter(([, count]) => count !== 0)),
    conditions: conditions(tx, deployment, counts, present),
  });
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function conditions(
  tx: ClusterTransaction,
  deployment: KubeObject,
  counts: Counts,
  present: KubeObject | undefined,
): readonly JsonObject[] {
  const enough = counts.available >= replicasOf(deployment) - slackOf(deployment).unavailable;
  const available: Condition = {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  };
  const advanced = hasAdvanced(deployment, counts);
  const progressing = progress(tx, deployment, { counts, advanced, present });
  const before = listAt(deployment.status, 'conditions');
  return [progressing, available].reduce(
    (list, condition) => updated(list, condition, advanced && condition === progressing, tx.timestamp),
    before,
  );
}

/** The update time moves when the condition says something new, or when progress was made. */
function updated(
  list: readonly JsonObject[],
  condition: Condition,
  advanced: boolean,
  timestamp: string,
): readonly JsonObject[] {
  const old = list.find((item) => item['type'] === condition.type);
  const same =
    old?.['status'] === condition.status &&
    old['reason'] === condition.reason &&
    old['message'] === condition.message;
  const lastUpdateTime = same && !advanced ? (old['lastUpdateTime'] ?? timestamp) : timestamp;
  return withCondition(list, { ...condition, lastUpdateTime }, timestamp);
}

const hasAdvanced = (deployment: KubeObject, counts: Counts): boolean =>
  counts.updated !== numberAt(deployment.status, 'updatedReplicas') ||
  counts.available > numberAt(deployment.status, 'availableReplicas') ||
  numberAt(deployment.status, 'observedGeneration') !== (deployment.metadata.generation ?? 0);

interface Rollout {
  readonly counts: Counts;
  readonly advanced: boolean;
  readonly present: KubeObject | undefined;
}

function progress(
  tx: ClusterTransaction,
  deployment: KubeObject,
  { counts, advanced, present }: Rollout,
): Condition {
  const wanted = replicasOf(deployment);
  const subject = present
    ? `ReplicaSet "${present.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const placed = counts.updated === wanted && counts.replicas === wanted;
  if (placed && counts.available === wanted) {
    const message = `${subject} has successfully progressed.`;
    return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message };
  }
  const old = objectAt(
    listAt(deployment.status, 'conditions').find((item) => item['type'] === 'Progressing'),
  );
  const wasDone = old['reason'] === 'NewReplicaSetAvailable';
  if (wasDone && placed) return kept(old);
  const deadline = numberAt(deployment.spec, 'progressDeadlineSeconds') * 1000;
  tx.schedule('deployment', keyOf(deployment), deadline + 1000);
  if (advanced || wasDone || old['reason'] === undefined) {
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `${subject} is progressing.`,
    };
  }
  const since = parseTimestamp(textAt(old, 'lastUpdateTime')) - tx.epoch;
  if (tx.now <= since + deadline) return kept(old);
  const message = `${subject} has timed out progressing.`;
  return { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
}

const kept = (old: JsonObject): Condition => ({
  type: 'Progressing',
  status: textAt(old, 'status'),
  reason: textAt(old, 'reason'),
  message: textAt(old, 'message'),
});
