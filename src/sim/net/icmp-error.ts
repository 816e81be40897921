/**
 * The error a stack sends about a packet it could not handle, and when it stays silent (RFC 1122 3.2.2, Linux
 * net/ipv4/icmp.c): never about another error, a broadcast or a later fragment, and at most six at once and then one a
 * second to the same address (icmp_ratelimit 1000 ms, burst factor 6). `Frag needed` is exempt from the limit.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { IcmpErrorKind, Ipv4Packet } from '../../model/packet.ts';
import { packetId } from './flow.ts';
import type { Hop } from './hop.ts';
import type { MemoryDraft } from './memory.ts';
import { sourceAddress } from './source-address.ts';
import type { Stack } from './stack.ts';

const BURST = 6;
const REFILL_TIME = 1_000;

/** Routers mark their errors as internetwork control. */
const INTERNETWORK_CONTROL = 0xc0;

export interface ErrorWish {
  readonly error: IcmpErrorKind;
  /** The MTU that was too small, with `too-big`. */
  readonly mtu?: number;
}

/** Undefined when the stack says nothing: not allowed to, no way back, or no token left. */
export function icmpError(hop: Hop, { error, mtu }: ErrorWish): Ipv4Packet | undefined {
  const { journey, stack, packet } = hop;
  if (!mayAnswer(stack, packet)) return undefined;
  const source = errorSource(stack, packet);
  if (source === undefined) return undefined;
  const isOwn = stack.routes.isLocal(packet.source);
  const limited = error !== 'too-big' && !isOwn;
  if (limited && !takeToken(journey.memory(stack.id), packet.source, journey.now)) return undefined;
  return {
    kind: 'ipv4',
    source,
    destination: packet.source,
    ttl: 64,
    tos: (packet.tos & 0x1e) | INTERNETWORK_CONTROL,
    id: packetId(source, packet.source, journey.now),
    dontFragment: false,
    payload: { kind: 'icmp-error', error, ...(mtu === undefined ? {} : { mtu }), original: packet },
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

/** inet_peer_xrlim_allow: the bucket of an address fills by one token a second, up to the burst. */
function takeToken(memory: MemoryDraft, destination: Ipv4, now: number): boolean {
  const bucket = memory.icmpTokens(destination) ?? { tokens: BURST, at: now };
  // Exchanges that began at the same moment count as one after the other.
  const waited = Math.max(now - bucket.at, 0);
  const tokens = Math.min(BURST, bucket.tokens + waited / REFILL_TIME);
  const allowed = tokens >= 1;
  memory.setIcmpTokens(destination, allowed ? tokens - 1 : tokens, bucket.at + waited);
  return allowed;
}
