/** The `:` commands that somebody who edits manifests types, with Vim's messages (ex_cmds.h, errors.h of Vim 9.0). */
import { lineAt } from '../text.ts';
import { parseRange, type RowRange } from './ex-range.ts';
import { quit, quitAll, reedit, readFile, writeFile, writeQuit, type FileOrder } from './files.ts';
import { deleteOperator, joinRows, put, shiftRows, yankOperator } from './operators.ts';
import { setOption } from './options.ts';
import { firstNonBlank, type ViState } from './state.ts';
import { substitute } from './substitute.ts';
import { redo, undo } from './undo.ts';

export interface ExOrder extends FileOrder {
  readonly name: string;
  /** Runs what stands behind a bar. */
  next(line: string): void;
}

interface ExCommand {
  readonly names: readonly string[];
  run(state: ViState, order: ExOrder): void;
}

/** Runs one line without its colon. */
export function runEx(state: ViState, line: string): void {
  const text = line.replace(/^[:\s]+/, '').trimEnd();
  if (text === '' || text.startsWith('"')) return;
  const parsed = parseRange(text, state);
  if (typeof parsed === 'string') {
    state.fail(parsed);
    return;
  }
  const { range, rest } = parsed;
  if (rest === '') {
    jump(state, range);
    return;
  }
  runCommand(state, text, { range, rest });
}

interface Parsed {
  readonly range: RowRange | undefined;
  /** The command and what stands behind it. */
  readonly rest: string;
}

