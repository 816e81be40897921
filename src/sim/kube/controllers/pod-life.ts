/**
 * The status a kubelet reports at each stage of a pod's life.
 * Source: k8s.io/kubernetes pkg/kubelet/{kubelet_pods.go,status/generate.go}, Kubernetes 1.35.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { formatIpv6 } from '../../../model/ipv6.ts';
import { memoize } from '../../core/memo.ts';
import type { Millis } from '../../core/time.ts';
import { at, listAt, numberAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import {
  completed,
  CREATING,
  ended,
  failing,
  INITIALIZING,
  lost,
  running,
  waiting,
  type End,
} from './container-status.ts';
import { transitionTime } from './pod-state.ts';

/** Those the kubelet keeps, the last of them after the scheduler. */
const OWN_CONDITIONS = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/** They say why they are false. */
const OF_CONTAINERS = new Set(['Ready', 'ContainersReady']);

interface Conditions {
  readonly sandbox: boolean;
  readonly ready: boolean;
  /** All init containers have done their work; true unless said. */
  readonly initialized?: boolean;
  /** `PodCompleted` for a pod that ended well, else ContainersNotReady. */
  readonly reason?: string;
}

type ConditionParts = readonly [
  type: string,
  status: string,
  reason: string | undefined,
  message: string | undefined,
  observedGeneration: number,
  lastTransitionTime: Json,
];

/** Thousands of pods come to the same in the same second: such parts of their status are one value for all of them. */
const conditionOf = memoize(
  (
    ...[type, status, reason, message, observedGeneration, lastTransitionTime]: ConditionParts
  ): JsonObject => ({
    type,
    status,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    lastProbeTime: null,
    observedGeneration,
    lastTransitionTime,
  }),
  32,
);
const listOf = memoize((...conditions: readonly JsonObject[]) => conditions, 16);

const incompleteOf = memoize((names: string): string => `containers with incomplete status: [${names}]`, 4);

function conditions(tx: ClusterTransaction, pod: KubeObject, wanted: Conditions): readonly JsonObject[] {
  const generation = pod.metadata.generation ?? 1;
  const names = namesOf(pod, 'containers');
  const { reason = 'ContainersNotReady' } = wanted;
  const message =
    reason === 'PodCompleted' ? undefined : `containers with unready status: [${names.join(' ')}]`;
  const wants: readonly (readonly [type: string, isTrue: boolean])[] = [
    ['PodReadyToStartContainers', wanted.sandbox],
    ['Initialized', wanted.initialized !== false],
    ['Ready', wanted.ready],
    ['ContainersReady', wanted.ready],
    ['PodScheduled', true],
  ];
  const before = listAt(pod.status, 'conditions');
  const others = before.filter((condition) => !OWN_CONDITIONS.has(String(condition['type'])));
  const own = wants.map(([type, isTrue]) => {
    const status = isTrue ? 'True' : 'False';
    const since = transitionTime(before, { type, status }, tx.timestamp);
    if (type === 'Initialized' && !isTrue) {
      const inits = incompleteOf(namesOf(pod, 'initContainers').join(' '));
      return conditionOf(type, status, 'ContainersNotInitialized', inits, generation, since);
    }
    return isTrue || !OF_CONTAINERS.has(type)
      ? conditionOf(type, status, undefined, undefined, generation, since)
      : conditionOf(type, status, reason, message, generation, since);
  });
  return listOf(...others, ...own);
}

const namesOf = (pod: KubeObject, member: 'containers' | 'initContainers'): readonly string[] =>
  listAt(pod.spec, member).map((container) => textAt(container, 'name'));

/** One of each family at most. */
interface HostAddresses {
  readonly ips: readonly string[];
  readonly hostIPs: readonly JsonObject[];
}

const hostAddressesOf = (ips: readonly string[]): HostAddresses => ({
  ips,
  hostIPs: ips.map((ip) => ({ ip })),
});

/** What a node says of itself as the status of its pods repeats it. */
const addressesOf = new WeakMap<KubeObject, HostAddresses>();

const UNKNOWN_NODE = hostAddressesOf(['']);

function hostAddresses(tx: ClusterTransaction, pod: KubeObject): HostAddresses {
  const node = tx.get('nodes', undefined, textAt(pod.spec, 'nodeName'));
  if (!node) return UNKNOWN_NODE;
  const known = addressesOf.get(node);
  if (known !== undefined) return known;
  const internal = listAt(node.status, 'addresses').filter((item) => item['type'] === 'InternalIP');
  const found =
    internal.length === 0 ? UNKNOWN_NODE : hostAddressesOf(internal.map((item) => textAt(item, 'address')));
  addressesOf.set(node, found);
  return found;
}

/** A pod on the host's network has its node's addresses from the first moment. */
function podAddresses(tx: ClusterTransaction, pod: KubeObject): readonly string[] {
  if (at(pod.spec, 'hostNetwork') === true) return hostAddresses(tx, pod).ips;
  const network = tx.sandboxes.get(pod.metadata.uid ?? '')?.network;
  if (!network) return listAt(pod.status, 'podIPs').map((item) => textAt(item, 'ip'));
  const { address, address6 } = network;
  return [formatIpv4(address), ...(address6 === undefined ? [] : [formatIpv6(address6)])];
}

