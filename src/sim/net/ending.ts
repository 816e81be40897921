/**
 * How a packet's walk ends: at a socket, in silence, or with an ICMP error on its way back.
 */
import type { IpPacket } from '../../model/packet.ts';
import { decisionText } from '../../model/policy-decision.ts';
import type { Disposition } from '../../model/trace.ts';
import { IPV6_MIN_MTU, packetLength } from '../../model/wire-length.ts';
import type { CableEnd } from './cable.ts';
import { translate } from './conntrack.ts';
import type { Hop } from './hop.ts';
import type { ErrorWish } from './icmp-error.ts';
import { icmpError } from './icmp-error.ts';

export interface End {
  readonly disposition: Disposition;
  /** The hop at which it ended. */
  readonly hop: Hop;
  readonly delivered?: IpPacket;
  readonly error?: IpPacket | undefined;
  /** Where a frame came out that a VXLAN carried by itself. */
  readonly landed?: CableEnd;
}

/** A socket, or the kernel itself for ICMP, takes the packet. */
export function deliver(hop: Hop): End {
  hop.journey.step({ kind: 'deliver', at: hop.stack.id, packet: hop.packet });
  return { disposition: 'delivered', hop, delivered: hop.packet };
}

/** The walk ends here in silence. */
export function drop(hop: Hop, disposition: Exclude<Disposition, 'delivered'>, reason: string): End {
  hop.journey.step({ kind: 'drop', at: hop.stack.id, disposition, reason });
  return { disposition, hop };
}

/** The walk ends here, and the sender may be told. */
export function fail(
  hop: Hop,
  disposition: Exclude<Disposition, 'delivered'>,
  { reason, ...wish }: ErrorWish & { readonly reason: string },
): End {
  const error = icmpError(hop, wish);
  return { ...drop(hop, disposition, reason), error: error && backwards(hop, error) };
}

/**
 * The error about a packet of a connection that is not in the table yet: it belongs to the connection all the same, and the
 * sender sees the addresses it knows.
 */
function backwards({ connection }: Hop, error: IpPacket): IpPacket {
  if (!connection?.unconfirmed) return error;
  const related = { ...connection, direction: 'reply', state: 'RELATED', unconfirmed: false } as const;
  return translate(translate(error, related, 'destination'), related, 'source');
}

/** IPv6 tells nobody of less than every link must take. */
export function tooBig(hop: Hop, limit: number): End {
  const { packet } = hop;
  const mtu = packet.kind === 'ipv4' ? limit : Math.max(limit, IPV6_MIN_MTU);
  const flag = packet.kind === 'ipv4' ? " with Don't Fragment" : '';
  const reason = `${packetLength(packet)} bytes${flag} do not fit the MTU of ${mtu}`;
  return fail(hop, 'too-big', { error: 'too-big', mtu, reason });
}

/** A rule that Felix wrote for a policy says which one it was. */
export function deny(hop: Hop, verdict: 'drop' | 'reject', hook: string): End {
  const last = hop.journey.steps.at(-1);
  const rule = last?.kind === 'rule' ? last : undefined;
  const reason = rule?.decision
    ? `${decisionText(rule.decision)} (chain ${rule.chain})`
    : `netfilter ${verdict === 'drop' ? 'dropped' : 'rejected'} it in ${hook}`;
  return verdict === 'drop'
    ? drop(hop, 'denied', reason)
    : fail(hop, 'denied', { error: 'port-unreachable', reason });
}
