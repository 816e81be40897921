/**
 * What `iptables` makes of a table by hand: rules appended, inserted, replaced and deleted, chains made, flushed and removed,
 * policies set. Complaints compared with iptables 1.8.9 (nf_tables) on Linux 6.18; indexes count from 1.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { Chain, Hook, Netfilter, Rule, TableName } from './netfilter-rules.ts';
import { BASE_CHAINS, rulesOf } from './netfilter-rules.ts';
import { printRule } from './netfilter-print.ts';

export interface NetfilterEdit {
  readonly kind: 'netfilter';
  readonly family?: 4;
  readonly table: TableName;
  readonly change: NetfilterChange;
}

/** What `ip6tables` makes. */
export interface Netfilter6Edit {
  readonly kind: 'netfilter';
  readonly family: 6;
  readonly table: TableName;
  readonly change: NetfilterChange<Ipv6>;
}

export type NetfilterChange<Address extends Ip = Ipv4> =
  | { readonly op: 'append'; readonly chain: string; readonly rule: Rule<Address> }
  | { readonly op: 'insert'; readonly chain: string; readonly at: number; readonly rule: Rule<Address> }
  | { readonly op: 'replace'; readonly chain: string; readonly at: number; readonly rule: Rule<Address> }
  | { readonly op: 'delete'; readonly chain: string; readonly rule: Rule<Address> }
  | { readonly op: 'delete-at'; readonly chain: string; readonly at: number }
  | { readonly op: 'flush'; readonly chain?: string }
  | { readonly op: 'new-chain'; readonly chain: string }
  | { readonly op: 'delete-chain'; readonly chain?: string }
  | { readonly op: 'rename-chain'; readonly chain: string; readonly to: string }
  | { readonly op: 'policy'; readonly chain: string; readonly policy: 'ACCEPT' | 'DROP' };

const NO_SUCH_RULE = 'iptables: Bad rule (does a matching rule exist in that chain?).';
const NO_SUCH_CHAIN = 'iptables: No chain/target/match by that name.';

/** A chain that a rule jumps to must exist, and a chain that is jumped to must stay. */
export function editNetfilter<A extends Ip>(
  netfilter: Netfilter<A>,
  { table, change }: { readonly table: TableName; readonly change: NetfilterChange<A> },
): Result<Netfilter<A>, string> {
  const chains = netfilter.tables[table] ?? [];
  const edited = editTable(table, chains, change);
  if (!edited.ok) return edited;
  return ok({ ...netfilter, tables: { ...netfilter.tables, [table]: edited.value } });
}

function editTable<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  change: NetfilterChange<A>,
): Result<readonly Chain<A>[], string> {
  switch (change.op) {
    case 'new-chain':
      return findChain(table, chains, change.chain)
        ? err('iptables: Chain already exists.')
        : ok([...chains, { name: change.chain, rules: [] }]);
    case 'delete-chain':
      return deleteChains(table, chains, change.chain);
    case 'flush':
      return flush(table, chains, change.chain);
    case 'rename-chain':
      return renameChain(table, chains, change);
    case 'policy':
      return isBase(table, change.chain)
        ? changeChain(table, chains, change.chain, (chain) => ok({ ...chain, policy: change.policy }))
        : err('iptables: Bad built-in chain name.');
    default: {
      const missing = 'rule' in change ? missingTarget(table, chains, change.rule) : undefined;
      if (missing !== undefined) return err(missing);
      return changeChain(table, chains, change.chain, (chain) => changeRules(chain, change));
    }
  }
}

type RuleChange<A extends Ip> = Extract<
  NetfilterChange<A>,
  { op: 'append' | 'insert' | 'replace' | 'delete' | 'delete-at' }
>;

function changeRules<A extends Ip>(chain: Chain<A>, change: RuleChange<A>): Result<Chain<A>, string> {
  const rules = rulesOf(chain);
  const { name, policy } = chain;
  const made = (changed: readonly Rule<A>[]): Result<Chain<A>, string> =>
    ok({ name, rules: changed, ...(policy && { policy }) });
  switch (change.op) {
    case 'append':
      return made([...rules, change.rule]);
    case 'insert':
      return change.at > rules.length + 1
        ? err('iptables: Index of insertion too big.')
        : made(rules.toSpliced(change.at - 1, 0, change.rule));
    case 'replace':
      return change.at > rules.length
        ? err('iptables: Index of replacement too big.')
        : made(rules.toSpliced(change.at - 1, 1, change.rule));
    case 'delete-at':
      return change.at > rules.length
        ? err('iptables: Index of deletion too big.')
        : made(rules.toSpliced(change.at - 1, 1));
    case 'delete': {
      const at = ruleIndex(chain, change.rule);
      return at < 0 ? err(NO_SUCH_RULE) : made(rules.toSpliced(at, 1));
    }
  }
}

