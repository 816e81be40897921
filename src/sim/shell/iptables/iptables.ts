/**
 * `iptables`: reads a node's rules (-L, -S) and changes them (-A, -I, -D, -R, -F, -N, -X, -E, -P, -Z). A change counts at once for
 * every packet; what Felix owns comes back with its next refresh. Texts: iptables 1.8.9 (nf_tables), compared with the real
 * tool.
 */
import { err, ok } from '../../../base/result.ts';
import type { IpFamily } from '../../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../../model/ip.ts';
import {
  ruleIndex,
  type Netfilter6Edit,
  type NetfilterChange,
  type NetfilterEdit,
} from '../../net/edit-netfilter.ts';
import { familyOfSet } from '../../net/edit-rules.ts';
import { listedChains, printRule } from '../../net/netfilter-print.ts';
import { rulesOf, type Chain, type Rule, type TableName } from '../../net/netfilter-rules.ts';
import { counterTable, ruleCounter } from '../../net/rule-counters.ts';
import type { Command, CommandIo } from '../command.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import { hereOf, type Here } from '../network/here.ts';
import { hostName } from '../network/names.ts';
import { completeIptables, HELP } from './help.ts';
import { inhibition } from './inhibition.ts';
import { COMMANDS, type CommandFlag } from './honoured.ts';
import { chainTable, ruleRow, type ListFormat } from './list.ts';
import { parseRule } from './rule-parse.ts';
import { IPTABLES_VERSION, isTable, misuse, netfilterOf, spokenBy } from './tool.ts';

export const iptables = iptablesCommand(4);
export const ip6tables = iptablesCommand(6);

function iptablesCommand(family: IpFamily): Command {
  return {
    name: spokenBy(family, 'iptables'),
    summary: `netfilter rules${family === 4 ? '' : ' of IPv6'}: list and change`,
    places: ['node', 'router', 'host'],
    async run(io: CommandIo): Promise<number> {
      const result = runIptables(io, family);
      if (result.ok) {
        if (result.value !== '') await io.stdout.write(result.value);
        return 0;
      }
      await io.stderr.write(`${spokenBy(family, result.error.message)}\n`);
      return result.error.status;
    },
    complete: (words, io) => completeIptables(words, io, family),
  };
}

/** A command line in its parts. */
interface Line {
  readonly family: IpFamily;
  readonly table: TableName;
  readonly command: CommandFlag;
  /** What follows the command: a chain, a number, a policy. */
  readonly operands: readonly string[];
  readonly rest: readonly string[];
  readonly format: Omit<ListFormat, 'family' | 'hostName' | 'counter'>;
}

function runIptables(io: CommandIo, family: IpFamily): Parsed<string> {
  const [first] = io.args;
  if (first === '-V' || first === '--version')
    return ok(`${spokenBy(family, 'iptables')} ${IPTABLES_VERSION}\n`);
  if (first === '-h' || first === '--help') return ok(spokenBy(family, HELP));
  const line = parseLine(io.args, family);
  if (!line.ok) return line;
  const here = hereOf(io);
  if (!here) return err({ status: 4, message: 'iptables: this place has no network stack of the lab.' });
  const { tables } = netfilterOf(here.netns, family);
  const chains = listedChains(line.value.table, tables[line.value.table] ?? []);
  switch (line.value.command.short) {
    case 'L':
      return listRules(io, here, line.value, chains);
    case 'S':
      return specifyRules(here, line.value, chains);
    case 'Z':
      return zero(io, here, { line: line.value, chains });
    case 'C':
      return check(line.value, chains);
    default:
      return change(io, here, line.value);
  }
}

const QUALIFIERS: Readonly<Record<string, keyof Line['format'] | 'none'>> = {
  '-n': 'numeric',
  '--numeric': 'numeric',
  '-v': 'verbose',
  '--verbose': 'verbose',
  '-x': 'exact',
  '--exact': 'exact',
  '--line-numbers': 'lineNumbers',
  '--line-number': 'lineNumbers',
  '-w': 'none',
  '--wait': 'none',
  '-4': 'none',
  '--ipv4': 'none',
  '-6': 'none',
  '--ipv6': 'none',
};

