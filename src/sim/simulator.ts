/**
 * The simulator as a running thing: one cell that holds the current world, moves it by transactions, and wakes whoever
 * waits for time, for API events or for frames. It starts nothing by itself: a host advances its clock.
 */
import { Emitter, type Unsubscribe } from '../base/event.ts';
import { err, type Result } from '../base/result.ts';
import type { Place } from '../model/place.ts';
import type { Topology } from '../model/topology.ts';
import type { NetnsId } from '../model/trace.ts';
import { nextWorkOf } from './advance.ts';
import { apply, ask, type Applied, type Effects, type Machinery, type TransactionOf } from './apply.ts';
import { EventLog, type Author, type EventLogOptions, type LogEntry } from './history/event-log.ts';
import { Captures } from './captures.ts';
import { earlier, type Epoch, type Millis } from './core/time.ts';
import type { InstallKind } from './cni/calico/install.ts';
import type { Backend } from './cni/calico/node-environment.ts';
import { calicoNodeHealth } from './cni/calico/node-health.ts';
import { createWorld, machinery } from './create.ts';
import type { ApiRequest } from './kube/api.ts';
import { machineAt, nodeMachine } from './kube/machines.ts';
import { watchEvents } from './watches.ts';
import type { ResourceType } from './kube/resource.ts';
import type { Exchange, TimedFrame } from './net/exchange.ts';
import type { Network } from './net/netns.ts';
import type { RoutingPort } from './routing/speaker-view.ts';
import { speakerKey } from './routing/routing-state.ts';
import { speakerView } from './routing/view.ts';
import type { AgentsPort, ClockPort, ClusterPort, NetworkPort } from './shell/command.ts';
import { withoutSockets, withSocketsOf } from './program-sockets.ts';
import { Sleepers } from './sleepers.ts';
import { Sockets } from './sockets.ts';
import { decodeWorld, encodeWorld, type SnapshotProblem, type WorldSnapshot } from './snapshot.ts';
import { podNetnsId, type World } from './stacks.ts';

export interface SimulatorOptions {
  readonly topology: Topology;
  /** Same topology, seed, epoch and transactions: same world. */
  readonly seed: number;
  /** The date virtual time 0 stands for, in milliseconds since 1970. */
  readonly epoch: Epoch;
  /** False when the lab brings its own IP pools; Calico then starts with none. */
  readonly defaultPool: boolean;
  /** How Calico is installed, `manifest` unless said. */
  readonly install?: InstallKind;
  /** What carries routes between nodes in a manifest install (calico_backend), `bird` unless said; the others run no BGP. */
  readonly backend?: Backend;
}

/** Virtual milliseconds that count as now. */
const INSTANT = 5;

export class Simulator {
  readonly #machinery: Machinery;
  readonly #sleepers = new Sleepers();
  readonly #captures = new Captures();
  readonly #sockets = new Sockets();
  readonly #changed = new Emitter<World>();
  readonly #awaited = new Emitter<Millis>();
  readonly #acted = new Emitter<void>();
  readonly #restored = new Emitter<void>();
  #world: World;
  /** How often the world was exchanged for a kept one. */
  #restores = 0;
  #log: EventLog | undefined;
  /** Who asks for what is applied at this moment. */
  #author: Author | undefined;

  /** A new cluster, or one that goes on from a kept world, apart from whatever happens elsewhere. */
  constructor(options: SimulatorOptions | { readonly world: World }) {
    const kept = 'world' in options ? options.world : undefined;
    this.#machinery = machinery('world' in options ? options.world.topology : options.topology);
    this.#world = kept ? withoutSockets(kept) : createWorld(options as SimulatorOptions, this.#machinery);
    const dated = (): Epoch => this.#world.cluster.epoch;
    this.clock = {
      get epoch() {
        return dated();
      },
      now: () => this.now,
      sleep: (milliseconds, signal) => {
        const over = this.#sleepers.sleep(this.now + milliseconds, signal);
        this.#awaited.emit(this.now + milliseconds);
        return over;
      },
    };
  }

  /** The current world: immutable, so keeping the reference is a snapshot. */
  get world(): World {
    return this.#world;
  }

  get now(): Millis {
    return this.#world.cluster.now;
  }

  readonly onChange = (listener: (world: World) => void): Unsubscribe => this.#changed.subscribe(listener);

  /** A program began to wait for this moment: a host may have to wake earlier than it planned. */
  readonly onAwaited = (listener: (until: Millis) => void): Unsubscribe => this.#awaited.subscribe(listener);

  /** Something other than the passing of time changed the world. */
  readonly onActed = (listener: () => void): Unsubscribe => this.#acted.subscribe(listener);

