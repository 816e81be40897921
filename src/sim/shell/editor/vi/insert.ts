/** Insert and replace mode (insert.txt of Vim 9.0): what is typed is one change, repeated by its count at the end. */
import { after, backward, before, lineAt, type Lines, type Position } from '../text.ts';
import { columnAt } from '../../screen/cells.ts';
import { shiftRows } from './operators.ts';
import type { ViState } from './state.ts';

export class Insertion {
  readonly #state: ViState;
  readonly #open: { readonly lines: Lines; readonly cursor: Position };
  readonly #count: number;
  /** `3o` types three lines, `3i` one. */
  readonly #newline: boolean;
  /** What was typed since the cursor was last moved by hand. */
  #typed = '';
  /** The characters that replace mode wrote over. */
  #replaced: string[] = [];

  constructor(
    state: ViState,
    open: { readonly lines: Lines; readonly cursor: Position },
    { count, newline = false }: { readonly count: number; readonly newline?: boolean },
  ) {
    this.#state = state;
    this.#open = open;
    this.#count = count;
    this.#newline = newline;
  }

  /** True when the mode has ended. */
  press(key: string): boolean {
    const action = ACTIONS.get(key);
    if (key === '<esc>' || key === '<C-c>' || key === '<C-[>') {
      this.#finish();
      return true;
    }
    if (action !== undefined) action(this);
    else if (!/^<.+>$/.test(key)) this.insert(key);
    return false;
  }

  insert(text: string): void {
    const state = this.#state;
    if (state.mode === 'replace') this.#overwrite(text);
    else state.cursor = state.replace({ from: state.cursor, to: state.cursor }, text);
    this.#typed += text;
    this.#keepColumn();
  }

  enter(): void {
    const state = this.#state;
    const [indent = ''] =
      state.options.autoindent && !state.options.paste ? (/^[ \t]*/.exec(state.line) ?? []) : [];
    if (state.line.trim() === '' && indent !== '') {
      const from = { row: state.cursor.row, offset: 0 };
      state.cursor = state.replace({ from, to: { row: state.cursor.row, offset: state.line.length } }, '');
    }
    state.cursor = state.replace({ from: state.cursor, to: state.cursor }, `\n${indent}`);
    this.#typed += `\n${indent}`;
    this.#keepColumn();
  }

  tab(): void {
    const { expandtab, softtabstop } = this.#state.options;
    const stop = softtabstop > 0 ? softtabstop : 8;
    const column = columnAt(this.#state.line, this.#state.cursor.offset);
    this.insert(expandtab ? ' '.repeat(stop - (column % stop)) : '\t');
  }

  backspace(): void {
    const state = this.#state;
    if (state.mode === 'replace') {
      this.#restore();
      return;
    }
    const at = backward(state.lines, state.cursor);
    if (at.row === state.cursor.row && at.offset === state.cursor.offset) return;
    this.erase(at);
  }

  /** Deletes back to `from`. */
  erase(from: Position): void {
    const state = this.#state;
    const { row } = state.cursor;
    const count = from.row === row ? state.cursor.offset - from.offset : 1;
    state.cursor = state.replace({ from, to: state.cursor }, '');
    this.#typed = count <= this.#typed.length ? this.#typed.slice(0, this.#typed.length - count) : '';
    this.#keepColumn();
  }

  eraseWord(): void {
    const { row, offset } = this.#state.cursor;
    const head = this.#state.line.slice(0, offset);
    if (offset === 0) this.backspace();
    else
      this.erase({
        row,
        offset: offset - (/(?:[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]+|)\s*$/u.exec(head)?.[0].length ?? 0),
      });
  }

  eraseLine(): void {
    const { row, offset } = this.#state.cursor;
    if (offset === 0) this.backspace();
    else this.erase({ row, offset: 0 });
  }

  deleteForward(): void {
    const state = this.#state;
    const { row, offset } = state.cursor;
    if (offset < state.line.length)
      state.replace({ from: state.cursor, to: { row, offset: after(state.line, offset) } }, '');
    else if (row + 1 < state.lines.length)
      state.replace({ from: state.cursor, to: { row: row + 1, offset: 0 } }, '');
  }

  /** Moving by hand begins a new stretch of typing. */
  move(to: (state: ViState) => Position): void {
    this.#typed = '';
    this.#state.go(to(this.#state));
  }

  moveRow(rows: number): void {
    this.#typed = '';
    this.#state.goRow(this.#state.cursor.row + rows);
  }

  shift(steps: number): void {
    const state = this.#state;
    const { row, offset } = state.cursor;
    const length = state.line.length;
    shiftRows(state, row, row, steps);
    state.cursor = { row, offset: Math.max(0, offset + state.line.length - length) };
  }

  /** The character above (-1) or below. */
  copy(rows: number): void {
    const state = this.#state;
    const char = lineAt(state.lines, state.cursor.row + rows)[state.cursor.offset];
    if (char === undefined) state.fail();
    else this.insert(char);
  }

  get page(): number {
    return Math.max(1, this.#state.height - 2);
  }

  #keepColumn(): void {
    this.#state.column = columnAt(this.#state.line, this.#state.cursor.offset);
  }

  #overwrite(text: string): void {
    const state = this.#state;
    for (const char of text) {
      const { row, offset } = state.cursor;
      const end = offset < state.line.length ? after(state.line, offset) : offset;
      this.#replaced.push(state.line.slice(offset, end));
      state.cursor = state.replace({ from: state.cursor, to: { row, offset: end } }, char);
    }
  }

