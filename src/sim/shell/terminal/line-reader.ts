/**
 * Reads one line at a prompt: keeps the editor's state and its picture on the terminal in step, and runs completion. What the
 * learner sees is repainted from the prompt on, or only appended to when that is enough.
 */
import { evenColumns } from '../builtins/columns.ts';
import type { Candidate, Completions } from '../completion.ts';
import type { Key } from './keys.ts';
import { layOut, type Layout, type Position, type Shown } from './layout.ts';
import {
  lineOf,
  press,
  replaceBefore,
  searchPrompt,
  startEditing,
  type Editor,
  type Order,
} from './line-editor.ts';

export type LineRead =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' };

export interface Screen {
  write(text: string): void;
  columns(): number;
  /** Where the cursor stands now. */
  column(): number;
}

export interface LineRequest {
  readonly prompt: string;
  readonly history: readonly string[];
  complete(before: string): Promise<Completions>;
}

interface Reading {
  readonly request: LineRequest;
  readonly resolve: (read: LineRead) => void;
}

const LIST_LIMIT = 100;

export class LineReader {
  readonly #screen: Screen;
  /** Called when keys are wanted again after a pause for completion. */
  readonly #onReady: () => void;
  #reading: Reading | undefined;
  #editor: Editor = startEditing([]);
  #picture: { readonly layout: Layout; readonly offset: number } | undefined;
  #completing = false;
  /** The candidates that wait for "Display all? (y or n)". */
  #asked: readonly Candidate[] | undefined;

  constructor(screen: Screen, onReady: () => void) {
    this.#screen = screen;
    this.#onReady = onReady;
  }

  /** Whether a key would be taken now. */
  get ready(): boolean {
    return this.#reading !== undefined && !this.#completing;
  }

  read(request: LineRequest): Promise<LineRead> {
    this.#editor = startEditing(request.history, this.#editor.killed);
    this.#screen.write('\x1b[?2004h');
    return new Promise((resolve) => {
      this.#reading = { request, resolve };
      this.#picture = undefined;
      this.#paint(this.#screen.column());
      this.#onReady();
    });
  }

  press(key: Key): void {
    if (this.#asked !== undefined) {
      this.#answer(this.#asked, key);
      return;
    }
    const { editor, order } = press(this.#editor, key);
    const again = this.#editor.last === 'tab';
    this.#editor = editor;
    this.#obey(order, again);
  }

  resized(): void {
    if (this.#reading === undefined || this.#asked !== undefined) return;
    this.#paint(Math.min(this.#erase(), this.#screen.columns() - 1));
  }

  /** Ends the reading as Ctrl-D would; the terminal is going away. */
  cancel(): void {
    this.#finish({ kind: 'end' });
  }

  #obey(order: Order | undefined, tabAgain: boolean): void {
    switch (order) {
      case 'accept':
        this.#paint();
        this.#leave('\r\n');
        this.#finish({ kind: 'line', text: lineOf(this.#editor) });
        return;
      case 'interrupt':
        this.#leave('^C\r\n');
        this.#finish({ kind: 'interrupt' });
        return;
      case 'end-of-file':
        this.#finish({ kind: 'end' });
        return;
      case 'clear':
        this.#screen.write('\x1b[H\x1b[2J');
        this.#picture = undefined;
        this.#paint(0);
        return;
      case 'complete':
        void this.#complete(tabAgain);
        return;
      default:
        this.#paint();
        if (order === 'bell') this.#screen.write('\x07');
    }
  }

  #finish(read: LineRead): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    this.#asked = undefined;
    this.#picture = undefined;
    this.#screen.write(`\x1b[?2004l\r${read.kind === 'end' ? '\n' : ''}`);
    reading.resolve(read);
  }

  async #complete(again: boolean): Promise<void> {
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#completing = true;
    const before = this.#editor.chars.slice(0, this.#editor.cursor).join('');
    try {
      const { start, candidates } = await reading.request.complete(before);
      if (this.#reading === reading) this.#offer(before, start, { candidates, again });
    } finally {
      this.#completing = false;
      this.#onReady();
    }
  }

