/** Where each motion of normal mode leads (motion.txt of Vim 9.0). */
import { after, backward, before, compare, forward, lineAt, type Lines, type Position } from '../text.ts';
import { offsetAt } from '../../screen/cells.ts';
import { repeatSearch, searchWord } from './search.ts';
import { firstNonBlank, type ViState } from './state.ts';

export interface Motion {
  readonly key: string;
  readonly arg: string;
  /** Undefined when none was typed. */
  readonly count: number | undefined;
}

export interface Moved {
  readonly to: Position;
  readonly kind: 'exclusive' | 'inclusive' | 'linewise';
  /** The column that `j` and `k` try to keep afterwards. */
  readonly column?: number;
}

/** Undefined when there is nowhere to go. */
type Mover = (state: ViState, motion: Motion) => Moved | undefined;

export function move(state: ViState, motion: Motion): Moved | undefined {
  return MOTIONS.get(motion.key)?.(state, motion);
}

export const isMotion = (key: string): boolean => MOTIONS.has(key);

const exclusive = (to: Position): Moved => ({ to, kind: 'exclusive' });
const inclusive = (to: Position): Moved => ({ to, kind: 'inclusive' });

const left: Mover = (state, { count = 1 }) => {
  const { row, offset } = state.cursor;
  if (offset === 0) return undefined;
  let at = offset;
  for (let times = 0; times < count && at > 0; times += 1) at = before(state.line, at);
  return exclusive({ row, offset: at });
};

const right: Mover = (state, { count = 1 }) => {
  const { row, offset } = state.cursor;
  if (offset >= state.line.length) return undefined;
  let at = offset;
  for (let times = 0; times < count && at < state.line.length; times += 1) at = after(state.line, at);
  return exclusive({ row, offset: at });
};

const vertical =
  (direction: number): Mover =>
  (state, { count = 1 }) => {
    const row = state.cursor.row + direction * count;
    const there = Math.max(0, Math.min(row, state.lines.length - 1));
    if (there === state.cursor.row) return undefined;
    const line = lineAt(state.lines, there);
    const offset = state.column === Infinity ? line.length : offsetAt(line, state.column, true);
    return { to: { row: there, offset }, kind: 'linewise', column: state.column };
  };

const toLine =
  (row: (state: ViState, count: number | undefined) => number): Mover =>
  (state, { count }) => {
    const there = Math.max(0, Math.min(row(state, count), state.lines.length - 1));
    return { to: { row: there, offset: firstNonBlank(lineAt(state.lines, there)) }, kind: 'linewise' };
  };

const nonBlankBelow =
  (direction: number): Mover =>
  (state, { count = 1 }) => {
    const row = state.cursor.row + direction * count;
    if (row < 0 || row >= state.lines.length) return undefined;
    return { to: { row, offset: firstNonBlank(lineAt(state.lines, row)) }, kind: 'linewise' };
  };

type Kind = 'blank' | 'word' | 'other';

function kindAt(lines: Lines, { row, offset }: Position, big: boolean): Kind {
  const char = lineAt(lines, row).slice(offset, offset + 2);
  if (char === '' || /^\s/.test(char)) return 'blank';
  return big || /^[\p{L}\p{N}_]/u.test(char) ? 'word' : 'other';
}

const isEmptyLine = (lines: Lines, { row }: Position): boolean => lineAt(lines, row) === '';

/** `w`: to the next word; an empty line is one. */
function nextWord(lines: Lines, start: Position, big: boolean): Position {
  let at = start;
  const kind = kindAt(lines, at, big);
  const step = (): boolean => {
    const next = forward(lines, at);
    if (compare(next, at) === 0) return false;
    at = next;
    return true;
  };
  while (kind !== 'blank' && kindAt(lines, at, big) === kind && at.row === start.row) if (!step()) return at;
  while (kindAt(lines, at, big) === 'blank') {
    if (isEmptyLine(lines, at) && at.row !== start.row) return at;
    if (!step()) return at;
  }
  return at;
}

