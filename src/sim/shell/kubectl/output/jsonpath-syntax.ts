/**
 * The grammar of kubectl's JSONPath templates: text with `{...}` actions of fields, indexes, slices, unions, filters,
 * recursive descent, quoted text, `range` and `end`. It is the dialect of k8s.io/client-go/util/jsonpath v0.35, quirks
 * included (no `&&`, quoted keys take dots only when escaped), not that of RFC 9535.
 */
import { err, ok, type Result } from '../../../../base/result.ts';

export type PathNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }
  | {
      readonly kind: 'index';
      readonly from?: number;
      readonly to?: number;
      readonly step?: number;
      readonly single: boolean;
    }
  | { readonly kind: 'union'; readonly options: readonly PathAction[] }
  | {
      readonly kind: 'filter';
      readonly left: PathAction;
      readonly operator: string;
      readonly right: PathAction;
    }
  | { readonly kind: 'value'; readonly value: number | boolean }
  | { readonly kind: 'word'; readonly word: string };

/** What stands in one pair of braces. */
export type PathAction = readonly PathNode[];

/** A template: its texts and actions in order. Errors are the real parser's sentences. */
export function parseJsonPath(template: string): Result<readonly PathAction[], string> {
  const parts: PathAction[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    const text = template.slice(at, open < 0 ? undefined : open);
    if (text !== '') parts.push([{ kind: 'text', text }]);
    if (open < 0) break;
    const reader = new ActionReader(template, open + 1);
    const complaint = reader.read();
    if (complaint !== undefined) return err(complaint);
    parts.push(reader.nodes);
    at = reader.at;
  }
  return ok(parts);
}

function parseAction(text: string): Result<PathAction, string> {
  const parsed = parseJsonPath(`{${text}}`);
  return parsed.ok ? ok(parsed.value[0] ?? []) : parsed;
}

const TERMINATOR = /[\s.,[\]${}@]/;
const COMPARISON = /^([^!<>=]+)([!<>=]+)(.+?)$/;
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;

