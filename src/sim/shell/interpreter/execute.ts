/**
 * Runs lists, and-or chains and pipelines. The stages of a pipeline run at the same time in copies of the shell's state,
 * joined by bounded pipes: what a reader no longer wants, its writer learns as SIGPIPE (status 141).
 */
import type { AndOr, CommandNode, ParsedScript, Pipeline, PipelineNode, Statement, SyntaxNode } from 'unbash';
import { BrokenPipe } from '../command.ts';
import { runCompound } from './compound.ts';
import { ShellError } from './parameter.ts';
import { parseShell, type Parsed } from './parse.ts';
import { Pipe } from './pipe.ts';
import {
  complain,
  Interrupted,
  outputOf,
  type Completion,
  type Descriptor,
  type Interpreter,
  type Scope,
} from './scope.ts';
import { runArgv, runSimple } from './simple.ts';
import { Source } from './streams.ts';

export const SIGPIPE_STATUS = 141;

export const INTERPRETER: Interpreter = { runScript, runSource, runArgv };

export function runScript(script: ParsedScript, scope: Scope): Promise<Completion> {
  return runStatements(script.commands, scope);
}

/**
 * Text in the running shell: typed lines, `eval`, `source`, scripts. `origin` names the text in complaints about its syntax
 * (`-c`, `eval`). The lines before a syntax error are run, as bash reads on only when it must.
 */
export async function runSource(source: string, scope: Scope, origin?: string): Promise<Completion> {
  const script = runnable(parseShell(source));
  return script === undefined
    ? runLines(source.replace(/\n$/, '').split('\n'), scope, origin)
    : runParsed(script, source, scope);
}

async function runLines(
  lines: readonly string[],
  scope: Scope,
  origin: string | undefined,
): Promise<Completion> {
  let first = 0;
  for (const [at, line] of lines.entries()) {
    const last = at === lines.length - 1;
    // The lines that have been run become empty ones, so that line numbers stay true.
    const chunk = '\n'.repeat(first) + lines.slice(first, at + 1).join('\n');
    const parsed = parseShell(chunk);
    const script = runnable(parsed);
    if (parsed.kind === 'error' || (script === undefined && last)) {
      const message = parsed.kind === 'script' ? '' : parsed.message;
      return complainSyntax(message, {
        scope,
        origin,
        number: at + 1,
        line,
        ended: parsed.kind === 'incomplete',
      });
    }
    if (parsed.kind === 'incomplete' && !last) continue;
    const done = script === undefined ? { code: 0 } : await runParsed(script, chunk, scope);
    if (done.leave !== undefined) return done;
    first = at + 1;
  }
  return { code: scope.state.status };
}

/** What may run: a here-document or a backslash at the very end needs nothing more in a script. */
function runnable(parsed: Parsed): ParsedScript | undefined {
  if (parsed.kind === 'error' || (parsed.kind === 'incomplete' && (parsed.script.errors?.length ?? 0) > 0))
    return undefined;
  return parsed.script;
}

interface SyntaxComplaint {
  readonly scope: Scope;
  readonly origin: string | undefined;
  readonly number: number;
  readonly line: string;
  /** The text ended too early. */
  readonly ended: boolean;
}

async function complainSyntax(
  message: string,
  { scope, origin, number, line, ended }: SyntaxComplaint,
): Promise<Completion> {
  const { state } = scope;
  const name = origin === undefined ? (state.script ? state.name : 'bash') : `bash: ${origin}`;
  const numbered = origin !== undefined || state.script;
  const place = ended && !/matching `["'`]/.test(message) ? number + 1 : number;
  const label = numbered ? `${name}: line ${place}` : name;
  const quoted = numbered && !ended ? `${label}: \`${line}'\n` : '';
  await outputOf(scope.fds, 2).write(`${label}: ${message}\n${quoted}`);
  return finish(scope, 2);
}

async function runParsed(script: ParsedScript, source: string, scope: Scope): Promise<Completion> {
  const { state } = scope;
  const outer = state.text;
  state.text = source;
  try {
    return await runScript(script, scope);
  } finally {
    state.text = outer;
  }
}

export async function runStatements(statements: readonly Statement[], scope: Scope): Promise<Completion> {
  let last: Completion = { code: 0 };
  for (const statement of statements) {
    last = await runStatement(statement, scope);
    if (last.leave !== undefined) return last;
  }
  return last;
}

async function runStatement(statement: Statement, scope: Scope): Promise<Completion> {
  await scope.host.pace.step(scope.signal);
  const { state } = scope;
  if (state.script) state.line = lineAt(state.text, statement.pos);
  if (statement.background === true) {
    await complain(
      scope,
      'background jobs (&) are not available in this shell; run the command in a second terminal',
    );
    return finish(scope, 1);
  }
  const { command } = statement;
  return command.type === 'AndOr' ? runAndOr(command, scope) : runPipelineNode(command, scope);
}

function lineAt(source: string, pos: number): number {
  let line = 1;
  for (let at = source.indexOf('\n'); at >= 0 && at < pos; at = source.indexOf('\n', at + 1)) line += 1;
  return line;
}

