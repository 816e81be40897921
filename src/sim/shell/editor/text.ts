/**
 * The text in an editor: lines, positions in them, and the one change there is, to replace a range. Pure, and shared by
 * every editor. Offsets are UTF-16 units that always stand between whole characters (base and combining ones together).
 */
import { charWidth } from '../terminal/width.ts';

/** At least one line, none with a newline in it. */
export type Lines = readonly string[];

export interface Position {
  readonly row: number;
  readonly offset: number;
}

/** `to` is not included. */
export interface Range {
  readonly from: Position;
  readonly to: Position;
}

export function linesOf(text: string): Lines {
  return text.split('\n');
}

export function replaceRange(
  lines: Lines,
  { from, to }: Range,
  text: string,
): { readonly lines: Lines; readonly end: Position } {
  const added = linesOf(text);
  const [head, tail] = [
    lineAt(lines, from.row).slice(0, from.offset),
    lineAt(lines, to.row).slice(to.offset),
  ];
  const last = added.length - 1;
  const row = from.row + last;
  const offset = (last === 0 ? head.length : 0) + (added[last] ?? '').length;
  const middle = added.map((line, at) => (at === 0 ? head : '') + line + (at === last ? tail : ''));
  return {
    lines: [...lines.slice(0, from.row), ...middle, ...lines.slice(to.row + 1)],
    end: { row, offset },
  };
}

export function textIn(lines: Lines, { from, to }: Range): string {
  if (from.row === to.row) return lineAt(lines, from.row).slice(from.offset, to.offset);
  const inner = lines.slice(from.row + 1, to.row);
  return [
    lineAt(lines, from.row).slice(from.offset),
    ...inner,
    lineAt(lines, to.row).slice(0, to.offset),
  ].join('\n');
}

export const lineAt = (lines: Lines, row: number): string => lines[row] ?? '';

export function compare(a: Position, b: Position): number {
  return a.row - b.row || a.offset - b.offset;
}

export const ordered = (a: Position, b: Position): Range =>
  compare(a, b) <= 0 ? { from: a, to: b } : { from: b, to: a };

/** The start of the next character. */
export function after(line: string, offset: number): number {
  let at = offset + width(line, offset);
  while (at < line.length && joins(line, at)) at += width(line, at);
  return Math.min(at, line.length);
}

/** The start of the character before. */
export function before(line: string, offset: number): number {
  let at = back(line, offset);
  while (at > 0 && joins(line, at)) at = back(line, at);
  return Math.max(at, 0);
}

const width = (line: string, at: number): number => ((line.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);

function back(line: string, offset: number): number {
  const pair = offset >= 2 && (line.codePointAt(offset - 2) ?? 0) > 0xffff;
  return offset - (pair ? 2 : 1);
}

function joins(line: string, at: number): boolean {
  const code = line.codePointAt(at) ?? 0;
  return code >= 0x300 && charWidth(String.fromCodePoint(code)) === 0;
}

/** The end of the text. */
export function endOf(lines: Lines): Position {
  const row = lines.length - 1;
  return { row, offset: lineAt(lines, row).length };
}

/** One character on, over line ends; the end of the text stays. */
export function forward(lines: Lines, { row, offset }: Position): Position {
  const line = lineAt(lines, row);
  if (offset < line.length) return { row, offset: after(line, offset) };
  return row + 1 < lines.length ? { row: row + 1, offset: 0 } : { row, offset };
}

export function backward(lines: Lines, { row, offset }: Position): Position {
  if (offset > 0) return { row, offset: before(lineAt(lines, row), offset) };
  return row > 0 ? { row: row - 1, offset: lineAt(lines, row - 1).length } : { row, offset };
}

/** A place near `position` that exists in `lines`. */
export function within(lines: Lines, { row, offset }: Position): Position {
  const there = Math.max(0, Math.min(row, lines.length - 1));
  return { row: there, offset: Math.max(0, Math.min(offset, lineAt(lines, there).length)) };
}