/** Reads from just after `{` to just after its `}`; methods return the complaint, if any. */
class ActionReader {
  readonly nodes: PathNode[] = [];
  at: number;
  readonly #text: string;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  read(): string | undefined {
    for (;;) {
      if (this.#text.startsWith('}', this.at)) {
        this.at += 1;
        return undefined;
      }
      const complaint = this.#step();
      if (complaint !== undefined) return complaint;
    }
  }

  #step(): string | undefined {
    if (this.#text.startsWith('[?(', this.at)) return this.#filter();
    if (this.#text.startsWith('..', this.at)) return this.#recursive();
    const char = this.#text[this.at];
    if (char === undefined || char === '\n' || char === '\r') return 'unclosed action';
    if (' @$'.includes(char)) {
      this.at += 1;
      return undefined;
    }
    return this.#node(char);
  }

  #node(char: string): string | undefined {
    if (char === '[') return this.#array();
    if (char === '"' || char === "'") return this.#quote(char);
    if (char === '.') {
      this.at += 1;
      return this.#field();
    }
    if (/[-+\d]/.test(char)) return this.#number();
    if (/[\p{L}\p{N}_]/u.test(char)) return this.#word();
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `unrecognized character in action: U+${code} '${char}'`;
  }

  #field(): undefined {
    let name = '';
    while (this.at < this.#text.length) {
      const char = this.#text[this.at] ?? '';
      if (char === '\\') {
        name += this.#text[this.at + 1] ?? '';
        this.at += 2;
        continue;
      }
      if (TERMINATOR.test(char)) break;
      name += char;
      this.at += 1;
    }
    this.nodes.push(name === '*' ? { kind: 'wildcard' } : { kind: 'field', name });
    return undefined;
  }

  #recursive(): string | undefined {
    if (this.nodes.at(-1)?.kind === 'recursive') return 'invalid multiple recursive descent';
    this.at += 2;
    this.nodes.push({ kind: 'recursive' });
    return /[\p{L}\p{N}_]/u.test(this.#text[this.at] ?? '') ? this.#field() : undefined;
  }

  #word(): undefined {
    let word = '';
    while (this.at < this.#text.length && !TERMINATOR.test(this.#text[this.at] ?? '')) {
      word += this.#text[this.at];
      this.at += 1;
    }
    this.nodes.push(
      word === 'true' || word === 'false'
        ? { kind: 'value', value: word === 'true' }
        : { kind: 'word', word },
    );
    return undefined;
  }

  #number(): string | undefined {
    const text = /^[-+]?[\d.]*/.exec(this.#text.slice(this.at))?.[0] ?? '';
    this.at += text.length;
    if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) return `cannot parse number ${text}`;
    this.nodes.push({ kind: 'value', value: Number(text) });
    return undefined;
  }

  #quote(quote: string): string | undefined {
    const start = this.at + 1;
    for (let at = start; at < this.#text.length; at += 1) {
      const char = this.#text[at];
      if (char === '\n') break;
      if (char === quote && this.#text[at - 1] !== '\\') {
        this.nodes.push({ kind: 'text', text: unquoted(this.#text.slice(start, at)) });
        this.at = at + 1;
        return undefined;
      }
    }
    return 'unterminated quoted string';
  }

  #array(): string | undefined {
    const close = this.#text.slice(this.at).search(/[\]\n]/);
    if (close < 0 || this.#text[this.at + close] === '\n') return 'unterminated array';
    const inside = this.#text.slice(this.at + 1, this.at + close);
    this.at += close + 1;
    if (inside.includes(',')) return this.#union(inside.split(','));
    const key = /^'([^']*)'$/.exec(inside)?.[1];
    if (key !== undefined) return this.#include(parseAction(`.${key}`));
    return this.#slice(inside === '*' ? ':' : inside);
  }

  #include(action: Result<PathAction, string>): string | undefined {
    if (!action.ok) return action.error;
    this.nodes.push(...action.value);
    return undefined;
  }

  #union(texts: readonly string[]): string | undefined {
    const options: PathAction[] = [];
    for (const text of texts) {
      const option = parseAction(`[${text.trim()}]`);
      if (!option.ok) return option.error;
      options.push(option.value);
    }
    this.nodes.push({ kind: 'union', options });
    return undefined;
  }

  #slice(text: string): string | undefined {
    const match = SLICE.exec(text);
    if (!match) return `invalid array index ${text}`;
    const [, from = '', to, step] = match;
    const bounds = {
      ...(from === '' ? {} : { from: Number(from) }),
      ...(to === undefined || to === ':' ? {} : { to: Number(to.slice(1)) }),
      ...(step === undefined || step === ':' ? {} : { step: Number(step.slice(1)) }),
    };
    if (from === '-' || Number.isNaN(bounds.to) || Number.isNaN(bounds.step)) {
      return `array index ${text} is not a number`;
    }
    this.nodes.push({ kind: 'index', single: to === undefined, ...bounds });
    return undefined;
  }

  #filter(): string | undefined {
    const end = this.#filterEnd();
    if (end === undefined) return 'unterminated filter';
    const inside = this.#text.slice(this.at + 3, end);
    if (this.#text[end + 1] !== ']') return 'unclosed array expect ]';
    this.at = end + 2;
    const comparison = COMPARISON.exec(inside);
    const left = parseAction(comparison?.[1] ?? inside);
    if (!left.ok) return left.error;
    const right = parseAction(comparison?.[3] ?? '');
    if (!right.ok) return right.error;
    this.nodes.push({
      kind: 'filter',
      left: left.value,
      operator: comparison?.[2] ?? 'exists',
      right: right.value,
    });
    return undefined;
  }

  /** Where the filter's `)` stands: outside of its one quoted text. */
  #filterEnd(): number | undefined {
    let quote: string | undefined;
    let closed = false;
    for (let at = this.at + 3; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? '';
      if (char === '\n') return undefined;
      if (char === '"' || char === "'") {
        if (quote === undefined) quote = char;
        else if (char === quote && this.#text[at - 1] !== '\\') closed = true;
      }
      if (char === ')' && (quote !== undefined) === closed) return at;
    }
    return undefined;
  }
}

const ESCAPED = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, (whole, char: string) => ESCAPED.get(char) ?? whole);
}
