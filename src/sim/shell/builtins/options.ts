/** Command-line options as GNU getopt_long reads them, with its complaints. */
import type { Output } from '../command.ts';

export interface OptionSpec {
  /** Short flags without a value, e.g. `la1`. */
  readonly flags?: string;
  /** Short flags that take a value. */
  readonly values?: string;
  /** Long name -> the short flag that it stands for. */
  readonly long?: Readonly<Record<string, string>>;
  /** Options end at the first operand (env, timeout, xargs). */
  readonly posix?: boolean;
  /** `-5` is an operand (seq). */
  readonly negatives?: boolean;
}

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/** The complaint of getopt, without the command's name, when an option is unknown. */
export type Parsed =
  { readonly ok: true; readonly options: Options } | { readonly ok: false; readonly message: string };

export function parseOptions(args: readonly string[], spec: OptionSpec): Parsed {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      operands.push(...rest);
      break;
    }
    if (!arg.startsWith('-') || arg === '-' || (spec.negatives === true && /^-[\d.]/.test(arg))) {
      operands.push(arg);
      if (spec.posix !== true) continue;
      operands.push(...rest);
      break;
    }
    const problem = arg.startsWith('--')
      ? readLong(arg, spec, { flags, values, rest })
      : readShort(arg, spec, { flags, values, rest });
    if (problem !== undefined) return { ok: false, message: problem };
  }
  return { ok: true, options: { flags, values, operands } };
}

interface Reading {
  readonly flags: Set<string>;
  readonly values: Map<string, string>;
  readonly rest: string[];
}

function readLong(arg: string, spec: OptionSpec, { flags, values, rest }: Reading): string | undefined {
  const [, name = '', value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(arg) ?? [];
  const short = Object.hasOwn(spec.long ?? {}, name) ? spec.long?.[name] : undefined;
  if (short === undefined) return `unrecognized option '${arg}'`;
  if (spec.values?.includes(short) !== true) {
    if (value !== undefined) return `option '--${name}' doesn't allow an argument`;
    flags.add(short);
    return undefined;
  }
  const given = value ?? rest.shift();
  if (given === undefined) return `option '--${name}' requires an argument`;
  values.set(short, given);
  return undefined;
}

function readShort(arg: string, spec: OptionSpec, { flags, values, rest }: Reading): string | undefined {
  for (let at = 1; at < arg.length; at += 1) {
    const flag = arg[at] ?? '';
    if (spec.values?.includes(flag) === true) {
      const given = at + 1 < arg.length ? arg.slice(at + 1) : rest.shift();
      if (given === undefined) return `option requires an argument -- '${flag}'`;
      values.set(flag, given);
      return undefined;
    }
    if (spec.flags?.includes(flag) !== true) return `invalid option -- '${flag}'`;
    flags.add(flag);
  }
  return undefined;
}

/** Prints getopt's complaint as the GNU tools do; the status is theirs to choose. */
export async function usageError(name: string, message: string, stderr: Output): Promise<void> {
  await stderr.write(`${name}: ${message}\nTry '${name} --help' for more information.\n`);
}
