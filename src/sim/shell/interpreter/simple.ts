/**
 * Simple commands: expand, redirect, assign, look up (function, builtin, command of this place), run. A command that does
 * not heed Ctrl-C is left behind after a grace period; its output then goes nowhere.
 */
import type { Assignment, Command as CommandNode } from 'unbash';
import {
  BrokenPipe,
  type Command,
  type CommandIo,
  type CompletionIo,
  type Output,
  type Screen,
  type ScreenDoor,
} from '../command.ts';
import { assignAll, assignOne, prefixValues } from './assignment.ts';
import { INTERPRETER, runSource, SIGPIPE_STATUS } from './execute.ts';
import { expandFields, expandText } from './expand.ts';
import { closeSubstitutions, expansionOf } from './expansion.ts';
import { guard, ShellError } from './parameter.ts';
import { resolvePath } from './paths.ts';
import { absenceOf, programAt } from './programs.ts';
import { redirect } from './redirect.ts';
import {
  complain,
  Interrupted,
  outputOf,
  type Builtin,
  type Completion,
  type Descriptors,
  type Scope,
} from './scope.ts';
import { runList, runCompound } from './compound.ts';
import { signedPorts } from './signed.ts';
import type { ShellFunction } from './state.ts';
import { EMPTY_INPUT, Source } from './streams.ts';
import { utf8Text } from '../../../base/bytes.ts';

const MAX_NESTING = 200;

export async function runSimple(node: CommandNode, scope: Scope): Promise<Completion> {
  const before = scope.state.substitutions;
  try {
    return await expandAndRun(node, scope);
  } finally {
    closeSubstitutions(scope, before);
  }
}

async function expandAndRun(node: CommandNode, scope: Scope): Promise<Completion> {
  const { state } = scope;
  const on = expansionOf(scope);
  const assignments = node.prefix.filter((item) => item.type === 'Assignment');
  const statusBefore = state.status;
  const argv = await argumentsOf(node, scope);
  state.status = argv.length === 0 ? 0 : statusBefore;
  const fds = await opened(node, scope);
  if (fds === undefined) return { code: 1 };
  const inner = { ...scope, fds };
  if (argv.length === 0) {
    const status = await assignAll(assignments, inner);
    return { code: status };
  }
  const values = await prefixValues(assignments, on);
  await trace(argv, scope);
  for (const { name } of values) guard(state, name);
  const undo = values.map(({ name, text }) => state.variables.override(name, text));
  try {
    return await runArgv(argv, inner, { functions: true });
  } finally {
    for (const put of undo.reverse()) put();
    state.variables.setText('_', argv.at(-1) ?? '');
  }
}

async function opened(node: CommandNode, scope: Scope): Promise<Descriptors | undefined> {
  if (node.redirects.length === 0) return scope.fds;
  try {
    return await redirect(node.redirects, { on: expansionOf(scope), host: scope.host, fds: scope.fds });
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, error.message);
    return undefined;
  }
}

async function argumentsOf(node: CommandNode, scope: Scope): Promise<readonly string[]> {
  const on = expansionOf(scope);
  if (node.name === undefined) return [];
  const argv: string[] = [...(await expandFields([node.name], on))];
  for (const word of node.args) {
    if (word.type === 'Word') argv.push(...(await expandFields([word], on)));
    else argv.push(await declaration(word, argv, scope));
  }
  return argv;
}

/** `export a=$b` assigns without splitting; arrays are assigned here, and the builtin marks the name. */
async function declaration(word: Assignment, argv: readonly string[], scope: Scope): Promise<string> {
  if (word.value.type === 'Word') {
    return `${word.name}${word.append === true ? '+' : ''}=${await expandText(word.value, expansionOf(scope), { assignment: true })}`;
  }
  if (argv.includes('-A')) scope.state.variables.set(word.name, { kind: 'associative', items: new Map() });
  await assignOne(word, scope);
  return word.name;
}

async function trace(argv: readonly string[], scope: Scope): Promise<void> {
  if (!scope.state.options.xtrace) return;
  const shown = argv.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  await outputOf(scope.fds, 2).write(`+ ${shown.join(' ')}\n`);
}

export async function runArgv(
  argv: readonly string[],
  scope: Scope,
  { functions }: { readonly functions: boolean } = { functions: false },
): Promise<Completion> {
  const [name = '', ...args] = argv;
  const { host, state } = scope;
  const defined = functions ? state.functions.get(name) : undefined;
  if (defined !== undefined) return callFunction(name, args, defined, scope);
  const builtin = host.builtins.get(name);
  if (builtin !== undefined) return callBuiltin(builtin, args, scope);
  if (name.includes('/')) return runPath(name, args, scope);
  const command = host.command(name);
  if (command === undefined) {
    await complain(scope, absenceOf(host, name));
    return { code: 127 };
  }
  return { code: await callCommand(command, args, scope) };
}

async function callFunction(
  name: string,
  args: readonly string[],
  { body }: ShellFunction,
  scope: Scope,
): Promise<Completion> {
  const { state } = scope;
  if (scope.depth >= MAX_NESTING)
    throw new ShellError(`${name}: maximum function nesting level exceeded (${MAX_NESTING})`);
  const { positional } = state;
  state.positional = args;
  state.variables.enterFunction();
  const inner = { ...scope, depth: scope.depth + 1, loops: 0 };
  try {
    const done = body.type === 'CompoundList' ? await runList(body, inner) : await runCompound(body, inner);
    return done.leave?.kind === 'return' ? { code: done.code } : done;
  } finally {
    state.variables.leaveFunction();
    state.positional = positional;
  }
}

