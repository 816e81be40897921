/** The commands of normal mode, by key (index.txt of Vim 9.0). Motions and operators are in files of their own. */
import { after, before, lineAt, type Position } from '../text.ts';
import { runEx } from './ex.ts';
import type { NormalCommand } from './grammar.ts';
import { joinRows, put } from './operators.ts';
import { scrollBy, scrollTo } from './scroll.ts';
import { firstNonBlank, type ViState } from './state.ts';
import { redo, undo } from './undo.ts';

/** What a command may ask of the editor around it. */
export interface ViHost {
  readonly state: ViState;
  /** Goes to insert mode; all that has changed since `run` began is one change with what will be typed. */
  insert(
    mode: 'insert' | 'replace',
    typing: { readonly count: number; readonly newline?: boolean },
    run: () => void,
  ): void;
  prompt(
    lead: ':' | '/' | '?',
    options?: { readonly text?: string; readonly count?: number | undefined },
  ): void;
  visual(mode: 'visual' | 'visual-line'): void;
  repeat(count: number | undefined): void;
  /** Types keys as if they came from the keyboard. */
  feed(keys: readonly string[]): void;
}

type Action = (host: ViHost, command: NormalCommand) => void;

/** Commands that `.` repeats. */
const REPEATABLE = new Set(
  [...'xXDCsSrJpPiaIAoORY~', 'gJ', 'gi', '<delete>', '<insert>'].filter((key) => key !== 'Y'),
);

export const isRepeatable = ({ key, operator }: NormalCommand): boolean =>
  operator === undefined ? REPEATABLE.has(key) : operator !== 'y';

export function runNormal(host: ViHost, command: NormalCommand): void {
  const action = COMMANDS.get(command.key);
  if (action === undefined) host.state.fail();
  else action(host, command);
}

const insertAt =
  (place: (state: ViState) => Position): Action =>
  (host, { count = 1 }) => {
    host.insert('insert', { count }, () => {
      host.state.cursor = place(host.state);
    });
  };

const openLine =
  (below: number): Action =>
  (host, { count = 1 }) => {
    const { state } = host;
    host.insert('insert', { count, newline: true }, () => {
      const indent = state.options.autoindent ? (/^[ \t]*/.exec(state.line)?.[0] ?? '') : '';
      const row = state.cursor.row + below;
      state.insertRows(row, [indent]);
      state.cursor = { row, offset: indent.length };
    });
  };

/** The same as another command: `x` is `dl`. */
const alias =
  (...keys: readonly string[]): Action =>
  (host, { count, register }) => {
    const head = [
      ...(register === undefined ? [] : ['"', register]),
      ...(count === undefined ? [] : String(count)),
    ];
    host.feed([...head, ...keys]);
  };

const putting =
  (behind: boolean): Action =>
  ({ state }, { register, count = 1 }) => {
    state.change(() => put(state, { name: register, behind, count }));
  };

function replaceChars({ state }: ViHost, { arg, count = 1 }: NormalCommand): void {
  const { row, offset } = state.cursor;
  const chars = [...state.line.slice(offset)];
  if (chars.length < count) {
    state.fail();
    return;
  }
  state.change(() => {
    const end = offset + chars.slice(0, count).join('').length;
    const text = arg === '\n' ? '\n' : arg.repeat(count);
    const to = state.replace({ from: state.cursor, to: { row, offset: end } }, text);
    state.go(arg === '\n' ? to : { row, offset: before(state.line, to.offset) });
  });
}

function swapCase({ state }: ViHost, { count = 1 }: NormalCommand): void {
  const { row, offset } = state.cursor;
  if (state.line === '') return;
  state.change(() => {
    let end = offset;
    for (let times = 0; times < count && end < state.line.length; times += 1) end = after(state.line, end);
    const text = [...state.line.slice(offset, end)].map((char) =>
      char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase(),
    );
    state.replace({ from: state.cursor, to: { row, offset: end } }, text.join(''));
    state.go({ row, offset: end });
  });
}

const joining =
  (blank: boolean): Action =>
  ({ state }, { count = 2 }) => {
    state.change(() => {
      if (!joinRows(state, state.cursor.row, Math.max(2, count), blank)) state.fail();
    });
  };

function quitting({ state }: ViHost, { arg }: NormalCommand): void {
  if (arg === 'Z') runEx(state, 'x');
  else if (arg === 'Q') runEx(state, 'q!');
  else state.fail();
}

function scrolling({ state }: ViHost, { arg }: NormalCommand): void {
  if (arg === 'z' || arg === '.') scrollTo(state, 'middle');
  else if (arg === 't' || arg === '\n') scrollTo(state, 'top');
  else if (arg === 'b' || arg === '-') scrollTo(state, 'bottom');
  else state.fail();
  if (arg === '.' || arg === '\n' || arg === '-')
    state.go({ row: state.cursor.row, offset: firstNonBlank(state.line) });
}

