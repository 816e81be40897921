/**
 * The functional core's one door: a world and a transaction in, the next world and what the transaction brought about out.
 * Everything that can happen to a simulated cluster is one of these transactions, so a log of them replays a session.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { NetnsId } from '../model/trace.ts';
import { advanceWorld } from './advance.ts';
import type { Millis } from './core/time.ts';
import { unanswered, type ApiRequest, type ApiResponse } from './kube/api.ts';
import type { FaultStep } from './faults/fault.ts';
import { clearFault, injectFault, type FaultMachinery } from './faults/faults.ts';
import type { Controller } from './kube/controller.ts';
import { handle } from './kube/facade.ts';
import { textAt } from './kube/fields.ts';
import type { Registry } from './kube/registry.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import type { NetnsEdit } from './net/edit.ts';
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
import type { LinkChange } from './net/link-change.ts';
import { NO_MEMORY } from './net/netns.ts';
import { countRules, withCounted } from './net/rule-counters.ts';
import { changeByHand, changeLinks } from './hand-edits.ts';
import { apiServerFault, changeMachine, type MachineChange } from './machine-change.ts';
import { memoryKey, type Stacks, type World } from './stacks.ts';
import { afterProxySync } from './stale-connections.ts';

export type Transaction =
  /**
   * Lets time pass up to `to`, or with `afterWork` no further than somebody has work, running what falls due; with `tell` the
   * frames that cross meanwhile are told.
   */
  | {
      readonly kind: 'advance';
      readonly to: Millis;
      readonly tell?: boolean;
      readonly afterWork?: boolean;
    }
  | { readonly kind: 'request'; readonly request: ApiRequest }
  | { readonly kind: 'edit'; readonly netns: NetnsId; readonly edit: NetnsEdit }
  /** Devices or namespaces come, go or move: every stack concerned changes, or none. */
  | { readonly kind: 'links'; readonly netns: NetnsId; readonly change: LinkChange }
  /** Power, a cable or a process of one machine (`node/<name>`, `router/<name>`, `host/<name>`). */
  | { readonly kind: 'machine'; readonly machine: NetnsId; readonly change: MachineChange }
  /** A fault of the library (`faults/`), chosen by its seed; and its end. */
  | { readonly kind: 'fault'; readonly name: string; readonly seed: number }
  | { readonly kind: 'heal'; readonly name: string }
  | { readonly kind: 'echo'; readonly request: EchoRequest }
  | { readonly kind: 'udp-probe'; readonly request: UdpProbeRequest }
  | { readonly kind: 'http'; readonly request: HttpRequest }
  | { readonly kind: 'tcp'; readonly request: TcpRequest };

