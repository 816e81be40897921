/**
 * The simulator as a running thing: one cell that holds the current world, moves it by transactions, and wakes whoever
 * waits for time, for API events or for frames. It starts nothing by itself: a host advances its clock.
 */
import { Emitter, type Unsubscribe } from '../base/event.ts';
import type { Place } from '../model/place.ts';
import type { Topology } from '../model/topology.ts';
import type { NetnsId } from '../model/trace.ts';
import { apply, type Applied, type Effects, type Machinery, type TransactionOf } from './apply.ts';
import { Captures } from './captures.ts';
import type { Epoch, Millis } from './core/time.ts';
import { createWorld, machinery } from './create.ts';
import type { ApiRequest } from './kube/api.ts';
import { watchEvents } from './watches.ts';
import type { ResourceType } from './kube/resource.ts';
import type { Exchange } from './net/exchange.ts';
import type { Network } from './net/netns.ts';
import type { ClockPort, ClusterPort, NetworkPort } from './shell/command.ts';
import { Sleepers } from './sleepers.ts';
import { podNetnsId, type World } from './stacks.ts';

export interface SimulatorOptions {
  readonly topology: Topology;
  /** Same topology, seed, epoch and transactions: same world. */
  readonly seed: number;
  /** The date virtual time 0 stands for, in milliseconds since 1970. */
  readonly epoch: Epoch;
  /** False when the lab brings its own IP pools; Calico then starts with none. */
  readonly defaultPool: boolean;
}

/** Virtual milliseconds that count as now. */
const INSTANT = 5;

export class Simulator {
  readonly #machinery: Machinery;
  readonly #sleepers = new Sleepers();
  readonly #captures = new Captures();
  readonly #changed = new Emitter<World>();
  readonly #awaited = new Emitter<Millis>();
  #world: World;

  constructor(options: SimulatorOptions) {
    this.#machinery = machinery(options.topology);
    this.#world = createWorld(options, this.#machinery);
    this.clock = {
      epoch: options.epoch,
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

  /** Goes back (or elsewhere) to a kept world. Sleepers stay: time does not run backwards for programs. */
  restore(world: World): void {
    this.#become({ ...world, cluster: { ...world.cluster, now: Math.max(world.cluster.now, this.now) } });
  }

  apply<K extends keyof Effects>(transaction: TransactionOf<K> & { readonly kind: K }): Effects[K] {
    const applied: Applied<K> = apply<K>(this.#world, transaction, this.#machinery);
    this.#become(applied.world);
    return applied.effect;
  }

  /** What a transaction would bring about, without it happening: no capture sees it, nothing is learnt. */
  ask<K extends keyof Effects>(transaction: TransactionOf<K> & { readonly kind: K }): Effects[K] {
    return apply<K>(this.#world, transaction, this.#machinery).effect;
  }

  /** The network as it is now, for walks of one's own. */
  networkView(): Network {
    return this.#machinery.stacks.network(this.#world);
  }

  /** When something next falls due: work of a controller or the end of a sleep; undefined when nothing waits. */
  get nextEventAt(): Millis | undefined {
    const work = this.#world.cluster.agenda.nextAt;
    const sleep = this.#sleepers.nextAt;
    if (work === undefined || sleep === undefined) return work ?? sleep;
    return Math.min(work, sleep);
  }

  /** When a controller next has work; unlike `nextEventAt` it does not count waiting programs. */
  get nextWorkAt(): Millis | undefined {
    return this.#world.cluster.agenda.nextAt;
  }

  advanceTo(to: Millis): void {
    if (to < this.now) return;
    this.apply({ kind: 'advance', to });
    this.#sleepers.wake(to);
  }

  /** Advances until no controller has work within `horizon` milliseconds from now. */
  settle(horizon: Millis): void {
    const end = this.now + horizon;
    for (let due = this.nextWorkAt; due !== undefined && due <= end; due = this.nextWorkAt)
      this.advanceTo(due);
  }

  /** How the API names and paths a resource: by `pods`, `deployments.apps`, or a plural that only one group has. */
  resourceType(name: string): ResourceType | undefined {
    const { registry } = this.#machinery;
    return registry.byName(name) ?? registry.types.find(({ plural }) => plural === name);
  }

  /** The network namespace a place's processes run in; undefined where a place has none (the workstation, a pending pod). */
  netnsOf(place: Place): NetnsId | undefined {
    switch (place.kind) {
      case 'workstation':
        return undefined;
      case 'pod':
        return podNetnsId(this.#world.cluster, place.namespace, place.name);
      default:
        return `${place.kind}/${place.name}`;
    }
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
    echo: (request) => this.#exchange(this.apply({ kind: 'echo', request })),
    udpProbe: (request) => this.#exchange(this.apply({ kind: 'udp-probe', request })),
    http: (request) => this.#exchange(this.apply({ kind: 'http', request })),
    capture: (id, device, signal) => this.#captures.open(id, device, signal),
  };

  readonly clock: ClockPort;

  #exchange<O>(exchange: Exchange<O>): O {
    this.#captures.see(
      exchange.frames,
      (id) => this.#machinery.stacks.netns(this.#world, id),
      (at, show) => this.#when(at, show),
    );
    return exchange.outcome;
  }

  /** Frames of an exchange are at most microseconds ahead, but for what a stack sends after waiting in vain for ARP. */
  #when(at: Millis, run: () => void): void {
    if (at < this.now + INSTANT) run();
    else void this.clock.sleep(at - this.now).then(run);
  }

  #become(world: World): void {
    if (world === this.#world) return;
    this.#world = world;
    this.#changed.emit(world);
  }
}
