/** Builtins on variables: export, declare, local, readonly, unset, set, shift, let, read. */
import { assign, arithmetic, guard, ShellError } from '../interpreter/parameter.ts';
import { complain, type Builtin, type BuiltinCall } from '../interpreter/scope.ts';
import type { ShellState } from '../interpreter/state.ts';
import { read } from './read.ts';
import { elements, keys, type Variable } from '../interpreter/variables.ts';

const NAME = /^([A-Za-z_]\w*)(\+?=([\s\S]*))?$/;

export const VARIABLE_BUILTINS: readonly Builtin[] = [
  {
    name: 'export',
    synopsis: 'export [-n] [name[=value] ...]',
    summary: 'Set export attribute for shell variables.',
    run: exportNames,
  },
  {
    name: 'declare',
    synopsis: 'declare [-aAprx] [name[=value] ...]',
    summary: 'Set variable values and attributes.',
    run: declare,
  },
  {
    name: 'typeset',
    synopsis: 'typeset [-aAprx] name[=value] ...',
    summary: 'Set variable values and attributes.',
    run: declare,
  },
  {
    name: 'local',
    synopsis: 'local [option] name[=value] ...',
    summary: 'Define local variables.',
    run: local,
  },
  {
    name: 'readonly',
    synopsis: 'readonly [name[=value] ...]',
    summary: 'Mark shell variables as unchangeable.',
    run: readOnly,
  },
  {
    name: 'unset',
    synopsis: 'unset [-f] [-v] [name ...]',
    summary: 'Unset values and attributes of shell variables and functions.',
    run: unset,
  },
  {
    name: 'set',
    synopsis: 'set [-efux] [-o option-name] [--] [arg ...]',
    summary: 'Set or unset values of shell options and positional parameters.',
    run: set,
  },
  { name: 'shift', synopsis: 'shift [n]', summary: 'Shift positional parameters.', run: shift },
  {
    name: 'let',
    synopsis: 'let arg [arg ...]',
    summary: 'Evaluate arithmetic expressions.',
    run: letBuiltin,
  },
  {
    name: 'read',
    synopsis: 'read [-r] [-a array] [-p prompt] [name ...]',
    summary: 'Read a line from the standard input and split it into fields.',
    run: read,
  },
];

/** Assigns `name=value`; the name, or undefined after a complaint. */
async function define(
  text: string,
  { name: builtin, scope }: BuiltinCall,
  make: (name: string) => void,
): Promise<boolean> {
  const [, name, assignment, value = ''] = NAME.exec(text) ?? [];
  if (name === undefined) {
    await complain(scope, `${builtin}: \`${text}': not a valid identifier`);
    return false;
  }
  if (assignment !== undefined) guard(scope.state, name);
  make(name);
  if (assignment !== undefined) assign(scope.state, { name }, value, assignment.startsWith('+'));
  return true;
}

interface Attributes {
  readonly flags: string;
  readonly names: readonly string[];
}

function attributesOf(args: readonly string[]): Attributes {
  const flags = args.filter((arg) => /^-[A-Za-z]+$/.test(arg));
  return {
    flags: flags.join('').replaceAll('-', ''),
    names: args.filter((arg) => !flags.includes(arg) && arg !== '--'),
  };
}

async function exportNames(call: BuiltinCall): Promise<number> {
  const { flags, names } = attributesOf(call.args);
  const { state } = call.scope;
  if (names.length === 0) {
    return list(call, (name, variable) =>
      variable.exported ? `declare -x ${name}${shownValue(variable)}` : undefined,
    );
  }
  let code = 0;
  for (const text of names) {
    const fine = await define(text, call, (name) => {
      state.variables.mark(name, { exported: !flags.includes('n') });
    });
    if (!fine) code = 1;
  }
  return code;
}

async function readOnly(call: BuiltinCall): Promise<number> {
  const { names } = attributesOf(call.args);
  const { state } = call.scope;
  if (names.length === 0) {
    return list(call, (name, variable) =>
      variable.readOnly ? `declare -r ${name}${shownValue(variable)}` : undefined,
    );
  }
  let code = 0;
  for (const text of names) {
    const made: string[] = [];
    if (!(await define(text, call, (name) => made.push(name)))) code = 1;
    for (const name of made) state.variables.mark(name, { readOnly: true });
  }
  return code;
}

async function declare(call: BuiltinCall): Promise<number> {
  const { flags, names } = attributesOf(call.args);
  const { state } = call.scope;
  if (flags.includes('p')) return printDeclarations(call, names);
  if (names.length === 0) return list(call, (name, variable) => `${name}${shownValue(variable)}`);
  let code = 0;
  for (const text of names) {
    const fine = await define(text, call, (name) => {
      if (state.variables.makeLocal(name) || flags !== '') mark(state, name, flags);
    });
    if (!fine) code = 1;
  }
  return code;
}

async function local(call: BuiltinCall): Promise<number> {
  const { flags, names } = attributesOf(call.args);
  const { state } = call.scope;
  if (!state.variables.inFunction) {
    await complain(call.scope, 'local: can only be used in a function');
    return 1;
  }
  let code = 0;
  for (const text of names) {
    const fine = await define(text, call, (name) => {
      state.variables.makeLocal(name);
      mark(state, name, flags);
    });
    if (!fine) code = 1;
  }
  return code;
}

function mark(state: ShellState, name: string, flags: string): void {
  const value = state.variables.get(name)?.value;
  if (flags.includes('A') && value?.kind !== 'associative')
    state.variables.set(name, { kind: 'associative', items: new Map() });
  if (flags.includes('a') && value === undefined)
    state.variables.set(name, { kind: 'indexed', items: new Map() });
  if (flags.includes('x')) state.variables.mark(name, { exported: true });
  if (flags.includes('r')) state.variables.mark(name, { readOnly: true });
}

