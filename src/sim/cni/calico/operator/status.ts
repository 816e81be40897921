/**
 * TigeraStatus: what the operator tells of each of its components, from its controller's own word and from the state of the
 * DaemonSets and Deployments that it is made of. It looks every five seconds.
 * Source: pkg/controller/status/status.go, tigera/operator v1.42.3. Left out: certificates that wait to be signed.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../../base/json.ts';
import { putStatus } from '../../../kube/admission.ts';
import { conditionOf } from '../../../kube/controllers/pod-state.ts';
import { listAt, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { Operator } from './component.ts';
import {
  API_SERVERS,
  CALICO_NAMESPACE,
  DEFAULT,
  INSTALLATIONS,
  OPERATOR_API,
  TIGERA_STATUSES,
  type Component,
} from './kinds.ts';
import { recall, remember, type Memory, type StatusReason } from './memory.ts';

/** Its resource is there: from now on there is a status. */
export const found = (tx: ClusterTransaction, component: Component, resource?: KubeObject): void =>
  remember(tx, component, {
    ...recall(tx, component),
    enabled: true,
    ...(resource?.metadata.generation !== undefined && { generation: resource.metadata.generation }),
  });

/** Its resource is gone, and its status goes. */
export const notFound = (tx: ClusterTransaction, component: Component): void =>
  remember(tx, component, { enabled: false });

export const degrade = (
  tx: ClusterTransaction,
  component: Component,
  reason: StatusReason,
  message: string,
): void => remember(tx, component, { ...recall(tx, component), degraded: { reason, message } });

export interface Monitored {
  readonly daemonSets?: readonly string[];
  readonly deployments?: readonly string[];
}

/** All is as its controller wants it; the rest is up to what it is made of. */
export function fine(tx: ClusterTransaction, component: Component, monitored: Monitored = {}): void {
  const { degraded: _, ...memory } = recall(tx, component);
  remember(tx, component, { ...memory, ...monitored, ready: true });
}

