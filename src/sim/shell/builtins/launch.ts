/**
 * Programs that run other programs: bash, sh, env, which, xargs, timeout. On a real machine they are files of their own;
 * here they need the shell's scope. Messages of coreutils 9.1 and findutils 4.9.
 */
import { utf8Text } from '../../../base/bytes.ts';
import { Interrupted, outputOf, type Builtin, type BuiltinCall, type Scope } from '../interpreter/scope.ts';
import { isProgram } from '../interpreter/programs.ts';
import { runScriptFile } from '../interpreter/simple.ts';
import { ShellState } from '../interpreter/state.ts';
import { EMPTY_INPUT, Source } from '../interpreter/streams.ts';
import { parseOptions, usageError, type Options } from './options.ts';
import { duration } from './system.ts';
import { asksForHelp, usageText } from './usage.ts';

const shell = (name: string): Builtin => ({
  name,
  synopsis: `${name} [-c command] [file [argument ...]]`,
  summary: 'command interpreter',
  external: true,
  run: bash,
});

export const LAUNCHERS: readonly Builtin[] = [
  shell('bash'),
  shell('sh'),
  {
    name: 'env',
    synopsis: 'env [-i] [-u name] [name=value ...] [command]',
    summary: 'run a program in a modified environment',
    external: true,
    run: env,
  },
  { name: 'which', synopsis: 'which [-a] name ...', summary: 'locate a command', external: true, run: which },
  {
    name: 'xargs',
    synopsis: 'xargs [-rt0] [-n max] [-I text] [-d delimiter] [command]',
    summary: 'build and execute command lines from standard input',
    external: true,
    run: xargs,
  },
  {
    name: 'timeout',
    synopsis: 'timeout duration command',
    summary: 'run a command with a time limit',
    external: true,
    run: timeout,
  },
];

function freshState({ state }: Scope, name: string): ShellState {
  const fresh = new ShellState({ cwd: state.cwd, name, interactive: false });
  for (const [variable, text] of state.variables.environment()) {
    fresh.variables.setText(variable, text);
    fresh.variables.mark(variable, { exported: true });
  }
  fresh.script = true;
  return fresh;
}

async function bash({ name, args, scope, stdin, stderr, interpreter }: BuiltinCall): Promise<number> {
  const flags = args.slice(0, args.findIndex((arg) => !/^-[eluxi]+$/.test(arg)) >>> 0);
  const [first, ...rest] = args.slice(flags.length);
  const state = freshState(scope, name);
  state.options.errexit = flags.some((flag) => flag.includes('e'));
  state.options.xtrace = flags.some((flag) => flag.includes('x'));
  const inner: Scope = { ...scope, state, loops: 0, depth: 0, guarded: false };
  if (first === '-c') {
    const [text, zero, ...positional] = rest;
    if (text === undefined) {
      await stderr.write(`${name}: -c: option requires an argument\n`);
      return 2;
    }
    state.name = zero ?? name;
    state.positional = positional;
    return (await interpreter.runSource(text, inner, '-c')).code;
  }
  if (first?.startsWith('-') === true && first !== '-') {
    await stderr.write(`${name}: ${first}: invalid option\n`);
    return 2;
  }
  if (first !== undefined) return runFile(name, [first, ...rest], inner);
  const interactive = scope.host.interact(scope, stdin);
  return interactive ?? (await interpreter.runSource(utf8Text(await stdin.bytes(scope.signal)), inner)).code;
}

