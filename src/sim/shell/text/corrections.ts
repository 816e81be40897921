/** Where the borrowed tools word an error otherwise than the GNU ones of Debian 12: their text, and the status that goes with it. */
export interface Correction {
  readonly pattern: RegExp;
  readonly text: string;
  readonly exitCode?: number;
}

const USAGE = /^(\w+): ((?:unrecognized|invalid) option .*|missing operand|you must specify a list of .*)\n$/;

const usage = (name: string, exitCode: number): Correction => ({
  pattern: USAGE,
  text: `${name}: $2\nTry '${name} --help' for more information.\n`,
  exitCode,
});

const CORRECTIONS: Readonly<Record<string, readonly Correction[]>> = {
  sort: [
    {
      pattern: /^sort: (.+): No such file or directory\n/,
      text: 'sort: cannot read: $1: No such file or directory\n',
      exitCode: 2,
    },
    usage('sort', 2),
  ],
  sed: [
    {
      pattern: /^sed: (.+): No such file or directory\n/,
      text: "sed: can't read $1: No such file or directory\n",
      exitCode: 2,
    },
  ],
  find: [
    {
      pattern: /^find: (.+): No such file or directory\n/,
      text: "find: '$1': No such file or directory\n",
      exitCode: 1,
    },
  ],
  tac: [
    {
      pattern: /^tac: (.+): No such file or directory\n/,
      text: "tac: failed to open '$1' for reading: No such file or directory\n",
    },
  ],
  awk: [{ pattern: /^awk: (?=[\s\S])/, text: 'awk: ', exitCode: 2 }],
  cut: [usage('cut', 1)],
  tr: [usage('tr', 1)],
  nl: [usage('nl', 1)],
  fold: [usage('fold', 1)],
  paste: [usage('paste', 1)],
  base64: [usage('base64', 1)],
};

export function corrected(
  name: string,
  stderr: string,
  exitCode: number,
): { readonly stderr: string; readonly exitCode: number } {
  const found = CORRECTIONS[name]?.find(({ pattern }) => pattern.test(stderr));
  if (found === undefined) return { stderr, exitCode };
  return { stderr: stderr.replace(found.pattern, found.text), exitCode: found.exitCode ?? exitCode };
}