function parseLine(args: readonly string[], family: IpFamily): Parsed<Line> {
  const words = args.flatMap(splitCluster);
  const format = { numeric: false, verbose: false, exact: false, lineNumbers: false };
  const rest: string[] = [];
  let table: TableName = 'filter';
  let command: CommandFlag | undefined;
  let operands: readonly string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const qualifier = QUALIFIERS[word];
    const wanted = COMMANDS.find(({ short, long }) => word === `-${short}` || word === `--${long}`);
    if (word === '-t' || word === '--table') {
      const name = words[(at += 1)] ?? '';
      if (!isTable(name)) return err(noTable(name));
      table = name;
    } else if (qualifier === 'none') at += waitSeconds(word, words[at + 1]);
    else if (qualifier !== undefined) format[qualifier] = true;
    else if (wanted) {
      if (command) return err(misuse(`Cannot use -${wanted.short} with -${command.short}`));
      command = wanted;
      operands = operandsOf(words.slice(at + 1));
      at += operands.length;
    } else rest.push(word);
  }
  if (!command) return err(misuse('no command specified'));
  return ok({ family, table, command, operands, rest, format });
}

/** `-nvL` is three flags; `-tnat` is one with its value. */
function splitCluster(word: string): readonly string[] {
  if (/^-t[a-z]/.test(word)) return ['-t', word.slice(2)];
  return /^-[nvxLSFZ]{2,}$/.test(word) ? [...word.slice(1)].map((letter) => `-${letter}`) : [word];
}

/** -w may have a number after it. */
const waitSeconds = (word: string, next = ''): number => (word.includes('w') && /^\d+$/.test(next) ? 1 : 0);

/** At most two words that begin no option. */
function operandsOf(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => word === '!' || word.startsWith('-'));
  return words.slice(0, Math.min(2, end < 0 ? 2 : end));
}

const noTable = (name: string): Complaint => ({
  status: 3,
  message: `iptables ${IPTABLES_VERSION}: table '${name}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.`,
});

/** The chain that is named, or all of them, and the one rule of it. */
interface Selection {
  readonly chains: readonly Chain<Ip>[];
  readonly number?: number;
}

function select(
  { table, operands: [name, number], rest }: Line,
  chains: readonly Chain<Ip>[],
): Parsed<Selection> {
  if (rest.length > 0) return err(misuse(`Illegal option \`${rest[0] ?? ''}' with this command`));
  if (name === undefined) return ok({ chains });
  const chain = chains.find((each) => each.name === name);
  if (!chain) {
    const message = `iptables ${IPTABLES_VERSION}: chain \`${name}' in table \`${table}' is incompatible, use 'nft' tool.\n`;
    return err({ status: 1, message });
  }
  if (number === undefined) return ok({ chains: [chain] });
  return /^[1-9]\d*$/.test(number)
    ? ok({ chains: [chain], number: Number(number) })
    : err(misuse(`Invalid rule number \`${number}'`));
}

/** Chains and rules that do not exist are two things: nf_tables minds the first alone. */
function zero(
  io: CommandIo,
  { id }: Here,
  { line, chains }: { readonly line: Line; readonly chains: readonly Chain<Ip>[] },
): Parsed<string> {
  const [name, number] = line.operands;
  const chain = chains.find((each) => each.name === name);
  if (name !== undefined && !chain) return err({ status: 1, message: NO_SUCH_CHAIN });
  const rule = chain && number !== undefined ? rulesOf(chain)[Number(number) - 1] : undefined;
  if (number !== undefined && !rule) return ok('');
  const which = rule && name !== undefined ? { rule: printRule(name, rule, line.family) } : {};
  const { table, family } = line;
  io.network.edit(id, {
    kind: 'zero-counters',
    ...(family === 6 ? { family } : {}),
    table,
    ...(name === undefined ? {} : { chain: name }),
    ...which,
  });
  return ok('');
}

