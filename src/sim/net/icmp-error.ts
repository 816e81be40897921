/**
 * The error a stack sends about a packet it could not handle, and when it stays silent (RFC 1122 3.2.2, RFC 4443 2.4; Linux
 * net/ipv4/icmp.c, net/ipv6/icmp.c): never about another error, a broadcast or a later fragment, and at most six at once and
 * then one a second to the same address (ratelimit 1000 ms, burst factor 6); the wider IPv6's route back, the more often.
 * `Frag needed` and Packet Too Big are exempt from the limit.
 */
import type { Ip } from '../../model/ip.ts';
import { UNSPECIFIED6 } from '../../model/ipv6.ts';
import type { IcmpEcho, IcmpErrorKind, IpPacket, UdpDatagram } from '../../model/packet.ts';
import { headerLength, ICMP_HEADER, packetLength, UDP_HEADER } from '../../model/wire-length.ts';
import { ownPacket } from './flow.ts';
import type { Hop } from './hop.ts';
import { isLinkLocalAddress } from './inet6.ts';
import type { MemoryDraft } from './memory.ts';
import type { RouteEntry } from './route-table.ts';
import { sourceAddress } from './source-address.ts';
import { tablesOf } from './stack.ts';

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
export function icmpError(hop: Hop, wish: ErrorWish): IpPacket | undefined {
  const { journey, packet } = hop;
  if (!mayAnswer(hop)) return undefined;
  const { error, mtu, cut = false } = wish;
  const back = wayBack(hop);
  const source = errorSource(hop, back);
  if (source === undefined || !isAllowed(hop, back, wish)) return undefined;
  const tos = packet.kind === 'ipv4' ? (packet.tos & 0x1e) | INTERNETWORK_CONTROL : 0;
  const original = quoted(hop, cut);
  return ownPacket(
    { source, destination: packet.source, ttl: 64, tos, now: journey.now },
    { kind: 'icmp-error', error, ...(mtu === undefined ? {} : { mtu }), original },
  );
}

function mayAnswer({ stack, packet }: Hop): boolean {
  const laterFragment = packet.fragment !== undefined && packet.fragment.offset > 0;
  if (packet.payload.kind === 'icmp-error' || laterFragment) return false;
  if (packet.kind === 'ipv4') return !stack.routes.isBroadcast(packet.destination);
  const isMulticast = packet.destination.startsWith('ff');
  return packet.source !== UNSPECIFIED6 && !(isMulticast || packet.source.startsWith('ff'));
}

/** To a link-local sender it leads out of the device the packet came in by. */
function wayBack({ stack, packet, input }: Hop): RouteEntry<Ip> | undefined {
  const { routes } = tablesOf(stack, packet);
  return input && isLinkLocalAddress(packet.source)
    ? routes.lookupOn(input.name, packet.source)
    : routes.lookup(packet.source);
}

/** The address the packet was for, when it is ours; else the one with which we would speak to its sender. */
function errorSource({ stack, packet }: Hop, back: RouteEntry<Ip> | undefined): Ip | undefined {
  if (tablesOf(stack, packet).routes.isLocal(packet.destination)) return packet.destination;
  if (!back?.device) return undefined;
  return back.type === 'local' ? packet.source : sourceAddress(stack, back, packet.source);
}

/** Nobody counts what a stack tells itself. */
function isAllowed(
  { journey, stack, packet }: Hop,
  back: RouteEntry<Ip> | undefined,
  { error, unroutable }: ErrorWish,
): boolean {
  if (error === 'too-big' || tablesOf(stack, packet).routes.isLocal(packet.source)) return true;
  const paysTwice = packet.kind === 'ipv4' && unroutable === true;
  const bursts = paysTwice ? [UNROUTABLE_BURST, BURST] : [BURST];
  const every = packet.kind === 'ipv4' ? REFILL_TIME : refillTime(back);
  const now = ticks(journey.now);
  const memory = journey.memory(stack.id);
  return bursts.every((burst) => takeToken(memory, packet.source, { burst, every, now }));
}

/** icmpv6_xrlim_allow: halved for every 32 bits that the route back leaves open, in whole jiffies. */
const refillTime = (back: RouteEntry<Ip> | undefined): number => {
  const open = 128 - (back?.matched.prefix.length ?? 128);
  return ((REFILL_TIME / JIFFY) >> (open >> 5)) * JIFFY;
};

/** The packet itself, or the first of its pieces; connection tracking has put together those that came in. */
function quoted({ stack, packet, pieces }: Hop, cut: boolean): IpPacket {
  const [first] = pieces ?? [];
  // The pieces that a tunnel carries are packets of their own.
  if (first && !first.fragment) return first;
  const asItCame = cut || !tablesOf(stack, packet).program.tracks;
  if (!first || !asItCame) return packet;
  const length = packetLength(first) - headerLength(first);
  if (first.kind === 'ipv4' && packet.kind === 'ipv4')
    return { ...first, payload: beginning(packet.payload, length) };
  if (first.kind === 'ipv6' && packet.kind === 'ipv6')
    return { ...first, payload: beginning(packet.payload, length) };
  return first;
}

/** A fragment's bytes as the headers they begin with, so that whoever reads the quote knows the flow. */
function beginning<Payload extends IpPacket['payload']>(
  payload: Payload,
  length: number,
): Payload | IcmpEcho | UdpDatagram {
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
  /** Milliseconds for one token. */
  readonly every: number;
  readonly burst: number;
  readonly now: number;
}

/**
 * The bucket of an address fills by one token a second, up to the burst (inet_peer_xrlim_allow). What cannot be routed pays
 * twice, first in ip_error and then here: a ping of one a second hears four errors and no more.
 */
function takeToken(memory: MemoryDraft, destination: Ip, { burst, every, now }: Limit): boolean {
  const bucket = memory.icmpTokens(destination) ?? { tokens: burst, at: now };
  // Exchanges that began at the same moment count as one after the other.
  const waited = Math.max(now - bucket.at, 0);
  const tokens = Math.min(burst, bucket.tokens + waited / every);
  const allowed = tokens >= 1;
  memory.setIcmpTokens(destination, allowed ? tokens - 1 : tokens, bucket.at + waited);
  return allowed;
}
