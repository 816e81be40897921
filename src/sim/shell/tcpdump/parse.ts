/** From tcpdump's command line to what it will do. Wordings: tcpdump 4.99.3, compared with the real tool. */
import { ok } from '../../../base/result.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import {
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  times,
  valueOf,
  type FlagMistake,
  type Flags,
} from '../network/flags.ts';
import { TCPDUMP, TCPDUMP_VERSION } from './flags.ts';

export interface TcpdumpWishes {
  readonly device: string | undefined;
  readonly count: number | undefined;
  readonly writeTo: string | undefined;
  readonly readFrom: string | undefined;
  readonly direction: 'in' | 'out' | 'inout';
  readonly expression: string;
  readonly linkHeader: boolean;
  readonly verbose: number;
  readonly quick: boolean;
  readonly numeric: boolean;
  readonly absoluteSequence: boolean;
  /** How many -t. */
  readonly times: number;
  readonly dump: 'none' | 'hex' | 'hex-ascii' | 'ascii';
  readonly dumpLinkHeader: boolean;
  readonly numbered: boolean;
  readonly onlyCount: boolean;
}

export type TcpdumpLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'devices' }
  | { readonly kind: 'capture'; readonly wishes: TcpdumpWishes };

export function parseTcpdump(words: readonly string[]): Parsed<TcpdumpLine> {
  const read = parseFlags(words, TCPDUMP);
  if (!read.ok) return complain(1, mistakeText(read.error));
  const flags = read.value;
  if (isGiven(flags, 'h')) return ok({ kind: 'text', text: `${TCPDUMP_VERSION}${helpText(TCPDUMP)}\n` });
  if (isGiven(flags, 'version')) return ok({ kind: 'text', text: TCPDUMP_VERSION });
  if (isGiven(flags, 'D')) return ok({ kind: 'devices' });
  return readWishes(flags);
}

function readWishes(flags: Flags): Parsed<TcpdumpLine> {
  const count = valueOf(flags, 'c');
  if (count !== undefined && !/^[1-9]\d*$/.test(count))
    return complain(1, `tcpdump: invalid packet count ${count}`);
  const direction = valueOf(flags, 'Q') ?? 'inout';
  if (direction !== 'in' && direction !== 'out' && direction !== 'inout') {
    return complain(1, `tcpdump: unknown capture direction '${direction}'`);
  }
  const wishes: TcpdumpWishes = {
    device: valueOf(flags, 'i'),
    count: count === undefined ? undefined : Number(count),
    writeTo: valueOf(flags, 'w'),
    readFrom: valueOf(flags, 'r'),
    direction,
    expression: flags.operands.join(' '),
    linkHeader: isGiven(flags, 'e'),
    verbose: times(flags, 'v'),
    quick: isGiven(flags, 'q'),
    numeric: isGiven(flags, 'n'),
    absoluteSequence: isGiven(flags, 'S'),
    times: times(flags, 't'),
    dump: dumpOf(flags),
    dumpLinkHeader: times(flags, 'x') > 1 || times(flags, 'X') > 1,
    numbered: isGiven(flags, '#'),
    onlyCount: isGiven(flags, 'count'),
  };
  return ok({ kind: 'capture', wishes });
}

function dumpOf(flags: Flags): TcpdumpWishes['dump'] {
  if (isGiven(flags, 'A')) return 'ascii';
  if (isGiven(flags, 'X')) return 'hex-ascii';
  return isGiven(flags, 'x') ? 'hex' : 'none';
}

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(TCPDUMP, flag);
  const usage = `\n${TCPDUMP_VERSION}${helpText(TCPDUMP)}`;
  if (kind === 'unknown') {
    return flag.startsWith('--')
      ? `tcpdump: unrecognized option '${flag}'${usage}`
      : `tcpdump: invalid option -- '${flag.slice(1)}'${usage}`;
  }
  return flag.startsWith('--')
    ? `tcpdump: option '${flag}' requires an argument${usage}`
    : `tcpdump: option requires an argument -- '${flag.slice(1)}'${usage}`;
}
