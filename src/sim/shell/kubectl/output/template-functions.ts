/** The functions a Go template may call, over JSON values. Source: text/template/funcs.go, Go 1.25; fmt for printf. */
import { isJsonObject, type Json } from '../../../../base/json.ts';
import { utf8Text } from '../../../../base/bytes.ts';
import { goText } from './jsonpath.ts';

/** Undefined is Go's missing value. */
export type Value = Json | undefined;

export class TemplateFailure extends Error {}

export function truth(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return isJsonObject(value) ? Object.keys(value).length > 0 : true;
}

type TemplateFunction = (args: readonly Value[]) => Value;

export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['and', (args) => args.find((arg) => !truth(arg)) ?? args.at(-1)],
  ['or', (args) => args.find(truth) ?? args.at(-1)],
  ['not', ([arg]) => !truth(arg)],
  ['eq', ([first, ...others]) => others.some((other) => same(first, other))],
  ['ne', ([a, b]) => !same(a, b)],
  ['lt', ([a, b]) => order(a, b) < 0],
  ['le', ([a, b]) => order(a, b) <= 0],
  ['gt', ([a, b]) => order(a, b) > 0],
  ['ge', ([a, b]) => order(a, b) >= 0],
  ['len', ([arg]) => length(arg)],
  ['index', ([base, ...keys]) => keys.reduce<Value>(indexed, base)],
  ['slice', ([base, from, to]) => sliced(base, from, to)],
  ['print', (args) => printed(args)],
  ['println', (args) => `${args.map((arg) => shown(arg)).join(' ')}\n`],
  ['printf', ([format, ...args]) => formatted(typeof format === 'string' ? format : '', args)],
  ['exists', ([base, ...keys]) => exists(base, keys)],
  ['base64decode', ([arg]) => base64Text(typeof arg === 'string' ? arg : '')],
]);

const shown = (value: Value): string => (value === undefined ? '<no value>' : goText(value));

/** Go's Sprint: a space between two operands when neither is a string. */
function printed(args: readonly Value[]): string {
  return args
    .map(
      (arg, at) =>
        (at > 0 && typeof arg !== 'string' && typeof args[at - 1] !== 'string' ? ' ' : '') + shown(arg),
    )
    .join('');
}

function same(a: Value, b: Value): boolean {
  if (typeof a === 'object' && a !== null) throw new TemplateFailure('error calling eq: non-comparable type');
  if (a !== undefined && b !== undefined && a !== null && b !== null && typeof a !== typeof b) {
    throw new TemplateFailure('error calling eq: incompatible types for comparison');
  }
  return a === b;
}

function order(a: Value, b: Value): number {
  if (typeof a !== typeof b || (typeof a !== 'string' && typeof a !== 'number')) {
    throw new TemplateFailure('error calling lt: incompatible types for comparison');
  }
  return a === b ? 0 : a < (b as typeof a) ? -1 : 1;
}

function length(value: Value): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (isJsonObject(value)) return Object.keys(value).length;
  throw new TemplateFailure('error calling len: len of nil pointer');
}

function indexed(base: Value, key: Value): Value {
  if (Array.isArray(base) && typeof key === 'number') {
    if (key < 0 || key >= base.length) {
      throw new TemplateFailure(`error calling index: reflect: slice index out of range: ${key}`);
    }
    return base[key] as Json;
  }
  if (isJsonObject(base) && typeof key === 'string') return base[key];
  if (base === undefined || base === null)
    throw new TemplateFailure('error calling index: index of untyped nil');
  throw new TemplateFailure(`error calling index: cannot index slice/array with type ${typeof key}`);
}

function sliced(base: Value, from: Value, to: Value): Value {
  if (typeof base !== 'string' && !Array.isArray(base))
    throw new TemplateFailure("error calling slice: can't slice item");
  return base.slice(Number(from ?? 0), to === undefined ? undefined : Number(to)) as Json;
}

function exists(base: Value, keys: readonly Value[]): boolean {
  let value: Value = base;
  for (const key of keys) {
    if (Array.isArray(value) && typeof key === 'number') value = value[key] as Json | undefined;
    else if (isJsonObject(value) && typeof key === 'string') value = value[key];
    else return false;
    if (value === undefined) return false;
  }
  return true;
}

const VERB = /%(?<flags>[-+# 0]*)(?<width>\d*)(?:\.(?<precision>\d+))?(?<verb>[a-zA-Z%])/g;

/** fmt.Sprintf for %s %v %d %q %t %f %x %%, with width and `-` or `0`. */
function formatted(format: string, args: readonly Value[]): string {
  let next = 0;
  let text = '';
  let at = 0;
  for (const match of format.matchAll(VERB)) {
    text += format.slice(at, match.index);
    at = match.index + match[0].length;
    const { flags = '', width = '', precision, verb = '' } = match.groups ?? {};
    if (verb === '%') text += '%';
    else if (next >= args.length) text += `%!${verb}(MISSING)`;
    else {
      text += padded(verbText(verb, args[next], precision), flags, Number(width));
      next += 1;
    }
  }
  text += format.slice(at);
  const extra = args.slice(next).map((arg) => `${goTypeName(arg)}=${shown(arg)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function padded(text: string, flags: string, width: number): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width, flags.includes('0') ? '0' : ' ');
}

/** Undefined when the verb does not fit the value. */
const VERBS: ReadonlyMap<string, (arg: Value, precision?: string) => string | undefined> = new Map<
  string,
  (arg: Value, precision?: string) => string | undefined
>([
  ['v', shown],
  ['s', (arg) => (typeof arg === 'number' || typeof arg === 'boolean' ? undefined : shown(arg))],
  ['q', (arg) => (typeof arg === 'string' ? JSON.stringify(arg) : undefined)],
  ['d', (arg) => (typeof arg === 'number' ? String(arg) : undefined)],
  ['t', (arg) => (typeof arg === 'boolean' ? String(arg) : undefined)],
  ['x', (arg) => (typeof arg === 'number' ? arg.toString(16) : undefined)],
  ['f', (arg, precision = '6') => (typeof arg === 'number' ? arg.toFixed(Number(precision)) : undefined)],
]);

function verbText(verb: string, arg: Value, precision: string | undefined): string {
  return VERBS.get(verb)?.(arg, precision) ?? `%!${verb}(${goTypeName(arg)}=${shown(arg)})`;
}

function goTypeName(value: Value): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (value === undefined || value === null) return '<nil>';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64Text(text: string): string {
  const clean = text.replace(/=+$/, '');
  const bad = [...clean].findIndex((char) => !ALPHABET.includes(char));
  if (bad >= 0)
    throw new TemplateFailure(
      `error calling base64decode: base64 decode failed: illegal base64 data at input byte ${bad}`,
    );
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of clean) {
    held = (held << 6) | ALPHABET.indexOf(char);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  return utf8Text(new Uint8Array(bytes));
}
