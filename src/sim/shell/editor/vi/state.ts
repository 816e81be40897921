/**
 * What vi knows between two keys, and how a change is made. The model is Vim 9.0 as Debian 12 ships it, with its defaults for
 * new users (defaults.vim: ruler, incremental search, five lines of context). Left out: windows, marks, macros, folding,
 * swap files, scripts, `!` commands.
 */
import { History, type Moment } from '../history.ts';
import { before, lineAt, replaceRange, within, type Lines, type Position, type Range } from '../text.ts';
import { columnAt, offsetAt } from '../../screen/cells.ts';

export type Mode = 'normal' | 'insert' | 'replace' | 'visual' | 'visual-line' | 'prompt';

export interface Register {
  readonly text: string;
  readonly linewise: boolean;
}

export interface ViOptions {
  number: boolean;
  relativenumber: boolean;
  ignorecase: boolean;
  smartcase: boolean;
  hlsearch: boolean;
  wrapscan: boolean;
  expandtab: boolean;
  autoindent: boolean;
  list: boolean;
  readonly: boolean;
  paste: boolean;
  shiftwidth: number;
  softtabstop: number;
}

export interface Message {
  readonly text: string;
  readonly kind: 'info' | 'error' | 'warning';
}

/** What one undo takes back, as the message of `u` names it. */
export interface ChangeNote {
  readonly number: number;
  /** Virtual milliseconds. */
  readonly at: number;
}

export interface ViFiles {
  read(path: string): string | undefined;
  /** The complaint of the file system. */
  write(path: string, text: string): string | undefined;
  isDirectory(path: string): boolean;
  readonly now: () => number;
}

export interface Prompt {
  readonly lead: ':' | '/' | '?';
  text: string;
  /** In characters of `text`. */
  cursor: number;
  /** How often to search. */
  readonly count: number;
  /** The mode to come back to. */
  readonly back: Mode;
  /** Which older line is shown; the length of the list for the new one. */
  recalled: number;
}

export interface SearchMemory {
  readonly pattern: string;
  readonly forward: boolean;
}

export class ViState {
  lines: Lines = [''];
  cursor: Position = { row: 0, offset: 0 };
  /** The column that `j` and `k` try to keep; Infinity after `$`. */
  column = 0;
  mode: Mode = 'normal';
  anchor: Position = { row: 0, offset: 0 };
  /** Keys of a command that is not complete yet. */
  pending: readonly string[] = [];
  prompt: Prompt | undefined;
  message: Message | undefined;
  /** More than one line to read: shown until a key is pressed. */
  pager: readonly string[] | undefined;
  name: string | undefined;
  /** The rows that visual mode last covered: `'<,'>`. */
  visualRows = { from: 0, to: 0 };
  /** The first row shown. */
  top = 0;
  height = 23;
  saved: Lines = this.lines;
  search: SearchMemory | undefined;
  highlighting = true;
  lastFind: { readonly key: string; readonly arg: string } | undefined;
  /** Where insert mode was last left: `gi`. */
  lastInsert: Position | undefined;
  /** Keys of the last change, for `.`. */
  repeatable: readonly string[] = [];
  quit: number | undefined;
  bells = 0;
  readonly registers = new Map<string, Register>();
  readonly history = new History<ChangeNote>();
  readonly past = { ':': [] as string[], '/': [] as string[] };
  readonly options: ViOptions = {
    number: false,
    relativenumber: false,
    ignorecase: false,
    smartcase: false,
    hlsearch: false,
    wrapscan: true,
    expandtab: false,
    autoindent: false,
    list: false,
    readonly: false,
    paste: false,
    shiftwidth: 8,
    softtabstop: 0,
  };
  readonly files: ViFiles;
  #changes = 0;

  constructor(files: ViFiles) {
    this.files = files;
  }

  get line(): string {
    return lineAt(this.lines, this.cursor.row);
  }

  get modified(): boolean {
    return this.lines !== this.saved && this.lines.join('\n') !== this.saved.join('\n');
  }

  get inserting(): boolean {
    return this.mode === 'insert' || this.mode === 'replace';
  }

  say(text: string, kind: Message['kind'] = 'info'): void {
    this.message = { text, kind };
  }

  fail(text?: string): void {
    this.bells += 1;
    if (text !== undefined) this.say(text, 'error');
  }

  /** Moves, and remembers the column. */
  go(to: Position): void {
    this.cursor = this.settled(to);
    this.column = columnAt(this.line, this.cursor.offset);
  }

  /** Moves to a row, keeping the column as well as the line allows. */
  goRow(row: number): void {
    const there = Math.max(0, Math.min(row, this.lines.length - 1));
    const line = lineAt(this.lines, there);
    const offset = this.column === Infinity ? line.length : offsetAt(line, this.column, true);
    this.cursor = this.settled({ row: there, offset });
  }

  /** In normal mode the cursor stands on a character, not behind the last. */
  settled(position: Position): Position {
    const { row, offset } = within(this.lines, position);
    const line = lineAt(this.lines, row);
    const past = this.inserting || this.mode === 'visual';
    return { row, offset: !past && offset >= line.length && offset > 0 ? before(line, line.length) : offset };
  }

  replace(range: Range, text: string): Position {
    const { lines, end } = replaceRange(this.lines, range, text);
    this.lines = lines;
    return end;
  }

  /** Deletes whole rows; a text keeps one line at least. */
  deleteRows(from: number, to: number): void {
    const left = [...this.lines.slice(0, from), ...this.lines.slice(to + 1)];
    this.lines = left.length === 0 ? [''] : left;
  }

  insertRows(at: number, rows: Lines): void {
    this.lines = [...this.lines.slice(0, at), ...rows, ...this.lines.slice(at)];
  }

  /** Runs a change so that one undo takes it back whole. */
  change(run: () => void): void {
    const open = { lines: this.lines, cursor: this.cursor };
    run();
    this.remember(open);
  }

  /** Everything since `open` is one change. */
  remember(open: Moment): void {
    if (this.lines === open.lines) return;
    this.#changes += 1;
    const note = { number: this.#changes, at: this.files.now() };
    this.history.add({ before: open, after: { lines: this.lines, cursor: this.cursor }, note });
  }

  store(name: string | undefined, register: Register): void {
    if (name === '_') return;
    if (name === undefined || !/[A-Z]/.test(name)) this.registers.set(name ?? '"', register);
    else this.#append(name.toLowerCase(), register);
    if (name !== undefined) this.registers.set('"', register);
  }

  #append(name: string, { text, linewise }: Register): void {
    const old = this.registers.get(name);
    if (old === undefined) this.registers.set(name, { text, linewise });
    else this.registers.set(name, { text: old.text + text, linewise: old.linewise || linewise });
  }
}

export const firstNonBlank = (line: string): number => {
  const at = line.search(/\S/);
  return at < 0 ? (line === '' ? 0 : before(line, line.length)) : at;
};
