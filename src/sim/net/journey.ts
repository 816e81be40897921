/**
 * What packets leave behind while they walk: the steps of the current walk, every frame with its time, and what the stacks
 * learnt. An exchange of several packets is one journey, so the reply finds the ARP entry that the request resolved.
 */
import type { Ip } from '../../model/ip.ts';
import type { Frame, IpPacket } from '../../model/packet.ts';
import type { NetnsId, Step } from '../../model/trace.ts';
import { frameLength } from '../../model/wire-length.ts';
import { mix, scaleHash } from './flow-hash.ts';
import type { CableEnd } from './cable.ts';
import { MemoryDraft } from './memory.ts';
import type { Device, Netns, NetnsMemory, Network, SegmentPort } from './netns.ts';
import { NO_MEMORY } from './netns.ts';
import type { Stack } from './stack.ts';
import { stackOf } from './stack.ts';

/** One frame passing one device: what a capture there shows. Loopback frames appear once, as `in`. */
export interface TimedFrame {
  /** Virtual milliseconds; fractions are microseconds. */
  readonly at: number;
  readonly netns: NetnsId;
  readonly device: string;
  readonly direction: 'in' | 'out';
  readonly frame: Frame;
}

/** A client's socket that waits for an answer while the exchange runs. */
export interface OpenSocket {
  readonly at: NetnsId;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** What a listening program heard of one connection. */
export interface Heard {
  readonly at: NetnsId;
  readonly port: number;
  readonly local: Ip;
  readonly peer: { readonly address: Ip; readonly port: number };
  readonly data: Uint8Array;
  /** Why a program that forwards could not hand the connection on. */
  readonly lost?: 'refused' | 'timeout' | 'gone';
  /** Of a connection that is held open; absent when it is told as a whole. */
  readonly part?: 'first' | 'more' | 'last';
}

/**
 * What becomes of frames: kept for captures, and counted when somebody asks what was learnt; kept and counted at once; or,
 * when nobody captures, only counted.
 */
export type Keeping = 'frames' | 'counted frames' | 'counters';

export class Journey {
  readonly network: Network;
  readonly sockets: readonly OpenSocket[];
  readonly frames: TimedFrame[] = [];
  readonly heard: Heard[] = [];
  /** Sockets that programs opened on the way, besides `sockets`. */
  readonly opened: OpenSocket[] = [];
  /** The steps of every walk that is over. */
  readonly walks: (readonly Step[])[] = [];
  /** Steps of the walk under way. */
  steps: Step[] = [];
  /** Lets a VXLAN's packet walk that carries one frame of a segment: where the frame comes out, or undefined. */
  carryOuter?: (journey: Journey, stack: Stack, packet: IpPacket) => CableEnd | undefined;
  /** Milliseconds since the exchange began. */
  offset = 0;
  readonly #stacks = new Map<NetnsId, Stack>();
  readonly #drafts = new Map<NetnsId, MemoryDraft>();
  /** Frames that the counters of their devices do not know yet. */
  #uncounted: TimedFrame[] = [];
  #crossings = 0;
  readonly #keeping: Keeping;

  constructor(network: Network, sockets: readonly OpenSocket[] = [], keeping: Keeping = 'frames') {
    this.network = network;
    this.sockets = sockets;
    this.#keeping = keeping;
  }

  /** Virtual time of the present moment. */
  get now(): number {
    return this.network.now + this.offset;
  }

  stack(id: NetnsId): Stack | undefined {
    const known = this.#stacks.get(id);
    if (known) return known;
    const netns = this.network.netns(id);
    const stack = netns && stackOf(netns);
    if (stack) this.#stacks.set(id, stack);
    return stack;
  }

  memory(id: NetnsId): MemoryDraft {
    let draft = this.#drafts.get(id);
    if (!draft) this.#drafts.set(id, (draft = new MemoryDraft(this.network.memory(id))));
    return draft;
  }

