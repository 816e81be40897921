/** Parameters: what `$name`, `${name[index]}` and the special parameters stand for, and setting them. */
import { nextRandom, seeded, type RandomState } from '../../core/random.ts';
import { ArithmeticError, evaluate, type ArithmeticScope } from './arithmetic.ts';
import type { ShellState } from './state.ts';
import { elements, keys, type Value } from './variables.ts';

/** A failed expansion: bash prints it and abandons the line. */
export class ShellError extends Error {
  readonly status: number;

  /** `message` is without the shell's name. */
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface Parameter {
  /** Undefined when unset. */
  readonly items: readonly string[] | undefined;
  /** Set for `$@`, `$*`, `${a[@]}`, `${a[*]}`. */
  readonly list?: '@' | '*';
}

export const MAX_TEXT = 1 << 24;

export function lookUp(state: ShellState, name: string, index?: string): Parameter {
  if (name === '@' || name === '*') return { items: state.positional, list: name };
  if (index === '@' || index === '*') {
    const value = arrayValue(state, name);
    return { items: value === undefined ? undefined : elements(value), list: index };
  }
  const text = index === undefined ? textOf(state, name) : element(arrayValue(state, name), index, state);
  return { items: text === undefined ? undefined : [text] };
}

export function arrayKeys(state: ShellState, name: string): readonly string[] {
  return keys(arrayValue(state, name));
}

function arrayValue(state: ShellState, name: string): Value | undefined {
  if (name !== 'PIPESTATUS') return state.variables.get(name)?.value;
  return { kind: 'indexed', items: new Map(state.pipeStatus.map((status, at) => [at, String(status)])) };
}

function element(value: Value | undefined, index: string, state: ShellState): string | undefined {
  if (value === undefined) return undefined;
  if (value.kind === 'associative') return value.items.get(index);
  const at = position(index, state, value);
  if (value.kind === 'scalar') return at === 0 ? value.text : undefined;
  return value.items.get(at);
}

/** A subscript counts from the end when it is negative. */
function position(index: string, state: ShellState, value: Value | undefined): number {
  const at = Number(arithmetic(state, index));
  if (at >= 0) return at;
  const last = value?.kind === 'indexed' ? Math.max(-1, ...value.items.keys()) : 0;
  return last + 1 + at;
}

function textOf(state: ShellState, name: string): string | undefined {
  if (/^[1-9]\d*$/.test(name)) return state.positional[Number(name) - 1];
  return Object.hasOwn(SPECIAL, name) ? SPECIAL[name]?.(state) : state.variables.text(name);
}

const chances = new WeakMap<ShellState, RandomState>();

function random(state: ShellState): string {
  const { value, state: after } = nextRandom(chances.get(state) ?? seeded(32768));
  chances.set(state, after);
  return String(Math.floor(value * 32768));
}

const SPECIAL: Readonly<Record<string, (state: ShellState) => string | undefined>> = {
  '#': (state) => String(state.positional.length),
  '?': (state) => String(state.status),
  '-': (state) => state.flags,
  $: () => SHELL_PID,
  '!': () => undefined,
  '0': (state) => state.name,
  BASHPID: () => SHELL_PID,
  BASH_SUBSHELL: (state) => String(state.subshell),
  PIPESTATUS: (state) => String(state.pipeStatus[0] ?? 0),
  RANDOM: random,
};

/** There is no process table: every shell is this process. */
const SHELL_PID = '1042';

export interface Target {
  readonly name: string;
  readonly index?: string | undefined;
}

/** Sets a scalar or an element; throws `ShellError` for read-only variables and runaway sizes. */
export function assign(state: ShellState, { name, index }: Target, text: string, append = false): void {
  guard(state, name);
  const old = append ? (lookUp(state, name, index).items?.[0] ?? '') : '';
  if (old.length + text.length > MAX_TEXT)
    throw new ShellError(`${name}: value too large: cannot allocate memory`, 2);
  if (index === undefined) state.variables.setText(name, old + text);
  else state.variables.set(name, withElement(state, { name, index }, old + text));
}

function withElement(state: ShellState, { name, index }: Required<Target>, text: string): Value {
  const value = state.variables.get(name)?.value;
  const key = index ?? '';
  if (value?.kind === 'associative')
    return { kind: 'associative', items: new Map(value.items).set(key, text) };
  const at = position(key, state, value);
  if (key === '' || at < 0) throw new ShellError(`${name}[${key}]: bad array subscript`);
  const items =
    value?.kind === 'indexed' ? value.items : elements(value).map((item, place) => [place, item] as const);
  return { kind: 'indexed', items: new Map(items).set(at, text) };
}

/** Throws when the variable may not change. */
export function guard(state: ShellState, name: string): void {
  if (state.variables.get(name)?.readOnly === true) throw new ShellError(`${name}: readonly variable`);
}

/** Evaluates arithmetic text that is expanded already. */
export function arithmetic(state: ShellState, expression: string): bigint {
  try {
    return evaluate(expression, arithmeticScope(state));
  } catch (error) {
    if (error instanceof ArithmeticError) throw new ShellError(error.message);
    throw error;
  }
}

function arithmeticScope(state: ShellState): ArithmeticScope {
  return {
    get(name, index) {
      const text = lookUp(state, name, index).items?.[0];
      if (text === undefined && state.options.nounset) throw new ShellError(`${name}: unbound variable`, 1);
      return text;
    },
    set(name, index, value) {
      assign(state, { name, index }, value);
    },
  };
}
