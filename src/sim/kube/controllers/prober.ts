/**
 * The kubelet's probes of one program whose health is simulated: readiness decides whether its container counts as ready,
 * liveness whether it is killed and started again. A probe runs every ten seconds as long as something is wrong or has just
 * happened; while all is well and nothing moves, nobody looks. What only the world outside the API knows (a daemon's sessions)
 * is asked as a question in a table of the store that no API serves, and answered in the same instant.
 * Source: k8s.io/kubernetes pkg/kubelet/prober/{prober,worker}.go, kuberuntime/kuberuntime_manager.go, Kubernetes 1.35. At which
 * moment of the ten seconds a node probes is ours. Left out: probes of other programs, which succeed.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { hashOf } from '../../core/hash.ts';
import { parseTimestamp, type Millis } from '../../core/time.ts';
import type { Change, ClusterState, Controller } from '../controller.ts';
import { at, listAt, numberAt, objectAt, textAt, textsAt } from '../fields.ts';
import { isSilent, MACHINES, nodeMachine, nodeOfRecord } from '../machines.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { restartContainers } from './kubelet.ts';
import { podsOnNode } from './ownership.ts';
import { readyStatus, unreadyStatus } from './pod-life.ts';

/** Questions to the world, by `<program>/<node>`; and what it answered. */
export const PROBE_QUESTIONS = 'probequestions.simulator';
export const PROBE_ANSWERS = 'probeanswers.simulator';
/** How often each probe of a container has failed in a row, by the pod's UID. */
const FAILURES = 'probefailures.simulator';

/** `periodSeconds` of every probe that is simulated. */
const PERIOD: Millis = 10_000;
/** From a container's start to the first probe that finds a process. */
const FIRST: Millis = 1_000;

export interface Probed {
  readonly node: string;
  /** The exec probe's command line. */
  readonly argv: readonly string[];
  /** Virtual milliseconds since the container started. */
  readonly age: Millis;
  readonly answer: Json | undefined;
}

export interface ProbedProgram {
  /** The pods' `k8s-app` label and the name of the container. */
  readonly name: string;
  /** What a probe prints when it fails; undefined when it succeeds. */
  readonly check: (tx: ClusterTransaction, probed: Probed) => string | undefined;
}

const controllerName = (program: string): string => `${program}-prober`;

/**
 * Keys: `wake/<node>` when something has happened there, `tick/<node>` when it probes, `judge/<node>` with an answer,
 * `forget/<uid>` when a pod is gone.
 */
export const prober = (program: ProbedProgram): Controller => ({
  name: controllerName(program.name),
  watches: ['pods', MACHINES, PROBE_ANSWERS],
  react: (change) => keysFor(program, change).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    const [step = '', node = ''] = key.split('/');
    if (step === 'wake') again(tx, program, node, FIRST);
    else if (step === 'tick') ask(tx, program, node);
    else if (step === 'forget') tx.delete(FAILURES, undefined, node);
    else judge(tx, program, node);
  },
});

/** Whether the kubelet has to ask a program before it calls the pod ready. */
export const isProbed = (program: string, pod: KubeObject): boolean =>
  pod.metadata.labels?.['k8s-app'] === program &&
  listAt(pod.spec, 'containers').some(
    (container) => container['name'] === program && at(container, 'readinessProbe', 'exec') !== undefined,
  );

/** Something moved that a probe on the node may see: it is looked at when the node probes next. */
export function withProbeDue(cluster: ClusterState, program: string, node: string): ClusterState {
  const [controller, key] = [controllerName(program), `tick/${node}`];
  const agenda = cluster.agenda.add(nextProbe(node, cluster.now), `${controller}/${key}`, {
    controller,
    key,
  });
  return agenda === cluster.agenda ? cluster : { ...cluster, agenda };
}

/** Each node has its own beat. */
const beat = (node: string): Millis => Number.parseInt(hashOf(['probe', node]).slice(0, 6), 16) % PERIOD;

