/** `less` as a machine for keys (less 590): where in the text the screen stands, and what the bottom line says. */
import type { Key } from '../terminal/keys.ts';
import { clipped, fitted, plain, reverse, styled, wrapped, type Cell } from '../screen/cells.ts';
import type { Picture } from '../screen/painter.ts';
import { keyNames } from '../editor/keys.ts';
import { COMMANDS } from './pager-keys.ts';
import { shownLine, type Shown, type Source } from './lines.ts';

export interface PagerOptions {
  chop: boolean;
  numbers: boolean;
  readonly raw: boolean;
  ignoreCase: boolean;
}

interface Place {
  readonly line: number;
  /** Screen row inside the line. */
  readonly part: number;
}

interface Ask {
  readonly lead: string;
  text: string;
}

const NUMBER_WIDTH = 8;

export class Pager {
  readonly options: PagerOptions;
  readonly #source: Source;
  #top: Place = { line: 0, part: 0 };
  #shift = 0;
  #count = '';
  #ask: Ask | undefined;
  #message: string | undefined;
  #pattern: { readonly expression: RegExp; readonly forward: boolean } | undefined;
  #highlight = true;
  #fresh = true;
  #pendingZ = false;
  #size = { columns: 80, rows: 24 };
  /** Waits for the end of the input: `G` and `F`. */
  waiting: 'end' | 'follow' | undefined;
  quit = false;
  help = false;
  bells = 0;
  /** `:n` (1) and `:p` (-1). */
  turn = 0;

  constructor(source: Source, options: PagerOptions) {
    this.#source = source;
    this.options = options;
  }

  get source(): Source {
    return this.#source;
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    this.#size = { ...size };
    this.#top = { line: this.#top.line, part: Math.min(this.#top.part, this.#parts(this.#top.line) - 1) };
  }

