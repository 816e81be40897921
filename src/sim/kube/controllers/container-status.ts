/**
 * The status a kubelet reports of one container at each stage of its life; `pod-life.ts` makes a pod's of them.
 * Source: k8s.io/kubernetes pkg/kubelet/kubelet_pods.go, Kubernetes 1.35; image names as containerd's CRI plugin reports them.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../../base/bytes.ts';
import type { JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import type { Millis } from '../../core/time.ts';
import { listAt, numberAt, objectAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';

const NO_STATE: JsonObject = {};

export const CREATING: JsonObject = { waiting: { reason: 'ContainerCreating' } };
export const INITIALIZING: JsonObject = { waiting: { reason: 'PodInitializing' } };

export const waiting = (container: JsonObject, state: JsonObject): JsonObject => ({
  name: textAt(container, 'name'),
  image: textAt(container, 'image'),
  imageID: '',
  lastState: NO_STATE,
  ready: false,
  restartCount: 0,
  started: false,
  state,
});

/** An init container that has done its work, in no time. */
export function completed(tx: ClusterTransaction, pod: KubeObject, container: JsonObject): JsonObject {
  const name = textAt(container, 'name');
  const containerID = containerUri(hex(sha256(utf8(`${pod.metadata.uid ?? ''} ${name}`))));
  return {
    name,
    ...imageNames(textAt(container, 'image')),
    containerID,
    lastState: NO_STATE,
    ready: true,
    resources: resourcesOf(container),
    restartCount: 0,
    started: false,
    state: { terminated: { ...completedAt(tx.timestamp), containerID } },
    ...mounts(container),
  };
}

interface Start {
  /** What was said of it before, if anything. */
  readonly former: JsonObject | undefined;
  readonly ready: boolean;
  readonly restart: boolean;
}

/** One that has just been started. */
export function running(
  tx: ClusterTransaction,
  container: JsonObject,
  { former, ready, restart }: Start,
): JsonObject {
  return {
    name: textAt(container, 'name'),
    ...imageNames(textAt(container, 'image')),
    ...allocatedOf(container),
    containerID: containerUri(tx.hex(64)),
    lastState: former?.['lastState'] ?? NO_STATE,
    ready,
    resources: resourcesOf(container),
    restartCount: numberAt(former, 'restartCount') + (restart ? 1 : 0),
    started: true,
    state: runningSince(tx.timestamp),
    ...mounts(container),
  };
}

const runningSince = memoize((startedAt: string): JsonObject => ({ running: { startedAt } }), 4);

/** One piece of memory: each container has one for as long as it runs. */
const containerUri = (digits: string): string => ['containerd://', digits].join('');

const completedAt = memoize(
  (time: string): JsonObject => ({ exitCode: 0, finishedAt: time, reason: 'Completed', startedAt: time }),
  4,
);

/** What a container runs with is what was asked for. */
const resourcesOf = (container: JsonObject): JsonObject => objectAt(container, 'resources');

/** containerd's full name of an image. */
function canonicalImage(image: string): string {
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

/** Of what a container asked for, the kubelet tells what it set aside. */
function allocatedOf(container: JsonObject): JsonObject {
  const requests = objectAt(container, 'resources', 'requests');
  return Object.keys(requests).length === 0 ? {} : { allocatedResources: requests };
}

function mounts(container: JsonObject): JsonObject {
  const volumes = listAt(container, 'volumeMounts');
  if (volumes.length === 0) return {};
  return {
    volumeMounts: volumes.map(mountOf),
  };
}

/** Containers of one template share their mounts, and so do their statuses. */
const mountStatuses = new WeakMap<JsonObject, JsonObject>();

function mountOf(mount: JsonObject): JsonObject {
  const known = mountStatuses.get(mount);
  if (known) return known;
  const made: JsonObject = {
    name: textAt(mount, 'name'),
    mountPath: textAt(mount, 'mountPath'),
    ...(mount['readOnly'] === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
  };
  mountStatuses.set(mount, made);
  return made;
}

export interface End {
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

/** One that ended for good. */
export const ended = (tx: ClusterTransaction, status: JsonObject, end: End): JsonObject => ({
  ...status,
  ready: false,
  started: false,
  state: terminated(tx, status, end),
});

/** One that went down with its machine: the kubelet finds it gone and does not know how it ended. */
export function lost(tx: ClusterTransaction, status: JsonObject): JsonObject {
  const { terminated: end } = terminated(tx, status, { name: textAt(status, 'name'), exitCode: 255 });
  const last = { terminated: { ...(end as JsonObject), reason: 'Unknown' } };
  return { ...status, ready: false, started: false, state: last, lastState: last };
}

interface Failure {
  readonly pod: KubeObject;
  readonly end: End;
  /** Before the next start; 0 for the first restart. */
  readonly wait: Millis;
}

/** One that ended and will be started again, at once or after a back-off. */
export function failing(tx: ClusterTransaction, status: JsonObject, { pod, end, wait }: Failure): JsonObject {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const last = terminated(tx, status, end);
  const message = `back-off ${backOffText(wait)} restarting failed container=${end.name} pod=${name}_${namespace}(${uid})`;
  const state: JsonObject = wait === 0 ? last : { waiting: { reason: 'CrashLoopBackOff', message } };
  return { ...status, ready: false, started: false, state, lastState: last };
}

/** Go's duration: `10s`, `1m20s`, `5m0s`. */
function backOffText(wait: Millis): string {
  const seconds = Math.round(wait / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
