/** `--help` of the commands that parse with `OptionSpec`: generated from the table that parses, so it lists what is honoured. */
import type { OptionSpec } from './options.ts';

/** Operands as the real tool's usage line shows them; `[FILE]...` for the rest. */
const OPERANDS: ReadonlyMap<string, string> = new Map([
  ['mkdir', 'DIRECTORY...'],
  ['rmdir', 'DIRECTORY...'],
  ['cp', 'SOURCE... DEST'],
  ['mv', 'SOURCE... DEST'],
  ['touch', 'FILE...'],
  ['sleep', 'NUMBER[SUFFIX]...'],
  ['date', '[+FORMAT]'],
  ['hostname', ''],
  ['whoami', ''],
  ['id', '[USER]...'],
  ['uname', ''],
  ['printenv', '[VARIABLE]...'],
  ['basename', 'NAME [SUFFIX]'],
  ['dirname', 'NAME...'],
  ['seq', '[FIRST [INCREMENT]] LAST'],
  ['yes', '[STRING]...'],
  ['uniq', '[INPUT]'],
  ['diff', 'FILES'],
  ['grep', 'PATTERNS [FILE]...'],
  ['egrep', 'PATTERNS [FILE]...'],
  ['fgrep', 'PATTERNS [FILE]...'],
  ['env', '[NAME=VALUE]... [COMMAND [ARG]...]'],
  ['xargs', '[COMMAND [INITIAL-ARGS]...]'],
  ['timeout', 'DURATION COMMAND [ARG]...'],
]);

export interface Documented {
  readonly name: string;
  readonly summary: string;
  readonly spec: OptionSpec;
}

export function usageText({ name, summary, spec }: Documented): string {
  const words = [name, '[OPTION]...', OPERANDS.get(name) ?? '[FILE]...'].filter((word) => word !== '');
  const options = optionLines(spec);
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `Usage: ${words.join(' ')}\n${sentence}\n\n${[...options, '      --help'].join('\n')}\n`;
}

/** `  -n, --lines=VALUE` */
function optionLines({ flags = '', values = '', long = {} }: OptionSpec): readonly string[] {
  const letters = [...new Set([...flags, ...values])].sort(
    (a, b) => a.localeCompare(b, 'en') || (a < b ? -1 : 1),
  );
  const shorts = letters.map((letter) => {
    const takes = values.includes(letter);
    const names = Object.entries(long).flatMap(([name, short]) => (short === letter ? [`--${name}`] : []));
    const shown = [`-${letter}`, ...names].join(', ');
    return `  ${shown}${takes ? (names.length > 0 ? '=VALUE' : ' VALUE') : ''}`;
  });
  const others = Object.entries(long).flatMap(([name, short]) =>
    letters.includes(short) ? [] : [`      --${name}`],
  );
  return [...shorts, ...others];
}

/** Whether `--help` stands among the options. */
export function asksForHelp(args: readonly string[], spec: OptionSpec): boolean {
  for (const arg of args) {
    if (arg === '--help') return true;
    if (arg === '--' || (spec.posix === true && !arg.startsWith('-'))) return false;
  }
  return false;
}