/** What each kind of transaction brings about besides the next world. */
export interface Effects {
  readonly advance: readonly TimedFrame[];
  readonly request: ApiResponse;
  readonly edit: Result<undefined, string>;
  readonly links: Result<undefined, string>;
  readonly machine: Result<undefined, string>;
  /** What broke, as a sentence. */
  readonly fault: Result<string, string>;
  readonly heal: Result<undefined, string>;
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

type Askers = {
  readonly [K in keyof Effects]: (
    world: World,
    transaction: TransactionOf<K>,
    machinery: Machinery,
  ) => Effects[K];
};

/** What packets bring about, before anybody learns or counts anything. */
const EXCHANGES: Pick<Askers, 'echo' | 'udp-probe' | 'http' | 'tcp'> = {
  echo: (world, { request }, { stacks }) => echo(stacks.network(world), request),
  'udp-probe': (world, { request }, { stacks }) => udpProbe(stacks.network(world), request),
  http: (world, { request }, { stacks }) => http(stacks.network(world), request),
  tcp: (world, { request }, { stacks }) => tcp(stacks.network(world), request),
};

const APPLIERS: Appliers = {
  advance: (world, { to, tell = false, afterWork = false }, machines) => {
    const advanced = advanceWorld(world, { to, tell, afterWork }, machines);
    return { world: afterProxySync(world.cluster, advanced.world), effect: advanced.frames };
  },
  request: (world, { request }, { controllers, registry }) => {
    const away = apiServerFault(world);
    if (away !== undefined) return { world, effect: unanswered(away, request) };
    const tx = new ClusterTransaction(world.cluster, controllers);
    const response = handle(tx, registry, request);
    // A refused request leaves nothing half done, and one that only read leaves the very same world.
    const unchanged = response.code >= 400 || tx.state === world.cluster;
    const after = unchanged ? world : afterProxySync(world.cluster, { ...world, cluster: tx.state });
    return { world: after, effect: response };
  },
  edit: (world, { netns, edit }, machines) => changed(world, changeByHand(world, machines, { netns, edit })),
  links: (world, { netns, change }, machines) =>
    changed(world, changeLinks(world, machines, { netns, change })),
  machine: (world, { machine, change: made }, machines) =>
    changed(world, changeMachine(world, machines, { machine, change: made })),
  fault: (world, { name, seed }, machines) => {
    const injected = injectFault(world, faultMachinery(machines), { name, seed });
    return injected.ok
      ? { world: injected.value.world, effect: ok(injected.value.told) }
      : { world, effect: injected };
  },
  heal: (world, { name }, machines) => changed(world, clearFault(world, faultMachinery(machines), name)),
  echo: (...given) => exchanged(given[0], EXCHANGES.echo(...given)),
  'udp-probe': (...given) => exchanged(given[0], EXCHANGES['udp-probe'](...given)),
  http: (...given) => exchanged(given[0], EXCHANGES.http(...given)),
  tcp: (...given) => exchanged(given[0], EXCHANGES.tcp(...given)),
};

export function apply<K extends keyof Effects>(
  world: World,
  transaction: TransactionOf<K> & { readonly kind: K },
  machinery: Machinery,
): Applied<K> {
  const kind: K = transaction.kind;
  return APPLIERS[kind](world, transaction, machinery);
}

const faultMachinery = (machines: Machinery): FaultMachinery => ({
  ...machines,
  step: (world, step) => faultStep(world, step, machines),
});

function faultStep(world: World, step: FaultStep, machinery: Machinery): Result<World, string> {
  if (step.kind === 'request') {
    const { world: next, effect } = apply<'request'>(world, step, machinery);
    return effect.code < 400 ? ok(next) : err(textAt(effect.body, 'message'));
  }
  const { world: next, effect } =
    step.kind === 'edit' ? apply<'edit'>(world, step, machinery) : apply<'machine'>(world, step, machinery);
  return effect.ok ? ok(next) : effect;
}

/** The effect alone: of an exchange no next world is made. */
export function ask<K extends keyof Effects>(
  world: World,
  transaction: TransactionOf<K> & { readonly kind: K },
  machinery: Machinery,
): Effects[K] {
  const kind: K = transaction.kind;
  const asked: Partial<Askers> = EXCHANGES;
  return asked[kind]?.(world, transaction, machinery) ?? apply<K>(world, transaction, machinery).effect;
}

function changed(
  world: World,
  made: Result<World, string>,
): { readonly world: World; readonly effect: Result<undefined, string> } {
  return made.ok ? { world: made.value, effect: ok(undefined) } : { world, effect: made };
}

function exchanged<O>(
  world: World,
  exchange: Exchange<O>,
): { readonly world: World; readonly effect: Exchange<O> } {
  let memory = world.memory;
  for (const [netns, learnt] of exchange.memory) memory = memory.set(memoryKey(world.cluster, netns), learnt);
  for (const [netns, counted] of countRules(exchange.walks)) {
    const key = memoryKey(world.cluster, netns);
    memory = memory.set(key, withCounted(memory.get(key) ?? NO_MEMORY, counted));
  }
  return { world: { ...world, memory }, effect: exchange };
}