async function list(
  { scope, stdout }: BuiltinCall,
  show: (name: string, variable: Variable) => string | undefined,
): Promise<number> {
  const { variables } = scope.state;
  for (const name of variables.names()) {
    const variable = variables.get(name);
    const line = variable === undefined ? undefined : show(name, variable);
    if (line !== undefined) await stdout.write(`${line}\n`);
  }
  return 0;
}

function shownValue({ value }: Variable): string {
  if (value === undefined) return '';
  const quoted = (text: string): string => `"${text.replace(/["\\$`]/g, '\\$&')}"`;
  if (value.kind === 'scalar') return `=${quoted(value.text)}`;
  const texts = elements(value);
  const items = keys(value).map((key, at) => `[${key}]=${quoted(texts[at] ?? '')}`);
  return value.kind === 'indexed'
    ? `=(${items.join(' ')})`
    : `=(${items.map((item) => `${item} `).join('')})`;
}

async function printDeclarations(call: BuiltinCall, names: readonly string[]): Promise<number> {
  const { variables } = call.scope.state;
  let code = 0;
  for (const name of names.length === 0 ? variables.names() : names) {
    const variable = variables.get(name);
    if (variable === undefined) {
      await complain(call.scope, `declare: ${name}: not found`);
      code = 1;
      continue;
    }
    const kind = { scalar: '', indexed: 'a', associative: 'A', none: '' }[variable.value?.kind ?? 'none'];
    const flags = `${kind}${variable.readOnly ? 'r' : ''}${variable.exported ? 'x' : ''}`;
    await call.stdout.write(`declare -${flags === '' ? '-' : flags} ${name}${shownValue(variable)}\n`);
  }
  return code;
}

async function unset({ args, scope }: BuiltinCall): Promise<number> {
  const { variables, functions } = scope.state;
  let code = 0;
  for (const name of args.filter((arg) => arg !== '-v' && arg !== '-f')) {
    const [, array, index] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
    if (variables.get(array ?? name)?.readOnly === true) {
      await complain(scope, `unset: ${name}: cannot unset: readonly variable`);
      code = 1;
    } else if (array !== undefined && index !== undefined) unsetElement(scope.state, array, index);
    else if (args.includes('-f') || (variables.get(name) === undefined && !args.includes('-v')))
      functions.delete(name);
    else variables.unset(name);
  }
  return code;
}

function unsetElement(state: ShellState, name: string, index: string): void {
  const value = state.variables.get(name)?.value;
  if (value?.kind === 'indexed') {
    const items = new Map(value.items);
    items.delete(Number(arithmetic(state, index)));
    state.variables.set(name, { kind: 'indexed', items });
  } else if (value?.kind === 'associative') {
    const items = new Map(value.items);
    items.delete(index);
    state.variables.set(name, { kind: 'associative', items });
  }
}

type OptionName = keyof ShellState['options'];
const OPTION_LETTERS: Readonly<Record<string, OptionName>> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
};
const OPTION_NAMES: readonly OptionName[] = ['errexit', 'noglob', 'nounset', 'pipefail', 'xtrace'];

async function set(call: BuiltinCall): Promise<number> {
  const { args, scope } = call;
  const { state } = scope;
  if (args.length === 0)
    return list(call, (name, variable) =>
      variable.value === undefined ? undefined : `${name}${plainValue(variable)}`,
    );
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      state.positional = rest;
      return 0;
    }
    if (!/^[-+]./.test(arg)) {
      state.positional = [arg, ...rest];
      return 0;
    }
    const problem = await setOption(arg, rest, call);
    if (problem !== undefined) return problem;
  }
  return 0;
}

function plainValue(variable: Variable): string {
  const { value } = variable;
  if (value?.kind !== 'scalar') return shownValue(variable);
  return /^[\w@%+:,./-]*$/.test(value.text) ? `=${value.text}` : `='${value.text.replaceAll("'", "'\\''")}'`;
}

/** The status of a complaint; undefined when the option was set. */
async function setOption(
  arg: string,
  rest: string[],
  { scope, stdout }: BuiltinCall,
): Promise<number | undefined> {
  const { options } = scope.state;
  const on = arg.startsWith('-');
  for (const letter of arg.slice(1)) {
    const wanted = letter === 'o' ? rest.shift() : OPTION_LETTERS[letter];
    if (wanted === undefined && letter === 'o') {
      for (const name of OPTION_NAMES)
        await stdout.write(`${name.padEnd(15)}\t${options[name] ? 'on' : 'off'}\n`);
      return 0;
    }
    const name = OPTION_NAMES.find((known) => known === wanted);
    if (name === undefined) {
      await complain(
        scope,
        wanted === undefined
          ? `set: ${arg.slice(0, 1)}${letter}: invalid option`
          : `set: ${wanted}: invalid option name`,
      );
      return wanted === undefined ? 2 : 1;
    }
    options[name] = on;
  }
  return undefined;
}

async function shift({ args, scope }: BuiltinCall): Promise<number> {
  const [count = '1'] = args;
  if (!/^-?\d+$/.test(count)) {
    await complain(scope, `shift: ${count}: numeric argument required`);
    return 1;
  }
  const { state } = scope;
  if (Number(count) < 0) {
    await complain(scope, `shift: ${count}: shift count out of range`);
    return 1;
  }
  if (Number(count) > state.positional.length) return 1;
  state.positional = state.positional.slice(Number(count));
  return 0;
}

async function letBuiltin({ args, scope }: BuiltinCall): Promise<number> {
  try {
    let last = 0n;
    for (const expression of args) last = arithmetic(scope.state, expression);
    return last === 0n ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    await complain(scope, `let: ${error.message}`);
    return 1;
  }
}