/** `e`: to the end of a word. */
function wordEnd(lines: Lines, start: Position, big: boolean): Position {
  let at = forward(lines, start);
  while (kindAt(lines, at, big) === 'blank') {
    const next = forward(lines, at);
    if (compare(next, at) === 0) return at;
    at = next;
  }
  const kind = kindAt(lines, at, big);
  for (
    let next = forward(lines, at);
    next.row === at.row && next.offset > at.offset;
    next = forward(lines, at)
  ) {
    if (kindAt(lines, next, big) !== kind) return at;
    at = next;
  }
  return at;
}

/** `b`: to the start of a word. */
function wordStart(lines: Lines, start: Position, big: boolean): Position {
  let at = backward(lines, start);
  while (kindAt(lines, at, big) === 'blank' && !isEmptyLine(lines, at)) {
    const next = backward(lines, at);
    if (compare(next, at) === 0) return at;
    at = next;
  }
  const kind = kindAt(lines, at, big);
  while (at.offset > 0 && !isEmptyLine(lines, at)) {
    const next = backward(lines, at);
    if (kindAt(lines, next, big) !== kind) return at;
    at = next;
  }
  return at;
}

const words =
  (step: (lines: Lines, at: Position, big: boolean) => Position, kind: Moved['kind'], big: boolean): Mover =>
  (state, { count = 1 }) => {
    let to = state.cursor;
    for (let times = 0; times < count; times += 1) to = step(state.lines, to, big);
    return compare(to, state.cursor) === 0 ? undefined : { to, kind };
  };

/** `f`, `t`, `F`, `T` with their character. */
export function findChar(state: ViState, key: string, arg: string, count: number): Moved | undefined {
  const { row, offset } = state.cursor;
  const ahead = key === 'f' || key === 't';
  let at = offset;
  for (let times = 0; times < count; times += 1) {
    const next = ahead
      ? state.line.indexOf(arg, at + 1)
      : at === 0
        ? -1
        : state.line.lastIndexOf(arg, at - 1);
    if (next < 0) return undefined;
    at = next;
  }
  if (key === 't') at = before(state.line, at);
  if (key === 'T') at = after(state.line, at);
  return { to: { row, offset: at }, kind: ahead ? 'inclusive' : 'exclusive' };
}

const finding: Mover = (state, { key, arg, count = 1 }) => {
  state.lastFind = { key, arg };
  return findChar(state, key, arg, count);
};

const SWAPPED: Readonly<Record<string, string>> = { f: 'F', F: 'f', t: 'T', T: 't' };

const findAgain =
  (turned: boolean): Mover =>
  (state, { count = 1 }) => {
    if (state.lastFind === undefined) return undefined;
    const { key, arg } = state.lastFind;
    return findChar(state, turned ? (SWAPPED[key] ?? key) : key, arg, count);
  };

const paragraph =
  (direction: number): Mover =>
  (state, { count = 1 }) => {
    let { row } = state.cursor;
    const inside = (at: number): boolean => at > 0 && at < state.lines.length - 1;
    for (let times = 0; times < count; times += 1) {
      while (inside(row + direction) && lineAt(state.lines, row) === '') row += direction;
      while (row + direction >= 0 && row + direction < state.lines.length) {
        row += direction;
        if (lineAt(state.lines, row) === '') break;
      }
    }
    const last = row === state.lines.length - 1 && lineAt(state.lines, row) !== '';
    return exclusive({ row, offset: last && direction > 0 ? lineAt(state.lines, row).length : 0 });
  };

const PAIRS = '()[]{}';

/** `%`: the bracket that belongs to the first one at or behind the cursor. */
const matching: Mover = (state) => {
  const offset = [...PAIRS]
    .map((bracket) => state.line.indexOf(bracket, state.cursor.offset))
    .filter((at) => at >= 0);
  if (offset.length === 0) return undefined;
  const start = { row: state.cursor.row, offset: Math.min(...offset) };
  const bracket = state.line[start.offset] ?? '';
  const opens = PAIRS.indexOf(bracket) % 2 === 0;
  const partner = PAIRS[PAIRS.indexOf(bracket) + (opens ? 1 : -1)];
  let depth = 0;
  let at = start;
  for (;;) {
    const char = lineAt(state.lines, at.row)[at.offset];
    if (char === bracket) depth += 1;
    if (char === partner) depth -= 1;
    if (depth === 0) return inclusive(at);
    const next = opens ? forward(state.lines, at) : backward(state.lines, at);
    if (compare(next, at) === 0) return undefined;
    at = next;
  }
};