/** Where the chain has this very rule; -1 when it has not. */
export function ruleIndex<A extends Ip>(chain: Chain<A>, rule: Rule<A>): number {
  const text = printRule(chain.name, rule);
  return rulesOf(chain).findIndex((each) => printRule(chain.name, each) === text);
}

const isBase = (table: TableName, name: string): boolean => BASE_CHAINS[table].includes(name as Hook);

function findChain<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  name: string,
): Chain<A> | undefined {
  const found = chains.find((chain) => chain.name === name);
  return found ?? (isBase(table, name) ? { name, policy: 'ACCEPT', rules: [] } : undefined);
}

function changeChain<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  name: string,
  change: (chain: Chain<A>) => Result<Chain<A>, string>,
): Result<readonly Chain<A>[], string> {
  const chain = findChain(table, chains, name);
  if (!chain) return err(NO_SUCH_CHAIN);
  const changed = change(chain);
  if (!changed.ok) return changed;
  const known = chains.some((each) => each.name === name);
  return ok(
    known ? chains.map((each) => (each.name === name ? changed.value : each)) : [...chains, changed.value],
  );
}

function missingTarget<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  { target }: Rule<A>,
): string | undefined {
  if (target.kind !== 'jump' || findChain(table, chains, target.chain)) return undefined;
  return `iptables v1.8.9 (nf_tables): Chain '${target.chain}' does not exist\nTry \`iptables -h' or 'iptables --help' for more information.`;
}

function flush<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  name: string | undefined,
): Result<readonly Chain<A>[], string> {
  const emptied = ({ name: own, policy }: Chain<A>): Chain<A> => ({
    name: own,
    rules: [],
    ...(policy && { policy }),
  });
  if (name === undefined) return ok(chains.map(emptied));
  return changeChain(table, chains, name, (chain) => ok(emptied(chain)));
}

function deleteChains<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  name: string | undefined,
): Result<readonly Chain<A>[], string> {
  const doomed = chains.filter((chain) =>
    name === undefined ? chain.policy === undefined : chain.name === name,
  );
  if (name !== undefined && (doomed.length === 0 || isBase(table, name))) return err(NO_SUCH_CHAIN);
  const kept = chains.filter((chain) => !doomed.includes(chain));
  const busy = doomed.find(
    (chain) => rulesOf(chain).length > 0 || chains.some((each) => refersTo(each, chain.name)),
  );
  return busy
    ? err(`iptables v1.8.9 (nf_tables):  CHAIN_DEL failed (Device or resource busy): chain ${busy.name}`)
    : ok(kept);
}

/** The rules that jump to it follow. */
function renameChain<A extends Ip>(
  table: TableName,
  chains: readonly Chain<A>[],
  { chain: name, to }: { readonly chain: string; readonly to: string },
): Result<readonly Chain<A>[], string> {
  if (isBase(table, name) || !chains.some((chain) => chain.name === name)) return err(NO_SUCH_CHAIN);
  if (findChain(table, chains, to)) return err('iptables: File exists.');
  const renamed = (rule: Rule<A>): Rule<A> =>
    rule.target.kind === 'jump' && rule.target.chain === name
      ? { ...rule, target: { ...rule.target, chain: to } }
      : rule;
  return ok(
    chains.map((chain) => ({
      ...chain,
      name: chain.name === name ? to : chain.name,
      rules: chain.rules.map(renamed),
      ...(chain.last ? { last: chain.last.map(renamed) } : {}),
    })),
  );
}

const refersTo = (chain: Chain<Ip>, name: string): boolean =>
  rulesOf(chain).some(({ target }) => target.kind === 'jump' && target.chain === name);

/** How many rules of the table jump to a chain, as `iptables -L` counts references. */
export const referencesTo = (chains: readonly Chain<Ip>[], name: string): number =>
  chains.flatMap(rulesOf).filter(({ target }) => target.kind === 'jump' && target.chain === name).length;
