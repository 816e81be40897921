/** vi as a machine for keys: each key goes to the mode that is on. Whoever runs it draws the picture and closes the shop. */
import type { Key } from '../../terminal/keys.ts';
import { keyNamesWithoutMeta } from '../keys.ts';
import { compare, lineAt, ordered, type Position, type Range } from '../text.ts';
import { runEx } from './ex.ts';
import { readCommand, type NormalCommand } from './grammar.ts';
import { Insertion } from './insert.ts';
import { isMotion, move, type Moved } from './motions.ts';
import { isRepeatable, rowsFrom, runNormal, type ViHost } from './normal.ts';
import { including, textObject } from './objects.ts';
import {
  changeCase,
  changeOperator,
  deleteOperator,
  shiftRows,
  yankOperator,
  type Stretch,
} from './operators.ts';
import { pressPrompt } from './prompt.ts';
import { startSearch } from './search.ts';
import { firstNonBlank, type Prompt, type ViState } from './state.ts';
import { runVisual, visualStretch } from './visual.ts';

export class Vi implements ViHost {
  readonly state: ViState;
  #insertion: Insertion | undefined;
  /** Keys of the change that is being typed. */
  #recording: string[] | undefined;
  #repeating = false;
  /** An operator that waits for the pattern of `d/`. */
  #waiting: NormalCommand | undefined;

  constructor(state: ViState) {
    this.state = state;
  }

  press(key: Key): void {
    if (this.state.pager !== undefined) {
      this.state.pager = undefined;
      this.state.message = undefined;
      if (key.kind !== 'text' || key.text !== ':') return;
    }
    if (key.kind === 'paste') this.#paste(key.text);
    else this.feed(keyNamesWithoutMeta(key));
  }

