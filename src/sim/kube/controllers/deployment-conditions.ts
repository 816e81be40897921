/**
 * The conditions of a Deployment: each that says something new goes to the end of the list, so that one whose rollout is complete
 * lists Available before Progressing. Source: k8s.io/kubernetes pkg/controller/deployment/util/deployment_util.go
 * (SetDeploymentCondition), Kubernetes 1.35; the order also from the transcript of a cluster of 1.35.4. Left out: ReplicaFailure.
 */
import type { JsonObject } from '../../../base/json.ts';
import { listAt, numberAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { conditionOf, transitionTime } from './pod-state.ts';

export type Conditions = readonly JsonObject[];

export interface DeploymentCondition {
  readonly type: 'Available' | 'Progressing';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const conditionsOf = (deployment: KubeObject): Conditions => listAt(deployment.status, 'conditions');

/** Nothing changes while status and reason are the same, whatever the message. */
export function withNews(list: Conditions, condition: DeploymentCondition, timestamp: string): Conditions {
  const isKnown = list.some(
    ({ type, status, reason }) =>
      type === condition.type && status === condition.status && reason === condition.reason,
  );
  return isKnown ? list : renewed(list, condition, timestamp);
}

/** Said anew: the update time moves, that of the transition only with the status. */
export const renewed = (list: Conditions, condition: DeploymentCondition, timestamp: string): Conditions => [
  ...list.filter(({ type }) => type !== condition.type),
  {
    ...condition,
    lastTransitionTime: transitionTime(list, condition, timestamp),
    lastUpdateTime: timestamp,
  },
];

const progressing = (
  status: DeploymentCondition['status'],
  reason: string,
  message: string,
): DeploymentCondition => ({ type: 'Progressing', status, reason, message });

/** Of a rollout that has begun. */
export const created = (set: string): DeploymentCondition =>
  progressing('True', 'NewReplicaSetCreated', `Created new replica set "${set}"`);

/** Of a Deployment that has said nothing of its progress and finds its ReplicaSet there. */
export const foundExisting = (set: string): DeploymentCondition =>
  progressing('True', 'FoundNewReplicaSet', `Found new replica set "${set}"`);

export const complete = (subject: string): DeploymentCondition =>
  progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);

export const advanced = (subject: string): DeploymentCondition =>
  progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`);

export const timedOut = (subject: string): DeploymentCondition =>
  progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);

/** `checkPausedConditions`; undefined when there is nothing to say. */
export function pauseCondition(deployment: KubeObject): DeploymentCondition | undefined {
  const reason = conditionOf(deployment, 'Progressing')?.['reason'];
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded') return undefined;
  const isPaused = deployment.spec?.['paused'] === true;
  if (isPaused === (reason === 'DeploymentPaused')) return undefined;
  return isPaused
    ? progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
    : progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
}

export const available = (isEnough: boolean): DeploymentCondition =>
  isEnough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };

const NO_DEADLINE = 2 ** 31 - 1;

/** The largest number stands for none. */
export const hasDeadline = (deployment: KubeObject): boolean =>
  numberAt(deployment.spec, 'progressDeadlineSeconds') !== NO_DEADLINE;
