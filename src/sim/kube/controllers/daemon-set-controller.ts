/**
 * Runs one pod on every node that a DaemonSet's template may run on.
 * Source: k8s.io/kubernetes pkg/controller/daemon/{daemon_controller,update}.go, Kubernetes 1.35. ControllerRevision objects
 * and maxSurge are left out; the revision label is there.
 */
import { canonicalJson, type Json, type JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import type { Table } from '../../core/table.ts';
import { putStatus } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { DAEMON_SETS } from '../kinds/workload.ts';
import { fnv32a, safeEncode } from '../name.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { nodeMatcher, untoleratedTaint } from './node-fit.ts';
import { keyOf, podsOwnedBy, splitKey } from './ownership.ts';
import { createPod, removePod } from './pod-control.ts';
import { isActive, isReady, isTerminal, untilAvailable } from './pod-state.ts';
import { ownerKeys } from './replica-set-controller.ts';

const NAME = 'daemonset';
const COMPONENT = 'daemonset-controller';
const DELAY = 10;
const REVISION_LABEL = 'controller-revision-hash';

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
    const hash = revisionHash(set);
    const placed = placement(tx, set);
    const { state } = tx;
    if (set.metadata.deletionTimestamp === undefined) manage(tx, set, placed, hash);
    const current = tx.get(DAEMON_SETS.name, namespace, name);
    if (current) report(tx, current, tx.state === state ? placed : placement(tx, current), hash);
  },
};

/** Node changes that matter here are labels, taints and existence, not heartbeats or status. */
const sameForDaemons = (a: KubeObject | undefined, b: KubeObject | undefined): boolean =>
  a !== undefined && b !== undefined && a.spec === b.spec && a.metadata.labels === b.metadata.labels;

const revisionHash = (set: KubeObject): string => templateHash(at(set.spec, 'template') ?? {});

/** A set is looked at with every pod of it that changes, and its template stays. */
const templateHash = memoize(
  (template: Json): string => safeEncode(String(fnv32a(canonicalJson(template)))),
  8,
);

/** What the controller asks of a pod. */
interface DaemonPod {
  readonly pod: KubeObject;
  readonly node: string;
  readonly isActive: boolean;
  readonly isReady: boolean;
  readonly revision: string | undefined;
}

const daemonPods = new WeakMap<KubeObject, DaemonPod>();

/** All pods of a set are looked at with each that changes, and the others are as they were. */
function daemonPod(pod: KubeObject): DaemonPod {
  const known = daemonPods.get(pod);
  if (known) return known;
  const made = {
    pod,
    node: nodeOf(pod),
    isActive: isActive(pod),
    isReady: isReady(pod),
    revision: pod.metadata.labels?.[REVISION_LABEL],
  };
  daemonPods.set(pod, made);
  return made;
}

interface Placement {
  /** Nodes that should run a pod, each with the pods it has. */
  readonly wanted: readonly { readonly node: KubeObject; readonly pods: readonly DaemonPod[] }[];
  /** The pod that counts on each node that has one. */
  readonly active: readonly DaemonPod[];
  /** Pods on nodes that should not run one. */
  readonly misplaced: readonly DaemonPod[];
}

const podSpecFor = (set: KubeObject): JsonObject => toleratingSpec(objectAt(set.spec, 'template', 'spec'));

const toleratingSpec = memoize((spec: JsonObject): JsonObject => {
  const extra = spec['hostNetwork'] === true ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  return { ...spec, tolerations: [...listAt(spec, 'tolerations'), ...extra] };
}, 8);

/** Nodes that pods of a spec may run on. */
const eligible = memoize((spec: JsonObject, nodes: Table<KubeObject> | undefined): readonly KubeObject[] => {
  const fits = nodeMatcher(spec);
  return [...(nodes?.values() ?? [])].filter((node) => fits(node) && !untoleratedTaint(spec, node, HARD));
}, 8);

const HARD = ['NoSchedule', 'NoExecute'];

