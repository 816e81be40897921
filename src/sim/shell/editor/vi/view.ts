/** vi's picture: the text, `~` behind its end, and the bottom line with message, typed keys and ruler as Vim places them. */
import { utf8 } from '../../../../base/bytes.ts';
import { compare, lineAt, ordered } from '../text.ts';
import { cellsOf, columnAt, fitted, styled, widthOf, wrapped, type Cell } from '../../screen/cells.ts';
import type { Picture } from '../../screen/painter.ts';
import { compilePattern, matchesIn } from './pattern.ts';
import { keepVisible } from './scroll.ts';
import type { ViState } from './state.ts';

const NON_TEXT = '94';
const LINE_NUMBER = '33';
const SELECTED = '7';
const FOUND = '30;43';
const ERROR = '97;41';
const WARNING = '31';
const RULER = 18;
const TYPED = 11;

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
}

export function picture(state: ViState, { columns, rows }: ViewSize): Picture {
  state.height = Math.max(1, rows - 1);
  const gutter = gutterWidth(state);
  const width = Math.max(2, columns - gutter);
  keepVisible(state, width);
  const { shown, cursor } = textRows(state, { width, gutter });
  const bottom = bottomLine(state, columns);
  if (state.pager !== undefined) {
    const said = [
      ...state.pager.map((line) => paint(fitted(line, columns).trimEnd(), ERROR)),
      paint(ENTER, '32'),
    ];
    return {
      rows: [...shown.slice(0, rows - said.length), ...said],
      cursor: { row: rows - 1, column: ENTER.length },
    };
  }
  const { prompt } = state;
  if (prompt !== undefined) {
    const column = 1 + widthOf(cellsOf(prompt.text.slice(0, prompt.cursor)));
    return { rows: [...shown, bottom], cursor: { row: rows - 1, column } };
  }
  return { rows: [...shown, bottom], cursor };
}

const ENTER = 'Press ENTER or type command to continue';

const paint = (text: string, style: string): string => (text === '' ? '' : `\x1b[${style}m${text}\x1b[m`);

function gutterWidth({ options, lines }: ViState): number {
  return options.number || options.relativenumber ? Math.max(4, String(lines.length).length + 1) : 0;
}

interface Frame {
  readonly width: number;
  readonly gutter: number;
}

function textRows(
  state: ViState,
  { width, gutter }: Frame,
): { readonly shown: readonly string[]; readonly cursor: { readonly row: number; readonly column: number } } {
  const shown: string[] = [];
  let cursor = { row: 0, column: 0 };
  for (let row = state.top; row < state.lines.length && shown.length < state.height; row += 1) {
    const pieces = wrapped(displayed(state, row), width);
    if (shown.length + pieces.length > state.height && row > state.top) {
      while (shown.length < state.height) shown.push(paint('@', NON_TEXT));
      break;
    }
    if (row === state.cursor.row) cursor = cursorAt(state, { width, gutter }, shown.length);
    const style = styleOf(state, row);
    for (const [at, cells] of pieces.entries())
      shown.push(
        numberColumn(state, row, { gutter, first: at === 0 }) +
          styled(cells, style) +
          blankMark(state, row, at),
      );
  }
  while (shown.length < state.height) shown.push(paint('~', NON_TEXT));
  return { shown: shown.slice(0, state.height), cursor };
}

/** An empty line that is selected shows one marked blank. */
function blankMark(state: ViState, row: number, at: number): string {
  if (at > 0 || lineAt(state.lines, row) !== '') return '';
  const { from, to } = ordered(state.anchor, state.cursor);
  const visual = state.mode === 'visual' || state.mode === 'visual-line';
  return visual && row >= from.row && row <= to.row ? paint(' ', SELECTED) : '';
}

/** With `list`, line ends and tabs are visible. */
function displayed(state: ViState, row: number): readonly Cell[] {
  const line = lineAt(state.lines, row);
  if (!state.options.list) return cellsOf(line);
  return cellsOf(`${line.replaceAll('\t', '\u0009')}$`).map((cell) =>
    line[cell.offset] === '\t' ? { ...cell, text: '·' } : cell,
  );
}

function cursorAt(
  state: ViState,
  { width, gutter }: Frame,
  firstRow: number,
): { readonly row: number; readonly column: number } {
  const cells = cellsOf(`${state.line} `);
  let [row, column] = [0, 0];
  const onTab = state.line[state.cursor.offset] === '\t' && !state.inserting;
  for (const [at, cell] of cells.entries()) {
    if (column + cell.width > width) [row, column] = [row + 1, 0];
    const lastOfTab = onTab && cell.offset === state.cursor.offset && cells[at + 1]?.offset === cell.offset;
    if (cell.offset >= state.cursor.offset && !lastOfTab) break;
    column += cell.width;
  }
  return { row: firstRow + row, column: column + gutter };
}

