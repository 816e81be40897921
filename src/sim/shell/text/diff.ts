/**
 * GNU diff 3.8 for files: normal and unified (-u, -U n) output, -q, -s, -i, -w, -b, -B left out. The edit script is the shortest
 * (longest common subsequence); where several are shortest, GNU diff may show another one.
 */
import { utf8Text } from '../../../base/bytes.ts';
import type { Command, CommandIo } from '../command.ts';
import { defineCommand } from '../builtins/files.ts';
import type { Options } from '../builtins/options.ts';
import { strftime } from '../builtins/strftime.ts';
import { baseName, resolvePath } from '../interpreter/paths.ts';

export const DIFF_COMMAND: Command = defineCommand({
  name: 'diff',
  summary: 'compare files line by line',
  spec: {
    flags: 'uqsiwb',
    values: 'U',
    long: {
      unified: 'u',
      brief: 'q',
      'report-identical-files': 's',
      'ignore-case': 'i',
      'ignore-all-space': 'w',
      'ignore-space-change': 'b',
    },
  },
  misuse: 2,
  run: diff,
});

interface Side {
  readonly name: string;
  readonly lines: readonly string[];
  readonly modified: number;
  /** The last line lacks its newline. */
  readonly open: boolean;
}

async function diff(io: CommandIo, options: Options): Promise<number> {
  const [first, second, extra] = options.operands;
  if (first === undefined || second === undefined || extra !== undefined) {
    const what =
      extra === undefined ? `missing operand after '${first ?? 'diff'}'` : `extra operand '${extra}'`;
    await io.stderr.write(`diff: ${what}\ndiff: Try 'diff --help' for more information.\n`);
    return 2;
  }
  const [left, right] = [await side(io, first, second), await side(io, second, first)];
  for (const problem of [left, right])
    if (typeof problem === 'string') await io.stderr.write(`diff: ${problem}\n`);
  return typeof left === 'string' || typeof right === 'string' ? 2 : report(io, [left, right], options);
}

async function report(
  io: CommandIo,
  [left, right]: readonly [Side, Side],
  { flags, values }: Options,
): Promise<number> {
  const changes = compare(left, right, (line) => normal(line, flags));
  if (changes.length === 0) {
    if (flags.has('s')) await io.stdout.write(`Files ${left.name} and ${right.name} are identical\n`);
    return 0;
  }
  const context = values.has('U') ? Number(values.get('U')) : flags.has('u') ? 3 : undefined;
  if (flags.has('q')) await io.stdout.write(`Files ${left.name} and ${right.name} differ\n`);
  else if (context !== undefined) await io.stdout.write(unified(changes, [left, right], context, io));
  else await io.stdout.write(changes.map((change) => normalHunk(change, left, right)).join(''));
  return 1;
}

/** A directory stands for its file of the other operand's name. */
async function side(io: CommandIo, operand: string, other: string): Promise<Side | string> {
  if (operand === '-') return sideOf('-', await io.stdin.text(), io.clock.now());
  const directory = io.files.stat(resolvePath(io.cwd, operand))?.type === 'directory';
  const name = directory ? `${operand.replace(/\/+$/, '')}/${baseName(other)}` : operand;
  const path = resolvePath(io.cwd, name);
  const stat = io.files.stat(path);
  if (stat === undefined) return `${name}: No such file or directory`;
  const data = io.files.read(path);
  return data === undefined ? `${name}: Is a directory` : sideOf(name, utf8Text(data), stat.modified);
}

function sideOf(name: string, text: string, modified: number): Side {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  return { name, lines, modified, open: text !== '' && !text.endsWith('\n') };
}

function normal(line: string, flags: ReadonlySet<string>): string {
  const spaced = flags.has('w')
    ? line.replace(/\s+/g, '')
    : flags.has('b')
      ? line.replace(/\s+/g, ' ').trimEnd()
      : line;
  return flags.has('i') ? spaced.toLowerCase() : spaced;
}