const nextProbe = (node: string, after: Millis): Millis =>
  after + PERIOD - ((((after - beat(node)) % PERIOD) + PERIOD) % PERIOD);

function again(tx: ClusterTransaction, program: ProbedProgram, node: string, least: Millis = 0): void {
  if (probedPods(tx, program, node).length > 0)
    tx.schedule(controllerName(program.name), `tick/${node}`, nextProbe(node, tx.now + least) - tx.now);
}

function keysFor({ name }: ProbedProgram, change: Change): readonly string[] {
  const { resource, before, after } = change;
  if (resource === MACHINES) {
    const node = nodeOfRecord(after ?? before);
    return node === undefined ? [] : [`wake/${node}`];
  }
  if (resource === PROBE_ANSWERS) {
    const [program, node = ''] = (after?.metadata.name ?? '').split('/');
    return program === name ? [`judge/${node}`] : [];
  }
  return podKeys(name, change);
}

/** A container has started, or a pod is gone. */
function podKeys(program: string, { before, after }: Change): readonly string[] {
  const pod = after ?? before;
  if (!pod || !isProbed(program, pod)) return [];
  if (!after) return [`forget/${pod.metadata.uid ?? ''}`];
  const started = startOf(after, program);
  const isKnown = started === undefined || (before && startOf(before, program) === started);
  return isKnown === true ? [] : [`wake/${textAt(after.spec, 'nodeName')}`];
}

const statusOf = (pod: KubeObject, container: string): JsonObject | undefined =>
  listAt(pod.status, 'containerStatuses').find((status) => status['name'] === container);

/** Virtual milliseconds since the running container started. */
export const runningFor = ({ now, epoch }: ClusterTransaction, pod: KubeObject, container: string): Millis =>
  now - (parseTimestamp(textAt(statusOf(pod, container), 'state', 'running', 'startedAt')) - epoch);

/** The running container's id. */
function startOf(pod: KubeObject, container: string): string | undefined {
  const status = statusOf(pod, container);
  return at(status, 'state', 'running') === undefined ? undefined : textAt(status, 'containerID');
}

const probedPods = (tx: ClusterTransaction, { name }: ProbedProgram, node: string): readonly KubeObject[] =>
  isSilent(nodeMachine(tx, node))
    ? []
    : podsOnNode(tx, node).filter(
        (pod) =>
          isProbed(name, pod) &&
          pod.metadata.deletionTimestamp === undefined &&
          startOf(pod, name) !== undefined,
      );

function ask(tx: ClusterTransaction, program: ProbedProgram, node: string): void {
  if (probedPods(tx, program, node).length === 0) return;
  tx.put(PROBE_QUESTIONS, {
    apiVersion: 'simulator/v1',
    kind: 'ProbeQuestion',
    metadata: { name: `${program.name}/${node}` },
    spec: { node },
  });
}

function judge(tx: ClusterTransaction, program: ProbedProgram, node: string): void {
  const name = `${program.name}/${node}`;
  const answer = tx.get(PROBE_ANSWERS, undefined, name)?.spec?.['answer'];
  tx.delete(PROBE_ANSWERS, undefined, name);
  for (const pod of probedPods(tx, program, node)) probe(tx, program, { pod, node, answer });
}

interface Judged {
  readonly pod: KubeObject;
  readonly node: string;
  readonly answer: Json | undefined;
}

const KINDS = ['liveness', 'readiness'] as const;
type Kind = (typeof KINDS)[number];
type Failures = Readonly<Record<Kind, number>>;

