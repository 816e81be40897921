/**
 * Reads a JSON list of strings as Go's encoding/json does, whose complaints Calico's CNI plugin passes on word for word.
 * Source: Go 1.24 encoding/json/{scanner,decode}.go.
 */
import { err, ok, type Result } from '../../../base/result.ts';

/** Null is an empty list, and a null in it an empty string. */
export function goStrings(text: string): Result<readonly string[], string> {
  const problem = new Scanner(text).problem();
  if (problem !== undefined) return err(problem);
  const value: unknown = JSON.parse(text);
  if (value === null) return ok([]);
  if (!Array.isArray(value)) return err(misfit(value, '[]string'));
  const wrong: unknown = value.find((item) => typeof item !== 'string' && item !== null);
  if (wrong !== undefined) return err(misfit(wrong, 'string'));
  return ok(value.map((item) => (typeof item === 'string' ? item : '')));
}

const misfit = (value: unknown, wanted: string): string =>
  `json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === true || value === false ? 'bool' : typeof value} into Go value of type ${wanted}`;

const END = 'unexpected end of JSON input';
const LITERALS = ['true', 'false', 'null'];

class Misread extends Error {}

/** Looks for the first thing that JSON does not allow. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  problem(): string | undefined {
    try {
      this.#value();
      this.#blanks();
      if (this.#at < this.#text.length) this.#fail('after top-level value');
      return undefined;
    } catch (problem) {
      if (problem instanceof Misread) return problem.message;
      throw problem;
    }
  }

  /** At the character under the eye, or at the end. */
  #fail(where: string): never {
    const [character] = this.#text.slice(this.#at);
    throw new Misread(character === undefined ? END : `invalid character ${quoted(character)} ${where}`);
  }

  #blanks(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'end')) this.#at += 1;
  }

  #take(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #value(): void {
    if (this.#take('[')) this.#list();
    else if (this.#take('{')) this.#object();
    else if (this.#take('"')) this.#string();
    else if (/[-\d]/.test(this.#text[this.#at] ?? '')) this.#number();
    else this.#literal();
  }

  #list(): void {
    if (this.#take(']')) return;
    do this.#value();
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('after array element');
  }

  #object(): void {
    if (this.#take('}')) return;
    do {
      if (!this.#take('"')) this.#fail('looking for beginning of object key string');
      this.#string();
      if (!this.#take(':')) this.#fail('after object key');
      this.#value();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('after object key:value pair');
  }

  #string(): void {
    while (this.#text[this.#at] !== '"') {
      if ((this.#text.charCodeAt(this.#at) || 0) < 0x20) this.#fail('in string literal');
      if (this.#text[this.#at] === '\\') {
        this.#at += 1;
        if (!'"\\/bfnrtu'.includes(this.#text[this.#at] ?? '-')) this.#fail('in string escape code');
        if (this.#text[this.#at] === 'u') this.#hexadecimal();
      }
      this.#at += 1;
    }
    this.#at += 1;
  }

  #hexadecimal(): void {
    for (let digits = 0; digits < 4; digits += 1) {
      this.#at += 1;
      if (!/[\da-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    }
  }

  #number(): void {
    const [sign = ''] = /^-?/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += sign.length;
    const [digits] = /^(0|[1-9]\d*)/.exec(this.#text.slice(this.#at)) ?? [];
    if (digits === undefined) this.#fail('in numeric literal');
    this.#at += digits.length;
    if (this.#text[this.#at] === '.') this.#digits('after decimal point in numeric literal');
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      if (/[+-]/.test(this.#text[this.#at + 1] ?? '')) this.#at += 1;
      this.#digits('in exponent of numeric literal');
    }
  }

  /** At least one, after the character under the eye. */
  #digits(where: string): void {
    this.#at += 1;
    const [digits] = /^\d+/.exec(this.#text.slice(this.#at)) ?? [];
    if (digits === undefined) this.#fail(where);
    this.#at += digits.length;
  }

  #literal(): void {
    const word = LITERALS.find((each) => each[0] === this.#text[this.#at]);
    if (word === undefined) this.#fail('looking for beginning of value');
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) this.#fail(`in literal ${word} (expecting ${quoted(expected)})`);
      this.#at += 1;
    }
  }
}

/** As Go quotes a character. */
function quoted(character: string): string {
  if (character === "'") return String.raw`'\''`;
  if (character === '"') return `'"'`;
  const spelled = JSON.stringify(character).slice(1, -1);
  return `'${spelled}'`;
}
