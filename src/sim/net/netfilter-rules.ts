/**
 * Netfilter rules as data: the subset of iptables that kube-proxy and Felix write and that the simulator evaluates.
 * `print` in `netfilter-print.ts` spells a rule as iptables-save does. Vocabulary: iptables-extensions(8).
 */
import type { Cidr, Ip, Ipv4 } from '../../model/ip.ts';
import type { PolicyDecision } from '../../model/policy-decision.ts';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';

export interface Netfilter<Address extends Ip = Ipv4> {
  readonly tables: Readonly<Partial<Record<TableName, readonly Chain<Address>[]>>>;
  readonly ipsets: ReadonlyMap<string, IpSet<Address>>;
}

/** A set that rules refer to by name (ipset(8)). Members of `hash:ip` are single addresses. */
export type IpSet<Address extends Ip = Ipv4> =
  | { readonly type: 'hash:net' | 'hash:ip'; readonly members: readonly Cidr<Address>[] }
  | { readonly type: 'hash:ip,port'; readonly members: readonly IpPort<Address>[] };

export interface IpPort<Address extends Ip = Ipv4> {
  readonly address: Address;
  /** IANA number. */
  readonly protocol: number;
  readonly port: number;
}

export const hashNet = <Address extends Ip = Ipv4>(members: readonly Cidr<Address>[]): IpSet<Address> => ({
  type: 'hash:net',
  members,
});

export const NO_NETFILTER: Netfilter = { tables: {}, ipsets: new Map() };

export interface Chain<Address extends Ip = Ipv4> {
  readonly name: string;
  /** Built-in chains have a policy; user chains return. */
  readonly policy?: 'ACCEPT' | 'DROP';
  readonly rules: readonly Rule<Address>[];
  /** Rules that a program appends where others insert theirs: they stay behind whatever is merged into the chain. */
  readonly last?: readonly Rule<Address>[];
}

/** Everything in the chain, in the order packets meet it. */
export const rulesOf = <Address extends Ip>({ rules, last }: Chain<Address>): readonly Rule<Address>[] =>
  last ? [...rules, ...last] : rules;

/** The built-in chains of each table, in the order of their hooks. */
export const BASE_CHAINS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export interface Rule<Address extends Ip = Ipv4> {
  readonly matches: readonly Match<Address>[];
  readonly target: Target<Address>;
  readonly comment?: string;
  /** Further comments, as Felix adds what a rule is for. */
  readonly remarks?: readonly string[];
  /** What the rule stands for, when Felix wrote it for a policy. */
  readonly decision?: PolicyDecision;
  /** The comment was typed after the match extensions: `-m conntrack --ctstate NEW -m comment ...`. */
  readonly commentLast?: boolean;
}

/** States of `--ctstate`: of the packet in its connection, and the two that tell of a translated connection. */
export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED' | 'SNAT' | 'DNAT';

export type Match<Address extends Ip = Ipv4> =
  | { readonly kind: 'source'; readonly cidr: Cidr<Address>; readonly not?: boolean }
  | { readonly kind: 'destination'; readonly cidr: Cidr<Address>; readonly not?: boolean }
  | { readonly kind: 'in-interface'; readonly name: string; readonly not?: boolean }
  | { readonly kind: 'out-interface'; readonly name: string; readonly not?: boolean }
  /** `module`: `-m tcp` was typed too, without asking for a port. */
  | {
      readonly kind: 'protocol';
      readonly protocol: number;
      readonly module?: boolean;
      readonly not?: boolean;
    }
  /** `--dport 80` or, with `last`, `--dport 80:90`. */
  | {
      readonly kind: 'destination-port';
      readonly port: number;
      readonly last?: number;
      readonly not?: boolean;
    }
  | {
      readonly kind: 'source-port';
      readonly port: number;
      readonly last?: number;
      readonly not?: boolean;
    }
  /** `-m multiport`: one of the ranges holds the port. */
  | {
      readonly kind: 'ports';
      readonly side: 'source' | 'destination' | 'either';
      readonly ranges: readonly PortRange[];
      readonly not?: boolean;
    }
  /** ICMP type and, if asked for, code; type 255 is any. */
  | { readonly kind: 'icmp-type'; readonly type: number; readonly code?: number; readonly not?: boolean }
  | {
      readonly kind: 'ipset';
      readonly set: string;
      readonly direction: SetDirection;
      readonly not?: boolean;
    }
  | {
      readonly kind: 'addrtype';
      readonly side: 'src' | 'dst';
      readonly type: 'LOCAL';
      readonly not?: boolean;
      readonly limitIfaceOut?: boolean;
    }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number; readonly not?: boolean }
  | { readonly kind: 'ctstate'; readonly states: readonly CtState[]; readonly not?: boolean }
  /** `-m rpfilter --validmark`: the way back to the source leads out of the device the packet came in by. */
  | { readonly kind: 'rpfilter'; readonly not?: boolean }
  /** `-m statistic --mode random --probability p`: decided by a hash of the flow, so that a run repeats. */
  | { readonly kind: 'probability'; readonly probability: number }
  /** `-m nfacct`: agrees with everything and counts it in a named object, which `nfacct` would show. */
  | { readonly kind: 'nfacct'; readonly name: string }
  /**
   * `-m recent`: `set` notes the source in the named list and always agrees; `rcheck` agrees with a source that the list has
   * seen, in the last `seconds` if said; `reap` forgets older ones.
   */
  | {
      readonly kind: 'recent';
      readonly list: string;
      readonly check: 'set' | 'rcheck';
      readonly seconds?: number;
      readonly reap?: boolean;
      readonly not?: boolean;
    };

/** First and last port; equal for a single one. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Which end of the packet each dimension of a set is compared with. */
export type SetDirection = (typeof SET_DIRECTIONS)[number];
export const SET_DIRECTIONS = ['src', 'dst', 'src,src', 'src,dst', 'dst,src', 'dst,dst'] as const;

export type Target<Address extends Ip = Ipv4> =
  /** No `-j` at all: the rule only counts, or carries a comment. */
  | { readonly kind: 'none' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'return' }
  | { readonly kind: 'notrack' }
  /** A line in the kernel's log; `level` as in syslog(2), 4 (warning) unless said. */
  | { readonly kind: 'log'; readonly prefix: string; readonly level: number }
  /** `goto` (-g): what returns from that chain returns to the caller of this one. */
  | { readonly kind: 'jump'; readonly chain: string; readonly goto?: boolean }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'dnat'; readonly to: Address; readonly port?: number }
  /** `ports`: the new source port is one of these. */
  | {
      readonly kind: 'snat';
      readonly to: Address;
      readonly ports?: PortRange;
      readonly randomFully?: boolean;
    }
  | { readonly kind: 'masquerade'; readonly ports?: PortRange; readonly randomFully?: boolean };
