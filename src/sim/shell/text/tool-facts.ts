/* Facts about the text tools' command lines: which options take a value, and how many operands stand before the files. */
import type { Command } from '../command.ts';

export interface ToolFacts {
  readonly summary: string;
  /** Short options with a value, in the same or the next word. */
  readonly values?: string;
  /** Long options whose value is the next word. */
  readonly longValues?: readonly string[];
  /** Operands before file names: 1 for grep's pattern. */
  readonly before?: number;
  /** Options that take the place of the first operand (`grep -e`). */
  readonly instead?: string;
  /** Never reads standard input (`find`), or only where `-` stands (`diff`). */
  readonly stdin?: 'never' | 'dash';
  readonly places?: Command['places'];
}

const MACHINES: Command['places'] = ['workstation', 'node'];

export const TOOLS: Readonly<Record<string, ToolFacts>> = {
  grep: { summary: 'print lines that match patterns', values: 'efmABC', before: 1, instead: 'ef' },
  egrep: { summary: 'print lines that match extended patterns', values: 'efmABC', before: 1, instead: 'ef' },
  fgrep: { summary: 'print lines that match fixed strings', values: 'efmABC', before: 1, instead: 'ef' },
  sed: { summary: 'stream editor for filtering and transforming text', values: 'efl', before: 1, instead: 'ef' },
  awk: { summary: 'pattern scanning and processing language', values: 'fvF', before: 1, instead: 'f' },
  jq: { summary: 'command-line JSON processor', values: 'fL', before: 1, instead: 'fn', longValues: ['--arg', '--argjson', '--indent', '--slurpfile', '--rawfile', '--from-file'], places: MACHINES },
  yq: { summary: 'command-line YAML processor', values: 'opI', before: 1, instead: 'n', longValues: ['--arg', '--input-format', '--output-format'], places: ['workstation'] },
  sort: { summary: 'sort lines of text files', values: 'koStT' },
  uniq: { summary: 'report or omit repeated lines', values: 'fsw' },
  wc: { summary: 'print newline, word, and byte counts for each file' },
  cut: { summary: 'remove sections from each line of files', values: 'bcdf', longValues: ['--output-delimiter'] },
  tr: { summary: 'translate or delete characters', before: 2 },
  column: { summary: 'columnate lists', values: 'csoNRHW' },
  diff: { summary: 'compare files line by line', values: 'UC', stdin: 'dash' },
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
  od: { summary: 'dump files in octal and other formats', values: 'AjNtw' },
  split: { summary: 'split a file into pieces', values: 'albn' },
  find: { summary: 'search for files in a directory hierarchy', stdin: 'never' },
  tree: { summary: 'list contents of directories in a tree-like format', stdin: 'never', places: ['workstation'] },
  du: { summary: 'estimate file space usage', stdin: 'never' },
  stat: { summary: 'display file status', stdin: 'never' },
  file: { summary: 'determine file type', stdin: 'never' },
}; // prettier-ignore

/** Whether this command line makes the tool read its standard input: no file operand is left for it. */
export function readsStdin(facts: ToolFacts, args: readonly string[]): boolean {
  if (facts.stdin === 'never') return false;
  const { operands, replaced } = split(facts, args);
  if (operands.includes('-')) return true;
  if (facts.stdin === 'dash') return false;
  const before = replaced ? 0 : (facts.before ?? 0);
  const recursive =
    facts.before === 1 &&
    facts.values?.includes('m') === true &&
    args.some((arg) => /^-[a-zA-Z]*[rR]/.test(arg) || arg === '--recursive');
  return operands.length <= before && !recursive;
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
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg);
      continue;
    }
    if (arg.startsWith('--')) {
      replaced ||= /^--(regexp|file|expression|from-file|null-input)(=|$)/.test(arg);
      const pairs =
        arg === '--arg' || arg === '--argjson' || arg === '--slurpfile' || arg === '--rawfile' ? 2 : 1;
      if (facts.longValues?.includes(arg) === true) rest.splice(0, pairs);
      continue;
    }
    const at = [...arg].findIndex((char, place) => place > 0 && facts.values?.includes(char) === true);
    const flags = at < 0 ? arg : arg.slice(0, at + 1);
    replaced ||= [...(facts.instead ?? '')].some((flag) => flags.includes(flag));
    if (at === arg.length - 1) rest.shift();
  }
  return { operands, replaced };
}

/** Command lines whose answer to a line depends on that line alone, so that they may answer chunk by chunk. */
export function lineByLine(name: string, args: readonly string[]): boolean {
  switch (name) {
    case 'grep':
    case 'egrep':
    case 'fgrep':
      return args.every(
        (arg) =>
          !arg.startsWith('-') ||
          /^-[EFPivwxohsae]+$/.test(arg) ||
          arg.startsWith('--color') ||
          arg === '--line-buffered',
      );
    case 'cut':
    case 'rev':
      return true;
    case 'tr':
      return args.every((arg) => !/^-[cCd]*s/.test(arg));
    default:
      return false;
  }
}
