/**
 * The grammar of Go templates (text/template) as far as `-o go-template` users need it: fields, variables, pipelines,
 * if / else if, range, with, comments and trim markers. Left out: define, template, block, break, continue.
 */
import { err, ok, type Result } from '../../../../base/result.ts';

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: TemplateBody;
      readonly otherwise: TemplateBody;
    };

export type TemplateBody = readonly TemplateNode[];

export interface Pipe {
  /** `$a, $b :=`; none for a plain pipeline. */
  readonly declares: readonly string[];
  /** True for `=`, which changes a variable declared before. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: 'field'; readonly base: 'dot' | string | Pipe; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null };

class SyntaxFailure extends Error {}

export function parseTemplate(text: string): Result<TemplateBody, string> {
  try {
    const parser = new Parser(pieces(text));
    const body = parser.body(false);
    return ok(body.nodes);
  } catch (error) {
    if (error instanceof SyntaxFailure) return err(error.message);
    throw error;
  }
}

type Piece = { readonly text: string } | { readonly action: string };

function pieces(source: string): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at <= source.length) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(source.slice(open));
    found.push({ text: trimsBefore ? text.trimEnd() : text });
    if (open < 0) break;
    const close = closing(source, open + 2);
    let action = source.slice(open + 2, close);
    trimNext = /\s-$/.test(action);
    if (trimsBefore) action = action.slice(1);
    if (trimNext) action = action.slice(0, -1);
    if (!/^\s*\/\*[^]*\*\/\s*$/.test(action)) found.push({ action: action.trim() });
    at = close + 2;
  }
  return found;
}

/** Where the action's `}}` stands, outside of quotes. */
function closing(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`') quote = char;
    else if (source.startsWith('}}', at)) return at;
  }
  throw new SyntaxFailure('template: output:1: unclosed action');
}

class Parser {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(all: readonly Piece[]) {
    this.#pieces = all;
  }

  /** Nodes up to `{{end}}` or `{{else...}}` when inside a control structure. */
  body(inside: boolean): { readonly nodes: TemplateBody; readonly stop: string } {
    const nodes: TemplateNode[] = [];
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if ('text' in piece) {
        if (piece.text !== '') nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const [, word = ''] =
        /^(if|with|range|else|end|define|template|block|break|continue)\b/.exec(piece.action) ?? [];
      if (word === 'end' || word === 'else') {
        if (!inside) throw new SyntaxFailure(`template: output:1: unexpected {{${word}}}`);
        return { nodes, stop: piece.action };
      }
      nodes.push(this.#node(word, piece.action));
    }
    if (inside) throw new SyntaxFailure('template: output:1: unexpected EOF');
    return { nodes, stop: '' };
  }

  #next(): Piece | undefined {
    this.#at += 1;
    return this.#pieces[this.#at - 1];
  }

  #node(word: string, action: string): TemplateNode {
    if (word === '') return { kind: 'print', pipe: parsePipe(action) };
    if (word === 'if' || word === 'with' || word === 'range')
      return this.#control(word, action.slice(word.length));
    throw new SyntaxFailure(`template: output:1: {{${word}}} is not simulated; use if, with or range`);
  }

  #control(kind: 'if' | 'with' | 'range', condition: string): TemplateNode {
    const pipe = parsePipe(condition.trim());
    const { nodes: body, stop } = this.body(true);
    return { kind, pipe, body, otherwise: stop === 'end' ? [] : this.#otherwise(stop) };
  }

  #otherwise(stop: string): TemplateBody {
    const [, chained, condition = ''] = /^else\s+(if|with)\b(.*)$/s.exec(stop) ?? [];
    if (chained === 'if' || chained === 'with') return [this.#control(chained, condition)];
    const rest = this.body(true);
    return rest.nodes;
  }
}

const TOKEN =
  /\s+|("(?:[^"\\]|\\.)*")|(`[^`]*`)|('(?:[^'\\]|\\.)')|([-+]?\d[\w.]*)|(:=|=|\||\(|\)|,)|(\$\w*(?:\.\w+)*|\.(?:\w+(?:\.\w+)*)?|\w+)|(.)/gsu;

function parsePipe(text: string): Pipe {
  const tokens: string[] = [];
  for (const match of text.matchAll(TOKEN)) {
    if (match[7] !== undefined)
      throw new SyntaxFailure(`template: output:1: unexpected ${JSON.stringify(match[7])} in command`);
    if (match[0].trim() !== '') tokens.push(match[0]);
    else tokens.push(' ');
  }
  return new PipeReader(tokens.filter((token) => token !== ' ')).pipe();
}

class PipeReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  pipe(inner = false): Pipe {
    const { declares, assigns } = this.#declaration();
    const commands: Operand[][] = [[]];
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token === ')') {
        if (inner) return finished(declares, assigns, commands);
        throw new SyntaxFailure('template: output:1: unexpected right paren');
      }
      if (token === '|') commands.push([]);
      else commands.at(-1)?.push(this.#operand(token));
    }
    if (inner) throw new SyntaxFailure('template: output:1: unclosed left paren');
    return finished(declares, assigns, commands);
  }

  #take(): string | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1];
  }

  #declaration(): { readonly declares: readonly string[]; readonly assigns: boolean } {
    const [first, second, third, fourth] = this.#tokens.slice(this.#at, this.#at + 4);
    const isVariable = (token: string | undefined): token is string =>
      token !== undefined && /^\$\w*$/.test(token);
    if (isVariable(first) && (second === ':=' || second === '=')) {
      this.#at += 2;
      return { declares: [first], assigns: second === '=' };
    }
    if (isVariable(first) && second === ',' && isVariable(third) && (fourth === ':=' || fourth === '=')) {
      this.#at += 4;
      return { declares: [first, third], assigns: fourth === '=' };
    }
    return { declares: [], assigns: false };
  }

  #operand(token: string): Operand {
    if (token === '(') return this.#parenthesised();
    if (token.startsWith('.')) return { kind: 'field', base: 'dot', path: names(token) };
    if (token.startsWith('$')) {
      const [base = '$', ...path] = token.split('.');
      return { kind: 'field', base, path };
    }
    if (/^["`']/.test(token)) return { kind: 'constant', value: stringConstant(token) };
    if (/^[-+]?\d/.test(token)) return { kind: 'constant', value: Number(token) };
    if (token === 'true' || token === 'false') return { kind: 'constant', value: token === 'true' };
    if (token === 'nil') return { kind: 'constant', value: null };
    return { kind: 'function', name: token };
  }

  #parenthesised(): Operand {
    const base = this.pipe(true);
    const next = this.#tokens[this.#at];
    if (next === undefined || !/^\.\w/.test(next)) return { kind: 'field', base, path: [] };
    this.#at += 1;
    return { kind: 'field', base, path: names(next) };
  }
}

function finished(declares: readonly string[], assigns: boolean, commands: readonly Command[]): Pipe {
  if (commands.some((command) => command.length === 0)) {
    throw new SyntaxFailure('template: output:1: missing value for command');
  }
  return { declares, assigns, commands };
}

const names = (token: string): readonly string[] => token.split('.').filter((name) => name !== '');

function stringConstant(token: string): string | number {
  const inside = token.slice(1, -1);
  if (token.startsWith('`')) return inside;
  const text = inside.replace(/\\(.)/g, (_, char: string) => ({ n: '\n', t: '\t', r: '\r' })[char] ?? char);
  return token.startsWith("'") ? (text.codePointAt(0) ?? 0) : text;
}
