/** nano as a machine for keys, with its prompts at the bottom. */
import type { Key } from '../../terminal/keys.ts';
import { columnAt } from '../../screen/cells.ts';
import { keyNames } from '../keys.ts';
import { endOf, lineAt, type Position } from '../text.ts';
import { ACTIONS } from './actions.ts';
import { editAnswer } from './answer.ts';
import { GO_TO, MAIN, REPLACE, REPLACE_WITH, SEARCH, yesNo } from './bars.ts';
import { Document } from './document.ts';
import { find, type SearchWay } from './find.ts';
import { HELP_ENDS, helpStep } from './help-text.ts';
import { insertFile, linesText, save, writeOut } from './files.ts';
import { locationText } from './location.ts';
import { Replacing } from './replacing.ts';

export interface NanoFiles {
  read(path: string): string | undefined;
  /** The complaint of the file system. */
  write(path: string, text: string): string | undefined;
  isDirectory(path: string): boolean;
}

export interface NanoOptions {
  lineNumbers: boolean;
  readonly viewOnly: boolean;
  readonly autoIndent: boolean;
  readonly tabsToSpaces: boolean;
  readonly tabSize: number;
}

export type Bar = typeof MAIN;

export interface Question {
  readonly kind: 'text' | 'yes-no';
  readonly label: string;
  readonly bar: Bar;
  answer: string;
  cursor: number;
  readonly onAnswer: (answer: string) => void;
  readonly onKey?: (key: string) => boolean;
}

/** Keys after which an old message goes away. */
const PATIENCE = 20;

export class Nano {
  readonly options: NanoOptions;
  readonly document: Document;
  name: string;
  message: string | undefined;
  alert = false;
  question: Question | undefined;
  help = false;
  helpTop = 0;
  done = false;
  /** Rows for the text. */
  height = 19;
  /** What a search has found last, shown in reverse. */
  spotlight: { readonly at: Position; readonly length: number } | undefined;
  readonly way: SearchWay = { caseSensitive: false, expression: false, backwards: false };
  readonly files: NanoFiles;
  #patience = 0;
  #lastSearch = '';
  #lastReplacement = '';

  constructor(files: NanoFiles, name: string, options: NanoOptions) {
    this.files = files;
    this.options = options;
    this.name = name;
    const text = name === '' || files.isDirectory(name) ? undefined : files.read(name);
    this.document = new Document(text ?? '');
    if (name === '') this.say('Welcome to nano.  For basic help, type Ctrl+G.');
    else if (files.isDirectory(name)) {
      this.warn(`"${name}" is a directory`);
      this.name = '';
    } else this.say(text === undefined ? 'New File' : `Read ${linesText(this.document.count)}`);
  }

  get bar(): Bar {
    return this.question?.bar ?? MAIN;
  }

  say(message: string): void {
    this.message = message;
    this.alert = false;
    this.#patience = PATIENCE;
  }

  warn(message: string): void {
    this.say(message);
    this.alert = true;
  }

  press(key: Key): void {
    this.spotlight = undefined;
    if (key.kind === 'paste') this.#paste(key.text);
    else for (const name of keyNames(key)) if (!this.done) this.#key(name);
  }

