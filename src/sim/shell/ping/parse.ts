/** From ping's command line to what it will do. Wordings and bounds: iputils 20221126, compared with the real tool. */
import { ok } from '../../../base/result.ts';
import { complain, type Parsed } from '../network/complaint.ts';
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
import { PING } from './flags.ts';

export interface PingWishes {
  readonly destination: string;
  readonly family: WantedFamily;
  readonly count: number | undefined;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds to wait for the last answer when none has come yet. */
  readonly linger: number;
  /** Milliseconds after which ping ends anyway. */
  readonly deadline: number | undefined;
  readonly dataLength: number;
  readonly ttl: number;
  /** Device or address of -I. */
  readonly from: string | undefined;
  readonly pmtuDiscovery: 'do' | 'want' | 'dont';
  readonly numeric: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly outstanding: boolean;
  readonly timestamps: boolean;
  /** What is said about an argument that the tool only grumbles at. */
  readonly grumble: string;
}

export type PingLine = { readonly kind: 'version' } | { readonly kind: 'ping'; readonly wishes: PingWishes };

/** `family`: that of the tool's name, which -4 and -6 overrule. */
export function parsePing(words: readonly string[], family: WantedFamily): Parsed<PingLine> {
  const read = parseFlags(words, PING);
  if (!read.ok) return complain(2, mistakeText(read.error));
  const flags = read.value;
  if (isGiven(flags, 'h')) return complain(2, `\n${helpText(PING)}`);
  if (isGiven(flags, 'V')) return ok({ kind: 'version' });
  if (['4', '6'].every((flag) => isGiven(flags, flag)))
    return complain(2, 'ping: only one -4 or -6 option may be specified');
  const numbers = readNumbers(flags);
  if (!numbers.ok) return numbers;
  const given = valueOf(flags, 'M') ?? 'want';
  const pmtu = PMTU.find((known) => known === given);
  if (pmtu === undefined) return complain(2, `ping: invalid -M argument: ${given}`);
  const destination = flags.operands.at(-1);
  if (destination === undefined) return complain(1, 'ping: usage error: Destination address required');
  if (flags.operands.length > 1)
    return complain(2, 'ping: source routes (several addresses) are not simulated.');
  return ok({
    kind: 'ping',
    wishes: {
      destination,
      family: familyGiven(flags, family),
      pmtuDiscovery: pmtu,
      ...switches(flags),
      ...numbers.value,
    },
  });
}

const PMTU = ['do', 'want', 'dont'] as const;

function switches(
  flags: Flags,
): Pick<PingWishes, 'from' | 'numeric' | 'quiet' | 'verbose' | 'outstanding' | 'timestamps'> {
  return {
    from: valueOf(flags, 'I'),
    numeric: isGiven(flags, 'n'),
    quiet: isGiven(flags, 'q'),
    verbose: isGiven(flags, 'v'),
    outstanding: isGiven(flags, 'O'),
    timestamps: isGiven(flags, 'D'),
  };
}

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(PING, flag);
  const letter = flag.startsWith('--') ? '-' : flag.slice(1);
  const what = kind === 'unknown' ? 'invalid option' : 'option requires an argument';
  return `ping: ${what} -- '${letter}'\n\n${helpText(PING)}`;
}

type Numbers = Pick<
  PingWishes,
  'count' | 'interval' | 'linger' | 'deadline' | 'dataLength' | 'ttl' | 'grumble'
>;

function readNumbers(flags: Flags): Parsed<Numbers> {
  const count = whole(valueOf(flags, 'c'), 1, '9223372036854775807');
  if (!count.ok) return count;
  const dataLength = whole(valueOf(flags, 's'), 0, '2147483647');
  if (!dataLength.ok) return dataLength;
  const ttl = whole(valueOf(flags, 't'), 0, '255');
  if (!ttl.ok) return ttl;
  const deadline = whole(valueOf(flags, 'w'), 0, '2147483647');
  if (!deadline.ok) return deadline;
  const pace = readPace(flags);
  if (!pace.ok) return pace;
  return ok({
    ...pace.value,
    count: count.value,
    deadline: deadline.value === 0 || deadline.value === undefined ? undefined : deadline.value * 1000,
    dataLength: dataLength.value ?? 56,
    ttl: ttl.value ?? 64,
  });
}

function readPace(flags: Flags): Parsed<Pick<Numbers, 'interval' | 'linger' | 'grumble'>> {
  const interval = seconds(valueOf(flags, 'i'), 1);
  const linger = seconds(valueOf(flags, 'W'), 10);
  if (interval.value < 0) return complain(2, `ping: bad timing interval: ${valueOf(flags, 'i') ?? ''}`);
  if (linger.value < 0) return complain(2, `ping: bad linger time: ${valueOf(flags, 'W') ?? ''}`);
  return ok({
    interval: Math.max(interval.value * 1000, SHORTEST_INTERVAL),
    linger: linger.value * 1000,
    grumble: interval.grumble + linger.grumble,
  });
}

/** The real tool floods at interval 0; a lab's learner gets a hundred packets a second. */
const SHORTEST_INTERVAL = 10;

function whole(text: string | undefined, least: number, most: string): Parsed<number | undefined> {
  if (text === undefined) return ok(undefined);
  if (!/^[-+]?\d+$/.test(text)) return complain(1, `ping: invalid argument: '${text}'`);
  const value = Number(text);
  return value < least || value > Number(most)
    ? complain(1, `ping: invalid argument: '${text}': out of range: ${least} <= value <= ${most}`)
    : ok(value);
}

/** A number of seconds; what follows it is grumbled at and ignored, as iputils' ping_strtod does. */
function seconds(
  text: string | undefined,
  otherwise: number,
): { readonly value: number; readonly grumble: string } {
  if (text === undefined) return { value: otherwise, grumble: '' };
  const [number = '', rest = ''] = /^([-+]?[\d.]*)(.*)$/s.exec(text)?.slice(1) ?? [];
  const value = Number(number);
  const grumble =
    rest === ''
      ? ''
      : `ping: option argument contains garbage: ${rest}\nping: this will become fatal error in the future\n`;
  return { value: Number.isFinite(value) ? value : 0, grumble };
}
