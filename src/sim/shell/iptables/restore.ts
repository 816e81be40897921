/**
 * `iptables-restore`: tables from text, each all at once at its COMMIT or not at all. Complaints: iptables 1.8.9 (nf_tables),
 * compared with the real tool. Counters in the text are read over: rules begin at 0.
 */
import { err, ok } from '../../../base/result.ts';
import { utf8Text } from '../../../base/bytes.ts';
import { editNetfilter, type NetfilterChange, type NetfilterEdit } from '../../net/edit-netfilter.ts';
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
import { plannedChange } from './iptables.ts';
import { IPTABLES_VERSION, isTable } from './tool.ts';

export const iptablesRestore: Command = {
  name: 'iptables-restore',
  summary: 'netfilter rules from text',
  places: ['node', 'router', 'host'],
  run,
  complete: () => flagWords(IPTABLES_RESTORE),
};

const TRY = "Try `iptables-restore -h' or 'iptables-restore --help' for more information.";

async function run(io: CommandIo): Promise<number> {
  const flags = parseFlags(io.args, IPTABLES_RESTORE);
  if (!flags.ok) return complain(io, { status: 1, message: mistakeText(flags.error) });
  if (isGiven(flags.value, 'V')) {
    await io.stdout.write(`iptables-restore ${IPTABLES_VERSION}\n`);
    return 0;
  }
  if (isGiven(flags.value, 'h')) {
    await io.stdout.write(`${helpText(IPTABLES_RESTORE)}\n`);
    return 0;
  }
  const here = hereOf(io);
  if (!here)
    return complain(io, { status: 4, message: 'iptables-restore: this place has no network stack.' });
  const [file] = flags.value.operands;
  const text = file === undefined ? await io.stdin.text() : readFile(io, file);
  if (text === undefined)
    return complain(io, { status: 1, message: `Can't open ${file ?? ''}: No such file or directory` });
  const only = valueOf(flags.value, 'T');
  const plan = planned(here, text, {
    noflush: isGiven(flags.value, 'n'),
    ...(only === undefined ? {} : { only }),
  });
  if (!plan.ok) return complain(io, plan.error);
  if (isGiven(flags.value, 't')) return 0;
  for (const edit of plan.value) io.network.edit(here.id, edit);
  return 0;
}

async function complain(io: CommandIo, { status, message }: Complaint): Promise<number> {
  await io.stderr.write(`${message}\n`);
  return status;
}

function readFile(io: CommandIo, file: string): string | undefined {
  const bytes = io.files.read(resolvePath(io.cwd, file));
  return bytes && utf8Text(bytes);
}

interface Wishes {
  readonly noflush: boolean;
  readonly only?: string;
}

/** The edits of every table that ends in COMMIT; each is tried on a copy first. */
function planned(here: Here, text: string, wishes: Wishes): Parsed<readonly NetfilterEdit[]> {
  const lines = text.split('\n');
  const edits: NetfilterEdit[] = [];
  let reader: TableReader | undefined;
  for (const [at, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const number = at + 1;
    if (!reader) {
      const opened = openTable(here, line, { number, noflush: wishes.noflush });
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
  { number, noflush }: { readonly number: number; readonly noflush: boolean },
): Parsed<TableReader> {
  const [, name] = /^\*(\S+)\s*$/.exec(line) ?? [];
  if (name === undefined) return err({ status: 1, message: `iptables-restore: line ${number} failed` });
  if (!isTable(name)) {
    const text = `iptables-restore ${IPTABLES_VERSION}: iptables-restore: line ${number} table name '${name}' invalid`;
    return err({ status: 2, message: `${text}\nError occurred at line: ${number}\n${TRY}` });
  }
  return ok(new TableReader(here, name, noflush));
}

const atLine = (message: string, number: number): Complaint => ({
  status: 2,
  message: `${message}\nError occurred at line: ${number}\n${TRY}`,
});

/** One table of the text: what it changes, tried out line by line. */
class TableReader {
  readonly table: TableName;
  readonly edits: NetfilterEdit[] = [];
  /** What is found wrong only when everything is put together. */
  late: string | undefined;
  readonly #here: Here;
  #tried: Netfilter;

  constructor(here: Here, table: TableName, noflush: boolean) {
    this.#here = here;
    this.table = table;
    this.#tried = here.netns.netfilter;
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
    const change = plannedChange(this.#here, ['-t', this.table, ...words]);
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

  #apply(change: NetfilterChange): string | undefined {
    const edit: NetfilterEdit = { kind: 'netfilter', table: this.table, change };
    const tried = editNetfilter(this.#tried, edit);
    if (!tried.ok) return tried.error;
    this.#tried = tried.value;
    this.edits.push(edit);
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
