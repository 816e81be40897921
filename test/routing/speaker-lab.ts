/** Routers of a topology that run BGP speakers, in virtual time, with nothing else around them. */
import type { Topology } from '../../src/model/topology.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import { fabric } from '../../src/sim/fabric/fabric.ts';
import { networkOf } from '../../src/sim/net/journey.ts';
import type { Netns, NetnsMemory, Network } from '../../src/sim/net/netns.ts';
import { kernelRoutes } from '../../src/sim/routing/kernel-routes.ts';
import { reconfigure } from '../../src/sim/routing/reconfigure.ts';
import { NO_ROUTING, type RoutingState } from '../../src/sim/routing/routing-state.ts';
import type { SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';
import type { BgpProtocolView, SpeakerView } from '../../src/sim/routing/speaker-view.ts';
import { nextRoutingAt, runDue, type Moved } from '../../src/sim/routing/speakers.ts';
import { speakerView } from '../../src/sim/routing/view.ts';

export class SpeakerLab {
  now = 0;
  routing: RoutingState = NO_ROUTING;
  readonly #base: Map<NetnsId, Netns>;
  readonly #memories = new Map<NetnsId, NetnsMemory>();
  readonly #segments: ReadonlyMap<string, ReturnType<ReturnType<typeof fabric>['segmentPorts']>>;

  constructor(topology: Topology) {
    const built = fabric(topology);
    this.#base = new Map(built.netns);
    this.#segments = new Map(topology.segments.map(({ name }) => [name, built.segmentPorts(name)]));
  }

  get network(): Network {
    const stacks = new Map([...this.#base.keys()].map((id) => [id, this.stack(id)]));
    return networkOf({ stacks, memories: this.#memories, segments: this.#segments, now: this.now });
  }

  /** As it stands, the speaker's routes included. */
  stack(id: NetnsId): Netns {
    const base = this.#base.get(id);
    if (!base) throw new RangeError(`no stack ${id}`);
    const speaker = this.routing.speakers.get(id);
    if (!speaker) return base;
    const { listenPort: port = 179 } = speaker.config;
    const listeners = speaker.running
      ? [...base.listeners, { protocol: 'tcp', port, serves: { kind: 'bgp' } } as const]
      : base.listeners;
    return { ...base, routes: [...base.routes, ...kernelRoutes(speaker, base)], listeners };
  }

  change(id: NetnsId, change: (stack: Netns) => Partial<Netns>): void {
    const base = this.#base.get(id);
    if (base) this.#base.set(id, { ...base, ...change(base) });
  }

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

  view(id: NetnsId): SpeakerView {
    const speaker = this.routing.speakers.get(id);
    if (!speaker) throw new RangeError(`no speaker at ${id}`);
    return speakerView({ speaker, routing: this.routing, stack: this.stack(id), now: this.now });
  }

  session(id: NetnsId, name: string): BgpProtocolView {
    const found = this.view(id).protocols.find((protocol) => protocol.name === name);
    if (found?.kind !== 'BGP') throw new RangeError(`no protocol ${name} at ${id}`);
    return found;
  }

  #take({ routing, memory }: Moved): void {
    this.routing = routing;
    for (const [id, learnt] of memory) this.#memories.set(id, learnt);
  }
}
