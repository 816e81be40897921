/**
 * The functional core's one door: a world and a transaction in, the next world and what the transaction brought about out.
 * Everything that can happen to a simulated cluster is one of these transactions, so a log of them replays a session.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { NetnsId } from '../model/trace.ts';
import { advanceWorld } from './advance.ts';
import type { Millis } from './core/time.ts';
import type { ApiRequest, ApiResponse } from './kube/api.ts';
import type { Controller } from './kube/controller.ts';
import { handle } from './kube/facade.ts';
import type { Registry } from './kube/registry.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import { applyEdit } from './net/apply-edit.ts';
import type { NetnsEdit } from './net/edit.ts';
import { forgetConnections, forgetNeighbours } from './net/memory.ts';
import {
  echo,
  http,
  tcp,
  udpProbe,
  type EchoOutcome,
  type EchoRequest,
  type Exchange,
  type HttpOutcome,
  type HttpRequest,
  type TcpOutcome,
  type TcpRequest,
  type TimedFrame,
  type UdpProbeOutcome,
  type UdpProbeRequest,
} from './net/exchange.ts';
import type { NetnsMemory } from './net/netns.ts';
import { memoryKey, type HandEdit, type Stacks, type World } from './stacks.ts';

export type Transaction =
  /** Lets time pass up to `to`, running what falls due; with `tell` the frames that cross meanwhile are told. */
  | { readonly kind: 'advance'; readonly to: Millis; readonly tell?: boolean }
  | { readonly kind: 'request'; readonly request: ApiRequest }
  | { readonly kind: 'edit'; readonly netns: NetnsId; readonly edit: NetnsEdit }
  | { readonly kind: 'echo'; readonly request: EchoRequest }
  | { readonly kind: 'udp-probe'; readonly request: UdpProbeRequest }
  | { readonly kind: 'http'; readonly request: HttpRequest }
  | { readonly kind: 'tcp'; readonly request: TcpRequest };

/** What each kind of transaction brings about besides the next world. */
export interface Effects {
  readonly advance: readonly TimedFrame[];
  readonly request: ApiResponse;
  readonly edit: Result<undefined, string>;
  readonly echo: Exchange<EchoOutcome>;
  readonly 'udp-probe': Exchange<UdpProbeOutcome>;
  readonly http: Exchange<HttpOutcome>;
  readonly tcp: Exchange<TcpOutcome>;
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
  advance: (world, { to, tell = false }, machines) => {
    const advanced = advanceWorld(world, { to, tell }, machines);
    return { world: advanced.world, effect: advanced.frames };
  },
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
  tcp: (world, { request }, { stacks }) => exchanged(world, tcp(stacks.network(world), request)),
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
  const made = withEdit(world.edits.get(netns) ?? [], { at: world.cluster.now, edit });
  return { world: { ...forgetful, edits: world.edits.set(netns, made) }, effect: ok(undefined) };
}

/** What is over with the moment it is made leaves no trace: a forgotten connection, a socket that is closed again. */
function withEdit(made: readonly HandEdit[], next: HandEdit): readonly HandEdit[] {
  const { edit } = next;
  if (edit.kind === 'forget-connections') return made;
  if (edit.kind !== 'close-socket') return [...made, next];
  const { protocol, port, address } = edit.listener;
  return made.filter(
    ({ edit: earlier }) =>
      earlier.kind !== 'open-socket' ||
      earlier.listener.protocol !== protocol ||
      earlier.listener.port !== port ||
      earlier.listener.address !== address,
  );
}

/** What a stack had learnt and a change by hand ends: one neighbour, or all of a device that goes down. */
function forgetLearnt(world: World, netns: NetnsId, edit: NetnsEdit): World {
  const key = memoryKey(world.cluster, netns);
  const memory = world.memory.get(key);
  const without = memory && withoutLearnt(memory, edit);
  return without === memory || !without ? world : { ...world, memory: world.memory.set(key, without) };
}

function withoutLearnt(memory: NetnsMemory, edit: NetnsEdit): NetnsMemory {
  switch (edit.kind) {
    case 'delete-neighbour':
      return forgetNeighbours(memory, edit.device, edit.address);
    case 'set-link':
      return edit.up === false ? forgetNeighbours(memory, edit.device) : memory;
    case 'forget-connections':
      return forgetConnections(memory, edit.connections);
    default:
      return memory;
  }
}

function exchanged<O>(
  world: World,
  exchange: Exchange<O>,
): { readonly world: World; readonly effect: Exchange<O> } {
  let memory = world.memory;
  for (const [netns, learnt] of exchange.memory) memory = memory.set(memoryKey(world.cluster, netns), learnt);
  return { world: { ...world, memory }, effect: exchange };
}
