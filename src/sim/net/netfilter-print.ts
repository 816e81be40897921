/**
 * Rules in the spelling of iptables-save 1.8.9: the built-in matches first, then the comment, then the match extensions in
 * the order of the rule, then the target (iptables/iptables.c, extensions/libxt_*.c).
 */
import { assertNever } from '../../base/result.ts';
import { formatCidr, formatIpv4 } from '../../model/ip.ts';
import type { Chain, Match, Rule, TableName, Target } from './netfilter-rules.ts';

/** One line: `-A cali-nat-outgoing -m set --match-set ... -j MASQUERADE --random-fully`. */
export function printRule(chain: string, rule: Rule): string {
  const own = rule.matches.filter((match) => BUILT_IN.has(match.kind));
  const extensions = rule.matches.filter((match) => !BUILT_IN.has(match.kind));
  const protocol = rule.matches.find((match) => match.kind === 'protocol');
  return [
    `-A ${chain}`,
    ...BUILT_IN_ORDER.flatMap((kind) => own.filter((match) => match.kind === kind)).map((match) =>
      printMatch(match, protocol),
    ),
    ...[rule.comment, rule.remark].flatMap((text) =>
      text === undefined ? [] : [`-m comment --comment ${quote(text)}`],
    ),
    ...extensions.map((match) => printMatch(match, protocol)),
    printTarget(rule.target),
  ].join(' ');
}

/** A table as `iptables-save -t` lists it, without its comment lines: `*nat`, chains, rules, `COMMIT`. */
export function printTable(table: TableName, chains: readonly Chain[]): readonly string[] {
  return [
    `*${table}`,
    ...chains.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]`),
    ...chains.flatMap((chain) => chain.rules.map((rule) => printRule(chain.name, rule))),
    'COMMIT',
  ];
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
      return `-m ${protocol ? protocolName(protocol.protocol) : 'tcp'} --dport ${match.port}`;
    case 'ipset':
      return `-m set ${not}--match-set ${match.set} ${match.direction}`;
    case 'addrtype':
      return `-m addrtype ${not}--${match.side}-type ${match.type}${match.limitIfaceOut ? ' --limit-iface-out' : ''}`;
    case 'mark':
      return `-m mark ${not}--mark ${maskedHex(match.value, match.mask)}`;
    case 'ctstate':
      return `-m conntrack --ctstate ${CTSTATE_ORDER.filter((state) => match.states.includes(state)).join(',')}`;
    case 'probability':
      return `-m statistic --mode random --probability ${quantised(match.probability)}`;
    default:
      return assertNever(match);
  }
}

const CTSTATE_ORDER = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED'] as const;

/** The kernel keeps a probability as a 31-bit fraction, and iptables-save prints that back. */
function quantised(probability: number): string {
  return (Math.round(probability * 0x80000000) / 0x80000000).toFixed(11);
}

function maskedHex(value: number, mask: number): string {
  return mask >>> 0 === 0xffffffff ? hexadecimal(value) : `${hexadecimal(value)}/${hexadecimal(mask)}`;
}

const hexadecimal = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** Names iptables itself knows or /etc/protocols does; other protocols print as numbers. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [4, 'ipencap'],
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

const protocolName = (protocol: number): string => PROTOCOL_NAMES.get(protocol) ?? String(protocol);

function printTarget(target: Target): string {
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
      return `-j SNAT --to-source ${formatIpv4(target.to)}`;
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
