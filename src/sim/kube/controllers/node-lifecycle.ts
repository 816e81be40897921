/**
 * The node lifecycle controller: nodes that are not heard of become unknown, nodes carry the taints of their state, and pods
 * of deleted nodes go (podgc). A sound node's heartbeats are not simulated one by one: only silence begins a wait.
 * Source: k8s.io/kubernetes pkg/controller/{nodelifecycle,podgc}, --node-monitor-grace-period 50s,
 * --node-startup-grace-period 1m, Kubernetes 1.35. Left out: slower eviction when many nodes of a zone are lost.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Millis } from '../../core/time.ts';
import type { Change, Controller } from '../controller.ts';
import { deleteObject } from '../deletion.ts';
import { at, listAt, textAt } from '../fields.ts';
import { PODS } from '../kinds/pod.ts';
import { MACHINES, nodeMachine, nodeOfRecord } from '../machines.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import type { HasMachine } from './kubelet.ts';
import { podsOnNode } from './ownership.ts';
import { conditionOf, withCondition } from './pod-state.ts';

const NAME = 'node-lifecycle';
/** Virtual milliseconds. The last lease of a node is up to ten seconds old when it falls silent. */
const MONITOR_GRACE = 50_000;
const LEASE_RENEWAL = 10_000;
const STARTUP_GRACE = 60_000;
const DELAY = 10;

