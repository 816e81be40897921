/** Builtins that steer: exit, return, break, continue, eval, source, command, builtin, type, alias, cd, pwd, history, help. */
import { utf8Text } from '../../../base/bytes.ts';
import { ShellError } from '../interpreter/parameter.ts';
import { resolvePath } from '../interpreter/paths.ts';
import {
  complain,
  type Builtin,
  type BuiltinCall,
  type Completion,
  type Leave,
} from '../interpreter/scope.ts';

export const CONTROL_BUILTINS: readonly Builtin[] = [
  { name: 'exit', synopsis: 'exit [n]', summary: 'Exit the shell.', run: exit },
  { name: 'return', synopsis: 'return [n]', summary: 'Return from a shell function.', run: returnBuiltin },
  {
    name: 'break',
    synopsis: 'break [n]',
    summary: 'Exit for, while, or until loops.',
    run: (call) => leaveLoop(call, 'break'),
  },
  {
    name: 'continue',
    synopsis: 'continue [n]',
    summary: 'Resume for, while, or until loops.',
    run: (call) => leaveLoop(call, 'continue'),
  },
  {
    name: 'eval',
    synopsis: 'eval [arg ...]',
    summary: 'Execute arguments as a shell command.',
    run: evalBuiltin,
  },
  {
    name: 'source',
    synopsis: 'source filename [arguments]',
    summary: 'Execute commands from a file in the current shell.',
    run: source,
  },
  {
    name: '.',
    synopsis: '. filename [arguments]',
    summary: 'Execute commands from a file in the current shell.',
    run: source,
  },
  {
    name: 'command',
    synopsis: 'command [-vV] command [arg ...]',
    summary: 'Execute a simple command or display information about commands.',
    run: command,
  },
  {
    name: 'builtin',
    synopsis: 'builtin [shell-builtin [arg ...]]',
    summary: 'Execute shell builtins.',
    run: builtin,
  },
  {
    name: 'type',
    synopsis: 'type [-t] name [name ...]',
    summary: 'Display information about command type.',
    run: type,
  },
  { name: 'alias', synopsis: 'alias [name[=value] ... ]', summary: 'Define or display aliases.', run: alias },
  {
    name: 'unalias',
    synopsis: 'unalias [-a] name [name ...]',
    summary: 'Remove each NAME from the list of defined aliases.',
    run: unalias,
  },
  { name: 'cd', synopsis: 'cd [dir]', summary: 'Change the shell working directory.', run: cd },
  { name: 'pwd', synopsis: 'pwd', summary: 'Print the name of the current working directory.', run: pwd },
  {
    name: 'history',
    synopsis: 'history [-c] [n]',
    summary: 'Display or manipulate the history list.',
    run: history,
  },
  {
    name: 'help',
    synopsis: 'help [pattern ...]',
    summary: 'Display information about builtin commands.',
    run: help,
  },
];

async function exit({ args, scope, stderr }: BuiltinCall): Promise<Completion> {
  const [text] = args;
  if (scope.state.interactive) await stderr.write('exit\n');
  if (text !== undefined && !/^-?\d+$/.test(text)) {
    await complain(scope, `exit: ${text}: numeric argument required`);
    return { code: 2, leave: { kind: 'exit' } };
  }
  if (args.length > 1) {
    await complain(scope, 'exit: too many arguments');
    return { code: 1 };
  }
  return { code: text === undefined ? scope.state.status : Number(text) & 255, leave: { kind: 'exit' } };
}

async function returnBuiltin({ args, scope }: BuiltinCall): Promise<Completion> {
  const [text] = args;
  if (scope.depth === 0) {
    await complain(scope, "return: can only `return' from a function or sourced script");
    return { code: 2 };
  }
  if (text !== undefined && !/^-?\d+$/.test(text)) {
    await complain(scope, `return: ${text}: numeric argument required`);
    return { code: 2, leave: { kind: 'return' } };
  }
  return { code: text === undefined ? scope.state.status : Number(text) & 255, leave: { kind: 'return' } };
}

async function leaveLoop(
  { args, scope, name }: BuiltinCall,
  kind: 'break' | 'continue',
): Promise<Completion> {
  if (scope.loops === 0) {
    await complain(scope, `${name}: only meaningful in a \`for', \`while', or \`until' loop`);
    return { code: 0 };
  }
  const [text = '1'] = args;
  const levels = Number(text);
  if (!/^\d+$/.test(text) || levels < 1) {
    await complain(
      scope,
      `${name}: ${text}: ${/^-?\d+$/.test(text) ? 'loop count out of range' : 'numeric argument required'}`,
    );
    return { code: 1, leave: { kind: 'break', levels: scope.loops } };
  }
  return { code: 0, leave: { kind, levels: Math.min(levels, scope.loops) } };
}

