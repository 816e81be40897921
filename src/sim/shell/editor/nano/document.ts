/**
 * nano's text with its cursor, cut buffer and undo (GNU nano 7.2, as Debian 12 ships it). The text keeps the empty line behind
 * the last newline, as nano shows it. Left out: several buffers, justifying, spell checking, file browser, macros.
 */
import { columnAt, offsetAt } from '../../screen/cells.ts';
import { History } from '../history.ts';
import {
  backward,
  before,
  compare,
  endOf,
  forward,
  lineAt,
  linesOf,
  ordered,
  replaceRange,
  textIn,
  within,
  type Lines,
  type Position,
  type Range,
} from '../text.ts';

export type EditKind =
  'addition' | 'line break' | 'deletion' | 'line join' | 'replacement' | 'cut' | 'paste' | 'insertion';

const WORD = /[\p{L}\p{N}_]/u;

export class Document {
  lines: Lines;
  cursor: Position = { row: 0, offset: 0 };
  mark: Position | undefined;
  cutBuffer = '';
  top = 0;
  #saved: Lines;
  readonly #history = new History<EditKind>();
  #column = 0;
  #lastKind: EditKind | undefined;
  #lastWasCut = false;

  constructor(text: string) {
    this.lines = linesOf(text);
    this.#saved = this.lines;
  }

  get line(): string {
    return lineAt(this.lines, this.cursor.row);
  }

  get modified(): boolean {
    return this.lines !== this.#saved && this.lines.join('\n') !== this.#saved.join('\n');
  }

  /** As `wc -l` counts, and a last line without its newline besides. */
  get count(): number {
    return this.lines.length - (this.lines.at(-1) === '' ? 1 : 0);
  }

  /** What a file gets: it ends in a newline, unless it is empty. */
  get text(): string {
    const text = this.lines.join('\n');
    return text === '' || text.endsWith('\n') ? text : `${text}\n`;
  }

  saved(): void {
    this.lines = linesOf(this.text);
    this.#saved = this.lines;
  }

  get selection(): Range | undefined {
    return this.mark === undefined ? undefined : ordered(this.mark, this.cursor);
  }

  /** Every key but typing and cutting ends what undo takes back at once. */
  settle(): void {
    this.#lastKind = undefined;
    this.#lastWasCut = false;
  }

  moveTo(to: Position): void {
    this.cursor = within(this.lines, to);
    this.#column = columnAt(this.line, this.cursor.offset);
    this.settle();
  }

  moveRows(rows: number): void {
    const row = Math.max(0, Math.min(this.cursor.row + rows, this.lines.length - 1));
    this.cursor = { row, offset: offsetAt(lineAt(this.lines, row), this.#column, true) };
    this.settle();
  }

  step(direction: 1 | -1): void {
    this.moveTo(direction === 1 ? forward(this.lines, this.cursor) : backward(this.lines, this.cursor));
  }

  wordForward(): void {
    let at = this.cursor;
    const inWord = (): boolean =>
      WORD.test(lineAt(this.lines, at.row).slice(at.offset, at.offset + 2)[0] ?? '');
    const next = (): boolean => {
      const to = forward(this.lines, at);
      const moved = compare(to, at) !== 0;
      at = to;
      return moved;
    };
    while (inWord()) if (!next()) break;
    while (!inWord()) if (!next()) break;
    this.moveTo(at);
  }

  wordBackward(): void {
    let at = backward(this.lines, this.cursor);
    const inWord = (where: Position): boolean => WORD.test(lineAt(this.lines, where.row)[where.offset] ?? '');
    while (!inWord(at) && (at.row > 0 || at.offset > 0)) at = backward(this.lines, at);
    while (at.offset > 0 && inWord({ row: at.row, offset: before(lineAt(this.lines, at.row), at.offset) }))
      at = backward(this.lines, at);
    this.moveTo(at);
  }

  type(text: string): void {
    this.replace({ from: this.cursor, to: this.cursor }, text, text === '\n' ? 'line break' : 'addition');
  }

  /** What is pasted from outside is one step. */
  paste(text: string): void {
    this.settle();
    this.replace({ from: this.cursor, to: this.cursor }, text, 'paste');
    this.settle();
  }

  backspace(): void {
    if (this.cursor.row === 0 && this.cursor.offset === 0) return;
    const from = backward(this.lines, this.cursor);
    this.replace({ from, to: this.cursor }, '', from.row < this.cursor.row ? 'line join' : 'deletion');
  }

  delete(): void {
    const to = forward(this.lines, this.cursor);
    if (compare(to, this.cursor) === 0) return;
    this.replace({ from: this.cursor, to }, '', to.row > this.cursor.row ? 'line join' : 'deletion');
  }

  /** The marked text or the whole line; lines cut one after the other add up. False when there is nothing. */
  cut(keep: boolean): boolean {
    const range = this.selection ?? this.#wholeLine();
    if (compare(range.from, range.to) === 0) return false;
    const text = textIn(this.lines, range);
    const adds = this.#lastWasCut && this.mark === undefined;
    this.cutBuffer = adds ? this.cutBuffer + text : text;
    if (keep) this.moveTo(this.mark === undefined ? range.to : this.cursor);
    else this.replace(range, '', 'cut');
    this.mark = undefined;
    this.#lastWasCut = true;
    return true;
  }

  /** From the cursor to the end of the text. */
  cutToEnd(): void {
    this.mark = endOf(this.lines);
    this.cut(false);
  }

  uncut(): boolean {
    if (this.cutBuffer === '') return false;
    this.settle();
    this.replace({ from: this.cursor, to: this.cursor }, this.cutBuffer, 'paste');
    this.settle();
    return true;
  }

  replace(range: Range, text: string, kind: EditKind): void {
    const open = { lines: this.lines, cursor: this.cursor };
    const { lines, end } = replaceRange(this.lines, range, text);
    this.lines = lines;
    this.cursor = end;
    this.#column = columnAt(this.line, end.offset);
    const joins = this.#lastKind === kind && (kind === 'addition' || kind === 'deletion');
    if (joins) this.#history.extend({ lines, cursor: end }, kind);
    else this.#history.add({ before: open, after: { lines, cursor: end }, note: kind });
    this.#lastKind = kind;
    this.#lastWasCut = false;
  }

  undo(): EditKind | undefined {
    const step = this.#history.undo();
    if (step !== undefined) this.#restore(step.before);
    return step?.note;
  }

  redo(): EditKind | undefined {
    const step = this.#history.redo();
    if (step !== undefined) this.#restore(step.after);
    return step?.note;
  }

  #restore({ lines, cursor }: { readonly lines: Lines; readonly cursor: Position }): void {
    this.lines = lines;
    this.mark = undefined;
    this.moveTo(cursor);
  }

  #wholeLine(): Range {
    const { row } = this.cursor;
    const from = { row, offset: 0 };
    return row + 1 < this.lines.length
      ? { from, to: { row: row + 1, offset: 0 } }
      : { from, to: { row, offset: this.line.length } };
  }
}
