/**
 * Which of YAML's styles go-yaml v2 gives a string: plain unless plain text would read as something else (YAML 1.1's
 * booleans, numbers, dates, base-60) or would break the grammar. Source: go-yaml v2 encode.go, resolve.go, emitterc.go.
 */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal';

export function scalarStyle(text: string): ScalarStyle {
  const facts = analyse(text);
  if (text.includes('\n')) return facts.blockAllowed ? 'literal' : 'double';
  if (readsAsOther(text)) return 'double';
  if (facts.plainAllowed) return 'plain';
  return facts.singleAllowed ? 'single' : 'double';
}

const WORDS = new Set(
  ['y', 'yes', 'on', 'n', 'no', 'off', 'true', 'false', 'null']
    .flatMap((word) => [word, (word[0] ?? '').toUpperCase() + word.slice(1), word.toUpperCase()])
    .concat(['', '~', '.nan', '.NaN', '.NAN'])
    .concat(['', '+', '-'].flatMap((sign) => ['.inf', '.Inf', '.INF'].map((word) => sign + word))),
);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/;
const TIME = String.raw`\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?`;
const DATE = new RegExp(`^\\d{4}-\\d{1,2}-\\d{1,2}([Tt]${TIME}(Z|[-+]\\d\\d:\\d\\d)| ${TIME})?$`);

function readsAsOther(text: string): boolean {
  if (WORDS.has(text)) return true;
  if (!/^[-+.0-9]/.test(text)) return false;
  const digits = text.replaceAll('_', '');
  return FLOAT.test(digits) || INTEGER.test(digits) || BASE_60.test(text) || DATE.test(text);
}

interface Facts {
  readonly plainAllowed: boolean;
  readonly singleAllowed: boolean;
  readonly blockAllowed: boolean;
}

const FORBIDDEN_FIRST = /^[#,[\]{}&*!|>'"%@`]|^[?:-](\s|$)|^---|^\.\.\./;
const FORBIDDEN_INSIDE = /:(\s|$)|\s#/;
// Control characters (tab included) can only be written as escapes.
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const SPECIAL = /[\x00-\x09\x0b-\x1f\x7f-\x84\x86-\x9f]|\ufeff/;

function analyse(text: string): Facts {
  const special = SPECIAL.test(text) || / \n/.test(text);
  const edges = /^[ \n]|[ \n]$/.test(text);
  const grammar = FORBIDDEN_FIRST.test(text) || FORBIDDEN_INSIDE.test(text);
  const breakThenSpace = /\n /.test(text);
  return {
    plainAllowed: !special && !edges && !grammar && !text.includes('\n'),
    singleAllowed: !special && !breakThenSpace,
    blockAllowed: !special && !text.endsWith(' '),
  };
}