  feed(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.state.quit !== undefined) return;
      this.#key(key);
    }
  }

  insert(
    mode: 'insert' | 'replace',
    typing: { readonly count: number; readonly newline?: boolean },
    run: () => void,
  ): void {
    const { state } = this;
    const open = { lines: state.lines, cursor: state.cursor };
    state.mode = mode;
    run();
    this.#insertion = new Insertion(state, open, typing);
  }

  prompt(
    lead: ':' | '/' | '?',
    { text = '', count = 1 }: { readonly text?: string; readonly count?: number | undefined } = {},
  ): void {
    const older = this.state.past[lead === ':' ? ':' : '/'];
    const back = this.state.mode;
    this.state.prompt = { lead, text, cursor: text.length, recalled: older.length, count, back };
    this.state.mode = 'prompt';
    this.state.message = undefined;
  }

  visual(mode: 'visual' | 'visual-line'): void {
    this.state.mode = mode;
    this.state.anchor = this.state.cursor;
  }

  repeat(count: number | undefined): void {
    const keys = this.state.repeatable;
    if (keys.length === 0 || this.#repeating) return;
    this.#repeating = true;
    const bare = count === undefined ? keys : [...String(count), ...keys.slice(leadingDigits(keys))];
    this.feed(bare);
    this.#repeating = false;
  }

  #key(key: string): void {
    const { state } = this;
    if (this.#insertion !== undefined) {
      this.#recording?.push(key);
      if (!this.#insertion.press(key)) return;
      this.#insertion = undefined;
      this.#recorded();
    } else if (state.mode === 'prompt') this.#prompted(key);
    else this.#command(key);
  }

  #command(key: string): void {
    const { state } = this;
    const visual = state.mode === 'visual' || state.mode === 'visual-line';
    if ((key === '<esc>' || key === '<C-c>') && (visual || state.pending.length > 0)) {
      state.pending = [];
      if (visual) this.#leaveVisual();
      return;
    }
    const keys = [...state.pending, key];
    const reading = readCommand(keys, visual);
    state.pending = reading.kind === 'more' ? keys : [];
    if (reading.kind === 'more') return;
    state.message = undefined;
    if (reading.kind === 'none') state.fail();
    else if (visual) this.#visualCommand(reading.command);
    else this.#normalCommand(reading.command, keys);
  }

  #normalCommand(command: NormalCommand, keys: readonly string[]): void {
    const records = isRepeatable(command) && !this.#repeating && this.#recording === undefined;
    if (records) this.#recording = [...keys];
    if (command.operator === undefined) this.#plain(command);
    else this.#operate(command, command.operator);
    if (records && this.#insertion === undefined) this.#recorded();
  }

  #recorded(): void {
    if (this.#recording !== undefined) this.state.repeatable = this.#recording;
    this.#recording = undefined;
  }

  #plain(command: NormalCommand): void {
    const moved = move(this.state, command);
    if (moved !== undefined) this.#go(moved);
    else runNormal(this, command);
  }

  #go({ to, column }: Moved): void {
    this.state.go(to);
    if (column !== undefined) this.state.column = column;
  }

  #operate(command: NormalCommand, operator: string): void {
    if (command.key === '/' || command.key === '?') {
      this.#waiting = command;
      this.prompt(command.key, { count: command.count });
      return;
    }
    const stretch = this.#stretch(command, operator);
    if (stretch === undefined) this.state.fail();
    else this.#apply(operator, stretch);
  }

  #stretch(command: NormalCommand, operator: string): Stretch | undefined {
    const { state } = this;
    const { register } = command;
    if (command.key === 'line') {
      const range = rowsFrom(state, command.count ?? 1);
      return range && { range, linewise: true, register };
    }
    if (/^[ia].$/.test(command.key)) {
      const object = (command.count ?? 1) > 1 ? undefined : textObject(state, command.key);
      return object && { ...object, register };
    }
    return this.#motionStretch(command, operator);
  }

  #motionStretch(command: NormalCommand, operator: string): Stretch | undefined {
    const { state } = this;
    // `cw` on a word changes to its end.
    const endOfWord =
      operator === 'c' && /^[wW]$/.test(command.key) && /\S/.test(state.line[state.cursor.offset] ?? '');
    const key = endOfWord ? (command.key === 'w' ? 'e' : 'E') : command.key;
    const { mode } = state;
    const moved = move(state, { ...command, key });
    if (moved === undefined && /^[wW]$/.test(command.key))
      return this.#span({ to: this.#lineEnd(), kind: 'exclusive' }, command);
    state.mode = mode;
    if (moved === undefined) return undefined;
    if (endOfWord && command.count === undefined && singleLetter(state))
      return this.#span({ to: state.cursor, kind: 'inclusive' }, command);
    return this.#span(moved, command);
  }

  #lineEnd(): Position {
    return { row: this.state.cursor.row, offset: this.state.line.length };
  }

  #span(moved: Moved, { key, register, operator }: NormalCommand): Stretch | undefined {
    const { state } = this;
    const range = ordered(state.cursor, moved.to);
    if (moved.kind === 'linewise') return { range: wholeRows(state, range), linewise: true, register };
    if (moved.kind === 'inclusive')
      return { ...deletedSpan(state, including(state, range), operator), register };
    if (compare(range.from, range.to) === 0) return undefined;
    const span = exclusiveSpan(state, range, /^[wW]$/.test(key));
    return { ...(span.linewise ? span : deletedSpan(state, span.range, operator)), register };
  }

  #apply(operator: string, stretch: Stretch, steps = 1): void {
    const { state } = this;
    const { from, to } = stretch.range;
    if (operator === 'y') yankOperator(state, stretch);
    else if (operator === 'c') this.insert('insert', { count: 1 }, () => changeOperator(state, stretch));
    else
      state.change(() => {
        if (operator === 'd') deleteOperator(state, stretch);
        else if (operator === '>' || operator === '<')
          shiftRows(state, from.row, to.row, operator === '>' ? steps : -steps);
        else changeCase(state, operator, stretch);
      });
  }

  #visualCommand(command: NormalCommand): void {
    const { state } = this;
    const { key } = command;
    const object = /^[ia].$/.test(key) ? textObject(state, key) : undefined;
    if (object !== undefined) {
      state.anchor = object.range.from;
      state.cursor = { row: object.range.to.row, offset: Math.max(0, object.range.to.offset - 1) };
      if (object.linewise) state.mode = 'visual-line';
      return;
    }
    const moved = move(state, command);
    if (moved !== undefined) {
      this.#go(moved);
      return;
    }
    if (isMotion(key)) {
      state.fail();
      return;
    }
    if (key === '/' || key === '?') {
      this.prompt(key, { count: command.count });
      return;
    }
    this.#visualOperator(command);
  }

  #visualOperator(command: NormalCommand): void {
    const { state } = this;
    const { key } = command;
    const stretch = visualStretch(state, command);
    state.visualRows = { from: stretch.range.from.row, to: stretch.range.to.row };
    if (runVisual(this, command)) return;
    const operator = OPERATOR_OF[key] ?? key;
    this.#leaveVisual();
    if (key === ':') this.prompt(':', { text: "'<,'>" });
    else if (/^(d|c|y|>|<|g~|gu|gU)$/.test(operator)) {
      const linewise = stretch.linewise || /^[XDYCSR]$/.test(key);
      const whole = linewise ? wholeRows(state, stretch.range) : stretch.range;
      this.#apply(operator, { ...stretch, range: whole, linewise }, command.count);
    } else state.fail();
  }

  #leaveVisual(): void {
    const { state } = this;
    const { range } = visualStretch(state, { register: undefined });
    state.visualRows = { from: range.from.row, to: range.to.row };
    state.mode = 'normal';
    state.go(state.cursor);
  }

  #prompted(key: string): void {
    const { state } = this;
    const done = pressPrompt(state, key);
    if (done === 'more') return;
    const { prompt } = state;
    state.prompt = undefined;
    state.mode = prompt?.back ?? 'normal';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (done === 'cancel' || prompt === undefined) return;
    if (prompt.lead === ':') runEx(state, prompt.text);
    else this.#searched(prompt, waiting);
  }

  #searched({ text, lead, count }: Prompt, waiting: NormalCommand | undefined): void {
    const { state } = this;
    const to = startSearch(state, text, { forward: lead === '/', count });
    if (to === undefined) return;
    if (waiting?.operator === undefined) state.go(to);
    else {
      const stretch = this.#span({ to, kind: 'exclusive' }, waiting);
      if (stretch !== undefined) this.#apply(waiting.operator, stretch);
    }
  }

  #paste(text: string): void {
    const { state } = this;
    if (this.#insertion !== undefined) {
      this.#recording?.push(...text);
      this.#insertion.insert(text);
    } else if (state.prompt !== undefined) this.feed([...text.replace(/\n[\s\S]*/, '')]);
    else
      state.change(() => {
        state.go(state.replace({ from: state.cursor, to: state.cursor }, text));
      });
  }
}

