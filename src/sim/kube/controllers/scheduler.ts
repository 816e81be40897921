/**
 * Binds pods to nodes: filters as the default plugins do, then prefers nodes with fewer pods of the same owner, then zones
 * with fewer of them, then emptier nodes, then the first by name (chance breaks ties in the real one).
 * Source: k8s.io/kubernetes pkg/scheduler/{schedule_one.go,framework/types.go,framework/plugins}, Kubernetes 1.35. Resource
 * requests, host ports, volumes, topology spread constraints and preemption are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import type { Table } from '../../core/table.ts';
import type { Change, Controller } from '../controller.ts';
import { at, listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { nodeMatcher, tolerates, untoleratedTaint } from './node-fit.ts';
import { controllerOf, keyOf, ownerCounts, podCounts, podsOnNode, splitKey } from './ownership.ts';
import { affinityRules } from './pod-affinity.ts';
import { isTerminal, withCondition } from './pod-state.ts';

const NAME = 'scheduler';
const COMPONENT = 'default-scheduler';
const DELAY = 5;
const POD_LIMIT = 110;
const ZONE = 'topology.kubernetes.io/zone';

/** `host` is the node the scheduler runs on, for the source of its events. */
export const scheduler = (host: string): Controller => ({
  name: NAME,
  react: (change, { store }) => {
    if (change.resource === 'pods') return podKeys(change);
    if (change.resource !== 'nodes' || !helps(change)) return [];
    const waiting = store.list('pods').filter((pod) => waits(pod));
    return waiting.map((pod) => ({ key: keyOf(pod), after: DELAY }));
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const pod = tx.get('pods', namespace, name);
    if (pod && waits(pod)) schedule(tx, pod, host);
  },
});

const waits = (pod: KubeObject): boolean =>
  textAt(pod.spec, 'nodeName') === '' &&
  pod.metadata.deletionTimestamp === undefined &&
  !isTerminal(pod) &&
  textAt(pod.spec, 'schedulerName') === COMPONENT;

const podKeys = ({ before, after }: Change) =>
  after &&
  waits(after) &&
  !(before && waits(before) && before.spec === after.spec && before.metadata.labels === after.metadata.labels)
    ? [{ key: keyOf(after), after: DELAY }]
    : [];

/** Node changes that could make a waiting pod fit. */
const helps = ({ before, after }: Change): boolean =>
  after !== undefined &&
  (before === undefined || before.spec !== after.spec || before.metadata.labels !== after.metadata.labels);

const nodesOf = memoize((nodes: Table<KubeObject> | undefined): readonly KubeObject[] => [
  ...(nodes?.values() ?? []),
]);

