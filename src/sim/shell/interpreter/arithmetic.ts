/**
 * Arithmetic evaluation (bash(1), "ARITHMETIC EVALUATION"): 64-bit integers, C's operators, assignments, variables whose
 * values are expressions themselves. Works on text after parameter expansion, as bash does.
 */
export interface ArithmeticScope {
  /** The value of `name` or `name[index]`; undefined when unset. */
  get(name: string, index: string | undefined): string | undefined;
  /** Returns an error text when the variable is read-only. */
  set(name: string, index: string | undefined, value: string): void;
}

/** Its message is bash's, without the shell's name. */
export class ArithmeticError extends Error {}

const BINARY: Readonly<Record<string, number>> = {
  '||': 3, '&&': 4, '|': 5, '^': 6, '&': 7, '==': 8, '!=': 8, '<': 9, '>': 9, '<=': 9, '>=': 9,
  '<<': 10, '>>': 10, '+': 11, '-': 11, '*': 12, '/': 12, '%': 12, '**': 13,
}; // prettier-ignore
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '<<=', '>>=', '&=', '^=', '|=']);
const MAX_DEPTH = 64;

interface Token {
  readonly kind: 'number' | 'name' | 'operator';
  readonly text: string;
  readonly at: number;
}

type Reference = { readonly name: string; readonly index: string | undefined };

export function evaluate(expression: string, scope: ArithmeticScope, depth = 0): bigint {
  if (depth > MAX_DEPTH)
    throw new ArithmeticError(
      `${expression}: expression recursion level exceeded (error token is "${expression}")`,
    );
  const evaluator = new Evaluator(expression, scope, depth);
  return evaluator.run();
}

class Evaluator {
  readonly #source: string;
  readonly #scope: ArithmeticScope;
  readonly #depth: number;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Above zero inside a branch that is not taken: nothing is assigned or divided there. */
  #skipping = 0;

  constructor(source: string, scope: ArithmeticScope, depth: number) {
    this.#source = source;
    this.#scope = scope;
    this.#depth = depth;
    this.#tokens = tokenize(source);
  }

  run(): bigint {
    if (this.#tokens.length === 0) return 0n;
    const value = this.#comma();
    const extra = this.#peek();
    if (extra !== undefined)
      throw this.#error(
        extra.kind === 'operator' ? 'syntax error: operand expected' : 'syntax error in expression',
        extra,
      );
    return value;
  }

  #comma(): bigint {
    let value = this.#assignment();
    while (this.#accept(',')) value = this.#assignment();
    return value;
  }

