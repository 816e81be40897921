/**
 * Reads a command line against a small table of flags. A word that is not known is answered with the nearest one that is.
 */
import { err, ok, type Result } from '../base/result.ts';
import { nearest } from '../lab/diagnostic.ts';

export interface FlagSpec {
  /** Present when the flag takes a value; the text names it in help. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly usage: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** How many words besides flags are allowed. */
  readonly words: { readonly min: number; readonly max: number };
}

export interface Arguments {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** The error is a sentence for the person who typed. */
export function parseArguments(args: readonly string[], spec: CommandSpec): Result<Arguments, string> {
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const read = readFlag(args, at, spec);
    if (!read.ok) return read;
    flags.set(read.value.name, read.value.value);
    at += read.value.taken;
  }
  const { min, max } = spec.words;
  if (words.length < min) return err(`Something is missing. Usage: ${spec.usage}`);
  if (words.length > max) return err(`"${words[max] ?? ''}" is one word too many. Usage: ${spec.usage}`);
  return ok({ words, flags });
}

interface ReadFlag {
  readonly name: string;
  readonly value: string;
  /** Further arguments used up as the flag's value. */
  readonly taken: 0 | 1;
}

function readFlag(args: readonly string[], at: number, spec: CommandSpec): Result<ReadFlag, string> {
  const [given = '', inline] = splitOnce(args[at] ?? '', '=');
  const entry = Object.entries(spec.flags).find(
    ([name, { short }]) => given === `--${name}` || (short !== undefined && given === `-${short}`),
  );
  if (!entry) {
    const meant = nearest(given.replace(/^-+/, ''), Object.keys(spec.flags));
    return err(
      `There is no flag ${given}${meant === undefined ? '.' : `. Did you mean --${meant}?`} Usage: ${spec.usage}`,
    );
  }
  const [name, { value: wanted }] = entry;
  if (wanted === undefined) {
    return inline === undefined ? ok({ name, value: '', taken: 0 }) : err(`--${name} takes no value.`);
  }
  if (inline !== undefined) return ok({ name, value: inline, taken: 0 });
  const next = args[at + 1];
  return next === undefined ? err(`--${name} needs ${wanted}.`) : ok({ name, value: next, taken: 1 });
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
