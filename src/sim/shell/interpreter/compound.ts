/** Compound commands: groups, conditions, loops, `case`, functions. Left out: `select` and `coproc`. */
import type {
  ArithmeticExpression,
  ArithmeticFor,
  Case,
  CompoundCommand,
  CompoundList,
  Coproc,
  For,
  Function as FunctionNode,
  If,
  Redirected,
  While,
} from 'unbash';
import { evaluateTest } from './conditional.ts';
import { inSubshell, runStatements } from './execute.ts';
import { expandArithmetic, expandFields, expandPattern, expandText } from './expand.ts';
import { expansionOf } from './expansion.ts';
import { assign, guard, ShellError } from './parameter.ts';
import { matches } from './pattern.ts';
import { redirect } from './redirect.ts';
import { complain, type Completion, type Scope } from './scope.ts';

type Compound = CompoundCommand | Redirected | FunctionNode | Coproc;

export async function runCompound(node: Compound, scope: Scope): Promise<Completion> {
  switch (node.type) {
    case 'BraceGroup':
      return runList(node.body, scope);
    case 'Subshell':
      return { code: await inSubshell(scope, (inner) => runList(node.body, inner)) };
    case 'If':
      return runIf(node, scope);
    case 'While':
      return runWhile(node, scope);
    case 'For':
      return runFor(node, scope);
    case 'ArithmeticFor':
      return runArithmeticFor(node, scope);
    case 'Case':
      return runCase(node, scope);
    case 'Redirected':
      return runRedirected(node, scope);
    case 'Function':
      return defineFunction(node, scope);
    default:
      return runExpression(node, scope);
  }
}

export function runList(list: CompoundList, scope: Scope): Promise<Completion> {
  return runStatements(list.commands, scope);
}

type Expression = Exclude<
  Compound,
  {
    readonly type:
      | 'BraceGroup'
      | 'Subshell'
      | 'If'
      | 'While'
      | 'For'
      | 'ArithmeticFor'
      | 'Case'
      | 'Redirected'
      | 'Function';
  }
>;

async function runExpression(node: Expression, scope: Scope): Promise<Completion> {
  switch (node.type) {
    case 'TestCommand':
      return { code: await evaluateTest(node.expression, scope) };
    case 'ArithmeticCommand':
      return runArithmetic(node.body, scope);
    default:
      await complain(scope, `${node.type.toLowerCase()} is not available in this shell`);
      return { code: 2 };
  }
}

async function runArithmetic(body: string, scope: Scope): Promise<Completion> {
  try {
    return { code: (await expandArithmetic(body, expansionOf(scope))) === 0n ? 1 : 0 };
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, `((: ${error.message}`);
    return { code: 1 };
  }
}

async function runIf(node: If, scope: Scope): Promise<Completion> {
  for (const branch of [node, ...node.elif]) {
    const test = await runList(branch.clause, { ...scope, guarded: true });
    if (test.leave !== undefined) return test;
    if (test.code === 0) return runList(branch.then, scope);
  }
  return node.else === undefined ? { code: 0 } : runList(node.else, scope);
}

/** What a loop does after its body: undefined means go on. */
function afterBody(done: Completion): Completion | undefined {
  const { leave } = done;
  if (leave === undefined) return undefined;
  if (leave.kind !== 'break' && leave.kind !== 'continue') return done;
  if (leave.levels > 1) return { code: done.code, leave: { ...leave, levels: leave.levels - 1 } };
  return leave.kind === 'break' ? { code: done.code } : undefined;
}

async function runWhile(node: While, scope: Scope): Promise<Completion> {
  const inside = { ...scope, loops: scope.loops + 1 };
  let code = 0;
  for (;;) {
    await scope.host.pace.step(scope.signal);
    const test = await runList(node.clause, { ...inside, guarded: true });
    if (test.leave !== undefined) {
      const end = afterBody(test);
      if (end !== undefined) return end;
      continue;
    }
    if ((test.code === 0) !== (node.kind === 'while')) return { code };
    const done = await runList(node.body, inside);
    const end = afterBody(done);
    if (end !== undefined) return end;
    code = done.code;
  }
}

async function runFor(node: For, scope: Scope): Promise<Completion> {
  const inside = { ...scope, loops: scope.loops + 1 };
  const words =
    node.wordlist === undefined
      ? scope.state.positional
      : await expandFields(node.wordlist, expansionOf(scope));
  let code = 0;
  for (const word of words) {
    await scope.host.pace.step(scope.signal);
    assign(scope.state, { name: node.name.value }, word);
    const done = await runList(node.body, inside);
    const end = afterBody(done);
    if (end !== undefined) return end;
    code = done.code;
  }
  return { code };
}

async function runArithmeticFor(node: ArithmeticFor, scope: Scope): Promise<Completion> {
  const inside = { ...scope, loops: scope.loops + 1 };
  const on = expansionOf(scope);
  const value = (expression: ArithmeticFor['test']): Promise<bigint> =>
    expression === undefined ? Promise.resolve(1n) : expandArithmetic(sourceOf(expression), on);
  let code = 0;
  await value(node.initialize);
  while ((await value(node.test)) !== 0n) {
    await scope.host.pace.step(scope.signal);
    const done = await runList(node.body, inside);
    const end = afterBody(done);
    if (end !== undefined) return end;
    code = done.code;
    await value(node.update);
  }
  return { code };
}

async function runCase(node: Case, scope: Scope): Promise<Completion> {
  const on = expansionOf(scope);
  const word = await expandText(node.word, on);
  let done: Completion = { code: 0 };
  let falling = false;
  for (const item of node.items) {
    let chosen = falling;
    for (const pattern of item.pattern) chosen ||= matches(await expandPattern(pattern, on), word);
    if (!chosen) continue;
    done = await runList(item.body, scope);
    if (done.leave !== undefined || item.terminator === ';;' || item.terminator === undefined) return done;
    falling = item.terminator === ';&';
  }
  return done;
}

async function runRedirected(node: Redirected, scope: Scope): Promise<Completion> {
  try {
    const fds = await redirect(node.redirects, { on: expansionOf(scope), host: scope.host, fds: scope.fds });
    return await runCompound(node.command, { ...scope, fds });
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, error.message);
    return { code: 1 };
  }
}

function defineFunction(node: FunctionNode, scope: Scope): Completion {
  guard(scope.state, node.name.value);
  scope.state.functions.set(node.name.value, {
    body: node.body,
    source: scope.state.text.slice(node.pos, node.end),
  });
  return { code: 0 };
}

/** The text of an expression: trees outlive the text that they were parsed from. */
function sourceOf(node: ArithmeticExpression): string {
  switch (node.type) {
    case 'ArithmeticBinary':
      return `${sourceOf(node.left)} ${node.operator} ${sourceOf(node.right)}`;
    case 'ArithmeticUnary':
      return node.prefix
        ? `${node.operator}${sourceOf(node.operand)}`
        : `${sourceOf(node.operand)}${node.operator}`;
    case 'ArithmeticTernary':
      return `${sourceOf(node.test)} ? ${sourceOf(node.consequent)} : ${sourceOf(node.alternate)}`;
    case 'ArithmeticGroup':
      return `(${sourceOf(node.expression)})`;
    case 'ArithmeticWord':
      return node.value;
    case 'ArithmeticCommandExpansion':
      return node.text;
  }
}