function runCommand(state: ViState, text: string, { range, rest }: Parsed): void {
  const [, name = '', bang = '', argument = ''] = /^([A-Za-z]+|[&><!=~#@])(!?)\s*([\s\S]*)$/.exec(rest) ?? [];
  const command = find(name, rest);
  if (command === undefined) {
    state.fail(`E492: Not an editor command: ${text}`);
    return;
  }
  const order = { name: command.names[0] ?? '', range, next: (line: string): void => runEx(state, line) };
  if (order.name === 's') {
    // Any character may delimit, so nothing behind the name is a bang or a bar yet.
    const direct = /^s\W/.test(rest) ? rest.slice(1) : argument;
    command.run(state, { ...order, bang: false, argument: direct });
    return;
  }
  const [, own = argument, after] = /^([^|]*)\|(.*)$/.exec(argument) ?? [];
  command.run(state, { ...order, bang: bang !== '', argument: own.trimEnd() });
  if (after !== undefined) runEx(state, after);
}

function jump(state: ViState, range: RowRange | undefined): void {
  if (range === undefined) return;
  const row = Math.min(Math.max(0, range.to), state.lines.length - 1);
  state.go({ row, offset: firstNonBlank(lineAt(state.lines, row)) });
}

function find(name: string, rest: string): ExCommand | undefined {
  if (/^s[^A-Za-z0-9\s"|\\!]/.test(rest)) return COMMANDS.find(({ names }) => names[0] === 's');
  return COMMANDS.find(({ names }) => names.includes(name));
}

/** All the ways to shorten a name: `w`, `wr`, ... `write`. */
const short = (least: string, whole: string): readonly string[] =>
  Array.from({ length: whole.length - least.length + 1 }, (_, at) => whole.slice(0, least.length + at));

const rows = (state: ViState, range: RowRange | undefined): RowRange =>
  range ?? { from: state.cursor.row, to: state.cursor.row };

function stretch(state: ViState, order: ExOrder): Parameters<typeof deleteOperator>[1] {
  const { from, to } = rows(state, order.range);
  const register = /^[a-zA-Z"]$/.test(order.argument) ? order.argument : undefined;
  const range = { from: { row: from, offset: 0 }, to: { row: to, offset: lineAt(state.lines, to).length } };
  return { range, linewise: true, register };
}

function shift(state: ViState, order: ExOrder, direction: number): void {
  const { from, to } = rows(state, order.range);
  state.change(() => {
    shiftRows(state, from, to, direction * (1 + order.argument.length));
  });
}

/** `:m 3`, `:t .`: the lines go behind the one that is named. */
function transfer(state: ViState, order: ExOrder, moves: boolean): void {
  const { from, to } = rows(state, order.range);
  const target = order.argument === '0' ? undefined : parseRange(order.argument, state);
  if (typeof target === 'string' || (target !== undefined && target.range === undefined)) {
    state.fail('E14: Invalid address');
    return;
  }
  const behind = target?.range?.to ?? -1;
  if (moves && behind >= from && behind < to) {
    state.fail('E134: Cannot move a range of lines into itself');
    return;
  }
  state.change(() => {
    const taken = state.lines.slice(from, to + 1);
    state.insertRows(behind + 1, taken);
    if (moves)
      state.deleteRows(
        ...(behind < from ? ([from + taken.length, to + taken.length] as const) : ([from, to] as const)),
      );
    const last = behind + taken.length - (moves && behind > to ? taken.length : 0);
    state.go({ row: last, offset: firstNonBlank(lineAt(state.lines, last)) });
  });
}

const COMMANDS: readonly ExCommand[] = [
  { names: short('w', 'write'), run: (state, order) => void writeFile(state, order) },
  { names: ['wq', 'wqa', 'wqall', 'xa', 'xall'], run: (state, order) => writeQuit(state, order, false) },
  { names: [...short('x', 'xit'), 'exi', 'exit'], run: (state, order) => writeQuit(state, order, true) },
  { names: short('q', 'quit'), run: quit },
  { names: ['qa', 'qall', 'quita', 'quitall'], run: quitAll },
  { names: ['cq', 'cqu', 'cquit'], run: (state) => (state.quit = 1) },
  { names: ['wa', 'wall'], run: (state, order) => void writeFile(state, order) },
  { names: short('e', 'edit'), run: reedit },
  { names: short('r', 'read'), run: readFile },
  {
    names: short('f', 'file'),
    run: (state) => state.say(`"${state.name ?? '[No Name]'}" ${state.lines.length} lines`),
  },
  {
    names: short('d', 'delete'),
    run: (state, order) => state.change(() => deleteOperator(state, stretch(state, order))),
  },
  { names: short('y', 'yank'), run: (state, order) => yankOperator(state, stretch(state, order)) },
  {
    names: short('pu', 'put'),
    run: (state, order) => {
      const { to } = rows(state, order.range);
      state.cursor = { row: to, offset: 0 };
      state.change(() =>
        put(state, { name: order.argument === '' ? undefined : order.argument, behind: true, count: 1 }),
      );
    },
  },
  {
    names: short('j', 'join'),
    run: (state, order) => {
      const { from, to } = rows(state, order.range);
      state.change(() => joinRows(state, from, Math.max(2, to - from + 1), !order.bang));
    },
  },
  { names: short('m', 'move'), run: (state, order) => transfer(state, order, true) },
  { names: ['t', ...short('co', 'copy')], run: (state, order) => transfer(state, order, false) },
  { names: ['>'], run: (state, order) => shift(state, order, 1) },
  { names: ['<'], run: (state, order) => shift(state, order, -1) },
  { names: [...short('s', 'substitute'), '&'], run: substitute },
  { names: short('u', 'undo'), run: (state) => undo(state, 1) },
  { names: short('red', 'redo'), run: (state) => redo(state, 1) },
  { names: short('se', 'set'), run: (state, { argument }) => setOption(state, argument) },
  { names: short('noh', 'nohlsearch'), run: (state) => (state.highlighting = false) },
  { names: ['sy', 'syn', 'syntax', 'filetype'], run: () => undefined },
  {
    names: short('h', 'help'),
    run: (state) =>
      state.fail('E433: No tags file (this vi has no help; its commands are listed by: vi --help)'),
  },
];

/** For `--help`: the longest name of each. */
export const EX_NAMES: readonly string[] = COMMANDS.map(({ names }) => names.at(-1) ?? '');
