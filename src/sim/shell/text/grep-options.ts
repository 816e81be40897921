/** grep's command line, and its patterns as one JavaScript expression. */
export interface GrepOptions {
  /** Global, so that all matches of a line are found. */
  readonly regexp: RegExp;
  readonly files: readonly string[];
  readonly invert: boolean;
  readonly count: boolean;
  readonly numbered: boolean;
  readonly list: 'matching' | 'others' | undefined;
  readonly only: boolean;
  readonly quiet: boolean;
  readonly silent: boolean;
  readonly recursive: boolean;
  readonly withName: boolean;
  readonly before: number;
  readonly after: number;
  readonly maximum: number;
  readonly color: 'always' | 'auto' | 'never';
}

const FLAGS = 'EFGPcHhilLnoqrRsvwxUIa';
const VALUES = 'efmABC';
const LONG: Readonly<Record<string, string>> = {
  'extended-regexp': 'E', 'fixed-strings': 'F', 'basic-regexp': 'G', 'perl-regexp': 'P', regexp: 'e', file: 'f', 'ignore-case': 'i', 'no-ignore-case': '', 'word-regexp': 'w',
  'line-regexp': 'x', 'no-messages': 's', 'invert-match': 'v', 'max-count': 'm', 'line-number': 'n', 'line-buffered': '', 'with-filename': 'H', 'no-filename': 'h',
  'only-matching': 'o', quiet: 'q', silent: 'q', recursive: 'r', 'dereference-recursive': 'R', 'files-without-match': 'L', 'files-with-matches': 'l', count: 'c',
  'before-context': 'B', 'after-context': 'A', context: 'C', color: 'color', colour: 'color', text: 'a', binary: 'U',
}; // prettier-ignore

/** For `--help`. */
export const GREP_SPEC = { flags: FLAGS, values: VALUES, long: LONG };

interface Words {
  readonly flags: Set<string>;
  readonly values: Map<string, string[]>;
  readonly operands: string[];
}

export interface Complaint {
  /** Without the tool's name; empty when the usage says all. */
  readonly complaint: string;
  readonly usage: boolean;
}

export function grepOptions(
  args: readonly string[],
  readFile: (path: string) => string | undefined,
): GrepOptions | Complaint {
  const words: Words = { flags: new Set(), values: new Map(), operands: [] };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      words.operands.push(...rest.splice(0));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.operands.push(arg);
      continue;
    }
    const problem = arg.startsWith('--') ? long(arg, rest, words) : short(arg, rest, words);
    if (problem !== undefined) return { complaint: problem, usage: true };
  }
  return settle(words, readFile);
}

function put({ values }: Words, flag: string, value: string): void {
  values.set(flag, [...(values.get(flag) ?? []), value]);
}

