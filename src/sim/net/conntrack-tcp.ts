/**
 * What a TCP segment does to a tracked connection, direction by direction: the transitions of the kernel's tracker, which
 * follows the handshake it sees pass and not the one that happened (Linux 6.x net/netfilter/nf_conntrack_proto_tcp.c,
 * nf_conntrack_tcp_loose=1). Left out: simultaneous open and windows.
 */
import type { TcpFlags } from '../../model/packet.ts';
import type { Direction } from './connection-table.ts';
import type { TcpTrackState } from './netns.ts';

/** `ignored`: accepted, and the connection stays as it is. `invalid`: the segment is no part of any connection. */
export type TcpTransition = TcpTrackState | 'ignored' | 'invalid';

/** @param state undefined before there is a connection */
export function tcpTransition(
  state: TcpTrackState | undefined,
  flags: TcpFlags,
  direction: Direction,
): TcpTransition {
  if (state === undefined) return firstTransition(flags);
  if (flags.rst) return 'CLOSE';
  if (flags.syn)
    return (
      (flags.ack ? SYN_ACK : SYN)[direction][state] ?? (flags.ack ? OTHER_SYN_ACK : OTHER_SYN)[direction]
    );
  if (flags.fin) return FIN[state] ?? state;
  return flags.ack ? (ACK[direction][state] ?? state) : 'invalid';
}

/** Without a SYN only what could be the middle of a connection is taken up. */
function firstTransition({ syn, ack, fin, rst }: TcpFlags): TcpTransition {
  if (rst || (fin && !syn)) return 'invalid';
  if (syn) return ack ? 'invalid' : 'SYN_SENT';
  return ack ? 'ESTABLISHED' : 'invalid';
}

type Transitions = Readonly<Partial<Record<TcpTrackState, TcpTransition>>>;

const SYN: Readonly<Record<Direction, Transitions>> = {
  original: { SYN_SENT: 'SYN_SENT', TIME_WAIT: 'SYN_SENT', CLOSE: 'SYN_SENT' },
  reply: { SYN_SENT: 'ignored', TIME_WAIT: 'SYN_SENT' },
};
const OTHER_SYN = { original: 'ignored', reply: 'invalid' } as const;

const SYN_ACK: Readonly<Record<Direction, Transitions>> = {
  original: { SYN_RECV: 'SYN_RECV' },
  reply: { SYN_SENT: 'SYN_RECV' },
};
const OTHER_SYN_ACK = { original: 'invalid', reply: 'ignored' } as const;

const FIN: Transitions = {
  SYN_SENT: 'invalid',
  SYN_RECV: 'FIN_WAIT',
  ESTABLISHED: 'FIN_WAIT',
  FIN_WAIT: 'LAST_ACK',
  CLOSE_WAIT: 'LAST_ACK',
};

const CLOSING: Transitions = { FIN_WAIT: 'CLOSE_WAIT', LAST_ACK: 'TIME_WAIT' };
const ACK: Readonly<Record<Direction, Transitions>> = {
  // Whoever acknowledges without an answer seen here got it by another way.
  original: { ...CLOSING, SYN_SENT: 'invalid', SYN_RECV: 'ESTABLISHED' },
  reply: { ...CLOSING, SYN_SENT: 'ignored' },
};
