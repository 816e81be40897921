/**
 * Nodes that kind was having made when it was ended: the engine goes on with them, and lists each only once it is there. A
 * removal before that would find nothing, and leave them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Docker } from '../docker/docker.ts';
import { KIND_CLUSTER_LABEL } from '../names.ts';

/** Milliseconds between two looks. */
const PAUSE = 300;

export interface LateNodes {
  /** The cluster's. */
  readonly name: string;
  /** Containers of its nodes. */
  readonly nodes: readonly string[];
  readonly image: string;
}

/** Until none is on its way, or the signal; an engine that does not answer has none that could be waited for. */
export async function untilNodesAreMade(
  docker: Docker,
  { name, nodes, image }: LateNodes,
  signal: AbortSignal,
): Promise<void> {
  for (const node of nodes) {
    while (!signal.aborted) {
      const found = await docker.containers.inspect(node, signal);
      if (!found.ok || found.value) break;
      const placeholder = { name: node, image, labels: { [KIND_CLUSTER_LABEL]: name }, network: 'none' };
      const free = await docker.containers.isFree(placeholder, signal);
      if (!free.ok || free.value) break;
      await pause(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}
