/** From dig's command line to its questions. Options and complaints: dig 9.18, compared with the real tool. */
import { err, ok } from '../../../base/result.ts';
import { DNS_PORT, DNS_TYPE, reverseName } from '../../../model/dns.ts';
import { parseIp } from '../../../model/ip-family.ts';
import type { Parsed } from '../network/complaint.ts';
import { typeNamed } from './records.ts';
import { PATIENCE } from './servers.ts';

/** Which parts of an answer are printed. */
export interface DigDisplay {
  readonly cmd: boolean;
  readonly comments: boolean;
  readonly question: boolean;
  readonly answer: boolean;
  readonly authority: boolean;
  readonly additional: boolean;
  readonly stats: boolean;
  readonly short: boolean;
}

export interface DigWishes {
  readonly server: string | undefined;
  readonly port: number;
  /** `.` when no name was given. */
  readonly lookUps: readonly { readonly name: string; readonly type: number }[];
  readonly search: boolean;
  readonly ndots: number | undefined;
  readonly recurse: boolean;
  readonly edns: boolean;
  readonly cookie: boolean;
  readonly adflag: boolean;
  readonly tries: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly display: DigDisplay;
}

type Switch = 'search' | 'recurse' | 'edns' | 'cookie' | 'adflag' | keyof DigDisplay;

/** dig(1), `+[no]` each; what is not in the list is refused. */
export const SWITCHES: Readonly<Record<string, Switch>> = {
  cmd: 'cmd',
  comments: 'comments',
  question: 'question',
  answer: 'answer',
  authority: 'authority',
  additional: 'additional',
  stats: 'stats',
  short: 'short',
  search: 'search',
  defname: 'search',
  recurse: 'recurse',
  edns: 'edns',
  cookie: 'cookie',
  adflag: 'adflag',
};

/** Real ones without an effect on what a lab's server answers. */
const IGNORED =
  /^(no)?(aaflag|cdflag|dnssec|idnin|idnout|cl|class|ttlid|fail|besteffort|rrcomments|onesoa|keepopen|nsid|expandaaaa|unknownformat|crypto|badcookie)$/;
/** Real ones that would show something else than we can. */
export const REFUSED = [
  'tcp',
  'vc',
  'trace',
  'nssearch',
  'multiline',
  'identify',
  'yaml',
  'qr',
  'subnet',
  'https',
  'tls',
  'ttlunits',
];

const USAGE = `Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use "dig -h" (or "dig -h | more") for complete list of options`;

interface Draft {
  readonly on: Record<Switch, boolean>;
  readonly lookUps: { name: string; type: number }[];
  server: string | undefined;
  port: number;
  ndots: number | undefined;
  tries: number;
  timeout: number;
  /** For the next name, when it came first. */
  type: number | undefined;
}

const invalid = (word: string): Parsed<never> =>
  err({ status: 1, message: `Invalid option: ${word}\n${USAGE}` });

export function parseDig(args: readonly string[]): Parsed<DigWishes> {
  const draft: Draft = {
    on: {
      cmd: true,
      comments: true,
      question: true,
      answer: true,
      authority: true,
      additional: true,
      stats: true,
      short: false,
      search: false,
      recurse: true,
      edns: true,
      cookie: true,
      adflag: true,
    },
    lookUps: [],
    server: undefined,
    port: DNS_PORT,
    ndots: undefined,
    tries: PATIENCE.tries,
    timeout: PATIENCE.timeout,
    type: undefined,
  };
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const problem = readAny(draft, word, args[at + 1]);
    if (problem) return problem;
    if (/^-[a-z]$/.test(word)) at += 1;
  }
  return ok(finished(draft));
}

function readAny(draft: Draft, word: string, next: string | undefined): Parsed<never> | undefined {
  if (word.startsWith('+')) return readPlus(draft, word.slice(1));
  if (word.startsWith('-') && word.length > 1)
    return readDash(draft, word, word.length > 2 ? word.slice(2) : next);
  if (word.startsWith('@')) draft.server = word.slice(1);
  else readWord(draft, word);
  return undefined;
}

function finished({ on, lookUps, type, ...rest }: Draft): DigWishes {
  const { search, recurse, edns, cookie, adflag, ...display } = on;
  return {
    ...rest,
    lookUps: lookUps.length > 0 ? lookUps : [{ name: '.', type: type ?? DNS_TYPE.NS }],
    search,
    recurse,
    edns,
    cookie,
    adflag,
    display,
  };
}

function readWord(draft: Draft, word: string): void {
  const type = typeNamed(word);
  const last = draft.lookUps.at(-1);
  if (type !== undefined) {
    if (last) last.type = type;
    else draft.type = type;
    return;
  }
  if (/^(in|ch|hs)$/i.test(word)) return;
  draft.lookUps.push({ name: word, type: draft.type ?? DNS_TYPE.A });
}

/** The family of the server's address says the same. */
const FAMILIES: ReadonlySet<string> = new Set(['-4', '-6']);

function readDash(draft: Draft, word: string, value: string | undefined): Parsed<never> | undefined {
  const flag = word.slice(0, 2);
  if (FAMILIES.has(flag)) return undefined;
  if (value === undefined || !['-x', '-t', '-q', '-p', '-c'].includes(flag)) return invalid(word);
  if (flag === '-x') {
    const address = parseIp(value);
    const name =
      address === undefined ? `${value.split('.').reverse().join('.')}.in-addr.arpa.` : reverseName(address);
    draft.lookUps.push({ name, type: DNS_TYPE.PTR });
  } else if (flag === '-t') {
    const type = typeNamed(value);
    if (type === undefined) return err({ status: 1, message: `;; Warning, ignoring invalid type ${value}` });
    readWord(draft, value);
  } else if (flag === '-q') draft.lookUps.push({ name: value, type: draft.type ?? DNS_TYPE.A });
  else if (flag === '-p') {
    if (!/^\d{1,5}$/.test(value))
      return err({ status: 1, message: `dig: Couldn't parse port number '${value}'` });
    draft.port = Number(value);
  }
  return undefined;
}

function readPlus(draft: Draft, text: string): Parsed<never> | undefined {
  const [name = '', value] = text.split('=');
  const plain = name.replace(/^no/, '');
  if (plain === 'all') {
    for (const each of ALL) draft.on[each] = name === 'all';
    return undefined;
  }
  const known = Object.hasOwn(SWITCHES, plain) ? SWITCHES[plain] : undefined;
  if (known !== undefined) {
    draft.on[known] = name === plain;
    if (known === 'short' && name === 'short') for (const each of ALL) draft.on[each] = each === 'answer';
    return undefined;
  }
  if (REFUSED.includes(plain)) {
    return err({
      status: 1,
      message: `dig: +${name} is an option of the real tool that the simulator does not have.`,
    });
  }
  if (IGNORED.test(name)) return undefined;
  return readAmount(draft, name, Number(value)) ? undefined : invalid(`+${text}`);
}

/** +all and +noall speak of these. */
const ALL = ['cmd', 'comments', 'question', 'answer', 'authority', 'additional', 'stats'] as const;

function readAmount(draft: Draft, name: string, amount: number): boolean {
  if (!Number.isInteger(amount) || amount < 0) return /^(bufsize|no(bufsize))$/.test(name);
  if (name === 'tries') draft.tries = Math.max(1, amount);
  else if (name === 'retry') draft.tries = amount + 1;
  else if (name === 'time' || name === 'timeout') draft.timeout = Math.max(1, amount) * 1000;
  else if (name === 'ndots') draft.ndots = amount;
  else return name === 'bufsize' || name === 'padding' || name === 'qid';
  return true;
}
