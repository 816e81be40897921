/**
 * The one-word status, readiness and restarts of a pod as `kubectl get pods` sums them up.
 * Source: k8s.io/kubernetes pkg/printers/internalversion/printers.go printPod, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { parseTimestamp } from '../../core/time.ts';
import { memoize } from '../../core/memo.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { humanDuration } from '../human-duration.ts';
import type { KubeObject } from '../object.ts';

export interface PodSummary {
  /** Containers that are ready, of how many: `1/2`. */
  readonly ready: string;
  readonly reason: string;
}

interface Count {
  readonly restarts: number;
  /** When the last container ended before its restart, milliseconds since 1970; 0 when none has. */
  readonly lastRestart: number;
}

const hasCondition = (pod: KubeObject, type: string): boolean =>
  listAt(pod.status, 'conditions').some(
    (item) => textAt(item, 'type') === type && textAt(item, 'status') === 'True',
  );

/** A sidecar: an init container that keeps running. */
const isSidecar = (container: JsonObject | undefined): boolean =>
  textAt(container, 'restartPolicy') === 'Always';

/** What does not change with time. */
interface Standing extends PodSummary {
  readonly count: Count;
}

const standings = new WeakMap<KubeObject, Standing>();
/** Three cells of a row tell of one pod. */
let last: { readonly pod: KubeObject; readonly standing: Standing } | undefined;

function standingOf(pod: KubeObject): Standing {
  if (last?.pod === pod) return last.standing;
  let standing = standings.get(pod);
  if (!standing) standings.set(pod, (standing = standingNow(pod)));
  last = { pod, standing };
  return standing;
}

export const summarize: (pod: KubeObject) => PodSummary = standingOf;

/** Restarts of its containers, and when the last was, at `now` in milliseconds since 1970: `0`, `3 (25s ago)`. */
export const restartsOf = (pod: KubeObject, now: number): string => restartText(standingOf(pod).count, now);

function standingNow(pod: KubeObject): Standing {
  const inits = listAt(pod.spec, 'initContainers');
  const total = listAt(pod.spec, 'containers').length + inits.filter(isSidecar).length;
  const phase = textAt(pod.status, 'phase');
  const initial = textAt(pod.status, 'reason') || (isGated(pod) ? 'SchedulingGated' : phase);
  const init = initState(pod, inits);
  const useMain = init.reason === undefined || hasCondition(pod, 'Initialized');
  const main = useMain ? mainState(pod, init.reason ?? initial) : undefined;
  const count = main ? added(init.sidecars, main.count) : init.count;
  return {
    ready: fraction(init.readySidecars + (main?.ready ?? 0), total),
    reason: endReason(pod, phase, main?.reason ?? init.reason ?? initial),
    count,
  };
}

/** Thousands of pods have the same. */
const fraction = memoize((some: number, all: number): string => `${some}/${all}`, 4);

const isGated = (pod: KubeObject): boolean =>
  listAt(pod.status, 'conditions').some(
    (item) => textAt(item, 'type') === 'PodScheduled' && textAt(item, 'reason') === 'SchedulingGated',
  );

function endReason(pod: KubeObject, phase: string, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (textAt(pod.status, 'reason') === 'NodeLost') return 'Unknown';
  return phase === 'Failed' || phase === 'Succeeded' ? reason : 'Terminating';
}

const NONE: Count = { restarts: 0, lastRestart: 0 };

const added = (a: Count, b: Count): Count => ({
  restarts: a.restarts + b.restarts,
  lastRestart: Math.max(a.lastRestart, b.lastRestart),
});

function countOf(status: JsonObject): Count {
  const finished = textAt(status, 'lastState', 'terminated', 'finishedAt');
  return {
    restarts: numberAt(status, 'restartCount'),
    lastRestart: finished === '' ? 0 : parseTimestamp(finished),
  };
}

const restartText = ({ restarts, lastRestart }: Count, now: number): string =>
  restarts !== 0 && lastRestart !== 0
    ? `${restarts} (${humanDuration(now - lastRestart)} ago)`
    : String(restarts);

interface InitState {
  /** Undefined when initialisation is over. */
  readonly reason: string | undefined;
  readonly count: Count;
  readonly sidecars: Count;
  readonly readySidecars: number;
}

function initState(pod: KubeObject, inits: readonly JsonObject[]): InitState {
  let state: InitState = { reason: undefined, count: NONE, sidecars: NONE, readySidecars: 0 };
  for (const [index, status] of listAt(pod.status, 'initContainerStatuses').entries()) {
    const sidecar = isSidecar(
      inits.find((container) => textAt(container, 'name') === textAt(status, 'name')),
    );
    const count = countOf(status);
    state = {
      ...state,
      count: added(state.count, count),
      sidecars: sidecar ? added(state.sidecars, count) : state.sidecars,
    };
    if (at(status, 'state', 'terminated', 'exitCode') === 0) continue;
    if (sidecar && at(status, 'started') === true) {
      state = { ...state, readySidecars: state.readySidecars + (at(status, 'ready') === true ? 1 : 0) };
      continue;
    }
    return { ...state, reason: initReason(status, index, inits.length) };
  }
  return state;
}

function initReason(status: JsonObject, index: number, total: number): string {
  if (at(status, 'state', 'terminated') !== undefined) return `Init:${terminatedReason(status)}`;
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
}

function terminatedReason(status: JsonObject): string {
  const terminated = objectAt(status, 'state', 'terminated');
  const signal = numberAt(terminated, 'signal');
  return (
    textAt(terminated, 'reason') ||
    (signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode')}`)
  );
}

interface MainState {
  readonly reason: string;
  readonly ready: number;
  readonly count: Count;
}

function mainState(pod: KubeObject, initial: string): MainState {
  let reason = initial;
  let errorReason = '';
  let ready = 0;
  let count = NONE;
  for (const status of listAt(pod.status, 'containerStatuses').toReversed()) {
    count = added(count, countOf(status));
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (waiting !== '') reason = waiting;
    else if (at(status, 'state', 'terminated') !== undefined) {
      reason = terminatedReason(status);
      if (numberAt(status, 'state', 'terminated', 'exitCode') !== 0) errorReason = reason;
    } else if (at(status, 'ready') === true && at(status, 'state', 'running') !== undefined) ready += 1;
  }
  if (reason === 'Completed') reason = completedReason(pod, ready > 0, errorReason);
  return { reason, ready, count };
}

/** A pod with one container finished and another running still counts as running. */
function completedReason(pod: KubeObject, hasRunning: boolean, errorReason: string): string {
  if (hasRunning && hasCondition(pod, 'Ready')) return 'Running';
  if (errorReason !== '') return errorReason;
  return hasRunning ? 'NotReady' : 'Completed';
}
