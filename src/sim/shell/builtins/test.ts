/** The expressions of `test` and `[`: POSIX decides by the number of arguments, longer ones by precedence, as bash does. */
import { binaryTest, isNumericOperator, numericTest, unaryTest } from '../interpreter/conditional.ts';
import type { Scope } from '../interpreter/scope.ts';

interface Problem {
  readonly message: string;
}

type Judged = boolean | Problem;

export function evaluateArguments(args: readonly string[], scope: Scope): Judged {
  const [first = '', second = '', third = '', fourth = ''] = args;
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return first !== '';
    case 2:
      return two(first, second, scope);
    case 3:
      return three([first, second, third], scope);
    case 4:
      if (first === '!') return negate(evaluateArguments(args.slice(1), scope));
      if (first === '(' && fourth === ')') return evaluateArguments([second, third], scope);
      return new LongTest(args, scope).run();
    default:
      return new LongTest(args, scope).run();
  }
}

function negate(judged: Judged): Judged {
  return typeof judged === 'boolean' ? !judged : judged;
}

function two(first: string, second: string, scope: Scope): Judged {
  if (first === '!') return second === '';
  return unaryTest(first, second, scope) ?? { message: `${first}: unary operator expected` };
}

function three(args: readonly [string, string, string], scope: Scope): Judged {
  const [first, second, third] = args;
  const binary = compare(first, second, third, scope);
  if (binary !== undefined) return binary;
  if (second === '-a' || second === '-o') {
    return second === '-a' ? first !== '' && third !== '' : first !== '' || third !== '';
  }
  if (first === '!') return negate(two(second, third, scope));
  if (first === '(' && third === ')') return second !== '';
  return { message: `${second}: binary operator expected` };
}

function compare(left: string, operator: string, right: string, scope: Scope): Judged | undefined {
  if (!isNumericOperator(operator)) return binaryTest(left, operator, right, scope);
  for (const side of [left, right]) {
    if (!/^\s*[-+]?\d+\s*$/.test(side)) return { message: `${side}: integer expression expected` };
  }
  return numericTest(operator, BigInt(left.trim().replace('+', '')), BigInt(right.trim().replace('+', '')));
}

const TOO_MANY: Problem = { message: 'too many arguments' };

/** `-o` binds weakest, then `-a`, then `!`. */
class LongTest {
  readonly #args: readonly string[];
  readonly #scope: Scope;
  #at = 0;
  #problem: Problem | undefined;

  constructor(args: readonly string[], scope: Scope) {
    this.#args = args;
    this.#scope = scope;
  }

  run(): Judged {
    const judged = this.#or();
    if (this.#problem === undefined && this.#at < this.#args.length) return TOO_MANY;
    return this.#problem ?? judged;
  }

  #or(): boolean {
    let judged = this.#and();
    while (this.#accept('-o')) judged = this.#and() || judged;
    return judged;
  }

  #and(): boolean {
    let judged = this.#primary();
    while (this.#accept('-a')) judged = this.#primary() && judged;
    return judged;
  }

  #primary(): boolean {
    if (this.#problem !== undefined) return false;
    if (this.#accept('!')) return !this.#primary();
    if (this.#args[this.#at] === '(') return this.#group();
    const [left = '', operator, right] = this.#args.slice(this.#at, this.#at + 3);
    const binary =
      operator === undefined || right === undefined ? undefined : compare(left, operator, right, this.#scope);
    if (binary !== undefined) return this.#take(3, binary);
    const unary = operator === undefined ? undefined : unaryTest(left, operator, this.#scope);
    if (unary !== undefined) return this.#take(2, unary);
    return this.#take(1, left !== '');
  }

  #group(): boolean {
    this.#at += 1;
    const judged = this.#or();
    if (!this.#accept(')')) this.#problem ??= { message: "`)' expected" };
    return judged;
  }

  #take(count: number, judged: Judged): boolean {
    this.#at += count;
    if (typeof judged === 'boolean') return judged;
    this.#problem ??= judged;
    return false;
  }

  #accept(text: string): boolean {
    if (this.#args[this.#at] !== text) return false;
    this.#at += 1;
    return true;
  }
}