  #restore(): void {
    const state = this.#state;
    const { row, offset } = state.cursor;
    const old = this.#replaced.pop();
    if (offset === 0) return;
    const from = { row, offset: before(state.line, offset) };
    if (old !== undefined) state.replace({ from, to: state.cursor }, old);
    this.#typed = this.#typed.slice(0, -1);
    state.cursor = from;
  }

  #finish(): void {
    const state = this.#state;
    if (this.#typed !== '' && this.#count > 1 && state.mode === 'insert') {
      const more = ((this.#newline ? '\n' : '') + this.#typed).repeat(this.#count - 1);
      state.cursor = state.replace({ from: state.cursor, to: state.cursor }, more);
    }
    if (state.options.autoindent && /^\s+$/.test(state.line) && this.#typed.endsWith(state.line)) {
      const { row } = state.cursor;
      state.cursor = state.replace({ from: { row, offset: 0 }, to: { row, offset: state.line.length } }, '');
    }
    state.mode = 'normal';
    state.lastInsert = state.cursor;
    const { row, offset } = state.cursor;
    state.go({ row, offset: offset > 0 ? before(state.line, offset) : 0 });
    state.remember(this.#open);
  }
}

const ends = (state: ViState): Position => ({ row: state.cursor.row, offset: state.line.length });

const ACTIONS: ReadonlyMap<string, (insertion: Insertion) => void> = new Map([
  ['<enter>', (insertion) => insertion.enter()],
  ['<C-j>', (insertion) => insertion.enter()],
  ['<C-m>', (insertion) => insertion.enter()],
  ['<tab>', (insertion) => insertion.tab()],
  ['<backspace>', (insertion) => insertion.backspace()],
  ['<C-h>', (insertion) => insertion.backspace()],
  ['<delete>', (insertion) => insertion.deleteForward()],
  ['<C-w>', (insertion) => insertion.eraseWord()],
  ['<C-u>', (insertion) => insertion.eraseLine()],
  ['<C-t>', (insertion) => insertion.shift(1)],
  ['<C-d>', (insertion) => insertion.shift(-1)],
  ['<C-y>', (insertion) => insertion.copy(-1)],
  ['<C-e>', (insertion) => insertion.copy(1)],
  ['<up>', (insertion) => insertion.moveRow(-1)],
  ['<down>', (insertion) => insertion.moveRow(1)],
  ['<pageup>', (insertion) => insertion.moveRow(-insertion.page)],
  ['<pagedown>', (insertion) => insertion.moveRow(insertion.page)],
  ['<home>', (insertion) => insertion.move(({ cursor }) => ({ row: cursor.row, offset: 0 }))],
  ['<end>', (insertion) => insertion.move(ends)],
  [
    '<left>',
    (insertion) =>
      insertion.move(({ cursor, line }) => ({
        row: cursor.row,
        offset: cursor.offset === 0 ? 0 : before(line, cursor.offset),
      })),
  ],
  [
    '<right>',
    (insertion) =>
      insertion.move(({ cursor, line }) => ({
        row: cursor.row,
        offset: cursor.offset >= line.length ? line.length : after(line, cursor.offset),
      })),
  ],
] satisfies [string, (insertion: Insertion) => void][]);