/** Builtins to which `--help` is a word like any other, and programs that answer it themselves. */
const PLAIN = new Set([':', 'true', 'false', 'echo', 'test', '[', 'env', 'xargs', 'timeout']);

/** What bash prints for `cd --help`, with its status of a usage error; a program's is 0. */
async function describe({ name, synopsis, summary, external }: Builtin, stdout: Output): Promise<Completion> {
  if (external === true) await stdout.write(`Usage: ${synopsis}\n${summary}\n`);
  else await stdout.write(`${name}: ${synopsis}\n    ${summary}\n`);
  return { code: external === true ? 0 : 2 };
}

async function callBuiltin(builtin: Builtin, args: readonly string[], scope: Scope): Promise<Completion> {
  const stdin = scope.fds.get(0)?.input ?? Source.of(EMPTY_INPUT);
  const stdout = outputOf(scope.fds, 1);
  const stderr = outputOf(scope.fds, 2);
  if (args.length === 1 && args[0] === '--help' && !PLAIN.has(builtin.name)) return describe(builtin, stdout);
  const done = await builtin.run({
    name: builtin.name,
    args,
    scope,
    stdin,
    stdout,
    stderr,
    interpreter: INTERPRETER,
  });
  return typeof done === 'number' ? { code: done } : done;
}

async function runPath(name: string, args: readonly string[], scope: Scope): Promise<Completion> {
  const { host, state } = scope;
  const path = resolvePath(state.cwd, name);
  const program = programAt(host, path);
  if (program !== undefined) return runArgv([program, ...args], scope);
  const stat = host.files.stat(path);
  const problem =
    stat === undefined
      ? 'No such file or directory'
      : stat.type === 'directory'
        ? 'Is a directory'
        : 'Permission denied';
  await complain(scope, `${name}: ${problem}`);
  return { code: stat === undefined ? 127 : 126 };
}

/** Runs a file's text as `bash file args` does. */
export async function runScriptFile(name: string, args: readonly string[], scope: Scope): Promise<number> {
  const { host, state } = scope;
  const bytes = host.files.read(resolvePath(state.cwd, name));
  if (bytes === undefined) throw new ShellError(`${name}: No such file or directory`, 127);
  const inner = state.fork();
  Object.assign(inner, { name, positional: args, script: true });
  return (await runSource(utf8Text(bytes), { ...scope, state: inner, loops: 0, depth: 0 })).code;
}

export async function callCommand(command: Command, args: readonly string[], scope: Scope): Promise<number> {
  const gate = new Gate();
  const running = command.run(commandIo([command.name, ...args], scope, gate));
  try {
    return await heeding(running, scope);
  } catch (error) {
    if (error instanceof BrokenPipe) return SIGPIPE_STATUS;
    if (scope.signal.aborted) throw new Interrupted();
    throw error;
  } finally {
    await gate.close();
  }
}

/** Turns of the host that a command has, after Ctrl-C, to say its last words. */
const GRACE = 50;

async function heeding(running: Promise<number>, { signal, host }: Scope): Promise<number> {
  let ended = false;
  const guarded = running.finally(() => {
    ended = true;
  });
  let onAbort = (): void => undefined;
  const left = new Promise<never>((_resolve, reject) => {
    const wait = async (): Promise<void> => {
      for (let turn = 0; turn < GRACE && !ended; turn += 1) await host.pace.turn();
      reject(new Interrupted());
    };
    onAbort = () => void wait();
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  left.catch(() => undefined);
  try {
    return await Promise.race([guarded, left]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Between a command and its outputs: shut when the command is over, and the screen given back. */
class Gate {
  closed = false;
  readonly #screens: Screen[] = [];

  async close(): Promise<void> {
    this.closed = true;
    for (const screen of this.#screens.reverse()) await screen.close();
  }

  door(door: ScreenDoor): ScreenDoor {
    return {
      open: async (options) => {
        if (this.closed) throw new BrokenPipe();
        const screen = await door.open(options);
        this.#screens.push(screen);
        return screen;
      },
    };
  }

  through(output: Output): Output {
    return {
      write: (data) => (this.closed ? Promise.reject(new BrokenPipe()) : output.write(data)),
    };
  }
}

function commandIo(argv: readonly string[], scope: Scope, gate: Gate): CommandIo {
  const { host, fds, signal } = scope;
  const terminal = fds.get(1)?.terminal;
  const io: CommandIo = {
    ...completionIo(scope),
    ...signedPorts(host.ports, argv),
    args: argv.slice(1),
    signal,
    stdin: fds.get(0)?.input ?? EMPTY_INPUT,
    stdout: gate.through(outputOf(fds, 1)),
    stderr: gate.through(outputOf(fds, 2)),
    ...(terminal === undefined ? {} : { tty: terminal() }),
    ...(terminal === undefined || scope.screen === undefined ? {} : { screen: gate.door(scope.screen) }),
    run: (place, argv, streams) => host.run(place, argv, { io, streams, scope }),
  };
  return io;
}

export function completionIo({ host, state }: Pick<Scope, 'host' | 'state'>): CompletionIo {
  const { place, files, ports } = host;
  return { place, files, ...ports, env: state.variables.environment(), cwd: state.cwd };
}
