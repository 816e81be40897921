/**
 * The kubelets of all nodes: a bound pod gets a sandbox from the CNI plugin, its containers start, run, perhaps end, and
 * stop. Each step is a work item, so that a pod's life takes virtual time.
 * Source: k8s.io/kubernetes pkg/kubelet/{kubelet.go,kubelet_pods.go,kuberuntime}, Kubernetes 1.35. Images are always
 * present; init containers finish at once; liveness probes always succeed.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Millis } from '../../core/time.ts';
import type { Controller } from '../controller.ts';
import { at, listAt, numberAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { CniPlugin } from '../sandbox.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { programEnd } from './container-program.ts';
import { recordEvent, type EventInput } from './event-recorder.ts';
import { keyOf } from './ownership.ts';
import { creatingStatus, endedStatus, failingStatus, readyStatus, runningStatus } from './pod-life.ts';
import { isTerminal } from './pod-state.ts';

const NAME = 'kubelet';

/** Virtual milliseconds: a fixed part and a random one. */
const TIMING = {
  notice: { least: 20, spread: 60 },
  sandbox: { least: 150, spread: 250 },
  start: { least: 300, spread: 500 },
  stop: { least: 700, spread: 500 },
} as const;
/** Between attempts to make a sandbox. */
const SANDBOX_RETRY = 12_000;
const BACK_OFF = { first: 10_000, most: 300_000 };

const delay = (
  tx: ClusterTransaction,
  { least, spread }: { readonly least: Millis; readonly spread: Millis },
): Millis => Math.round(least + tx.random() * spread);

const nodeOf = (pod: KubeObject): string => textAt(pod.spec, 'nodeName');

type Step = (tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin) => void;

/** Keys are `<step>/<namespace>/<name>/<uid>`: work for a pod that was replaced meanwhile is void. */
const stepKey = (step: string, pod: KubeObject): string => `${step}/${keyOf(pod)}/${pod.metadata.uid ?? ''}`;

const next = (tx: ClusterTransaction, step: string, pod: KubeObject, after: Millis): void =>
  tx.schedule(NAME, stepKey(step, pod), after);

export const kubelet = (cni: CniPlugin): Controller => ({
  name: NAME,
  watches: ['pods'],
  react: ({ resource, before, after }) => {
    if (resource !== 'pods') return [];
    if (!after) return before && nodeOf(before) !== '' ? [{ key: stepKey('forget', before), after: 0 }] : [];
    if (nodeOf(after) === '') return [];
    if (after.metadata.deletionTimestamp !== undefined) {
      return before?.metadata.deletionTimestamp === undefined
        ? [{ key: stepKey('kill', after), after: 0 }]
        : [];
    }
    const isNew = before === undefined || nodeOf(before) === '';
    return isNew ? [{ key: stepKey('notice', after), after: TIMING.notice.least }] : [];
  },
  reconcile: (tx, key) => {
    const [step = '', namespace = '', name = '', uid = ''] = key.split('/');
    const pod = tx.get('pods', namespace, name);
    if (step === 'forget') {
      if (pod?.metadata.uid !== uid) tearDown(tx, uid, cni);
    } else if (pod && pod.metadata.uid === uid) STEPS[step]?.(tx, pod, cni);
  },
});

const isLeaving = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp !== undefined;

const STEPS: Readonly<Record<string, Step>> = {
  notice: (tx, pod) => {
    if (isLeaving(pod) || isTerminal(pod)) return;
    tx.put('pods', { ...pod, status: creatingStatus(tx, pod) });
    next(tx, 'sandbox', pod, delay(tx, TIMING.sandbox));
  },
  sandbox: (tx, pod, cni) => {
    if (!isLeaving(pod) && !tx.state.sandboxes.has(pod.metadata.uid ?? '')) makeSandbox(tx, pod, cni);
  },
  start: (tx, pod) => {
    if (!isLeaving(pod) && !isTerminal(pod)) start(tx, pod);
  },
  ready: (tx, pod) => {
    if (!isLeaving(pod) && textAt(pod.status, 'phase') === 'Running')
      tx.put('pods', { ...pod, status: readyStatus(tx, pod) });
  },
  exit: (tx, pod, cni) => {
    if (!isLeaving(pod) && textAt(pod.status, 'phase') === 'Running') exit(tx, pod, cni);
  },
  kill: (tx, pod) => {
    if (tx.state.sandboxes.has(pod.metadata.uid ?? '')) {
      forEachContainer(pod, (name) =>
        event(tx, pod, { reason: 'Killing', message: `Stopping container ${name}`, container: name }),
      );
    }
    next(tx, 'gone', pod, delay(tx, TIMING.stop));
  },
  gone: (tx, pod, cni) => {
    tearDown(tx, pod.metadata.uid ?? '', cni);
    const { namespace, name, finalizers = [] } = pod.metadata;
    if (finalizers.length === 0) tx.delete('pods', namespace, name);
    else tx.put('pods', { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } });
  },
};

