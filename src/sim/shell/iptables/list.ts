/**
 * `iptables -L`: chains as tables for people. Columns and words: iptables 1.8.9 (nf_tables), compared with the real tool
 * reading the same rules. Like it, chains by themselves count nothing.
 */
import { referencesTo } from '../../net/edit-netfilter.ts';
import {
  commentsOf,
  CTSTATE_ORDER,
  hexadecimal,
  maskedHex,
  PORTS_OPTION,
  portSpan,
  PROTOCOL_NAMES,
  quantised,
  REJECTED_WITH,
  translated,
  WHOLE_MASK,
} from '../../net/netfilter-print.ts';
import {
  rulesOf,
  type Chain,
  type Match,
  type PortRange,
  type Rule,
  type Target,
} from '../../net/netfilter-rules.ts';
import type { RuleCounter } from '../../net/netns.ts';
import { assertNever } from '../../../base/result.ts';
import { addressBits, formatIp, formatIpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { Cidr, Ip } from '../../../model/ip.ts';
import { serviceName } from '../network/services.ts';
import { icmpName } from './icmp-names.ts';

export interface ListFormat {
  readonly family: IpFamily;
  readonly numeric: boolean;
  readonly verbose: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
  /** The name of an address, where it has one; asked unless numeric. */
  readonly hostName: (address: Ip) => string | undefined;
  readonly counter: (chain: string, rule: Rule<Ip>) => RuleCounter;
}

/** The chain's head, its column titles and its rules. */
export function chainTable(
  chain: Chain<Ip>,
  all: readonly Chain<Ip>[],
  format: ListFormat,
): readonly string[] {
  const { name, policy } = chain;
  const counted = format.verbose ? ' 0 packets, 0 bytes' : '';
  const about = policy === undefined ? `${referencesTo(all, name)} references` : `policy ${policy}${counted}`;
  return [
    `Chain ${name} (${about})`,
    titles(format),
    ...rulesOf(chain).map((rule, at) => ruleRow({ chain: name, rule, number: at + 1 }, format)),
  ];
}

function titles({ verbose, exact, lineNumbers }: ListFormat): string {
  const counters = exact ? '    pkts      bytes ' : ' pkts bytes ';
  return [
    lineNumbers ? 'num  ' : '',
    verbose ? counters : '',
    'target     prot opt ',
    verbose ? 'in     out     ' : '',
    'source               destination         ',
  ].join('');
}

type DeviceMatch = Extract<Match, { kind: 'in-interface' | 'out-interface' }>;
type AddressMatch = Extract<Match<Ip>, { kind: 'source' | 'destination' }>;

const negated = (match: Match<Ip> | undefined): boolean =>
  match !== undefined && 'not' in match && match.not === true;

export interface Row {
  readonly chain: string;
  readonly rule: Rule<Ip>;
  /** From 1. */
  readonly number: number;
}

export function ruleRow({ chain, rule, number }: Row, format: ListFormat): string {
  const { verbose, lineNumbers, numeric } = format;
  const { matches, target } = rule;
  const device = (kind: 'in-interface' | 'out-interface'): string => {
    const match = matches.find((each): each is DeviceMatch => each.kind === kind);
    return match ? `${negated(match) ? '!' : ''}${match.name}` : '*';
  };
  const address = (kind: 'source' | 'destination'): string => {
    const match = matches.find((each): each is AddressMatch => each.kind === kind);
    return `${negated(match) ? '!' : ' '}${addressText(match?.cidr, format).padEnd(19)} `;
  };
  return [
    lineNumbers ? `${String(number).padEnd(4)} ` : '',
    verbose ? counterText(format.counter(chain, rule), format) : '',
    `${targetName(target).padEnd(9)} ${protocolText(matches, numeric)} -- `,
    verbose ? ` ${device('in-interface').padEnd(6)} ${device('out-interface').padEnd(6)} ` : '',
    address('source'),
    address('destination'),
    target.kind === 'jump' && target.goto ? '[goto] ' : '',
    ...[...conditionTexts(rule, format), ...targetTexts(target, format)].map((text) => ` ${text}`),
  ].join('');
}

function counterText({ packets, bytes }: RuleCounter, { exact }: ListFormat): string {
  return (
    [packets, bytes].map((count) => (exact ? String(count).padStart(8) : shortened(count))).join(' ') + ' '
  );
}

/** xtables_print_num: from 100,000 on in thousands, millions, ... */
function shortened(count: number): string {
  if (count <= 99_999) return String(count).padStart(5);
  let rest = count;
  for (const unit of ['K', 'M', 'G']) {
    rest = Math.floor((rest + 500) / 1000);
    if (rest <= 9_999) return `${String(rest).padStart(4)}${unit}`;
  }
  return `${String(Math.floor((rest + 500) / 1000)).padStart(4)}T`;
}

function protocolText(matches: readonly Match<Ip>[], numeric: boolean): string {
  const match = matches.find((each) => each.kind === 'protocol');
  const number = match?.protocol ?? 0;
  const name = number === 0 ? 'all' : (PROTOCOL_NAMES.get(number) ?? String(number));
  return `${negated(match) ? '!' : ' '}${(numeric ? String(number) : name).padEnd(4)}`;
}

function addressText(prefix: Cidr<Ip> | undefined, { family, numeric, hostName }: ListFormat): string {
  if (prefix === undefined || prefix.length === 0) return numeric ? ANY[family] : 'anywhere';
  if (prefix.length < addressBits(prefix.base)) return formatIpCidr(prefix);
  return (numeric ? undefined : hostName(prefix.base)) ?? formatIp(prefix.base);
}

const ANY = { 4: '0.0.0.0/0', 6: '::/0' } as const;

const targetName = (target: Target<Ip>): string => {
  if (target.kind === 'none') return '';
  if (target.kind === 'jump') return target.chain;
  return target.kind === 'notrack' ? 'CT' : target.kind.toUpperCase();
};

function conditionTexts(rule: Rule<Ip>, { numeric, family }: ListFormat): readonly string[] {
  const protocol = rule.matches.find((match) => match.kind === 'protocol');
  const transport = protocol ? (PROTOCOL_NAMES.get(protocol.protocol) ?? '') : '';
  const comments = commentsOf(rule).map((text) => `/* ${text} */`);
  const others = rule.matches.flatMap((match) => conditionText(match, { transport, numeric, family }));
  const module = protocol?.module ? [transport] : [];
  return rule.commentLast ? [...others, ...comments, ...module] : [...comments, ...others, ...module];
}

interface Words {
  readonly family: IpFamily;
  readonly transport: string;
  readonly numeric: boolean;
}

/** Nothing for what has a column of its own. */
function conditionText(match: Match<Ip>, words: Words): readonly string[] {
  const not = 'not' in match && match.not === true;
  switch (match.kind) {
    case 'source':
    case 'destination':
    case 'in-interface':
    case 'out-interface':
    case 'protocol':
      return [];
    case 'destination-port':
      return [`${words.transport} ${portWords('dpt', match, words)}`];
    case 'source-port':
      return [`${words.transport} ${portWords('spt', match, words)}`];
    case 'ports': {
      const ranges = match.ranges.map((range) => rangeText(range, words));
      return [`multiport ${PORTS_OPTION[match.side]} ${not ? ' !' : ''}${ranges.join(',')}`];
    }
    case 'icmp-type':
      return [icmpText(match, words)];
    case 'ipset':
      return [`${not ? '! ' : ''}match-set ${match.set} ${match.direction}`];
    case 'addrtype':
      return [
        `ADDRTYPE match ${match.side}-type ${not ? '!' : ''}${match.type}${match.limitIfaceOut ? ' limit-out' : ''}`,
      ];
    case 'mark':
      return [`mark match ${not ? '! ' : ''}${maskedHex(match.value, match.mask)}`];
    case 'ctstate': {
      const states = CTSTATE_ORDER.filter((state) => match.states.includes(state));
      return [`${not ? '! ' : ''}ctstate ${states.join(',')}`];
    }
    case 'rpfilter':
      return [`rpfilter validmark${not ? ' invert' : ''}`];
    case 'probability':
      return [`statistic mode random probability ${quantised(match.probability)}`];
    case 'nfacct':
      return [`nfacct-name  ${match.name}`];
    case 'recent':
      return [recentWords(match, words.family)];
    default:
      return assertNever(match);
  }
}

/** extensions/libxt_recent.c recent_print. */
function recentWords(
  { list, check, seconds, reap, not }: Extract<Match, { kind: 'recent' }>,
  family: IpFamily,
): string {
  const aged = seconds === undefined ? '' : ` seconds: ${seconds}${reap ? ' reap' : ''}`;
  const verb = check === 'set' ? 'SET' : 'CHECK';
  return `${not ? '! ' : ''}recent: ${verb}${aged} name: ${list} side: source mask: ${WHOLE_MASK[family]}`;
}

/** `dpt:80`, `dpts:80:90`, `dpt:!80` */
function portWords(
  option: 'dpt' | 'spt',
  { port, last, not }: { readonly port: number; readonly last?: number; readonly not?: boolean },
  words: Words,
): string {
  const range = { first: port, last: last ?? port };
  return `${option}${range.last === port ? '' : 's'}:${not ? '!' : ''}${rangeText(range, words)}`;
}

const rangeText = ({ first, last }: PortRange, words: Words): string =>
  [first, ...(last === first ? [] : [last])].map((port) => portText(port, words)).join(':');

function icmpText(
  { type, code, not }: Extract<Match, { kind: 'icmp-type' }>,
  { numeric, family }: Words,
): string {
  const name = numeric ? undefined : icmpName(type, code, family);
  const protocol = family === 4 ? 'icmp' : 'ipv6-icmp';
  if (name !== undefined) return `${protocol} ${not ? '!' : ''}${name}`;
  return `${protocol}${not ? ' !' : ''}type ${type}${code === undefined ? '' : ` code ${code}`}`;
}

const portText = (port: number, { transport, numeric }: Omit<Words, 'family'>): string =>
  (numeric ? undefined : serviceName(port, transport)) ?? String(port);

function targetTexts(target: Target<Ip>, { numeric, family }: ListFormat): readonly string[] {
  switch (target.kind) {
    case 'log':
      return [logText(target, numeric)];
    case 'reject':
      return [`reject-with ${REJECTED_WITH[family]}`];
    case 'notrack':
      return ['NOTRACK'];
    case 'mark':
      return [`MARK ${markText(target.value, target.mask)}`];
    case 'dnat':
      return [`to:${translated(target.to, target.port)}`];
    case 'snat':
      return [
        `to:${translated(target.to, target.ports && portSpan(target.ports))}`,
        ...(target.randomFully ? ['random-fully'] : []),
      ];
    case 'masquerade':
      return [
        ...(target.ports ? [`masq ports: ${portSpan(target.ports)}`] : []),
        ...(target.randomFully ? ['random-fully'] : []),
      ];
    default:
      return [];
  }
}

const LOG_LEVELS = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'] as const;

/** extensions/libxt_LOG.c LOG_print. */
function logText({ prefix, level }: Extract<Target, { kind: 'log' }>, numeric: boolean): string {
  const head = numeric ? `LOG flags 0 level ${level}` : `LOG level ${LOG_LEVELS[level] ?? level}`;
  return prefix === '' ? head : `${head} prefix "${prefix}"`;
}

/** extensions/libxt_MARK.c mark_tg_print. */
function markText(value: number, mask: number): string {
  if (value === 0) return `and ${hexadecimal(~mask)}`;
  if (value === mask) return `or ${hexadecimal(value)}`;
  if (mask === 0) return `xor ${hexadecimal(value)}`;
  return mask >>> 0 === 0xffffffff ? `set ${hexadecimal(value)}` : `xset ${maskedHex(value, mask)}`;
}