const NO_SUCH_CHAIN = 'iptables: No chain/target/match by that name.';

function listRules(io: CommandIo, here: Here, line: Line, chains: readonly Chain<Ip>[]): Parsed<string> {
  const selection = select(line, chains);
  if (!selection.ok) return selection;
  const { chains: chosen, number } = selection.value;
  const format: ListFormat = {
    ...line.format,
    family: line.family,
    hostName: (address) => hostName(io, address),
    counter: (chain, rule) => ruleCounter(here.memory, counterTable(line.table, line.family), chain, rule),
  };
  const [first] = chosen;
  if (number !== undefined) {
    const rule = first && rulesOf(first)[number - 1];
    return ok(first && rule ? `${ruleRow({ chain: first.name, rule, number }, format)}\n` : '');
  }
  return ok(
    chosen
      .map((chain) =>
        chainTable(chain, chains, format)
          .map((row) => `${row}\n`)
          .join(''),
      )
      .join('\n'),
  );
}

function specifyRules(here: Here, line: Line, chains: readonly Chain<Ip>[]): Parsed<string> {
  const selection = select(line, chains);
  if (!selection.ok) return selection;
  const { chains: chosen, number } = selection.value;
  const { verbose } = line.format;
  const table = counterTable(line.table, line.family);
  const counted = (chain: string, rule: Rule<Ip>): string => {
    const { packets, bytes } = ruleCounter(here.memory, table, chain, rule);
    return verbose ? ` -c ${packets} ${bytes}` : '';
  };
  const heads = chosen.map(({ name, policy }) =>
    policy === undefined ? `-N ${name}` : `-P ${name} ${policy}${verbose ? ' -c 0 0' : ''}`,
  );
  const rules = chosen.flatMap((chain) =>
    rulesOf(chain)
      .filter((_, at) => number === undefined || at === number - 1)
      .map((rule) =>
        printRule(chain.name, rule, line.family).replace(
          /( -[jg] \S+.*)?$/,
          `${counted(chain.name, rule)}$1`,
        ),
      ),
  );
  const lines = number === undefined ? [...heads, ...rules] : rules;
  return ok(lines.map((text) => `${text}\n`).join(''));
}

function check({ family, operands: [name = ''], rest }: Line, chains: readonly Chain<Ip>[]): Parsed<string> {
  const rule = parseRule(rest, family);
  if (!rule.ok) return rule;
  const chain = chains.find((each) => each.name === name);
  return chain && ruleIndex(chain, rule.value) >= 0 ? ok('') : err({ status: 1, message: NO_SUCH_RULE });
}

const NO_SUCH_RULE = 'iptables: Bad rule (does a matching rule exist in that chain?).';

/** What a line changes, with what the words alone forbid. */
export function plannedChange(
  here: Here,
  args: readonly string[],
  family: IpFamily,
): Parsed<NetfilterChange<Ip>> {
  const line = parseLine(args, family);
  return line.ok ? plan(here, line.value) : line;
}

function plan(here: Here, line: Line): Parsed<NetfilterChange<Ip>> {
  const wanted = changeOf(line);
  if (!wanted.ok) return wanted;
  const inhibited =
    'rule' in wanted.value ? inhibition(line.table, wanted.value.chain, wanted.value.rule) : undefined;
  if (inhibited) return err(inhibited);
  const set = 'rule' in wanted.value ? unfitSet(here, wanted.value.rule, line.family) : undefined;
  return set === undefined ? wanted : err(misuse(set));
}

