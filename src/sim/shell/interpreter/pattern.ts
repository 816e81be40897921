/**
 * Shell patterns: `*`, `?` and bracket expressions with ranges and POSIX classes (POSIX.1 XCU 2.13). A pattern's text marks
 * quoted characters with a backslash. Matching backtracks to the last star only, so it cannot take exponential time.
 */
type Token =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly has: (char: string) => boolean };

export interface Pattern {
  readonly tokens: readonly Token[];
  /** False when the pattern matches only its own text. */
  readonly special: boolean;
}

export function compilePattern(text: string): Pattern {
  const chars = [...text];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length;) {
    const { token, end } = tokenAt(chars, at);
    // Stars in a row are one.
    if (token.kind !== 'star' || tokens.at(-1)?.kind !== 'star') tokens.push(token);
    at = end;
  }
  return { tokens, special: tokens.some((token) => token.kind !== 'char') };
}

function tokenAt(chars: readonly string[], at: number): Bracket {
  const char = chars[at] ?? '';
  const end = at + 1;
  if (char === '*') return { token: { kind: 'star' }, end };
  if (char === '?') return { token: { kind: 'any' }, end };
  if (char === '[') return bracket(chars, end) ?? { token: { kind: 'char', char }, end };
  const { char: plain, end: after } = member(chars, at);
  return { token: { kind: 'char', char: plain }, end: after };
}

export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{L}\p{N}]/u,
  alpha: /\p{L}/u,
  blank: /[ \t]/,
  // eslint-disable-next-line no-control-regex -- the class of control characters
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /\p{Ll}/u,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /\p{Lu}/u,
  xdigit: /[0-9A-Fa-f]/,
};

interface Bracket {
  readonly token: Token;
  readonly end: number;
}

/** `at` is behind the `[`; undefined when no `]` closes it. */
function bracket(chars: readonly string[], at: number): Bracket | undefined {
  const negated = chars[at] === '!' || chars[at] === '^';
  let here = negated ? at + 1 : at;
  const start = here;
  const tests: ((char: string) => boolean)[] = [];
  while (here < chars.length) {
    const char = chars[here] ?? '';
    if (char === ']' && here > start) {
      const has = (candidate: string): boolean => tests.some((test) => test(candidate));
      return { token: { kind: 'set', negated, has }, end: here + 1 };
    }
    const item = bracketItem(chars, here);
    tests.push(item.test);
    here = item.end;
  }
  return undefined;
}

function bracketItem(chars: readonly string[], at: number): { test: (char: string) => boolean; end: number } {
  const named = /^\[:([a-z]+):\]/.exec(chars.slice(at, at + 12).join(''));
  const of = CLASSES[named?.[1] ?? ''];
  if (named !== null && of !== undefined) return { test: (char) => of.test(char), end: at + named[0].length };
  const low = member(chars, at);
  if (chars[low.end] === '-' && chars[low.end + 1] !== ']' && low.end + 1 < chars.length) {
    const high = member(chars, low.end + 1);
    return { test: (char) => code(char) >= code(low.char) && code(char) <= code(high.char), end: high.end };
  }
  return { test: (char) => char === low.char, end: low.end };
}

function member(chars: readonly string[], at: number): { char: string; end: number } {
  const escaped = chars[at] === '\\' && at + 1 < chars.length;
  return { char: chars[escaped ? at + 1 : at] ?? '', end: escaped ? at + 2 : at + 1 };
}

function code(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function fits(token: Token, char: string): boolean {
  switch (token.kind) {
    case 'char':
      return token.char === char;
    case 'set':
      return token.has(char) !== token.negated;
    default:
      return token.kind === 'any';
  }
}

/** Whether the whole text matches. */
export function matches(pattern: Pattern, text: string | readonly string[]): boolean {
  const chars = typeof text === 'string' ? [...text] : text;
  const { tokens } = pattern;
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < chars.length) {
    const now = tokens[token];
    if (now?.kind === 'star') {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (now !== undefined && fits(now, chars[at] ?? '')) {
      token += 1;
      at += 1;
    } else if (starToken >= 0) {
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token += 1;
  return token === tokens.length;
}

/** What remains of the text without its shortest or longest matching start or end. */
export function strip(text: string, pattern: Pattern, where: '#' | '##' | '%' | '%%'): string {
  const chars = [...text];
  const lengths = Array.from({ length: chars.length + 1 }, (_, length) => length);
  if (where.length === 2) lengths.reverse();
  for (const length of lengths) {
    const atStart = where.startsWith('#');
    const part = atStart ? chars.slice(0, length) : chars.slice(chars.length - length);
    if (matches(pattern, part)) {
      return (atStart ? chars.slice(length) : chars.slice(0, chars.length - length)).join('');
    }
  }
  return text;
}

export interface Replacement {
  /** `/` first, `//` all, `/#` at the start, `/%` at the end. */
  readonly where: '/' | '//' | '/#' | '/%';
  readonly by: string;
}

export function replacePattern(text: string, pattern: Pattern, { where, by }: Replacement): string {
  const chars = [...text];
  const out: string[] = [];
  let at = 0;
  while (at <= chars.length) {
    const end =
      (where === '/#' && at > 0) || pattern.tokens.length === 0
        ? undefined
        : longest(chars, at, { pattern, where });
    if (end === undefined || end === at) {
      const char = chars[at];
      if (char !== undefined) out.push(char);
      at += 1;
      continue;
    }
    out.push(by);
    at = end;
    if (where !== '//') break;
  }
  return out.join('') + chars.slice(at).join('');
}

function longest(
  chars: readonly string[],
  at: number,
  { pattern, where }: { readonly pattern: Pattern; readonly where: string },
): number | undefined {
  const least = where === '/%' ? chars.length : at;
  for (let end = chars.length; end >= least; end -= 1) {
    if (matches(pattern, chars.slice(at, end))) return end;
  }
  return undefined;
}
