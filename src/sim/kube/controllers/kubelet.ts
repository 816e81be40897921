/**
 * The kubelets of all nodes: a bound pod gets a sandbox from the CNI plugin, its containers start, run, perhaps end, and
 * stop. Each step is a work item, so that a pod's life takes virtual time.
 * Source: k8s.io/kubernetes pkg/kubelet/{kubelet.go,kubelet_pods.go,kuberuntime}, Kubernetes 1.35. Images are always
 * present; init containers finish at once; liveness probes always succeed. A kubelet acts while its machine is on and has a way to the
 * API server; a Node object without a machine has none.
 */
import type { JsonObject } from '../../../base/json.ts';
import { err } from '../../../base/result.ts';
import { memoize } from '../../core/memo.ts';
import type { Millis } from '../../core/time.ts';
import type { Change, Controller, Seen } from '../controller.ts';
import { at, listAt, numberAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { CniPlugin } from '../sandbox.ts';
import { isBroken, isSilent, MACHINES, nodeMachine, nodeOfRecord, type Breakage } from '../machines.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { programEnd, type ProgramEnd } from './container-program.ts';
import { recordEvent, type EventInput } from './event-recorder.ts';
import { returnOf } from './node-return.ts';
import { keyOf, podsOnNode } from './ownership.ts';
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

interface Means {
  readonly cni: CniPlugin;
  readonly isProbed: IsProbed;
}

type Step = (tx: ClusterTransaction, pod: KubeObject, means: Means) => void;

/** Keys are `<step>/<namespace>/<name>/<uid>`: work for a pod that was replaced meanwhile is void. */
const stepKey = (step: string, pod: KubeObject): string => `${step}/${keyOf(pod)}/${pod.metadata.uid ?? ''}`;

const next = (tx: ClusterTransaction, step: string, pod: KubeObject, after: Millis): void =>
  tx.schedule(NAME, stepKey(step, pod), after);

/** Whether a node has a machine. */
export type HasMachine = (node: string) => boolean;

/** Whether a pod is ready only when its prober has said so (`prober.ts`). */
export type IsProbed = (pod: KubeObject) => boolean;

interface Kubelet {
  readonly cni: CniPlugin;
  readonly hasMachine?: HasMachine;
  readonly isProbed?: IsProbed;
}

export const kubelet = ({ cni, hasMachine = () => true, isProbed = () => false }: Kubelet): Controller => ({
  name: NAME,
  watches: ['pods', MACHINES],
  react: (change, seen) => {
    if (change.resource === MACHINES) return machineKeys(change, seen);
    return hasMachine(textAt((change.after ?? change.before)?.spec, 'nodeName')) ? podKeys(change) : [];
  },
  reconcile: (tx, key) => {
    const [step = '', namespace = '', name = '', uid = ''] = key.split('/');
    if (step === 'return') comeBack(tx, namespace, cni);
    else takeStep(tx, { cni, isProbed }, { step, namespace, name, uid });
  },
});

/** A pod that was bound here, is to stop, or is gone. */
function podKeys({ before, after }: Change): ReturnType<Controller['react']> {
  if (!after) return before && nodeOf(before) !== '' ? [{ key: stepKey('forget', before), after: 0 }] : [];
  if (nodeOf(after) === '') return [];
  if (after.metadata.deletionTimestamp !== undefined) {
    return before?.metadata.deletionTimestamp === undefined
      ? [{ key: stepKey('kill', after), after: 0 }]
      : [];
  }
  const isNew = before === undefined || nodeOf(before) === '';
  return isNew ? [{ key: stepKey('notice', after), after: TIMING.notice.least }] : [];
}

interface Work {
  readonly step: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

function takeStep(tx: ClusterTransaction, means: Means, { step, namespace, name, uid }: Work): void {
  const found = tx.get('pods', namespace, name);
  const pod = found?.metadata.uid === uid ? found : undefined;
  const node = pod ? nodeOf(pod) : (tx.sandboxes.get(uid)?.node ?? '');
  // What it misses it finds when it is back.
  if (isSilent(nodeMachine(tx, node))) return;
  if (pod) STEPS[step]?.(tx, pod, means);
  else if (step === 'forget') tearDown(tx, uid, means.cni);
}

/** Virtual milliseconds from the machine's start, or from the cable's return, to the first report. */
const RETURN = 5_000;

/** Its node can be heard of again, or one of its containers no longer stays up. */
function machineKeys({ before, after }: Change, { store }: Seen): ReturnType<Controller['react']> {
  const node = nodeOfRecord(after ?? before);
  if (node === undefined) return [];
  const now = nodeMachine(store, node);
  if (now.silentSince !== undefined && now.off !== true && now.cutOff !== true)
    return [{ key: `return/${node}`, after: RETURN }];
  if (isSilent(now)) return [];
  return store
    .list('pods')
    .filter((pod) => nodeOf(pod) === node && brokenEnds(pod, store).length > 0)
    .map((pod) => ({ key: stepKey('exit', pod), after: 0 }));
}

function comeBack(tx: ClusterTransaction, node: string, cni: CniPlugin): void {
  const machine = nodeMachine(tx, node);
  if (machine.off === true || machine.cutOff === true || machine.silentSince === undefined) return;
  for (const { step, pod } of returnOf(tx, node, (uid) => tearDown(tx, uid, cni))) {
    if (step === 'kill' || step === 'notice') next(tx, step, pod, 0);
    else if (step === 'start') next(tx, step, pod, delay(tx, TIMING.start));
    else {
      if (at(pod.spec, 'hostNetwork') !== true)
        event(tx, pod, {
          reason: 'SandboxChanged',
          message: 'Pod sandbox changed, it will be killed and re-created.',
        });
      next(tx, 'sandbox', pod, delay(tx, TIMING.sandbox));
    }
  }
  for (const pod of podsOnNode(tx, node))
    if (endsOf(tx, pod).length > 0) next(tx, 'exit', pod, TIMING.stop.least);
}

interface End extends ProgramEnd {
  readonly name: string;
}

/** Containers that end by themselves: by their command, or because their process does not stay up on this machine. */
function endsOf(tx: Pick<ClusterTransaction, 'get'>, pod: KubeObject): readonly End[] {
  const own = listAt(pod.spec, 'containers').flatMap((container) => {
    const end = programEnd(container);
    return end ? [{ name: textAt(container, 'name'), ...end }] : [];
  });
  return [...own, ...brokenEnds(pod, tx)];
}

function brokenEnds(pod: KubeObject, store: Pick<ClusterTransaction, 'get'>): readonly End[] {
  const machine = nodeMachine(store, nodeOf(pod));
  return machine.broken === undefined
    ? []
    : listAt(pod.spec, 'containers')
        .map((container) => textAt(container, 'name'))
        .filter((name) => isBroken(machine, name as Breakage))
        .map((name) => ({ name, after: 0, exitCode: 1 }));
}

const isLeaving = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp !== undefined;

const STEPS: Readonly<Record<string, Step>> = {
  notice: (tx, pod) => {
    if (isLeaving(pod) || isTerminal(pod)) return;
    tx.put('pods', { ...pod, status: creatingStatus(tx, pod) });
    next(tx, 'sandbox', pod, delay(tx, TIMING.sandbox));
  },
  sandbox: (tx, pod, { cni }) => {
    if (!isLeaving(pod) && !tx.sandboxes.has(pod.metadata.uid ?? '')) makeSandbox(tx, pod, cni);
  },
  start: (tx, pod, { isProbed }) => {
    if (!isLeaving(pod) && !isTerminal(pod)) start(tx, pod, isProbed(pod));
  },
  ready: (tx, pod) => {
    if (!isLeaving(pod) && textAt(pod.status, 'phase') === 'Running')
      tx.put('pods', { ...pod, status: readyStatus(tx, pod) });
  },
  exit: (tx, pod, { cni }) => {
    if (!isLeaving(pod) && textAt(pod.status, 'phase') === 'Running') exit(tx, pod, cni);
  },
  kill: (tx, pod) => {
    if (tx.sandboxes.has(pod.metadata.uid ?? '')) {
      forEachContainer(pod, (name) =>
        event(tx, pod, { reason: 'Killing', message: `Stopping container ${name}`, container: name }),
      );
    }
    next(tx, 'gone', pod, delay(tx, TIMING.stop));
  },
  gone: (tx, pod, { cni }) => {
    const { uid: own = '' } = pod.metadata;
    const sandbox = tx.sandboxes.get(own);
    const refusal = sandbox?.network && cni.refusal?.(tx, sandbox.node);
    if (sandbox && refusal !== undefined) {
      const destroy = `rpc error: code = Unknown desc = failed to destroy network for sandbox \\"${sandbox.containerId}\\": plugin type=\\"${cni.type ?? ''}\\" failed (delete): ${refusal}`;
      const message = `error killing pod: failed to "KillPodSandbox" for "${own}" with KillPodSandboxError: "${destroy}"`;
      event(tx, pod, { type: 'Warning', reason: 'FailedKillPod', message });
      next(tx, 'gone', pod, SANDBOX_RETRY);
      return;
    }
    tearDown(tx, own, cni);
    const { namespace, name, finalizers = [] } = pod.metadata;
    if (finalizers.length === 0) tx.delete('pods', namespace, name);
    else tx.put('pods', { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } });
  },
};

function tearDown(tx: ClusterTransaction, uid: string, cni: CniPlugin): void {
  const sandbox = tx.sandboxes.get(uid);
  if (!sandbox) return;
  if (sandbox.network) cni.del(tx, sandbox);
  tx.removeSandbox(uid);
}

interface Told {
  readonly type?: EventInput['type'];
  readonly reason: string;
  readonly message: string;
  readonly container?: string;
  /** `containers` unless said. */
  readonly among?: 'containers' | 'initContainers';
}

const event = (
  tx: ClusterTransaction,
  pod: KubeObject,
  { type = 'Normal', reason, message, container, among = 'containers' }: Told,
): void =>
  recordEvent(tx, {
    about: pod,
    type,
    reason,
    message,
    component: 'kubelet',
    host: nodeOf(pod),
    ...(container === undefined ? {} : { fieldPath: fieldPathOf(among, container) }),
  });

/** Texts that thousands of events share: of the last containers and images told of. */
const fieldPathOf = memoize((among: string, container: string) => `spec.${among}{${container}}`, 16);
const imagePresent = memoize(
  (image: string) => `Container image "${image}" already present on machine and can be accessed by the pod`,
  16,
);

const forEachContainer = (pod: KubeObject, tell: (name: string, container: JsonObject) => void): void => {
  for (const container of listAt(pod.spec, 'containers')) tell(textAt(container, 'name'), container);
};

function makeSandbox(tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin): void {
  const { namespace = '', name, uid = '' } = pod.metadata;
  const containerId = tx.hex(64);
  const sandbox = { uid, namespace, pod: name, node: nodeOf(pod), containerId };
  if (at(pod.spec, 'hostNetwork') === true) tx.setSandbox(sandbox);
  else {
    const refusal = cni.refusal?.(tx, nodeOf(pod));
    const network = refusal === undefined ? cni.add(tx, pod, containerId) : err(refusal);
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

function start(tx: ClusterTransaction, pod: KubeObject, isProbed: boolean): void {
  const again = listAt(pod.status, 'containerStatuses').some(
    (status) => at(status, 'lastState', 'terminated') !== undefined,
  );
  const done = listAt(pod.status, 'initContainerStatuses').some(
    (status) => at(status, 'state', 'terminated') !== undefined,
  );
  if (!done)
    for (const each of listAt(pod.spec, 'initContainers')) tellStart(tx, pod, each, 'initContainers');
  for (const each of listAt(pod.spec, 'containers')) tellStart(tx, pod, each, 'containers');
  const probeDelay = readinessDelay(pod);
  const current = tx.get('pods', pod.metadata.namespace, pod.metadata.name) ?? pod;
  tx.put('pods', {
    ...current,
    status: runningStatus(tx, current, { ready: !isProbed && probeDelay === 0, restart: again }),
  });
  if (!isProbed && probeDelay > 0) next(tx, 'ready', pod, probeDelay);
  const ends = endsOf(tx, pod);
  if (ends.length > 0) next(tx, 'exit', pod, Math.max(1000, Math.min(...ends.map((end) => end.after))));
}

function tellStart(
  tx: ClusterTransaction,
  pod: KubeObject,
  container: JsonObject,
  among: 'containers' | 'initContainers',
): void {
  const name = textAt(container, 'name');
  const message = imagePresent(textAt(container, 'image'));
  event(tx, pod, { reason: 'Pulled', message, container: name, among });
  event(tx, pod, { reason: 'Created', message: 'Container created', container: name, among });
  event(tx, pod, { reason: 'Started', message: 'Container started', container: name, among });
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
  const ending = endsOf(tx, pod);
  if (ending.length === 0) return;
  const failed = ending.some((end) => end.exitCode !== 0);
  const policy = textAt(pod.spec, 'restartPolicy');
  const others = listAt(pod.spec, 'containers').length > ending.length;
  if (policy === 'Never' || (policy === 'OnFailure' && !failed)) {
    tx.put('pods', { ...pod, status: endedStatus(tx, pod, ending) });
    if (!others) tearDownQuietly(tx, pod, cni);
    return;
  }
  restartContainers(tx, pod, ending);
}

/** A finished pod gives its address back and keeps showing it. */
const tearDownQuietly = (tx: ClusterTransaction, pod: KubeObject, cni: CniPlugin): void =>
  tearDown(tx, pod.metadata.uid ?? '', cni);

/** Containers have ended and are started again, at once or after a back-off. */
export function restartContainers(
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
