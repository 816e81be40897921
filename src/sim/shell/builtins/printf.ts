/** The formats and escapes of `printf` and `echo -e`: bash(1) "SHELL BUILTIN COMMANDS", printf(3). */
export interface Formatted {
  readonly text: string;
  /** Complaints without the shell's name. */
  readonly problems: readonly string[];
}

interface Escapes {
  readonly text: string;
  /** `\c` was met: no more output. */
  readonly stop: boolean;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07', b: '\b', e: '\x1b', E: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\',
}; // prettier-ignore

const ESCAPE =
  /\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|0[0-7]{0,3}|[1-7][0-7]{0,2}|[\s\S])/g;

/** `%b` and `echo -e` know octal only with a leading zero; a format knows it without, and `\"` too. */
export function unescape(text: string, where: 'echo' | 'format'): Escapes {
  const end = where === 'echo' ? /(?<!\\)(?:\\\\)*\\c/.exec(text) : null;
  const source = end === null ? text : text.slice(0, end.index + end[0].length - 2);
  const plain = source.replace(ESCAPE, (all, body: string) => escaped(body, where) ?? all);
  return { text: plain, stop: end !== null };
}

function escaped(body: string, where: 'echo' | 'format'): string | undefined {
  const kind = body.slice(0, 1);
  if (/^[xuU]./.test(body)) return codePoint(parseInt(body.slice(1), 16));
  if (kind === '0' && where === 'echo') return String.fromCharCode(parseInt(body, 8) & 255);
  if (where === 'format' && /^[0-7]/.test(body)) return String.fromCharCode(parseInt(body, 8) & 255);
  if (where === 'format' && (kind === '"' || kind === "'")) return kind;
  return Object.hasOwn(SIMPLE, body) ? SIMPLE[body] : undefined;
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

const DIRECTIVE = /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|-?\d+)?)?(?:\(([^)]*)\))?([\s\S])?)/g;

/** Reuses the format until the arguments are used up. `time` formats `%(...)T` of seconds since 1970. */
export function format(
  source: string,
  args: readonly string[],
  time: (format: string, seconds: number | undefined) => string,
): Formatted {
  const problems: string[] = [];
  const left = [...args];
  let text = '';
  do {
    const before = left.length;
    const round = once(source, { left, problems, time });
    text += round.text;
    if (round.stop || (before === left.length && before > 0)) break;
  } while (left.length > 0);
  return { text, problems };
}

interface Job {
  readonly left: string[];
  readonly problems: string[];
  readonly time: (format: string, seconds: number | undefined) => string;
}

function once(source: string, job: Job): Escapes {
  let text = '';
  let at = 0;
  for (const match of source.matchAll(DIRECTIVE)) {
    text += unescape(source.slice(at, match.index), 'format').text;
    at = match.index + match[0].length;
    if (match[0] === '%%') {
      text += '%';
      continue;
    }
    const shown = directive(match, job);
    if (shown === undefined) return { text, stop: true };
    text += shown.text;
    if (shown.stop) return { text, stop: true };
  }
  return { text: text + unescape(source.slice(at), 'format').text, stop: false };
}

