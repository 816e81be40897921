/**
 * Runs one pod on every node that a DaemonSet's template may run on.
 * Source: k8s.io/kubernetes pkg/controller/daemon/{daemon_controller,update}.go, Kubernetes 1.35. ControllerRevision objects
 * and maxSurge are left out; the revision label is there.
 */
import type { JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import type { Millis } from '../../core/time.ts';
import { putStatus } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { DAEMON_SETS, TEMPLATE_GENERATION } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { DaemonCensus, hasEnded, REVISION_LABEL, sameForDaemons, type DaemonPod } from './daemon-census.ts';
import { nodeMatcher, untoleratedTaint } from './node-fit.ts';
import { keyOf, splitKey } from './ownership.ts';
import { createPod, removePod } from './pod-control.ts';
import { untilAvailable } from './pod-state.ts';
import { ownerKeys } from './replica-set-controller.ts';
import { templateHash } from './template-hash.ts';

const NAME = 'daemonset';
const COMPONENT = 'daemonset-controller';
const DELAY = 10;

/** What the controller makes every daemon pod tolerate. */
const TOLERATIONS: readonly JsonObject[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const HOST_NETWORK_TOLERATION: JsonObject = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

export const daemonSetController: Controller = {
  name: NAME,
  watches: ['pods', 'nodes', DAEMON_SETS.name],
  react: (change, { store }) => {
    if (change.resource === 'pods') return ownerKeys(change, 'DaemonSet', DELAY);
    if (change.resource === DAEMON_SETS.name)
      return change.after ? [{ key: keyOf(change.after), after: DELAY }] : [];
    if (change.resource !== 'nodes' || sameForDaemons(change.before, change.after)) return [];
    return store.list(DAEMON_SETS.name).map((set) => ({ key: keyOf(set), after: DELAY }));
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const set = tx.get(DAEMON_SETS.name, namespace, name);
    if (!set) return;
    if (set.metadata.deletionTimestamp === undefined) manage(tx, set, censusOf(tx, set));
    const current = tx.get(DAEMON_SETS.name, namespace, name);
    if (current) report(tx, current, censusOf(tx, current));
  },
};

const censuses = new WeakMap<JsonObject, DaemonCensus>();

/** A census lives as long as the template that it is about. */
function censusOf(tx: ClusterTransaction, set: KubeObject): DaemonCensus {
  const template = objectAt(set.spec, 'template');
  const owner = set.metadata.uid ?? '';
  let census = censuses.get(template);
  if (census?.owner !== owner) {
    const revision = templateHash(template);
    census = new DaemonCensus({ owner, revision, fits: placing(podSpecFor(set)) });
    censuses.set(template, census);
  }
  return census.follow(tx.table('nodes'), tx.table('pods'));
}

const podSpecFor = (set: KubeObject): JsonObject => toleratingSpec(objectAt(set.spec, 'template', 'spec'));

const toleratingSpec = memoize((spec: JsonObject): JsonObject => {
  const extra = spec['hostNetwork'] === true ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  return { ...spec, tolerations: [...listAt(spec, 'tolerations'), ...extra] };
}, 8);

function placing(spec: JsonObject): (node: KubeObject) => boolean {
  const fits = nodeMatcher(spec);
  return (node) => fits(node) && !untoleratedTaint(spec, node, HARD);
}

const HARD = ['NoSchedule', 'NoExecute'];

function manage(tx: ClusterTransaction, set: KubeObject, census: DaemonCensus): void {
  const remove = ({ pod }: DaemonPod): void => removePod(tx, set, pod, COMPONENT);
  const unsettled = [...census.unsettled.values()];
  for (const { wanted, pods } of unsettled)
    if (!wanted) for (const pod of pods) if (pod.isActive) remove(pod);
  for (const { wanted, pods, node } of unsettled) {
    if (!wanted) continue;
    if (pods.length === 0) {
      createPod(tx, {
        owner: set,
        component: COMPONENT,
        labels: { [REVISION_LABEL]: census.revision, 'pod-template-generation': generationOf(set) },
        spec: { tolerations: podSpecFor(set)['tolerations'], affinity: pinnedTo(set, node) },
      });
    }
    for (const pod of pods) if (hasEnded(pod)) remove(pod);
    for (const pod of pods.filter((each) => each.isActive).slice(1)) remove(pod);
  }
  if (textAt(set.spec, 'updateStrategy', 'type') === 'RollingUpdate') update(tx, set, census);
}

const generationOf = (set: KubeObject): string => set.metadata.annotations?.[TEMPLATE_GENERATION] ?? '1';

function pinnedTo(set: KubeObject, node: string): JsonObject {
  const own = objectAt(set.spec, 'template', 'spec', 'affinity');
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  return {
    ...own,
    nodeAffinity: {
      ...objectAt(own, 'nodeAffinity'),
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
}

/** Replaces pods of an older template, never more at once than maxUnavailable allows. */
function update(tx: ClusterTransaction, set: KubeObject, census: DaemonCensus): void {
  if (census.stale.size === 0) return;
  const { desired } = census.counts;
  const limit = numberOrPercent(at(set.spec, 'updateStrategy', 'rollingUpdate', 'maxUnavailable'), desired);
  let room = limit - (desired - availability(tx, set, census).available);
  const minReady = numberAt(set.spec, 'minReadySeconds');
  for (const { counted } of [...census.stale.values()]) {
    if (!counted) continue;
    if (untilAvailable(tx, counted.pod, minReady) === 0) {
      if (room <= 0) continue;
      room -= 1;
    }
    removePod(tx, set, counted.pod, COMPONENT);
  }
}

interface Availability {
  readonly available: number;
  /** Virtual milliseconds until the next pod has been ready for long enough; Infinity when none will. */
  readonly next: Millis;
}

function availability(tx: ClusterTransaction, set: KubeObject, census: DaemonCensus): Availability {
  const minReady = numberAt(set.spec, 'minReadySeconds');
  if (minReady === 0) return { available: census.counts.ready, next: Infinity };
  const waits = census.counted().flatMap(({ pod }) => untilAvailable(tx, pod, minReady) ?? []);
  const soon = waits.filter((wait) => wait > 0);
  return { available: waits.length - soon.length, next: Math.min(...soon) };
}

function numberOrPercent(value: unknown, total: number): number {
  if (typeof value === 'number') return value;
  const percent = Number(/^(\d+)%$/.exec(String(value))?.[1] ?? 0);
  return Math.max(1, Math.ceil((percent / 100) * total));
}

function report(tx: ClusterTransaction, set: KubeObject, census: DaemonCensus): void {
  const { available, next } = availability(tx, set, census);
  if (next < Infinity) tx.schedule(NAME, keyOf(set), next);
  const { desired, scheduled, ready, updated, misplaced } = census.counts;
  putStatus(tx, DAEMON_SETS, set, {
    currentNumberScheduled: scheduled,
    numberMisscheduled: misplaced,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
    ...(available === 0 ? {} : { numberAvailable: available }),
    ...(desired === available ? {} : { numberUnavailable: desired - available }),
  });
}