  #offer(
    before: string,
    start: number,
    { candidates, again }: { readonly candidates: readonly Candidate[]; readonly again: boolean },
  ): void {
    const [first, second] = candidates;
    const typed = before.slice(start);
    if (first === undefined) {
      this.#screen.write('\x07');
      return;
    }
    const common =
      second === undefined ? first.text + first.suffix : commonPrefix(candidates.map(({ text }) => text));
    if (common.length > typed.length || second === undefined) {
      this.#editor = {
        ...replaceBefore(this.#editor, start, common),
        last: second === undefined ? 'other' : 'tab',
      };
      this.#paint();
      if (second !== undefined) this.#screen.write('\x07');
    } else if (!again) this.#screen.write('\x07');
    else this.#list(candidates);
  }

  #list(candidates: readonly Candidate[]): void {
    this.#leave('\r\n');
    if (candidates.length <= LIST_LIMIT) {
      this.#showList(candidates);
      return;
    }
    this.#asked = candidates;
    this.#screen.write(`Display all ${candidates.length} possibilities? (y or n)`);
  }

  #answer(candidates: readonly Candidate[], key: Key): void {
    const said = key.kind === 'key' ? key.name : key.text.slice(0, 1).toLowerCase();
    const yes = said === 'y' || said === ' ';
    if (!yes && !['n', 'backspace', 'C-c', 'C-g'].includes(said)) return;
    this.#asked = undefined;
    this.#screen.write('\r\n');
    this.#showList(yes ? candidates : []);
  }

  #showList(candidates: readonly Candidate[]): void {
    const labels = candidates.map(({ label }) => label);
    if (labels.length > 0)
      this.#screen.write(evenColumns(labels, this.#screen.columns()).replaceAll('\n', '\r\n'));
    this.#picture = undefined;
    this.#paint(0);
  }

  /** Goes behind the line's end and forgets the picture. */
  #leave(text: string): void {
    const { layout } = this.#picture ?? {};
    this.#screen.write((layout === undefined ? '' : travel(layout.cursor, layout.end)) + text);
    this.#picture = undefined;
  }

  /** Returns the column where the prompt began. */
  #erase(): number {
    if (this.#picture === undefined) return 0;
    const { layout, offset } = this.#picture;
    this.#screen.write(`${start(layout.cursor, offset)}\x1b[J`);
    this.#picture = undefined;
    return offset;
  }

  #paint(offset = this.#picture?.offset ?? 0): void {
    const { search, cursor } = this.#editor;
    const prompt = search === undefined ? (this.#reading?.request.prompt ?? '') : searchPrompt(search);
    const shown: Shown = { prompt, line: lineOf(this.#editor), cursor, offset };
    const next = layOut(shown, this.#screen.columns());
    this.#screen.write(repaint(this.#picture?.layout, next, offset));
    this.#picture = { layout: next, offset };
  }
}

/** From one picture to the next, with as little as serves. */
function repaint(before: Layout | undefined, next: Layout, offset: number): string {
  if (before === undefined) return next.text + travel(next.end, next.cursor);
  if (before.text === next.text) return travel(before.cursor, next.cursor);
  const stable = before.text.endsWith(' \r') ? before.text.slice(0, -2) : before.text;
  const atEnd = before.cursor.row === before.end.row && before.cursor.column === before.end.column;
  if (atEnd && next.text.startsWith(stable) && next.text.length > before.text.length) {
    return next.text.slice(stable.length) + travel(next.end, next.cursor);
  }
  return `${start(before.cursor, offset)}\x1b[J${next.text}${travel(next.end, next.cursor)}`;
}

/** To where the prompt begins. */
function start({ row }: Position, offset: number): string {
  return `${row > 0 ? `\x1b[${row}A` : ''}\r${offset > 0 ? `\x1b[${offset}C` : ''}`;
}

function travel(from: Position, to: Position): string {
  const rows = to.row - from.row;
  const vertical = rows === 0 ? '' : rows > 0 ? `\x1b[${rows}B` : `\x1b[${-rows}A`;
  const columns = to.column - from.column;
  if (columns === 0) return vertical;
  if (to.column === 0) return `${vertical}\r`;
  return vertical + (columns > 0 ? `\x1b[${columns}C` : `\x1b[${-columns}D`);
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? '';
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
