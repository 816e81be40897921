/** From traceroute's command line to what it will do. Wordings and bounds: traceroute 2.1.2, compared with the real tool. */
import { ok, type Result } from '../../../base/result.ts';
import { complain, type Complaint, type Parsed } from '../network/complaint.ts';
import {
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  valueOf,
  type FlagMistake,
  type Flags,
} from '../network/flags.ts';
import { familyGiven, type WantedFamily } from '../network/names.ts';
import { TRACEROUTE } from './flags.ts';

export interface TracerouteWishes {
  readonly host: string;
  readonly family: WantedFamily;
  /** Position of the host among all words, which a complaint tells. */
  readonly hostPosition: number;
  readonly icmp: boolean;
  readonly numeric: boolean;
  readonly firstHop: number;
  readonly lastHop: number;
  readonly perHop: number;
  readonly atOnce: number;
  readonly port: number;
  /** Bytes of IP, if it was said. */
  readonly packetLength: number | undefined;
  readonly wait: WaitRule;
}

/** How long to wait for one probe: milliseconds, and factors of answers from the same and from a later hop. */
export interface WaitRule {
  readonly longest: number;
  readonly here: number;
  readonly near: number;
}

export type TracerouteLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'trace'; readonly wishes: TracerouteWishes };

const VERSION =
  'Modern traceroute for Linux, version 2.1.2\nCopyright (c) 2016  Dmitry Butskoy,   License: GPL v2 or any later\n';

/** `family`: that of the tool's name, which -4 and -6 overrule. */
export function parseTraceroute(words: readonly string[], family: WantedFamily): Parsed<TracerouteLine> {
  const read = parseFlags(words, TRACEROUTE);
  if (!read.ok) return complain(2, mistakeText(read.error));
  const flags = read.value;
  const [host, length, extra] = flags.operands;
  if (isGiven(flags, 'V')) return ok({ kind: 'text', text: VERSION });
  if (isGiven(flags, 'help') || host === undefined)
    return ok({ kind: 'text', text: `${helpText(TRACEROUTE)}\n` });
  const positionOf = (word: string): number => words.lastIndexOf(word) + 1;
  if (extra !== undefined)
    return complain(2, `Extra arg \`${extra}' (position 3, argc ${positionOf(extra)})`);
  const numbers = readNumbers(flags, positionOf);
  if (!numbers.ok) return numbers;
  const packetLength = readLength(length, positionOf);
  if (!packetLength.ok) return packetLength;
  const rest = {
    host,
    family: familyGiven(flags, family),
    hostPosition: positionOf(host),
    icmp: isGiven(flags, 'I'),
    numeric: isGiven(flags, 'n'),
    packetLength: packetLength.value,
  };
  return ok({ kind: 'trace', wishes: { ...rest, ...numbers.value } });
}

function mistakeText({ kind, flag, position }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(TRACEROUTE, flag);
  if (kind === 'unknown') return `Bad option \`${flag}' (argc ${position})`;
  const takes =
    TRACEROUTE.flags.find(({ short, long }) => `-${short}` === flag || `--${long}` === flag)?.takes ?? '';
  return `Option \`${flag}' (argc ${position}) requires an argument: \`${flag} ${takes}'`;
}

type Numbers = Pick<TracerouteWishes, 'firstHop' | 'lastHop' | 'perHop' | 'atOnce' | 'port' | 'wait'>;

function readNumbers(flags: Flags, positionOf: (word: string) => number): Parsed<Numbers> {
  const number = (flag: string, otherwise: number): Result<number, Complaint> => {
    const text = valueOf(flags, flag);
    if (text === undefined) return ok(otherwise);
    return /^\d+$/.test(text) ? ok(Number(text)) : cannotHandle(flag, text, positionOf(text));
  };
  const firstHop = number('f', 1);
  const lastHop = number('m', 30);
  const perHop = number('q', 3);
  const atOnce = number('N', 16);
  const port = number('p', FIRST_PORT);
  const wait = readWait(valueOf(flags, 'w'), positionOf);
  for (const each of [firstHop, lastHop, perHop, atOnce, port]) if (!each.ok) return each;
  if (!wait.ok) return wait;
  return checked({
    firstHop: valueIn(firstHop),
    lastHop: valueIn(lastHop),
    perHop: valueIn(perHop),
    atOnce: Math.max(1, valueIn(atOnce)),
    port: valueIn(port),
    wait: wait.value,
  });
}

const FIRST_PORT = 33434;

const valueIn = (result: Result<number, Complaint>): number => (result.ok ? result.value : 0);

const cannotHandle = (flag: string, text: string, position: number): Result<never, Complaint> =>
  complain(2, `Cannot handle \`-${flag}' option with arg \`${text}' (argc ${position})`);

function checked(numbers: Numbers): Parsed<Numbers> {
  const { firstHop, lastHop, perHop } = numbers;
  if (lastHop > 255) return complain(2, 'max hops cannot be more than 255');
  if (firstHop < 1 || firstHop > lastHop) return complain(2, 'first hop out of range');
  if (perHop < 1 || perHop > 10) return complain(2, 'no more than 10 probes per hop');
  return ok(numbers);
}

function readWait(text: string | undefined, positionOf: (word: string) => number): Parsed<WaitRule> {
  const [longest = 5, here = 3, near = 10] = (text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map(Number);
  if ([longest, here, near].some((part) => !(part >= 0)))
    return cannotHandle('w', text ?? '', positionOf(text ?? ''));
  return ok({ longest: longest * 1000, here, near });
}

function readLength(
  text: string | undefined,
  positionOf: (word: string) => number,
): Parsed<number | undefined> {
  if (text === undefined) return ok(undefined);
  if (!/^\d+$/.test(text)) {
    return complain(
      2,
      `Cannot handle "packetlen" cmdline arg \`${text}' on position 2 (argc ${positionOf(text)})`,
    );
  }
  const length = Number(text);
  return length > 65000 ? complain(2, `too big packetlen ${length} specified`) : ok(length);
}