function evalBuiltin({ args, scope, interpreter }: BuiltinCall): Promise<Completion> | number {
  const text = (args[0] === '--' ? args.slice(1) : args).join(' ');
  return text.trim() === '' ? 0 : interpreter.runSource(text, scope, 'eval');
}

async function source({ name, args, scope, interpreter }: BuiltinCall): Promise<number | Completion> {
  const [file, ...rest] = args;
  const { state, host } = scope;
  if (file === undefined) {
    await complain(
      scope,
      `${name}: filename argument required\n${name}: usage: ${name} filename [arguments]`,
    );
    return 2;
  }
  const path = resolvePath(state.cwd, file);
  const bytes = host.files.read(path);
  if (bytes === undefined) {
    const directory = host.files.stat(path)?.type === 'directory';
    await complain(
      scope,
      directory ? `${name}: ${file}: is a directory` : `${file}: No such file or directory`,
    );
    return 1;
  }
  const { positional } = state;
  if (rest.length > 0) state.positional = rest;
  try {
    const done = await interpreter.runSource(utf8Text(bytes), { ...scope, depth: scope.depth + 1 });
    const leave: Leave | undefined = done.leave;
    return leave?.kind === 'return' ? { code: done.code } : done;
  } finally {
    state.positional = positional;
  }
}

async function command(call: BuiltinCall): Promise<number | Completion> {
  const { args, scope, stdout, interpreter } = call;
  const [flag] = args;
  if (flag !== '-v' && flag !== '-V') {
    const argv = flag === '--' || flag === '-p' ? args.slice(1) : args;
    return argv.length === 0 ? 0 : interpreter.runArgv(argv, scope);
  }
  let code = args.length > 1 ? 1 : 0;
  for (const name of args.slice(1)) {
    const what = describe(name, call);
    if (what !== undefined) {
      code = 0;
      await stdout.write(`${flag === '-v' ? what.short : what.long}\n`);
    } else if (flag === '-V') await complain(scope, `command: ${name}: not found`);
  }
  return code;
}

async function builtin({ args, scope, interpreter }: BuiltinCall): Promise<number | Completion> {
  const [name] = args;
  if (name === undefined) return 0;
  const own = scope.host.builtins.get(name);
  if (own !== undefined && own.external !== true) return interpreter.runArgv(args, scope);
  await complain(scope, `builtin: ${name}: not a shell builtin`);
  return 1;
}

interface Description {
  readonly kind: 'alias' | 'keyword' | 'function' | 'builtin' | 'file';
  readonly short: string;
  readonly long: string;
}

const KEYWORDS = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'case',
  'esac',
  'for',
  'while',
  'until',
  'do',
  'done',
  'in',
  'function',
  'time',
  '{',
  '}',
  '!',
  '[[',
  ']]',
]);

function describe(name: string, { scope }: BuiltinCall): Description | undefined {
  const { state, host } = scope;
  const aliased = state.aliases.get(name);
  if (aliased !== undefined) {
    return {
      kind: 'alias',
      short: `alias ${name}='${aliased}'`,
      long: `${name} is aliased to \`${aliased}'`,
    };
  }
  if (KEYWORDS.has(name)) return { kind: 'keyword', short: name, long: `${name} is a shell keyword` };
  const defined = state.functions.get(name);
  if (defined !== undefined)
    return { kind: 'function', short: name, long: `${name} is a function\n${defined.source}` };
  const own = host.builtins.get(name);
  if (own !== undefined && own.external !== true)
    return { kind: 'builtin', short: name, long: `${name} is a shell builtin` };
  if (own === undefined && host.command(name) === undefined) return undefined;
  return { kind: 'file', short: host.pathOf(name), long: `${name} is ${host.pathOf(name)}` };
}

async function type(call: BuiltinCall): Promise<number> {
  const { args, scope, stdout } = call;
  const brief = args[0] === '-t';
  let code = 0;
  for (const name of brief ? args.slice(1) : args) {
    const what = describe(name, call);
    if (what !== undefined) await stdout.write(`${brief ? what.kind : what.long}\n`);
    else {
      code = 1;
      if (!brief) await complain(scope, `type: ${name}: not found`);
    }
  }
  return code;
}

