/**
 * Columns by elastic tab stops, as Go's text/tabwriter lays them out: a column is a run of consecutive lines that have a
 * tab-terminated cell there; the text after a line's last tab belongs to no column.
 * `remember` keeps earlier widths over flushes, as kubectl's writer for `get -w` does.
 */
export interface TabWriterOptions {
  readonly minWidth: number;
  readonly padding: number;
  readonly remember?: boolean;
}

/** kubectl get, and everything else that prints tables. */
export const TABLE_TABS: TabWriterOptions = { minWidth: 6, padding: 3, remember: true };

/** kubectl describe. */
export const DESCRIBE_TABS: TabWriterOptions = { minWidth: 0, padding: 2 };

const widthOf = (text: string): number => [...text].length;

export class TabWriter {
  readonly #options: TabWriterOptions;
  #pending = '';
  #remembered: number[] = [];

  constructor(options: TabWriterOptions) {
    this.#options = options;
  }

  write(text: string): void {
    this.#pending += text;
  }

  /** The text laid out so far; columns do not reach over a flush. */
  flush(): string {
    const lines = this.#pending.split('\n').map((line) => line.split('\t'));
    this.#pending = '';
    const out = lines.map(() => '');
    this.#format(lines, out, { from: 0, to: lines.length, widths: [] });
    return out.join('\n');
  }

  forgetWidths(): void {
    this.#remembered = [];
  }

  #format(
    lines: readonly (readonly string[])[],
    out: string[],
    span: { readonly from: number; readonly to: number; readonly widths: readonly number[] },
  ): void {
    const column = span.widths.length;
    let plain = span.from;
    for (let at = span.from; at < span.to; at += 1) {
      if (column >= cellsIn(lines, at) - 1) continue;
      this.#print(lines, out, { from: plain, to: at, widths: span.widths });
      const start = at;
      let width = this.#options.minWidth;
      while (at < span.to && column < cellsIn(lines, at) - 1) {
        width = Math.max(width, widthOf(lines[at]?.[column] ?? '') + this.#options.padding);
        at += 1;
      }
      width = this.#recalled(column, width);
      this.#format(lines, out, { from: start, to: at, widths: [...span.widths, width] });
      plain = at;
      at -= 1;
    }
    this.#print(lines, out, { from: plain, to: span.to, widths: span.widths });
  }

  #recalled(column: number, width: number): number {
    if (!this.#options.remember) return width;
    const wide = Math.max(width, this.#remembered[column] ?? 0);
    this.#remembered[column] = wide;
    return wide;
  }

  #print(
    lines: readonly (readonly string[])[],
    out: string[],
    span: { readonly from: number; readonly to: number; readonly widths: readonly number[] },
  ): void {
    for (let at = span.from; at < span.to; at += 1) {
      const cells = lines[at] ?? [];
      out[at] = cells
        .map((cell, column) => {
          const width = span.widths[column];
          return width === undefined ? cell : cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
        })
        .join('');
    }
  }
}

function cellsIn(lines: readonly (readonly string[])[], at: number): number {
  return lines[at]?.length ?? 0;
}