interface Told {
  readonly type: 'Available' | 'Progressing' | 'Degraded';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Brings the TigeraStatus of a component up to date, and the conditions of the resource it is about. */
export function tellStatus(operator: Operator, component: Component): void {
  const { tx } = operator;
  const memory = recall(tx, component);
  if (memory.enabled === undefined) return;
  if (!memory.enabled) {
    tx.delete(TIGERA_STATUSES, undefined, component);
    return;
  }
  const status = withConditions(tx, component, conditionsOf(tx, memory), memory.generation);
  if (status) passOn(operator, component, status);
}

const ALL_WELL = { reason: 'AllObjectsAvailable', message: 'All objects available' };
const UNKNOWN = { reason: 'Unknown', message: '' };

const told = (type: Told['type'], status: Told['status'], why: Pick<Told, 'reason' | 'message'>): Told => ({
  type,
  status,
  ...why,
});

function conditionsOf(tx: ClusterTransaction, memory: Memory): readonly Told[] {
  const { degraded } = memory;
  if (memory.ready !== true) {
    return [degraded ? told('Degraded', 'True', degraded) : told('Degraded', 'False', UNKNOWN)];
  }
  const { progressing, failing } = stateOf(tx, memory);
  const faults = [...(degraded ? [degraded.message] : []), ...failing];
  const isAvailable = faults.length === 0 && progressing.length === 0;
  const isProgressing = progressing.length > 0 && failing.length === 0;
  const otherwise = isAvailable ? ALL_WELL : UNKNOWN;
  const waits = { reason: 'ResourceNotReady', message: progressing.join('\n') };
  const failed = { reason: degraded?.reason ?? 'PodFailure', message: faults.join('\n') };
  return [
    told('Available', isAvailable ? 'True' : 'False', otherwise),
    isProgressing ? told('Progressing', 'True', waits) : told('Progressing', 'False', otherwise),
    faults.length > 0 ? told('Degraded', 'True', failed) : told('Degraded', 'False', otherwise),
  ];
}

interface State {
  readonly progressing: readonly string[];
  readonly failing: readonly string[];
}

function stateOf(tx: ClusterTransaction, { daemonSets = [], deployments = [] }: Memory): State {
  const states = [
    ...daemonSets.map((name) => daemonSetState(tx, tx.get('daemonsets.apps', CALICO_NAMESPACE, name))),
    ...deployments.map((name) => deploymentState(tx, tx.get('deployments.apps', CALICO_NAMESPACE, name))),
  ];
  return {
    progressing: states.flatMap(({ progressing }) => progressing),
    failing: states.flatMap(({ failing }) => failing),
  };
}

const NOTHING: State = { progressing: [], failing: [] };
const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const isObserved = ({ metadata, status }: KubeObject): boolean =>
  (metadata.generation ?? 0) <= numberAt(status, 'observedGeneration');

const processed = ({ kind, metadata, status }: KubeObject): string =>
  `${kind} "${metadata.namespace ?? ''}/${metadata.name}" update is being processed (generation ${metadata.generation ?? 0}, observed generation ${numberAt(status, 'observedGeneration')})`;

function daemonSetState(tx: ClusterTransaction, set: KubeObject | undefined): State {
  if (!set) return NOTHING;
  const count = (member: string): number => numberAt(set.status, member);
  const desired = count('desiredNumberScheduled');
  const isWhole =
    isObserved(set) &&
    count('numberMisscheduled') === 0 &&
    count('numberUnavailable') === 0 &&
    desired === count('numberAvailable') &&
    desired === count('numberReady');
  return {
    progressing: daemonSetProgress(set, count),
    failing: isWhole ? [] : failingPods(tx, set),
  };
}

function daemonSetProgress(set: KubeObject, count: (member: string) => number): readonly string[] {
  const [name, desired, updated] = [
    nameOf(set),
    count('desiredNumberScheduled'),
    count('updatedNumberScheduled'),
  ];
  if (updated < desired)
    return [`DaemonSet "${name}" update is rolling out (${updated} out of ${desired} updated)`];
  if (count('numberUnavailable') > 0)
    return [`DaemonSet "${name}" is not available (awaiting ${count('numberUnavailable')} nodes)`];
  if (count('numberAvailable') === 0 && desired !== 0)
    return [`DaemonSet "${name}" is not yet scheduled on any nodes`];
  return isObserved(set) ? [] : [processed(set)];
}

function deploymentState(tx: ClusterTransaction, deployment: KubeObject | undefined): State {
  if (!deployment) return NOTHING;
  const count = (member: string): number => numberAt(deployment.status, member);
  const replicas = numberAt(deployment.spec, 'replicas');
  const isWhole =
    isObserved(deployment) &&
    count('unavailableReplicas') === 0 &&
    replicas === count('availableReplicas') &&
    replicas === count('readyReplicas');
  return {
    progressing: deploymentProgress(deployment, count),
    failing: isWhole ? [] : failingPods(tx, deployment),
  };
}

function deploymentProgress(deployment: KubeObject, count: (member: string) => number): readonly string[] {
  const name = nameOf(deployment);
  if (count('unavailableReplicas') > 0)
    return [`Deployment "${name}" is not available (awaiting ${count('unavailableReplicas')} replicas)`];
  if (count('availableReplicas') === 0) return [`Deployment "${name}" is not yet scheduled on any nodes`];
  return isObserved(deployment) ? [] : [processed(deployment)];
}

/** The first pod that is in trouble. */
function failingPods(tx: ClusterTransaction, { spec, metadata }: KubeObject): readonly string[] {
  const labels = Object.entries(objectAt(spec, 'selector', 'matchLabels'));
  const pods = tx
    .list('pods', metadata.namespace)
    .filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value));
  const faults = pods.flatMap((pod) => podFault(pod) ?? []);
  return faults.slice(0, 1);
}

