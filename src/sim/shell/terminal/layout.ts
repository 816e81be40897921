/** Where the characters of an edited line stand on a terminal of a given width, wrapping as xterm wraps. */
import { charWidth } from './width.ts';

export interface Position {
  /** Rows below the first of the prompt. */
  readonly row: number;
  readonly column: number;
}

export interface Layout {
  /** What is printed, newlines as `\r\n`. */
  readonly text: string;
  readonly end: Position;
  readonly cursor: Position;
}

export interface Shown {
  readonly prompt: string;
  readonly line: string;
  /** In code points of `line`; it may stand behind the last. */
  readonly cursor: number;
  /** The column where the prompt begins: output before it may lack its newline. */
  readonly offset: number;
}

export function layOut({ prompt, line, cursor, offset }: Shown, columns: number): Layout {
  const width = Math.max(columns, 2);
  let [row, column] = [0, offset];
  let text = '';
  let at: Position | undefined;
  const put = (shown: string, cells: number): void => {
    if (cells > 0 && column + cells > width) [row, column] = [row + 1, 0];
    column += cells;
    text += shown;
  };
  const visit = (char: string): void => {
    if (char === '\n') {
      text += '\r\n';
      [row, column] = [row + 1, 0];
      return;
    }
    const shown = printable(char, column);
    for (const one of shown) put(one, charWidth(one));
  };
  for (const char of prompt) visit(char);
  for (const [index, char] of [...line].entries()) {
    if (index === cursor) at = startOf(char, { row, column }, width);
    visit(char);
  }
  // At the right margin the terminal waits to wrap: printing a blank and returning makes the new row real.
  if (column >= width) [text, row, column] = [`${text} \r`, row + 1, 0];
  const end = { row, column };
  return { text, end, cursor: at ?? end };
}

function startOf(char: string, { row, column }: Position, width: number): Position {
  const cells = Math.max(1, charWidth(char));
  if (char === '\n') return { row, column: Math.min(column, width - 1) };
  return column + cells > width ? { row: row + 1, column: 0 } : { row, column };
}

/** Control characters show as `^X`, tabs as blanks up to the next stop. */
function printable(char: string, column: number): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\t') return ' '.repeat(8 - (column % 8));
  if (code < 0x20) return `^${String.fromCharCode(code + 64)}`;
  return code === 0x7f ? '^?' : char;
}
