/**
 * `iptables-restore`: tables from text, each all at once at its COMMIT or not at all. Complaints: iptables 1.8.9 (nf_tables),
 * compared with the real tool. Counters in the text are read over: rules begin at 0.
 */
import { err, ok } from '../../../base/result.ts';
import { utf8Text } from '../../../base/bytes.ts';
import type { IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import {
  editNetfilter,
  type Netfilter6Edit,
  type NetfilterChange,
  type NetfilterEdit,
} from '../../net/edit-netfilter.ts';
import { BASE_CHAINS, type Hook, type Netfilter, type TableName } from '../../net/netfilter-rules.ts';
import type { Command, CommandIo } from '../command.ts';
import { resolvePath } from '../interpreter/paths.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import {
  flagWords,
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  valueOf,
  type FlagMistake,
} from '../network/flags.ts';
import { hereOf, type Here } from '../network/here.ts';
import { IPTABLES_RESTORE } from './honoured.ts';
import { netfilterEdit, plannedChange } from './iptables.ts';
import { IPTABLES_VERSION, isTable, netfilterOf, spokenBy } from './tool.ts';

export const iptablesRestore = restoreCommand(4);
export const ip6tablesRestore = restoreCommand(6);

function restoreCommand(family: IpFamily): Command {
  return {
    name: spokenBy(family, 'iptables-restore'),
    summary: `netfilter rules${family === 4 ? '' : ' of IPv6'} from text`,
    places: ['node', 'router', 'host'],
    run: (io) => run(io, family),
    complete: () => flagWords(IPTABLES_RESTORE),
  };
}

const TRY = "Try `iptables-restore -h' or 'iptables-restore --help' for more information.";

async function run(io: CommandIo, family: IpFamily): Promise<number> {
  const complain = complainTo(io, family);
  const flags = parseFlags(io.args, IPTABLES_RESTORE);
  if (!flags.ok) return complain({ status: 1, message: mistakeText(flags.error) });
  if (isGiven(flags.value, 'V')) {
    await io.stdout.write(`${spokenBy(family, 'iptables-restore')} ${IPTABLES_VERSION}\n`);
    return 0;
  }
  if (isGiven(flags.value, 'h')) {
    await io.stdout.write(`${spokenBy(family, helpText(IPTABLES_RESTORE))}\n`);
    return 0;
  }
  const here = hereOf(io);
  if (!here) return complain({ status: 4, message: 'iptables-restore: this place has no network stack.' });
  const [file] = flags.value.operands;
  const text = file === undefined ? await io.stdin.text() : readFile(io, file);
  if (text === undefined)
    return complain({ status: 1, message: `Can't open ${file ?? ''}: No such file or directory` });
  const only = valueOf(flags.value, 'T');
  const plan = planned(here, text, {
    family,
    noflush: isGiven(flags.value, 'n'),
    ...(only === undefined ? {} : { only }),
  });
  if (!plan.ok) return complain(plan.error);
  if (isGiven(flags.value, 't')) return 0;
  const failure = applied(io, here, plan.value);
  return failure === undefined ? 0 : complain({ status: 1, message: `iptables-restore: ${failure}` });
}

/** What the kernel refuses; undefined when it takes everything. */
function applied(io: CommandIo, here: Here, edits: readonly RuleEdit[]): string | undefined {
  for (const edit of edits) {
    const done = io.network.edit(here.id, edit);
    if (!done.ok) return done.message;
  }
  return undefined;
}

const complainTo =
  (io: CommandIo, family: IpFamily) =>
  async ({ status, message }: Complaint): Promise<number> => {
    await io.stderr.write(`${spokenBy(family, message)}\n`);
    return status;
  };

type RuleEdit = NetfilterEdit | Netfilter6Edit;

function readFile(io: CommandIo, file: string): string | undefined {
  const bytes = io.files.read(resolvePath(io.cwd, file));
  return bytes && utf8Text(bytes);
}

interface Wishes {
  readonly family: IpFamily;
  readonly noflush: boolean;
  readonly only?: string;
}

