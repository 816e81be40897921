/**
 * A connection as `conntrack -L` prints it: both tuples, with what the kernel knows of its state between them. Layout:
 * conntrack 1.4.7, transcripts of the reference lab and the real tool on Linux 6.18. ICMP identifiers stand in the tuple's
 * source port.
 */
import type { ConntrackEntry, Tuple } from '../../net/netns.ts';
import { formatIpv4 } from '../../../model/ip.ts';

export const PROTOCOL_NUMBER: Readonly<Record<ConntrackEntry['protocol'], number>> = {
  icmp: 1,
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
    ...(extended ? ['ipv4     2'] : []),
    `${protocol.padEnd(8)} ${PROTOCOL_NUMBER[protocol]} ${seconds}`,
    ...(state === undefined ? [] : [state]),
    tupleText(protocol, original, 8),
    ...(replied === true ? [] : ['[UNREPLIED]']),
    tupleText(protocol, reply, 0),
    ...(assured ? ['[ASSURED]'] : []),
    'mark=0 use=1',
    ...(id ? [`id=${identity(entry)}`] : []),
  ];
  return words.join(' ');
}

function tupleText(protocol: ConntrackEntry['protocol'], tuple: Tuple, echoType: number): string {
  const addresses = `src=${formatIpv4(tuple.source)} dst=${formatIpv4(tuple.destination)}`;
  return protocol === 'icmp'
    ? `${addresses} type=${echoType} code=0 id=${tuple.sourcePort}`
    : `${addresses} sport=${tuple.sourcePort} dport=${tuple.destinationPort}`;
}

/** The kernel hashes an address of its own memory; a number that stays with the connection is what matters. */
function identity({ protocol, original }: ConntrackEntry): number {
  const { source, destination, sourcePort, destinationPort } = original;
  let hash = PROTOCOL_NUMBER[protocol];
  for (const part of [source, destination, sourcePort, destinationPort]) {
    hash = Math.imul(hash ^ part, 0x01000193) ^ (hash >>> 13);
  }
  return hash >>> 0;
}
