/**
 * A connection as `conntrack -L` prints it: both tuples, with what the kernel knows of its state between them. Layout:
 * conntrack 1.4.7, transcripts of the reference lab and the real tool on Linux 6.18. ICMP identifiers stand in the tuple's
 * source port.
 */
import type { ConntrackEntry, Tuple } from '../../net/netns.ts';
import { formatIp, isIpv6 } from '../../../model/ip-family.ts';
import { addressHash } from '../../net/flow-hash.ts';

export const PROTOCOL_NUMBER: Readonly<Record<ConntrackEntry['protocol'], number>> = {
  icmp: 1,
  icmpv6: 58,
  tcp: 6,
  udp: 17,
};

export interface FormatWishes {
  /** `-o extended`: the network protocol first. */
  readonly extended: boolean;
  /** `-o id` */
  readonly id: boolean;
}

/** `now` in the virtual milliseconds of `expires`. */
export function connectionText(entry: ConntrackEntry, now: number, { extended, id }: FormatWishes): string {
  const { protocol, original, reply, state, assured, replied } = entry;
  const seconds = Math.max(0, Math.floor((entry.expires - now) / 1000));
  const words = [
    ...(extended ? [isIpv6(original.source) ? 'ipv6     10' : 'ipv4     2'] : []),
    `${protocol.padEnd(8)} ${PROTOCOL_NUMBER[protocol]} ${seconds}`,
    ...(state === undefined ? [] : [state]),
    tupleText(protocol, original, ECHO[protocol]?.request ?? 0),
    ...(replied === true ? [] : ['[UNREPLIED]']),
    tupleText(protocol, reply, ECHO[protocol]?.reply ?? 0),
    ...(assured ? ['[ASSURED]'] : []),
    'mark=0 use=1',
    ...(id ? [`id=${identity(entry)}`] : []),
  ];
  return words.join(' ');
}

/** Types of the messages that a ping is made of. */
const ECHO: Readonly<
  Partial<Record<ConntrackEntry['protocol'], { readonly request: number; readonly reply: number }>>
> = {
  icmp: { request: 8, reply: 0 },
  icmpv6: { request: 128, reply: 129 },
};

function tupleText(protocol: ConntrackEntry['protocol'], tuple: Tuple, echoType: number): string {
  const addresses = `src=${formatIp(tuple.source)} dst=${formatIp(tuple.destination)}`;
  return ECHO[protocol]
    ? `${addresses} type=${echoType} code=0 id=${tuple.sourcePort}`
    : `${addresses} sport=${tuple.sourcePort} dport=${tuple.destinationPort}`;
}

/** The kernel hashes an address of its own memory; a number that stays with the connection is what matters. */
function identity({ protocol, original }: ConntrackEntry): number {
  const { source, destination, sourcePort, destinationPort } = original;
  let hash = PROTOCOL_NUMBER[protocol];
  for (const part of [addressHash(source), addressHash(destination), sourcePort, destinationPort]) {
    hash = Math.imul(hash ^ part, 0x01000193) ^ (hash >>> 13);
  }
  return hash >>> 0;
}
