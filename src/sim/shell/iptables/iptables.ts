/**
 * `iptables`: reads a node's rules (-L, -S) and changes them (-A, -I, -D, -R, -F, -N, -X, -E, -P, -Z). A change counts at once for
 * every packet; what Felix owns comes back with its next refresh. Texts: iptables 1.8.9 (nf_tables), compared with the real
 * tool.
 */
import { err, ok } from '../../../base/result.ts';
import { ruleIndex, type NetfilterChange } from '../../net/edit-netfilter.ts';
import { listedChains, printRule } from '../../net/netfilter-print.ts';
import {
  BASE_CHAINS,
  rulesOf,
  type Chain,
  type Hook,
  type Rule,
  type TableName,
} from '../../net/netfilter-rules.ts';
import { ruleCounter } from '../../net/rule-counters.ts';
import type { Command, CommandIo, CompletionIo } from '../command.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import { hereOf, type Here } from '../network/here.ts';
import { hostName } from '../network/names.ts';
import { COMMANDS, MATCHES, TARGETS, type CommandFlag } from './honoured.ts';
import { chainTable, ruleRow, type ListFormat } from './list.ts';
import { parseRule } from './rule-parse.ts';
import { IPTABLES_VERSION, isTable, misuse, TABLE_NAMES } from './tool.ts';

export const iptables: Command = {
  name: 'iptables',
  summary: 'netfilter rules: list and change',
  places: ['node', 'router', 'host'],
  async run(io: CommandIo): Promise<number> {
    const result = runIptables(io);
    if (result.ok) {
      if (result.value !== '') await io.stdout.write(result.value);
      return 0;
    }
    await io.stderr.write(`${result.error.message}\n`);
    return result.error.status;
  },
  complete: completeIptables,
};

/** A command line in its parts. */
interface Line {
  readonly table: TableName;
  readonly command: CommandFlag;
  /** What follows the command: a chain, a number, a policy. */
  readonly operands: readonly string[];
  readonly rest: readonly string[];
  readonly format: Omit<ListFormat, 'hostName' | 'counter'>;
}

function runIptables(io: CommandIo): Parsed<string> {
  const [first] = io.args;
  if (first === '-V' || first === '--version') return ok(`iptables ${IPTABLES_VERSION}\n`);
  if (first === '-h' || first === '--help') return ok(HELP);
  const line = parseLine(io.args);
  if (!line.ok) return line;
  const here = hereOf(io);
  if (!here) return err({ status: 4, message: 'iptables: this place has no network stack of the lab.' });
  const chains = listedChains(line.value.table, here.netns.netfilter.tables[line.value.table] ?? []);
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
};

function parseLine(args: readonly string[]): Parsed<Line> {
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
  return ok({ table, command, operands, rest, format });
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
  readonly chains: readonly Chain[];
  readonly number?: number;
}

function select(
  { table, operands: [name, number], rest }: Line,
  chains: readonly Chain[],
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
  { line, chains }: { readonly line: Line; readonly chains: readonly Chain[] },
): Parsed<string> {
  const [name, number] = line.operands;
  const chain = chains.find((each) => each.name === name);
  if (name !== undefined && !chain) return err({ status: 1, message: NO_SUCH_CHAIN });
  const rule = chain && number !== undefined ? rulesOf(chain)[Number(number) - 1] : undefined;
  if (number !== undefined && !rule) return ok('');
  const which = rule && name !== undefined ? { rule: printRule(name, rule) } : {};
  const { table } = line;
  io.network.edit(id, {
    kind: 'zero-counters',
    table,
    ...(name === undefined ? {} : { chain: name }),
    ...which,
  });
  return ok('');
}

const NO_SUCH_CHAIN = 'iptables: No chain/target/match by that name.';