function tearDown(tx: ClusterTransaction, uid: string, cni: CniPlugin): void {
  const sandbox = tx.state.sandboxes.get(uid);
  if (!sandbox) return;
  if (sandbox.network) cni.del(tx, sandbox);
  tx.removeSandbox(uid);
}

interface Told {
  readonly type?: EventInput['type'];
  readonly reason: string;
  readonly message: string;
  readonly container?: string;
}

const event = (
  tx: ClusterTransaction,
  pod: KubeObject,
  { type = 'Normal', reason, message, container }: Told,
): void =>
  recordEvent(tx, {
    about: pod,
    type,
    reason,
    message,
    component: 'kubelet',
    host: nodeOf(pod),
    ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
  });

const forEachContainer = (pod: KubeObject, tell: (name: string, container: JsonObject) => void): void => {
  for (const container of listAt(pod.spec, 'containers')) tell(textAt(container, 'name'), container);
};

function makeSandbox(tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin): void {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const containerId = tx.hex(64);
  const sandbox = { uid, namespace, pod: name, node: nodeOf(pod), containerId };
  if (at(pod.spec, 'hostNetwork') === true) tx.setSandbox(sandbox);
  else {
    const network = cni.add(tx, pod, containerId);
    if (!network.ok) {
      const plugin = cni.type === undefined ? '' : `plugin type="${cni.type}" failed (add): `;
      const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${containerId}": ${plugin}${network.error}`;
      event(tx, pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message });
      next(tx, 'sandbox', pod, SANDBOX_RETRY);
      return;
    }
    tx.setSandbox({ ...sandbox, network: network.value });
  }
  next(tx, 'start', pod, delay(tx, TIMING.start));
}

function start(tx: ClusterTransaction, pod: KubeObject): void {
  const again = listAt(pod.status, 'containerStatuses').some(
    (status) => at(status, 'lastState', 'terminated') !== undefined,
  );
  forEachContainer(pod, (name, container) => {
    const image = textAt(container, 'image');
    const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
    event(tx, pod, { reason: 'Pulled', message, container: name });
    event(tx, pod, { reason: 'Created', message: 'Container created', container: name });
    event(tx, pod, { reason: 'Started', message: 'Container started', container: name });
  });
  const probeDelay = readinessDelay(pod);
  const current = tx.get('pods', pod.metadata.namespace, pod.metadata.name) ?? pod;
  tx.put('pods', {
    ...current,
    status: runningStatus(tx, current, { ready: probeDelay === 0, restart: again }),
  });
  if (probeDelay > 0) next(tx, 'ready', pod, probeDelay);
  const ends = listAt(pod.spec, 'containers').flatMap((container) => programEnd(container) ?? []);
  if (ends.length > 0) next(tx, 'exit', pod, Math.max(1000, Math.min(...ends.map((end) => end.after))));
}

/** With a readiness probe a container is ready after the first success. */
function readinessDelay(pod: KubeObject): Millis {
  const probes = listAt(pod.spec, 'containers').flatMap((container) => {
    const probe = at(container, 'readinessProbe');
    return probe === undefined ? [] : [numberAt(probe, 'initialDelaySeconds') * 1000 + 1000];
  });
  return Math.max(0, ...probes);
}

/** The first program of a pod that ends by itself decides what becomes of the pod. */
function exit(tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin): void {
  const ending = listAt(pod.spec, 'containers').flatMap((container) => {
    const end = programEnd(container);
    return end ? [{ name: textAt(container, 'name'), exitCode: end.exitCode }] : [];
  });
  const failed = ending.some((end) => end.exitCode !== 0);
  const policy = textAt(pod.spec, 'restartPolicy');
  const others = listAt(pod.spec, 'containers').length > ending.length;
  if (policy === 'Never' || (policy === 'OnFailure' && !failed)) {
    tx.put('pods', { ...pod, status: endedStatus(tx, pod, ending) });
    if (!others) tearDownQuietly(tx, pod, cni);
    return;
  }
  restart(tx, pod, ending);
}

/** A finished pod gives its address back and keeps showing it. */
const tearDownQuietly = (tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin): void =>
  tearDown(tx, pod.metadata.uid ?? '', cni);

function restart(
  tx: ClusterTransaction,
  pod: KubeObject,
  ending: readonly { readonly name: string; readonly exitCode: number }[],
): void {
  const count = Math.max(
    ...listAt(pod.status, 'containerStatuses').map((status) => numberAt(status, 'restartCount')),
  );
  const wait = count === 0 ? 0 : Math.min(BACK_OFF.first * 2 ** (count - 1), BACK_OFF.most);
  tx.put('pods', { ...pod, status: failingStatus(tx, pod, { ending, wait }) });
  if (wait > 0) {
    const { name, namespace = '', uid = '' } = pod.metadata;
    for (const end of ending) {
      const message = `Back-off restarting failed container ${end.name} in pod ${name}_${namespace}(${uid})`;
      event(tx, pod, { type: 'Warning', reason: 'BackOff', message, container: end.name });
    }
  }
  next(tx, 'start', pod, wait + delay(tx, TIMING.start));
}
