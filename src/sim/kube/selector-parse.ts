/**
 * The text form of label selectors: `app=web,tier in (a,b),!canary`.
 * Source: k8s.io/apimachinery pkg/labels/selector.go (Lexer, Parser, NewRequirement), Kubernetes 1.35.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { keyProblems, valueProblems } from './label-syntax.ts';
import type { Operator, Requirement } from './selector.ts';

const OPERATORS = ['=', '==', 'in', '!=', 'notin', '>', '<'] as const;
const EXPECTED_OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/** Symbols and runs of anything else; the end of the text is an empty token. */
const TOKEN = /==|!=|[=!(),<>]|[^\s=!(),<>]+/g;

const isWord = (token: string): boolean => /^[^=!(),<>]/.test(token);

/** Empty text makes no requirement. The error is the server's complaint. */
export function parseRequirements(text: string): Result<readonly Requirement[], string> {
  try {
    return ok([...new Parser(text.match(TOKEN) ?? []).requirements()]);
  } catch (error) {
    if (error instanceof Unreadable) return err(error.message);
    throw error;
  }
}

class Unreadable extends Error {}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  *requirements(): Iterable<Requirement> {
    if (this.#next() !== '' && !this.#begins())
      throw new Unreadable(`found '${this.#next()}', expected: !, identifier, or 'end of string'`);
    while (this.#next() !== '') {
      yield this.#requirement();
      const between = this.#take();
      if (between === '') return;
      if (between !== ',') throw new Unreadable(`found '${between}', expected: ',' or 'end of string'`);
      if (!this.#begins()) throw new Unreadable(`found '${this.#next()}', expected: identifier after ','`);
    }
  }

  #next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(): string {
    const token = this.#next();
    this.#at += 1;
    return token;
  }

  #begins(): boolean {
    return isWord(this.#next()) || this.#next() === '!';
  }

  #requirement(): Requirement {
    const negated = this.#next() === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (!isWord(key)) throw unreadable(`found '${key}', expected: identifier`);
    const [problem] = keyProblems(key);
    if (problem !== undefined) throw unreadable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    if (negated) return { key, operator: '!', values: [] };
    if (this.#next() === '' || this.#next() === ',') return { key, operator: 'exists', values: [] };
    return this.#comparison(key);
  }

  #comparison(key: string): Requirement {
    const found = this.#take();
    const operator = OPERATORS.find((known) => known === found);
    if (!operator) throw unreadable(`found '${found}', expected: ${EXPECTED_OPERATORS}`);
    const values = operator === 'in' || operator === 'notin' ? this.#set() : [this.#value()];
    checkValues(key, operator, values);
    return { key, operator, values };
  }

  #value(): string {
    if (this.#next() === '' || this.#next() === ',') return '';
    const value = this.#take();
    if (!isWord(value)) throw unreadable(`found '${value}', expected: identifier`);
    return value;
  }

  /** `(a,b)`; nothing between commas is the empty value. */
  #set(): readonly string[] {
    const open = this.#take();
    if (open !== '(') throw unreadable(`found '${open}' expected: '('`);
    const values = new Set<string>();
    for (let empty = true; ;) {
      const token = this.#take();
      if (isWord(token)) {
        values.add(token);
        empty = false;
        if (![',', ')'].includes(this.#next()))
          throw unreadable(`found '${this.#next()}', expected: ',' or ')'`);
      } else if (token === ',' || token === ')') {
        if (empty) values.add('');
        empty = true;
        if (token === ')') return [...values].sort();
      } else throw unreadable(`found '${token}', expected: ',', or identifier`);
    }
  }
}

const unreadable = (why: string): Unreadable => new Unreadable(`unable to parse requirement: ${why}`);

function checkValues(key: string, operator: Operator, values: readonly string[]): void {
  for (const [at, value] of values.entries()) {
    const where = `values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}`;
    if ((operator === '>' || operator === '<') && !/^-?\d+$/.test(value))
      throw unreadable(`${where}: for 'Gt', 'Lt' operators, the value must be an integer`);
    const problems = valueProblems(value);
    if (problems.length > 0) throw unreadable(`${where}: ${problems.join('; ')}`);
  }
}
