/**
 * Rules in the spelling of iptables-save 1.8.9: the built-in matches first, then the comment, then the match extensions in
 * the order of the rule, then the target (iptables/iptables.c, extensions/libxt_*.c).
 */
import { assertNever } from '../../base/result.ts';
import { formatIp, formatIpCidr, isIpv6, type IpFamily } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import { BASE_CHAINS, rulesOf } from './netfilter-rules.ts';
import type { Chain, Match, PortRange, Rule, TableName, Target } from './netfilter-rules.ts';

/** One line: `-A cali-nat-outgoing -m set --match-set ... -j MASQUERADE --random-fully`. */
export function printRule(chain: string, rule: Rule<Ip>, family: IpFamily = 4): string {
  return [`-A ${chain}`, printMatches(rule, family), printTarget(rule.target, family)]
    .filter((part) => part !== '')
    .join(' ');
}

/** What the rule asks of a packet; empty for one that takes all. */
export function printMatches(rule: Rule<Ip>, family: IpFamily = 4): string {
  const own = rule.matches.filter((match) => BUILT_IN.has(match.kind));
  const extensions = rule.matches.filter((match) => !BUILT_IN.has(match.kind));
  const protocol = rule.matches.find((match) => match.kind === 'protocol');
  const comments = commentsOf(rule).map((text) => `-m comment --comment ${quote(text)}`);
  const others = extensions.map((match) => printMatch(match, protocol, family));
  return [
    ...BUILT_IN_ORDER.flatMap((kind) => own.filter((match) => match.kind === kind)).map((match) =>
      printMatch(match, protocol, family),
    ),
    ...(rule.commentLast ? [...others, ...comments] : [...comments, ...others]),
    ...(protocol?.module ? [`-m ${protocolName(protocol.protocol)}`] : []),
  ].join(' ');
}

/** Every comment of the rule, in the order they were given. */
export const commentsOf = ({ comment, remarks = [] }: Rule<Ip>): readonly string[] =>
  comment === undefined ? remarks : [comment, ...remarks];

