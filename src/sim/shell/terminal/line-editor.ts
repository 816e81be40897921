/**
 * The state of a line under edit and what each key does to it: readline's default emacs keys (readline(3)) with history,
 * incremental search and one kill buffer. Pure: a key and a state make a state, and perhaps an order to the session.
 */
import { charWidth } from './width.ts';
import type { Key } from './keys.ts';

export interface Editor {
  /** Code points. */
  readonly chars: readonly string[];
  readonly cursor: number;
  readonly killed: string;
  /** Earlier lines, oldest first; edits of recalled lines are not kept. */
  readonly history: readonly string[];
  /** The recalled line; `history.length` is the new one. */
  readonly recalled: number;
  /** The new line while an earlier one is shown. */
  readonly draft: string;
  readonly search: Search | undefined;
  /** The last key's kind: kills in a row add up, a second Tab lists. */
  readonly last: 'kill' | 'tab' | 'other';
}

export interface Search {
  readonly query: string;
  /** Where in the history the match is; -1 before the first. */
  readonly at: number;
  readonly failed: boolean;
  readonly before: { readonly line: string; readonly cursor: number };
}

export type Order = 'accept' | 'interrupt' | 'end-of-file' | 'complete' | 'clear' | 'bell';

export interface Edited {
  readonly editor: Editor;
  readonly order?: Order;
}

export function startEditing(history: readonly string[], killed = ''): Editor {
  return {
    chars: [],
    cursor: 0,
    killed,
    history,
    recalled: history.length,
    draft: '',
    search: undefined,
    last: 'other',
  };
}

export function lineOf(editor: Editor): string {
  return editor.chars.join('');
}

export function press(editor: Editor, key: Key): Edited {
  if (editor.search !== undefined) return pressInSearch(editor, editor.search, key);
  if (key.kind !== 'key') return { editor: insert(editor, key.text) };
  const action = ACTIONS[key.name];
  if (action === undefined) return { editor: { ...editor, last: 'other' } };
  const edited = action(editor);
  const last = KILLS.has(key.name) ? 'kill' : key.name === 'tab' ? 'tab' : 'other';
  return { ...edited, editor: { ...edited.editor, last } };
}

export function insert(editor: Editor, text: string): Editor {
  const added = [...text];
  return replace(editor, { from: editor.cursor, to: editor.cursor, by: added });
}

/** Replaces the text from `start` (in UTF-16 units of the line) to the cursor. */
export function replaceBefore(editor: Editor, start: number, text: string): Editor {
  const from = [...lineOf(editor).slice(0, start)].length;
  return replace(editor, { from, to: editor.cursor, by: [...text] });
}

interface Change {
  readonly from: number;
  readonly to: number;
  readonly by: readonly string[];
}

function replace(editor: Editor, { from, to, by }: Change): Editor {
  const chars = [...editor.chars.slice(0, from), ...by, ...editor.chars.slice(to)];
  return { ...editor, chars, cursor: from + by.length, last: 'other' };
}

/** Combining characters move with the one before them. */
function previous({ chars }: Editor, at: number): number {
  let to = at - 1;
  while (to > 0 && joins(chars[to])) to -= 1;
  return Math.max(to, 0);
}

function next({ chars }: Editor, at: number): number {
  let to = at + 1;
  while (to < chars.length && joins(chars[to])) to += 1;
  return Math.min(to, chars.length);
}

function joins(char: string | undefined): boolean {
  return char !== undefined && char >= '\u0300' && charWidth(char) === 0;
}

const isWord = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);

function wordStart({ chars, cursor }: Editor): number {
  let at = cursor;
  while (at > 0 && !isWord(chars[at - 1])) at -= 1;
  while (at > 0 && isWord(chars[at - 1])) at -= 1;
  return at;
}

function wordEnd({ chars, cursor }: Editor): number {
  let at = cursor;
  while (at < chars.length && !isWord(chars[at])) at += 1;
  while (at < chars.length && isWord(chars[at])) at += 1;
  return at;
}

/** Ctrl-W goes by blanks. */
function blankStart({ chars, cursor }: Editor): number {
  let at = cursor;
  while (at > 0 && /\s/.test(chars[at - 1] ?? '')) at -= 1;
  while (at > 0 && !/\s/.test(chars[at - 1] ?? '')) at -= 1;
  return at;
}

function kill(editor: Editor, from: number, to: number): Edited {
  if (from === to) return { editor };
  const text = editor.chars.slice(from, to).join('');
  const backward = to === editor.cursor;
  const before = editor.last === 'kill' ? editor.killed : '';
  const killed = backward ? text + before : before + text;
  return { editor: { ...replace(editor, { from, to, by: [] }), killed } };
}

function move(editor: Editor, cursor: number): Edited {
  return { editor: { ...editor, cursor } };
}

function recall(editor: Editor, to: number): Edited {
  const { history, recalled } = editor;
  if (to < 0 || to > history.length || to === recalled) return { editor, order: 'bell' };
  const draft = recalled === history.length ? lineOf(editor) : editor.draft;
  return { editor: showing({ ...editor, draft, recalled: to }, history[to] ?? draft) };
}

function showing(editor: Editor, line: string): Editor {
  const chars = [...line];
  return { ...editor, chars, cursor: chars.length };
}

function transpose(editor: Editor): Edited {
  const { chars, cursor } = editor;
  if (cursor === 0 || chars.length < 2) return { editor, order: 'bell' };
  const at = Math.min(cursor, chars.length - 1);
  const swapped = [chars[at] ?? '', chars[at - 1] ?? ''];
  return { editor: replace({ ...editor, cursor: at }, { from: at - 1, to: at + 1, by: swapped }) };
}

