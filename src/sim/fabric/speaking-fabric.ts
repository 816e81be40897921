/**
 * The machines of a topology with routing daemons on them, in virtual time, and nothing else around: no cluster, no Felix. For
 * laws about the daemons and for measuring them; a simulated cluster runs the same daemons among its other work (`advance.ts`).
 */
import type { Topology } from '../../model/topology.ts';
import type { NetnsId } from '../../model/trace.ts';
import { BGP_PORT } from '../../model/bgp.ts';
import { NO_MEMORY, type Netns, type NetnsMemory, type Network } from '../net/netns.ts';
import { withKernelRoutes } from '../routing/kernel-routes.ts';
import { reconfigure } from '../routing/reconfigure.ts';
import { NO_ROUTING, type RoutingState, type Speaker } from '../routing/routing-state.ts';
import type { SpeakerConfig } from '../routing/speaker-config.ts';
import { nextRoutingAt, runDue, type Moved } from '../routing/speakers.ts';
import { fabric, type Fabric } from './fabric.ts';

interface Kept {
  readonly base: Netns;
  readonly speaker: Speaker | undefined;
  readonly stack: Netns;
}

export class SpeakingFabric {
  now = 0;
  routing: RoutingState = NO_ROUTING;
  readonly #fabric: Fabric;
  readonly #base: Map<NetnsId, Netns>;
  readonly #stacks = new Map<NetnsId, Kept>();
  readonly #memories = new Map<NetnsId, NetnsMemory>();

  constructor(topology: Topology) {
    this.#fabric = fabric(topology);
    this.#base = new Map(this.#fabric.netns);
  }

  get network(): Network {
    return {
      now: this.now,
      netns: (id) => this.#stackOf(id),
      memory: (id) => this.#memories.get(id) ?? NO_MEMORY,
      segment: (name) => this.#fabric.segmentPorts(name),
    };
  }

  /** As it stands, the daemon's routes included; a machine that is not there throws. */
  stack(id: NetnsId): Netns {
    const stack = this.#stackOf(id);
    if (!stack) throw new RangeError(`no stack ${id}`);
    return stack;
  }

  #stackOf(id: NetnsId): Netns | undefined {
    const base = this.#base.get(id);
    const speaker = this.routing.speakers.get(id);
    const known = this.#stacks.get(id);
    if (!base || (known?.base === base && known.speaker === speaker)) return known?.stack ?? base;
    const stack = speaker ? withDaemon(base, speaker) : base;
    this.#stacks.set(id, { base, speaker, stack });
    return stack;
  }

  /** Changes a machine beneath its daemon. */
  change(id: NetnsId, change: (stack: Netns) => Partial<Netns>): void {
    const base = this.#base.get(id);
    if (base) this.#base.set(id, { ...base, ...change(base) });
  }

  /** Starts, reconfigures and kills daemons. */
  configure(configs: Readonly<Record<NetnsId, SpeakerConfig | undefined>>): this {
    const wanted = Object.entries(configs).map(([netns, config]) => ({ netns, config }));
    this.#take(reconfigure(this.network, this.routing, wanted));
    return this;
  }

  /** Lets so many milliseconds pass. */
  wait(milliseconds: number): this {
    const to = this.now + milliseconds;
    for (
      let at = nextRoutingAt(this.routing);
      at !== undefined && at <= to;
      at = nextRoutingAt(this.routing)
    ) {
      this.now = Math.max(at, this.now);
      this.#take(runDue(this.network, this.routing));
    }
    this.now = to;
    return this;
  }

  #take({ routing, memory }: Moved): void {
    this.routing = routing;
    for (const [id, learnt] of memory) this.#memories.set(id, learnt);
  }
}

function withDaemon(base: Netns, speaker: Speaker): Netns {
  const { listenPort: port = BGP_PORT } = speaker.config;
  const listeners = speaker.running
    ? [...base.listeners, { protocol: 'tcp', port, serves: { kind: 'bgp' } } as const]
    : base.listeners;
  return { ...withKernelRoutes(base, speaker), listeners };
}
