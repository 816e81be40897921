/**
 * YAML as kubectl prints it: sigs.k8s.io/yaml, that is go-yaml v2's emitter over sorted keys. Which strings need quotes,
 * which kind, where a long one folds (the first space past column 80) and how keys sort are that emitter's rules.
 * Left out: keys over 128 characters, binary strings.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { scalarStyle, type ScalarStyle } from './yaml-scalar.ts';

const FOLD_COLUMN = 80;

/** One document, ending in a newline. */
export function yamlText(value: Json): string {
  const emitter = new Emitter();
  emitter.node(value, 0, 'top');
  return `${emitter.text}\n`;
}

type Position = 'top' | 'after-key' | 'after-dash';

class Emitter {
  text = '';

  node(value: Json | undefined, indent: number, position: Position): void {
    if (Array.isArray(value)) this.#list(value as readonly Json[], indent, position);
    else if (isJsonObject(value)) this.#map(value, indent, position);
    else if (typeof value === 'string') this.#put(position, this.#string(value, indent, position));
    else this.#put(position, String(value ?? null));
  }

  #list(items: readonly Json[], indent: number, position: Position): void {
    if (items.length === 0) return this.#put(position, '[]');
    items.forEach((item, at) => {
      if (at > 0 || position === 'after-key') this.#newline(indent);
      else if (position === 'after-dash') this.text += ' ';
      this.text += '-';
      this.node(item, indent + 2, 'after-dash');
    });
  }

  #map(map: JsonObject, indent: number, position: Position): void {
    const keys = Object.keys(map)
      .filter((key) => map[key] !== undefined)
      .sort(naturalOrder);
    if (keys.length === 0) return this.#put(position, '{}');
    keys.forEach((key, at) => {
      if (at > 0 || position === 'after-key') this.#newline(indent);
      else if (position === 'after-dash') this.text += ' ';
      const value = map[key];
      this.text += `${keyText(key)}:`;
      // A list stands under its key without further indentation.
      const inner = Array.isArray(value) ? indent : indent + 2;
      this.node(value, inner, 'after-key');
    });
  }

  #put(position: Position, text: string): void {
    this.text += position === 'top' ? text : ` ${text}`;
  }

  #newline(indent: number): void {
    this.text += `\n${' '.repeat(indent)}`;
  }

  #string(value: string, indent: number, position: Position): string {
    const style = scalarStyle(value);
    if (style === 'literal') return literal(value, indent);
    const column = this.text.length - (this.text.lastIndexOf('\n') + 1) + (position === 'top' ? 0 : 1);
    return folded(value, style, { column, indent });
  }
}

function keyText(key: string): string {
  const style = scalarStyle(key);
  return style === 'plain' ? key : style === 'single' ? singleQuoted(key) : doubleQuoted(key);
}

const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const doubleQuoted = (text: string): string => `"${[...text].map(doubleQuotedChar).join('')}"`;

const ESCAPES = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

function doubleQuotedChar(char: string): string {
  const escape = ESCAPES.get(char);
  if (escape !== undefined) return escape;
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : char;
}

function folded(
  value: string,
  style: Exclude<ScalarStyle, 'literal'>,
  at: { readonly column: number; readonly indent: number },
): string {
  const chars = [...value];
  const quote = style === 'plain' ? '' : style === 'single' ? "'" : '"';
  let text = quote;
  let column = at.column + quote.length;
  let afterSpace = false;
  chars.forEach((char, index) => {
    if (char === ' ' && !afterSpace && column > FOLD_COLUMN && mayBreak(chars, index, style)) {
      text += `\n${' '.repeat(at.indent)}`;
      column = at.indent;
      // In double quotes a space that follows the break must be marked, or it would be folded away.
      if (style === 'double' && chars[index + 1] === ' ') {
        text += '\\';
        column += 1;
      }
    } else {
      const written =
        style === 'single' && char === "'" ? "''" : style === 'double' ? doubleQuotedChar(char) : char;
      text += written;
      column += [...written].length;
    }
    afterSpace = char === ' ';
  });
  return text + quote;
}

function mayBreak(chars: readonly string[], index: number, style: ScalarStyle): boolean {
  if (style === 'plain') return chars[index + 1] !== ' ';
  const inside = index > 0 && index < chars.length - 1;
  return style === 'double' ? inside : inside && chars[index + 1] !== ' ';
}

function literal(value: string, indent: number): string {
  const hint = value.startsWith(' ') || value.startsWith('\n') ? '2' : '';
  const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : '';
  const body = value.endsWith('\n') ? value.slice(0, -1) : value;
  const lines = body.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line));
  return [`|${hint}${chomp}`, ...lines].join('\n');
}

const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/** go-yaml's key order: letters after other characters, and runs of digits by their number (`node2` before `node10`). */
export function naturalOrder(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let afterDigit = false;
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const x = left[at] ?? '';
    const y = right[at] ?? '';
    if (x === y) {
      afterDigit = DIGIT.test(x);
      continue;
    }
    const xLetter = LETTER.test(x);
    const yLetter = LETTER.test(y);
    if (xLetter && yLetter) return x < y ? -1 : 1;
    if (xLetter || yLetter) return (afterDigit ? xLetter : yLetter) ? -1 : 1;
    return byNumber(left, right, at);
  }
  return left.length - right.length;
}

function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const zero = left[at] === '0' || right[at] === '0';
  // A zero inside a number counts as a digit of it, a leading one does not.
  const lead = zero && /[1-9]\d*$/.test(left.slice(0, at).join('')) ? '1' : '';
  const x = digitsFrom(left, at);
  const y = digitsFrom(right, at);
  const difference = Number(lead + x) - Number(lead + y);
  if (difference !== 0) return difference;
  if (x.length !== y.length) return x.length - y.length;
  return left.slice(at).join('') < right.slice(at).join('') ? -1 : 1;
}

function digitsFrom(chars: readonly string[], at: number): string {
  return /^\d*/.exec(chars.slice(at).join(''))?.[0] ?? '';
}
