/**
 * The reference lab with somebody at its keyboards: exchanges leave their memory behind, edits change stacks, time moves only
 * when told to. Test support.
 */
import { formatIp, parseIp } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { NetnsId } from '../../model/trace.ts';
import type {
  EchoOutcome,
  EchoRequest,
  Exchange,
  HttpOutcome,
  TimedFrame,
  UdpProbeOutcome,
} from '../net/exchange.ts';
import { echo, http, udpProbe } from '../net/exchange.ts';
import { networkOf } from '../net/journey.ts';
import type { Netns, NetnsMemory, Network } from '../net/netns.ts';
import { NO_MEMORY } from '../net/netns.ts';
import type { ReferenceLab } from './reference-lab.ts';

export class DrivenLab {
  now = 0;
  /** Frames of the last exchange. */
  frames: readonly TimedFrame[] = [];
  readonly #stacks: Map<NetnsId, Netns>;
  readonly #memories = new Map<NetnsId, NetnsMemory>();
  readonly #segments: ReferenceLab['segments'];

  constructor(lab: ReferenceLab) {
    this.#stacks = new Map(lab.stacks);
    this.#segments = lab.segments;
  }

  get network(): Network {
    const { now } = this;
    return networkOf({ stacks: this.#stacks, memories: this.#memories, segments: this.#segments, now });
  }

  stack(id: NetnsId): Netns {
    const stack = this.#stacks.get(id);
    if (!stack) throw new RangeError(`no stack ${id}`);
    return stack;
  }

  memory(id: NetnsId): NetnsMemory {
    return this.#memories.get(id) ?? NO_MEMORY;
  }

  change(id: NetnsId, change: (netns: Netns) => Partial<Netns>): this {
    const stack = this.stack(id);
    this.#stacks.set(id, { ...stack, ...change(stack) });
    return this;
  }

  wait(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  forget(id: NetnsId): this {
    this.#memories.delete(id);
    return this;
  }

  /** `ping -c 1`, with the options of ping where they differ from its defaults. */
  ping(from: NetnsId, to: string, options: Partial<EchoRequest> = {}): EchoOutcome {
    return this.#exchange(
      echo(this.network, {
        from,
        to: ipOf(to),
        identifier: 30196,
        sequence: 1,
        ttl: 64,
        dataLength: 56,
        pmtuDiscovery: 'want',
        ...options,
      }),
    );
  }

  /** One probe of `traceroute -n`. */
  probe(from: NetnsId, to: string, ttl: number): UdpProbeOutcome {
    return this.#exchange(
      udpProbe(this.network, {
        from,
        to: ipOf(to),
        sourcePort: 40000 + ttl,
        destinationPort: 33434 + ttl,
        ttl,
        dataLength: 32,
      }),
    );
  }

  curl(from: NetnsId, to: string, { port = 80, sourcePort = 53824 } = {}): HttpOutcome {
    return this.#exchange(
      http(this.network, { from, to: ipOf(to), port, sourcePort, host: to, path: '/', method: 'GET' }),
    );
  }

  #exchange<Outcome>({ outcome, memory, frames }: Exchange<Outcome>): Outcome {
    for (const [id, learnt] of memory) this.#memories.set(id, learnt);
    this.frames = frames;
    return outcome;
  }
}

/** For literals in tests: throws on malformed text. */
function ipOf(text: string): Ip {
  const address = parseIp(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}

/** As ping prints the outcome, without the time. */
export function pingLine({ reply }: EchoOutcome | UdpProbeOutcome): string {
  switch (reply.kind) {
    case 'reply':
      return `${reply.bytes} bytes from ${formatIp(reply.from)}: ttl=${reply.ttl}`;
    case 'icmp-error':
      return `From ${formatIp(reply.from)} ${reply.error}${reply.mtu === undefined ? '' : ` mtu=${reply.mtu}`}`;
    case 'local-error':
      return `local error: ${reply.error}${reply.mtu === undefined ? '' : ` mtu=${reply.mtu}`}`;
    case 'silence':
      return 'silence';
  }
}

export function addressText(address: Ip | undefined): string {
  return address === undefined ? '-' : formatIp(address);
}