const lineEnd: Mover = (state, { count = 1 }) => {
  const row = Math.min(state.cursor.row + count - 1, state.lines.length - 1);
  const line = lineAt(state.lines, row);
  // In visual mode `$` takes the line's end along.
  const offset = state.mode === 'visual' ? line.length : before(line, line.length);
  return { to: { row, offset }, kind: 'inclusive', column: Infinity };
};

const onScreen = (pick: (state: ViState, count: number) => number): Mover =>
  toLine((state, count) => pick(state, count ?? 1));

const lastShown = (state: ViState): number => Math.min(state.top + state.height, state.lines.length) - 1;

const here =
  (offset: (line: string, state: ViState) => number): Mover =>
  (state) =>
    exclusive({ row: state.cursor.row, offset: offset(state.line, state) });

const search =
  (forwards: boolean): Mover =>
  (state, { count = 1 }) => {
    const to = repeatSearch(state, { same: forwards, count });
    return to === undefined ? undefined : exclusive(to);
  };

const searchUnder =
  (forwards: boolean): Mover =>
  (state, { count = 1 }) => {
    const to = searchWord(state, { forward: forwards, count });
    return to === undefined ? undefined : exclusive(to);
  };

const down = vertical(1);
const up = vertical(-1);
const start = here(() => 0);

const MOTIONS: ReadonlyMap<string, Mover> = new Map<string, Mover>([
  ...['h', '<left>', '<backspace>', '<C-h>'].map((key) => [key, left] as const),
  ...['l', '<right>', ' '].map((key) => [key, right] as const),
  ...['j', '<down>', '<C-n>', '<C-j>'].map((key) => [key, down] as const),
  ...['k', '<up>', '<C-p>'].map((key) => [key, up] as const),
  ['0', start],
  ['<home>', start],
  ['^', here(firstNonBlank)],
  ['_', toLine((state, count = 1) => state.cursor.row + count - 1)],
  ['$', lineEnd],
  ['<end>', lineEnd],
  [
    '|',
    (state, { count = 1 }) =>
      exclusive({ row: state.cursor.row, offset: offsetAt(state.line, count - 1, false) }),
  ],
  ['G', toLine((state, count) => (count ?? state.lines.length) - 1)],
  ['<C-end>', toLine((state) => state.lines.length - 1)],
  ['gg', toLine((_state, count) => (count ?? 1) - 1)],
  ['<C-home>', toLine(() => 0)],
  ['+', nonBlankBelow(1)],
  ['<enter>', nonBlankBelow(1)],
  ['-', nonBlankBelow(-1)],
  ['H', onScreen((state, count) => Math.min(state.top + count - 1, lastShown(state)))],
  ['L', onScreen((state, count) => Math.max(state.top, lastShown(state) - count + 1))],
  ['M', onScreen((state) => Math.floor((state.top + lastShown(state)) / 2))],
  ['w', words(nextWord, 'exclusive', false)],
  ['W', words(nextWord, 'exclusive', true)],
  ['<C-right>', words(nextWord, 'exclusive', true)],
  ['b', words(wordStart, 'exclusive', false)],
  ['B', words(wordStart, 'exclusive', true)],
  ['<C-left>', words(wordStart, 'exclusive', true)],
  ['e', words(wordEnd, 'inclusive', false)],
  ['E', words(wordEnd, 'inclusive', true)],
  ...['f', 'F', 't', 'T'].map((key) => [key, finding] as const),
  [';', findAgain(false)],
  [',', findAgain(true)],
  ['{', paragraph(-1)],
  ['}', paragraph(1)],
  ['%', matching],
  ['n', search(true)],
  ['N', search(false)],
  ['*', searchUnder(true)],
  ['#', searchUnder(false)],
]);
