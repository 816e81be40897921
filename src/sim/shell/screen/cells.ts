/**
 * A line of text as the cells of a terminal: tabs run to the next stop, control characters show as `^X`, wide characters
 * take two columns and combining ones none (width.ts). Every full-screen program here draws through it.
 */
import { charWidth } from '../terminal/width.ts';

export interface Cell {
  /** What is printed: one character with the ones that combine with it. */
  readonly text: string;
  readonly width: 1 | 2;
  /** Of the character in the line, in UTF-16 units. */
  readonly offset: number;
}

export const TAB_STOP = 8;

export function cellsOf(line: string): readonly Cell[] {
  const cells: Cell[] = [];
  let column = 0;
  let offset = 0;
  const put = (text: string, width: 1 | 2): void => {
    cells.push({ text, width, offset });
    column += width;
  };
  for (const char of line) {
    const width = charWidth(char);
    const last = cells.at(-1);
    if (char === '\t') for (let left = TAB_STOP - (column % TAB_STOP); left > 0; left -= 1) put(' ', 1);
    else if (isControl(char)) for (const each of caret(char)) put(each, 1);
    else if (width > 0) put(char, width === 2 ? 2 : 1);
    else if (last !== undefined) cells[cells.length - 1] = { ...last, text: last.text + char };
    offset += char.length;
  }
  return cells;
}

export const widthOf = (cells: readonly Cell[]): number => cells.reduce((sum, cell) => sum + cell.width, 0);

function isControl(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

function caret(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code === 0x7f ? '^?' : code < 0x20 ? `^${String.fromCharCode(code + 64)}` : '?';
}

/** Broken at the right margin; at least one row. A wide character that does not fit goes to the next row whole. */
export function wrapped(cells: readonly Cell[], columns: number): readonly (readonly Cell[])[] {
  const rows: Cell[][] = [[]];
  let used = 0;
  for (const cell of cells) {
    if (used + cell.width > columns && used > 0) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(cell);
    used += cell.width;
  }
  return rows;
}

/** The cells between two columns; half a wide character shows as a blank. */
export function clipped(cells: readonly Cell[], from: number, columns: number): readonly Cell[] {
  const shown: Cell[] = [];
  let at = 0;
  for (const cell of cells) {
    const end = at + cell.width;
    if (at >= from && end <= from + columns) shown.push(cell);
    else if (at < from + columns && end > from) shown.push({ ...cell, text: ' ', width: 1 });
    at = end;
  }
  return shown;
}

/** The column where the character at `offset` begins; behind the line for offsets past its end. */
export function columnAt(line: string, offset: number): number {
  let column = 0;
  for (const cell of cellsOf(line)) {
    if (cell.offset >= offset) return column;
    column += cell.width;
  }
  return column;
}

/** The character at or before a column; the last one for columns past the end, `line.length` when `past` allows it. */
export function offsetAt(line: string, column: number, past: boolean): number {
  const cells = cellsOf(line);
  let at = 0;
  for (const cell of cells) {
    if (at + cell.width > column) return cell.offset;
    at += cell.width;
  }
  return past ? line.length : (cells.at(-1)?.offset ?? 0);
}

/** SGR parameters, e.g. `7` for reverse; empty for plain. */
export type Style = string;

export function styled(cells: readonly Cell[], styleAt: (offset: number) => Style): string {
  let text = '';
  let style = '';
  for (const cell of cells) {
    const wanted = styleAt(cell.offset);
    if (wanted !== style) text += wanted === '' ? '\x1b[m' : `\x1b[${style === '' ? '' : '0;'}${wanted}m`;
    style = wanted;
    text += cell.text;
  }
  return style === '' ? text : `${text}\x1b[m`;
}

export const plain = (cells: readonly Cell[]): string => cells.map((cell) => cell.text).join('');

export const reverse = (text: string): string => `\x1b[7m${text}\x1b[m`;

/** Cut to a width, or filled up to it. */
export function fitted(text: string, columns: number): string {
  const cells = clipped(cellsOf(text), 0, columns);
  return plain(cells) + ' '.repeat(Math.max(0, columns - widthOf(cells)));
}