function listRules(io: CommandIo, here: Here, line: Line, chains: readonly Chain[]): Parsed<string> {
  const selection = select(line, chains);
  if (!selection.ok) return selection;
  const { chains: chosen, number } = selection.value;
  const format: ListFormat = {
    ...line.format,
    hostName: (address) => hostName(io, address),
    counter: (chain, rule) => ruleCounter(here.memory, line.table, chain, rule),
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

function specifyRules(here: Here, line: Line, chains: readonly Chain[]): Parsed<string> {
  const selection = select(line, chains);
  if (!selection.ok) return selection;
  const { chains: chosen, number } = selection.value;
  const { verbose } = line.format;
  const counted = (chain: string, rule: Rule): string => {
    const { packets, bytes } = ruleCounter(here.memory, line.table, chain, rule);
    return verbose ? ` -c ${packets} ${bytes}` : '';
  };
  const heads = chosen.map(({ name, policy }) =>
    policy === undefined ? `-N ${name}` : `-P ${name} ${policy}${verbose ? ' -c 0 0' : ''}`,
  );
  const rules = chosen.flatMap((chain) =>
    rulesOf(chain)
      .filter((_, at) => number === undefined || at === number - 1)
      .map((rule) =>
        printRule(chain.name, rule).replace(/( -[jg] \S+.*)?$/, `${counted(chain.name, rule)}$1`),
      ),
  );
  const lines = number === undefined ? [...heads, ...rules] : rules;
  return ok(lines.map((text) => `${text}\n`).join(''));
}

function check({ operands: [name = ''], rest }: Line, chains: readonly Chain[]): Parsed<string> {
  const rule = parseRule(rest);
  if (!rule.ok) return rule;
  const chain = chains.find((each) => each.name === name);
  return chain && ruleIndex(chain, rule.value) >= 0 ? ok('') : err({ status: 1, message: NO_SUCH_RULE });
}

const NO_SUCH_RULE = 'iptables: Bad rule (does a matching rule exist in that chain?).';

/** What a line changes, with what the words alone forbid. */
export function plannedChange(here: Here, args: readonly string[]): Parsed<NetfilterChange> {
  const line = parseLine(args);
  return line.ok ? plan(here, line.value) : line;
}

function plan(here: Here, line: Line): Parsed<NetfilterChange> {
  const wanted = changeOf(line);
  if (!wanted.ok) return wanted;
  const inhibited =
    'rule' in wanted.value ? inhibition(line.table, wanted.value.chain, wanted.value.rule) : undefined;
  if (inhibited) return err(inhibited);
  const set = 'rule' in wanted.value ? missingSet(here, wanted.value.rule) : undefined;
  return set === undefined ? wanted : err(misuse(`Set ${set} doesn't exist.\n`));
}

function change(io: CommandIo, here: Here, line: Line): Parsed<string> {
  const wanted = plan(here, line);
  if (!wanted.ok) return wanted;
  const edited = io.network.edit(here.id, { kind: 'netfilter', table: line.table, change: wanted.value });
  if (edited.ok) return ok('');
  const status = /^iptables v.*CHAIN_DEL/.test(edited.message) ? 4 : edited.message.includes('Try `') ? 2 : 1;
  return err({ status, message: edited.message });
}

function changeOf({ command: { short, long }, operands, rest }: Line): Parsed<NetfilterChange> {
  const [chain, second] = operands;
  if (short === 'F' || short === 'X') {
    const named = chain === undefined ? {} : { chain };
    return ok(short === 'F' ? { op: 'flush', ...named } : { op: 'delete-chain', ...named });
  }
  if (chain === undefined) return err(misuse(`option "-${short}" requires an argument`));
  if (short === 'N') return newChain(chain);
  if (short === 'E') return renamedChain(chain, second);
  if (short === 'P') return policyChange(chain, second);
  return ruleChange({ short, long }, { chain, second, rest });
}

interface RuleWords {
  readonly chain: string;
  readonly second: string | undefined;
  readonly rest: readonly string[];
}

function ruleChange(
  { short, long }: Pick<CommandFlag, 'short' | 'long'>,
  { chain, second, rest }: RuleWords,
): Parsed<NetfilterChange> {
  const at = Number(second ?? 1);
  if (second !== undefined && !/^[1-9]\d*$/.test(second))
    return err(misuse(`Invalid rule number \`${second}'`));
  if (short === 'D' && second !== undefined) return ok({ op: 'delete-at', chain, at });
  if (short === 'R' && second === undefined) return err(misuse(`-R requires a rule number`));
  const rule = parseRule(rest);
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

/** What a table or a hook does not allow. */
function inhibition(table: TableName, chain: string, { target }: Rule): Complaint | undefined {
  if (table === 'nat' && (target.kind === 'drop' || target.kind === 'reject')) {
    return misuse(
      '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
    );
  }
  const hooks = HOOKS_OF[target.kind];
  const wrong = hooks && (table !== hooks.table || (isHook(chain) && !hooks.hooks.includes(chain)));
  return wrong
    ? {
        status: 4,
        message: `iptables ${IPTABLES_VERSION}:  RULE_APPEND failed (Invalid argument): rule in chain ${chain}`,
      }
    : undefined;
}

const isHook = (name: string): name is Hook => BASE_CHAINS.mangle.includes(name as Hook);

const HOOKS_OF: Readonly<
  Partial<Record<Rule['target']['kind'], { table: TableName; hooks: readonly Hook[] }>>
> = {
  masquerade: { table: 'nat', hooks: ['POSTROUTING'] },
  snat: { table: 'nat', hooks: ['POSTROUTING', 'INPUT'] },
  dnat: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  notrack: { table: 'raw', hooks: ['PREROUTING', 'OUTPUT'] },
};

function missingSet({ netns }: Here, { matches }: Rule): string | undefined {
  const match = matches.find((each) => each.kind === 'ipset' && !netns.netfilter.ipsets.has(each.set));
  return match?.kind === 'ipset' ? match.set : undefined;
}

const HELP = [
  `iptables ${IPTABLES_VERSION}`,
  '',
  'Usage: iptables -[ACD] chain rule-specification [options]',
  '       iptables -I chain [rulenum] rule-specification [options]',
  '       iptables -R chain rulenum rule-specification [options]',
  '       iptables -D chain rulenum [options]',
  '       iptables -[LS] [chain [rulenum]] [options]',
  '       iptables -[FZ] [chain] [options]',
  '       iptables -[NX] chain',
  '       iptables -E old-chain-name new-chain-name',
  '       iptables -P chain target [options]',
  '',
  'Commands:',
  ...COMMANDS.map(({ short, long, takes }) => `  --${long.padEnd(13)} -${short} ${takes}`),
  '',
  'Options:',
  '  -t table   -n (numbers)   -v (counters, devices)   -x (exact)   --line-numbers   -w (ignored)',
  '  [!] -p proto   [!] -s address[/mask]   [!] -d address[/mask]   [!] -i device[+]   [!] -o device[+]',
  '  -j target   -g chain   -m match',
  `Matches: ${MATCHES.join(' ')}`,
  `Targets: ${TARGETS.join(' ')}, or a chain`,
  '',
].join('\n');

function completeIptables(words: readonly string[], io: CompletionIo): readonly string[] {
  const before = words.at(-2) ?? '';
  if (before === '-t') return TABLE_NAMES;
  const named = words[words.indexOf('-t') + 1] ?? '';
  const table = words.includes('-t') && isTable(named) ? named : 'filter';
  const chains = (): readonly string[] =>
    listedChains(table, hereOf(io)?.netns.netfilter.tables[table] ?? []).map(({ name }) => name);
  if (/^-[nvx]*[ACDEILSFZRNXP]$/.test(before)) return chains();
  if (/^-[jg]$/.test(before)) return [...TARGETS, ...chains()];
  if (before === '-m') return MATCHES;
  if (/^-[io]$/.test(before)) return hereOf(io)?.netns.devices.map(({ name }) => name) ?? [];
  return [...COMMANDS.map(({ short }) => short), ...'tnvpsdiomj'].map((letter) => `-${letter}`);
}
