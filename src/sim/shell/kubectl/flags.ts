/**
 * Command-line flags as spf13/pflag reads them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, joined
 * booleans (`-it`), flags between arguments, and `--` that ends them. Source: pflag flag.go v1.0.9 and cobra.
 */
import { err, ok, type Result } from '../../../base/result.ts';

export type FlagType = 'bool' | 'string' | 'int' | 'strings' | 'duration';

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  /** As `--help` prints it; a string list starts empty. */
  readonly initial: string;
  /** The value when the flag stands without one (`--dry-run`); booleans have `true` by nature. */
  readonly bare?: string;
  /** What it does, in our words, for `--help`. */
  readonly help: string;
}

export class Flags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(specs: ReadonlyMap<string, FlagSpec>, values: ReadonlyMap<string, readonly string[]>) {
    this.#specs = specs;
    this.#values = values;
  }

  /** True when the learner gave it. */
  given(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#specs.get(name)?.initial ?? '';
  }

  is(name: string): boolean {
    return this.text(name) === 'true';
  }

  int(name: string): number {
    return Number(this.text(name));
  }

  /** Every value given, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The same line with one flag as if it had not been given. */
  without(name: string): Flags {
    return new Flags(this.#specs, new Map([...this.#values].filter(([given]) => given !== name)));
  }

  /** Milliseconds; NaN cannot happen, the parser has checked it. */
  millis(name: string): number {
    return durationMillis(this.text(name)) ?? 0;
  }
}

export interface ParsedLine {
  readonly flags: Flags;
  readonly args: readonly string[];
  /** How many arguments stood before `--`; undefined without one. */
  readonly argsBeforeDashes?: number;
}

/** Errors are pflag's own sentences. `help` is always understood. */
export function parseFlags(words: readonly string[], specs: readonly FlagSpec[]): Result<ParsedLine, string> {
  const reader = new Reader(specs);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      const before = reader.args.length;
      reader.args.push(...words.slice(at + 1));
      return ok({ ...reader.done(), argsBeforeDashes: before });
    }
    const outcome = word.startsWith('--')
      ? reader.long(word.slice(2), words[at + 1])
      : word.startsWith('-') && word !== '-'
        ? reader.short(word.slice(1), words[at + 1])
        : reader.argument(word);
    if (!outcome.ok) return outcome;
    if (outcome.value === 'took-next') at += 1;
  }
  return ok(reader.done());
}

type Step = Result<'done' | 'took-next', string>;
const DONE: Step = ok('done');

class Reader {
  readonly args: string[] = [];
  readonly #long: ReadonlyMap<string, FlagSpec>;
  readonly #short: ReadonlyMap<string, FlagSpec>;
  readonly #values = new Map<string, string[]>();

  constructor(specs: readonly FlagSpec[]) {
    this.#long = new Map(specs.map((spec) => [spec.name, spec]));
    this.#short = new Map(
      specs.flatMap((spec) => (spec.short === undefined ? [] : [[spec.short, spec] as const])),
    );
  }

  done(): { readonly flags: Flags; readonly args: readonly string[] } {
    return { flags: new Flags(this.#long, this.#values), args: this.args };
  }

  argument(word: string): Step {
    this.args.push(word);
    return DONE;
  }

  long(text: string, next: string | undefined): Step {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === '' || name.startsWith('-')) return err(`bad flag syntax: --${text}`);
    const spec = this.#long.get(name);
    if (!spec) return err(`unknown flag: --${name}`);
    if (equals >= 0) return this.#set(spec, text.slice(equals + 1));
    const bare = bareValue(spec);
    if (bare !== undefined) return this.#set(spec, bare);
    if (next === undefined) return err(`flag needs an argument: --${name}`);
    return after(this.#set(spec, next));
  }

  short(text: string, next: string | undefined): Step {
    for (let at = 0; at < text.length; at += 1) {
      const letter = text[at] ?? '';
      const spec = this.#short.get(letter);
      if (!spec) return err(`unknown shorthand flag: '${letter}' in -${text.slice(at)}`);
      const rest = text.slice(at + 1);
      const bare = bareValue(spec);
      if (rest.startsWith('=')) return this.#set(spec, rest.slice(1));
      if (bare !== undefined) {
        const outcome = this.#set(spec, bare);
        if (!outcome.ok) return outcome;
        continue;
      }
      if (rest !== '') return this.#set(spec, rest);
      if (next === undefined) return err(`flag needs an argument: '${letter}' in -${text.slice(at)}`);
      return after(this.#set(spec, next));
    }
    return DONE;
  }

  #set(spec: FlagSpec, value: string): Step {
    const complaint = wrongValue(spec.type, value);
    if (complaint !== undefined) {
      const flag = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
      return err(`invalid argument ${JSON.stringify(value)} for ${JSON.stringify(flag)} flag: ${complaint}`);
    }
    const text = spec.type === 'bool' ? boolText(value) : value;
    this.#values.set(spec.name, [...(this.#values.get(spec.name) ?? []), text]);
    return DONE;
  }
}

const after = (step: Step): Step => (step.ok ? ok('took-next') : step);

function bareValue(spec: FlagSpec): string | undefined {
  return spec.type === 'bool' ? 'true' : spec.bare;
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

const boolText = (value: string): string => (TRUE.has(value) ? 'true' : 'false');

function wrongValue(type: FlagType, value: string): string | undefined {
  const quoted = JSON.stringify(value);
  if (type === 'bool' && !TRUE.has(value) && !FALSE.has(value)) {
    return `strconv.ParseBool: parsing ${quoted}: invalid syntax`;
  }
  if (type === 'int' && !/^[-+]?\d+$/.test(value))
    return `strconv.ParseInt: parsing ${quoted}: invalid syntax`;
  if (type === 'duration' && durationMillis(value) === undefined) return durationComplaint(value);
  return undefined;
}

function durationComplaint(value: string): string {
  const quoted = JSON.stringify(value);
  return /^[-+]?[0-9.]+$/.test(value)
    ? `time: missing unit in duration ${quoted}`
    : `time: invalid duration ${quoted}`;
}

const UNITS = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Go's time.ParseDuration in milliseconds (`1m30s`, `500ms`, `0`); undefined when malformed. */
export function durationMillis(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return 0;
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(body))
    return undefined;
  let total = 0;
  for (const [, number, unit] of body.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS.get(unit ?? '') ?? 0);
  }
  return sign * total;
}
