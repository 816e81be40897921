/** Names in columns, filled downwards, as `ls` and readline list them on a terminal. */
import { textWidth } from '../terminal/width.ts';

/** Lines that fit `width`, the last one too ending in a newline. `ls` sizes each column on its own. */
export function columns(names: readonly string[], width: number): string {
  const gap = 2;
  for (let rows = 1; rows < names.length; rows += 1) {
    const widths: number[] = [];
    for (let from = 0; from < names.length; from += rows) {
      widths.push(Math.max(...names.slice(from, from + rows).map(textWidth)));
    }
    const total = widths.reduce((sum, each) => sum + each + gap, -gap);
    if (total < width)
      return layOut(
        names,
        rows,
        widths.map((each) => each + gap),
      );
  }
  return names.map((name) => `${name}\n`).join('');
}

/** Readline's way: every column as wide as the widest name. */
export function evenColumns(names: readonly string[], width: number): string {
  const cell = Math.max(...names.map(textWidth), 0) + 2;
  const across = Math.max(1, Math.floor(width / cell));
  const rows = Math.ceil(names.length / across);
  return layOut(
    names,
    rows,
    Array.from({ length: across }, () => cell),
  );
}

function layOut(names: readonly string[], rows: number, widths: readonly number[]): string {
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    const line = widths.map((cell, column) => {
      const name = names[column * rows + row];
      return name === undefined ? '' : name + ' '.repeat(Math.max(0, cell - textWidth(name)));
    });
    text += `${line.join('').trimEnd()}\n`;
  }
  return text;
}
