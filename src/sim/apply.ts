/**
 * The functional core's one door: a world and a transaction in, the next world and what the transaction brought about out.
 * Everything that can happen to a simulated cluster is one of these transactions, so a log of them replays a session.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { NetnsId } from '../model/trace.ts';
import type { Millis } from './core/time.ts';
import type { ApiRequest, ApiResponse } from './kube/api.ts';
import type { Controller } from './kube/controller.ts';
import { handle } from './kube/facade.ts';
import type { Registry } from './kube/registry.ts';
import { advance, ClusterTransaction } from './kube/transaction.ts';
import { applyEdit } from './net/apply-edit.ts';
import type { NetnsEdit } from './net/edit.ts';
import { forgetNeighbours } from './net/memory.ts';
import {
  echo,
  http,
  udpProbe,
  type EchoOutcome,
  type EchoRequest,
  type Exchange,
  type HttpOutcome,
  type HttpRequest,
  type UdpProbeOutcome,
  type UdpProbeRequest,
} from './net/exchange.ts';
import { memoryKey, type Stacks, type World } from './stacks.ts';

export type Transaction =
  /** Lets time pass up to `to`, running what falls due. */
  | { readonly kind: 'advance'; readonly to: Millis }
  | { readonly kind: 'request'; readonly request: ApiRequest }
  | { readonly kind: 'edit'; readonly netns: NetnsId; readonly edit: NetnsEdit }
  | { readonly kind: 'echo'; readonly request: EchoRequest }
  | { readonly kind: 'udp-probe'; readonly request: UdpProbeRequest }
  | { readonly kind: 'http'; readonly request: HttpRequest };

/** What each kind of transaction brings about besides the next world. */
export interface Effects {
  readonly advance: undefined;
  readonly request: ApiResponse;
  readonly edit: Result<undefined, string>;
  readonly echo: Exchange<EchoOutcome>;
  readonly 'udp-probe': Exchange<UdpProbeOutcome>;
  readonly http: Exchange<HttpOutcome>;
}

export type TransactionOf<K extends keyof Effects> = Extract<Transaction, { readonly kind: K }>;

export interface Applied<K extends keyof Effects> {
  readonly world: World;
  readonly effect: Effects[K];
}

/** The fixed parts of a simulation: who reacts to changes, which kinds exist, how stacks are assembled. */
export interface Machinery {
  readonly controllers: readonly Controller[];
  readonly registry: Registry;
  readonly stacks: Stacks;
}

type Appliers = {
  readonly [K in keyof Effects]: (
    world: World,
    transaction: TransactionOf<K>,
    machinery: Machinery,
  ) => Applied<K>;
};

const APPLIERS: Appliers = {
  advance: (world, { to }, { controllers }) => ({
    world: { ...world, cluster: advance(world.cluster, to, controllers) },
    effect: undefined,
  }),
  request: (world, { request }, { controllers, registry }) => {
    const tx = new ClusterTransaction(world.cluster, controllers);
    const response = handle(tx, registry, request);
    // A refused request leaves nothing half done, and one that only read leaves the very same world.
    const unchanged = response.code >= 400 || tx.state === world.cluster;
    return { world: unchanged ? world : { ...world, cluster: tx.state }, effect: response };
  },
  edit: applyHandEdit,
  echo: (world, { request }, { stacks }) => exchanged(world, echo(stacks.network(world), request)),
  'udp-probe': (world, { request }, { stacks }) => exchanged(world, udpProbe(stacks.network(world), request)),
  http: (world, { request }, { stacks }) => exchanged(world, http(stacks.network(world), request)),
};

export function apply<K extends keyof Effects>(
  world: World,
  transaction: TransactionOf<K> & { readonly kind: K },
  machinery: Machinery,
): Applied<K> {
  const kind: K = transaction.kind;
  return APPLIERS[kind](world, transaction, machinery);
}

function applyHandEdit(
  world: World,
  { netns, edit }: TransactionOf<'edit'>,
  { stacks }: Machinery,
): Applied<'edit'> {
  const stack = stacks.netns(world, netns);
  if (!stack)
    return { world, effect: err(`Cannot open network namespace "${netns}": No such file or directory`) };
  const forgetful = forgetLearnt(world, netns, edit);
  const after = applyEdit(stack, edit);
  if (!after.ok) {
    // A neighbour that was only learnt is in no configured table; forgetting it is the whole of its deletion.
    const forgotten = edit.kind === 'delete-neighbour' && forgetful !== world;
    return forgotten ? { world: forgetful, effect: ok(undefined) } : { world, effect: err(after.error) };
  }
  const made = [...(world.edits.get(netns) ?? []), { at: world.cluster.now, edit }];
  return { world: { ...forgetful, edits: world.edits.set(netns, made) }, effect: ok(undefined) };
}

/** What a stack had learnt and a change by hand ends: one neighbour, or all of a device that goes down. */
function forgetLearnt(world: World, netns: NetnsId, edit: NetnsEdit): World {
  const ends = edit.kind === 'delete-neighbour' || (edit.kind === 'set-link' && edit.up === false);
  const key = memoryKey(world.cluster, netns);
  const memory = world.memory.get(key);
  if (!ends || !memory) return world;
  const address = edit.kind === 'delete-neighbour' ? edit.address : undefined;
  const without = forgetNeighbours(memory, edit.device, address);
  return without === memory ? world : { ...world, memory: world.memory.set(key, without) };
}

function exchanged<O>(
  world: World,
  exchange: Exchange<O>,
): { readonly world: World; readonly effect: Exchange<O> } {
  let memory = world.memory;
  for (const [netns, learnt] of exchange.memory) memory = memory.set(memoryKey(world.cluster, netns), learnt);
  return { world: { ...world, memory }, effect: exchange };
}
