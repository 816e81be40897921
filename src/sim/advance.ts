/**
 * Time passes: the controllers' work and the BGP speakers' timers run in the order in which they fall due. A change of what
 * confd has rendered reaches the daemons in the same instant.
 */
import { answered, isAsked, withSessionsSeen } from './bird-answers.ts';
import { BIRD_CONFIGURATIONS, bird6Configuration, birdConfiguration } from './cni/calico/confd.ts';
import { earlier, type Millis } from './core/time.ts';
import type { ClusterState, Controller, Seen } from './kube/controller.ts';
import type { KubeObject } from './kube/object.ts';
import { advance, type Stops } from './kube/transaction.ts';
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
  /** Goes no further than somebody has work, see `nextWorkOf`, and stops on the way when very much has happened. */
  readonly afterWork: boolean;
}

/** Watches resume over more than that, and look at what has happened after each transaction. */
const MUCH = 1_000;

interface Machines {
  readonly controllers: readonly Controller[];
  readonly stacks: Stacks;
}

export function advanceWorld(
  world: World,
  { to, tell, afterWork }: Advance,
  { controllers, stacks }: Machines,
): { readonly world: World; readonly frames: readonly TimedFrame[] } {
  let at = world;
  const frames: TimedFrame[] = [];
  const take = (before: World, moved: Moved): void => {
    at = withSessionsSeen(withMoved(before, moved), moved.sessions);
    for (const frame of moved.frames) frames.push(frame);
  };
  const enough = world.cluster.store.revision + MUCH;
  const isEnough = ({ store }: Seen): boolean => afterWork && store.revision >= enough;
  const isOver = ({ cluster }: World, workAt: Millis): boolean =>
    afterWork && (workAt > to || isEnough(cluster));
  for (;;) {
    if (isAsked(at.cluster)) at = answered({ world: at, stacks }, controllers);
    const { workAt, talkAt } = nextMoments(at);
    if (isOver(at, workAt)) return { world: at, frames: inOrder(frames) };
    const configured = at.cluster.store.table(BIRD_CONFIGURATIONS);
    const isReconfigured = ({ store }: Seen): boolean => store.table(BIRD_CONFIGURATIONS) !== configured;
    const when = (seen: Seen): boolean => isReconfigured(seen) || isAsked(seen) || isEnough(seen);
    const stops = { when, afterWork: afterWork && workAt < talkAt };
    const cluster = clusterUntil(at, Math.min(to, talkAt), controllers, stops);
    const reached = { ...at, cluster };
    if (isReconfigured(cluster)) {
      const network = stacks.network(reached);
      // A machine that is off has no stack for a daemon to say farewell with.
      const wanted = changedConfigurations(configured, cluster).filter(({ netns }) => network.netns(netns));
      take(reached, reconfigure(network, at.routing, wanted, { tell }));
    } else if (isAsked(cluster) || isEnough(cluster)) at = reached;
    else if (talkAt <= cluster.now) take(reached, runDue(stacks.network(reached), at.routing, { tell }));
    else if (afterWork) at = reached;
    else return { world: reached, frames: inOrder(frames) };
  }
}

/** What falls due while the API server is away waits for it. */
const clusterUntil = (
  world: World,
  until: Millis,
  controllers: readonly Controller[],
  stops: Stops,
): ClusterState =>
  isApiServerDown(world)
    ? { ...world.cluster, now: Math.max(world.cluster.now, until) }
    : advance(world.cluster, until, controllers, stops);

const NEVER = Number.POSITIVE_INFINITY;

const nextMoments = (world: World): { readonly workAt: Millis; readonly talkAt: Millis } => ({
  workAt: nextWorkOf(world) ?? NEVER,
  talkAt: nextRoutingAt(world.routing) ?? NEVER,
});

const inOrder = (frames: TimedFrame[]): readonly TimedFrame[] => frames.sort((a, b) => a.at - b.at);

/**
 * When a controller next has work that it can do, or a BGP speaker tries to connect or to send again; undefined when nothing
 * waits. What goes on for ever does not count, keepalives and hold timers, nor does what waits for an API server that is away.
 */
export const nextWorkOf = (world: World): Millis | undefined =>
  earlier(isApiServerDown(world) ? undefined : world.cluster.agenda.nextAt, world.routing.work.nextAt);

type Wanted = Parameters<typeof reconfigure>[2];

function changedConfigurations(before: Table<KubeObject> | undefined, { store }: ClusterState): Wanted {
  const after = store.table(BIRD_CONFIGURATIONS) ?? Table.empty<KubeObject>();
  return after.differences(before ?? Table.empty()).flatMap(({ key, before: old, after: record }) => {
    const netns = `node${key}`;
    const [config, config6] = [record && birdConfiguration(record), record && bird6Configuration(record)];
    const isChanged = config !== (old && birdConfiguration(old));
    const isChanged6 = config6 !== (old && bird6Configuration(old));
    return [
      ...(isChanged ? [{ netns, config }] : []),
      ...(isChanged6 ? [{ netns, daemon: 'bird6' as const, config: config6 }] : []),
    ];
  });
}

function withMoved(world: World, moved: Moved): World {
  let { memory } = world;
  for (const [netns, learnt] of moved.memory) memory = memory.set(memoryKey(world.cluster, netns), learnt);
  return { ...world, memory, routing: moved.routing };
}