  step(step: Step): void {
    this.steps.push(step);
  }

  /** Notes what the program behind a socket heard of one connection. */
  hear(
    { at, port, address, peer }: Pick<Heard, 'at' | 'port' | 'peer'> & { readonly address: Ip },
    data: Uint8Array,
    { lost, part }: Pick<Heard, 'lost' | 'part'> = {},
  ): void {
    this.heard.push({ at, port, local: address, peer, data, ...(lost && { lost }), ...(part && { part }) });
  }

  /** Notes a frame at a device: in the trace, for captures, and in the device's counters. */
  frame(stack: Stack, device: Device, direction: 'in' | 'out', frame: Frame): void {
    this.steps.push({ kind: 'frame', at: stack.id, device: device.name, direction, frame });
    this.overhear(stack, device, direction, frame);
  }

  /** The same for a frame that is no part of this packet's story, as a broadcast at a bystander. */
  overhear(stack: Stack, device: Device, direction: 'in' | 'out', frame: Frame): void {
    if (this.#keeping !== 'frames') {
      this.memory(stack.id).countFrame(device.name, direction, frameLength(frame));
      this.tap(stack, device, direction, frame);
      return;
    }
    const passed = { at: this.now, netns: stack.id, device: device.name, direction, frame };
    this.frames.push(passed);
    this.#uncounted.push(passed);
  }

  /** Shows a frame to captures only: it is tapped before the driver, which may still drop it uncounted. */
  tap(stack: Stack, device: Device, direction: 'in' | 'out', frame: Frame): void {
    if (this.#keeping === 'counters') return;
    this.frames.push({ at: this.now, netns: stack.id, device: device.name, direction, frame });
  }

  /** A frame that leaves the stack's captures but not its device. */
  dropped(stack: Stack, device: Device, frame: Frame): void {
    this.steps.push({ kind: 'frame', at: stack.id, device: device.name, direction: 'out', frame });
    this.tap(stack, device, 'out', frame);
    this.memory(stack.id).count(device.name, 'txDropped');
  }

  /** Time for one cable and the stack behind it: 6 to 13 microseconds, as the reference round trips suggest. */
  crossCable(): void {
    this.#crossings += 1;
    this.offset += scaleHash(mix(this.network.now * 1000, this.#crossings), 6, 14) / 1000;
  }

  /** Time for wrapping or unwrapping a packet. */
  crossTunnel(): void {
    this.offset += 0.004;
  }

  /** Ends the walk under way and starts an empty one. */
  takeSteps(): readonly Step[] {
    const { steps } = this;
    this.steps = [];
    return steps;
  }

  /** The memory of every stack that learnt something, as it is now. */
  memories(): ReadonlyMap<NetnsId, NetnsMemory> {
    for (const { netns, device, direction, frame } of this.#uncounted)
      this.memory(netns).countFrame(device, direction, frameLength(frame));
    this.#uncounted = [];
    const memories = new Map<NetnsId, NetnsMemory>();
    for (const [id, draft] of this.#drafts) {
      const after = draft.after(this.network.now);
      if (after !== draft.before) memories.set(id, after);
    }
    return memories;
  }
}

/** All stacks of a simulation in one object; tests and the simulator build a `Network` with it. */
export interface NetworkState {
  readonly stacks: ReadonlyMap<NetnsId, Netns>;
  readonly memories: ReadonlyMap<NetnsId, NetnsMemory>;
  readonly segments: ReadonlyMap<string, readonly SegmentPort[]>;
  readonly now: number;
}

const NO_PORTS: readonly SegmentPort[] = [];

export function networkOf(state: NetworkState): Network {
  return {
    netns: (id) => state.stacks.get(id),
    memory: (id) => state.memories.get(id) ?? NO_MEMORY,
    segment: (name) => state.segments.get(name) ?? NO_PORTS,
    now: state.now,
  };
}
