/** Text objects: `iw`, `aw`, `i"`, `a(`, `ip` and their like. */
import { after, lineAt, type Range } from '../text.ts';
import type { ViState } from './state.ts';

export interface Object {
  readonly range: Range;
  readonly linewise: boolean;
}

export function textObject(state: ViState, name: string): Object | undefined {
  const around = name.startsWith('a');
  const what = name.slice(1);
  switch (what) {
    case 'w':
    case 'W':
      return word(state, around, what === 'W');
    case '"':
    case "'":
    case '`':
      return quoted(state, around, what);
    case 'p':
      return paragraph(state, around);
    default:
      return bracketed(state, around, what);
  }
}

function chars(state: ViState, from: number, to: number): Object {
  const { row } = state.cursor;
  return { range: { from: { row, offset: from }, to: { row, offset: to } }, linewise: false };
}

function word(state: ViState, around: boolean, big: boolean): Object | undefined {
  const { line, cursor } = state;
  if (line === '') return undefined;
  const runs = [...line.matchAll(big ? /\s+|\S+/gu : /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]+/gu)];
  const at = runs.findIndex((run) => run.index + run[0].length > cursor.offset);
  const [run, next, last] = [runs[at], runs[at + 1], runs[at - 1]];
  if (run === undefined) return undefined;
  let [from, to] = [run.index, run.index + run[0].length];
  if (around) {
    const blankStart = /^\s/.test(run[0]);
    if (next !== undefined && (blankStart || /^\s/.test(next[0]))) to += next[0].length;
    else if (last !== undefined && /^\s/.test(last[0])) from = last.index;
  }
  return chars(state, from, to);
}

function quoted(state: ViState, around: boolean, quote: string): Object | undefined {
  const { line, cursor } = state;
  const at = [...line.matchAll(new RegExp(`(?<!\\\\)${quote}`, 'g'))].map((match) => match.index);
  for (let pair = 0; pair + 1 < at.length; pair += 2) {
    const [from = 0, to = 0] = [at[pair], at[pair + 1]];
    if (to < cursor.offset) continue;
    if (!around) return chars(state, from + 1, to);
    const blanks = /^\s*/.exec(line.slice(to + 1))?.[0].length ?? 0;
    const leading = blanks > 0 ? 0 : (/\s*$/.exec(line.slice(0, from))?.[0].length ?? 0);
    return chars(state, from - leading, to + 1 + blanks);
  }
  return undefined;
}

const BRACKETS: Readonly<Record<string, string>> = {
  '(': '()',
  ')': '()',
  b: '()',
  '[': '[]',
  ']': '[]',
  '{': '{}',
  '}': '{}',
  B: '{}',
  '<': '<>',
  '>': '<>',
};

function bracketed(state: ViState, around: boolean, what: string): Object | undefined {
  const [open = '', close = ''] = BRACKETS[what] ?? '';
  const text = state.lines.join('\n');
  const start = state.lines.slice(0, state.cursor.row).reduce((sum, line) => sum + line.length + 1, 0);
  const inside = enclosing(text, start + state.cursor.offset, { open, close });
  // Outside of all brackets the next pair in the line is meant.
  const ahead = state.line.indexOf(open, state.cursor.offset);
  const from = inside >= 0 || ahead < 0 ? inside : start + ahead;
  const to = from < 0 ? -1 : closing(text, from, { open, close });
  if (to < 0) return undefined;
  const range = {
    from: positionAt(text, around ? from : from + 1),
    to: positionAt(text, around ? to + 1 : to),
  };
  return { range, linewise: false };
}

interface Brackets {
  readonly open: string;
  readonly close: string;
}

/** Where the bracket that opens at `from` closes; -1 when it does not. */
function closing(text: string, from: number, { open, close }: Brackets): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === open) depth += 1;
    if (text[at] === close && (depth -= 1) === 0) return at;
  }
  return -1;
}

/** Where the bracket around `cursor` opens; -1 when there is none. */
function enclosing(text: string, cursor: number, { open, close }: Brackets): number {
  let depth = 0;
  for (let at = cursor; at >= 0; at -= 1) {
    if (text[at] === close && at !== cursor) depth += 1;
    if (text[at] === open && (depth -= 1) < 0) return at;
  }
  return -1;
}

function positionAt(text: string, index: number): Range['from'] {
  const lines = text.slice(0, index).split('\n');
  return { row: lines.length - 1, offset: lines.at(-1)?.length ?? 0 };
}

function paragraph(state: ViState, around: boolean): Object {
  const { lines, cursor } = state;
  const blank = (row: number): boolean => lineAt(lines, row).trim() === '';
  let [from, to] = [cursor.row, cursor.row];
  const kind = blank(from);
  while (from > 0 && blank(from - 1) === kind) from -= 1;
  while (to + 1 < lines.length && blank(to + 1) === kind) to += 1;
  if (around && to + 1 < lines.length) while (to + 1 < lines.length && blank(to + 1) !== kind) to += 1;
  else if (around) while (from > 0 && blank(from - 1) !== kind) from -= 1;
  const line = lineAt(lines, to);
  return { range: { from: { row: from, offset: 0 }, to: { row: to, offset: line.length } }, linewise: true };
}

/** The range that includes the character at its end. */
export function including(state: ViState, range: Range): Range {
  const line = lineAt(state.lines, range.to.row);
  const lineEnd = state.mode === 'visual' && range.to.offset >= line.length;
  if (lineEnd && range.to.row + 1 < state.lines.length)
    return { from: range.from, to: { row: range.to.row + 1, offset: 0 } };
  return { from: range.from, to: { row: range.to.row, offset: after(line, range.to.offset) } };
}