  /** More text has come, or its end. */
  grown(): void {
    if (this.waiting === undefined) return;
    if (this.#source.ended && this.waiting === 'end') this.waiting = undefined;
    this.#toEnd();
  }

  /** True when text beyond the screen's last row is not there yet. */
  get hungry(): boolean {
    if (this.#source.ended) return false;
    return this.waiting !== undefined || this.#rowsFrom(this.#top, this.#height + 1).length <= this.#height;
  }

  get fitsOneScreen(): boolean {
    return (
      this.#source.ended && this.#rowsFrom({ line: 0, part: 0 }, this.#height + 1).length <= this.#height
    );
  }

  get atEnd(): boolean {
    return this.#source.ended && this.#rowsFrom(this.#top, this.#height + 1).length <= this.#height;
  }

  press(key: Key): void {
    if (key.kind === 'paste') {
      if (this.#ask !== undefined) this.#ask.text += key.text.replace(/\n[\s\S]*/, '');
      return;
    }
    for (const name of keyNames(key)) this.#key(name);
  }

  picture(): Picture {
    const { rows } = this.#size;
    const shown = this.#rowsFrom(this.#top, this.#height).map((place) => this.#row(place));
    // A short text leaves `~` below it only once the screen has been turned.
    if (!this.#fresh) while (shown.length < this.#height) shown.push('\x1b[1m~\x1b[m');
    const bottom = this.#bottom();
    const row = Math.min(shown.length, rows - 1);
    return { rows: [...shown, bottom.text], cursor: { row, column: bottom.width } };
  }

  get #height(): number {
    return Math.max(1, this.#size.rows - 1);
  }

  get #width(): number {
    return Math.max(2, this.#size.columns - (this.options.numbers ? NUMBER_WIDTH : 0));
  }

  #shown(line: number): Shown {
    return shownLine(this.#source.line(line), this.options.raw);
  }

  #parts(line: number): number {
    return this.options.chop || this.#shift > 0 ? 1 : wrapped(this.#shown(line).cells, this.#width).length;
  }

  #rowsFrom(from: Place, limit: number): readonly Place[] {
    const places: Place[] = [];
    for (let { line, part } = from; line < this.#source.count && places.length < limit; line += 1, part = 0)
      for (const parts = this.#parts(line); part < parts && places.length < limit; part += 1)
        places.push({ line, part });
    return places;
  }

  #row({ line, part }: Place): string {
    const shown = this.#shown(line);
    const number = this.options.numbers
      ? `\x1b[1m${(part === 0 ? String(line + 1) : '').padStart(NUMBER_WIDTH - 1)}\x1b[m `
      : '';
    const chops = this.options.chop || this.#shift > 0;
    const cells = chops
      ? clipped(shown.cells, this.#shift, this.#width)
      : (wrapped(shown.cells, this.#width)[part] ?? []);
    const more = chops && clipped(shown.cells, this.#shift + this.#width, 1).length > 0;
    const text = styled(more ? cells.slice(0, -1) : cells, this.#styles(shown));
    return number + text + (more ? reverse('>') : '');
  }

  #styles({ text, styleAt }: Shown): (offset: number) => string {
    if (this.#pattern !== undefined) this.#pattern.expression.lastIndex = 0;
    const found =
      this.#highlight && this.#pattern !== undefined ? [...text.matchAll(this.#pattern.expression)] : [];
    return (offset) =>
      found.some((match) => offset >= match.index && offset < match.index + match[0].length)
        ? '7'
        : styleAt(offset);
  }

  #bottom(): { readonly text: string; readonly width: number } {
    const typed = this.#ask === undefined ? undefined : this.#ask.lead + this.#ask.text;
    const said = typed ?? (this.#count === '' ? undefined : `:${this.#count}`);
    if (said !== undefined) {
      const text = fitted(said, this.#size.columns - 1).trimEnd();
      return { text, width: said.length };
    }
    const prompt = this.#promptText();
    const text = plain(clipped(cellsOfText(prompt), 0, this.#size.columns - 1));
    return { text: prompt === ':' ? prompt : reverse(text), width: text.length };
  }

  #promptText(): string {
    if (this.#message !== undefined) return `${this.#message}  (press RETURN)`;
    if (this.help)
      return this.atEnd
        ? 'HELP -- END -- Press g to see it again, or q when done'
        : 'HELP -- Press RETURN for more, or q when done';
    if (this.waiting === 'follow') return 'Waiting for data... (interrupt to abort)';
    if (this.waiting === 'end') return 'Waiting for the end of the input... (interrupt to abort)';
    const end = this.atEnd ? '(END)' : '';
    const name = this.#fresh ? this.#source.name : '';
    const text = [name, end].filter((part) => part !== '').join(' ');
    return text === '' ? ':' : text;
  }

  #key(key: string): void {
    if (this.waiting !== undefined) {
      if (key === '<C-c>') this.waiting = undefined;
      return;
    }
    if (this.#message !== undefined) {
      this.#message = undefined;
      if (key === '<enter>' || key === ' ') return;
    }
    if (this.#ask !== undefined) this.#answer(this.#ask, key);
    else if (/^\d$/.test(key)) this.#count += key;
    else if (key === '<backspace>' && this.#count !== '') this.#count = this.#count.slice(0, -1);
    else this.#command(key);
  }

  #command(key: string): void {
    const count = this.#count === '' ? undefined : Number(this.#count);
    this.#count = '';
    const secondZ = this.#pendingZ && key === 'Z';
    this.#pendingZ = key === 'Z' && !secondZ;
    if (secondZ) this.quit = true;
    if (key === 'Z') return;
    const action = COMMANDS.get(key);
    if (action === undefined) this.bells += 1;
    else action(this, count);
  }

  forward(rows: number): void {
    if (this.atEnd) {
      this.bells += 1;
      return;
    }
    this.#fresh = false;
    const places = this.#rowsFrom(this.#top, rows + this.#height);
    const last = Math.max(0, places.length - this.#height);
    this.#top = places[Math.min(rows, last)] ?? this.#top;
  }

  backward(rows: number): void {
    if (this.#top.line === 0 && this.#top.part === 0) {
      this.bells += 1;
      return;
    }
    this.#fresh = false;
    let { line, part } = this.#top;
    for (let left = rows; left > 0 && (line > 0 || part > 0); left -= 1) {
      if (part > 0) part -= 1;
      else {
        line -= 1;
        part = this.#parts(line) - 1;
      }
    }
    this.#top = { line, part };
  }

  get page(): number {
    return this.#height;
  }

  /** Counted from 1; the line stands at the top, as far as the text allows. */
  goTo(line: number): void {
    this.#fresh = false;
    const there = Math.max(0, Math.min(line - 1, this.#source.count - 1));
    this.#top = { line: there, part: 0 };
    if (this.#source.ended) this.#fill();
  }

  percent(share: number): void {
    this.goTo(Math.floor((this.#source.count * Math.min(share, 100)) / 100) + 1);
  }

  end(): void {
    if (!this.#source.ended) this.waiting = 'end';
    this.#toEnd();
  }

  follow(): void {
    this.waiting = 'follow';
    this.#toEnd();
  }

  #toEnd(): void {
    this.#fresh = false;
    this.#top = { line: Math.max(0, this.#source.count - 1), part: 0 };
    this.#fill();
  }

  /** No empty rows at the foot while there is text above. */
  #fill(): void {
    const missing = this.#height - this.#rowsFrom(this.#top, this.#height).length;
    if (missing > 0 && this.#top.line + this.#top.part > 0) {
      const { bells } = this;
      this.backward(missing);
      this.bells = bells;
    }
  }

  sideways(direction: 1 | -1, count: number | undefined): void {
    this.#shift = Math.max(0, this.#shift + direction * (count ?? Math.floor(this.#width / 2)));
    this.#top = { line: this.#top.line, part: 0 };
  }

  ask(lead: string): void {
    this.#ask = { lead, text: '' };
  }

  #answer(ask: Ask, key: string): void {
    if (key === '<C-c>' || key === '<esc>') this.#ask = undefined;
    else if (key === '<backspace>' || key === '<C-h>') {
      if (ask.text === '') this.#ask = undefined;
      else ask.text = [...ask.text].slice(0, -1).join('');
    } else if (key === '<C-u>') ask.text = '';
    else if (key === '<enter>') {
      this.#ask = undefined;
      this.#answered(ask);
    } else if (!/^<.+>$/.test(key)) {
      ask.text += key;
      if (ask.lead === ':' || ask.lead === '-') {
        this.#ask = undefined;
        this.#answered(ask);
      }
    }
  }

  #answered({ lead, text }: Ask): void {
    if (lead === '/' || lead === '?') this.#search(text, lead === '/');
    else if (lead === '-') this.#toggle(text);
    else if (/^[qQ]$/.test(text)) this.quit = true;
    else if (text === 'n' || text === 'p') this.turn = text === 'n' ? 1 : -1;
    else if (text === 'f') this.info();
    else this.bells += 1;
  }

  #toggle(letter: string): void {
    const { options } = this;
    if (letter === 'S') {
      options.chop = !options.chop;
      this.#message = options.chop ? 'Chop long lines' : 'Fold long lines';
    } else if (letter === 'N') {
      options.numbers = !options.numbers;
      this.#message = options.numbers ? 'Constantly display line numbers' : 'Use line numbers';
    } else if (letter === 'i' || letter === 'I') {
      options.ignoreCase = !options.ignoreCase;
      this.#message = options.ignoreCase ? 'Ignore case in searches' : 'Case is significant in searches';
    } else this.#message = `There is no -${letter} option`;
  }

  #search(text: string, forward: boolean): void {
    if (text !== '') {
      const expression = compiled(text, this.options.ignoreCase && !/[A-Z]/.test(text));
      if (expression === undefined) {
        this.#message = 'Invalid pattern';
        return;
      }
      this.#pattern = { expression, forward };
    }
    this.again(true, 1);
  }

  again(same: boolean, count: number): void {
    const pattern = this.#pattern;
    if (pattern === undefined) {
      this.#message = 'No previous regular expression';
      return;
    }
    this.#highlight = true;
    const step = pattern.forward === same ? 1 : -1;
    let left = count;
    let line = this.#top.line;
    while (left > 0) {
      line += step;
      if (line < 0 || line >= this.#source.count) {
        this.#message = 'Pattern not found';
        return;
      }
      pattern.expression.lastIndex = 0;
      if (pattern.expression.test(this.#shown(line).text)) left -= 1;
    }
    this.goTo(line + 1);
  }

  toggleHighlight(): void {
    this.#highlight = !this.#highlight;
  }

  info(): void {
    const rows = this.#rowsFrom(this.#top, this.#height);
    const [first, last] = [(rows[0]?.line ?? 0) + 1, (rows.at(-1)?.line ?? 0) + 1];
    const total = this.#source.ended ? `/${this.#source.count}` : '';
    const percent =
      this.#source.ended && this.#source.count > 0
        ? ` ${Math.floor((last * 100) / this.#source.count)}%`
        : '';
    const name = this.#source.name === '' ? '' : `${this.#source.name} `;
    this.#message = `${name}lines ${first}-${last}${total}${percent}`;
  }

  say(message: string): void {
    this.#message = message;
  }
}

function cellsOfText(text: string): readonly Cell[] {
  return shownLine(text, false).cells;
}

function compiled(text: string, ignoreCase: boolean): RegExp | undefined {
  try {
    return new RegExp(text, `gu${ignoreCase ? 'i' : ''}`);
  } catch {
    return undefined; // The learner's pattern does not parse: less says so at its prompt.
  }
}
