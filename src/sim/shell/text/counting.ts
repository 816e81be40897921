/** wc and uniq as coreutils 9.1 prints them. */
import { concatBytes, utf8Text } from '../../../base/bytes.ts';
import type { Command, CommandIo } from '../command.ts';
import { defineCommand } from '../builtins/files.ts';
import { usageError, type Options } from '../builtins/options.ts';
import { resolvePath } from '../interpreter/paths.ts';

export const COUNTING_COMMANDS: readonly Command[] = [
  defineCommand({
    name: 'wc',
    summary: 'print newline, word, and byte counts for each file',
    spec: {
      flags: 'lwcmL',
      long: { lines: 'l', words: 'w', bytes: 'c', chars: 'm', 'max-line-length': 'L' },
    },
    run: wc,
  }),
  defineCommand({
    name: 'uniq',
    summary: 'report or omit repeated lines',
    spec: {
      flags: 'cdui',
      values: 'fs',
      long: { count: 'c', repeated: 'd', unique: 'u', 'ignore-case': 'i' },
    },
    run: uniq,
  }),
];

/** All of a file or of standard input; a text is the complaint. */
async function contents(io: CommandIo, operand: string): Promise<Uint8Array | string> {
  if (operand === '-') {
    const parts: Uint8Array[] = [];
    for (let part = await io.stdin.read(io.signal); part !== undefined; part = await io.stdin.read(io.signal))
      parts.push(part);
    return concatBytes(parts);
  }
  const path = resolvePath(io.cwd, operand);
  if (io.files.stat(path)?.type === 'directory') return 'Is a directory';
  return io.files.read(path) ?? 'No such file or directory';
}

const COUNTERS: readonly (readonly [string, (bytes: Uint8Array) => number])[] = [
  ['l', (bytes) => bytes.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0)],
  ['w', (bytes) => utf8Text(bytes).match(/\S+/g)?.length ?? 0],
  ['m', (bytes) => [...utf8Text(bytes)].length],
  ['c', (bytes) => bytes.length],
  [
    'L',
    (bytes) =>
      Math.max(
        0,
        ...utf8Text(bytes)
          .split('\n')
          .map((line) => [...line].length),
      ),
  ],
];

interface Row {
  readonly name: string;
  readonly counts: readonly number[];
}

async function wc(io: CommandIo, { flags, operands }: Options): Promise<number> {
  const wanted = COUNTERS.filter(([flag]) => (flags.size === 0 ? 'lwc'.includes(flag) : flags.has(flag)));
  const rows: Row[] = [];
  let code = 0;
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    const bytes = await contents(io, operand);
    if (typeof bytes === 'string') {
      await io.stderr.write(`wc: ${operand}: ${bytes}\n`);
      code = 1;
    }
    if (bytes === 'No such file or directory') continue;
    const data = typeof bytes === 'string' ? new Uint8Array() : bytes;
    rows.push({
      name: operands.length === 0 ? '' : ` ${operand}`,
      counts: wanted.map(([, count]) => count(data)),
    });
  }
  if (operands.length > 1) {
    rows.push({
      name: ' total',
      counts: wanted.map((_, at) => rows.reduce((sum, row) => sum + (row.counts[at] ?? 0), 0)),
    });
  }
  const width = columnWidth(io, operands, wanted.length);
  for (const { name, counts } of rows)
    await io.stdout.write(`${counts.map((count) => String(count).padStart(width)).join(' ')}${name}\n`);
  return code;
}

/** As wide as the size of all files together; 7 when a size cannot be known beforehand, 1 for a single number. */
function columnWidth(io: CommandIo, operands: readonly string[], numbers: number): number {
  if (numbers === 1 && operands.length <= 1) return 1;
  const sizes = operands.map((operand) =>
    operand === '-' ? undefined : io.files.stat(resolvePath(io.cwd, operand)),
  );
  if (operands.length === 0 || operands.includes('-')) return 7;
  const least = sizes.some((stat) => stat?.type === 'directory') ? 7 : 1;
  const total = sizes.reduce((sum, stat) => sum + (stat?.type === 'file' ? stat.size : 0), 0);
  return Math.max(least, String(total).length);
}

async function uniq(io: CommandIo, { flags, values, operands }: Options): Promise<number> {
  const [source = '-', target, extra] = operands;
  if (extra !== undefined) {
    await usageError('uniq', `extra operand '${extra}'`, io.stderr);
    return 1;
  }
  const bytes = await contents(io, source);
  if (typeof bytes === 'string') {
    await io.stderr.write(`uniq: ${source === '-' ? 'standard input' : source}: ${bytes}\n`);
    return 1;
  }
  const text = groups(utf8Text(bytes), (line) => keyOf(line, flags, values))
    .filter(({ count }) => (!flags.has('d') || count > 1) && (!flags.has('u') || count === 1))
    .map(({ line, count }) => (flags.has('c') ? `${String(count).padStart(7)} ${line}\n` : `${line}\n`))
    .join('');
  if (target === undefined) await io.stdout.write(text);
  else io.files.write(resolvePath(io.cwd, target), new TextEncoder().encode(text));
  return 0;
}

function keyOf(line: string, flags: ReadonlySet<string>, values: ReadonlyMap<string, string>): string {
  const fields = Number(values.get('f') ?? '0');
  const skipped = fields > 0 ? line.replace(new RegExp(`^(?:\\s*\\S+){1,${fields}}`), '') : line;
  const key = skipped.slice(Number(values.get('s') ?? '0'));
  return flags.has('i') ? key.toLowerCase() : key;
}

function groups(
  text: string,
  key: (line: string) => string,
): readonly { readonly line: string; readonly count: number }[] {
  const found: { line: string; count: number }[] = [];
  for (const line of text === '' ? [] : text.replace(/\n$/, '').split('\n')) {
    const last = found.at(-1);
    if (last !== undefined && key(last.line) === key(line)) last.count += 1;
    else found.push({ line, count: 1 });
  }
  return found;
}
