/**
 * From a keyboard's characters to keys, as xterm sends them (ctlseqs: cursor, editing and function keys, Alt as ESC prefix,
 * bracketed paste). Sequences may arrive in pieces; unknown ones are dropped whole.
 */
export type Key =
  /** Printable characters. */
  | { readonly kind: 'text'; readonly text: string }
  /** `C-a`, `M-b`, `left`, `enter`, ... */
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'paste'; readonly text: string };

export interface Decoded {
  readonly key: Key | undefined;
  /** What has not been looked at. */
  readonly rest: string;
}

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';

/** The first key of `input`; undefined when more characters must come before one is complete. */
export function decodeKey(input: string): Decoded | undefined {
  if (input === '') return undefined;
  if (input.startsWith('\x1b')) return decodeEscape(input);
  const char = String.fromCodePoint(input.codePointAt(0) ?? 0);
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f)
    return {
      key: { kind: 'key', name: CONTROL[code] ?? `C-${String.fromCharCode(code + 96)}` },
      rest: input.slice(1),
    };
  if (code >= 0x80 && code < 0xa0) return { key: undefined, rest: input.slice(1) };
  // eslint-disable-next-line no-control-regex -- a run of printable characters ends at a control character
  const text = /^[^\x00-\x1f\x7f-\x9f]+/.exec(input)?.[0] ?? char;
  return { key: { kind: 'text', text }, rest: input.slice(text.length) };
}

const CONTROL: Readonly<Record<number, string>> = {
  0: 'C-@',
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  127: 'backspace',
  28: 'C-\\',
  29: 'C-]',
  30: 'C-^',
  31: 'C-_',
};

function decodeEscape(input: string): Decoded | undefined {
  if (input.startsWith(PASTE_START)) return decodePaste(input);
  switch (input[1]) {
    case undefined:
      return undefined;
    case '[':
      return decodeControlSequence(input);
    case 'O':
      return input.length < 3 ? undefined : { key: named(APPLICATION[input[2] ?? '']), rest: input.slice(3) };
    case ']':
    case 'P':
    case '_':
    case '^':
      return decodeString(input);
    case '\x1b':
      return { key: undefined, rest: input.slice(1) };
    default:
      return decodeMeta(input);
  }
}

function decodePaste(input: string): Decoded | undefined {
  const end = input.indexOf(PASTE_END);
  if (end < 0) return undefined;
  const text = input.slice(PASTE_START.length, end).replace(/\r\n?/g, '\n');
  return { key: { kind: 'paste', text }, rest: input.slice(end + PASTE_END.length) };
}

/** Alt sends ESC before the character. */
function decodeMeta(input: string): Decoded {
  const char = String.fromCodePoint(input.codePointAt(1) ?? 0);
  const name = char === '\x7f' || char === '\b' ? 'M-backspace' : `M-${char}`;
  return { key: { kind: 'key', name }, rest: input.slice(1 + char.length) };
}

const APPLICATION: Readonly<Record<string, string>> = {
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  Z: 'S-tab',
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
};
const TILDE: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
};

function named(name: string | undefined): Key | undefined {
  return name === undefined ? undefined : { kind: 'key', name };
}

/** CSI parameters intermediates final (ECMA-48 5.4). */
function decodeControlSequence(input: string): Decoded | undefined {
  // eslint-disable-next-line no-control-regex -- control sequences begin with ESC
  const match = /^\x1b\[([0-?]*)([ -/]*)([@-~])/.exec(input);
  if (match === null) {
    // eslint-disable-next-line no-control-regex -- as above
    const partial = /^\x1b\[[0-?]*[ -/]*$/.test(input);
    return partial && input.length < 64 ? undefined : { key: undefined, rest: input.slice(2) };
  }
  const [all, parameters = '', , final = ''] = match;
  const rest = input.slice(all.length);
  const [first = '', modifier] = parameters.split(';');
  const name = final === '~' ? TILDE[first] : APPLICATION[final];
  if (name === undefined) return { key: undefined, rest };
  const bits = Number(modifier ?? '1') - 1;
  return { key: named(`${(bits & 4) === 4 ? 'C-' : (bits & 2) === 2 ? 'M-' : ''}${name}`), rest };
}

/** OSC, DCS, PM, APC up to their terminator: answers of a terminal that nobody asked for. */
function decodeString(input: string): Decoded | undefined {
  // eslint-disable-next-line no-control-regex -- BEL or ESC backslash ends such a string
  const end = /\x07|\x1b\\/.exec(input);
  if (end === null) return input.length < 4096 ? undefined : { key: undefined, rest: '' };
  return { key: undefined, rest: input.slice(end.index + end[0].length) };
}
