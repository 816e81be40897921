/** nano's picture: title, text, status line and two lines of keys (GNU nano 7.2, winio.c). */
import { cellsOf, clipped, columnAt, fitted, reverse, styled, widthOf } from '../../screen/cells.ts';
import type { Picture } from '../../screen/painter.ts';
import { compare, lineAt } from '../text.ts';
import { barRows, HELP_VIEW } from './bars.ts';
import { HELP_TEXT } from './help-text.ts';
import type { Nano } from './nano-editor.ts';

const MARKED = '7';
const SPOTLIGHT = '30;43';
const ALERT = '1;37;41';

export function picture(
  nano: Nano,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Picture {
  nano.height = Math.max(1, rows - 4);
  if (nano.help) return helpPicture(nano, columns);
  scroll(nano);
  const gutter = nano.options.lineNumbers ? String(nano.document.lines.length).length + 1 : 0;
  const width = Math.max(2, columns - gutter);
  const text = Array.from({ length: nano.height }, (_, at) =>
    textRow(nano, nano.document.top + at, { width, gutter }),
  );
  const cursor =
    nano.question === undefined ? textCursor(nano, { width, gutter }) : questionCursor(nano, rows);
  return {
    rows: [title(nano, columns), ...text, statusRow(nano, columns), ...barRows(nano.bar, columns)],
    cursor,
  };
}

/** By single lines while the cursor leaves by one, in the middle after a jump. */
function scroll({ document, height }: Nano): void {
  const { row } = document.cursor;
  if (row >= document.top && row < document.top + height) return;
  const near = row === document.top - 1 || row === document.top + height;
  document.top = near
    ? row < document.top
      ? row
      : row - height + 1
    : Math.max(0, row - Math.floor(height / 2));
}

function title(nano: Nano, columns: number): string {
  const version = '  GNU nano 7.2';
  const name = nano.name === '' ? 'New Buffer' : nano.name;
  const room = columns - version.length - 6;
  const shown = widthOf(cellsOf(name)) > room ? `...${name.slice(-(Math.max(4, room) - 3))}` : name;
  // Centred between the version, with a blank on each side, and room for a state of ten columns.
  const at = version.length + 1 + Math.max(0, Math.floor((columns - 25 - widthOf(cellsOf(shown))) / 2));
  const state = nano.options.viewOnly ? ' (view)' : nano.document.modified ? ' *' : '';
  return reverse(fitted(version.padEnd(at) + shown + state, columns));
}

interface Frame {
  readonly width: number;
  readonly gutter: number;
}

/** The first column of a long line that is shown while the cursor is in it. */
function pageStart(column: number, width: number): number {
  if (column === 0 || column + 2 < width) return 0;
  return width > 8 ? column - 6 - ((column - 6) % (width - 8)) : column - (width - 2);
}

function textRow(nano: Nano, row: number, { width, gutter }: Frame): string {
  const { document } = nano;
  if (row >= document.lines.length) return '';
  const line = lineAt(document.lines, row);
  const number = gutter === 0 ? '' : reverse(`${String(row + 1).padStart(gutter - 1)} `);
  const cells = cellsOf(line);
  const start = row === document.cursor.row ? pageStart(columnAt(line, document.cursor.offset), width) : 0;
  const longer = widthOf(cells) > start + width;
  const shown = clipped(cells, start === 0 ? 0 : start + 1, width - (start === 0 ? 0 : 1) - (longer ? 1 : 0));
  return number + (start > 0 ? '<' : '') + styled(shown, styleOf(nano, row)) + (longer ? '>' : '');
}

function styleOf({ document, spotlight }: Nano, row: number): (offset: number) => string {
  const { selection } = document;
  return (offset) => {
    const at = { row, offset };
    if (
      spotlight?.at.row === row &&
      offset >= spotlight.at.offset &&
      offset < spotlight.at.offset + spotlight.length
    )
      return SPOTLIGHT;
    return selection !== undefined && compare(selection.from, at) <= 0 && compare(at, selection.to) < 0
      ? MARKED
      : '';
  };
}

function textCursor({ document }: Nano, { width, gutter }: Frame): Picture['cursor'] & object {
  const column = columnAt(document.line, document.cursor.offset);
  return { row: document.cursor.row - document.top + 1, column: column - pageStart(column, width) + gutter };
}

function questionCursor({ question }: Nano, rows: number): Picture['cursor'] & object {
  const label = question?.label ?? '';
  const before = question?.kind === 'text' ? `: ${question.answer.slice(0, question.cursor)}` : ' ';
  return { row: rows - 3, column: widthOf(cellsOf(label + before)) };
}

function statusRow(nano: Nano, columns: number): string {
  const { question, message } = nano;
  if (question !== undefined) {
    const text = question.kind === 'text' ? `${question.label}: ${question.answer}` : question.label;
    return reverse(fitted(text, columns));
  }
  if (message === undefined) return '';
  const boxed = fitted(`[ ${message} ]`, Math.min(columns, widthOf(cellsOf(message)) + 4));
  const indent = ' '.repeat(Math.max(0, Math.floor((columns - widthOf(cellsOf(boxed))) / 2)));
  return indent + (nano.alert ? `\x1b[${ALERT}m${boxed}\x1b[m` : reverse(boxed));
}

function helpPicture(nano: Nano, columns: number): Picture {
  const all = HELP_TEXT.split('\n');
  nano.helpTop = Math.min(nano.helpTop, Math.max(0, all.length - nano.height));
  const heading = 'Main nano help text';
  const head = reverse(
    fitted(' '.repeat(Math.max(0, Math.floor((columns - heading.length) / 2))) + heading, columns),
  );
  const text = Array.from({ length: nano.height + 1 }, (_, at) =>
    fitted(all[nano.helpTop + at] ?? '', columns).trimEnd(),
  );
  return { rows: [head, ...text, ...barRows(HELP_VIEW, columns)] };
}
