/** The lines that a `:` command is for: `5`, `.,+3`, `%`, `$`, `'<,'>`, `/pattern/` (cmdline.txt of Vim 9.0). */
import { compilePattern, findMatch } from './pattern.ts';
import type { ViState } from './state.ts';

/** Counted from 0, both included; `from` may be -1 for line 0, before the first. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The range, if any, and what stands behind it; or Vim's complaint. */
export function parseRange(
  text: string,
  state: ViState,
): { readonly range: RowRange | undefined; readonly rest: string } | string {
  if (text.startsWith('%'))
    return { range: { from: 0, to: state.lines.length - 1 }, rest: text.slice(1).trimStart() };
  const read = addresses(text, state);
  if (typeof read === 'string') return read;
  const { rows, rest } = read;
  const [last, first = last] = rows.slice().reverse();
  if (last === undefined || first === undefined) return { range: undefined, rest: rest.trimStart() };
  if (Math.max(first, last) >= state.lines.length)
    return rest === '' ? clamp(state, rest) : 'E16: Invalid range';
  if (first > last) return 'E493: Backwards range given';
  return { range: { from: first, to: last }, rest: rest.trimStart() };
}

/** Every address there is; what is left out between separators is the current line. */
function addresses(
  text: string,
  state: ViState,
): { readonly rows: readonly number[]; readonly rest: string } | string {
  const rows: number[] = [];
  let rest = text;
  let from = state.cursor.row;
  for (;;) {
    const read = address(rest, state, from);
    if (typeof read === 'string') return read;
    rest = read?.rest ?? rest;
    const separator = /^\s*([,;])\s*/.exec(rest);
    if (read !== undefined) rows.push(read.row);
    else if (rows.length > 0 || separator !== null) rows.push(state.cursor.row);
    if (separator === null) return { rows, rest };
    if (separator[1] === ';') from = rows.at(-1) ?? from;
    rest = rest.slice(separator[0].length);
  }
}

function clamp(state: ViState, rest: string): { readonly range: RowRange; readonly rest: string } {
  const row = state.lines.length - 1;
  return { range: { from: row, to: row }, rest };
}

interface Address {
  readonly row: number;
  readonly rest: string;
}

function address(text: string, state: ViState, from: number): Address | string | undefined {
  const base = baseAddress(text, state);
  if (typeof base === 'string') return base;
  let { row, rest } = base ?? { row: from, rest: text };
  let moved = false;
  for (let step = /^\s*([+-])(\d*)/.exec(rest); step !== null; step = /^\s*([+-])(\d*)/.exec(rest)) {
    row += (step[1] === '+' ? 1 : -1) * Number(step[2] === '' ? '1' : step[2]);
    rest = rest.slice(step[0].length);
    moved = true;
  }
  return base === undefined && !moved ? undefined : { row, rest };
}

function baseAddress(text: string, state: ViState): Address | string | undefined {
  const number = /^\d+/.exec(text)?.[0];
  if (number !== undefined) return { row: Number(number) - 1, rest: text.slice(number.length) };
  if (text.startsWith('.')) return { row: state.cursor.row, rest: text.slice(1) };
  if (text.startsWith('$')) return { row: state.lines.length - 1, rest: text.slice(1) };
  if (text.startsWith("'<") || text.startsWith("'>")) {
    const ends = [state.visualRows.from, state.visualRows.to];
    return { row: (text[1] === '<' ? ends[0] : ends[1]) ?? 0, rest: text.slice(2) };
  }
  if (text.startsWith("'")) return 'E20: Mark not set';
  const pattern = /^([/?])((?:\\.|(?!\1).)*)\1?/.exec(text);
  return pattern === null ? undefined : searched(state, pattern, text);
}

function searched(
  state: ViState,
  [all, lead, pattern = '']: RegExpExecArray,
  text: string,
): Address | string {
  const expression = compilePattern(pattern, state.options);
  const from = { row: state.cursor.row, offset: lead === '/' ? Infinity : -1 };
  const found = expression && findMatch(state.lines, expression, { from, forward: lead === '/' });
  if (found === undefined) return `E486: Pattern not found: ${pattern}`;
  return { row: found.at.row, rest: text.slice(all.length) };
}
