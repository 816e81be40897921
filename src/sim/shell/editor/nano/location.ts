/** What ^C says: line, column and character, each with its share of the whole (GNU nano 7.2). */
import { columnAt } from '../../screen/cells.ts';
import type { Document } from './document.ts';

export function locationText(document: Document): string {
  const { row, offset } = document.cursor;
  const count = document.lines.length;
  const [column, columns] = [columnAt(document.line, offset) + 1, columnAt(document.line, Infinity) + 1];
  const all = length(document.lines.join('\n'));
  const above = document.lines.slice(0, row).reduce((sum, line) => sum + length(line) + 1, 0);
  const here = above + length(document.line.slice(0, offset));
  return [
    `line ${wide(row + 1, count).padStart(2)}/${count} (${share(row + 1, count).padStart(2)}%)`,
    `col ${String(column).padStart(2)}/${String(columns).padStart(2)} (${share(column, columns).padStart(3)}%)`,
    `char ${wide(here, all)}/${all} (${share(here, all).padStart(2)}%)`,
  ].join(', ');
}

const length = (text: string): number => [...text].length;

const share = (part: number, whole: number): string =>
  String(whole === 0 ? 0 : Math.floor((part * 100) / whole));

const wide = (number: number, whole: number): string => String(number).padStart(String(whole).length);