async function alias({ args, scope, stdout }: BuiltinCall): Promise<number> {
  const { aliases } = scope.state;
  const shown = (name: string): string =>
    `alias ${name}='${(aliases.get(name) ?? '').replaceAll("'", "'\\''")}'\n`;
  let code = 0;
  if (args.length === 0) for (const name of [...aliases.keys()].sort()) await stdout.write(shown(name));
  for (const arg of args) {
    const [, name = arg, value] = /^([^=]+)=([\s\S]*)$/.exec(arg) ?? [];
    if (value !== undefined) aliases.set(name, value);
    else if (aliases.has(name)) await stdout.write(shown(name));
    else {
      await complain(scope, `alias: ${name}: not found`);
      code = 1;
    }
  }
  return code;
}

async function unalias({ args, scope }: BuiltinCall): Promise<number> {
  const { aliases } = scope.state;
  if (args[0] === '-a') {
    aliases.clear();
    return 0;
  }
  let code = 0;
  for (const name of args) {
    if (aliases.delete(name)) continue;
    await complain(scope, `unalias: ${name}: not found`);
    code = 1;
  }
  return code;
}

async function cd({ args, scope, stdout }: BuiltinCall): Promise<number> {
  const { state } = scope;
  const words = /^-[-LP]$/.test(args[0] ?? '') ? args.slice(1) : args;
  const wanted = cdTarget(words, scope);
  if ('problem' in wanted) {
    await complain(scope, `cd: ${wanted.problem}`);
    return 1;
  }
  if (words[0] === '-') await stdout.write(`${wanted.path}\n`);
  state.variables.setText('OLDPWD', state.cwd);
  state.cwd = wanted.path;
  state.variables.setText('PWD', state.cwd);
  return 0;
}

function cdTarget(
  [word, extra]: readonly string[],
  { state, host }: BuiltinCall['scope'],
): { readonly path: string } | { readonly problem: string } {
  if (extra !== undefined) return { problem: 'too many arguments' };
  const variable = word === undefined ? 'HOME' : word === '-' ? 'OLDPWD' : undefined;
  const wanted = variable === undefined ? word : state.variables.text(variable);
  if (wanted === undefined) return { problem: `${variable ?? ''} not set` };
  if (wanted === '') return { path: state.cwd };
  const path = resolvePath(state.cwd, wanted);
  const type = host.files.stat(path)?.type;
  if (type === 'directory') return { path };
  return { problem: `${wanted}: ${type === undefined ? 'No such file or directory' : 'Not a directory'}` };
}

async function pwd({ scope, stdout }: BuiltinCall): Promise<number> {
  await stdout.write(`${scope.state.cwd}\n`);
  return 0;
}

async function history({ args, scope, stdout }: BuiltinCall): Promise<number> {
  const lines = scope.host.history;
  const [arg] = args;
  if (arg === '-c') {
    lines.length = 0;
    return 0;
  }
  if (arg !== undefined && !/^\d+$/.test(arg)) {
    await complain(
      scope,
      arg.startsWith('-') ? `history: ${arg}: invalid option` : `history: ${arg}: numeric argument required`,
    );
    return arg.startsWith('-') ? 2 : 1;
  }
  const first = arg === undefined ? 0 : Math.max(0, lines.length - Number(arg));
  for (const [at, line] of lines.entries()) {
    if (at >= first) await stdout.write(`${String(at + 1).padStart(5)}  ${line}\n`);
  }
  return 0;
}

async function help({ args, scope, stdout }: BuiltinCall): Promise<number> {
  const { host } = scope;
  if (args.length > 0) {
    const found = args.flatMap((name) => host.builtins.get(name) ?? []);
    for (const { name, synopsis, summary } of found)
      await stdout.write(`${name}: ${synopsis}\n    ${summary}\n`);
    const missing = args.find((name) => !host.builtins.has(name));
    if (missing !== undefined && found.length === 0)
      throw new ShellError(`help: no help topics match \`${missing}'.`);
    return 0;
  }
  const launchers = [...host.builtins.values()].filter((each) => each.external === true);
  const commands = [...host.commandNames().flatMap((name) => host.command(name) ?? []), ...launchers];
  const width = Math.max(...commands.map((each) => each.name.length), 0) + 2;
  await stdout.write('Shell builtins (help NAME says more):\n');
  const shown = [...host.builtins.values()]
    .filter((each) => each.external !== true)
    .map((each) => each.synopsis);
  for (const synopsis of shown.sort()) await stdout.write(`  ${synopsis}\n`);
  await stdout.write('\nCommands of this place:\n');
  for (const { name, summary } of commands.sort((a, b) => (a.name < b.name ? -1 : 1)))
    await stdout.write(`  ${name.padEnd(width)}${summary}\n`);
  return 0;
}
