/**
 * When an agent of the nodes works: while its container runs, its process stays up, its machine is on and a way leads to the
 * API server. Otherwise the cluster keeps what it saw last (`last-seen.ts`). A cluster whose agents have not started yet
 * counts as programmed, as after an installation.
 */
import type { Controller } from '../controller.ts';
import { at, listAt, textAt } from '../fields.ts';
import { lastSeen, lastSeenKey, nothingSeen, seenNow, type AgentName } from '../last-seen.ts';
import {
  isBroken,
  isSilent,
  MACHINES,
  nodeMachine,
  nodeOfRecord,
  type Breakage,
  type Machine,
} from '../machines.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { podsOnNode } from './ownership.ts';

export interface NodeAgent {
  /** The pods' `k8s-app` label and the name of their container. */
  readonly name: AgentName;
  /** What keeps its process from working, besides a container that ends. */
  readonly stoppedBy: readonly Breakage[];
  /** The process begins to work, or ends in an orderly way. */
  readonly started?: (tx: ClusterTransaction, node: string) => void;
  readonly shutDown?: (tx: ClusterTransaction, node: string) => void;
}

/** Keys: `<node>`, and `<node>/shutdown` when a pod was asked to go. */
export const nodeAgent = (agent: NodeAgent): Controller => {
  const name = `${agent.name}-process`;
  return {
    name,
    watches: ['pods', MACHINES],
    react: ({ resource, before, after }) => {
      if (resource === MACHINES) {
        const node = nodeOfRecord(after ?? before);
        return node === undefined ? [] : [{ key: node, after: 0 }];
      }
      const was = before !== undefined && runs(agent, before);
      if (was === (after !== undefined && runs(agent, after))) return [];
      const node = textAt((after ?? before)?.spec, 'nodeName');
      const isAsked = was && (!after || after.metadata.deletionTimestamp !== undefined);
      return [{ key: isAsked ? `${node}/shutdown` : node, after: 0 }];
    },
    reconcile: (tx, key) => {
      const [node = '', asked] = key.split('/');
      tend(tx, agent, node);
      if (asked !== undefined && !isSilent(nodeMachine(tx, node)) && !hasProcess(tx, agent, node))
        agent.shutDown?.(tx, node);
    },
  };
};

function runs({ name }: NodeAgent, { metadata, status }: KubeObject): boolean {
  if (metadata.labels?.['k8s-app'] !== name || metadata.deletionTimestamp !== undefined) return false;
  return listAt(status, 'containerStatuses').some(
    (container) => container['name'] === name && at(container, 'state', 'running') !== undefined,
  );
}

const hasProcess = (tx: ClusterTransaction, agent: NodeAgent, node: string): boolean =>
  podsOnNode(tx, node).some((pod) => runs(agent, pod));

function tend(tx: ClusterTransaction, agent: NodeAgent, node: string): void {
  const machine = nodeMachine(tx, node);
  const key = lastSeenKey(agent.name, node);
  const known = lastSeen(tx, agent.name, node);
  if (isDown(machine)) {
    if (known?.blank !== true) tx.see(key, nothingSeen(tx.state));
    return;
  }
  const isBlocked = agent.stoppedBy.some((what) => isBroken(machine, what));
  const alive = !isBlocked && hasProcess(tx, agent, node);
  if (alive && machine.cutOff !== true) {
    if (!known) return;
    tx.see(key, undefined);
    agent.started?.(tx, node);
  } else if (!known) tx.see(key, seenNow(tx.state, alive));
  else if (known.alive !== alive) tx.see(key, { ...known, alive, at: known.alive ? tx.now : known.at });
}

/** Off, or on again without its pods. */
const isDown = ({ off, rebooted }: Machine): boolean => off === true || rebooted === true;
