/**
 * Calico's selector language: parse, evaluate, the canonical spelling and the id that follows from it. Pools, BGP peers and
 * policies choose nodes, namespaces and pods with it.
 * Source: libcalico-go/lib/selector/{tokenizer,parser}, Calico v3.32.1.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { uniqueId } from './names.ts';
import { spellToken, tokenize, type Token, type TokenKind } from './selector-tokens.ts';

export type Labels = Readonly<Record<string, string>>;

export type SelectorNode =
  | { readonly kind: 'all' }
  | { readonly kind: 'global' }
  | { readonly kind: 'has'; readonly label: string }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly label: string;
      readonly value: string;
    }
  | { readonly kind: 'set'; readonly in: boolean; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly of: SelectorNode }
  | { readonly kind: 'and' | 'or'; readonly of: readonly SelectorNode[] };

export type Comparison = '==' | '!=' | 'contains' | 'starts with' | 'ends with';

const COMPARISONS: Partial<Record<TokenKind, Comparison>> = {
  '==': '==',
  '!=': '!=',
  contains: 'contains',
  'starts with': 'starts with',
  'ends with': 'ends with',
};

class SyntaxProblem extends Error {}

function fail(message: string): never {
  throw new SyntaxProblem(message);
}

/** An empty selector is `all()`. The error is the text Calico reports. */
export function parseSelector(text: string): Result<SelectorNode, string> {
  const tokens = tokenize(text);
  if (!tokens.ok) return tokens;
  const parser = new Parser(tokens.value);
  if (parser.peek(0).kind === 'eof') return ok({ kind: 'all' });
  try {
    const root = parser.or();
    const rest = parser.rest();
    return rest.length === 1
      ? ok(root)
      : err(`unexpected content at end of selector [${rest.map(spellToken).join(' ')}]`);
  } catch (problem) {
    if (problem instanceof SyntaxProblem) return err(problem.message);
    throw problem;
  }
}

const KNOWN_LIMIT = 4000;
const known = new Map<string, Result<SelectorNode, string>>();

/** As `parseSelector`, remembering what was parsed. */
export function knownSelector(text: string): Result<SelectorNode, string> {
  const before = known.get(text);
  if (before) return before;
  const parsed = parseSelector(text);
  if (known.size >= KNOWN_LIMIT) known.clear();
  known.set(text, parsed);
  return parsed;
}

/** Whether `labels` satisfy the selector; `undefined` when the text is malformed. */
export function selects(text: string, labels: Labels): boolean | undefined {
  const parsed = knownSelector(text);
  return parsed.ok ? evaluate(parsed.value, labels) : undefined;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead: number): Token {
    return (
      this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] ??
      fail('unexpected end of string looking for op')
    );
  }

  rest(): readonly Token[] {
    return this.#tokens.slice(this.#at);
  }

  or(): SelectorNode {
    return this.#joined('or', '||', () => this.#joined('and', '&&', () => this.#operation()));
  }

  #joined(kind: 'and' | 'or', token: TokenKind, term: () => SelectorNode): SelectorNode {
    const first = term();
    const of = [first];
    while (this.peek(0).kind === token) {
      this.#at += 1;
      of.push(term());
    }
    return of.length === 1 ? first : { kind, of };
  }

  #operation(): SelectorNode {
    let negated = false;
    while (this.peek(0).kind === '!') {
      negated = !negated;
      this.#at += 1;
    }
    const node = this.#positive();
    return negated ? { kind: 'not', of: node } : node;
  }

  #positive(): SelectorNode {
    const token = this.peek(0);
    switch (token.kind) {
      case 'has':
        this.#at += 1;
        return { kind: 'has', label: token.value };
      case 'all':
      case 'global':
        this.#at += 1;
        return { kind: token.kind };
      case 'label':
        return this.#comparison(token.value);
      case '(': {
        this.#at += 1;
        const inner = this.or();
        if (this.peek(0).kind !== ')') fail('expected )');
        this.#at += 1;
        return inner;
      }
      default:
        return fail(`unexpected token: ${spellToken(token)}`);
    }
  }

  #comparison(label: string): SelectorNode {
    if (this.#tokens.length - this.#at < 3) fail('unexpected end of string looking for op');
    const token = this.peek(1);
    const operator = COMPARISONS[token.kind];
    const operand = this.peek(2);
    if (operator) {
      if (operand.kind !== 'string') fail('expected string');
      this.#at += 3;
      return { kind: 'compare', operator, label, value: operand.value };
    }
    if (token.kind !== 'in' && token.kind !== 'not in') fail(`expected == or != not: ${spellToken(token)}`);
    if (operand.kind !== '{') fail('expected set literal');
    this.#at += 3;
    return { kind: 'set', in: token.kind === 'in', label, values: this.#values() };
  }

  #values(): readonly string[] {
    const values = new Set<string>();
    for (let more = true; more && this.peek(0).kind === 'string';) {
      values.add(this.peek(0).value);
      this.#at += 1;
      more = this.peek(0).kind === ',';
      if (more) this.#at += 1;
    }
    if (this.peek(0).kind !== '}') fail('expected }');
    this.#at += 1;
    return [...values].sort();
  }
}

