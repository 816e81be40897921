/** What operators do to a stretch of text, and putting registers back (change.txt of Vim 9.0). */
import { lineAt, textIn, type Position, type Range } from '../text.ts';
import { firstNonBlank, type ViState } from './state.ts';

export interface Stretch {
  readonly range: Range;
  readonly linewise: boolean;
  readonly register: string | undefined;
}

export function yank(state: ViState, { range, linewise, register }: Stretch): void {
  const text = linewise ? rowsText(state, range) : textIn(state.lines, range);
  state.store(register, { text, linewise });
  if (register === undefined) state.registers.set('0', { text, linewise });
}

function rowsText(state: ViState, { from, to }: Range): string {
  return state.lines
    .slice(from.row, to.row + 1)
    .map((line) => `${line}\n`)
    .join('');
}

/** `3 fewer lines`, `4 lines yanked`: said when more than two lines are concerned. */
function report(state: ViState, count: number, words: (count: number) => string): void {
  if (count > 2) state.say(words(count));
}

export function yankOperator(state: ViState, stretch: Stretch): void {
  yank(state, stretch);
  const { from, to } = stretch.range;
  report(state, stretch.linewise ? to.row - from.row + 1 : 0, (count) => `${count} lines yanked`);
  state.go(stretch.linewise ? { row: from.row, offset: Math.min(state.cursor.offset, from.offset) } : from);
}

export function deleteOperator(state: ViState, stretch: Stretch): void {
  const { range, linewise } = stretch;
  const before = state.lines.length;
  const text = linewise ? rowsText(state, range) : textIn(state.lines, range);
  state.store(stretch.register, { text, linewise });
  if (linewise) {
    state.deleteRows(range.from.row, range.to.row);
    const row = Math.min(range.from.row, state.lines.length - 1);
    state.go({ row, offset: firstNonBlank(lineAt(state.lines, row)) });
    if (range.to.row - range.from.row + 1 >= before) {
      state.say('--No lines in buffer--');
      return;
    }
  } else state.go(state.replace(range, ''));
  report(state, before - state.lines.length, (count) => `${count} fewer lines`);
}

/** Deletes what is to be typed anew; whole lines leave one to type on, with its indent kept by `autoindent`. */
export function changeOperator(state: ViState, stretch: Stretch): void {
  const { range, linewise } = stretch;
  yank(state, { ...stretch, register: stretch.register });
  if (!linewise) {
    state.cursor = state.replace(range, '');
    return;
  }
  const indent = state.options.autoindent
    ? (/^\s*/.exec(lineAt(state.lines, range.from.row))?.[0] ?? '')
    : '';
  const to = { row: range.to.row, offset: lineAt(state.lines, range.to.row).length };
  state.cursor = state.replace({ from: { row: range.from.row, offset: 0 }, to }, indent);
}

export function shiftRows(state: ViState, from: number, to: number, steps: number): void {
  const { shiftwidth, expandtab } = state.options;
  for (let row = from; row <= to; row += 1) {
    const line = lineAt(state.lines, row);
    const [blank = ''] = /^[ \t]*/.exec(line) ?? [];
    if (line === '') continue;
    const width = indentWidth(blank) + steps * shiftwidth;
    const indent = indentOf(Math.max(0, width), expandtab);
    state.replace({ from: { row, offset: 0 }, to: { row, offset: blank.length } }, indent);
  }
  state.go({ row: from, offset: firstNonBlank(lineAt(state.lines, from)) });
  const count = to - from + 1;
  if (count > 2) state.say(`${count} lines ${steps > 0 ? '>' : '<'}ed 1 time`);
}

function indentWidth(blank: string): number {
  return [...blank].reduce((width, char) => (char === '\t' ? width + 8 - (width % 8) : width + 1), 0);
}

export function indentOf(width: number, expandtab: boolean): string {
  return expandtab ? ' '.repeat(width) : '\t'.repeat(Math.floor(width / 8)) + ' '.repeat(width % 8);
}

const CASES: Readonly<Record<string, (text: string) => string>> = {
  gu: (text) => text.toLowerCase(),
  gU: (text) => text.toUpperCase(),
  'g~': (text) =>
    [...text].map((char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())).join(''),
};

export function changeCase(state: ViState, key: string, { range, linewise }: Stretch): void {
  const whole = linewise
    ? {
        from: { row: range.from.row, offset: 0 },
        to: { row: range.to.row, offset: lineAt(state.lines, range.to.row).length },
      }
    : range;
  state.replace(whole, (CASES[key] ?? ((text: string) => text))(textIn(state.lines, whole)));
  state.go(linewise ? state.cursor : range.from);
}

/** `J`: joins lines with one blank; `gJ` without. */
export function joinRows(state: ViState, from: number, count: number, blank: boolean): boolean {
  const to = from + count - 1;
  if (to >= state.lines.length || count < 2) return false;
  for (let times = 1; times < count; times += 1) {
    const line = lineAt(state.lines, from);
    const next = blank ? lineAt(state.lines, from + 1).trimStart() : lineAt(state.lines, from + 1);
    const between =
      blank && next !== '' && line !== '' && !/\s$/.test(line) && !next.startsWith(')') ? ' ' : '';
    state.replace(
      {
        from: { row: from, offset: line.length },
        to: { row: from + 1, offset: lineAt(state.lines, from + 1).length },
      },
      between + next,
    );
    state.cursor = { row: from, offset: line.length };
  }
  state.go(state.cursor);
  return true;
}

/** `p` and `P`; false when the register is empty. */
export function put(
  state: ViState,
  {
    name,
    behind,
    count,
  }: { readonly name: string | undefined; readonly behind: boolean; readonly count: number },
): boolean {
  const register = state.registers.get((name ?? '"').toLowerCase());
  if (register === undefined) {
    state.fail(`E353: Nothing in register ${name ?? '"'}`);
    return false;
  }
  const text = register.text.repeat(count);
  if (register.linewise) putRows(state, text.replace(/\n$/, '').split('\n'), behind);
  else putText(state, text, behind);
  return true;
}

function putRows(state: ViState, rows: readonly string[], behind: boolean): void {
  const at = state.cursor.row + (behind ? 1 : 0);
  const empty = state.lines.length === 1 && state.lines[0] === '' && rows.length > 2;
  state.insertRows(at, rows);
  if (rows.length > 2 || empty) state.say(`${rows.length} more lines`);
  state.go({ row: at, offset: firstNonBlank(lineAt(state.lines, at)) });
}

function putText(state: ViState, text: string, behind: boolean): void {
  const { row, offset } = state.cursor;
  const at: Position = { row, offset: behind && state.line !== '' ? nextAfter(state, offset) : offset };
  const end = state.replace({ from: at, to: at }, text);
  if (text.includes('\n')) state.go(at);
  else state.go({ row, offset: Math.max(at.offset, end.offset - 1) });
}

function nextAfter(state: ViState, offset: number): number {
  return Math.min(state.line.length, offset + ((state.line.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1));
}