const OPERATOR_OF: Readonly<Record<string, string>> = {
  x: 'd',
  X: 'd',
  D: 'd',
  '<delete>': 'd',
  s: 'c',
  S: 'c',
  C: 'c',
  R: 'c',
  Y: 'y',
  u: 'gu',
  U: 'gU',
  '~': 'g~',
};

function leadingDigits(keys: readonly string[]): number {
  const at = keys.findIndex((key) => !/^\d$/.test(key));
  return /^[1-9]$/.test(keys[0] ?? '') ? Math.max(0, at) : 0;
}

function singleLetter(state: ViState): boolean {
  const { line, cursor } = state;
  return /^([\p{L}\p{N}_](?![\p{L}\p{N}_])|[^\s\p{L}\p{N}_](?![^\s\p{L}\p{N}_]))/u.test(
    line.slice(cursor.offset),
  );
}

function wholeRows(state: ViState, { from, to }: Range): Range {
  return {
    from: { row: from.row, offset: 0 },
    to: { row: to.row, offset: lineAt(state.lines, to.row).length },
  };
}

/** A deletion over several lines that leaves nothing but blanks at both ends takes the lines whole (change.txt, d-special). */
function deletedSpan(
  state: ViState,
  range: Range,
  operator: string | undefined,
): Pick<Stretch, 'range' | 'linewise'> {
  const { from, to } = range;
  const bare =
    lineAt(state.lines, from.row).slice(0, from.offset).trim() === '' &&
    lineAt(state.lines, to.row).slice(to.offset).trim() === '';
  const whole = operator === 'd' && to.row > from.row && bare;
  return { range: whole ? wholeRows(state, range) : range, linewise: whole };
}

/** What an exclusive motion over a line end covers (motion.txt, "exclusive"; and the special case of `dw`). */
function exclusiveSpan(state: ViState, range: Range, word: boolean): Pick<Stretch, 'range' | 'linewise'> {
  const { from, to } = range;
  const above = lineAt(state.lines, to.row - 1);
  if (to.row > from.row && word && lineAt(state.lines, to.row).slice(0, to.offset).trim() === '') {
    const end = lineAt(state.lines, from.row).length;
    if (to.row === from.row + 1)
      return { range: { from, to: { row: from.row, offset: end } }, linewise: false };
  }
  if (to.row === from.row || to.offset > 0) return { range, linewise: false };
  const end = { row: to.row - 1, offset: above.length };
  const linewise = from.offset <= firstNonBlank(lineAt(state.lines, from.row)) && !word;
  return { range: { from: linewise ? { row: from.row, offset: 0 } : from, to: end }, linewise };
}