  #key(key: string): void {
    if (this.help) this.#helpKey(key);
    else if (this.question !== undefined) this.#answerKey(this.question, key);
    else this.#editKey(key);
  }

  #paste(text: string): void {
    if (this.question?.kind === 'text') for (const char of text.replace(/\n[\s\S]*/, '')) this.#key(char);
    else if (this.question === undefined && this.writable()) this.document.paste(text);
  }

  #editKey(key: string): void {
    const typed = !/^<.+>$/.test(key);
    this.#patience -= 1;
    if (!typed || this.#patience <= 0) this.message = undefined;
    if (typed) {
      if (this.writable()) this.document.type(key);
      return;
    }
    const action = ACTIONS.get(key);
    if (action === undefined) this.warn(`Unbound key: ${shownKey(key)}`);
    else action(this);
  }

  writable(): boolean {
    if (this.options.viewOnly) this.warn('Key is invalid in view mode');
    return !this.options.viewOnly;
  }

  change(run: () => void): void {
    if (this.writable()) run();
  }

  enter(): void {
    const indent = this.options.autoIndent ? (/^[ \t]*/.exec(this.document.line)?.[0] ?? '') : '';
    this.document.type('\n');
    if (indent !== '') this.document.type(indent);
  }

  tab(): void {
    const { tabsToSpaces, tabSize } = this.options;
    const column = columnAt(this.document.line, this.document.cursor.offset);
    this.document.type(tabsToSpaces ? ' '.repeat(tabSize - (column % tabSize)) : '\t');
  }

  exit(): void {
    if (!this.document.modified) {
      this.done = true;
      return;
    }
    this.askYesNo('Save modified buffer?', false, (answer) => {
      if (answer === 'y') this.writeOut(true);
      else if (answer === 'n') this.done = true;
    });
  }

  writeOut(thenExit: boolean): void {
    if (this.writable()) writeOut(this, thenExit);
  }

  insertFile(): void {
    if (this.writable()) insertFile(this);
  }

  search(backwards: boolean): void {
    this.way.backwards = backwards;
    this.ask(this.#searchLabel('Search'), SEARCH, {
      answer: '',
      onAnswer: (text) => this.#search(text === '' ? this.#lastSearch : text),
      onKey: (key) => {
        if (key === '<C-r>') this.replaceAll();
        else if (key === '<C-t>') this.goToLine();
        else return this.#toggle(key, () => this.search(this.way.backwards));
        return true;
      },
    });
  }

  searchAgain(backwards: boolean): void {
    if (this.#lastSearch === '') {
      this.say('No current search pattern');
      return;
    }
    this.way.backwards = backwards;
    this.#search(this.#lastSearch);
  }

  #search(text: string): void {
    if (text === '') {
      this.say('Cancelled');
      return;
    }
    this.#lastSearch = text;
    const { document } = this;
    const found = find(document.lines, text, { ...this.way, from: document.cursor });
    if (found === undefined) {
      this.warn(`"${text}" not found`);
      return;
    }
    const same = found.at.row === document.cursor.row && found.at.offset === document.cursor.offset;
    if (same) this.say('This is the only occurrence');
    else if (found.wrapped) this.say('Search Wrapped');
    document.moveTo(found.at);
    this.spotlight = { at: found.at, length: found.length };
  }

  replaceAll(): void {
    if (!this.writable()) return;
    this.ask(this.#searchLabel('Search (to replace)', false), REPLACE, {
      answer: '',
      onAnswer: (typed) => {
        const text = typed === '' ? this.#lastSearch : typed;
        if (text === '') {
          this.say('Cancelled');
          return;
        }
        this.#lastSearch = text;
        this.ask('Replace with', REPLACE_WITH, {
          answer: '',
          onAnswer: (by) => this.#replaceFrom(text, by),
          onKey: (key) => {
            if (key !== '<C-p>' && key !== '<up>') return false;
            if (this.question !== undefined) this.question.answer = this.#lastReplacement;
            return true;
          },
        });
      },
      onKey: (key) => {
        if (key !== '<C-r>') return this.#toggle(key, () => this.replaceAll());
        this.search(false);
        return true;
      },
    });
  }

  #replaceFrom(text: string, by: string): void {
    this.#lastReplacement = by;
    new Replacing(this, text, by).next();
  }

  goToLine(): void {
    this.ask('Enter line number, column number', GO_TO, {
      answer: '',
      onAnswer: (text) => {
        const [, row, column] = /^\s*(-?\d+)?\s*(?:[,.:]\s*(\d+))?\s*$/.exec(text) ?? [];
        if (text === '') this.say('Cancelled');
        else if (row === undefined && column === undefined) this.warn('Invalid line or column number');
        else this.#goTo(row, column);
      },
      onKey: (key) => {
        if (key === '<C-y>') this.document.moveTo({ row: 0, offset: 0 });
        else if (key === '<C-v>') this.document.moveTo(endOf(this.document.lines));
        else if (key === '<C-t>') {
          this.search(false);
          return true;
        } else return this.notHere(key, ['<C-w>', '<C-o>']);
        this.question = undefined;
        return true;
      },
    });
  }

  #goTo(row: string | undefined, column: string | undefined): void {
    const { document } = this;
    const asked = row === undefined ? document.cursor.row + 1 : Number(row);
    const there = asked < 0 ? document.lines.length + asked : Math.max(0, asked - 1);
    const offset = column === undefined ? 0 : Math.max(0, Number(column) - 1);
    document.moveTo({ row: there, offset });
    document.top = Math.max(0, document.cursor.row - Math.floor(this.height / 2));
  }

  saveAtOnce(): void {
    if (this.writable()) save(this, this.name, false);
  }

  cutText(keep: boolean): void {
    if (!this.document.cut(keep)) this.say(keep ? 'Copied nothing' : 'Nothing was cut');
  }

  pasteText(): void {
    if (!this.document.uncut()) this.say('Cutbuffer is empty');
  }

  toggleNumbers(): void {
    this.options.lineNumbers = !this.options.lineNumbers;
    this.say(`Line numbering ${this.options.lineNumbers ? 'enabled' : 'disabled'}`);
  }

  toggleMark(): void {
    const { document } = this;
    document.mark = document.mark === undefined ? document.cursor : undefined;
    this.say(document.mark === undefined ? 'Mark Unset' : 'Mark Set');
  }

  location(): void {
    this.say(locationText(this.document));
  }

  pages(direction: 1 | -1): void {
    const rows = Math.max(1, this.height - 2);
    const { document } = this;
    document.top = Math.max(0, Math.min(document.top + direction * rows, document.lines.length - 1));
    document.moveRows(direction * rows);
  }

  undo(): void {
    const kind = this.document.undo();
    this.say(kind === undefined ? 'Nothing to undo' : `Undid ${kind}`);
  }

  redo(): void {
    const kind = this.document.redo();
    this.say(kind === undefined ? 'Nothing to redo' : `Redid ${kind}`);
  }

  endOfLine(): void {
    const { row } = this.document.cursor;
    this.document.moveTo({ row, offset: lineAt(this.document.lines, row).length });
  }

  notSimulated(what: string): void {
    this.warn(`${what} is not simulated here`);
  }

  #searchLabel(label: string, backwards = true): string {
    const { caseSensitive, expression } = this.way;
    const marks = [
      ...(caseSensitive ? [' [Case Sensitive]'] : []),
      ...(expression ? [' [Reg.exp.]'] : []),
      ...(backwards && this.way.backwards ? [' [Backwards]'] : []),
    ];
    const last = this.#lastSearch === '' ? '' : ` [${this.#lastSearch}]`;
    return label + marks.join('') + last;
  }

  #toggle(key: string, again: () => void): boolean {
    if (key === '<M-c>') this.way.caseSensitive = !this.way.caseSensitive;
    else if (key === '<M-r>') this.way.expression = !this.way.expression;
    else if (key === '<M-b>') this.way.backwards = !this.way.backwards;
    else return false;
    again();
    return true;
  }

  /** Keys of a bar that do nothing here say so. */
  notHere(key: string, keys: readonly string[]): boolean {
    if (!keys.includes(key)) return false;
    this.notSimulated(shownKey(key));
    this.question = undefined;
    return true;
  }

  ask(label: string, bar: Bar, rest: Pick<Question, 'answer' | 'onAnswer' | 'onKey'>): void {
    this.message = undefined;
    this.question = { kind: 'text', label, bar, cursor: rest.answer.length, ...rest };
  }

  askYesNo(label: string, all: boolean, onAnswer: Question['onAnswer']): void {
    this.message = undefined;
    this.question = {
      kind: 'yes-no',
      label,
      bar: yesNo(all),
      answer: all ? 'yna' : 'yn',
      cursor: 0,
      onAnswer,
    };
  }

  #answerKey(question: Question, key: string): void {
    if (key === '<C-c>' || (key === '<esc>' && question.kind === 'text')) {
      this.question = undefined;
      this.say('Cancelled');
    } else if (question.kind === 'yes-no') {
      const said = key.toLowerCase();
      if (said.length !== 1 || !question.answer.includes(said)) return;
      this.question = undefined;
      question.onAnswer(said);
    } else if (key === '<enter>') {
      this.question = undefined;
      question.onAnswer(question.answer);
    } else if (key === '<C-g>') this.help = true;
    else if (question.onKey?.(key) !== true) editAnswer(question, key);
  }

  #helpKey(key: string): void {
    const rows = helpStep(key, this.height - 1);
    if (rows === undefined) this.help &&= !HELP_ENDS.has(key);
    else this.helpTop = Math.max(0, this.helpTop + rows);
  }
}

function shownKey(key: string): string {
  const [, kind, name = ''] = /^<(?:([CM])-)?(.+)>$/.exec(key) ?? [];
  if (kind === undefined) return name;
  return `${kind === 'C' ? '^' : 'M-'}${name.length === 1 ? name.toUpperCase() : name}`;
}
