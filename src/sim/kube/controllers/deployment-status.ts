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

function conditions(
  tx: ClusterTransaction,
  deployment: KubeObject,
  counts: Counts,
  present: KubeObject | undefined,
): readonly JsonObject[] {
  const enough = counts.available >= replicasOf(deployment) - slackOf(deployment).unavailable;
  const available = {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  };
  const before = listAt(deployment.status, 'conditions');
  const progressing = progress(tx, deployment, counts, present);
  const touched = [progressing, available].reduce(
    (list, condition) => withUpdateTime(list, condition, tx.timestamp),
    before,
  );
  return touched;
}

function withUpdateTime(
  list: readonly JsonObject[],
  condition: {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  },
  timestamp: string,
): readonly JsonObject[] {
  const old = list.find((item) => item['type'] === condition.type);
  const same = old?.['status'] === condition.status && old['reason'] === condition.reason;
  const moved =
    same && condition.reason !== 'ReplicaSetUpdated' ? (old['lastUpdateTime'] ?? timestamp) : timestamp;
  const kept = same ? { ...condition, message: textAt(old, 'message') } : condition;
  const lastUpdateTime =
    same && condition.reason === 'ReplicaSetUpdated' && textAt(old, 'message') === condition.message
      ? (old['lastUpdateTime'] ?? timestamp)
      : moved;
  return withCondition(
    list,
    { ...(condition.reason === 'ReplicaSetUpdated' ? condition : kept), lastUpdateTime },
    timestamp,
  );
}

function progress(
  tx: ClusterTransaction,
  deployment: KubeObject,
  counts: Counts,
  present: KubeObject | undefined,
) {
  const wanted = replicasOf(deployment);
  const subject = present
    ? `ReplicaSet "${present.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const complete = counts.updated === wanted && counts.replicas === wanted && counts.available === wanted;
  if (complete) {
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${subject} has successfully progressed.`,
    };
  }
  const old = objectAt(
    listAt(deployment.status, 'conditions').find((item) => item['type'] === 'Progressing'),
  );
  const isDone =
    old['reason'] === 'NewReplicaSetAvailable' && counts.updated === wanted && counts.replicas === wanted;
  if (isDone) return keep(old);
  const since = parseTimestamp(textAt(old, 'lastUpdateTime')) - tx.state.epoch;
  const deadline = numberAt(deployment.spec, 'progressDeadlineSeconds') * 1000;
  const advanced =
    counts.updated !== numberAt(deployment.status, 'updatedReplicas') ||
    counts.available > numberAt(deployment.status, 'availableReplicas') ||
    numberAt(deployment.status, 'observedGeneration') !== (deployment.metadata.generation ?? 0);
  if (!advanced && tx.now > since + deadline) {
    return {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${subject} has timed out progressing.`,
    };
  }
  tx.schedule('deployment', keyOf(deployment), deadline + 1000);
  return advanced || old['reason'] === undefined || old['reason'] === 'NewReplicaSetAvailable'
    ? {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        message: `${subject} is progressing.`,
      }
    : keep(old);
}

const keep = (old: JsonObject) => ({
  type: 'Progressing',
  status: textAt(old, 'status'),
  reason: textAt(old, 'reason'),
  message: textAt(old, 'message'),
});