const valueOf = (labels: Labels, label: string): string | undefined =>
  Object.hasOwn(labels, label) ? labels[label] : undefined;

/** A missing label satisfies only `!=` and `not in`; `all()` and `global()` are always true. */
export function evaluate(node: SelectorNode, labels: Labels): boolean {
  switch (node.kind) {
    case 'all':
    case 'global':
      return true;
    case 'has':
      return Object.hasOwn(labels, node.label);
    case 'compare':
      return compare(node.operator, valueOf(labels, node.label), node.value);
    case 'set': {
      const value = valueOf(labels, node.label);
      const among = value !== undefined && node.values.includes(value);
      return among === node.in;
    }
    case 'not':
      return !evaluate(node.of, labels);
    case 'and':
      return node.of.every((term) => evaluate(term, labels));
    case 'or':
      return node.of.some((term) => evaluate(term, labels));
  }
}

function compare(operator: Comparison, actual: string | undefined, value: string): boolean {
  switch (operator) {
    case '==':
      return actual === value;
    case '!=':
      return actual !== value;
    case 'contains':
      return actual?.includes(value) ?? false;
    case 'starts with':
      return actual?.startsWith(value) ?? false;
    case 'ends with':
      return actual?.endsWith(value) ?? false;
  }
}

/** The canonical spelling: double quotes unless the value holds one, sorted sets, parentheses around `&&` and `||`. */
export function canonicalSelector(node: SelectorNode): string {
  switch (node.kind) {
    case 'all':
    case 'global':
      return `${node.kind}()`;
    case 'has':
      return `has(${node.label})`;
    case 'compare':
      return `${node.label} ${node.operator} ${quoted(node.value)}`;
    case 'set':
      return `${node.label} ${node.in ? 'in' : 'not in'} {${node.values.map(quoted).join(', ')}}`;
    case 'not':
      return `!${canonicalSelector(node.of)}`;
    case 'and':
    case 'or':
      return `(${node.of.map(canonicalSelector).join(node.kind === 'and' ? ' && ' : ' || ')})`;
  }
}

const quoted = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);

/** `s:` and a hash of the canonical spelling: the id of the IP set that holds what the selector chooses. */
export const selectorId = (node: SelectorNode): string => uniqueId('s', canonicalSelector(node));

/** The same selector about labels whose names begin with `prefix`. */
export function prefixLabels(node: SelectorNode, prefix: string): SelectorNode {
  switch (node.kind) {
    case 'all':
    case 'global':
      return node;
    case 'has':
    case 'compare':
    case 'set':
      return { ...node, label: `${prefix}${node.label}` };
    case 'not':
      return { kind: 'not', of: prefixLabels(node.of, prefix) };
    case 'and':
    case 'or':
      return { kind: node.kind, of: node.of.map((term) => prefixLabels(term, prefix)) };
  }
}