  #assignment(): bigint {
    const start = this.#at;
    const target = this.#reference();
    const operator = this.#peek();
    if (target === undefined || operator === undefined || !ASSIGNMENTS.has(operator.text)) {
      this.#at = start;
      return this.#ternary();
    }
    this.#at += 1;
    const operand = this.#peek();
    const right = this.#assignment();
    const value = operator.text === '=' ? right : this.#apply(operator, [this.#load(target), right], operand);
    return this.#store(target, value);
  }

  #ternary(): bigint {
    const test = this.#binary(3);
    if (!this.#accept('?')) return test;
    const yes = this.#unless(test === 0n, () => this.#comma());
    this.#expect(':');
    const no = this.#unless(test !== 0n, () => this.#assignment());
    return test === 0n ? no : yes;
  }

  #unless(skip: boolean, evaluateIt: () => bigint): bigint {
    this.#skipping += skip ? 1 : 0;
    const value = evaluateIt();
    this.#skipping -= skip ? 1 : 0;
    return value;
  }

  #binary(least: number): bigint {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      const power = operator?.kind === 'operator' ? BINARY[operator.text] : undefined;
      if (operator === undefined || power === undefined || power < least) return left;
      this.#at += 1;
      left = this.#operate(operator, left, operator.text === '**' ? power : power + 1);
    }
  }

  #operate(operator: Token, left: bigint, next: number): bigint {
    const operand = this.#peek();
    if (operator.text !== '&&' && operator.text !== '||') {
      return this.#apply(operator, [left, this.#binary(next)], operand);
    }
    const decided = (left !== 0n) === (operator.text === '||');
    const right = this.#unless(decided, () => this.#binary(next));
    return truth(decided ? left !== 0n : right !== 0n);
  }

  #apply(operator: Token, [left, right]: readonly [bigint, bigint], operand: Token | undefined): bigint {
    const name = ASSIGNMENTS.has(operator.text) ? operator.text.slice(0, -1) : operator.text;
    if ((name === '/' || name === '%') && right === 0n) {
      if (this.#skipping > 0) return 0n;
      throw this.#error('division by 0', operand);
    }
    if (name === '**') return this.#power(left, right);
    return BigInt.asIntN(64, OPERATIONS[name]?.(left, right) ?? 0n);
  }

  #power(base: bigint, exponent: bigint): bigint {
    if (exponent < 0n) throw this.#error('exponent less than 0', this.#tokens[this.#at - 1]);
    let result = 1n;
    for (
      let bits = exponent, square = base;
      bits > 0n;
      bits >>= 1n, square = BigInt.asIntN(64, square * square)
    ) {
      if ((bits & 1n) === 1n) result = BigInt.asIntN(64, result * square);
    }
    return result;
  }

  #unary(): bigint {
    const token = this.#peek();
    if (token?.kind !== 'operator') return this.#postfix();
    switch (token.text) {
      case '!':
        this.#at += 1;
        return this.#unary() === 0n ? 1n : 0n;
      case '~':
        this.#at += 1;
        return ~this.#unary();
      case '+':
      case '-':
        this.#at += 1;
        return token.text === '-' ? BigInt.asIntN(64, -this.#unary()) : this.#unary();
      case '++':
      case '--':
        return this.#prefixStep(token);
      default:
        return this.#postfix();
    }
  }

  #prefixStep(token: Token): bigint {
    this.#at += 1;
    const target = this.#reference();
    const sign = token.text === '++' ? 1n : -1n;
    if (target !== undefined) return this.#store(target, this.#load(target) + sign);
    const value = this.#unary();
    return value;
  }

  #postfix(): bigint {
    const target = this.#reference();
    if (target === undefined) return this.#primary();
    const value = this.#load(target);
    if (this.#accept('++')) this.#store(target, value + 1n);
    else if (this.#accept('--')) this.#store(target, value - 1n);
    return value;
  }

  #primary(): bigint {
    const token = this.#peek();
    if (token === undefined) throw this.#error('syntax error: operand expected', this.#tokens[this.#at - 1]);
    if (this.#accept('(')) {
      const value = this.#comma();
      this.#expect(')');
      return value;
    }
    if (token.kind !== 'number') throw this.#error('syntax error: operand expected', token);
    this.#at += 1;
    return this.#number(token);
  }

  #number(token: Token): bigint {
    const { text } = token;
    const based = /^(\d+)#(.+)$/.exec(text);
    if (based !== null) return this.#based(token, Number(based[1]), based[2] ?? '');
    if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt.asIntN(64, BigInt(text));
    if (/^0[0-7]*$/.test(text)) return BigInt.asIntN(64, BigInt(`0o${text}`));
    if (/^[1-9][0-9]*$/.test(text)) return BigInt.asIntN(64, BigInt(text));
    throw new ArithmeticError(`${text}: value too great for base (error token is "${text}")`);
  }

  #based(token: Token, base: number, digits: string): bigint {
    const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_';
    if (base < 2 || base > 64) throw this.#error('invalid arithmetic base', token);
    let value = 0n;
    for (const digit of base <= 36 ? digits.toLowerCase() : digits) {
      const worth = alphabet.indexOf(digit);
      if (worth < 0 || worth >= base) {
        throw new ArithmeticError(`${token.text}: value too great for base (error token is "${token.text}")`);
      }
      value = BigInt.asIntN(64, value * BigInt(base) + BigInt(worth));
    }
    return value;
  }

  /** A name with an optional subscript; moves on only when there is one. */
  #reference(): Reference | undefined {
    const token = this.#peek();
    if (token?.kind !== 'name') return undefined;
    this.#at += 1;
    const [, name = '', index] = /^([^[]+)(?:\[(.*)\])?$/.exec(token.text) ?? [];
    return { name, index };
  }

  #load({ name, index }: Reference): bigint {
    const text = this.#scope.get(name, index);
    if (text === undefined || text.trim() === '') return 0n;
    if (/^-?[1-9]\d{0,17}$/.test(text)) return BigInt(text);
    return evaluate(text, this.#scope, this.#depth + 1);
  }

  #store({ name, index }: Reference, value: bigint): bigint {
    const wrapped = BigInt.asIntN(64, value);
    if (this.#skipping === 0) this.#scope.set(name, index, String(wrapped));
    return wrapped;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #accept(text: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'operator' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (this.#accept(text)) return;
    const what = text === ')' ? "missing `)'" : "`:' expected for conditional expression";
    throw this.#error(what, this.#peek() ?? this.#tokens.at(-1));
  }

  #error(what: string, token: Token | undefined): ArithmeticError {
    const rest = token === undefined ? '' : this.#source.slice(token.at).trimStart();
    return new ArithmeticError(`${this.#source.trimStart()}: ${what} (error token is "${rest}")`);
  }
}

const truth = (value: boolean): bigint => (value ? 1n : 0n);

const OPERATIONS: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '<<': (left, right) => left << (right & 63n),
  '>>': (left, right) => left >> (right & 63n),
  '&': (left, right) => left & right,
  '^': (left, right) => left ^ right,
  '|': (left, right) => left | right,
  '==': (left, right) => truth(left === right),
  '!=': (left, right) => truth(left !== right),
  '<': (left, right) => truth(left < right),
  '>': (left, right) => truth(left > right),
  '<=': (left, right) => truth(left <= right),
  '>=': (left, right) => truth(left >= right),
};

const TOKEN =
  /\s*(?:(\d[0-9a-zA-Z]*(?:#[0-9a-zA-Z@_]+)?)|([a-zA-Z_]\w*(?:\[[^\]]*\])?)|(<<=|>>=|\*\*|\+\+|--|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&^|]=|[-+*/%&^|<>=!~?:,()]))/y;

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) {
      const rest = source.slice(at).trimStart();
      throw new ArithmeticError(
        `${source.trimStart()}: syntax error: operand expected (error token is "${rest}")`,
      );
    }
    const [all, number, name, operator] = match;
    const text = number ?? name ?? operator ?? '';
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'operator';
    tokens.push({ kind, text, at: at + all.length - text.length });
    at += all.length;
  }
  return tokens;
}
