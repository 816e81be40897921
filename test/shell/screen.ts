/** As much of a terminal as the shell's prompt and full-screen programs need, so that tests can state what the learner sees. */
import { charWidth } from '../../src/sim/shell/terminal/width.ts';

export class Screen {
  columns: number;
  rows: number;
  /** Sequences that this screen does not know: a test expects none. */
  readonly unknown: string[] = [];
  bells = 0;
  bracketedPaste = false;
  /** On the alternate buffer. */
  alternate = false;
  cursorHidden = false;
  /** What stands in reverse video. */
  #reverse = false;
  #marks = new Set<string>();
  #saved:
    | { readonly grid: string[][]; readonly row: number; readonly column: number; readonly top: number }
    | undefined;
  #grid: string[][] = [[]];
  #row = 0;
  #column = 0;
  #top = 0;
  #rest = '';
  readonly #decoder = new TextDecoder();

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(bytes: Uint8Array): void {
    let text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = '';
    while (text !== '') {
      // eslint-disable-next-line no-control-regex -- control sequences begin with ESC
      const match = /^\x1b(\[([0-?]*)([ -/]*)([@-~])|[^[])/.exec(text);
      if (match !== null) {
        this.#control(match[2] ?? '', match[4] ?? match[0]);
        text = text.slice(match[0].length);
      } else if (text.startsWith('\x1b')) {
        this.#rest = text;
        return;
      } else {
        const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
        this.#put(char);
        text = text.slice(char.length);
      }
    }
  }

  /** The lines since the start, without trailing blanks and trailing empty lines. */
  get lines(): readonly string[] {
    const lines = this.#grid.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** `row:column` of the cursor, counted from 0, rows from the start. */
  get cursor(): string {
    return `${this.#row}:${Math.min(this.#column, this.columns - 1)}`;
  }

  /** The texts in reverse video, from top to bottom. */
  get reversed(): readonly string[] {
    return this.#grid.flatMap((row, at) => {
      const cells = Array.from(row, (cell, column) =>
        this.#marks.has(`${at}:${column}`) ? (cell ?? ' ') : '\0',
      );
      return cells
        .join('')
        .split(/\0+/)
        .filter((text) => text !== '');
    });
  }

  /** xterm leaves the lines of the prompt to the program that drew them. */
  resize(columns: number, rows = this.rows): void {
    this.columns = columns;
    this.rows = rows;
    this.#column = Math.min(this.#column, columns - 1);
  }

  #line(): string[] {
    while (this.#grid.length <= this.#row) this.#grid.push([]);
    return this.#grid[this.#row] ?? [];
  }

  #down(): void {
    this.#row += 1;
    this.#line();
    this.#top = Math.max(this.#top, this.#row - this.rows + 1);
  }

  #put(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') this.#down();
    else if (char === '\b') this.#column = Math.max(0, Math.min(this.#column, this.columns - 1) - 1);
    else if (char === '\x07') this.bells += 1;
    else if (char === '\t') this.#column = Math.min(this.columns - 1, (Math.floor(this.#column / 8) + 1) * 8);
    else this.#print(char);
  }

  #print(char: string): void {
    const width = charWidth(char);
    if (width === 0) {
      const line = this.#line();
      const at = Math.max(0, this.#column - 1);
      line[at] = (line[at] ?? '') + char;
      return;
    }
    if (this.#column + width > this.columns) {
      this.#column = 0;
      this.#down();
    }
    const line = this.#line();
    while (line.length < this.#column) line.push(' ');
    line[this.#column] = char;
    this.#mark(width);
    if (width === 2) line[this.#column + 1] = '';
    this.#column += width;
  }

  #control(parameters: string, final: string): void {
    const count = Number(parameters === '' ? '1' : parameters) || 1;
    const column = Math.min(this.#column, this.columns - 1);
    if (final === 'A') this.#row = Math.max(this.#top, this.#row - count);
    else if (final === 'B') this.#row = Math.min(this.#top + this.rows - 1, this.#row + count);
    else if (final === 'C') this.#column = Math.min(this.columns - 1, column + count);
    else if (final === 'D') this.#column = Math.max(0, column - count);
    else if (final === 'H') this.#jump(parameters);
    else if (final === 'm') this.#style(parameters);
    else if (final === 'K' && parameters === '') this.#eraseLine();
    else if (parameters === '?1049') this.#switch(final === 'h');
    else if (parameters === '?25') this.cursorHidden = final === 'l';
    else if (final === 'J') this.#erase(parameters);
    else if (parameters === '?2004') this.bracketedPaste = final === 'h';
    else this.unknown.push(`${parameters}${final}`);
    if (final >= 'A' && final <= 'D' && this.#column === this.columns) this.#column = column;
    this.#line();
  }

  #mark(width: number): void {
    for (let column = this.#column; column < this.#column + width; column += 1) {
      if (this.#reverse) this.#marks.add(`${this.#row}:${column}`);
      else this.#marks.delete(`${this.#row}:${column}`);
    }
  }

  #jump(parameters: string): void {
    const [row = '1', column = '1'] = parameters.split(';');
    this.#row = this.#top + Math.min(this.rows, Number(row) || 1) - 1;
    this.#column = Math.min(this.columns, Number(column) || 1) - 1;
  }

  #style(parameters: string): void {
    for (const each of parameters.split(';')) {
      if (each === '7') this.#reverse = true;
      else if (each === '' || each === '0' || each === '27') this.#reverse = false;
    }
  }

  #eraseLine(): void {
    this.#grid[this.#row] = this.#line().slice(0, this.#column);
    for (let column = this.#column; column < this.columns; column += 1)
      this.#marks.delete(`${this.#row}:${column}`);
  }

  #switch(alternate: boolean): void {
    if (alternate === this.alternate) return;
    this.alternate = alternate;
    const { grid, row, column, top } = this.#saved ?? { grid: [[]], row: 0, column: 0, top: 0 };
    this.#saved = alternate
      ? { grid: this.#grid, row: this.#row, column: this.#column, top: this.#top }
      : undefined;
    this.#marks = new Set();
    [this.#grid, this.#row, this.#column, this.#top] = alternate ? [[[]], 0, 0, 0] : [grid, row, column, top];
  }

  #erase(parameters: string): void {
    if (parameters === '2') {
      for (let row = this.#top; row < this.#grid.length; row += 1) this.#grid[row] = [];
      this.#marks = new Set();
    } else if (parameters === '') {
      this.#grid[this.#row] = this.#line().slice(0, this.#column);
      this.#grid.length = this.#row + 1;
    } else if (parameters !== '3') this.unknown.push(`${parameters}J`);
  }
}