function changeCase(editor: Editor, turn: (word: string) => string): Edited {
  const to = wordEnd(editor);
  const by = [...turn(editor.chars.slice(editor.cursor, to).join(''))];
  return { editor: replace(editor, { from: editor.cursor, to, by }) };
}

function deleteForward(editor: Editor): Edited {
  const { chars, cursor } = editor;
  if (cursor >= chars.length) return { editor, order: 'bell' };
  return { editor: replace(editor, { from: cursor, to: next(editor, cursor), by: [] }) };
}

const KILLS = new Set(['C-k', 'C-u', 'C-w', 'M-d', 'M-backspace']);

type Action = (editor: Editor) => Edited;

const left: Action = (editor) => move(editor, previous(editor, editor.cursor));
const right: Action = (editor) => move(editor, next(editor, editor.cursor));
const home: Action = (editor) => move(editor, 0);
const end: Action = (editor) => move(editor, editor.chars.length);
const up: Action = (editor) => recall(editor, editor.recalled - 1);
const down: Action = (editor) => recall(editor, editor.recalled + 1);
const backWord: Action = (editor) => move(editor, wordStart(editor));
const forwardWord: Action = (editor) => move(editor, wordEnd(editor));

const ACTIONS: Readonly<Record<string, Action>> = {
  enter: (editor) => ({ editor, order: 'accept' }),
  'C-c': (editor) => ({ editor, order: 'interrupt' }),
  'C-d': (editor) => (editor.chars.length === 0 ? { editor, order: 'end-of-file' } : deleteForward(editor)),
  'C-l': (editor) => ({ editor, order: 'clear' }),
  tab: (editor) => ({ editor, order: 'complete' }),
  left,
  'C-b': left,
  right,
  'C-f': right,
  home,
  'C-a': home,
  end,
  'C-e': end,
  up,
  'C-p': up,
  down,
  'C-n': down,
  'M-<': (editor) => recall(editor, 0),
  'M->': (editor) => recall(editor, editor.history.length),
  'M-b': backWord,
  'C-left': backWord,
  'M-left': backWord,
  'M-f': forwardWord,
  'C-right': forwardWord,
  'M-right': forwardWord,
  backspace: (editor) =>
    editor.cursor === 0
      ? { editor, order: 'bell' }
      : { editor: replace(editor, { from: previous(editor, editor.cursor), to: editor.cursor, by: [] }) },
  delete: deleteForward,
  'C-k': (editor) => kill(editor, editor.cursor, editor.chars.length),
  'C-u': (editor) => kill(editor, 0, editor.cursor),
  'C-w': (editor) => kill(editor, blankStart(editor), editor.cursor),
  'M-backspace': (editor) => kill(editor, wordStart(editor), editor.cursor),
  'M-d': (editor) => kill(editor, editor.cursor, wordEnd(editor)),
  'C-y': (editor) => ({ editor: insert(editor, editor.killed) }),
  'C-t': transpose,
  'M-u': (editor) => changeCase(editor, (word) => word.toUpperCase()),
  'M-l': (editor) => changeCase(editor, (word) => word.toLowerCase()),
  'M-c': (editor) =>
    changeCase(editor, (word) => word.toLowerCase().replace(/[\p{L}\p{N}]/u, (char) => char.toUpperCase())),
  'C-r': (editor) => ({
    editor: {
      ...editor,
      search: {
        query: '',
        at: editor.history.length,
        failed: false,
        before: { line: lineOf(editor), cursor: editor.cursor },
      },
    },
  }),
  'M-.': (editor) => ({ editor: insert(editor, lastWord(editor.history.at(-1) ?? '')) }),
};

function lastWord(line: string): string {
  return /(?:[^\s"'\\]|\\.|"[^"]*"|'[^']*')+\s*$/.exec(line)?.[0].trim() ?? '';
}

function pressInSearch(editor: Editor, search: Search, key: Key): Edited {
  if (key.kind !== 'key') return find(editor, { ...search, query: search.query + key.text }, search.at);
  switch (key.name) {
    case 'C-r':
      return find(editor, search, search.at - 1);
    case 'backspace':
      return find(
        editor,
        { ...search, query: [...search.query].slice(0, -1).join('') },
        editor.history.length,
      );
    case 'C-g':
    case 'C-c': {
      const back = {
        ...showing({ ...editor, search: undefined }, search.before.line),
        cursor: search.before.cursor,
      };
      return key.name === 'C-c' ? { editor: back, order: 'interrupt' } : { editor: back };
    }
    default:
      return press(
        { ...editor, search: undefined, recalled: Math.min(search.at, editor.history.length) },
        key,
      );
  }
}

/** Searches from `from` towards older lines. */
function find(editor: Editor, search: Search, from: number): Edited {
  if (search.query === '') return { editor: { ...editor, search: { ...search, failed: false } } };
  for (let at = Math.min(from, editor.history.length - 1); at >= 0; at -= 1) {
    const line = editor.history[at] ?? '';
    const place = line.lastIndexOf(search.query);
    if (place < 0) continue;
    const cursor = [...line.slice(0, place)].length;
    return { editor: { ...showing(editor, line), cursor, search: { ...search, at, failed: false } } };
  }
  return { editor: { ...editor, search: { ...search, failed: true } }, order: 'bell' };
}

/** The prompt while searching. */
export function searchPrompt({ query, failed }: Search): string {
  return `(${failed ? 'failed ' : ''}reverse-i-search)\`${query}': `;
}
