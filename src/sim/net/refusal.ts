/**
 * Why a stack does not take a packet, or does not hand it on: sources that cannot be (net/ipv4/fib_frontend.c
 * fib_validate_source), destinations that stay on their link, packets too large for the next one (net/ipv6/ip6_output.c
 * ip6_forward, ip6_pkt_too_big).
 */
import type { Ip } from '../../model/ip.ts';
import { IPV6_MIN_MTU, packetLength } from '../../model/wire-length.ts';
import type { Hop } from './hop.ts';
import { isLinkLocalAddress } from './inet6.ts';
import type { RouteEntry } from './route-table.ts';
import { acceptsLocal, forwards, reversePathFilter } from './sysctl.ts';

/** Why a packet of IPv4 cannot have come from where it says; IPv6 asks no such thing. */
export function martianSource({ stack: { netns, routes }, input, packet }: Hop): string | undefined {
  if (!input || packet.kind === 'ipv6') return undefined;
  const { source } = packet;
  if (routes.isLocal(source)) {
    return acceptsLocal(netns, input)
      ? undefined
      : 'martian source: a packet from outside claims an own address';
  }
  const filter = reversePathFilter(netns, input);
  if (filter === 0) return undefined;
  const back = routes.lookup(source)?.device;
  if (back && (filter === 2 || back.name === input.name)) return undefined;
  return `the way back to its source does not lead out of ${input.name} (rp_filter=${filter})`;
}

/** Why a packet for somebody else is not even looked up; IPv6 says first that there is no way. */
export const whyNotRouted = ({ stack, input, packet }: Hop): string | undefined =>
  packet.kind === 'ipv6' || forwards(stack.netns, input)
    ? undefined
    : 'the host does not forward (ip_forward=0)';

/** Why a packet for somebody else ends here. */
export function whyNotForwarded({ stack, packet }: Hop, { type }: RouteEntry<Ip>): string | undefined {
  if (type === 'broadcast') return 'directed broadcasts are not forwarded';
  if (packet.kind === 'ipv4') return undefined;
  if (!stack.netns.inet6?.forwarding) return 'the host does not forward (net.ipv6.conf.all.forwarding=0)';
  return isLinkLocalAddress(packet.source) ? 'packets of link-local addresses are not forwarded' : undefined;
}

/** Too large for a link, and nobody here may cut it. In IPv6 only who sends a packet does, and no tunnel (ip6_fragment). */
export function isStuck({ packet, pieces, input, inside }: Hop, mtu: number): boolean {
  if (packet.kind === 'ipv4') return packet.dontFragment && packetLength(packet) > mtu;
  if (input === undefined && inside === undefined) return false;
  const limit = Math.max(mtu, IPV6_MIN_MTU);
  return pieces ? pieces.some((piece) => packetLength(piece) > limit) : packetLength(packet) > limit;
}
