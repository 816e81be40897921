/** Where the pieces of an expanded word go: fields that are split and globbed, or one text, or one pattern. */
import { escapePattern } from './pattern.ts';

/** Receives a word's pieces in order. */
export interface Sink {
  /** Typed text: not split, but its unescaped pattern characters count. */
  literal(text: string): void;
  /** Quoted text: neither split nor a pattern; even an empty one makes a word. */
  quoted(text: string): void;
  /** The result of an unquoted expansion: split and a pattern. */
  expansion(text: string): void;
  /** Between the elements of `$@`. */
  separator(): void;
}

interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

export interface Field {
  readonly text: string;
  /** The same with quoted pattern characters escaped. */
  readonly pattern: string;
}

export class FieldSink implements Sink {
  readonly #delimiter: RegExp | undefined;
  readonly #fields: Field[] = [];
  #open: Piece[] | undefined;

  constructor(ifs: string) {
    this.#delimiter = delimiterOf(ifs);
  }

  literal(text: string): void {
    if (text !== '') this.#add(text, false);
  }

  quoted(text: string): void {
    this.#add(text, true);
  }

  expansion(text: string): void {
    let from = 0;
    for (const match of this.#delimiter === undefined ? [] : text.matchAll(this.#delimiter)) {
      this.literal(text.slice(from, match.index));
      if (match[1] !== undefined) this.#open ??= [];
      this.separator();
      from = match.index + match[0].length;
    }
    this.literal(text.slice(from));
  }

  separator(): void {
    if (this.#open === undefined) return;
    const pieces = this.#open;
    this.#open = undefined;
    this.#fields.push({
      text: pieces.map((piece) => piece.text).join(''),
      pattern: pieces.map((piece) => (piece.quoted ? escapePattern(piece.text) : piece.text)).join(''),
    });
  }

  finish(): readonly Field[] {
    this.separator();
    return this.#fields;
  }

  #add(text: string, quoted: boolean): void {
    this.#open ??= [];
    this.#open.push({ text, quoted });
  }
}

/** A delimiter of fields: blanks of IFS, with at most one other character of IFS (group 1) among them. */
function delimiterOf(ifs: string): RegExp | undefined {
  if (ifs === '') return undefined;
  const set = (chars: string): string => `[${chars.replace(/[\\\]^-]/g, '\\$&')}]`;
  const blanks = [...ifs].filter((char) => ' \t\n'.includes(char)).join('');
  const others = [...ifs].filter((char) => !' \t\n'.includes(char)).join('');
  const blank = blanks === '' ? '' : `${set(blanks)}*`;
  if (others === '') return new RegExp(`${set(blanks)}+`, 'gu');
  const alone = blanks === '' ? '' : `|${set(blanks)}+`;
  return new RegExp(`${blank}(${set(others)})${blank}${alone}`, 'gu');
}

export class TextSink implements Sink {
  text = '';

  literal(text: string): void {
    this.text += text;
  }

  quoted(text: string): void {
    this.text += text;
  }

  expansion(text: string): void {
    this.text += text;
  }

  separator(): void {
    this.text += ' ';
  }
}

export class RegexpSink extends TextSink {
  override quoted(text: string): void {
    this.text += text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }
}

export class PatternSink extends TextSink {
  override quoted(text: string): void {
    this.text += escapePattern(text);
  }
}
