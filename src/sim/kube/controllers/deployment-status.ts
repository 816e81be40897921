/**
 * What a Deployment reports of its rollout.
 * Source: k8s.io/kubernetes pkg/controller/deployment/{sync,progress}.go, util/deployment_util.go, Kubernetes 1.35.
 */
import { parseTimestamp, type Millis } from '../../core/time.ts';
import { putStatus } from '../admission.ts';
import { numberAt, textAt } from '../fields.ts';
import { DEPLOYMENTS } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import {
  advanced,
  available,
  complete,
  conditionsOf,
  hasDeadline,
  renewed,
  timedOut,
  withNews,
  type Conditions,
} from './deployment-conditions.ts';
import { replicasOf, slackOf } from './deployment-controller.ts';
import { keyOf } from './ownership.ts';
import { conditionOf } from './pod-state.ts';

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
  const terminating = terminatingIn(sets);
  putStatus(tx, DEPLOYMENTS, deployment, {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(numbers).filter(([, count]) => count !== 0)),
    ...(terminating !== undefined && { terminatingReplicas: terminating }),
    conditions: conditions(tx, deployment, { counts, present }),
  });
}

/** Zero is told, too; unknown while a set has not counted its own. */
function terminatingIn(sets: readonly KubeObject[]): number | undefined {
  const isCounted = sets.every(({ status }) => status?.['terminatingReplicas'] !== undefined);
  return isCounted ? total(sets, 'terminatingReplicas') : undefined;
}

interface Rollout {
  readonly counts: Counts;
  readonly present: KubeObject | undefined;
}

function conditions(tx: ClusterTransaction, deployment: KubeObject, rollout: Rollout): Conditions {
  const { counts } = rollout;
  const isEnough = counts.available >= replicasOf(deployment) - slackOf(deployment).unavailable;
  const list = withNews(conditionsOf(deployment), available(isEnough), tx.timestamp);
  if (!hasDeadline(deployment)) return list.filter(({ type }) => type !== 'Progressing');
  const isPaused = deployment.spec?.['paused'] === true;
  const isSettled = counts.replicas === counts.updated && reasonOf(deployment) === 'NewReplicaSetAvailable';
  return isPaused || isSettled ? list : withProgress(tx, deployment, { ...rollout, list });
}

const reasonOf = (deployment: KubeObject): string => textAt(conditionOf(deployment, 'Progressing'), 'reason');

function withProgress(
  tx: ClusterTransaction,
  deployment: KubeObject,
  { counts, present, list }: Rollout & { readonly list: Conditions },
): Conditions {
  const subject = present
    ? `ReplicaSet "${present.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const wanted = replicasOf(deployment);
  if (counts.updated === wanted && counts.replicas === wanted && counts.available === wanted)
    return withNews(list, complete(subject), tx.timestamp);
  const next = hasAdvanced(deployment, counts)
    ? renewed(list, advanced(subject), tx.timestamp)
    : untilDeadline(tx, deployment, list) < 0
      ? withNews(list, timedOut(subject), tx.timestamp)
      : list;
  const left = untilDeadline(tx, deployment, next);
  if (left >= 0 && left < Infinity) tx.schedule('deployment', keyOf(deployment), left + 1000);
  return next;
}

/** More that is new, ready or available, or less that is old. */
function hasAdvanced(deployment: KubeObject, { replicas, updated, ready, available }: Counts): boolean {
  const before = (member: string): number => numberAt(deployment.status, member);
  return (
    updated > before('updatedReplicas') ||
    replicas - updated < before('replicas') - before('updatedReplicas') ||
    ready > before('readyReplicas') ||
    available > before('availableReplicas')
  );
}

/** Negative once a rollout has taken too long; Infinity where none goes on, or where it has been said. */
function untilDeadline(tx: ClusterTransaction, deployment: KubeObject, list: Conditions): Millis {
  const last = list.find(({ type }) => type === 'Progressing');
  const reason = textAt(last, 'reason');
  if (!last || reason === 'NewReplicaSetAvailable' || reason === 'ProgressDeadlineExceeded') return Infinity;
  const since = parseTimestamp(textAt(last, 'lastUpdateTime')) - tx.epoch;
  return since + numberAt(deployment.spec, 'progressDeadlineSeconds') * 1000 - tx.now;
}
