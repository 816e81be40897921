/** As much of a terminal as a shell's prompt needs, so that tests can state what the learner sees. */
import { charWidth } from '../../src/sim/shell/terminal/width.ts';

export class Screen {
  columns: number;
  readonly rows: number;
  /** Sequences that this screen does not know: a test expects none. */
  readonly unknown: string[] = [];
  bells = 0;
  bracketedPaste = false;
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

  /** xterm leaves the lines of the prompt to the program that drew them. */
  resize(columns: number): void {
    this.columns = columns;
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
    else if (final === 'H') [this.#row, this.#column] = [this.#top, 0];
    else if (final === 'J') this.#erase(parameters);
    else if (parameters === '?2004') this.bracketedPaste = final === 'h';
    else this.unknown.push(`${parameters}${final}`);
    if (final >= 'A' && final <= 'D' && this.#column === this.columns) this.#column = column;
    this.#line();
  }

  #erase(parameters: string): void {
    if (parameters === '2') {
      for (let row = this.#top; row < this.#grid.length; row += 1) this.#grid[row] = [];
    } else if (parameters === '') {
      this.#grid[this.#row] = this.#line().slice(0, this.#column);
      this.#grid.length = this.#row + 1;
    } else if (parameters !== '3') this.unknown.push(`${parameters}J`);
  }
}