async function runAndOr(chain: AndOr, scope: Scope): Promise<Completion> {
  let last: Completion = { code: 0 };
  for (const [at, command] of chain.commands.entries()) {
    const operator = at === 0 ? undefined : chain.operators[at - 1];
    if (operator !== undefined && (last.code === 0) !== (operator === '&&')) continue;
    const isLast = at === chain.commands.length - 1;
    last = await runPipelineNode(command, isLast ? scope : { ...scope, guarded: true });
    if (last.leave !== undefined) return last;
  }
  return last;
}

async function runPipelineNode(node: PipelineNode, scope: Scope): Promise<Completion> {
  const done = node.type === 'Pipeline' ? await runPipeline(node, scope) : await runAlone(node, scope);
  if (done.leave !== undefined) return done;
  const negated = node.type === 'Pipeline' && node.prefixes.some((prefix) => prefix.type === 'Negation');
  scope.state.status = done.code;
  if (done.code !== 0 && scope.state.options.errexit && !scope.guarded && !negated && judgesItself(node)) {
    return { code: done.code, leave: { kind: 'exit' } };
  }
  return done;
}

/** `set -e` looks at commands and pipelines; what stands inside other compounds has been judged already. */
function judgesItself(node: SyntaxNode): boolean {
  return ['Command', 'Pipeline', 'Subshell', 'TestCommand', 'ArithmeticCommand'].includes(node.type);
}

async function runAlone(node: CommandNode, scope: Scope): Promise<Completion> {
  const done = await runCommand(node, scope);
  scope.state.pipeStatus = [done.code];
  return done;
}

async function runPipeline(pipeline: Pipeline, scope: Scope): Promise<Completion> {
  const timed = pipeline.prefixes.some((prefix) => prefix.type === 'Time');
  const negations = pipeline.prefixes.filter((prefix) => prefix.type === 'Negation').length;
  const { clock } = scope.host.ports;
  const began = clock.now();
  const inner = negations > 0 ? { ...scope, guarded: true } : scope;
  const done = await runStages(pipeline, inner);
  if (timed) await outputOf(scope.fds, 2).write(times(clock.now() - began));
  if (done.leave !== undefined || negations % 2 === 0) return done;
  return { code: done.code === 0 ? 1 : 0 };
}

/** bash's default TIMEFORMAT; a simulated command costs no processor time. */
function times(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = ((milliseconds % 60_000) / 1000).toFixed(3);
  return `\nreal\t${minutes}m${seconds}s\nuser\t0m0.000s\nsys\t0m0.000s\n`;
}

async function runStages(pipeline: Pipeline, scope: Scope): Promise<Completion> {
  const [only, second] = pipeline.commands;
  if (only === undefined) return { code: 0 };
  if (second === undefined) return runAlone(only, scope);
  const pipes = pipeline.operators.map(() => new Pipe(scope.host.pace));
  const ends = await Promise.allSettled(
    pipeline.commands.map((command, at) =>
      runStage(command, { ...scope, fds: stageDescriptors(pipeline, at, pipes, scope) }, [
        pipes[at - 1],
        pipes[at],
      ]),
    ),
  );
  const codes = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  scope.state.pipeStatus = codes;
  const failed = codes.findLast((code) => code !== 0) ?? 0;
  return { code: scope.state.options.pipefail ? failed : (codes.at(-1) ?? 0) };
}

function stageDescriptors(
  pipeline: Pipeline,
  at: number,
  pipes: readonly Pipe[],
  scope: Scope,
): Scope['fds'] {
  const fds = new Map<number, Descriptor>(scope.fds);
  const before = pipes[at - 1];
  const behind = pipes[at];
  if (before !== undefined) fds.set(0, { input: Source.of(before.input) });
  if (behind !== undefined) {
    fds.set(1, { output: behind.output });
    if (pipeline.operators[at] === '|&') fds.set(2, { output: behind.output });
  }
  return fds;
}

async function runStage(
  command: CommandNode,
  scope: Scope,
  [before, behind]: readonly [Pipe | undefined, Pipe | undefined],
): Promise<number> {
  try {
    return await inSubshell(scope, (inner) => runCommand(command, inner));
  } finally {
    before?.closeReader();
    behind?.closeWriter();
  }
}

/** Runs in a copy of the state, as after fork(2): what leaves, leaves only that copy. */
export async function inSubshell(scope: Scope, run: (inner: Scope) => Promise<Completion>): Promise<number> {
  try {
    const done = await run({ ...scope, state: scope.state.fork(), loops: 0 });
    return done.code;
  } catch (error) {
    if (error instanceof BrokenPipe) return SIGPIPE_STATUS;
    throw error;
  }
}

async function runCommand(node: CommandNode, scope: Scope): Promise<Completion> {
  try {
    return node.type === 'Command' ? await runSimple(node, scope) : await runCompound(node, scope);
  } catch (error) {
    if (scope.signal.aborted && !(error instanceof Interrupted)) throw new Interrupted();
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, error.message);
    const code = scope.state.interactive ? 1 : error.status;
    scope.state.status = code;
    return { code, leave: { kind: 'abandon' } };
  }
}

function finish(scope: Scope, code: number): Completion {
  scope.state.status = code;
  return { code };
}
