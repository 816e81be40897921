/** Vim's search patterns ("magic", pattern.txt of Vim 9.0) as JavaScript's, and searching with them. */
import { lineAt, type Lines, type Position } from '../text.ts';
import type { ViOptions } from './state.ts';

/** What `\x` means where it differs from JavaScript's. */
const ESCAPED: Readonly<Record<string, string>> = {
  '(': '(',
  ')': ')',
  '|': '|',
  '+': '+',
  '?': '?',
  '=': '?',
  '<': '\\b(?=\\w)',
  '>': '\\b(?<=\\w)',
  a: '[A-Za-z]',
  l: '[a-z]',
  u: '[A-Z]',
  x: '[0-9A-Fa-f]',
  h: '[A-Za-z_]',
  e: '\\x1b',
  '/': '/',
  '&': '&',
  '~': '~',
};
const PLAIN_WHEN_MAGIC = '+?|(){}';

/** The pattern as a global, Unicode-aware expression; undefined when it is none. */
export function compilePattern(pattern: string, options: ViOptions): RegExp | undefined {
  const forced = /\\[cC]/.exec(pattern)?.[0];
  const bare = pattern.replace(/\\[cC]/g, '');
  const smart = options.smartcase && /[A-Z]/.test(bare);
  const ignore = forced === '\\c' || (forced === undefined && options.ignorecase && !smart);
  try {
    return new RegExp(
      bare.startsWith('\\v') ? veryMagic(bare.slice(2)) : translate(bare),
      `gu${ignore ? 'i' : ''}`,
    );
  } catch {
    return undefined; // Not a pattern: the caller says E486 or E383 as Vim does.
  }
}

function veryMagic(pattern: string): string {
  return pattern.replace(/[<>]/g, (char) => (char === '<' ? '\\b(?=\\w)' : '\\b(?<=\\w)'));
}

function translate(pattern: string): string {
  let out = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    if (char === '[') {
      const set = /^\[\^?\]?[^\]]*\]/.exec(pattern.slice(at))?.[0];
      out += set === undefined ? '\\[' : classOf(set);
      at += (set ?? char).length - 1;
    } else if (char === '\\') {
      const [text, used] = escaped(pattern.slice(at + 1));
      out += text;
      at += used;
    } else out += literal(char, at, pattern, out);
  }
  return out;
}

function classOf(set: string): string {
  const negated = set.startsWith('[^');
  const inner = set.slice(negated ? 2 : 1, -1).replace(/[[\]]/g, '\\$&');
  return `[${negated ? '^' : ''}${inner}]`;
}

/** The translation of what follows a backslash, and how many characters that was. */
function escaped(rest: string): readonly [string, number] {
  const char = rest[0] ?? '';
  if (char === '') return ['\\\\', 0];
  if (char === '{') return repetition(rest);
  if (Object.hasOwn(ESCAPED, char)) return [ESCAPED[char] ?? '', 1];
  if (/[sSdDwWtnrbB.*^$[\]\\]/.test(char)) return [`\\${char}`, 1];
  return [char === '}' ? '\\}' : char, 1];
}

/** `\\{2,3}`, `\\{-}` */
function repetition(rest: string): readonly [string, number] {
  const count = /^\{(-?)(\d*)(,?)(\d*)\\?\}/.exec(rest);
  if (count === null) return ['\\{', 1];
  const [all, lazy, least = '', comma = '', most = ''] = count;
  const range = least === '' && most === '' ? '*' : `{${least === '' ? '0' : least}${comma}${most}}`;
  return [range + (lazy === '-' ? '?' : ''), all.length];
}

function literal(char: string, at: number, pattern: string, out: string): string {
  if (PLAIN_WHEN_MAGIC.includes(char) || char === ']') return `\\${char}`;
  if (char === '^') return at === 0 || /\\(\||\()$/.test(pattern.slice(0, at)) ? '^' : '\\^';
  if (char === '$')
    return at === pattern.length - 1 || /^\\(\||\))/.test(pattern.slice(at + 1)) ? '$' : '\\$';
  if (char === '*' && (out === '' || out === '^')) return '\\*';
  return char;
}

export interface Match {
  readonly at: Position;
  readonly length: number;
}

export function matchesIn(
  line: string,
  expression: RegExp,
): readonly { readonly offset: number; readonly length: number }[] {
  expression.lastIndex = 0;
  return [...line.matchAll(expression)].map((match) => ({ offset: match.index, length: match[0].length }));
}

export interface Found extends Match {
  readonly wrapped: boolean;
}

/** The next match behind `from` (or before it), going round the ends of the text. */
export function findMatch(
  lines: Lines,
  expression: RegExp,
  { from, forward }: { readonly from: Position; readonly forward: boolean },
): Found | undefined {
  const step = forward ? 1 : -1;
  for (let passed = 0; passed <= lines.length; passed += 1) {
    const row = (((from.row + step * passed) % lines.length) + lines.length) % lines.length;
    const wrapped = forward ? from.row + passed >= lines.length : from.row - passed < 0;
    const here = matchesIn(lineAt(lines, row), expression).filter(({ offset }) => {
      if (passed === 0) return forward ? offset > from.offset : offset < from.offset;
      return true;
    });
    const match = forward ? here[0] : here.at(-1);
    if (match !== undefined) return { at: { row, offset: match.offset }, length: match.length, wrapped };
  }
  return undefined;
}