/** Lines [from, to) on each side that differ. */
interface Change {
  readonly left: readonly [number, number];
  readonly right: readonly [number, number];
}

/** More pairs of lines than this, and everything counts as changed. */
const LIMIT = 4_000_000;

function compare(left: Side, right: Side, key: (line: string) => string): readonly Change[] {
  const mark = ({ lines, open }: Side): readonly string[] =>
    lines.map((line, at) => key(line) + (open && at === lines.length - 1 ? '\0' : ''));
  const [a, b] = [mark(left), mark(right)];
  const pairs = a.length * b.length > LIMIT ? [] : commonPairs(a, b);
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  for (const [x, y] of [...pairs, [a.length, b.length] as const]) {
    if (x > i || y > j) changes.push({ left: [i, x], right: [j, y] });
    [i, j] = [x + 1, y + 1];
  }
  return changes;
}

/** The positions of a longest common subsequence. */
function commonPairs(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const lengths = commonLengths(a, b);
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pairs.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return pairs;
}

/** `[i][j]`: the longest common subsequence of the lines from i and from j on. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const rows: number[][] = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = rows[i] ?? [];
      row[j] =
        a[i] === b[j] ? 1 + (rows[i + 1]?.[j + 1] ?? 0) : Math.max(rows[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return rows;
}

const NO_NEWLINE = '\\ No newline at end of file\n';

function shown(prefix: string, { lines, open }: Side, [from, to]: readonly [number, number]): string {
  const text = lines
    .slice(from, to)
    .map((line) => `${prefix}${line}\n`)
    .join('');
  return open && to === lines.length && to > from ? text + NO_NEWLINE : text;
}

/** `2c2`, `4a5,6`: an empty side is named by the line before it. */
function normalHunk({ left, right }: Change, leftSide: Side, rightSide: Side): string {
  const span = ([from, to]: readonly [number, number]): string =>
    to - from <= 1 ? String(to > from ? to : from) : `${from + 1},${to}`;
  const kind = left[0] === left[1] ? 'a' : right[0] === right[1] ? 'd' : 'c';
  const divider = kind === 'c' ? '---\n' : '';
  return `${span(left)}${kind}${span(right)}\n${shown('< ', leftSide, left)}${divider}${shown('> ', rightSide, right)}`;
}

function unified(
  changes: readonly Change[],
  [left, right]: readonly [Side, Side],
  context: number,
  io: CommandIo,
): string {
  const stamp = ({ name, modified }: Side): string =>
    `${name}\t${strftime('%Y-%m-%d %H:%M:%S.%N %z', io.clock.epoch + modified)}\n`;
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.left[0] - last.left[1] <= 2 * context) hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  return `--- ${stamp(left)}+++ ${stamp(right)}${hunks.map((hunk) => unifiedHunk(hunk, [left, right], context)).join('')}`;
}

function unifiedHunk(
  changes: readonly Change[],
  [left, right]: readonly [Side, Side],
  context: number,
): string {
  const [first, last] = [changes[0], changes.at(-1)];
  if (first === undefined || last === undefined) return '';
  const lead = Math.min(context, first.left[0]);
  const trail = Math.min(context, left.lines.length - last.left[1]);
  const span = (from: number, to: number): string =>
    to - from === 1 ? String(from + 1) : `${to > from ? from + 1 : from},${to - from}`;
  const header = `@@ -${span(first.left[0] - lead, last.left[1] + trail)} +${span(first.right[0] - lead, last.right[1] + trail)} @@\n`;
  let body = '';
  let at = first.left[0] - lead;
  for (const change of changes) {
    body +=
      shown(' ', left, [at, change.left[0]]) +
      shown('-', left, change.left) +
      shown('+', right, change.right);
    at = change.left[1];
  }
  return header + body + shown(' ', left, [at, last.left[1] + trail]);
}
