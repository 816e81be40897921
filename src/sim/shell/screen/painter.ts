/** Brings the terminal from one picture to the next: rows that did not change are not drawn again. */
import type { Screen } from '../command.ts';

export interface Picture {
  /** From the top, each no wider than the screen, control sequences of style included. */
  readonly rows: readonly string[];
  /** Counted from 0; without one the cursor is hidden. */
  readonly cursor?: { readonly row: number; readonly column: number };
}

export class Painter {
  readonly #screen: Screen;
  #shown: readonly string[] | undefined;
  #size = '';

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Draws everything anew next time. */
  forget(): void {
    this.#shown = undefined;
  }

  async paint(picture: Picture): Promise<void> {
    const { columns, rows } = this.#screen.size();
    const size = `${columns}x${rows}`;
    if (size !== this.#size) this.#shown = undefined;
    const wanted = Array.from({ length: rows }, (_, row) => picture.rows[row] ?? '');
    let out = '\x1b[?25l';
    if (this.#shown === undefined) out += '\x1b[H\x1b[2J';
    for (const [row, text] of wanted.entries()) {
      if (text === (this.#shown?.[row] ?? '')) continue;
      // Erased first: at the right margin the cursor stands on the last character it drew.
      out += `\x1b[${row + 1};1H\x1b[K${text}`;
    }
    this.#shown = wanted;
    this.#size = size;
    const { cursor } = picture;
    if (cursor !== undefined) {
      const [row, column] = [Math.min(cursor.row, rows - 1), Math.min(cursor.column, columns - 1)];
      out += `\x1b[${row + 1};${column + 1}H\x1b[?25h`;
    }
    await this.#screen.write(out);
  }
}