function addresses(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  const { ips, hostIPs } = hostAddresses(tx, pod);
  const [own = '', ...more] = podAddresses(tx, pod);
  return {
    hostIP: ips[0] ?? '',
    hostIPs,
    ...(own === '' ? {} : { podIP: own, podIPs: [own, ...more].map((ip) => ({ ip })) }),
  };
}

function base(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  return {
    ...pod.status,
    observedGeneration: pod.metadata.generation ?? 1,
    ...addresses(tx, pod),
    startTime: textAt(pod.status, 'startTime') || tx.timestamp,
  };
}

export function creatingStatus(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  const inits = listAt(pod.spec, 'initContainers');
  return {
    ...base(tx, pod),
    phase: 'Pending',
    conditions: conditions(tx, pod, { sandbox: false, ready: false, initialized: inits.length === 0 }),
    ...(inits.length > 0 && { initContainerStatuses: inits.map((each) => waiting(each, INITIALIZING)) }),
    containerStatuses: listAt(pod.spec, 'containers').map((each) =>
      waiting(each, inits.length > 0 ? INITIALIZING : CREATING),
    ),
  };
}

/** Init containers that have done their work, in no time. */
function initialized(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  const inits = listAt(pod.spec, 'initContainers');
  if (inits.length === 0) return {};
  const former = listAt(pod.status, 'initContainerStatuses');
  if (former.some((status) => at(status, 'state', 'terminated') !== undefined)) return {};
  return {
    initContainerStatuses: inits.map((container) => completed(tx, pod, container)),
  };
}

interface Running {
  readonly ready: boolean;
  /** Containers that ended are started again; those that run go on. */
  readonly restart: boolean;
}

export function runningStatus(
  tx: ClusterTransaction,
  pod: KubeObject,
  { ready, restart }: Running,
): JsonObject {
  const old = listAt(pod.status, 'containerStatuses');
  return {
    ...base(tx, pod),
    phase: 'Running',
    conditions: conditions(tx, pod, { sandbox: true, ready }),
    ...initialized(tx, pod),
    containerStatuses: listAt(pod.spec, 'containers').map((container) => {
      const former = old.find((status) => status['name'] === container['name']);
      const keeps = restart && at(former, 'state', 'running') !== undefined;
      return former && keeps ? former : running(tx, container, { former, ready, restart });
    }),
  };
}

export function readyStatus(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  return {
    ...base(tx, pod),
    conditions: conditions(tx, pod, { sandbox: true, ready: true }),
    containerStatuses: listAt(pod.status, 'containerStatuses').map((status) => ({ ...status, ready: true })),
  };
}

/** Containers that run and do not say that they are ready. */
export function unreadyStatus(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  return {
    ...base(tx, pod),
    conditions: conditions(tx, pod, { sandbox: true, ready: false }),
    containerStatuses: listAt(pod.status, 'containerStatuses').map((status) => ({ ...status, ready: false })),
  };
}

/** Containers that ended for good; the pod has ended when all have. */
export function endedStatus(tx: ClusterTransaction, pod: KubeObject, ending: readonly End[]): JsonObject {
  const statuses = listAt(pod.status, 'containerStatuses').map((status): JsonObject => {
    const end = ending.find(({ name }) => name === status['name']);
    return end ? ended(tx, status, end) : status;
  });
  const over = statuses.every((status) => at(status, 'state', 'terminated') !== undefined);
  const failed = statuses.some((status) => numberAt(status, 'state', 'terminated', 'exitCode') !== 0);
  const phase: Json = over ? (failed ? 'Failed' : 'Succeeded') : 'Running';
  const reason = over ? (failed ? 'PodFailed' : 'PodCompleted') : 'ContainersNotReady';
  return {
    ...base(tx, pod),
    phase,
    conditions: conditions(tx, pod, { sandbox: !over, ready: false, reason }),
    containerStatuses: statuses,
  };
}

/** Containers that went down with their machine: the kubelet finds them gone and does not know how they ended. */
export function lostStatus(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  const statuses = listAt(pod.status, 'containerStatuses').map((status) =>
    at(status, 'state', 'running') === undefined ? status : lost(tx, status),
  );
  return {
    ...base(tx, pod),
    conditions: conditions(tx, pod, { sandbox: false, ready: false }),
    containerStatuses: statuses,
  };
}

interface Failing {
  readonly ending: readonly End[];
  /** Before the next start; 0 for the first restart. */
  readonly wait: Millis;
}

/** Containers that ended and will be started again, at once or after a back-off. */
export function failingStatus(
  tx: ClusterTransaction,
  pod: KubeObject,
  { ending, wait }: Failing,
): JsonObject {
  const statuses = listAt(pod.status, 'containerStatuses').map((status): JsonObject => {
    const end = ending.find((candidate) => candidate.name === status['name']);
    return end ? failing(tx, status, { pod, end, wait }) : status;
  });
  return {
    ...base(tx, pod),
    conditions: conditions(tx, pod, { sandbox: true, ready: false }),
    containerStatuses: statuses,
  };
}
