/** The words of Calico's selector language. Source: libcalico-go/lib/selector/tokenizer, Calico v3.32.1. */
import { err, ok, type Result } from '../../../base/result.ts';

export type TokenKind =
  | '(' | ')' | '{' | '}' | ',' | '==' | '!=' | '!' | '&&' | '||' | 'string' | 'label' | 'has' | 'all' | 'global'
  | 'contains' | 'starts with' | 'ends with' | 'in' | 'not in' | 'eof'; // prettier-ignore

export interface Token {
  readonly kind: TokenKind;
  /** The text of a string, label or `has()`; empty for the rest. */
  readonly value: string;
}

const LABEL_LIMIT = 512;
const IDENTIFIER = /^[A-Za-z0-9_./-]+/;
const DOUBLES = ['==', '&&', '||'] as const;
const PUNCTUATION = ['(', ')', '{', '}', ','] as const;

/** Words that may follow a label, longest spelling first; the last word must end at a word boundary. */
const OPERATORS: readonly (readonly [TokenKind, RegExp])[] = [
  ['contains', /^contains/],
  ['starts with', /^starts[ \t]*with[ \t]*/],
  ['ends with', /^ends[ \t]*with[ \t]*/],
  ['not in', /^not[ \t]*in[ \t]*/],
  ['in', /^in/],
];

type Step = Result<{ readonly token: Token; readonly rest: string }, string>;

const cut = (kind: TokenKind, rest: string, value = ''): Step => ok({ token: { kind, value }, rest });

/** Ends with an `eof` token. */
export function tokenize(text: string): Result<readonly Token[], string> {
  const tokens: Token[] = [];
  for (let input = skipBlanks(text); input !== '';) {
    const step = nextToken(input, tokens.at(-1));
    if (!step.ok) return step;
    tokens.push(step.value.token);
    input = skipBlanks(step.value.rest);
  }
  return ok([...tokens, { kind: 'eof', value: '' }]);
}

const skipBlanks = (text: string): string => text.replace(/^[ \t]+/, '');

function nextToken(input: string, last: Token | undefined): Step {
  const first = input[0] ?? '';
  const mark = PUNCTUATION.find((candidate) => candidate === first);
  if (mark) return cut(mark, input.slice(1));
  if (first === '"' || first === "'") return quoted(input, first);
  if (first === '!') return input.startsWith('!=') ? cut('!=', input.slice(2)) : cut('!', input.slice(1));
  const double = DOUBLES.find((candidate) => candidate.startsWith(first));
  if (double) return input.startsWith(double) ? cut(double, input.slice(2)) : err(`expected ${double}`);
  return last?.kind === 'label' ? operator(input, last.value) : word(input);
}

function quoted(input: string, quote: string): Step {
  const end = input.indexOf(quote, 1);
  return end < 0 ? err('unterminated string') : cut('string', input.slice(end + 1), input.slice(1, end));
}

function operator(input: string, label: string): Step {
  for (const [kind, pattern] of OPERATORS) {
    const match = pattern.exec(input);
    const rest = input.slice(match?.[0].length ?? 0);
    if (match && !IDENTIFIER.test(rest)) return cut(kind, rest);
  }
  return err(`expected operator after label ${JSON.stringify(label)}`);
}

function word(input: string): Step {
  if (input.startsWith('has(')) {
    const label = identifier(skipBlanks(input.slice(4)));
    if (!label.ok) return label;
    const rest = skipBlanks(label.value.rest);
    return rest.startsWith(')')
      ? cut('has', rest.slice(1), label.value.token.value)
      : err("no closing ')' after has(");
  }
  for (const kind of ['all', 'global'] as const) {
    if (input.startsWith(`${kind}(`)) {
      const rest = skipBlanks(input.slice(kind.length + 1));
      return rest.startsWith(')') ? cut(kind, rest.slice(1)) : err(`no closing ')' after ${kind}(`);
    }
  }
  return identifier(input);
}

function identifier(input: string): Step {
  const label = IDENTIFIER.exec(input)?.[0] ?? '';
  if (label === '') return err('expected identifier');
  if (label.length > LABEL_LIMIT) return err(`label too long: ${label}`);
  return cut('label', input.slice(label.length), label);
}

/** Names of the kinds as Go's stringer prints them. */
const KIND_NAME: Readonly<Record<TokenKind, string>> = {
  '(': 'TokLParen',
  ')': 'TokRParen',
  '{': 'TokLBrace',
  '}': 'TokRBrace',
  ',': 'TokComma',
  '==': 'TokEq',
  '!=': 'TokNe',
  '!': 'TokNot',
  '&&': 'TokAnd',
  '||': 'TokOr',
  string: 'TokStringLiteral',
  label: 'TokLabel',
  has: 'TokHas',
  all: 'TokAll',
  global: 'TokGlobal',
  contains: 'TokContains',
  'starts with': 'TokStartsWith',
  'ends with': 'TokEndsWith',
  in: 'TokIn',
  'not in': 'TokNotIn',
  eof: 'TokEOF',
};

/** `TokLabel(rack)` */
export const spellToken = ({ kind, value }: Token): string => `${KIND_NAME[kind]}(${value})`;
