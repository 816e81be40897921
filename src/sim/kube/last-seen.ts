/**
 * What an agent of a node saw last, while it sees nothing new: its process is gone, or no way leads to the API server. What
 * it programmed stays in the kernel as it was, so a stack is derived from this instead of the present.
 */
import type { Millis } from '../core/time.ts';
import { Table } from '../core/table.ts';
import type { ClusterState } from './controller.ts';
import { MACHINES } from './machines.ts';
import type { PodSandbox } from './sandbox.ts';
import { ObjectStore } from './store.ts';

export type AgentName = 'calico-node' | 'felix' | 'kube-proxy';

export interface LastSeen {
  readonly at: Millis;
  readonly store: ObjectStore;
  readonly sandboxes: Table<PodSandbox>;
  /** The process runs, and still puts right what others change. */
  readonly alive: boolean;
  /** The machine has started since and the process has not: the kernel holds nothing of it. */
  readonly blank: boolean;
}

export const lastSeenKey = (agent: AgentName, node: string): string => `${agent}/${node}`;

/** Undefined while the agent sees the present. */
export const lastSeen = (
  { frozen }: { readonly frozen?: ClusterState['frozen'] | undefined },
  agent: AgentName,
  node: string,
): LastSeen | undefined => frozen?.get(lastSeenKey(agent, node));

/** No agent reads these. */
const UNREAD: ReadonlySet<string> = new Set(['events', MACHINES]);

export function seenNow({ now, store, sandboxes }: ClusterState, alive: boolean): LastSeen {
  const objects = store.resources.flatMap((resource) => {
    const table = UNREAD.has(resource) ? undefined : store.table(resource);
    return table ? [[resource, table] as const] : [];
  });
  return { at: now, store: ObjectStore.compacted(store.revision, objects), sandboxes, alive, blank: false };
}

export function nothingSeen({ now, store }: ClusterState): LastSeen {
  return {
    at: now,
    store: ObjectStore.compacted(store.revision, []),
    sandboxes: Table.empty(),
    alive: false,
    blank: true,
  };
}
