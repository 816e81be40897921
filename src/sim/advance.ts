/**
 * Time passes: the controllers' work and the BGP speakers' timers run in the order in which they fall due. A change of what
 * confd has rendered reaches the daemons in the same instant.
 */
import { BIRD_CONFIGURATIONS, birdConfiguration } from './cni/calico/confd.ts';
import type { Millis } from './core/time.ts';
import type { ClusterState, Controller } from './kube/controller.ts';
import type { KubeObject } from './kube/object.ts';
import { advance } from './kube/transaction.ts';
import { Table } from './core/table.ts';
import type { TimedFrame } from './net/journey.ts';
import { reconfigure } from './routing/reconfigure.ts';
import { isApiServerDown } from './machine-change.ts';
import { nextRoutingAt, runDue, type Moved } from './routing/speakers.ts';
import { memoryKey, type Stacks, type World } from './stacks.ts';

export interface Advance {
  readonly to: Millis;
  /** Whether somebody wants to see the frames that cross meanwhile. */
  readonly tell: boolean;
}

interface Machines {
  readonly controllers: readonly Controller[];
  readonly stacks: Stacks;
}

export function advanceWorld(
  world: World,
  { to, tell }: Advance,
  { controllers, stacks }: Machines,
): { readonly world: World; readonly frames: readonly TimedFrame[] } {
  let at = world;
  const frames: TimedFrame[] = [];
  const take = (before: World, moved: Moved): void => {
    at = withMoved(before, moved);
    if (tell) for (const frame of moved.frames) frames.push(frame);
  };
  for (;;) {
    const talkAt = nextRoutingAt(at.routing);
    const until = talkAt === undefined ? to : Math.min(to, talkAt);
    const configured = at.cluster.store.table(BIRD_CONFIGURATIONS);
    const stop = ({ store }: ClusterState): boolean => store.table(BIRD_CONFIGURATIONS) !== configured;
    // What falls due while the API server is away waits for it.
    const cluster = isApiServerDown(at)
      ? { ...at.cluster, now: Math.max(at.cluster.now, until) }
      : advance(at.cluster, until, controllers, stop);
    const reached = { ...at, cluster };
    if (stop(cluster)) {
      const network = stacks.network(reached);
      // A machine that is off has no stack for a daemon to say farewell with.
      const wanted = changedConfigurations(configured, cluster).filter(({ netns }) => network.netns(netns));
      take(reached, reconfigure(network, at.routing, wanted));
    } else if (talkAt !== undefined && talkAt <= to) {
      take(reached, runDue(stacks.network(reached), at.routing));
    } else return { world: reached, frames: frames.sort((a, b) => a.at - b.at) };
  }
}

/** When a controller next has work that it can do; undefined when nothing waits, or the API server is away. */
export const nextWorkOf = (world: World): Millis | undefined =>
  isApiServerDown(world) ? undefined : world.cluster.agenda.nextAt;

type Wanted = Parameters<typeof reconfigure>[2];

function changedConfigurations(before: Table<KubeObject> | undefined, { store }: ClusterState): Wanted {
  const after = store.table(BIRD_CONFIGURATIONS) ?? Table.empty<KubeObject>();
  return [...after.differences(before ?? Table.empty())].map(({ key, after: record }) => ({
    netns: `node${key}`,
    config: record && birdConfiguration(record),
  }));
}

function withMoved(world: World, moved: Moved): World {
  let { memory } = world;
  for (const [netns, learnt] of moved.memory) memory = memory.set(memoryKey(world.cluster, netns), learnt);
  return { ...world, memory, routing: moved.routing };
}