/** Keys: `<node>` for its taints, `silent/<node>` for one that was not heard of long enough. */
export const nodeLifecycle = (hasMachine: HasMachine): Controller => ({
  name: NAME,
  watches: ['nodes', MACHINES],
  react: (change) => {
    const { resource, before, after } = change;
    if (resource === MACHINES) return silentNode(change);
    const name = (after ?? before)?.metadata.name ?? '';
    const isStrange = !before && !hasMachine(name);
    return [
      ...(isStrange ? [{ key: `silent/${name}`, after: STARTUP_GRACE }] : []),
      ...(isStrange || saysMore(change) ? [{ key: name, after: DELAY }] : []),
    ];
  },
  reconcile: (tx, key) => {
    const name = key.replace(/^silent\//, '');
    const node = tx.get('nodes', undefined, name);
    if (!node) for (const pod of podsOnNode(tx, name)) deleteObject(tx, PODS, pod, { gracePeriodSeconds: 0 });
    else if (key === name) tendTaints(tx, node, wantedTaints(node, hasMachine(name)));
    else missed(tx, node, hasMachine(name));
  },
});

function silentNode({ before, after }: Change): ReturnType<Controller['react']> {
  const node = nodeOfRecord(after ?? before);
  const isSilent = node !== undefined && nodeSince(after) !== undefined;
  return isSilent ? [{ key: `silent/${node}`, after: MONITOR_GRACE - LEASE_RENEWAL }] : [];
}

/** More than the metadata changed. */
const saysMore = ({ before, after }: Change): boolean =>
  before?.spec !== after?.spec || before?.status !== after?.status;

const nodeSince = (record: KubeObject | undefined): Millis | undefined => {
  const since = at(record?.spec, 'silentSince');
  return typeof since === 'number' ? since : undefined;
};

function missed(tx: ClusterTransaction, node: KubeObject, isOurs: boolean): void {
  const since = isOurs ? nodeMachine(tx, node.metadata.name).silentSince : 0;
  if (since === undefined) return;
  const left = since + MONITOR_GRACE - LEASE_RENEWAL - tx.now;
  if (isOurs && left > 0) tx.schedule(NAME, `silent/${node.metadata.name}`, left);
  else markUnknown(tx, node);
}

const REPORTED = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'];

function markUnknown(tx: ClusterTransaction, node: KubeObject): void {
  const ready = conditionOf(node, 'Ready');
  if (textAt(ready, 'status') === 'Unknown') return;
  let conditions = listAt(node.status, 'conditions');
  for (const type of REPORTED) {
    const known = conditionOf(node, type);
    const why = known
      ? { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }
      : { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };
    const lastHeartbeatTime =
      textAt(known, 'lastHeartbeatTime') || String(node.metadata.creationTimestamp ?? tx.timestamp);
    conditions = withCondition(
      conditions,
      { type, status: 'Unknown', lastHeartbeatTime, ...why },
      tx.timestamp,
    );
  }
  tx.put('nodes', { ...node, status: { ...node.status, conditions } });
  if (textAt(ready, 'status') !== 'True') return;
  const { name } = node.metadata;
  recordEvent(tx, {
    about: node,
    type: 'Normal',
    reason: 'NodeNotReady',
    message: `Node ${name} status is now: NodeNotReady`,
    component: 'node-controller',
  });
  for (const pod of podsOnNode(tx, name)) markPodNotReady(tx, pod);
}

/** MarkPodsNotReady: their containers may well run on. */
function markPodNotReady(tx: ClusterTransaction, pod: KubeObject): void {
  const ready = conditionOf(pod, 'Ready');
  if (textAt(ready, 'status') !== 'True' || !ready) return;
  const conditions = listAt(pod.status, 'conditions').map((condition) =>
    condition === ready ? { ...ready, status: 'False', lastTransitionTime: tx.timestamp } : condition,
  );
  tx.put('pods', { ...pod, status: { ...pod.status, conditions } });
  recordEvent(tx, {
    about: pod,
    type: 'Warning',
    reason: 'NodeNotReady',
    message: 'Node is not ready',
    component: 'node-controller',
  });
}

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const NETWORK_UNAVAILABLE = 'node.kubernetes.io/network-unavailable';
const OWN_TAINTS = new Set([UNSCHEDULABLE, NOT_READY, UNREACHABLE, NETWORK_UNAVAILABLE]);

type Wanted = readonly [key: string, effect: string];

/** What a node's state asks for, in the order of tainting. */
function wantedTaints(node: KubeObject, isOurs: boolean): readonly Wanted[] {
  const ready = textAt(conditionOf(node, 'Ready'), 'status');
  const cut = textAt(conditionOf(node, 'NetworkUnavailable'), 'status') === 'True';
  const isSound = ready === 'True' || (ready === '' && isOurs);
  const state = isSound ? undefined : ready === 'Unknown' ? UNREACHABLE : NOT_READY;
  // A node that has never reported is kept free from its creation on; it is not emptied before it counts as lost.
  const isReported = ready !== '';
  return [
    ...(at(node.spec, 'unschedulable') === true ? [[UNSCHEDULABLE, 'NoSchedule'] as const] : []),
    ...(cut ? [[NETWORK_UNAVAILABLE, 'NoSchedule'] as const] : []),
    ...(state === undefined ? [] : [[state, 'NoSchedule'] as const]),
    ...(state === undefined || !isReported ? [] : [[state, 'NoExecute'] as const]),
  ];
}

function tendTaints(tx: ClusterTransaction, node: KubeObject, wanted: readonly Wanted[]): void {
  const taints = listAt(node.spec, 'taints');
  const isWanted = (taint: JsonObject): boolean =>
    wanted.some(([key, effect]) => taint['key'] === key && taint['effect'] === effect);
  const kept = taints.filter((taint) => !OWN_TAINTS.has(textAt(taint, 'key')) || isWanted(taint));
  const added = wanted
    .filter(([key, effect]) => !kept.some((taint) => taint['key'] === key && taint['effect'] === effect))
    .map(([key, effect]): JsonObject => ({ key, effect, timeAdded: tx.timestamp }));
  if (added.length === 0 && kept.length === taints.length) return;
  const next = [...kept, ...added];
  const { taints: _, ...spec } = node.spec ?? {};
  tx.put('nodes', { ...node, spec: { ...spec, ...(next.length === 0 ? {} : { taints: next }) } });
}
