/* Facts about the text tools' command lines: which options take a value, and how many operands stand before the files. */
import type { Command } from '../command.ts';

export interface ToolFacts {
  readonly summary: string;
  /** Short options with a value, in the same or the next word. */
  readonly values?: string;
  /** Long options whose value is the next word. */
  readonly longValues?: readonly string[];
  /** Operands before file names: 1 for sed's script. */
  readonly before?: number;
  /** Options that take the place of the first operand (`sed -e`). */
  readonly instead?: string;
  /** Never reads standard input (`find`), or only where `-` stands (`comm`). */
  readonly stdin?: 'never' | 'dash';
  readonly places?: Command['places'];
}

const MACHINES: Command['places'] = ['workstation', 'node'];

export const TOOLS: Readonly<Record<string, ToolFacts>> = {
  sed: { summary: 'stream editor for filtering and transforming text', values: 'efl', before: 1, instead: 'ef' },
  awk: { summary: 'pattern scanning and processing language', values: 'fvF', before: 1, instead: 'f' },
  jq: { summary: 'command-line JSON processor', values: 'fL', before: 1, instead: 'fn', longValues: ['--arg', '--argjson', '--indent', '--slurpfile', '--rawfile', '--from-file'], places: MACHINES },
  yq: { summary: 'command-line YAML processor', values: 'opI', before: 1, instead: 'n', longValues: ['--arg', '--input-format', '--output-format'], places: ['workstation'] },
  sort: { summary: 'sort lines of text files', values: 'koStT' },
  cut: { summary: 'remove sections from each line of files', values: 'bcdf', longValues: ['--output-delimiter'] },
  tr: { summary: 'translate or delete characters', before: 2 },
  column: { summary: 'columnate lists', values: 'csoNRHW' },
  comm: { summary: 'compare two sorted files line by line', stdin: 'dash' },
  join: { summary: 'join lines of two files on a common field', values: '12aejotv', stdin: 'dash' },
  paste: { summary: 'merge lines of files', values: 'd' },
  nl: { summary: 'number lines of files', values: 'bdfhilnsvw' },
  tac: { summary: 'concatenate and print files in reverse', values: 's' },
  rev: { summary: 'reverse lines characterwise' },
  fold: { summary: 'wrap each input line to fit in specified width', values: 'w' },
  expand: { summary: 'convert tabs to spaces', values: 't' },
  unexpand: { summary: 'convert spaces to tabs', values: 't' },
  base64: { summary: 'base64 encode/decode data', values: 'w' },
  md5sum: { summary: 'compute and check MD5 message digest' },
  sha1sum: { summary: 'compute and check SHA1 message digest' },
  sha256sum: { summary: 'compute and check SHA256 message digest' },
  strings: { summary: 'print the sequences of printable characters in files', values: 'nte' },
  find: { summary: 'search for files in a directory hierarchy', stdin: 'never' },
}; // prettier-ignore

/** Whether this command line makes the tool read its standard input: no file operand is left for it. */
export function readsStdin(facts: ToolFacts, args: readonly string[]): boolean {
  if (facts.stdin === 'never') return false;
  const { operands, replaced } = split(facts, args);
  if (operands.includes('-')) return true;
  if (facts.stdin === 'dash') return false;
  return operands.length <= (replaced ? 0 : (facts.before ?? 0));
}

interface Words {
  readonly operands: readonly string[];
  /** The first operand came as an option. */
  readonly replaced: boolean;
}

function split(facts: ToolFacts, args: readonly string[]): Words {
  const operands: string[] = [];
  let replaced = false;
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') return { operands: [...operands, ...rest], replaced };
    if (!arg.startsWith('-') || arg === '-') operands.push(arg);
    else {
      const option = arg.startsWith('--') ? longOption(facts, arg) : shortOptions(facts, arg);
      replaced ||= option.replaces;
      rest.splice(0, option.takes);
    }
  }
  return { operands, replaced };
}

interface OptionEffect {
  /** Following words that are its values. */
  readonly takes: number;
  readonly replaces: boolean;
}

const PAIRS = new Set(['--arg', '--argjson', '--slurpfile', '--rawfile']);

function longOption(facts: ToolFacts, arg: string): OptionEffect {
  const replaces = /^--(regexp|file|expression|from-file|null-input)(=|$)/.test(arg);
  const takes = facts.longValues?.includes(arg) === true ? (PAIRS.has(arg) ? 2 : 1) : 0;
  return { takes, replaces };
}

function shortOptions(facts: ToolFacts, arg: string): OptionEffect {
  const at = [...arg].findIndex((char, place) => place > 0 && facts.values?.includes(char) === true);
  const flags = at < 0 ? arg : arg.slice(0, at + 1);
  const replaces = [...(facts.instead ?? '')].some((flag) => flags.includes(flag));
  return { takes: at === arg.length - 1 ? 1 : 0, replaces };
}

/** Command lines whose answer to a line depends on that line alone, so that they may answer chunk by chunk. */
export function lineByLine(name: string, args: readonly string[]): boolean {
  switch (name) {
    case 'cut':
    case 'rev':
      return true;
    case 'tr':
      return args.every((arg) => !/^-[cCd]*s/.test(arg));
    default:
      return false;
  }
}
