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
  watches: ['pods', 'nodes'],
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

/** What is asked of every node for every pod, read once while no node changes. */
interface Candidate {
  readonly node: KubeObject;
  readonly name: string;
  /** Takes any pod that asks for nothing. */
  readonly open: boolean;
  /** Empty where this node does not say, undefined where all say the same. */
  readonly zone: string | undefined;
}

type Candidates = ReadonlyMap<string, Candidate>;

const candidatesOf = memoize((table: Table<KubeObject> | undefined): Candidates => {
  const nodes = [...(table?.values() ?? [])];
  const zoneOf = ({ metadata }: KubeObject): string => metadata.labels?.[ZONE] ?? '';
  const zoned = new Set(nodes.map(zoneOf)).size > 1;
  const candidates = nodes.map((node) => ({
    node,
    name: node.metadata.name,
    open: node.spec?.['unschedulable'] !== true && node.spec?.['taints'] === undefined,
    zone: zoned ? zoneOf(node) : undefined,
  }));
  return new Map(candidates.map((candidate) => [candidate.name, candidate]));
});

function schedule(tx: ClusterTransaction, pod: KubeObject, host: string): void {
  const spec = pod.spec ?? {};
  const nodes = candidatesOf(tx.table('nodes'));
  const affinity = affinityRules(tx, pod, nodes.values());
  const counts = podCounts(tx);
  const refusal = refusals(spec);
  const feasible: Candidate[] = [];
  const reasons = new Map<string, number>();
  for (const candidate of pinned(spec, nodes, refusal) ?? nodes.values()) {
    const { node, name } = candidate;
    // As many as fit may be there, ended ones counted.
    const isFull = countOf(counts, name) >= POD_LIMIT && running(tx, name) >= POD_LIMIT;
    const why = refusal(candidate, isFull) ?? affinity?.(node);
    if (why === undefined) feasible.push(candidate);
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const chosen = best(tx, pod, feasible);
  if (chosen) bind(tx, pod, host, chosen.name);
  else
    fail(
      tx,
      pod,
      host,
      nodes.size === 0 ? 'no nodes available to schedule pods' : unfit(nodes.size, reasons),
    );
}

/** A daemon pod names its only node: the others need no look, unless that one refuses it. */
function pinned(spec: JsonObject, nodes: Candidates, refusal: Refusal): readonly Candidate[] | undefined {
  const required = at(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  const terms = listAt(required, 'nodeSelectorTerms');
  if (terms.length !== 1) return undefined;
  const name = textAt(terms[0], 'matchFields', 0, 'values', 0);
  const node = nodes.get(name);
  return node && refusal(node, false) === undefined ? [node] : undefined;
}

type Refusal = (candidate: Candidate, isFull: boolean) => string | undefined;

/** Why a node cannot take the pod, in the order of the default plugins. */
function refusals(spec: JsonObject): Refusal {
  const fits = nodeMatcher(spec);
  const cordonTolerated = toleratesCordon(spec);
  const undemanding = spec['nodeSelector'] === undefined && spec['affinity'] === undefined;
  return ({ node, open }, isFull) => {
    if (undemanding && open) return isFull ? 'Too many pods' : undefined;
    if (node.spec?.['unschedulable'] === true && !cordonTolerated) return 'node(s) were unschedulable';
    if (untoleratedTaint(spec, node, HARD)) return 'node(s) had untolerated taint(s)';
    if (!fits(node)) return "node(s) didn't match Pod's node affinity/selector";
    return isFull ? 'Too many pods' : undefined;
  };
}

const HARD = ['NoSchedule', 'NoExecute'];
const SOFT = ['PreferNoSchedule'];

const running = (tx: ClusterTransaction, node: string): number =>
  podsOnNode(tx, node).filter((pod) => !isTerminal(pod)).length;

const toleratesCordon = (spec: JsonObject): boolean =>
  listAt(spec, 'tolerations').some((toleration) =>
    tolerates(toleration, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }),
  );

/**
 * The node to take: with the fewest taints to avoid, then pods of the same owner on the node and in its zone, then pods of
 * any kind, then the first by name; undefined for no nodes.
 */
function best(tx: ClusterTransaction, pod: KubeObject, nodes: readonly Candidate[]): Candidate | undefined {
  const spec = pod.spec ?? {};
  const owner = controllerOf(pod)?.uid;
  const own = owner === undefined ? NO_PODS : ownerCounts(tx, owner);
  const total = podCounts(tx);
  const zones = ownByZone(own, nodes);
  let chosen: Candidate | undefined;
  let lowest = Infinity;
  for (const candidate of nodes) {
    const { name, zone } = candidate;
    const avoid = avoids(spec, candidate) ? 1 : 0;
    const inZone = zone === undefined ? 0 : countOf(zones, zone);
    const score = ((avoid * 1e4 + countOf(own, name)) * 1e5 + inZone) * 1e4;
    if (score >= lowest) continue;
    const whole = score + countOf(total, name);
    if (whole >= lowest) continue;
    chosen = candidate;
    lowest = whole;
  }
  return chosen;
}

const avoids = (spec: JsonObject, { node, open }: Candidate): boolean =>
  !open && untoleratedTaint(spec, node, SOFT) !== undefined;

const countOf = (counts: ReadonlyMap<string, number>, name: string): number => counts.get(name) ?? 0;

const NO_PODS: ReadonlyMap<string, number> = new Map();

/** Pods of one owner by zone; none when all nodes are in one zone as far as they say. */
function ownByZone(
  own: ReadonlyMap<string, number>,
  nodes: readonly Candidate[],
): ReadonlyMap<string, number> {
  if (own.size === 0 || nodes[0]?.zone === undefined) return NO_PODS;
  const zones = new Map<string, number>();
  for (const { name, zone = '' } of nodes) zones.set(zone, countOf(zones, zone) + countOf(own, name));
  return zones;
}

function bind(tx: ClusterTransaction, pod: KubeObject, host: string, nodeName: string): void {
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
