/**
 * Binds pods to nodes: filters as the default plugins do, then prefers nodes with fewer pods of the same owner, then zones
 * with fewer of them, then emptier nodes, then the first by name (chance breaks ties in the real one).
 * Source: k8s.io/kubernetes pkg/scheduler/{schedule_one.go,framework/types.go,framework/plugins}, Kubernetes 1.35. Resource
 * requests, host ports, volumes, topology spread constraints and preemption are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Change, Controller } from '../controller.ts';
import { at, listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { nodeMatcher, tolerates, untoleratedTaint } from './node-fit.ts';
import { nodeLoad, type Candidate, type Load, type NodeLoad } from './node-load.ts';
import { controllerOf, keyOf, podsOnNode, splitKey } from './ownership.ts';
import { affinityRules } from './pod-affinity.ts';
import { isTerminal, withCondition } from './pod-state.ts';

const NAME = 'scheduler';
const COMPONENT = 'default-scheduler';
const DELAY = 5;
const POD_LIMIT = 110;

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

function schedule(tx: ClusterTransaction, pod: KubeObject, host: string): void {
  const spec = pod.spec ?? {};
  const nodes = nodeLoad(tx);
  const { candidates, total } = nodes;
  const affinity = affinityRules(tx, pod, candidates);
  const refusal = refusals(spec);
  const pinned = placePinned(spec, nodes, refusal);
  const choice: Choice = {
    nodes,
    first: pinned ?? 0,
    last: pinned ?? candidates.length - 1,
    refused: (candidate, place) => {
      // As many as fit may be there, ended ones counted.
      const isFull = countAt(total, place) >= POD_LIMIT && running(tx, candidate.name) >= POD_LIMIT;
      return refusal(candidate, isFull) ?? affinity?.(candidate.node);
    },
  };
  const chosen = best(pod, choice);
  if (chosen) bind(tx, pod, host, chosen.name);
  else fail(tx, pod, host, unfit(choice));
}

/** Among which nodes, by the first place and the last, and why one of them cannot take the pod. */
interface Choice {
  readonly nodes: NodeLoad;
  readonly first: number;
  readonly last: number;
  readonly refused: (candidate: Candidate, place: number) => string | undefined;
}

/** The place of a daemon pod, which names its only node: the others need no look, unless that one refuses it. */
function placePinned(spec: JsonObject, nodes: NodeLoad, refusal: Refusal): number | undefined {
  const required = at(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  const terms = listAt(required, 'nodeSelectorTerms');
  if (terms.length !== 1) return undefined;
  const place = nodes.placeOf(textAt(terms[0], 'matchFields', 0, 'values', 0));
  const candidate = place === undefined ? undefined : nodes.candidates[place];
  return candidate && refusal(candidate, false) === undefined ? place : undefined;
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
 * any kind, then the first by name; undefined for no places.
 */
function best(pod: KubeObject, choice: Choice): Candidate | undefined {
  const spec = pod.spec ?? {};
  const { nodes, first, last, refused } = choice;
  const { candidates, total } = nodes;
  const own = nodes.of(controllerOf(pod)?.uid);
  const zones = nodes.zoned ? ownByZone(own, choice) : undefined;
  let chosen: Candidate | undefined;
  let lowest = Infinity;
  for (let place = first; place <= last; place += 1) {
    const candidate = candidates[place] as Candidate;
    const inZone = zones?.get(candidate.zone) ?? 0;
    const score = (countAt(own, place) * 1e5 + inZone) * 1e4 + countAt(total, place);
    if (score >= lowest || refused(candidate, place) !== undefined) continue;
    const whole = avoids(spec, candidate) ? score + AVOIDED : score;
    if (whole >= lowest) continue;
    chosen = candidate;
    lowest = whole;
  }
  return chosen;
}

/** More than any number of pods weighs. */
const AVOIDED = 1e13;

const avoids = (spec: JsonObject, { node, open }: Candidate): boolean =>
  !open && untoleratedTaint(spec, node, SOFT) !== undefined;

const countAt = (load: Load, place: number): number => load[place] ?? 0;

/** Pods of one owner by zone, on nodes that can take the pod. */
function ownByZone(own: Load, { nodes, first, last, refused }: Choice): ReadonlyMap<string, number> {
  const zones = new Map<string, number>();
  for (let place = first; place <= last; place += 1) {
    const candidate = nodes.candidates[place] as Candidate;
    if (refused(candidate, place) !== undefined) continue;
    zones.set(candidate.zone, (zones.get(candidate.zone) ?? 0) + countAt(own, place));
  }
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

function unfit({ nodes: { candidates }, first, last, refused }: Choice): string {
  const total = candidates.length;
  if (total === 0) return 'no nodes available to schedule pods';
  const refusals = new Map<string, number>();
  for (let place = first; place <= last; place += 1) {
    const why = refused(candidates[place] as Candidate, place) ?? '';
    refusals.set(why, (refusals.get(why) ?? 0) + 1);
  }
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
