/** What a pager shows: lines that may still be coming, and how each looks with and without raw colours. */
import { cellsOf, type Cell } from '../screen/cells.ts';

export interface Shown {
  readonly text: string;
  readonly cells: readonly Cell[];
  /** SGR parameters at an offset of `text`. */
  styleAt(offset: number): string;
}

/** `raw` lets colour sequences through (-R); otherwise control characters are made visible, ESC as a word. */
export function shownLine(line: string, raw: boolean): Shown {
  const spans: { readonly from: number; readonly style: string }[] = [];
  let text = '';
  let style = '';
  // eslint-disable-next-line no-control-regex -- control sequences begin with ESC
  for (const [piece] of line.matchAll(/\x1b\[([0-9;]*)m|\x1b|[^\x1b]+/g)) {
    // eslint-disable-next-line no-control-regex -- as above
    const colour = /^\x1b\[([0-9;]*)m$/.exec(piece)?.[1];
    if (colour !== undefined && raw) {
      style = colour === '' || colour === '0' ? '' : style === '' ? colour : `${style};${colour}`;
      spans.push({ from: text.length, style });
    } else if (piece.startsWith('\x1b')) {
      spans.push({ from: text.length, style: '7' }, { from: text.length + 3, style });
      text += `ESC${piece.slice(1)}`;
    } else text += piece;
  }
  return {
    text,
    cells: cellsOf(text),
    styleAt: (offset) => spans.findLast(({ from }) => from <= offset)?.style ?? '',
  };
}

/** Text that arrives in pieces. */
export class Source {
  readonly name: string;
  #lines: string[] = [];
  #partial = '';
  #ended = false;
  readonly #decoder = new TextDecoder();
  bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    const lines = (this.#partial + this.#decoder.decode(piece, { stream: true })).split('\n');
    this.#partial = lines.pop() ?? '';
    this.#lines.push(...lines);
  }

  end(): void {
    if (this.#partial !== '') this.#lines.push(this.#partial);
    this.#partial = '';
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get count(): number {
    return this.#lines.length;
  }

  line(at: number): string {
    return (this.#lines[at] ?? '').replace(/\r$/, '');
  }
}