async function runFile(name: string, [file = '', ...args]: readonly string[], scope: Scope): Promise<number> {
  const { files } = scope.host;
  const path = file.startsWith('/') ? file : `${scope.state.cwd}/${file}`;
  const stat = files.stat(path.replace(/\/\.\//g, '/').replace(/\/+/g, '/'));
  if (stat?.type === 'file') return runScriptFile(file, args, scope);
  const directory = stat?.type === 'directory';
  await outputOf(scope.fds, 2).write(
    `${name}: ${file}: ${directory ? 'Is a directory' : 'No such file or directory'}\n`,
  );
  return directory ? 126 : 127;
}

/** Options of a launcher, or its complaint's status. */
async function optionsOf(
  call: BuiltinCall,
  spec: Parameters<typeof parseOptions>[1],
  misuse: number,
): Promise<Options | number> {
  const posix = { ...spec, posix: true };
  if (asksForHelp(call.args, posix)) {
    const summary = LAUNCHERS.find(({ name }) => name === call.name)?.summary ?? '';
    await call.stdout.write(usageText({ name: call.name, summary, spec: posix }));
    return 0;
  }
  const parsed = parseOptions(call.args, posix);
  if (parsed.ok) return parsed.options;
  await usageError(call.name, parsed.message, call.stderr);
  return misuse;
}

/** A program by name, as execvp(3) finds it: no functions, no builtins that are not programs too. */
async function launch(
  argv: readonly string[],
  { name, interpreter, stderr, scope: outer }: BuiltinCall,
  scope: Scope,
): Promise<number> {
  const [program = ''] = argv;
  if (isProgram(outer.host, program) || program.includes('/'))
    return (await interpreter.runArgv(argv, scope)).code;
  const shown =
    name === 'xargs' ? program : name === 'timeout' ? `failed to run command '${program}'` : `'${program}'`;
  await stderr.write(`${name}: ${shown}: No such file or directory\n`);
  return 127;
}

async function env(call: BuiltinCall): Promise<number> {
  const options = await optionsOf(
    call,
    { flags: 'i', values: 'u', long: { 'ignore-environment': 'i', unset: 'u' } },
    125,
  );
  if (typeof options === 'number') return options;
  const state = options.flags.has('i')
    ? new ShellState({ cwd: call.scope.state.cwd, name: 'env', interactive: false })
    : call.scope.state.fork();
  const removed = options.values.get('u');
  if (removed !== undefined) state.variables.unset(removed);
  const operands = [...options.operands];
  while (/^[^=]+=/.test(operands[0] ?? '')) {
    const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(operands.shift() ?? '') ?? [];
    state.variables.setText(name, value);
    state.variables.mark(name, { exported: true });
  }
  if (operands.length > 0) return launch(operands, call, { ...call.scope, state });
  for (const [name, value] of state.variables.environment()) await call.stdout.write(`${name}=${value}\n`);
  return 0;
}

async function which({ args, scope, stdout }: BuiltinCall): Promise<number> {
  const { host } = scope;
  let code = args.length === 0 ? 1 : 0;
  for (const name of args.filter((arg) => arg !== '-a')) {
    if (isProgram(host, name)) await stdout.write(`${host.pathOf(name)}\n`);
    else code = 1;
  }
  return code;
}

async function xargs(call: BuiltinCall): Promise<number> {
  const spec = {
    flags: 'rt0',
    values: 'nIdL',
    long: { 'no-run-if-empty': 'r', 'max-args': 'n', null: '0', verbose: 't' },
  };
  const options = await optionsOf(call, spec, 1);
  if (typeof options === 'number') return options;
  const input = utf8Text(await call.stdin.bytes(call.scope.signal));
  const scope: Scope = {
    ...call.scope,
    fds: new Map(call.scope.fds).set(0, { input: Source.of(EMPTY_INPUT) }),
  };
  let code = 0;
  for (const argv of xargsCommands(input, options)) {
    if (options.flags.has('t')) await call.stderr.write(`${argv.join(' ')}\n`);
    const status = await launch(argv, call, scope);
    if (status === 127) return 127;
    if (status !== 0) code = 123;
  }
  return code;
}

function xargsCommands(input: string, { flags, values, operands }: Options): readonly (readonly string[])[] {
  const replace = values.get('I');
  const items = xargsItems(input, {
    zero: flags.has('0'),
    delimiter: values.get('d'),
    lines: replace !== undefined,
  });
  const command = operands.length === 0 ? ['echo'] : operands;
  if (replace !== undefined)
    return items.map((item) => command.map((word) => word.replaceAll(replace, item)));
  if (items.length === 0) return flags.has('r') ? [] : [command];
  const size = Math.max(1, Number(values.get('n') ?? items.length) || 1);
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, at) => at * size);
  return starts.map((start) => [...command, ...items.slice(start, start + size)]);
}

interface Splitting {
  readonly zero: boolean;
  readonly delimiter: string | undefined;
  readonly lines: boolean;
}

function xargsItems(input: string, { zero, delimiter, lines }: Splitting): readonly string[] {
  const separator = zero ? '\0' : delimiter === '\\n' ? '\n' : delimiter?.slice(0, 1);
  if (separator !== undefined)
    return input
      .replace(new RegExp(`${separator === '|' ? '\\|' : separator}$`), '')
      .split(separator)
      .filter((item) => item !== '' || !zero);
  if (lines)
    return input
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const items: string[] = [];
  for (const [word] of input.matchAll(/(?:"[^"\n]*"|'[^'\n]*'|\\[\s\S]|[^\s"'\\])+/g)) {
    items.push(
      word.replace(
        /"([^"\n]*)"|'([^'\n]*)'|\\([\s\S])/g,
        (_all, double?: string, single?: string, escaped?: string) => double ?? single ?? escaped ?? '',
      ),
    );
  }
  return items;
}

async function timeout(call: BuiltinCall): Promise<number> {
  const options = await optionsOf(call, { values: 'sk', long: { signal: 's', 'kill-after': 'k' } }, 125);
  if (typeof options === 'number') return options;
  const [text, ...argv] = options.operands;
  if (text === undefined || argv.length === 0) {
    await call.stderr.write("Try 'timeout --help' for more information.\n");
    return 125;
  }
  const limit = duration(text);
  if (limit === undefined) {
    await usageError('timeout', `invalid time interval '${text}'`, call.stderr);
    return 125;
  }
  const { clock } = call.scope.host.ports;
  const limited = new AbortController();
  const over = new AbortController();
  const alarm =
    limit === 0
      ? Promise.resolve()
      : clock.sleep(limit, over.signal).then(() => {
          limited.abort();
        });
  alarm.catch(() => undefined);
  try {
    return await launch(argv, call, {
      ...call.scope,
      signal: AbortSignal.any([call.scope.signal, limited.signal]),
    });
  } catch (error) {
    if (error instanceof Interrupted && !call.scope.signal.aborted && limited.signal.aborted) return 124;
    throw error;
  } finally {
    over.abort();
  }
}
