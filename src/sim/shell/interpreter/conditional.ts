/** Conditions: the operators that `test` and `[[ ]]` share, and the evaluation of `[[ ]]` (bash(1), "CONDITIONAL EXPRESSIONS"). */
import type { TestExpression, Word } from 'unbash';
import { expandArithmetic, expandPattern, expandRegexp, expandText } from './expand.ts';
import { expansionOf } from './expansion.ts';
import { lookUp, ShellError } from './parameter.ts';
import { resolvePath } from './paths.ts';
import { matches } from './pattern.ts';
import { complain, type Scope } from './scope.ts';

/** Undefined for operators that do not exist. */
export function unaryTest(operator: string, operand: string, scope: Scope): boolean | undefined {
  switch (operator) {
    case '-z':
      return operand === '';
    case '-n':
      return operand !== '';
    case '-v': {
      const [, name = operand, index] = /^(\w+)\[(.*)\]$/.exec(operand) ?? [];
      return lookUp(scope.state, name, index).items !== undefined;
    }
    case '-o':
      return OPTION_FLAGS.has(operand) && Reflect.get(scope.state.options, operand) === true;
    case '-t':
      return scope.fds.get(Number(operand))?.terminal !== undefined;
    default:
      return fileTest(operator, operand, scope);
  }
}

const OPTION_FLAGS = new Set(['errexit', 'nounset', 'xtrace', 'noglob', 'pipefail']);
const NEVER = new Set(['-h', '-L', '-b', '-c', '-p', '-S', '-g', '-k', '-u']);

function fileTest(operator: string, operand: string, { host, state }: Scope): boolean | undefined {
  const stat = operand === '' ? undefined : host.files.stat(resolvePath(state.cwd, operand));
  if (NEVER.has(operator)) return false;
  switch (operator) {
    case '-e':
    case '-a':
    case '-r':
    case '-O':
    case '-G':
      return stat !== undefined;
    case '-f':
      return stat?.type === 'file';
    case '-d':
      return stat?.type === 'directory';
    case '-s':
      return stat !== undefined && (stat.type === 'directory' || stat.size > 0);
    case '-w':
      return stat !== undefined && !host.files.isReadOnly;
    case '-x':
      return stat?.type === 'directory' || host.commandNames().some((name) => host.pathOf(name) === operand);
    default:
      return undefined;
  }
}

const ORDER: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
};

export function isNumericOperator(operator: string): boolean {
  return Object.hasOwn(ORDER, operator);
}

export function numericTest(operator: string, left: bigint, right: bigint): boolean {
  return ORDER[operator]?.(left, right) ?? false;
}

/** Comparisons of text and of files' ages; undefined for operators that do not exist. */
export function binaryTest(
  left: string,
  operator: string,
  right: string,
  { host, state }: Scope,
): boolean | undefined {
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '-nt':
    case '-ot': {
      const age = (path: string): number => host.files.stat(resolvePath(state.cwd, path))?.modified ?? -1;
      return operator === '-nt' ? age(left) > age(right) : age(left) < age(right);
    }
    case '-ef':
      return (
        host.files.stat(resolvePath(state.cwd, left)) !== undefined &&
        resolvePath(state.cwd, left) === resolvePath(state.cwd, right)
      );
    default:
      return undefined;
  }
}

/** The status of `[[ expression ]]`: 0, 1, or 2 for an expression that cannot be judged. */
export async function evaluateTest(expression: TestExpression, scope: Scope): Promise<number> {
  try {
    return (await judge(expression, scope)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, `[[: ${error.message}`);
    return 1;
  }
}

async function judge(node: TestExpression, scope: Scope): Promise<boolean> {
  switch (node.type) {
    case 'TestUnary':
      return unaryTest(node.operator, await expandText(node.operand, expansionOf(scope)), scope) ?? false;
    case 'TestBinary':
      return judgeBinary(node.operator, [node.left, node.right], scope);
    case 'TestLogical': {
      for (const operand of node.operands) {
        if ((await judge(operand, scope)) !== (node.operator === '&&')) return node.operator === '||';
      }
      return node.operator === '&&';
    }
    case 'TestNot':
      return (await judge(node.operand, scope)) !== (node.negations.length % 2 === 1);
    case 'TestGroup':
      return judge(node.expression, scope);
  }
}

async function judgeBinary(
  operator: string,
  [left, right]: readonly [Word, Word],
  scope: Scope,
): Promise<boolean> {
  const on = expansionOf(scope);
  const text = await expandText(left, on);
  if (isNumericOperator(operator)) {
    return numericTest(
      operator,
      await expandArithmetic(text, on),
      await expandArithmetic(await expandText(right, on), on),
    );
  }
  if (operator === '=~') return matchRegexp(text, await expandRegexp(right, on), scope);
  if (operator === '==' || operator === '=' || operator === '!=') {
    return matches(await expandPattern(right, on), text) === (operator !== '!=');
  }
  return binaryTest(text, operator, await expandText(right, on), scope) ?? false;
}

/** POSIX extended expressions are near enough to JavaScript's once the classes are spelt out. */
function matchRegexp(text: string, source: string, { state }: Scope): boolean {
  const classes: Readonly<Record<string, string>> = {
    alnum: 'A-Za-z0-9', alpha: 'A-Za-z', blank: ' \\t', digit: '0-9', lower: 'a-z', space: '\\s', upper: 'A-Z', xdigit: '0-9A-Fa-f', punct: '!-\\/:-@\\[-`{-~',
  }; // prettier-ignore
  const spelt = source.replace(/\[:([a-z]+):\]/g, (all, name: string) => classes[name] ?? all);
  const expression = compileRegexp(spelt);
  const found = expression?.exec(text);
  if (!found) {
    state.variables.set('BASH_REMATCH', { kind: 'indexed', items: new Map() });
    return false;
  }
  state.variables.set('BASH_REMATCH', {
    kind: 'indexed',
    items: new Map([...found].map((group, at) => [at, group ?? ''])),
  });
  return true;
}

function compileRegexp(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}
