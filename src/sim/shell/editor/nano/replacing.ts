/** Search and replace in nano: match by match from the cursor round to it again, asking each time until told `All`. */
import { compare, type Position } from '../text.ts';
import type { Found } from '../vi/pattern.ts';
import { find } from './find.ts';
import type { Nano } from './nano-editor.ts';

export class Replacing {
  readonly #nano: Nano;
  readonly #text: string;
  readonly #by: string;
  readonly #start: Position;
  readonly #seen = new Set<string>();
  #from: Position;
  #count = 0;
  #all = false;
  #wrapped = false;

  constructor(nano: Nano, text: string, by: string) {
    this.#nano = nano;
    this.#text = text;
    this.#by = by;
    this.#start = nano.document.cursor;
    this.#from = { row: this.#start.row, offset: this.#start.offset - 1 };
  }

  next(): void {
    for (let found = this.#find(); found !== undefined; found = this.#find()) {
      this.#seen.add(keyOf(found));
      this.#nano.document.moveTo(found.at);
      if (!this.#all) {
        this.#ask(found);
        return;
      }
      this.#replace(found);
    }
    this.#finish();
  }

  /** Undefined once every match has been seen. */
  #find(): Found | undefined {
    const { document, way } = this.#nano;
    const found = find(document.lines, this.#text, { ...way, backwards: false, from: this.#from });
    if (found === undefined) return undefined;
    this.#wrapped ||= found.wrapped;
    const over = this.#wrapped && (compare(found.at, this.#start) >= 0 || this.#seen.has(keyOf(found)));
    return over ? undefined : found;
  }

  #ask(found: Found): void {
    this.#nano.spotlight = { at: found.at, length: found.length };
    this.#nano.askYesNo('Replace this instance?', true, (answer) => {
      this.#all = answer === 'a';
      if (answer === 'n') this.#from = found.at;
      else this.#replace(found);
      this.next();
    });
  }

  #replace({ at, length }: Found): void {
    const { document } = this.#nano;
    document.settle();
    document.replace({ from: at, to: { row: at.row, offset: at.offset + length } }, this.#by, 'replacement');
    this.#count += 1;
    this.#from = { row: document.cursor.row, offset: document.cursor.offset - 1 };
  }

  #finish(): void {
    const nano = this.#nano;
    if (this.#count === 0) nano.document.moveTo(this.#start);
    if (this.#seen.size === 0) nano.warn(`"${this.#text}" not found`);
    else nano.say(`Replaced ${this.#count} occurrence${this.#count === 1 ? '' : 's'}`);
  }
}

const keyOf = ({ at }: Found): string => `${at.row}:${at.offset}`;
