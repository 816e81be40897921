/**
 * Rules in the spelling of iptables-save 1.8.9: the built-in matches first, then the comment, then the match extensions in
 * the order of the rule, then the target (iptables/iptables.c, extensions/libxt_*.c).
 */
import { assertNever } from '../../base/result.ts';
import { formatCidr, formatIpv4 } from '../../model/ip.ts';
import { BASE_CHAINS, rulesOf } from './netfilter-rules.ts';
import type { Chain, Match, Rule, TableName, Target } from './netfilter-rules.ts';

/** One line: `-A cali-nat-outgoing -m set --match-set ... -j MASQUERADE --random-fully`. */
export function printRule(chain: string, rule: Rule): string {
  return [`-A ${chain}`, printMatches(rule), printTarget(rule.target)]
    .filter((part) => part !== '')
    .join(' ');
}

/** What the rule asks of a packet; empty for one that takes all. */
export function printMatches(rule: Rule): string {
  const own = rule.matches.filter((match) => BUILT_IN.has(match.kind));
  const extensions = rule.matches.filter((match) => !BUILT_IN.has(match.kind));
  const protocol = rule.matches.find((match) => match.kind === 'protocol');
  const comments = [rule.comment, rule.remark].flatMap((text) =>
    text === undefined ? [] : [`-m comment --comment ${quote(text)}`],
  );
  const others = extensions.map((match) => printMatch(match, protocol));
  return [
    ...BUILT_IN_ORDER.flatMap((kind) => own.filter((match) => match.kind === kind)).map((match) =>
      printMatch(match, protocol),
    ),
    ...(rule.commentLast ? [...others, ...comments] : [...comments, ...others]),
    ...(protocol?.module ? [`-m ${protocolName(protocol.protocol)}`] : []),
  ].join(' ');
}

/** A table as `iptables-save -t` lists it, without its comment lines: `*nat`, chains, rules, `COMMIT`. */
export function printTable(table: TableName, chains: readonly Chain[]): readonly string[] {
  const all = listedChains(table, chains);
  return [
    `*${table}`,
    ...all.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]`),
    ...all.flatMap((chain) => rulesOf(chain).map((rule) => printRule(chain.name, rule))),
    'COMMIT',
  ];
}

/** As iptables lists them: every built-in chain in the order of the hooks, then the others by name. */
export function listedChains(table: TableName, chains: readonly Chain[]): readonly Chain[] {
  const base = BASE_CHAINS[table].map(
    (name): Chain => chains.find((chain) => chain.name === name) ?? { name, policy: 'ACCEPT', rules: [] },
  );
  const own = chains.filter(({ policy }) => policy === undefined);
  return [...base, ...own.toSorted((a, b) => (a.name < b.name ? -1 : 1))];
}

const BUILT_IN_ORDER = ['source', 'destination', 'in-interface', 'out-interface', 'protocol'] as const;
const BUILT_IN: ReadonlySet<Match['kind']> = new Set(BUILT_IN_ORDER);

type ProtocolMatch = Extract<Match, { kind: 'protocol' }>;

function printMatch(match: Match, protocol: ProtocolMatch | undefined): string {
  const not = 'not' in match && match.not ? '! ' : '';
  switch (match.kind) {
    case 'source':
      return `${not}-s ${formatCidr(match.cidr)}`;
    case 'destination':
      return `${not}-d ${formatCidr(match.cidr)}`;
    case 'in-interface':
      return `${not}-i ${match.name}`;
    case 'out-interface':
      return `${not}-o ${match.name}`;
    case 'protocol':
      return `${not}-p ${protocolName(match.protocol)}`;
    case 'destination-port':
      return match.multiport
        ? `-m multiport --dports ${match.port}`
        : `-m ${protocol ? protocolName(protocol.protocol) : 'tcp'} --dport ${match.port}`;
    case 'source-port':
      return `-m ${protocol ? protocolName(protocol.protocol) : 'tcp'} --sport ${match.port}`;
    case 'ipset':
      return `-m set ${not}--match-set ${match.set} ${match.direction}`;
    case 'addrtype':
      return `-m addrtype ${not}--${match.side}-type ${match.type}${match.limitIfaceOut ? ' --limit-iface-out' : ''}`;
    case 'mark':
      return `-m mark ${not}--mark ${maskedHex(match.value, match.mask)}`;
    case 'ctstate':
      return `-m conntrack ${not}--ctstate ${CTSTATE_ORDER.filter((state) => match.states.includes(state)).join(',')}`;
    case 'rpfilter':
      return `-m rpfilter --validmark${match.not ? ' --invert' : ''}`;
    case 'probability':
      return `-m statistic --mode random --probability ${quantised(match.probability)}`;
    default:
      return assertNever(match);
  }
}

export const CTSTATE_ORDER = [
  'INVALID',
  'NEW',
  'RELATED',
  'ESTABLISHED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
] as const;

/** The kernel keeps a probability as a 31-bit fraction, and iptables-save prints that back. */
export function quantised(probability: number): string {
  return (Math.round(probability * 0x80000000) / 0x80000000).toFixed(11);
}

export function maskedHex(value: number, mask: number): string {
  return mask >>> 0 === 0xffffffff ? hexadecimal(value) : `${hexadecimal(value)}/${hexadecimal(mask)}`;
}

export const hexadecimal = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** Names iptables itself knows or /etc/protocols does; other protocols print as numbers. */
export const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [4, 'ipencap'],
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

export const protocolName = (protocol: number): string => PROTOCOL_NAMES.get(protocol) ?? String(protocol);

export function printTarget(target: Target): string {
  switch (target.kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'notrack':
      return `-j ${target.kind.toUpperCase()}`;
    case 'reject':
      return '-j REJECT --reject-with icmp-port-unreachable';
    case 'jump':
      return `${target.goto ? '-g' : '-j'} ${target.chain}`;
    case 'mark':
      return `-j MARK --set-xmark ${hexadecimal(target.value)}/${hexadecimal(target.mask)}`;
    case 'dnat':
      return `-j DNAT --to-destination ${formatIpv4(target.to)}${target.port === undefined ? '' : `:${target.port}`}`;
    case 'snat':
      return `-j SNAT --to-source ${formatIpv4(target.to)}${target.randomFully ? ' --random-fully' : ''}`;
    case 'masquerade':
      return `-j MASQUERADE${target.randomFully ? ' --random-fully' : ''}`;
    default:
      return assertNever(target);
  }
}

/** xtables_save_string: quotes around anything but letters, digits, `_` and `-`. */
function quote(text: string): string {
  return /^[-\w]+$/.test(text) ? text : `"${text.replace(/["'\\]/g, '\\$&')}"`;
}