/** The node a daemon pod is meant for: where it runs, or where its affinity pins it. */
function nodeOf(pod: KubeObject): string {
  const bound = pod.spec?.['nodeName'];
  if (typeof bound === 'string' && bound !== '') return bound;
  const terms = listAt(
    pod.spec,
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  return textAt(terms[0], 'matchFields', 0, 'values', 0);
}

const NO_PODS: readonly DaemonPod[] = [];

function placement(tx: ClusterTransaction, set: KubeObject): Placement {
  const byNode = new Map<string, DaemonPod[]>();
  for (const owned of podsOwnedBy(tx, set)) {
    const pod = daemonPod(owned);
    const others = byNode.get(pod.node);
    if (others) others.push(pod);
    else byNode.set(pod.node, [pod]);
  }
  const wanted: { node: KubeObject; pods: readonly DaemonPod[] }[] = [];
  const active: DaemonPod[] = [];
  for (const node of eligible(podSpecFor(set), tx.table('nodes'))) {
    const pods = byNode.get(node.metadata.name) ?? NO_PODS;
    const counted = pods.find((pod) => pod.isActive);
    if (counted) active.push(counted);
    wanted.push({ node, pods });
    byNode.delete(node.metadata.name);
  }
  return { wanted, active, misplaced: [...byNode.values()].flat() };
}

function manage(tx: ClusterTransaction, set: KubeObject, placed: Placement, hash: string): void {
  const remove = ({ pod }: DaemonPod): void => removePod(tx, set, pod, COMPONENT);
  for (const pod of placed.misplaced) if (pod.isActive) remove(pod);
  for (const { node, pods } of placed.wanted) {
    if (pods.length === 0) {
      const spec = {
        tolerations: podSpecFor(set)['tolerations'],
        affinity: pinnedTo(set, node.metadata.name),
      };
      createPod(tx, {
        owner: set,
        component: COMPONENT,
        labels: { [REVISION_LABEL]: hash, 'pod-template-generation': generationOf(set) },
        spec,
      });
    }
    for (const each of pods)
      if (!each.isActive && isTerminal(each.pod) && each.pod.metadata.deletionTimestamp === undefined)
        remove(each);
    if (pods.length > 1) for (const pod of pods.filter((each) => each.isActive).slice(1)) remove(pod);
  }
  if (textAt(set.spec, 'updateStrategy', 'type') === 'RollingUpdate') update(tx, set, placed, hash);
}

const generationOf = (set: KubeObject): string =>
  set.metadata.annotations?.['deprecated.daemonset.template.generation'] ?? '1';

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
function update(tx: ClusterTransaction, set: KubeObject, placed: Placement, hash: string): void {
  const limit = numberOrPercent(
    at(set.spec, 'updateStrategy', 'rollingUpdate', 'maxUnavailable'),
    placed.wanted.length,
  );
  const { active } = placed;
  const stale = active.filter(({ revision }) => revision !== hash);
  if (stale.length === 0) return;
  const minReady = numberAt(set.spec, 'minReadySeconds');
  const isAvailable = ({ pod }: DaemonPod): boolean => untilAvailable(tx, pod, minReady) === 0;
  let room = limit - (placed.wanted.length - active.filter(isAvailable).length);
  for (const pod of stale) {
    if (isAvailable(pod)) {
      if (room <= 0) continue;
      room -= 1;
    }
    removePod(tx, set, pod.pod, COMPONENT);
  }
}

function numberOrPercent(value: unknown, total: number): number {
  if (typeof value === 'number') return value;
  const percent = Number(/^(\d+)%$/.exec(String(value))?.[1] ?? 0);
  return Math.max(1, Math.ceil((percent / 100) * total));
}

function report(tx: ClusterTransaction, set: KubeObject, placed: Placement, hash: string): void {
  const minReady = numberAt(set.spec, 'minReadySeconds');
  const pods = placed.active;
  const waits = pods.map(({ pod, isReady }) => {
    if (!isReady) return undefined;
    return minReady === 0 ? 0 : untilAvailable(tx, pod, minReady);
  });
  const soon = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
  if (soon.length > 0) tx.schedule(NAME, keyOf(set), Math.min(...soon));
  const available = waits.filter((wait) => wait === 0).length;
  const desired = placed.wanted.length;
  const updated = pods.filter(({ revision }) => revision === hash).length;
  putStatus(tx, DAEMON_SETS, set, {
    currentNumberScheduled: pods.length,
    numberMisscheduled: placed.misplaced.filter((pod) => pod.isActive).length,
    desiredNumberScheduled: desired,
    numberReady: pods.filter((pod) => pod.isReady).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
    ...(available === 0 ? {} : { numberAvailable: available }),
    ...(desired === available ? {} : { numberUnavailable: desired - available }),
  });
}
