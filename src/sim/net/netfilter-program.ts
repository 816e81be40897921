/**
 * Netfilter rules made ready for packets: jumps resolved, ipsets indexed by prefix length, and the base chains of each hook
 * in the order the kernel calls them (raw, then mangle, nat, filter; Linux include/uapi/linux/netfilter_ipv4.h).
 */
import { isIpv6, type IpFamily } from '../../model/ip-family.ts';
import type { Cidr, Ip } from '../../model/ip.ts';
import { netmask } from '../../model/ip.ts';
import { masked6 } from '../../model/ipv6.ts';
import { mix } from './flow-hash.ts';
import type { RulePlan } from './netfilter-plan.ts';
import { printRule } from './netfilter-print.ts';
import type { Chain, Hook, IpPort, IpSet, Netfilter, Rule, TableName } from './netfilter-rules.ts';
import { rulesOf } from './netfilter-rules.ts';
import type { RuleMatch } from './rule-step.ts';

type Chains = ReadonlyMap<string, ProgramChain>;

interface ChainPlace {
  readonly table: TableName;
  /** Where in the table. */
  readonly at: number;
  readonly family: IpFamily;
  /** All of the table, for jumps. */
  readonly chains: Chains;
}

/** Most chains of a node are those of other pods and services: a chain is made ready when the first packet enters it. */
export class ProgramChain {
  readonly #chain: Chain<Ip>;
  readonly #place: ChainPlace;
  #rules: readonly ProgramRule[] | undefined;

  constructor(chain: Chain<Ip>, place: ChainPlace) {
    this.#chain = chain;
    this.#place = place;
  }

  get table(): TableName {
    return this.#place.table;
  }

  get name(): string {
    return this.#chain.name;
  }

  get policy(): Chain['policy'] {
    return this.#chain.policy;
  }

  /** A rule without a target only counts; one without matches too, as Felix's remarks, is left out. */
  get rules(): readonly ProgramRule[] {
    return (this.#rules ??= this.#made());
  }

  #made(): readonly ProgramRule[] {
    const { at, family, chains } = this.#place;
    return rulesOf(this.#chain).flatMap((rule, place) => {
      const { target, matches } = rule;
      if (target.kind === 'none' && matches.length === 0) return [];
      const made = new ProgramRule(rule, { chain: this.name, salt: mix(at, place), family });
      if (target.kind === 'jump') made.jump = chains.get(target.chain);
      return [made];
    });
  }
}

interface RulePlace {
  readonly chain: string;
  readonly salt: number;
  readonly family: IpFamily;
}

export class ProgramRule {
  readonly rule: Rule<Ip>;
  /** Made when the first packet comes by, like the step that tells of a match. */
  plan: RulePlan | undefined;
  noted: RuleMatch | undefined;
  /** Where a jump goes; undefined for other targets and for a chain that does not exist. */
  jump: ProgramChain | undefined;
  /** Tells rules with equal probabilities apart. */
  readonly salt: number;
  readonly #chain: string;
  readonly #family: IpFamily;
  #text: string | undefined;

  constructor(rule: Rule<Ip>, { chain, salt, family }: RulePlace) {
    this.#chain = chain;
    this.#family = family;
    this.rule = rule;
    this.salt = salt;
  }

  /** As iptables-save spells it, printed when first asked for. */
  get text(): string {
    return (this.#text ??= printRule(this.#chain, this.rule, this.#family));
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
  /**
   * The kernel tracks connections only while some rule asks for it: nat targets and conntrack matches do. Tracking wants whole
   * packets: it puts fragments together before anything else sees them (nf_defrag_ipv4, nf_defrag_ipv6).
   */
  readonly tracks: boolean;
  readonly sets: ReadonlyMap<string, PrefixSet | PortSet>;
}

interface SameLength {
  readonly length: number;
  /** Of IPv4. */
  readonly mask: number;
  readonly bases: ReadonlySet<number | string>;
}

/** Members of an ipset of type hash:net or hash:ip. */
export class PrefixSet {
  readonly #lengths: readonly SameLength[];

  constructor(members: readonly Cidr<Ip>[]) {
    const byLength = new Map<number, Set<Ip>>();
    for (const { base, length } of members)
      byLength.set(length, (byLength.get(length) ?? new Set()).add(base));
    this.#lengths = [...byLength].map(([length, bases]) => ({ length, mask: netmask(length), bases }));
  }

  has(address: Ip): boolean {
    if (isIpv6(address))
      return this.#lengths.some(({ length, bases }) => bases.has(masked6(address, length)));
    return this.#lengths.some(({ mask, bases }) => bases.has((address & mask) >>> 0));
  }
}

/** Members of an ipset of type hash:ip,port. */
export class PortSet {
  readonly #keys: ReadonlySet<string>;

  constructor(members: readonly IpPort<Ip>[]) {
    this.#keys = new Set(members.map((member) => PortSet.#key(member)));
  }

  static #key({ address, protocol, port }: IpPort<Ip>): string {
    return `${address} ${protocol} ${port}`;
  }

  has(member: IpPort<Ip>): boolean {
    return this.#keys.has(PortSet.#key(member));
  }
}

const buildSet = (set: IpSet<Ip>): PrefixSet | PortSet =>
  set.type === 'hash:ip,port' ? new PortSet(set.members) : new PrefixSet(set.members);

const programs = new WeakMap<Netfilter<Ip>, NetfilterProgram>();

export function programOf(netfilter: Netfilter<Ip>, family: IpFamily): NetfilterProgram {
  let program = programs.get(netfilter);
  if (!program) programs.set(netfilter, (program = build(netfilter, family)));
  return program;
}

const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
const TABLES = ['raw', 'mangle', 'nat', 'filter'] as const;

function build(netfilter: Netfilter<Ip>, family: IpFamily): NetfilterProgram {
  const chains = new Map(
    TABLES.map((table) => [table, buildTable(table, netfilter.tables[table] ?? [], family)]),
  );
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

function buildTable(table: TableName, all: readonly Chain<Ip>[], family: IpFamily): Chains {
  const chains = new Map<string, ProgramChain>();
  for (const [at, chain] of all.entries())
    chains.set(chain.name, new ProgramChain(chain, { table, at, family, chains }));
  return chains;
}

const TRACKING_TARGETS: ReadonlySet<string> = new Set(['dnat', 'snat', 'masquerade']);

function asksForTracking({ target, matches }: Rule<Ip>): boolean {
  return TRACKING_TARGETS.has(target.kind) || matches.some((match) => match.kind === 'ctstate');
}