function numberColumn(
  state: ViState,
  row: number,
  { gutter, first }: { readonly gutter: number; readonly first: boolean },
): string {
  if (gutter === 0) return '';
  const distance = Math.abs(row - state.cursor.row);
  const { number, relativenumber } = state.options;
  const shown = relativenumber && (distance > 0 || !number) ? distance : row + 1;
  const left = relativenumber && number && distance === 0;
  const text = left ? String(shown).padEnd(gutter - 1) : String(shown).padStart(gutter - 1);
  return paint(first ? `${text} ` : ' '.repeat(gutter), LINE_NUMBER);
}

function styleOf(state: ViState, row: number): (offset: number) => string {
  const line = lineAt(state.lines, row);
  const pattern = state.options.hlsearch && state.highlighting ? state.search?.pattern : undefined;
  const expression = pattern === undefined ? undefined : compilePattern(pattern, state.options);
  const found = expression === undefined ? [] : matchesIn(line, expression);
  const visual = state.mode === 'visual' || state.mode === 'visual-line';
  const { from, to } = ordered(state.anchor, state.cursor);
  return (offset) => {
    const at = { row, offset };
    const inside = compare(from, at) <= 0 && compare(at, to) <= 0;
    if (visual && (state.mode === 'visual' ? inside : row >= from.row && row <= to.row)) return SELECTED;
    return found.some((match) => offset >= match.offset && offset < match.offset + match.length) ? FOUND : '';
  };
}

const MODES: Readonly<Record<string, string>> = {
  insert: '-- INSERT --',
  replace: '-- REPLACE --',
  visual: '-- VISUAL --',
  'visual-line': '-- VISUAL LINE --',
};

function bottomLine(state: ViState, columns: number): string {
  const { prompt } = state;
  if (prompt !== undefined) return fitted(prompt.lead + prompt.text, columns).trimEnd();
  const { said, style } = saying(state);
  const dress = (text: string): string => (style === '' ? text : paint(text, style));
  if (columns < 40) return dress(fitted(said, columns).trimEnd());
  const keys = typedKeys(state);
  const wide = keys === '' || widthOf(cellsOf(said)) > columns - RULER - TYPED;
  const left = fitted(said, columns - RULER - (wide ? 0 : TYPED));
  const shown = left.trimEnd();
  const gap = ' '.repeat(left.length - shown.length);
  return dress(shown) + gap + (wide ? '' : fitted(keys, TYPED)) + ruler(state).trimEnd();
}

function saying({ mode, message }: ViState): { readonly said: string; readonly style: string } {
  const named = MODES[mode];
  if (named !== undefined) return { said: named, style: '1' };
  const style = message?.kind === 'error' ? ERROR : message?.kind === 'warning' ? WARNING : '';
  return { said: message?.text ?? '', style };
}

/** What was typed of a command; in visual mode how much is selected. */
function typedKeys(state: ViState): string {
  if (state.pending.length > 0) return state.pending.map(keyText).join('').slice(-10);
  const { from, to } = ordered(state.anchor, state.cursor);
  if (state.mode === 'visual-line') return String(to.row - from.row + 1);
  if (state.mode !== 'visual') return '';
  const rows = to.row - from.row + 1;
  return String(
    rows > 1 ? rows : [...lineAt(state.lines, from.row).slice(from.offset, to.offset)].length + 1,
  );
}

const keyText = (key: string): string => {
  const control = /^<C-(.)>$/.exec(key)?.[1];
  return control === undefined ? key : `^${control.toUpperCase()}`;
};

/** `3,2-9         40%`: the byte, and the column where that differs; then the part of the text that is shown. */
function ruler(state: ViState): string {
  const { row, offset } = state.cursor;
  const { line } = state;
  const byte = utf8(line.slice(0, offset)).length + 1;
  const onTab = line[offset] === '\t' && !state.inserting;
  const column = (onTab ? columnAt(line, offset + 1) - 1 : columnAt(line, offset)) + 1;
  const empty = line === '' && !state.inserting;
  const shown = empty ? '0-1' : byte === column ? String(byte) : `${byte}-${column}`;
  const first = state.lines.length === 1 && line === '' ? 0 : row + 1;
  return `${`${first},${shown}`.padEnd(14)}${part(state)}`;
}

function part(state: ViState): string {
  const above = state.top;
  const below = state.lines.length - Math.min(state.lines.length, state.top + state.height);
  if (above === 0) return below === 0 ? 'All' : 'Top';
  return below === 0 ? 'Bot' : `${String(Math.floor((above * 100) / (above + below))).padStart(2)}%`;
}