function long(arg: string, rest: string[], words: Words): string | undefined {
  const [, name = '', value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(arg) ?? [];
  const flag = Object.hasOwn(LONG, name) ? LONG[name] : undefined;
  if (flag === undefined) return `unrecognized option '${arg}'`;
  if (flag === 'color') put(words, 'color', value ?? 'auto');
  else if (!VALUES.includes(flag) || flag === '') words.flags.add(flag);
  else {
    const given = value ?? rest.shift();
    if (given === undefined) return `option '--${name}' requires an argument`;
    put(words, flag, given);
  }
  return undefined;
}

function short(arg: string, rest: string[], words: Words): string | undefined {
  if (/^-\d+$/.test(arg)) {
    put(words, 'C', arg.slice(1));
    return undefined;
  }
  for (let at = 1; at < arg.length; at += 1) {
    const flag = arg[at] ?? '';
    if (VALUES.includes(flag)) {
      const given = at + 1 < arg.length ? arg.slice(at + 1) : rest.shift();
      if (given === undefined) return `option requires an argument -- '${flag}'`;
      put(words, flag, given);
      return undefined;
    }
    if (!FLAGS.includes(flag)) return `invalid option -- '${flag}'`;
    words.flags.add(flag);
  }
  return undefined;
}

function settle(
  { flags, values, operands }: Words,
  readFile: (path: string) => string | undefined,
): GrepOptions | Complaint {
  const patterns = patternsOf(values, operands, readFile);
  if ('complaint' in patterns) return patterns;
  const numbers = numbersOf(values);
  if ('complaint' in numbers) return numbers;
  const regexp = compile(patterns.texts, flags);
  if (regexp === undefined) return { complaint: 'Invalid regular expression', usage: false };
  const recursive = flags.has('r') || flags.has('R');
  return {
    ...numbers,
    regexp,
    files: operands,
    invert: flags.has('v'),
    count: flags.has('c'),
    numbered: flags.has('n'),
    list: flags.has('l') ? 'matching' : flags.has('L') ? 'others' : undefined,
    only: flags.has('o'),
    quiet: flags.has('q'),
    silent: flags.has('s'),
    recursive,
    withName: !flags.has('h') && (flags.has('H') || operands.length > 1 || recursive),
    color: COLORS.find((color) => color === values.get('color')?.at(-1)) ?? 'never',
  };
}

const COLORS = ['always', 'auto', 'never'] as const;

type Numbers = Pick<GrepOptions, 'before' | 'after' | 'maximum'>;

function numbersOf(values: ReadonlyMap<string, string[]>): Numbers | Complaint {
  const last = (flag: string): string | undefined => values.get(flag)?.at(-1);
  const [before = '0', after = '0'] = [last('B') ?? last('C'), last('A') ?? last('C')];
  const maximum = last('m');
  const bad = [after, before].find((text) => !/^\d+$/.test(text));
  if (bad !== undefined) return { complaint: `${bad}: invalid context length argument`, usage: false };
  if (maximum !== undefined && !/^\d+$/.test(maximum))
    return { complaint: 'invalid max count', usage: false };
  return {
    before: Number(before),
    after: Number(after),
    maximum: maximum === undefined ? Infinity : Number(maximum),
  };
}

function patternsOf(
  values: ReadonlyMap<string, string[]>,
  operands: string[],
  readFile: (path: string) => string | undefined,
): { readonly texts: readonly string[] } | Complaint {
  const texts = (values.get('e') ?? []).flatMap((text) => text.split('\n'));
  for (const path of values.get('f') ?? []) {
    const text = readFile(path);
    if (text === undefined) return { complaint: `${path}: No such file or directory`, usage: false };
    texts.push(...text.replace(/\n$/, '').split('\n'));
  }
  if (values.has('e') || values.has('f')) return { texts };
  const first = operands.shift();
  return first === undefined ? { complaint: '', usage: true } : { texts: first.split('\n') };
}

function compile(patterns: readonly string[], flags: ReadonlySet<string>): RegExp | undefined {
  const translate = flags.has('F')
    ? literally
    : flags.has('P')
      ? (text: string): string => text
      : flags.has('E')
        ? extended
        : basic;
  const either = patterns.map((text) => `(?:${translate(text)})`).join('|');
  const whole = flags.has('x') ? `^(?:${either})$` : flags.has('w') ? `(?<!\\w)(?:${either})(?!\\w)` : either;
  try {
    return new RegExp(whole, flags.has('i') ? 'gi' : 'g');
  } catch {
    return undefined;
  }
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

const PIECE = /\\[\s\S]|\[\^?\]?(?:\[[:.=][^\]]*[:.=]\]|[^\]])*\]|[\s\S]/g;
const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9', alpha: 'A-Za-z', blank: ' \\t', cntrl: '\\x00-\\x1f\\x7f', digit: '0-9', graph: '!-~', lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\s', upper: 'A-Z', xdigit: '0-9A-Fa-f',
}; // prettier-ignore

function bracket(text: string): string {
  const negated = text.startsWith('[^');
  const inside = text.slice(negated ? 2 : 1, -1);
  const body = inside.replace(/\[:([a-z]+):\]|[\\[\]]/g, (all, name?: string) =>
    name === undefined ? `\\${all}` : (CLASSES[name] ?? ''),
  );
  return `[${negated ? '^' : ''}${body}]`;
}

const WORD_EDGES: Readonly<Record<string, string>> = {
  '\\<': '\\b(?=\\w)',
  '\\>': '\\b(?<=\\w)',
  "\\'": '$',
  '\\`': '^',
};

/** POSIX extended: nearly JavaScript's. */
function extended(text: string): string {
  return text.replace(PIECE, (piece) => {
    if (piece.length > 1 && piece.startsWith('[')) return bracket(piece);
    return WORD_EDGES[piece] ?? (piece === '/' ? '\\/' : piece);
  });
}

/** POSIX basic: `\(`, `\{`, `\|`, `\+`, `\?` are special with their backslash, and plain without. */
function basic(text: string): string {
  let first = true;
  return text.replace(PIECE, (piece, at: number) => {
    const atStart = first;
    first = /^(?:\\[(|]|\^)$/.test(piece);
    if (piece === '*' && atStart) return '\\*';
    if (piece === '^') return atStart ? '^' : '\\^';
    if (piece === '$') return /^(?:$|\\[)|])/.test(text.slice(at + 1)) ? '$' : '\\$';
    return basicPiece(piece);
  });
}

function basicPiece(piece: string): string {
  if (piece.length > 1 && piece.startsWith('[')) return bracket(piece);
  if (/^\\[(){}|+?]$/.test(piece)) return piece.slice(1);
  return /^[(){}|+?/]$/.test(piece) ? `\\${piece}` : (WORD_EDGES[piece] ?? piece);
}