interface Layout {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

function directive(match: RegExpExecArray, job: Job): Escapes | undefined {
  const [all, flags = '', widthText, precisionText, date, kind = ''] = match;
  const star = (text: string | undefined): number =>
    text === '*' ? integer(job.left.shift() ?? '0', job) : Number(text ?? 0);
  const width = star(widthText);
  const precision = all.includes('.') ? star(precisionText) : undefined;
  const layout: Layout = { flags: width < 0 ? `${flags}-` : flags, width: Math.abs(width), precision };
  if (date !== undefined) {
    const seconds = job.left.shift();
    return {
      text: pad(
        job.time(date, seconds === undefined || seconds === '-1' ? undefined : Number(seconds)),
        layout,
      ),
      stop: false,
    };
  }
  if (kind === 'b') {
    const escaped = unescape(job.left.shift() ?? '', 'echo');
    return { text: pad(clip(escaped.text, precision), layout), stop: escaped.stop };
  }
  const text = convert(kind, job.left, layout, job);
  if (text !== undefined) return { text, stop: false };
  job.problems.push(
    kind === '' ? `\`${all}': missing format character` : `\`${kind}': invalid format character`,
  );
  return undefined;
}

function convert(kind: string, left: string[], layout: Layout, job: Job): string | undefined {
  switch (kind) {
    case 's':
      return pad(clip(left.shift() ?? '', layout.precision), layout);
    case 'c':
      return pad((left.shift() ?? '').slice(0, 1), layout);
    case 'q':
      return pad(quote(left.shift() ?? ''), layout);
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      return padNumber(whole(kind, integer(left.shift() ?? '', job), layout), layout);
    case 'e':
    case 'f':
    case 'g':
    case 'E':
    case 'F':
    case 'G':
      return padNumber(signed(real(kind, left.shift() ?? '', layout), layout), {
        ...layout,
        precision: undefined,
      });
    default:
      return undefined;
  }
}

function clip(text: string, precision: number | undefined): string {
  return precision === undefined ? text : text.slice(0, precision);
}

function pad(text: string, { flags, width }: Layout): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

function padNumber(text: string, layout: Layout): string {
  if (!layout.flags.includes('0') || layout.flags.includes('-') || layout.precision !== undefined)
    return pad(text, layout);
  const [, sign = '', digits = ''] = /^([+ -]?(?:0[xX])?)(.*)$/.exec(text) ?? [];
  return sign + digits.padStart(layout.width - sign.length, '0');
}

/** As strtoimax(3) with base 0; `'c` is the character's code. */
function integer(text: string, job: Job): number {
  const trimmed = text.trimStart();
  if (/^["']/.test(trimmed)) return trimmed.codePointAt(1) ?? 0;
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(trimmed);
  if (text !== '' && (match === null || match[0].length !== trimmed.length))
    job.problems.push(`${text}: invalid number`);
  if (match === null) return 0;
  const [, sign, digits = '0'] = match;
  const value = /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -value : value;
}

function whole(kind: string, value: number, layout: Layout): string {
  const decimal = kind === 'd' || kind === 'i';
  const number = decimal ? BigInt(value) : BigInt.asUintN(64, BigInt(value));
  const { base, prefix } = BASES[kind] ?? { base: 10, prefix: '' };
  const magnitude = (number < 0n ? -number : number).toString(base).padStart(layout.precision ?? 0, '0');
  const marked = layout.flags.includes('#') && value !== 0 ? prefix : '';
  const digits = marked + (kind === 'X' ? magnitude.toUpperCase() : magnitude);
  if (number < 0n) return `-${digits}`;
  return decimal ? signed(digits, layout) : digits;
}

const BASES: Readonly<Record<string, { readonly base: number; readonly prefix: string }>> = {
  o: { base: 8, prefix: '0' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
};

function signed(text: string, { flags }: Layout): string {
  if (text.startsWith('-')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function real(kind: string, text: string, { precision = 6 }: Layout): string {
  const value = Number(text.trim() === '' ? 0 : text);
  if (Number.isNaN(value)) return 'nan';
  const digits = Math.min(Math.max(precision, 0), 100);
  const upper = kind === kind.toUpperCase();
  const shown = realDigits(kind.toLowerCase(), value, digits);
  return upper ? shown.toUpperCase() : shown;
}

function realDigits(kind: string, value: number, digits: number): string {
  if (kind === 'f') return value.toFixed(digits);
  return kind === 'e' ? exponent(value.toExponential(digits)) : general(value, digits);
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(value: number, precision: number): string {
  const digits = Math.max(precision, 1);
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (power < -4 || power >= digits) return exponent(value.toExponential(digits - 1).replace(/\.?0+e/, 'e'));
  return String(Number(value.toPrecision(digits)));
}

/** As `printf %q` and `declare -p` quote. */
export function quote(text: string): string {
  if (text === '') return "''";
  // eslint-disable-next-line no-control-regex -- control characters need ANSI-C quoting
  if (/[\x00-\x1f\x7f]/.test(text)) {
    const inner = text
      .replace(/[\\']/g, '\\$&')
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t')
      .replaceAll('\x1b', '\\E');
    return `$'${inner}'`;
  }
  return text.replace(/[^\w@%+=:,./\u0080-\u{10ffff}-]/gu, '\\$&');
}
