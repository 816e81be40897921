/** From curl's command line to what it will do. Wordings: curl 7.88.1, compared with the real tool. */
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
import { CURL, CURL_VERSION } from './flags.ts';

export interface CurlWishes {
  readonly urls: readonly string[];
  readonly family: WantedFamily;
  readonly silent: boolean;
  readonly showError: boolean;
  readonly meter: boolean;
  readonly include: boolean;
  readonly head: boolean;
  readonly verbose: boolean;
  readonly fail: boolean;
  readonly output: string | undefined;
  readonly remoteName: boolean;
  /** Milliseconds. */
  readonly maxTime: number | undefined;
  readonly connectTimeout: number | undefined;
  readonly writeOut: string | undefined;
  readonly headers: readonly string[];
  readonly userAgent: string;
  readonly method: string;
}

export type CurlLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'transfer'; readonly wishes: CurlWishes };

const TRY_HELP = "curl: try 'curl --help' or 'curl --manual' for more information";

export function parseCurl(words: readonly string[]): Parsed<CurlLine> {
  const read = parseFlags(words, CURL);
  if (!read.ok) return complain(2, mistakeText(read.error));
  const flags = read.value;
  if (isGiven(flags, 'h')) return ok({ kind: 'text', text: `${helpText(CURL)}\n` });
  if (isGiven(flags, 'V')) return ok({ kind: 'text', text: CURL_VERSION });
  if (flags.operands.length === 0) return complain(2, TRY_HELP);
  const maxTime = seconds(flags, 'm', '-m');
  if (!maxTime.ok) return maxTime;
  const connectTimeout = seconds(flags, 'connect-timeout', '--connect-timeout');
  if (!connectTimeout.ok) return connectTimeout;
  const wishes = { ...switches(flags), maxTime: maxTime.value, connectTimeout: connectTimeout.value };
  return ok({ kind: 'transfer', wishes });
}

function switches(flags: Flags): Omit<CurlWishes, 'maxTime' | 'connectTimeout'> {
  const silent = isGiven(flags, 's');
  const head = isGiven(flags, 'I');
  return {
    urls: flags.operands,
    family: familyGiven(flags),
    silent,
    showError: !silent || isGiven(flags, 'S'),
    meter: !silent && !isGiven(flags, 'no-progress-meter'),
    include: isGiven(flags, 'i') || head,
    head,
    verbose: isGiven(flags, 'v'),
    fail: isGiven(flags, 'f'),
    output: valueOf(flags, 'o'),
    remoteName: isGiven(flags, 'O'),
    writeOut: valueOf(flags, 'w'),
    headers: flags.given.get('H') ?? [],
    userAgent: valueOf(flags, 'A') ?? 'curl/7.88.1',
    method: valueOf(flags, 'X') ?? (head ? 'HEAD' : 'GET'),
  };
}

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(CURL, flag);
  return `curl: option ${flag}: ${kind === 'unknown' ? 'is unknown' : 'requires parameter'}\n${TRY_HELP}`;
}

function seconds(flags: Flags, name: string, spelt: string): Result<number | undefined, Complaint> {
  const text = valueOf(flags, name);
  if (text === undefined) return ok(undefined);
  if (!/^\d*\.?\d+$|^\d+\.$/.test(text))
    return complain(2, `curl: option ${spelt}: expected a proper numerical parameter\n${TRY_HELP}`);
  const value = Number(text) * 1000;
  return ok(value === 0 ? undefined : value);
}
