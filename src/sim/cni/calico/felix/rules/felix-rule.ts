/**
 * Felix's own way to write an iptables rule, and the hash it puts into every rule's comment: a rule is recognised by
 * `cali:<16 characters>`, which depends on its chain, its text and all rules before it.
 * Source: felix/iptables/{renderer,match_builder,actions}.go, felix/generictables/rules.go RuleHashes, Calico v3.32.1.
 */
import { sha224 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../../../../../base/bytes.ts';
import { formatIpv4, type Ipv4 } from '../../../../../model/ip.ts';
import type { Chain, Match, Rule, Target } from '../../../../net/netfilter-rules.ts';
import { base64url } from '../../base64url.ts';

/** A condition: what the simulator evaluates, and Felix's spelling of it. */
export interface Criterion {
  readonly matches: readonly Match[];
  readonly text: string;
}

export interface Action {
  readonly target: Target;
  readonly text: string;
}

export interface FelixRule {
  readonly when: readonly Criterion[];
  readonly do: Action;
  /** What the rule is for. */
  readonly comment?: string;
}

const criterion = (text: string, ...matches: readonly Match[]): Criterion => ({ text, matches });

/** 0x-notation as Go's %#x prints it. */
const hexadecimal = (value: number): string => `0x${value.toString(16)}`;

export const on = {
  inInterface: (name: string) => criterion(`--in-interface ${name}`, { kind: 'in-interface', name }),
  outInterface: (name: string) => criterion(`--out-interface ${name}`, { kind: 'out-interface', name }),
  protocol: (number: number) => criterion(`-p ${number}`, { kind: 'protocol', protocol: number }),
  udpTo: (port: number) =>
    criterion(
      `-p udp --dport ${port}`,
      { kind: 'protocol', protocol: 17 },
      { kind: 'destination-port', port },
    ),
  ports: (port: number) =>
    criterion(`-m multiport --destination-ports ${port}`, {
      kind: 'destination-port',
      port,
      multiport: true,
    }),
  fromSet: (set: string) =>
    criterion(`-m set --match-set ${set} src`, { kind: 'ipset', set, direction: 'src' }),
  toSet: (set: string) =>
    criterion(`-m set --match-set ${set} dst`, { kind: 'ipset', set, direction: 'dst' }),
  notToSet: (set: string) =>
    criterion(`-m set ! --match-set ${set} dst`, { kind: 'ipset', set, direction: 'dst', not: true }),
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
  markSet: (bit: number) =>
    criterion(`-m mark --mark ${hexadecimal(bit)}/${hexadecimal(bit)}`, {
      kind: 'mark',
      value: bit,
      mask: bit,
    }),
  markClear: (mask: number) =>
    criterion(`-m mark --mark 0/${hexadecimal(mask)}`, { kind: 'mark', value: 0, mask }),
  established: () =>
    criterion('-m conntrack --ctstate RELATED,ESTABLISHED', {
      kind: 'ctstate',
      states: ['RELATED', 'ESTABLISHED'],
    }),
  invalid: () => criterion('-m conntrack --ctstate INVALID', { kind: 'ctstate', states: ['INVALID'] }),
  notDnat: () => criterion('-m conntrack ! --ctstate DNAT', { kind: 'ctstate', states: ['DNAT'], not: true }),
  noWayBack: () => criterion('-m rpfilter --invert --validmark', { kind: 'rpfilter', not: true }),
} as const;

export const act = {
  jump: (chain: string): Action => ({ target: { kind: 'jump', chain }, text: `--jump ${chain}` }),
  goto: (chain: string): Action => ({ target: { kind: 'jump', chain, goto: true }, text: `--goto ${chain}` }),
  accept: (): Action => ({ target: { kind: 'accept' }, text: '--jump ACCEPT' }),
  drop: (): Action => ({ target: { kind: 'drop' }, text: '--jump DROP' }),
  return: (): Action => ({ target: { kind: 'return' }, text: '--jump RETURN' }),
  notrack: (): Action => ({ target: { kind: 'notrack' }, text: '--jump NOTRACK' }),
  setMark: (bit: number): Action => ({
    target: { kind: 'mark', value: bit, mask: bit },
    text: `--jump MARK --set-mark ${hexadecimal(bit)}/${hexadecimal(bit)}`,
  }),
  clearMark: (mask: number): Action => ({
    target: { kind: 'mark', value: 0, mask },
    text: `--jump MARK --set-mark 0/${hexadecimal(mask)}`,
  }),
  masquerade: (): Action => ({
    target: { kind: 'masquerade', randomFully: true },
    text: '--jump MASQUERADE --random-fully',
  }),
  snat: (to: Ipv4): Action => ({
    target: { kind: 'snat', to, randomFully: true },
    text: `--jump SNAT --to-source ${formatIpv4(to)} --random-fully`,
  }),
} as const;

export const rule = (when: readonly Criterion[], action: Action, comment?: string): FelixRule => ({
  when,
  do: action,
  ...(comment !== undefined && { comment }),
});

/** A chain with Felix's hashes; `policy` for a built-in chain into which Felix inserts. */
export function felixChain(name: string, rules: readonly FelixRule[], policy?: 'ACCEPT'): Chain {
  let known: readonly string[] | undefined;
  const hashOf = (at: number): string => (known ??= ruleHashes(name, rules))[at] ?? '';
  return {
    name,
    ...(policy && { policy }),
    rules: rules.map((each, at) => evaluated(each, () => hashOf(at))),
  };
}

/** Packets do not read comments, and hashing is most of the work: it is done for those who print. */
function evaluated(felix: FelixRule, hash: () => string): Rule {
  return {
    matches: felix.when.flatMap(({ matches }) => matches),
    target: felix.do.target,
    get comment() {
      return `cali:${hash()}`;
    },
    ...(felix.comment !== undefined && { remark: felix.comment }),
  };
}

/** 16 characters of base64url of a SHA-224 chained from rule to rule. */
export const ruleHashes = (chain: string, rules: readonly FelixRule[]): readonly string[] =>
  chainedHashes(
    chain,
    rules.map((each) => hashedText(chain, each)),
  );

function chainedHashes(chain: string, texts: readonly string[]): readonly string[] {
  let hash: Uint8Array = sha224(utf8(chain));
  return texts.map((text) => {
    hash = sha224(concatBytes([hash, utf8(text)]));
    return base64url(hash).slice(0, 16);
  });
}

function hashedText(chain: string, { when, do: action, comment }: FelixRule): string {
  const remark = comment === undefined ? [] : [`-m comment --comment "${comment.replace(UNSAFE, '_')}"`];
  return [`-A ${chain} HASH`, ...remark, ...when.map(({ text }) => text), action.text].join(' ');
}

/** Characters that Felix replaces in comments. */
const UNSAFE = /[^\w @%+=:,./-]/g;