function podFault(pod: KubeObject): string | undefined {
  const name = nameOf(pod);
  const phase = textAt(pod.status, 'phase');
  if (phase === 'Failed') return `Pod ${name} has failed`;
  const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((of) => listAt(pod.status, of));
  for (const container of containers) {
    const fault = containerFault(name, container);
    if (fault !== undefined) return fault;
  }
  const isUnready = textAt(conditionOf(pod, 'ContainersReady'), 'status') === 'False';
  return phase === 'Running' && isUnready ? `Pod ${name} is running but not ready` : undefined;
}

function containerFault(pod: string, container: JsonObject): string | undefined {
  const waits = textAt(container, 'state', 'waiting', 'reason');
  const name = textAt(container, 'name');
  if (waits === 'CrashLoopBackOff')
    return `Pod ${pod} has crash looping container: ${name}${lastEnd(container)}`;
  if (waits === 'ImagePullBackOff' || waits === 'ErrImagePull')
    return `Pod ${pod} failed to pull container image for: ${name}`;
  const ended = textAt(container, 'state', 'terminated', 'reason');
  return ended === 'Error' ? `Pod ${pod} has terminated container: ${name}` : undefined;
}

function lastEnd(container: JsonObject): string {
  const last = objectAt(container, 'lastState', 'terminated');
  const reason = textAt(last, 'reason');
  if (reason === '') return '';
  const code = numberAt(last, 'exitCode');
  return reason === 'Error' && code === 137
    ? ' (exit code 137, possible liveness probe failure)'
    : ` (${reason}, exit code ${code})`;
}

/** The status as it stands, when it moved. */
function withConditions(
  tx: ClusterTransaction,
  component: Component,
  conditions: readonly Told[],
  generation: number | undefined,
): KubeObject | undefined {
  const before = tx.get(TIGERA_STATUSES, undefined, component);
  const known = listAt(before?.status, 'conditions');
  const next = conditions.reduce<readonly JsonObject[]>((all, condition) => {
    const old = all.find(({ type }) => type === condition.type);
    const lastTransitionTime =
      old?.['status'] === condition.status ? (old['lastTransitionTime'] ?? tx.timestamp) : tx.timestamp;
    const made: JsonObject = {
      lastTransitionTime,
      ...(condition.message !== '' && { message: condition.message }),
      ...(generation !== undefined && { observedGeneration: generation }),
      reason: condition.reason,
      status: condition.status,
      type: condition.type,
    };
    return old ? all.map((each) => (each === old ? made : each)) : [...all, made];
  }, known);
  if (before && jsonEquals(known as Json, next as Json)) return undefined;
  const metadata = before?.metadata ?? {
    name: component,
    uid: tx.uid(),
    creationTimestamp: tx.timestamp,
    generation: 1,
  };
  return tx.put(TIGERA_STATUSES, {
    apiVersion: OPERATOR_API,
    kind: 'TigeraStatus',
    metadata,
    spec: {},
    status: { conditions: next as Json },
  });
}

/** Whose resource shows the same conditions, Available as Ready; the controllers of Goldmane and Whisker write no status. */
const ABOUT: Readonly<Partial<Record<Component, string>>> = {
  calico: INSTALLATIONS,
  apiserver: API_SERVERS,
};

function passOn({ tx, registry }: Operator, component: Component, status: KubeObject): void {
  const type = registry.byName(ABOUT[component] ?? '');
  const resource = type && tx.get(type.name, undefined, DEFAULT);
  if (!resource) return;
  const before = listAt(resource.status, 'conditions');
  const next = listAt(status.status, 'conditions').reduce((all, condition) => {
    const kind = condition['type'] === 'Available' ? 'Ready' : textAt(condition, 'type');
    const made = { message: '', ...condition, type: kind };
    return all.some(({ type: known }) => known === kind)
      ? all.map((each) => (each['type'] === kind ? made : each))
      : [...all, made];
  }, before);
  putStatus(tx, type, resource, { ...resource.status, conditions: next as Json });
}
