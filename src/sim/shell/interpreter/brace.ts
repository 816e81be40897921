/**
 * Brace expansion, bash's first and purely textual one: `{a,b}`, `{1..5}`, `{a..e..2}`, nested. Works on the word's source
 * text, so quotes and substitutions inside are carried along untouched.
 */
const LIMIT = 100_000;

/** Undefined when the result would not fit a real machine's argument list. */
export function expandBraces(text: string): readonly string[] | undefined {
  const found = firstBrace(text);
  if (found === undefined) return [text];
  const { before, inside, after } = found;
  const tails = expandBraces(after);
  const middles = sequence(inside) ?? branches(inside);
  if (tails === undefined || middles === undefined || middles.length * tails.length > LIMIT) return undefined;
  return middles.flatMap((middle) => tails.map((tail) => `${before}${middle}${tail}`));
}

interface Brace {
  readonly before: string;
  readonly inside: string;
  readonly after: string;
}

function firstBrace(text: string): Brace | undefined {
  for (let at = 0; at < text.length; at = skip(text, at)) {
    if (text[at] !== '{' || text[at - 1] === '$') continue;
    const end = closing(text, at);
    if (end === undefined) continue;
    const inside = text.slice(at + 1, end);
    if (commas(inside).length > 1 || sequence(inside) !== undefined) {
      return { before: text.slice(0, at), inside, after: text.slice(end + 1) };
    }
  }
  return undefined;
}

/** The position after the character at `at`, or after the quote or substitution that starts there. */
function skip(text: string, at: number): number {
  const char = text[at];
  if (char === '\\') return at + 2;
  if (char === "'" || char === '`') return after(text.indexOf(char, at + 1), text);
  if (char === '"') return quoteEnd(text, at + 1);
  if (char === '$' && (text[at + 1] === '{' || text[at + 1] === '(')) return substitutionEnd(text, at + 1);
  return at + 1;
}

function after(found: number, text: string): number {
  return found < 0 ? text.length : found + 1;
}

function quoteEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"') at = text[at] === '\\' ? at + 2 : at + 1;
  return at + 1;
}

function substitutionEnd(text: string, open: number): number {
  const [left, right] = text[open] === '{' ? ['{', '}'] : ['(', ')'];
  let depth = 0;
  let at = open;
  while (at < text.length) {
    if (text[at] === left) depth += 1;
    if (text[at] === right) depth -= 1;
    if (depth === 0) return at + 1;
    at = text[at] === left ? at + 1 : skip(text, at);
  }
  return text.length;
}

function closing(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at = skip(text, at)) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

function commas(inside: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < inside.length; at = skip(inside, at)) {
    if (inside[at] === '{') depth += 1;
    if (inside[at] === '}') depth -= 1;
    if (inside[at] !== ',' || depth > 0) continue;
    parts.push(inside.slice(from, at));
    from = at + 1;
  }
  return [...parts, inside.slice(from)];
}

function branches(inside: string): readonly string[] | undefined {
  const all: string[] = [];
  for (const part of commas(inside)) {
    const expanded = expandBraces(part);
    if (expanded === undefined) return undefined;
    all.push(...expanded);
  }
  return all;
}

function sequence(inside: string): readonly string[] | undefined {
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(inside);
  if (numbers) return numeric(numbers);
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.(-?\d+))?$/.exec(inside);
  if (!letters) return undefined;
  const [, from = '', to = '', by = '1'] = letters;
  const codes = range(from.charCodeAt(0), to.charCodeAt(0), Number(by));
  return codes?.map((code) => String.fromCharCode(code));
}

function numeric([, from = '', to = '', by = '1']: RegExpExecArray): readonly string[] | undefined {
  const padded = /^-?0\d/.test(from) || /^-?0\d/.test(to);
  const width = padded ? Math.max(from.length, to.length) : 0;
  return range(Number(from), Number(to), Number(by))?.map((value) => {
    const digits = String(Math.abs(value));
    return value < 0 ? `-${digits.padStart(width - 1, '0')}` : digits.padStart(width, '0');
  });
}

function range(from: number, to: number, by: number): readonly number[] | undefined {
  const stride = Math.abs(by) || 1;
  const count = Math.floor(Math.abs(to - from) / stride) + 1;
  if (count > LIMIT) return undefined;
  return Array.from({ length: count }, (_, at) => from + (from <= to ? at : -at) * stride);
}
