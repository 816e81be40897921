/**
 * How many packets and bytes each netfilter rule has matched. The walk itself counts nothing: its trace names every rule that
 * matched, and what a command sent is counted from that afterwards. The packets of BGP sessions, which nobody looks at one by
 * one, are not counted. Like iptables over nf_tables, chains have no counters of their own.
 */
import type { IpFamily } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { IpPacket } from '../../model/packet.ts';
import type { NetnsId, Step } from '../../model/trace.ts';
import { packetLength } from '../../model/wire-length.ts';
import type { NetnsEdit } from './edit.ts';
import { printRule } from './netfilter-print.ts';
import type { Rule } from './netfilter-rules.ts';
import type { NetnsMemory, RuleCounter } from './netns.ts';

const NONE: RuleCounter = { packets: 0, bytes: 0 };

type Counters = ReadonlyMap<string, RuleCounter>;

const INET6 = 'ip6 ';

/** Both families have tables of these names: those of IPv6 are told by nft's name for it, `ip6 filter`. */
export const counterTable = (table: string, family: IpFamily = 4): string =>
  family === 4 ? table : `${INET6}${table}`;

const familyOfTable = (table: string): IpFamily => (table.startsWith(INET6) ? 6 : 4);

/** By the rule as `iptables-save` spells it: two rules of a chain that are spelt alike share a counter. */
const keyOf = (table: string, text: string): string => `${table} ${text}`;

/** @param table as `counterTable` names it */
export function counterOf({ rules }: NetnsMemory, table: string, text: string): RuleCounter {
  return rules?.get(keyOf(table, text)) ?? NONE;
}

/** @param table as `counterTable` names it */
export const ruleCounter = (memory: NetnsMemory, table: string, chain: string, rule: Rule<Ip>): RuleCounter =>
  counterOf(memory, table, printRule(chain, rule, familyOfTable(table)));

/** What the rules of each stack matched on these walks. */
export function countRules(walks: readonly (readonly Step[])[]): ReadonlyMap<NetnsId, Counters> {
  const stacks = new Map<NetnsId, Map<string, RuleCounter>>();
  for (const steps of walks) {
    const load = new Load();
    for (const step of steps) {
      load.follow(step);
      if (step.kind !== 'rule') continue;
      const stack = stacks.get(step.at) ?? new Map<string, RuleCounter>();
      stacks.set(step.at, stack);
      const key = keyOf(counterTable(step.table, load.family), step.rule);
      const { packets, bytes } = stack.get(key) ?? NONE;
      stack.set(key, { packets: packets + 1, bytes: bytes + load.bytes });
    }
  }
  return stacks;
}

/** What the packet is that a walk is about at each step: a tunnel's outer one, then the inner one again. */
class Load {
  readonly #inside: { readonly bytes: number; readonly family: IpFamily }[] = [];
  bytes = 0;
  family: IpFamily = 4;

  follow(step: Step): void {
    if (step.kind === 'originate') this.#take(step.packet);
    else if (step.kind === 'encapsulate') this.#wrap(step.outer);
    else if (step.kind === 'decapsulate')
      ({ bytes: this.bytes, family: this.family } = this.#inside.pop() ?? this);
  }

  #take(packet: IpPacket): void {
    this.bytes = packetLength(packet);
    this.family = packet.kind === 'ipv4' ? 4 : 6;
  }

  #wrap(outer: IpPacket): void {
    this.#inside.push({ bytes: this.bytes, family: this.family });
    this.#take(outer);
  }
}

export function withCounted(memory: NetnsMemory, counted: Counters): NetnsMemory {
  const rules = new Map(memory.rules);
  for (const [key, { packets, bytes }] of counted) {
    const before = rules.get(key) ?? NONE;
    rules.set(key, { packets: before.packets + packets, bytes: before.bytes + bytes });
  }
  return { ...memory, rules };
}

type CounterEdit = Extract<NetnsEdit, { readonly kind: 'zero-counters' | 'netfilter' }>;

/** Rules that are zeroed, or that go, begin at 0 again. */
export function withoutCounters(memory: NetnsMemory, edit: CounterEdit): NetnsMemory {
  if (!memory.rules) return memory;
  const isOver = edit.kind === 'zero-counters' ? isZeroed(edit) : isGone(edit);
  const kept = [...memory.rules].filter(([key]) => !isOver(key));
  return kept.length === memory.rules.size ? memory : { ...memory, rules: new Map(kept) };
}

function isZeroed({ chain, rule, ...edit }: Extract<CounterEdit, { kind: 'zero-counters' }>): IsOver {
  const table = counterTable(edit.table, edit.family);
  if (rule !== undefined) return (key) => key === keyOf(table, rule);
  return inChain(table, chain);
}

type IsOver = (key: string) => boolean;

const inChain = (table: string, chain: string | undefined): IsOver => {
  const prefix = chain === undefined ? `${table} ` : `${table} -A ${chain} `;
  return (key) => key.startsWith(prefix);
};

function isGone({ change, ...edit }: Extract<CounterEdit, { kind: 'netfilter' }>): IsOver {
  const table = counterTable(edit.table, edit.family);
  switch (change.op) {
    case 'append':
    case 'insert':
    case 'delete': {
      const key = keyOf(table, printRule(change.chain, change.rule, edit.family));
      return (each) => each === key;
    }
    case 'flush':
    case 'delete-chain':
    case 'rename-chain':
      return inChain(table, change.chain);
    default:
      return () => false;
  }
}