function schedule(tx: ClusterTransaction, pod: KubeObject, host: string): void {
  const spec = pod.spec ?? {};
  const nodes = nodesOf(tx.state.store.table('nodes'));
  const affinity = affinityRules(tx, pod, nodes);
  const counts = podCounts(tx);
  const refusal = refusals(spec);
  const feasible: KubeObject[] = [];
  const reasons = new Map<string, number>();
  for (const node of pinned(spec, nodes, refusal) ?? nodes) {
    const isFull = (counts.get(node.metadata.name) ?? 0) >= POD_LIMIT && running(tx, node) >= POD_LIMIT;
    const why = refusal(node, isFull) ?? affinity(node);
    if (why === undefined) feasible.push(node);
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const chosen = best(tx, pod, feasible);
  if (chosen) bind(tx, pod, host, chosen);
  else
    fail(
      tx,
      pod,
      host,
      nodes.length === 0 ? 'no nodes available to schedule pods' : unfit(nodes.length, reasons),
    );
}

/** A daemon pod names its only node: the others need no look, unless that one refuses it. */
function pinned(
  spec: JsonObject,
  nodes: readonly KubeObject[],
  refusal: Refusal,
): readonly KubeObject[] | undefined {
  const required = at(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  const terms = listAt(required, 'nodeSelectorTerms');
  if (terms.length !== 1) return undefined;
  const name = textAt(terms[0], 'matchFields', 0, 'values', 0);
  const node = nodes.find((candidate) => candidate.metadata.name === name);
  return node && refusal(node, false) === undefined ? [node] : undefined;
}

type Refusal = (node: KubeObject, isFull: boolean) => string | undefined;

/** Why a node cannot take the pod, in the order of the default plugins. */
function refusals(spec: JsonObject): Refusal {
  const fits = nodeMatcher(spec);
  const cordonTolerated = toleratesCordon(spec);
  return (node, isFull) => {
    if (node.spec?.['unschedulable'] === true && !cordonTolerated) return 'node(s) were unschedulable';
    if (untoleratedTaint(spec, node, HARD)) return 'node(s) had untolerated taint(s)';
    if (!fits(node)) return "node(s) didn't match Pod's node affinity/selector";
    return isFull ? 'Too many pods' : undefined;
  };
}

const HARD = ['NoSchedule', 'NoExecute'];
const SOFT = ['PreferNoSchedule'];

const running = (tx: ClusterTransaction, node: KubeObject): number =>
  podsOnNode(tx, node.metadata.name).filter((pod) => !isTerminal(pod)).length;

const toleratesCordon = (spec: JsonObject): boolean =>
  listAt(spec, 'tolerations').some((toleration) =>
    tolerates(toleration, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }),
  );

/** Lower is better: taints to avoid, then pods of the same owner on the node and in its zone, then all pods of the node. */
function scorer(
  tx: ClusterTransaction,
  pod: KubeObject,
  nodes: readonly KubeObject[],
): (node: KubeObject) => number {
  const owner = controllerOf(pod)?.uid;
  const own = owner === undefined ? new Map<string, number>() : ownerCounts(tx, owner);
  const total = podCounts(tx);
  const zoneOf = (node: KubeObject): string => node.metadata.labels?.[ZONE] ?? '';
  const zones = new Map<string, number>();
  for (const node of own.size > 0 && zoned(nodesOf(tx.state.store.table('nodes'))) ? nodes : []) {
    zones.set(zoneOf(node), (zones.get(zoneOf(node)) ?? 0) + (own.get(node.metadata.name) ?? 0));
  }
  return (node) => {
    const { name } = node.metadata;
    const avoid = untoleratedTaint(pod.spec ?? {}, node, SOFT) ? 1 : 0;
    const spread =
      (avoid * 1e4 + (own.get(name) ?? 0)) * 1e5 + (zones.size > 0 ? (zones.get(zoneOf(node)) ?? 0) : 0);
    return spread * 1e4 + (total.get(name) ?? 0);
  };
}

/** Whether any node says which zone it is in: else all are in one, and their scores tell nothing apart. */
const zoned = memoize((nodes: readonly KubeObject[]): boolean =>
  nodes.some((node) => node.metadata.labels?.[ZONE] !== undefined),
);

/** The first of the nodes with the lowest score; undefined for no nodes. */
function best(tx: ClusterTransaction, pod: KubeObject, nodes: readonly KubeObject[]): KubeObject | undefined {
  const score = scorer(tx, pod, nodes);
  let chosen: KubeObject | undefined;
  let lowest = Infinity;
  for (const node of nodes) {
    const here = score(node);
    if (here >= lowest) continue;
    chosen = node;
    lowest = here;
  }
  return chosen;
}

function bind(tx: ClusterTransaction, pod: KubeObject, host: string, node: KubeObject): void {
  const nodeName = node.metadata.name;
  const conditions = withCondition(
    listAt(pod.status, 'conditions').filter((item) => item['type'] !== 'PodScheduled'),
    {
      type: 'PodScheduled',
      status: 'True',
      observedGeneration: pod.metadata.generation ?? 1,
      lastProbeTime: null,
    },
    tx.timestamp,
  );
  tx.put('pods', { ...pod, spec: { ...pod.spec, nodeName }, status: { ...pod.status, conditions } });
  const { namespace = '', name } = pod.metadata;
  recordEvent(tx, {
    about: pod,
    type: 'Normal',
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    component: COMPONENT,
    host: `${COMPONENT}-${host}`,
    action: 'Binding',
  });
}

function fail(tx: ClusterTransaction, pod: KubeObject, host: string, message: string): void {
  const conditions = withCondition(
    listAt(pod.status, 'conditions'),
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastProbeTime: null },
    tx.timestamp,
  );
  if (JSON.stringify(conditions) === JSON.stringify(pod.status?.['conditions'])) return;
  tx.put('pods', { ...pod, status: { ...pod.status, conditions } });
  recordEvent(tx, {
    about: pod,
    type: 'Warning',
    reason: 'FailedScheduling',
    message,
    component: COMPONENT,
    host: `${COMPONENT}-${host}`,
    action: 'Scheduling',
  });
}

/** Refusals that no eviction could lift. */
const FINAL = ['Too many pods', "node(s) didn't match pod anti-affinity rules"];

function unfit(total: number, refusals: ReadonlyMap<string, number>): string {
  const reasons = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort();
  const evictable = [...refusals]
    .filter(([reason]) => FINAL.includes(reason))
    .reduce((sum, [, count]) => sum + count, 0);
  const preemption = [
    ...(evictable > 0 ? [`${evictable} No preemption victims found for incoming pod`] : []),
    ...(total > evictable ? [`${total - evictable} Preemption is not helpful for scheduling`] : []),
  ].sort();
  const nodes = `0/${total} nodes are available:`;
  return `${nodes} ${reasons.join(', ')}. no new claims to deallocate, preemption: ${nodes} ${preemption.join(', ')}.`;
}
