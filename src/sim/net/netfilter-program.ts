/**
 * Netfilter rules made ready for packets: jumps resolved, ipsets indexed by prefix length, and the base chains of each hook
 * in the order the kernel calls them (raw, then mangle, nat, filter; Linux include/uapi/linux/netfilter_ipv4.h).
 */
import type { Cidr, Ipv4 } from '../../model/ip.ts';
import { netmask } from '../../model/ip.ts';
import { mix } from './flow-hash.ts';
import type { RulePlan } from './netfilter-plan.ts';
import { printRule } from './netfilter-print.ts';
import type { Chain, Hook, IpPort, IpSet, Netfilter, Rule, TableName } from './netfilter-rules.ts';
import { rulesOf } from './netfilter-rules.ts';
import type { RuleMatch } from './rule-step.ts';

export interface ProgramChain {
  readonly table: TableName;
  readonly name: string;
  readonly policy: Chain['policy'];
  readonly rules: readonly ProgramRule[];
}

export class ProgramRule {
  readonly rule: Rule;
  /** Made when the first packet comes by, like the step that tells of a match. */
  plan: RulePlan | undefined;
  noted: RuleMatch | undefined;
  /** Where a jump goes; undefined for other targets and for a chain that does not exist. */
  jump: ProgramChain | undefined;
  /** Tells rules with equal probabilities apart. */
  readonly salt: number;
  readonly #chain: string;
  #text: string | undefined;

  constructor(chain: string, rule: Rule, salt: number) {
    this.#chain = chain;
    this.rule = rule;
    this.salt = salt;
  }

  /** As iptables-save spells it, printed when first asked for. */
  get text(): string {
    return (this.#text ??= printRule(this.#chain, this.rule));
  }
}

/** The tables before and after connection tracking, for one hook. */
export interface HookProgram {
  readonly raw: ProgramChain | undefined;
  readonly mangle: ProgramChain | undefined;
  readonly nat: ProgramChain | undefined;
  readonly filter: ProgramChain | undefined;
}

export interface NetfilterProgram {
  readonly hooks: Readonly<Record<Hook, HookProgram>>;
  /** The kernel tracks connections only while some rule asks for it: nat targets and conntrack matches do. */
  readonly tracks: boolean;
  readonly sets: ReadonlyMap<string, PrefixSet | PortSet>;
}

/** Members of an ipset of type hash:net or hash:ip. */
export class PrefixSet {
  readonly #lengths: readonly { readonly mask: number; readonly bases: ReadonlySet<number> }[];

  constructor(members: readonly Cidr[]) {
    const byLength = new Map<number, Set<number>>();
    for (const { base, length } of members)
      byLength.set(length, (byLength.get(length) ?? new Set()).add(base));
    this.#lengths = [...byLength].map(([length, bases]) => ({ mask: netmask(length), bases }));
  }

  has(address: Ipv4): boolean {
    return this.#lengths.some(({ mask, bases }) => bases.has((address & mask) >>> 0));
  }
}

/** Members of an ipset of type hash:ip,port. */
export class PortSet {
  readonly #keys: ReadonlySet<string>;

  constructor(members: readonly IpPort[]) {
    this.#keys = new Set(members.map((member) => PortSet.#key(member)));
  }

  static #key({ address, protocol, port }: IpPort): string {
    return `${address} ${protocol} ${port}`;
  }

  has(member: IpPort): boolean {
    return this.#keys.has(PortSet.#key(member));
  }
}

const buildSet = (set: IpSet): PrefixSet | PortSet =>
  set.type === 'hash:ip,port' ? new PortSet(set.members) : new PrefixSet(set.members);

const programs = new WeakMap<Netfilter, NetfilterProgram>();

export function programOf(netfilter: Netfilter): NetfilterProgram {
  let program = programs.get(netfilter);
  if (!program) programs.set(netfilter, (program = build(netfilter)));
  return program;
}

/** Connection tracking wants whole packets: it puts fragments together before anything else sees them (nf_defrag_ipv4). */
export const reassembles = (netfilter: Netfilter): boolean => programOf(netfilter).tracks;

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
const TABLES = ['raw', 'mangle', 'nat', 'filter'] as const;

function build(netfilter: Netfilter): NetfilterProgram {
  const chains = new Map(TABLES.map((table) => [table, buildTable(table, netfilter.tables[table] ?? [])]));
  const hook = (name: Hook): HookProgram => ({
    raw: chains.get('raw')?.get(name),
    mangle: chains.get('mangle')?.get(name),
    nat: chains.get('nat')?.get(name),
    filter: chains.get('filter')?.get(name),
  });
  return {
    hooks: Object.fromEntries(HOOKS.map((name) => [name, hook(name)])) as Record<Hook, HookProgram>,
    tracks: Object.values(netfilter.tables).some((table) =>
      table.some((chain) => rulesOf(chain).some(asksForTracking)),
    ),
    sets: new Map([...netfilter.ipsets].map(([name, set]) => [name, buildSet(set)])),
  };
}

function buildTable(table: TableName, chains: readonly Chain[]): ReadonlyMap<string, ProgramChain> {
  const built = new Map(
    chains.map((chain, at) => {
      const rules = rulesOf(chain).map((rule, place) => new ProgramRule(chain.name, rule, mix(at, place)));
      return [chain.name, { table, name: chain.name, policy: chain.policy, rules }];
    }),
  );
  for (const { rules } of built.values()) {
    for (const each of rules) {
      if (each.rule.target.kind === 'jump') each.jump = built.get(each.rule.target.chain);
    }
  }
  return built;
}

const TRACKING_TARGETS: ReadonlySet<string> = new Set(['dnat', 'snat', 'masquerade']);

function asksForTracking({ target, matches }: Rule): boolean {
  return TRACKING_TARGETS.has(target.kind) || matches.some((match) => match.kind === 'ctstate');
}