function change(io: CommandIo, here: Here, line: Line): Parsed<string> {
  const wanted = plan(here, line);
  if (!wanted.ok) return wanted;
  const edited = io.network.edit(here.id, netfilterEdit(line.family, line.table, wanted.value));
  if (edited.ok) return ok('');
  const status = /^ip6?tables v.*CHAIN_DEL/.test(edited.message)
    ? 4
    : edited.message.includes('Try `')
      ? 2
      : 1;
  return err({ status, message: edited.message });
}

/** The compiler does not follow from the family to the rules of the change. */
export const netfilterEdit = (
  family: IpFamily,
  table: TableName,
  change: NetfilterChange<Ip>,
): NetfilterEdit | Netfilter6Edit =>
  family === 4
    ? { kind: 'netfilter', table, change: change as NetfilterChange }
    : { kind: 'netfilter', family, table, change: change as NetfilterChange<Ipv6> };

function changeOf({ family, command: { short, long }, operands, rest }: Line): Parsed<NetfilterChange<Ip>> {
  const [chain, second] = operands;
  if (short === 'F' || short === 'X') {
    const named = chain === undefined ? {} : { chain };
    return ok(short === 'F' ? { op: 'flush', ...named } : { op: 'delete-chain', ...named });
  }
  if (chain === undefined) return err(misuse(`option "-${short}" requires an argument`));
  if (short === 'N') return newChain(chain);
  if (short === 'E') return renamedChain(chain, second);
  if (short === 'P') return policyChange(chain, second);
  return ruleChange({ short, long }, { family, chain, second, rest });
}

interface RuleWords {
  readonly family: IpFamily;
  readonly chain: string;
  readonly second: string | undefined;
  readonly rest: readonly string[];
}

function ruleChange(
  { short, long }: Pick<CommandFlag, 'short' | 'long'>,
  { family, chain, second, rest }: RuleWords,
): Parsed<NetfilterChange<Ip>> {
  const at = Number(second ?? 1);
  if (second !== undefined && !/^[1-9]\d*$/.test(second))
    return err(misuse(`Invalid rule number \`${second}'`));
  if (short === 'D' && second !== undefined) return ok({ op: 'delete-at', chain, at });
  if (short === 'R' && second === undefined) return err(misuse(`-R requires a rule number`));
  const rule = parseRule(rest, family);
  if (!rule.ok) return rule;
  switch (long) {
    case 'insert':
    case 'replace':
      return ok({ op: long, chain, at, rule: rule.value });
    case 'delete':
      return ok({ op: 'delete', chain, rule: rule.value });
    default:
      return ok({ op: 'append', chain, rule: rule.value });
  }
}

function newChain(chain: string): Parsed<NetfilterChange> {
  if (chain.length > 28) return err(misuse(`chain name \`${chain}' too long (must be under 29 chars)`));
  return ok({ op: 'new-chain', chain });
}

function renamedChain(chain: string, to: string | undefined): Parsed<NetfilterChange> {
  if (to === undefined) return err(misuse('-E requires old-chain-name and new-chain-name'));
  if (to.length > 28) return err(misuse(`chain name \`${to}' too long (must be under 29 chars)`));
  return ok({ op: 'rename-chain', chain, to });
}

function policyChange(chain: string, policy: string | undefined): Parsed<NetfilterChange> {
  if (policy === undefined) return err(misuse('-P requires a chain and a policy'));
  return policy === 'ACCEPT' || policy === 'DROP'
    ? ok({ op: 'policy', chain, policy })
    : err({ status: 1, message: "iptables: Bad policy name. Run `dmesg' for more information." });
}

/** A set that a rule names exists, and is of its family. */
function unfitSet({ netns }: Here, { matches }: Rule<Ip>, family: IpFamily): string | undefined {
  for (const match of matches) {
    if (match.kind !== 'ipset') continue;
    const own = familyOfSet(netns, match.set);
    if (own === undefined) return `Set ${match.set} doesn't exist.\n`;
    if (own !== family)
      return `The protocol family of set ${match.set} is IPv${own}, which is not applicable.\n`;
  }
  return undefined;
}