/** A table as `iptables-save -t` lists it, without its comment lines: `*nat`, chains, rules, `COMMIT`. */
export function printTable<Address extends Ip>(
  table: TableName,
  chains: readonly Chain<Address>[],
  family: IpFamily = 4,
): readonly string[] {
  const all = listedChains(table, chains);
  return [
    `*${table}`,
    ...all.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]`),
    ...all.flatMap((chain) => rulesOf(chain).map((rule) => printRule(chain.name, rule, family))),
    'COMMIT',
  ];
}

/** As iptables lists them: every built-in chain in the order of the hooks, then the others by name. */
export function listedChains<Address extends Ip>(
  table: TableName,
  chains: readonly Chain<Address>[],
): readonly Chain<Address>[] {
  const base = BASE_CHAINS[table].map(
    (name): Chain<Address> =>
      chains.find((chain) => chain.name === name) ?? { name, policy: 'ACCEPT', rules: [] },
  );
  const own = chains.filter(({ policy }) => policy === undefined);
  return [...base, ...own.toSorted((a, b) => (a.name < b.name ? -1 : 1))];
}

const BUILT_IN_ORDER = ['source', 'destination', 'in-interface', 'out-interface', 'protocol'] as const;
const BUILT_IN: ReadonlySet<Match['kind']> = new Set(BUILT_IN_ORDER);

type ProtocolMatch = Extract<Match, { kind: 'protocol' }>;

function printMatch(match: Match<Ip>, protocol: ProtocolMatch | undefined, family: IpFamily): string {
  const not = 'not' in match && match.not ? '! ' : '';
  switch (match.kind) {
    case 'source':
      return `${not}-s ${formatIpCidr(match.cidr)}`;
    case 'destination':
      return `${not}-d ${formatIpCidr(match.cidr)}`;
    case 'in-interface':
      return `${not}-i ${match.name}`;
    case 'out-interface':
      return `${not}-o ${match.name}`;
    case 'protocol':
      return `${not}-p ${protocolName(match.protocol)}`;
    case 'destination-port':
    case 'source-port':
      return `-m ${protocol ? protocolName(protocol.protocol) : 'tcp'} ${not}--${match.kind === 'source-port' ? 's' : 'd'}port ${portsText([{ first: match.port, last: match.last ?? match.port }])}`;
    case 'ports':
      return `-m multiport ${not}--${PORTS_OPTION[match.side]} ${portsText(match.ranges)}`;
    case 'icmp-type':
      return family === 6
        ? `-m icmp6 ${not}--icmpv6-type ${icmpText(match)}`
        : `-m icmp ${not}--icmp-type ${icmpText(match)}`;
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
    case 'nfacct':
      // The extension prints a space of its own before the name.
      return `-m nfacct --nfacct-name  ${match.name}`;
    case 'recent':
      return `-m recent ${not}${recentText(match, family)}`;
    default:
      return assertNever(match);
  }
}

function recentText(
  { list, check, seconds, reap }: Extract<Match, { kind: 'recent' }>,
  family: IpFamily,
): string {
  const aged = seconds === undefined ? '' : ` --seconds ${seconds}${reap ? ' --reap' : ''}`;
  return `--${check}${aged} --name ${list} --mask ${WHOLE_MASK[family]} --rsource`;
}

/** How `-m recent` spells that it looks at the whole address. */
export const WHOLE_MASK = { 4: '255.255.255.255', 6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' } as const;

export const PORTS_OPTION = { source: 'sports', destination: 'dports', either: 'ports' } as const;

/** `80,8000:8080` */
export const portsText = (ranges: readonly PortRange[]): string =>
  ranges.map(({ first, last }) => (first === last ? String(first) : `${first}:${last}`)).join(',');

const ANY_ICMP = 255;

function icmpText({ type, code }: Extract<Match, { kind: 'icmp-type' }>): string {
  if (type === ANY_ICMP) return 'any';
  return code === undefined ? String(type) : `${type}/${code}`;
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

/** Printed rules for a kernel in which nobody has made the objects that `-m nfacct` counts in: it would refuse them. */
export const withoutCounters = (printed: string): string =>
  printed.replaceAll(/ (?:-m nfacct --)?nfacct-name {2}\S+/g, '');

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
  [2, 'igmp'],
  [4, 'ipencap'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [46, 'rsvp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'ipv6-icmp'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [94, 'ipip'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [132, 'sctp'],
  [136, 'udplite'],
  [137, 'mpls-in-ip'],
]);

export const protocolName = (protocol: number): string => PROTOCOL_NAMES.get(protocol) ?? String(protocol);

export function printTarget(target: Target<Ip>, family: IpFamily = 4): string {
  switch (target.kind) {
    case 'none':
      return '';
    case 'accept':
    case 'drop':
    case 'return':
    case 'notrack':
      return `-j ${target.kind.toUpperCase()}`;
    case 'log':
      return logText(target);
    case 'reject':
      return `-j REJECT --reject-with ${REJECTED_WITH[family]}`;
    case 'jump':
      return `${target.goto ? '-g' : '-j'} ${target.chain}`;
    case 'mark':
      return `-j MARK --set-xmark ${hexadecimal(target.value)}/${hexadecimal(target.mask)}`;
    case 'dnat':
      return `-j DNAT --to-destination ${translated(target.to, target.port)}`;
    case 'snat':
      return `-j SNAT --to-source ${translated(target.to, target.ports && portSpan(target.ports))}${target.randomFully ? ' --random-fully' : ''}`;
    case 'masquerade':
      return `-j MASQUERADE${target.ports ? ` --to-ports ${portSpan(target.ports)}` : ''}${target.randomFully ? ' --random-fully' : ''}`;
    default:
      return assertNever(target);
  }
}

export const REJECTED_WITH = { 4: 'icmp-port-unreachable', 6: 'icmp6-port-unreachable' } as const;

/** `10.0.0.1:80`, `[fd00::1]:80` */
export function translated(address: Ip, port: number | string | undefined): string {
  const text = formatIp(address);
  if (port === undefined) return text;
  return isIpv6(address) ? `[${text}]:${port}` : `${text}:${port}`;
}

/** `99-100`, as targets spell a range. */
export const portSpan = ({ first, last }: PortRange): string =>
  first === last ? String(first) : `${first}-${last}`;

/** Level 4 is the default and not said. */
function logText({ prefix, level }: Extract<Target, { kind: 'log' }>): string {
  return [
    '-j LOG',
    ...(prefix === '' ? [] : [`--log-prefix ${quote(prefix)}`]),
    ...(level === LOG_WARNING ? [] : [`--log-level ${level}`]),
  ].join(' ');
}

export const LOG_WARNING = 4;

/** xtables_save_string: quotes around anything but letters, digits, `_` and `-`. */
function quote(text: string): string {
  return /^[-\w]+$/.test(text) ? text : `"${text.replace(/["'\\]/g, '\\$&')}"`;
}