  /**
   * Goes back (or elsewhere) to a kept world, exactly: its time and revision included. Programs run on as on a machine
   * whose clock is set: a sleep lasts what was left of it, a socket stays open. Open watches end with 410 Gone, as the API ends them when its
   * store is restored, so that clients list anew; captures see what crosses from now on, and frames that were still on
   * their way in the world that was left are never shown. `entry` is the one of the log that the world is from.
   */
  restore(world: World, entry?: LogEntry): void {
    this.#restores += 1;
    this.#sleepers.shift(world.cluster.now - this.now);
    this.#restored.emit();
    const next = withSocketsOf(world, this.#world);
    this.#log?.arrive(next, entry);
    this.#become(next);
  }

  /** What happened since `keepLog`; undefined before. */
  get log(): EventLog | undefined {
    return this.#log;
  }

  /** From now on, what happens is kept with the worlds it led to. */
  keepLog(options?: EventLogOptions): EventLog {
    this.#log = new EventLog(this.#world, options);
    return this.#log;
  }

  /** Whatever `act` applies before it returns is this author's. */
  as<T>(author: Author, act: () => T): T {
    const before = this.#author;
    this.#author = author;
    try {
      return act();
    } finally {
      this.#author = before;
    }
  }

  /** The present world, or another, as plain JSON, for `decode` in this process or another. */
  encode(world = this.#world): WorldSnapshot {
    return encodeWorld(world);
  }

  /**
   * The world of a snapshot, whoever wrote it; nothing happens yet. It is tried out: one that fits every rule of form
   * and still makes the machinery stumble is refused as damaged. `text` is the JSON it was parsed from, where that is at hand.
   */
  decode(value: unknown, text?: string): Result<World, SnapshotProblem> {
    const { topology } = this.#world;
    const world = decodeWorld(value, { topology, registry: this.#machinery.registry, text });
    if (!world.ok) return world;
    try {
      tryOut(world.value, this.#machinery);
    } catch (problem) {
      return err({ kind: 'damaged', detail: `its cluster does not run: ${String(problem)}` });
    }
    return world;
  }

  apply<K extends keyof Effects>(transaction: TransactionOf<K> & { readonly kind: K }): Effects[K] {
    const before = this.#world;
    const applied: Applied<K> = apply<K>(before, transaction, this.#machinery);
    if (applied.world !== before) this.#log?.add(applied.world, transaction, this.#author);
    this.#become(applied.world);
    if (transaction.kind !== 'advance' && applied.world !== before) this.#acted.emit();
    return applied.effect;
  }

  /** What a transaction would bring about, without it happening: no capture sees it, nothing is learnt. */
  ask<K extends keyof Effects>(transaction: TransactionOf<K> & { readonly kind: K }): Effects[K] {
    return ask<K>(this.#world, transaction, this.#machinery);
  }

  /** The network as it is now, for walks of one's own. */
  networkView(): Network {
    return this.#machinery.stacks.network(this.#world);
  }

  /** When something next falls due: work, a timer of a BGP speaker or the end of a sleep; undefined when nothing waits. */
  get nextEventAt(): Millis | undefined {
    return earlier(this.nextWorkAt, earlier(this.#world.routing.routine.nextAt, this.#sleepers.nextAt));
  }

  /**
   * When a controller next has work, or a BGP speaker tries to connect or to send again. Unlike `nextEventAt` it counts
   * neither waiting programs nor what goes on for ever: keepalives and hold timers.
   */
  get nextWorkAt(): Millis | undefined {
    return nextWorkOf(this.#world);
  }

  advanceTo(to: Millis): void {
    if (to >= this.now) this.#advance({ to });
  }

  /** Advances until no controller has work within `horizon` milliseconds from now. */
  settle(horizon: Millis): void {
    const to = this.now + horizon;
    while ((this.nextWorkAt ?? Number.POSITIVE_INFINITY) <= to) this.#advance({ to, afterWork: true });
  }

  #advance(how: { readonly to: Millis; readonly afterWork?: boolean }): void {
    const frames = this.apply({ kind: 'advance', ...how, tell: this.#captures.areOpen });
    this.#show(frames);
    this.#sleepers.wake(this.now);
  }

  /** How the API names and paths a resource: by `pods`, `deployments.apps`, or a plural that only one group has. */
  resourceType(name: string): ResourceType | undefined {
    const registry = this.#machinery.registry.servedIn(this.#world.cluster.store);
    return registry.byName(name) ?? registry.types.find(({ plural }) => plural === name);
  }

  /** The network namespace a place's processes run in; undefined where a place has none (a pending pod). */
  netnsOf(place: Place): NetnsId | undefined {
    switch (place.kind) {
      case 'workstation':
        return 'workstation';
      case 'pod':
        return podNetnsId(this.#world.cluster, place.namespace, place.name);
      default:
        return `${place.kind}/${place.name}`;
    }
  }

  /** Whether the machine of a place is switched off: a node, a router, a host, or the node of a pod. */
  isOff(place: Place): boolean {
    const { store, sandboxes } = this.#world.cluster;
    if (place.kind === 'workstation') return false;
    if (place.kind !== 'pod') return machineAt(store, `${place.kind}/${place.name}`).off === true;
    const uid = store.get('pods', place.namespace, place.name)?.metadata.uid ?? '';
    return nodeMachine(store, sandboxes.get(uid)?.node ?? '').off === true;
  }

  readonly cluster: ClusterPort = {
    request: (request) => this.apply({ kind: 'request', request }),
    watch: (request: ApiRequest, signal) =>
      watchEvents({
        request,
        signal,
        registry: this.#machinery.registry,
        world: () => this.#world,
        onChange: this.onChange,
        onRestored: this.#restored.subscribe,
      }),
  };

  readonly network: NetworkPort = {
    netnsOf: (place) => this.netnsOf(place),
    netns: (id) => this.#machinery.stacks.netns(this.#world, id),
    memory: (id) => this.networkView().memory(id),
    edit: (netns, edit) => {
      const made = this.apply({ kind: 'edit', netns, edit });
      return made.ok ? { ok: true } : { ok: false, message: made.error };
    },
    changeLinks: (netns, change) => {
      const made = this.apply({ kind: 'links', netns, change });
      return made.ok ? { ok: true } : { ok: false, message: made.error };
    },
    echo: (request) => this.#exchange(this.apply({ kind: 'echo', request })),
    udpProbe: (request) => this.#exchange(this.apply({ kind: 'udp-probe', request })),
    http: (request) => this.#exchange(this.apply({ kind: 'http', request })),
    tcp: (request) => this.#exchange(this.apply({ kind: 'tcp', request })),
    accept: (id, port, signal) => this.#sockets.accept(id, port, signal),
    capture: (id, device, signal) => this.#captures.open(id, device, signal),
  };

  readonly routing: RoutingPort = {
    speaker: (node, daemon) => this.routing.at(`node/${node}`, daemon),
    at: (netns, daemon) => {
      const { routing } = this.#world;
      const speaker = routing.speakers.get(speakerKey({ netns, ...(daemon && { daemon }) }));
      const stack = speaker?.running ? this.#machinery.stacks.netns(this.#world, speaker.netns) : undefined;
      return speaker && stack && speakerView({ speaker, routing, stack, now: this.now });
    },
  };

  readonly agents: AgentsPort = {
    health: (place, argv) => {
      const pod = this.#world.cluster.store.get('pods', place.namespace, place.name);
      return pod && calicoNodeHealth(this.#world.cluster, this.#world.routing, { pod, argv });
    },
  };

  readonly clock: ClockPort;

  #exchange<O>(exchange: Exchange<O>): O {
    this.#show(exchange.frames);
    for (const heard of exchange.heard) this.#sockets.hear(heard);
    return exchange.outcome;
  }

  #show(frames: readonly TimedFrame[]): void {
    this.#captures.see(
      frames,
      (id) => this.#machinery.stacks.netns(this.#world, id),
      (at, show) => this.#when(at, show),
    );
  }

  /** Frames of an exchange are at most microseconds ahead, but for what a stack sends after waiting in vain for ARP. */
  #when(at: Millis, run: () => void): void {
    const restores = this.#restores;
    if (at < this.now + INSTANT) run();
    else
      void this.clock.sleep(at - this.now).then(() => {
        if (this.#restores === restores) run();
      });
  }

  #become(world: World): void {
    if (world === this.#world) return;
    this.#world = world;
    this.#changed.emit(world);
  }
}

/** Virtual milliseconds that a world from outside must live through before it is believed. */
const TRIAL = 1_000;

/** Looks at every network stack and lets a moment pass; throws what the machinery throws. */
function tryOut(world: World, machine: Machinery): void {
  const { cluster, topology } = world;
  const later = apply(world, { kind: 'advance', to: cluster.now + TRIAL }, machine).world;
  const pods = later.cluster.store.list('pods').map(({ metadata }) => metadata);
  const ids = [
    ...topology.nodes.map(({ name }) => `node/${name}`),
    ...topology.routers.map(({ name }) => `router/${name}`),
    ...topology.hosts.map(({ name }) => `host/${name}`),
    ...pods.map(({ namespace = '', name }) => `pod/${namespace}/${name}`),
  ];
  for (const at of [later, world]) for (const id of ids) machine.stacks.netns(at, id);
}
