import { describe, expect, test } from 'vitest';
import type { TcpFlags } from '../../model/packet.ts';
import type { Direction } from './connection-table.ts';
import { tcpTransition, type TcpTransition } from './conntrack-tcp.ts';
import type { TcpTrackState } from './netns.ts';

const SYN: TcpFlags = { syn: true };
const SYN_ACK: TcpFlags = { syn: true, ack: true };
const ACK: TcpFlags = { ack: true };
const FIN: TcpFlags = { fin: true, ack: true };
const RST: TcpFlags = { rst: true };

type Passing = readonly [flags: TcpFlags, direction: Direction];
const out = (flags: TcpFlags): Passing => [flags, 'original'];
const back = (flags: TcpFlags): Passing => [flags, 'reply'];

/** What each segment is taken for; invalid and ignored ones change nothing. */
function seen(...segments: readonly Passing[]): readonly TcpTransition[] {
  let state: TcpTrackState | undefined;
  return segments.map(([flags, direction]) => {
    const next = tcpTransition(state, flags, direction);
    if (next !== 'ignored' && next !== 'invalid') state = next;
    return next;
  });
}

describe('what tracking makes of segments', () => {
  test('a whole connection, closed by its client', () => {
    expect(
      seen(out(SYN), back(SYN_ACK), out(ACK), back(ACK), out(FIN), back(ACK), back(FIN), out(ACK)),
    ).toEqual([
      'SYN_SENT',
      'SYN_RECV',
      'ESTABLISHED',
      'ESTABLISHED',
      'FIN_WAIT',
      'CLOSE_WAIT',
      'LAST_ACK',
      'TIME_WAIT',
    ]);
  });

  test.each([
    ['SYN', SYN, 'SYN_SENT'],
    ['SYN-ACK', SYN_ACK, 'invalid'],
    ['ACK', ACK, 'ESTABLISHED'],
    ['FIN', FIN, 'invalid'],
    ['RST', RST, 'invalid'],
    ['nothing', {}, 'invalid'],
  ] as const)('the first segment seen is a %s', (_, flags, taken) => {
    expect(seen(out(flags))).toEqual([taken]);
  });

  test('the answer went another way: the acknowledgement of what was not seen is invalid', () => {
    expect(seen(out(SYN), out(ACK), out(FIN))).toEqual(['SYN_SENT', 'invalid', 'invalid']);
  });

  test('the acknowledgement went another way: answers pass', () => {
    expect(seen(out(SYN), back(SYN_ACK), back(ACK), back(FIN))).toEqual([
      'SYN_SENT',
      'SYN_RECV',
      'SYN_RECV',
      'FIN_WAIT',
    ]);
  });

  test('a SYN repeated on a living connection is ignored, and on a dead one begins anew', () => {
    expect(seen(out(SYN), out(SYN), back(SYN_ACK), out(SYN), out(RST), out(SYN))).toEqual([
      'SYN_SENT',
      'SYN_SENT',
      'SYN_RECV',
      'ignored',
      'CLOSE',
      'SYN_SENT',
    ]);
  });

  test('who called cannot answer itself, and who answers cannot call', () => {
    expect(seen(out(SYN), out(SYN_ACK), back(SYN_ACK), out(ACK), back(SYN), back(SYN_ACK))).toEqual([
      'SYN_SENT',
      'invalid',
      'SYN_RECV',
      'ESTABLISHED',
      'invalid',
      'ignored',
    ]);
  });
});
