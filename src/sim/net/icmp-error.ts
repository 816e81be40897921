/**
 * The error a stack sends about a packet it could not handle, and when it stays silent (RFC 1122 3.2.2, Linux
 * net/ipv4/icmp.c): never about another error, a broadcast or a later fragment, and at most six at once and then one a
 * second to the same address (icmp_ratelimit 1000 ms, burst factor 6). `Frag needed` is exempt from the limit.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { IcmpErrorKind, Ipv4Packet } from '../../model/packet.ts';
import { ICMP_HEADER, IPV4_HEADER, packetLength, UDP_HEADER } from '../../model/wire-length.ts';
import { packetId } from './flow.ts';
import type { Hop } from './hop.ts';
import { reassembles } from './netfilter-program.ts';
import type { MemoryDraft } from './memory.ts';
import { sourceAddress } from './source-address.ts';
import type { Stack } from './stack.ts';

const BURST = 6;
/** net.ipv4.route.error_burst over error_cost: what a stack says that has no way for a packet. */
const UNROUTABLE_BURST = 5;
const REFILL_TIME = 1_000;
const JIFFY = 4;

/** Routers mark their errors as internetwork control. */
const INTERNETWORK_CONTROL = 0xc0;

export interface ErrorWish {
  readonly error: IcmpErrorKind;
  /** The MTU that was too small, with `too-big`. */
  readonly mtu?: number;
  /** The routing table had no way for the packet. */
  readonly unroutable?: boolean;
  /** The packet was already on its way out, cut for the next link. */
  readonly cut?: boolean;
}

/** Undefined when the stack says nothing: not allowed to, no way back, or no token left. */
export function icmpError(hop: Hop, { error, mtu, unroutable, cut }: ErrorWish): Ipv4Packet | undefined {
  const { journey, stack, packet } = hop;
  if (!mayAnswer(stack, packet)) return undefined;
  const source = errorSource(stack, packet);
  if (source === undefined) return undefined;
  const isOwn = stack.routes.isLocal(packet.source);
  const limits = isOwn || error === 'too-big' ? [] : unroutable ? [UNROUTABLE_BURST, BURST] : [BURST];
  const memory = journey.memory(stack.id);
  if (!limits.every((burst) => takeToken(memory, packet.source, { burst, now: ticks(journey.now) })))
    return undefined;
  return {
    kind: 'ipv4',
    source,
    destination: packet.source,
    ttl: 64,
    tos: (packet.tos & 0x1e) | INTERNETWORK_CONTROL,
    id: packetId(source, packet.source, journey.now),
    dontFragment: false,
    payload: {
      kind: 'icmp-error',
      error,
      ...(mtu === undefined ? {} : { mtu }),
      original: quoted(hop, cut ?? false),
    },
  };
}

function mayAnswer(stack: Stack, packet: Ipv4Packet): boolean {
  const laterFragment = packet.fragment !== undefined && packet.fragment.offset > 0;
  return (
    packet.payload.kind !== 'icmp-error' && !laterFragment && !stack.routes.isBroadcast(packet.destination)
  );
}

/** The address the packet was for, when it is ours; else the one with which we would speak to its sender. */
function errorSource(stack: Stack, packet: Ipv4Packet): Ipv4 | undefined {
  if (stack.routes.isLocal(packet.destination)) return packet.destination;
  const back = stack.routes.lookup(packet.source);
  if (!back?.device) return undefined;
  return back.type === 'local' ? packet.source : sourceAddress(stack, back);
}

/** The packet itself, or the first of its pieces; connection tracking has put together those that came in. */
function quoted({ stack, packet, pieces }: Hop, cut: boolean): Ipv4Packet {
  const [first] = pieces ?? [];
  // The pieces that a tunnel carries are packets of their own.
  if (first && !first.fragment) return first;
  const asItCame = cut || !reassembles(stack.netns.netfilter);
  return first && asItCame
    ? { ...first, payload: beginning(packet, packetLength(first) - IPV4_HEADER) }
    : packet;
}

/** A fragment's bytes as the headers they begin with, so that whoever reads the quote knows the flow. */
function beginning({ payload }: Ipv4Packet, length: number): Ipv4Packet['payload'] {
  if (payload.kind === 'icmp-echo') return { ...payload, dataLength: length - ICMP_HEADER };
  if (payload.kind === 'udp' && payload.payload.kind === 'data') {
    const bytes = payload.payload.bytes.subarray(0, length - UDP_HEADER);
    return { ...payload, payload: { kind: 'data', bytes } };
  }
  return payload;
}

/** The kernel counts in jiffies, 250 a second. */
const ticks = (now: number): number => Math.floor(now / JIFFY) * JIFFY;

interface Limit {
  readonly burst: number;
  readonly now: number;
}

/**
 * The bucket of an address fills by one token a second, up to the burst (inet_peer_xrlim_allow). What cannot be routed pays
 * twice, first in ip_error and then here: a ping of one a second hears four errors and no more.
 */
function takeToken(memory: MemoryDraft, destination: Ipv4, { burst, now }: Limit): boolean {
  const bucket = memory.icmpTokens(destination) ?? { tokens: burst, at: now };
  // Exchanges that began at the same moment count as one after the other.
  const waited = Math.max(now - bucket.at, 0);
  const tokens = Math.min(burst, bucket.tokens + waited / REFILL_TIME);
  const allowed = tokens >= 1;
  memory.setIcmpTokens(destination, allowed ? tokens - 1 : tokens, bucket.at + waited);
  return allowed;
}