function fileInfo({ state }: ViHost): void {
  const { row } = state.cursor;
  const name = state.name === undefined ? '[No Name]' : `"${state.name}"`;
  const percent = Math.floor(((row + 1) * 100) / state.lines.length);
  const flags = `${state.modified ? ' [Modified]' : ''}${state.options.readonly ? ' [readonly]' : ''}`;
  const count = state.lines.length;
  state.say(`${name}${flags} ${count} line${count === 1 ? '' : 's'} --${percent}%--`);
}

const pages =
  (direction: number, part: number): Action =>
  ({ state }, { count = 1 }) => {
    const rows = part === 1 ? Math.max(1, state.height - 2) : Math.max(1, Math.floor(state.height / 2));
    scrollBy(state, direction * rows * (part === 1 ? count : 1), part !== 1);
  };

const rowsScroll =
  (direction: number): Action =>
  ({ state }, { count = 1 }) => {
    scrollBy(state, direction * count, false);
  };

const ahead = (state: ViState): Position => ({
  row: state.cursor.row,
  offset: state.line === '' ? 0 : after(state.line, state.cursor.offset),
});

const COMMANDS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['i', insertAt((state) => state.cursor)],
  ['<insert>', insertAt((state) => state.cursor)],
  ['gi', insertAt((state) => state.lastInsert ?? state.cursor)],
  ['a', insertAt(ahead)],
  ['I', insertAt((state) => ({ row: state.cursor.row, offset: /^\s*/.exec(state.line)?.[0].length ?? 0 }))],
  ['gI', insertAt((state) => ({ row: state.cursor.row, offset: 0 }))],
  ['A', insertAt((state) => ({ row: state.cursor.row, offset: state.line.length }))],
  ['o', openLine(1)],
  ['O', openLine(0)],
  [
    'R',
    (host) => {
      host.insert('replace', { count: 1 }, () => undefined);
    },
  ],
  ['x', alias('d', 'l')],
  ['<delete>', alias('d', 'l')],
  ['X', alias('d', 'h')],
  ['D', alias('d', '$')],
  ['C', alias('c', '$')],
  ['s', alias('c', 'l')],
  ['S', alias('c', 'c')],
  ['Y', alias('y', 'y')],
  ['p', putting(true)],
  ['P', putting(false)],
  ['r', replaceChars],
  ['~', swapCase],
  ['J', joining(true)],
  ['gJ', joining(false)],
  ['Z', quitting],
  ['z', scrolling],
  ['u', ({ state }, { count = 1 }) => undo(state, count)],
  ['<C-r>', ({ state }, { count = 1 }) => redo(state, count)],
  ['.', (host, { count }) => host.repeat(count)],
  [
    ':',
    (host, { count }) =>
      host.prompt(':', { text: count === undefined ? '' : count === 1 ? '.' : `.,.+${count - 1}` }),
  ],
  ['/', (host, { count }) => host.prompt('/', { count })],
  ['?', (host, { count }) => host.prompt('?', { count })],
  ['v', (host) => host.visual('visual')],
  ['V', (host) => host.visual('visual-line')],
  ['<C-g>', fileInfo],
  ['<C-f>', pages(1, 1)],
  ['<pagedown>', pages(1, 1)],
  ['<C-b>', pages(-1, 1)],
  ['<pageup>', pages(-1, 1)],
  ['<C-d>', pages(1, 0.5)],
  ['<C-u>', pages(-1, 0.5)],
  ['<C-e>', rowsScroll(1)],
  ['<C-y>', rowsScroll(-1)],
  ['<C-l>', () => undefined],
  ['&', ({ state }) => runEx(state, 's')],
  [
    '<C-c>',
    ({ state }) =>
      state.say(
        state.modified
          ? 'Type  :qa!  and press <Enter> to abandon all changes and exit Vim'
          : 'Type  :qa  and press <Enter> to exit Vim',
      ),
  ],
  ['<esc>', ({ state }) => state.fail()],
]);

/** The line under the cursor, and `count - 1` more. */
export function rowsFrom(
  state: ViState,
  count: number,
): { readonly from: Position; readonly to: Position } | undefined {
  const { row } = state.cursor;
  const to = row + count - 1;
  if (to >= state.lines.length && row === state.lines.length - 1 && count > 1) return undefined;
  const last = Math.min(to, state.lines.length - 1);
  return { from: { row, offset: 0 }, to: { row: last, offset: lineAt(state.lines, last).length } };
}