function probe(tx: ClusterTransaction, program: ProbedProgram, judged: Judged): void {
  const { pod, node } = judged;
  const failures = { ...failuresOf(tx, pod, program.name) };
  let isSettled = true;
  for (const kind of KINDS) {
    const outcome = runProbe(tx, program, { ...judged, kind });
    if (outcome === 'too early') isSettled = false;
    if (outcome === undefined || outcome === 'too early') continue;
    failures[kind] = outcome.failed ? failures[kind] + 1 : 0;
    isSettled &&= !outcome.failed;
    if (kind === 'readiness')
      setReadiness(tx, pod, outcome.failed ? failures.readiness / outcome.threshold : 0);
    else if (failures.liveness >= outcome.threshold) {
      keepFailures(tx, pod, program.name, NONE);
      kill(tx, pod, program.name);
      return;
    }
  }
  keepFailures(tx, pod, program.name, failures);
  if (!isSettled) again(tx, program, node);
}

interface Outcome {
  readonly failed: boolean;
  readonly threshold: number;
}

function runProbe(
  tx: ClusterTransaction,
  program: ProbedProgram,
  { pod, node, answer, kind }: Judged & { readonly kind: Kind },
): Outcome | 'too early' | undefined {
  const container = listAt(pod.spec, 'containers').find(({ name }) => name === program.name);
  const spec = at(container, `${kind}Probe`);
  if (at(spec, 'exec') === undefined) return undefined;
  const age = runningFor(tx, pod, program.name);
  if (age < numberAt(spec, 'initialDelaySeconds') * 1_000) return 'too early';
  const said = program.check(tx, { node, argv: textsAt(spec, 'exec', 'command'), age, answer });
  if (said !== undefined) {
    const message = `${kind === 'liveness' ? 'Liveness' : 'Readiness'} probe failed: ${said}`;
    tell(tx, pod, program.name, { type: 'Warning', reason: 'Unhealthy', message });
  }
  const threshold = numberAt(spec, 'failureThreshold');
  return { failed: said !== undefined, threshold: threshold === 0 ? 3 : threshold };
}

/** One success is enough; a container that is ready stays so until its probe has failed as often as the threshold says. */
function setReadiness(tx: ClusterTransaction, pod: KubeObject, failed: number): void {
  const ready = listAt(pod.status, 'containerStatuses').every((status) => status['ready'] === true);
  if (failed === 0 && !ready) tx.put('pods', { ...pod, status: readyStatus(tx, pod) });
  if (failed >= 1 && ready) tx.put('pods', { ...pod, status: unreadyStatus(tx, pod) });
}

function kill(tx: ClusterTransaction, pod: KubeObject, container: string): void {
  const message = `Container ${container} failed liveness probe, will be restarted`;
  tell(tx, pod, container, { type: 'Normal', reason: 'Killing', message });
  const { namespace, name } = pod.metadata;
  // Without a grace period it dies of SIGKILL.
  restartContainers(tx, tx.get('pods', namespace, name) ?? pod, [{ name: container, exitCode: 137 }]);
}

interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const tell = (tx: ClusterTransaction, pod: KubeObject, container: string, told: Told): void =>
  recordEvent(tx, {
    about: pod,
    ...told,
    component: 'kubelet',
    host: textAt(pod.spec, 'nodeName'),
    fieldPath: `spec.containers{${container}}`,
  });

const NONE: Failures = { liveness: 0, readiness: 0 };

/** Of the container that runs now. */
function failuresOf(tx: ClusterTransaction, pod: KubeObject, container: string): Failures {
  const record = tx.get(FAILURES, undefined, pod.metadata.uid ?? '');
  if (!record || textAt(record.spec, 'container') !== startOf(pod, container)) return NONE;
  return objectAt(record.spec, 'failures') as unknown as Failures;
}

function keepFailures(tx: ClusterTransaction, pod: KubeObject, container: string, failures: Failures): void {
  const { uid = '' } = pod.metadata;
  if (failures.liveness === 0 && failures.readiness === 0) tx.delete(FAILURES, undefined, uid);
  else
    tx.put(FAILURES, {
      apiVersion: 'simulator/v1',
      kind: 'ProbeFailures',
      metadata: { name: uid },
      spec: { container: startOf(pod, container) ?? '', failures: { ...failures } },
    });
}
