/** Which part of the text is shown: five lines of context around the cursor, as Vim's defaults keep. */
import { lineAt } from '../text.ts';
import { cellsOf, wrapped } from '../../screen/cells.ts';
import { firstNonBlank, type ViState } from './state.ts';

const CONTEXT = 5;

/** Screen rows of one line of text. */
export function rowsOf(state: ViState, row: number, columns: number): number {
  return wrapped(cellsOf(lineAt(state.lines, row)), columns).length;
}

/** Moves the first shown line as little as serves; far jumps put the cursor in the middle. */
export function keepVisible(state: ViState, columns: number): void {
  const { row } = state.cursor;
  const context = Math.min(CONTEXT, Math.floor((state.height - 1) / 2));
  const high = row - context;
  if (state.top > Math.max(0, high)) {
    state.top = state.top - Math.max(0, high) > state.height ? row - Math.floor(state.height / 2) : high;
  }
  state.top = Math.max(0, Math.min(state.top, state.lines.length - 1));
  const low = Math.min(row + context, state.lines.length - 1);
  const far = rowsBetween(state, state.top, low, columns) > state.height * 2;
  if (far) state.top = Math.max(0, row - Math.floor(state.height / 2));
  while (rowsBetween(state, state.top, low, columns) > state.height && state.top < row) state.top += 1;
  if (!far) return;
  // Near the end there is no middle: the last line stands at the bottom.
  while (state.top > 0 && rowsBetween(state, state.top - 1, state.lines.length - 1, columns) <= state.height)
    state.top -= 1;
}

function rowsBetween(state: ViState, from: number, to: number, columns: number): number {
  let rows = 0;
  for (let row = from; row <= to && rows <= state.height * 2; row += 1) rows += rowsOf(state, row, columns);
  return rows;
}

export function scrollTo(state: ViState, where: 'top' | 'middle' | 'bottom'): void {
  const { row } = state.cursor;
  const above = { top: 0, middle: Math.floor((state.height - 1) / 2), bottom: state.height - 1 }[where];
  state.top = Math.max(0, row - above);
}

/** Scrolls by rows; the cursor goes along when it must, or always. */
export function scrollBy(state: ViState, rows: number, withCursor: boolean): void {
  const last = state.lines.length - 1;
  const stuck = withCursor
    ? rows > 0
      ? state.cursor.row === last
      : state.cursor.row === 0
    : rows > 0
      ? state.top >= last
      : state.top === 0;
  if (stuck) {
    state.fail();
    return;
  }
  const top = Math.max(0, Math.min(state.top + rows, last));
  const moved = withCursor ? state.cursor.row + rows : state.cursor.row;
  const context = Math.min(CONTEXT, Math.floor((state.height - 1) / 2));
  state.top = withCursor ? Math.min(top, Math.max(0, last - state.height + 1, state.top)) : top;
  const low = state.top === 0 ? 0 : state.top + context;
  const high = state.top + state.height - 1 - context;
  const row = Math.max(0, Math.min(Math.max(low, Math.min(moved, high)), last));
  const at = withCursor ? Math.max(0, Math.min(moved, last)) : row;
  state.go({ row: at, offset: firstNonBlank(lineAt(state.lines, at)) });
}
