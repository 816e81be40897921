/**
 * A kubelet that is heard of again, after its machine has started or its cable is back: it reports on its node, ends what was
 * deleted meanwhile, and starts again what a reboot has ended.
 * Source: k8s.io/kubernetes pkg/kubelet/{kubelet_node_status,kubelet_pods}.go, nodestatus/setters.go, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { KUBELET_CONDITIONS } from '../bootstrap-node.ts';
import { at, listAt, objectAt, textAt } from '../fields.ts';
import { nodeMachine, setMachine } from '../machines.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { podsOnNode } from './ownership.ts';
import { lostStatus, readyStatus } from './pod-life.ts';
import { conditionOf, isTerminal, withCondition } from './pod-state.ts';

/** What the kubelet does with a pod next. */
export interface Resumed {
  readonly step: 'kill' | 'notice' | 'resume' | 'start';
  readonly pod: KubeObject;
}

/** Reports on the node; tells what is to be done with its pods. */
export function returnOf(
  tx: ClusterTransaction,
  name: string,
  tearDown: (uid: string) => void,
): readonly Resumed[] {
  const node = tx.get('nodes', undefined, name);
  const rebooted = nodeMachine(tx, name).rebooted === true;
  setMachine(tx, `node/${name}`, { rebooted: undefined, silentSince: undefined });
  for (const { uid, namespace, pod, node: of } of [...tx.sandboxes.values()]) {
    if (of === name && tx.get('pods', namespace, pod)?.metadata.uid !== uid) tearDown(uid);
  }
  if (node) report(tx, node, rebooted);
  return podsOnNode(tx, name).flatMap((pod) => resumed(tx, pod, { rebooted, tearDown }));
}

function report(tx: ClusterTransaction, node: KubeObject, rebooted: boolean): void {
  const { name } = node.metadata;
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recordEvent(tx, { about: node, type, reason, message, component: 'kubelet', host: name });
  const wasReady = textAt(conditionOf(node, 'Ready'), 'status') === 'True';
  let conditions = listAt(node.status, 'conditions');
  for (const [type, status, reason, message] of KUBELET_CONDITIONS) {
    const condition = { type, status, lastHeartbeatTime: tx.timestamp, reason, message };
    conditions = withCondition(conditions, condition, tx.timestamp);
  }
  const info = objectAt(node.status, 'nodeInfo');
  const bootID = rebooted ? tx.uid() : textAt(info, 'bootID');
  tx.put('nodes', { ...node, status: { ...node.status, conditions, nodeInfo: { ...info, bootID } } });
  if (rebooted) {
    tell('Normal', 'Starting', 'Starting kubelet.');
    tell('Warning', 'Rebooted', `Node ${name} has been rebooted, boot id: ${bootID}`);
  }
  if (!wasReady) tell('Normal', 'NodeReady', `Node ${name} status is now: NodeReady`);
}

interface Return {
  readonly rebooted: boolean;
  readonly tearDown: (uid: string) => void;
}

function resumed(
  tx: ClusterTransaction,
  pod: KubeObject,
  { rebooted, tearDown }: Return,
): readonly Resumed[] {
  const { uid = '', deletionTimestamp } = pod.metadata;
  if (rebooted) tearDown(uid);
  const current = tx.get('pods', pod.metadata.namespace, pod.metadata.name) ?? pod;
  if (deletionTimestamp !== undefined) return [{ step: 'kill', pod: current }];
  if (isTerminal(current)) return [];
  const states = listAt(current.status, 'containerStatuses').map((status) => objectAt(status, 'state'));
  if (states.length === 0) return [{ step: 'notice', pod: current }];
  if (rebooted) {
    tx.put('pods', { ...current, status: lostStatus(tx, current) });
    return [{ step: 'resume', pod: current }];
  }
  if (!tx.sandboxes.has(uid)) return [{ step: 'resume', pod: current }];
  if (states.some((state) => state['running'] === undefined)) return [{ step: 'start', pod: current }];
  if (isServing(current)) tx.put('pods', { ...current, status: readyStatus(tx, current) });
  return [];
}

/** Every container was ready when the kubelet was last heard of. */
const isServing = ({ status }: KubeObject): boolean =>
  listAt(status, 'containerStatuses').every((container: JsonObject) => at(container, 'ready') === true);
