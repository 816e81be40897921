/**
 * The status a kubelet reports at each stage of a pod's life.
 * Source: k8s.io/kubernetes pkg/kubelet/{kubelet_pods.go,status/generate.go}, Kubernetes 1.35.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../../base/bytes.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { formatIpv6 } from '../../../model/ipv6.ts';
import { memoize } from '../../core/memo.ts';
import type { Millis } from '../../core/time.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
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
const runningSince = memoize((startedAt: string): JsonObject => ({ running: { startedAt } }), 4);
const NO_STATE: JsonObject = {};

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

const CREATING: JsonObject = { waiting: { reason: 'ContainerCreating' } };
const INITIALIZING: JsonObject = { waiting: { reason: 'PodInitializing' } };

const waiting = (container: JsonObject, state: JsonObject): JsonObject => ({
  name: textAt(container, 'name'),
  image: textAt(container, 'image'),
  imageID: '',
  lastState: NO_STATE,
  ready: false,
  restartCount: 0,
  started: false,
  state,
});

/** Init containers that have done their work, in no time. */
function initialized(tx: ClusterTransaction, pod: KubeObject): JsonObject {
  const inits = listAt(pod.spec, 'initContainers');
  if (inits.length === 0) return {};
  const former = listAt(pod.status, 'initContainerStatuses');
  if (former.some((status) => at(status, 'state', 'terminated') !== undefined)) return {};
  return {
    initContainerStatuses: inits.map((container) => {
      const name = textAt(container, 'name');
      const containerID = `containerd://${hex(sha256(utf8(`${pod.metadata.uid ?? ''} ${name}`)))}`;
      const ended = completedAt(tx.timestamp);
      return {
        name,
        ...imageNames(textAt(container, 'image')),
        containerID,
        lastState: NO_STATE,
        ready: true,
        resources: resourcesOf(container),
        restartCount: 0,
        started: false,
        state: { terminated: { ...ended, containerID } },
        ...mounts(container),
      };
    }),
  };
}

const completedAt = memoize(
  (time: string): JsonObject => ({ exitCode: 0, finishedAt: time, reason: 'Completed', startedAt: time }),
  4,
);

/** What a container runs with is what was asked for. */
const resourcesOf = (container: JsonObject): JsonObject => objectAt(container, 'resources');

/** containerd's full name of an image. */
export function canonicalImage(image: string): string {
  const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  const [first = '', ...rest] = tagged.split('/');
  if (rest.length === 0) return `docker.io/library/${tagged}`;
  return /[.:]/.test(first) || first === 'localhost' ? tagged : `docker.io/${tagged}`;
}

interface ImageNames {
  readonly image: string;
  readonly imageID: string;
}

/** Of the last images asked for: thousands of pods run the same few. */
const imageNames = memoize((asked: string): ImageNames => {
  const image = canonicalImage(asked);
  return { image, imageID: `${image.replace(/:[^/:]*$/, '')}@sha256:${hex(sha256(utf8(image)))}` };
}, 16);

interface Running {
  readonly ready: boolean;
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
      if (former && keeps) return former;
      return {
        name: textAt(container, 'name'),
        ...imageNames(textAt(container, 'image')),
        ...allocatedOf(container),
        containerID: `containerd://${tx.hex(64)}`,
        lastState: former?.['lastState'] ?? NO_STATE,
        ready,
        resources: resourcesOf(container),
        restartCount: numberAt(former, 'restartCount') + (restart ? 1 : 0),
        started: true,
        state: runningSince(tx.timestamp),
        ...mounts(container),
      };
    }),
  };
}

/** Of what a container asked for, the kubelet tells what it set aside. */
function allocatedOf(container: JsonObject): JsonObject {
  const requests = objectAt(container, 'resources', 'requests');
  return Object.keys(requests).length === 0 ? {} : { allocatedResources: requests };
}

function mounts(container: JsonObject): JsonObject {
  const volumes = listAt(container, 'volumeMounts');
  if (volumes.length === 0) return {};
  return {
    volumeMounts: volumes.map((mount) => ({
      name: textAt(mount, 'name'),
      mountPath: textAt(mount, 'mountPath'),
      ...(mount['readOnly'] === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
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

interface End {
  readonly name: string;
  readonly exitCode: number;
}

function terminated(tx: ClusterTransaction, status: JsonObject, { exitCode }: End): JsonObject {
  return {
    terminated: {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: textAt(status, 'state', 'running', 'startedAt') || tx.timestamp,
      finishedAt: tx.timestamp,
      containerID: textAt(status, 'containerID'),
    },
  };
}

/** Containers that ended for good; the pod has ended when all have. */
export function endedStatus(tx: ClusterTransaction, pod: KubeObject, ending: readonly End[]): JsonObject {
  const statuses = listAt(pod.status, 'containerStatuses').map((status): JsonObject => {
    const end = ending.find(({ name }) => name === status['name']);
    return end ? { ...status, ready: false, started: false, state: terminated(tx, status, end) } : status;
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
  const statuses = listAt(pod.status, 'containerStatuses').map((status): JsonObject => {
    if (at(status, 'state', 'running') === undefined) return status;
    const { terminated: end } = terminated(tx, status, { name: textAt(status, 'name'), exitCode: 255 });
    const last = { terminated: { ...(end as JsonObject), reason: 'Unknown' } };
    return { ...status, ready: false, started: false, state: last, lastState: last };
  });
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
  const { name, namespace = '', uid = '' } = pod.metadata;
  const statuses = listAt(pod.status, 'containerStatuses').map((status): JsonObject => {
    const end = ending.find((candidate) => candidate.name === status['name']);
    if (!end) return status;
    const last = terminated(tx, status, end);
    const message = `back-off ${backOffText(wait)} restarting failed container=${end.name} pod=${name}_${namespace}(${uid})`;
    const state: JsonObject = wait === 0 ? last : { waiting: { reason: 'CrashLoopBackOff', message } };
    return { ...status, ready: false, started: false, state, lastState: last };
  });
  return {
    ...base(tx, pod),
    conditions: conditions(tx, pod, { sandbox: true, ready: false }),
    containerStatuses: statuses,
  };
}

/** Go's duration: `10s`, `1m20s`, `5m0s`. */
function backOffText(wait: Millis): string {
  const seconds = Math.round(wait / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
