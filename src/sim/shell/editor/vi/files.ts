/** Reading and writing the file under edit, with Vim's messages (fileio.c, ex_cmds.c of Vim 9.0). */
import { utf8 } from '../../../../base/bytes.ts';
import { lineAt, linesOf } from '../text.ts';
import type { RowRange } from './ex-range.ts';
import { firstNonBlank, type ViState } from './state.ts';

export interface FileOrder {
  readonly bang: boolean;
  readonly argument: string;
  readonly range: RowRange | undefined;
}

const quoted = (name: string | undefined): string => (name === undefined ? '"[No Name]"' : `"${name}"`);

/** Opens a file, new or not. */
export function load(state: ViState, name: string | undefined): void {
  state.name = name;
  const text = name === undefined ? undefined : state.files.read(name);
  state.lines = text === undefined ? [''] : rowsOfFile(text);
  state.saved = state.lines;
  state.go({ row: 0, offset: 0 });
  state.top = 0;
  if (name === undefined) return;
  if (state.files.isDirectory(name)) state.say(`"${name}" is a directory`);
  else state.say(text === undefined ? `${quoted(name)} [New]` : opened(state, name, text));
}

function opened(state: ViState, name: string, text: string): string {
  const readonly = state.options.readonly ? ' [readonly]' : '';
  const noeol = text !== '' && !text.endsWith('\n') ? ' [noeol]' : '';
  return `${quoted(name)}${readonly}${noeol} ${text === '' ? 0 : state.lines.length}L, ${utf8(text).length}B`;
}

function rowsOfFile(text: string): readonly string[] {
  return linesOf(text.endsWith('\n') ? text.slice(0, -1) : text);
}

/** True when written. */
export function writeFile(state: ViState, { bang, argument, range }: FileOrder): boolean {
  if (argument.startsWith('!') || argument.startsWith('>>')) {
    state.fail('Writing to a command or behind a file is not simulated: write the file, then use the shell');
    return false;
  }
  const name = argument === '' ? state.name : argument;
  if (name === undefined) {
    state.fail('E32: No file name');
    return false;
  }
  const other = name !== state.name;
  const existing = state.files.read(name);
  if (state.options.readonly && !bang && !other) {
    state.fail("E45: 'readonly' option is set (add ! to override)");
    return false;
  }
  if (other && existing !== undefined && !bang && state.name !== undefined) {
    state.fail('E13: File exists (add ! to override)');
    return false;
  }
  return save(state, { name, range, isNew: existing === undefined });
}

interface Target {
  readonly name: string;
  readonly range: RowRange | undefined;
  readonly isNew: boolean;
}

function save(state: ViState, { name, range, isNew }: Target): boolean {
  const all = range === undefined || (range.from === 0 && range.to === state.lines.length - 1);
  const rows = all ? state.lines : state.lines.slice(range.from, range.to + 1);
  const empty = state.lines.length === 1 && state.lines[0] === '';
  const text = empty ? '' : rows.map((line) => `${line}\n`).join('');
  const problem = writing(state, name, text);
  if (problem !== undefined) {
    state.fail(problem);
    return false;
  }
  if (state.name === undefined) state.name = name;
  if (all && name === state.name) state.saved = state.lines;
  state.say(`"${name}"${isNew ? ' [New]' : ''} ${empty ? 0 : rows.length}L, ${utf8(text).length}B written`);
  return true;
}

function writing(state: ViState, name: string, text: string): string | undefined {
  if (state.files.isDirectory(name)) return `"${name}" E502: is a directory`;
  return state.files.write(name, text) === undefined
    ? undefined
    : `"${name}" E212: Can't open file for writing`;
}

/** `:wq`, and `:x`, which writes only what has changed. */
export function writeQuit(state: ViState, order: FileOrder, onlyChanged: boolean): void {
  const needless = onlyChanged && !state.modified && order.argument === '';
  if (needless || writeFile(state, order)) state.quit = 0;
}

export function quit(state: ViState, { bang }: FileOrder): void {
  if (state.modified && !bang) state.fail('E37: No write since last change (add ! to override)');
  else state.quit = 0;
}

export function quitAll(state: ViState, { bang }: FileOrder): void {
  if (state.modified && !bang) {
    state.fail('E37: No write since last change');
    state.pager = [
      'E37: No write since last change',
      `E162: No write since last change for buffer "${state.name ?? '[No Name]'}"`,
    ];
  } else state.quit = 0;
}

export function reedit(state: ViState, { bang, argument }: FileOrder): void {
  if (state.modified && !bang) {
    state.fail('E37: No write since last change (add ! to override)');
    return;
  }
  const name = argument === '' ? state.name : argument;
  if (name === undefined) state.fail('E32: No file name');
  else load(state, name);
}

/** `:r FILE` */
export function readFile(state: ViState, { argument, range }: FileOrder): void {
  const name = argument === '' ? state.name : argument;
  if (name === undefined) {
    state.fail('E32: No file name');
    return;
  }
  const text = state.files.read(name);
  if (text === undefined) {
    state.fail(`E484: Can't open file ${name}`);
    return;
  }
  const at = (range?.to ?? state.cursor.row) + 1;
  const rows = rowsOfFile(text);
  state.change(() => {
    if (text !== '') state.insertRows(at, rows);
  });
  state.go({ row: at, offset: firstNonBlank(lineAt(state.lines, at)) });
  state.say(`"${name}" ${text === '' ? 0 : rows.length}L, ${utf8(text).length}B`);
}