/** The edits of every table that ends in COMMIT; each is tried on a copy first. */
function planned(here: Here, text: string, wishes: Wishes): Parsed<readonly RuleEdit[]> {
  const lines = text.split('\n');
  const edits: RuleEdit[] = [];
  let reader: TableReader | undefined;
  for (const [at, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const number = at + 1;
    if (!reader) {
      const opened = openTable(here, line, { ...wishes, number });
      if (!opened.ok) return opened;
      reader = opened.value;
      continue;
    }
    if (line === 'COMMIT') {
      const { late } = reader;
      if (late !== undefined) return err(atLine(late, number));
      if (wishes.only === undefined || wishes.only === reader.table) edits.push(...reader.edits);
      reader = undefined;
      continue;
    }
    const read = reader.read(line, number);
    if (read) return err(read);
  }
  return reader
    ? err({ status: 1, message: `iptables-restore: COMMIT expected at line ${lines.length}` })
    : ok(edits);
}

function openTable(
  here: Here,
  line: string,
  { number, noflush, family }: Wishes & { readonly number: number },
): Parsed<TableReader> {
  const [, name] = /^\*(\S+)\s*$/.exec(line) ?? [];
  if (name === undefined) return err({ status: 1, message: `iptables-restore: line ${number} failed` });
  if (!isTable(name)) {
    const text = `iptables-restore ${IPTABLES_VERSION}: iptables-restore: line ${number} table name '${name}' invalid`;
    return err({ status: 2, message: `${text}\nError occurred at line: ${number}\n${TRY}` });
  }
  return ok(new TableReader(here, name, { noflush, family }));
}

const atLine = (message: string, number: number): Complaint => ({
  status: 2,
  message: `${message}\nError occurred at line: ${number}\n${TRY}`,
});

/** One table of the text: what it changes, tried out line by line. */
class TableReader {
  readonly table: TableName;
  readonly edits: RuleEdit[] = [];
  /** What is found wrong only when everything is put together. */
  late: string | undefined;
  readonly #here: Here;
  readonly #family: IpFamily;
  #tried: Netfilter<Ip>;

  constructor(here: Here, table: TableName, { noflush, family }: Wishes) {
    this.#family = family;
    this.#here = here;
    this.table = table;
    this.#tried = netfilterOf(here.netns, family);
    if (noflush) return;
    this.#apply({ op: 'flush' });
    this.#apply({ op: 'delete-chain' });
  }

  /** A complaint, or undefined. */
  read(line: string, number: number): Complaint | undefined {
    if (line.startsWith(':')) return this.#chain(line, number);
    const words = wordsOf(line.replace(/^\[\d+:\d+\]\s*/, ''));
    const [first = ''] = words;
    if (!first.startsWith('-')) return atLine(`Bad argument \`${first}'`, number);
    const change = plannedChange(this.#here, ['-t', this.table, ...words], this.#family);
    if (!change.ok) {
      const [text = ''] = change.error.message.split('\nTry `');
      return {
        ...atLine(text.replace(/^iptables /, 'iptables-restore '), number),
        status: change.error.status,
      };
    }
    const problem = this.#apply(change.value);
    if (problem === undefined) return undefined;
    if (problem.includes('does not exist')) {
      this.late ??= problem.split('\n')[0]?.replace(/^iptables /, 'iptables-restore ');
      return undefined;
    }
    return {
      status: 1,
      message: `iptables-restore: line ${number} failed: ${problem.replace(/^iptables: /, '')}`,
    };
  }

  /** `:CHAIN POLICY [packets:bytes]`; a chain of one's own begins anew. */
  #chain(line: string, number: number): Complaint | undefined {
    const [name = '', policy = '-'] = line.slice(1).trim().split(/\s+/);
    const isBase = BASE_CHAINS[this.table].includes(name as Hook);
    if (!isBase) {
      const isKnown = this.#tried.tables[this.table]?.some((chain) => chain.name === name);
      this.#apply(isKnown ? { op: 'flush', chain: name } : { op: 'new-chain', chain: name });
    } else if (policy === 'ACCEPT' || policy === 'DROP') this.#apply({ op: 'policy', chain: name, policy });
    else if (policy !== '-')
      return { status: 1, message: `iptables-restore: line ${number} failed: Bad policy name.` };
    return undefined;
  }

  #apply(change: NetfilterChange<Ip>): string | undefined {
    const tried = editNetfilter(this.#tried, { table: this.table, change });
    if (!tried.ok) return tried.error;
    this.#tried = tried.value;
    this.edits.push(netfilterEdit(this.#family, this.table, change));
    return undefined;
  }
}

/** Words between blanks; quotes keep them together, a backslash keeps the next sign. */
function wordsOf(line: string): readonly string[] {
  const found = line.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g);
  return [...found].map(([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, inside: string) => inside.replace(/\\(.)/g, '$1')),
  );
}

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(IPTABLES_RESTORE, flag);
  const about = kind === 'missing-argument' ? 'option requires an argument' : 'invalid option';
  return `iptables-restore: ${about} -- '${flag.replace(/^-+/, '')}'\n${TRY}`;
}
