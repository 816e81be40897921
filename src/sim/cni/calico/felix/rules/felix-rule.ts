/**
 * Felix's own way to write an iptables rule, and the hash it puts into every rule's comment: a rule is recognised by
 * `cali:<16 characters>`, which depends on its chain, its text and all rules before it.
 * Source: felix/iptables/{renderer,match_builder,actions}.go, felix/generictables/rules.go RuleHashes, Calico v3.32.1.
 */
import { sha224 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../../../../../base/bytes.ts';
import type { Ip } from '../../../../../model/ip.ts';
import {
  addressBits,
  formatIp,
  ipCidrOf,
  parseIp,
  parseIpCidr,
  type IpFamily,
} from '../../../../../model/ip-family.ts';
import type { PolicyDecision } from '../../../../../model/policy-decision.ts';
import { fieldOfShared } from '../../../../core/late-field.ts';
import type {
  Chain,
  CtState,
  Match,
  PortRange,
  Rule,
  SetDirection,
  Target,
} from '../../../../net/netfilter-rules.ts';
import { portsText } from '../../../../net/netfilter-print.ts';
import { base64url } from '../../base64url.ts';

/** Felix writes the rules of both families alike; which addresses are in them its callers know. */
export type FelixChain = Chain<Ip>;

/** A condition: what the simulator evaluates, and Felix's spelling of it. */
export interface Criterion {
  readonly matches: readonly Match<Ip>[];
  readonly text: string;
}

export interface Action {
  readonly target: Target<Ip>;
  readonly text: string;
}

export interface FelixRule {
  readonly when: readonly Criterion[];
  readonly do: Action;
  /** What is evaluated of `when`. */
  readonly matches: readonly Match<Ip>[];
  /** What the rule is for. */
  readonly comments: readonly string[];
  /** What it stands for in a policy. */
  readonly decision?: PolicyDecision;
}

const criterion = (text: string, ...matches: readonly Match<Ip>[]): Criterion => ({ text, matches });

/** What is of few kinds is made once: thousands of rules share it. */
export function shared<Word extends string | number, Made>(make: (word: Word) => Made): (word: Word) => Made {
  const known = new Map<Word, Made>();
  return (word) => {
    let made = known.get(word);
    if (made === undefined) known.set(word, (made = make(word)));
    return made;
  };
}

/** 0x-notation as Go's %#x prints it. */
const hexadecimal = (value: number): string => `0x${value.toString(16)}`;

export type Side = 'source' | 'destination';

export interface IcmpWish {
  readonly type: number;
  readonly code?: number;
}

const DNAT: CtState = 'DNAT';

/** Numbers of the protocols that Calico names. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
};

const protocol = shared((nameOrNumber: string | number): Criterion => {
  const number = typeof nameOrNumber === 'number' ? nameOrNumber : PROTOCOLS[nameOrNumber];
  if (number === undefined) throw new RangeError(`no such protocol: ${nameOrNumber}`);
  return criterion(`-p ${nameOrNumber}`, { kind: 'protocol', protocol: number });
});

/** iptables keeps no match for 0.0.0.0/0, ip6tables none for ::/0. */
function net(side: Side, text: string): Criterion {
  const single = parseIp(text);
  const cidr = single === undefined ? parseIpCidr(text) : ipCidrOf(single, addressBits(single));
  if (!cidr) throw new RangeError(`no net: ${text}`);
  return criterion(`--${side} ${text}`, ...(cidr.length === 0 ? [] : [{ kind: side, cidr } as const]));
}

function multiport(side: Side, ranges: readonly PortRange[], not = false): Criterion {
  return criterion(`-m multiport ${not ? '! ' : ''}--${side}-ports ${portsText(ranges)}`, {
    kind: 'ports',
    side,
    ranges,
    ...(not && { not }),
  });
}

function icmp({ type, code }: IcmpWish, family: IpFamily, not = false): Criterion {
  const text = code === undefined ? String(type) : `${type}/${code}`;
  const [module, option] = family === 6 ? ['icmp6', 'icmpv6-type'] : ['icmp', 'icmp-type'];
  return criterion(`-m ${module} ${not ? '! ' : ''}--${option} ${text}`, {
    kind: 'icmp-type',
    type,
    ...(code !== undefined && { code }),
    ...(not && { not }),
  });
}

function inSet(set: string, direction: SetDirection, not = false): Criterion {
  return criterion(`-m set ${not ? '! ' : ''}--match-set ${set} ${direction}`, {
    kind: 'ipset',
    set,
    direction,
    ...(not && { not }),
  });
}

/** With the `!` in front, as for a packet's built-in fields. */
const negated = ({ text, matches }: Criterion): Criterion => ({
  text: `! ${text}`,
  matches: matches.map((match) => ({ ...match, not: true }) as Match<Ip>),
});

const ESTABLISHED = criterion('-m conntrack --ctstate RELATED,ESTABLISHED', {
  kind: 'ctstate',
  states: ['RELATED', 'ESTABLISHED'],
});
const INVALID = criterion('-m conntrack --ctstate INVALID', { kind: 'ctstate', states: ['INVALID'] });

export const on = {
  inInterface: (name: string) => criterion(`--in-interface ${name}`, { kind: 'in-interface', name }),
  outInterface: (name: string) => criterion(`--out-interface ${name}`, { kind: 'out-interface', name }),
  protocol,
  notProtocol: (nameOrNumber: string | number) => negated(protocol(nameOrNumber)),
  net,
  notNet: (side: Side, cidr: string) => negated(net(side, cidr)),
  multiport,
  notMultiport: (side: Side, ranges: readonly PortRange[]) => multiport(side, ranges, true),
  icmp,
  notIcmp: (wanted: IcmpWish, family: IpFamily) => icmp(wanted, family, true),
  udpTo: (port: number) =>
    criterion(
      `-p udp --dport ${port}`,
      { kind: 'protocol', protocol: 17 },
      { kind: 'destination-port', port },
    ),
  ports: (port: number) => multiport('destination', [{ first: port, last: port }]),
  set: inSet,
  notSet: (set: string, direction: SetDirection) => inSet(set, direction, true),
  fromSet: (set: string) => inSet(set, 'src'),
  toSet: (set: string) => inSet(set, 'dst'),
  notToSet: (set: string) => inSet(set, 'dst', true),
  toLocal: () => criterion('-m addrtype --dst-type LOCAL', { kind: 'addrtype', side: 'dst', type: 'LOCAL' }),
  fromLocal: () =>
    criterion('-m addrtype --src-type LOCAL', { kind: 'addrtype', side: 'src', type: 'LOCAL' }),
  notFromLocalOnInterface: () =>
    criterion('-m addrtype ! --src-type LOCAL --limit-iface-out', {
      kind: 'addrtype',
      side: 'src',
      type: 'LOCAL',
      not: true,
      limitIfaceOut: true,
    }),
  markSet: shared((bit: number) =>
    criterion(`-m mark --mark ${hexadecimal(bit)}/${hexadecimal(bit)}`, {
      kind: 'mark',
      value: bit,
      mask: bit,
    }),
  ),
  markClear: shared((mask: number) =>
    criterion(`-m mark --mark 0/${hexadecimal(mask)}`, { kind: 'mark', value: 0, mask }),
  ),
  markNotClear: shared((mask: number) =>
    criterion(`-m mark ! --mark 0/${hexadecimal(mask)}`, { kind: 'mark', value: 0, mask, not: true }),
  ),
  established: () => ESTABLISHED,
  invalid: () => INVALID,
  dnat: () => criterion('-m conntrack --ctstate DNAT', { kind: 'ctstate', states: [DNAT] }),
  notDnat: () => criterion('-m conntrack ! --ctstate DNAT', { kind: 'ctstate', states: [DNAT], not: true }),
  noWayBack: () => criterion('-m rpfilter --invert --validmark', { kind: 'rpfilter', not: true }),
} as const;

const LOG_NOTICE = 5;
/** What fits into struct xt_log_info. */
const LOG_PREFIX_LIMIT = 29;

const ACCEPT: Action = { target: { kind: 'accept' }, text: '--jump ACCEPT' };
const DROP: Action = { target: { kind: 'drop' }, text: '--jump DROP' };
const RETURN: Action = { target: { kind: 'return' }, text: '--jump RETURN' };
const NOTRACK: Action = { target: { kind: 'notrack' }, text: '--jump NOTRACK' };

export const act = {
  jump: (chain: string): Action => ({ target: { kind: 'jump', chain }, text: `--jump ${chain}` }),
  goto: (chain: string): Action => ({ target: { kind: 'jump', chain, goto: true }, text: `--goto ${chain}` }),
  accept: () => ACCEPT,
  drop: () => DROP,
  return: () => RETURN,
  /** The rule carries comments only. */
  nothing: (): Action => ({ target: { kind: 'none' }, text: '' }),
  log: (prefix: string): Action => ({
    target: { kind: 'log', prefix: `${prefix}: `.slice(0, LOG_PREFIX_LIMIT), level: LOG_NOTICE },
    text: `--jump LOG --log-prefix "${prefix}: " --log-level ${LOG_NOTICE}`,
  }),
  notrack: () => NOTRACK,
  setMark: shared((bit: number): Action => ({
    target: { kind: 'mark', value: bit, mask: bit },
    text: `--jump MARK --set-mark ${hexadecimal(bit)}/${hexadecimal(bit)}`,
  })),
  setMaskedMark: (value: number, mask: number): Action => ({
    target: { kind: 'mark', value, mask },
    text: `--jump MARK --set-mark ${hexadecimal(value)}/${hexadecimal(mask)}`,
  }),
  clearMark: shared((mask: number): Action => ({
    target: { kind: 'mark', value: 0, mask },
    text: `--jump MARK --set-mark 0/${hexadecimal(mask)}`,
  })),
  masquerade: (ports?: PortRange): Action => ({
    target: { kind: 'masquerade', ...(ports && { ports }), randomFully: true },
    text: `--jump MASQUERADE${ports ? ` --to-ports ${ports.first}-${ports.last}` : ''} --random-fully`,
  }),
  snat: (to: Ip, ports?: PortRange): Action => ({
    target: { kind: 'snat', to, ...(ports && { ports }), randomFully: true },
    text: `--jump SNAT --to-source ${formatIp(to)}${ports ? `:${ports.first}-${ports.last}` : ''} --random-fully`,
  }),
} as const;

export const rule = (
  when: readonly Criterion[],
  action: Action,
  comment?: string,
  decision?: PolicyDecision,
): FelixRule => ({
  when,
  do: action,
  matches: matchesOf(when),
  comments: comment === undefined ? NONE : [comment],
  ...(decision && { decision }),
});

const NONE: readonly never[] = [];

/** Most rules have one condition, which they share. */
function matchesOf(when: readonly Criterion[]): readonly Match<Ip>[] {
  const [first, ...more] = when;
  if (!first) return NONE;
  return more.length === 0 ? first.matches : when.flatMap(({ matches }) => matches);
}

/** A chain with Felix's hashes; `policy` for a built-in chain into which Felix inserts. */
export function felixChain(name: string, rules: readonly FelixRule[], policy?: 'ACCEPT'): FelixChain {
  const comments = new ChainComments(name, rules);
  return { name, ...(policy && { policy }), rules: comments.rules };
}

/**
 * The rules of one chain, and their hashes. Packets do not read comments, and hashing is most of the work: it is done
 * for those who print.
 */
class ChainComments {
  readonly #chain: string;
  readonly #written: readonly FelixRule[];
  readonly rules: readonly Rule<Ip>[];
  #known: readonly string[] | undefined;

  constructor(chain: string, written: readonly FelixRule[]) {
    this.#chain = chain;
    // A list that grew has room for more: its copy has none, and there are dozens on each node.
    this.#written = written.slice();
    this.rules = this.#written.map((each) => evaluated(each, this));
  }

  of(rule: object): string {
    this.#known ??= ruleHashes(this.#chain, this.#written);
    return `cali:${this.#known[this.rules.findIndex((each) => each === rule)] ?? ''}`;
  }
}

const withHash = fieldOfShared('comment', (comments: ChainComments, rule) => comments.of(rule));

const evaluated = (
  { matches, do: { target }, comments, decision }: FelixRule,
  chain: ChainComments,
): Rule<Ip> =>
  withHash(
    {
      matches,
      target,
      ...(comments.length > 0 && { remarks: remarksOf(comments) }),
      ...(decision && { decision }),
    },
    chain,
  );

/** Comments as iptables takes them: the very same list where nothing is unsafe. */
const remarksOf = (comments: readonly string[]): readonly string[] =>
  comments.every((comment) => commentText(comment) === comment) ? comments : comments.map(commentText);

/** 16 characters of base64url of a SHA-224 chained from rule to rule. */
export const ruleHashes = (chain: string, rules: readonly FelixRule[]): readonly string[] =>
  chainedHashes(
    chain,
    rules.map((each) => ruleText(chain, each)),
  );

function chainedHashes(chain: string, texts: readonly string[]): readonly string[] {
  let hash: Uint8Array = sha224(utf8(chain));
  return texts.map((text) => {
    hash = sha224(concatBytes([hash, utf8(text)]));
    return base64url(hash).slice(0, 16);
  });
}

/** As Felix would add it, with HASH in place of the comment that tells its hash. */
export function ruleText(chain: string, { when, do: action, comments }: FelixRule): string {
  const remarks = comments.map((comment) => `-m comment --comment "${commentText(comment)}"`);
  return [`-A ${chain} HASH`, ...remarks, ...when.map(({ text }) => text), action.text]
    .filter((part) => part !== '')
    .join(' ');
}

/** What iptables takes in one comment. */
const COMMENT_LIMIT = 256;
/** Characters that Felix replaces in comments. */
const UNSAFE = /[^\w @%+=:,./-]/g;

const commentText = (comment: string): string => comment.replace(UNSAFE, '_').slice(0, COMMENT_LIMIT);
