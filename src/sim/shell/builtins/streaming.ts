/**
 * Commands that hand bytes on as they come: cat, head, tail, tee, yes. They stand here, and not with the borrowed text tools,
 * because a pipeline shows by them that it flows: `ping | head -2` ends.
 */
import { concatBytes, utf8 } from '../../../base/bytes.ts';
import { BrokenPipe, type Command, type CommandIo, type Input, type Output } from '../command.ts';
import { resolvePath } from '../interpreter/paths.ts';
import { bytesInput } from '../interpreter/streams.ts';
import { defineCommand } from './files.ts';
import type { Options } from './options.ts';

export const STREAMING_COMMANDS: readonly Command[] = [
  defineCommand({
    name: 'cat',
    summary: 'concatenate files and print on the standard output',
    spec: { flags: 'nuAE', long: { number: 'n', 'show-all': 'A', 'show-ends': 'E' } },
    run: cat,
  }),
  defineCommand({
    name: 'head',
    summary: 'output the first part of files',
    spec: { flags: 'qv', values: 'nc', long: { lines: 'n', bytes: 'c', quiet: 'q', verbose: 'v' } },
    run: (io, options) => ends('head', io, options),
  }),
  defineCommand({
    name: 'tail',
    summary: 'output the last part of files',
    spec: {
      flags: 'qvfF',
      values: 'nc',
      long: { lines: 'n', bytes: 'c', quiet: 'q', verbose: 'v', follow: 'f' },
    },
    run: (io, options) => ends('tail', io, options),
  }),
  defineCommand({
    name: 'tee',
    summary: 'read from standard input and write to standard output and files',
    spec: { flags: 'ai', long: { append: 'a' } },
    run: tee,
  }),
  defineCommand({ name: 'yes', summary: 'output a string repeatedly until killed', spec: {}, run: yes }),
].map(withLegacyCount);

/** `head -5` is an old spelling of `head -n 5`. */
function withLegacyCount(command: Command): Command {
  if (command.name !== 'head' && command.name !== 'tail') return command;
  return {
    ...command,
    run: (io) =>
      command.run({
        ...io,
        args: io.args.map((arg, at) => (at === 0 ? arg.replace(/^-(\d+)$/, '-n$1') : arg)),
      }),
  };
}

interface Opened {
  readonly name: string;
  readonly input: Input;
}

/** Opens operands in order; complains about those it cannot open. */
async function open(tool: string, io: CommandIo, operand: string): Promise<Opened | undefined> {
  if (operand === '-') return { name: 'standard input', input: io.stdin };
  const path = resolvePath(io.cwd, operand);
  const stat = io.files.stat(path);
  const missing = tool === 'cat' ? `cat: ${operand}: ` : `${tool}: cannot open '${operand}' for reading: `;
  if (stat?.type === 'directory')
    await io.stderr.write(
      tool === 'cat'
        ? `cat: ${operand}: Is a directory\n`
        : `${tool}: error reading '${operand}': Is a directory\n`,
    );
  else if (stat === undefined) await io.stderr.write(`${missing}No such file or directory\n`);
  else return { name: operand, input: bytesInput(io.files.read(path) ?? new Uint8Array()) };
  return undefined;
}

async function* chunks({ input }: Opened, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let part = await input.read(signal); part !== undefined; part = await input.read(signal)) yield part;
}

async function cat(io: CommandIo, { flags, operands }: Options): Promise<number> {
  let code = 0;
  const lines = new LineMarker(flags);
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    const opened = await open('cat', io, operand);
    if (opened === undefined) code = 1;
    else for await (const part of chunks(opened, io.signal)) await io.stdout.write(lines.mark(part));
  }
  return code;
}

/** `cat -n`, `-E`, `-A` */
class LineMarker {
  readonly #number: boolean;
  readonly #ends: boolean;
  readonly #tabs: boolean;
  readonly #decoder = new TextDecoder();
  #line = 0;
  #atStart = true;

  constructor(flags: ReadonlySet<string>) {
    this.#number = flags.has('n');
    this.#ends = flags.has('E') || flags.has('A');
    this.#tabs = flags.has('A');
  }

  mark(part: Uint8Array): Uint8Array | string {
    if (!this.#number && !this.#ends) return part;
    let out = '';
    for (const char of this.#decoder.decode(part, { stream: true })) {
      if (this.#atStart && this.#number) {
        this.#line += 1;
        out += `${String(this.#line).padStart(6)}\t`;
      }
      out += char === '\n' && this.#ends ? '$\n' : char === '\t' && this.#tabs ? '^I' : char;
      this.#atStart = char === '\n';
    }
    return out;
  }
}

interface Count {
  readonly unit: 'lines' | 'bytes';
  readonly count: number;
  /** `head -n -3`: all but the last 3; `tail -n +3`: from line 3 on. */
  readonly inverted: boolean;
}

function countOf(tool: 'head' | 'tail', { values }: Options): Count | string {
  const unit = values.has('c') ? 'bytes' : 'lines';
  const text = values.get(unit === 'bytes' ? 'c' : 'n') ?? '10';
  const match = /^([-+]?)(\d+)([kKM]?)$/.exec(text);
  if (match === null) return `${tool}: invalid number of ${unit}: '${text}'\n`;
  const [, sign, digits, suffix] = match;
  const scale = suffix === 'M' ? 1 << 20 : suffix === '' ? 1 : 1024;
  return { unit, count: Number(digits) * scale, inverted: sign === (tool === 'head' ? '-' : '+') };
}

async function ends(tool: 'head' | 'tail', io: CommandIo, options: Options): Promise<number> {
  const count = countOf(tool, options);
  if (typeof count === 'string') {
    await io.stderr.write(count);
    return 1;
  }
  const code = await eachPart(tool, count, io, options);
  const following = tool === 'tail' && (options.flags.has('f') || options.flags.has('F'));
  return following ? follow(io, options.operands) : code;
}

async function eachPart(
  tool: 'head' | 'tail',
  count: Count,
  io: CommandIo,
  { operands, flags }: Options,
): Promise<number> {
  const titled = (operands.length > 1 && !flags.has('q')) || flags.has('v');
  let code = 0;
  let first = true;
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    const opened = await open(tool, io, operand);
    if (opened === undefined) {
      code = 1;
      continue;
    }
    if (titled) await io.stdout.write(`${first ? '' : '\n'}==> ${opened.name} <==\n`);
    first = false;
    if (tool === 'head' && !count.inverted) await firstPart(opened, count, io);
    else await rest(tool, opened, count, io);
  }
  return code;
}

async function firstPart(opened: Opened, { unit, count }: Count, io: CommandIo): Promise<void> {
  let left = count;
  if (left === 0) return;
  for await (const part of chunks(opened, io.signal)) {
    let end = unit === 'bytes' ? Math.min(left, part.length) : 0;
    if (unit === 'bytes') left -= end;
    else {
      while (left > 0 && end < part.length) {
        const newline = part.indexOf(0x0a, end);
        end = newline < 0 ? part.length : newline + 1;
        if (newline >= 0) left -= 1;
      }
    }
    await io.stdout.write(part.subarray(0, end));
    if (left === 0) return;
  }
}

async function rest(
  tool: 'head' | 'tail',
  opened: Opened,
  { unit, count, inverted }: Count,
  io: CommandIo,
): Promise<void> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks(opened, io.signal)) parts.push(part);
  const all = concatBytes(parts);
  const starts = unit === 'bytes' ? undefined : lineStarts(all);
  const size = starts?.length ?? all.length;
  const position = (item: number): number => (item >= size ? all.length : (starts?.[item] ?? item));
  if (tool === 'head') await io.stdout.write(all.subarray(0, position(Math.max(0, size - count))));
  else
    await io.stdout.write(
      all.subarray(position(inverted ? Math.max(0, count - 1) : Math.max(0, size - count))),
    );
}

function lineStarts(bytes: Uint8Array): readonly number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length;) {
    starts.push(at);
    const newline = bytes.indexOf(0x0a, at);
    at = newline < 0 ? bytes.length : newline + 1;
  }
  return starts;
}

/** Looks once a virtual second, as tail does without inotify. */
async function follow(io: CommandIo, operands: readonly string[]): Promise<number> {
  const sizes = new Map(
    operands.map((operand) => [operand, io.files.stat(resolvePath(io.cwd, operand))?.size ?? 0]),
  );
  if (operands.length === 0) return 0;
  for (;;) {
    await io.clock.sleep(1000, io.signal);
    for (const [operand, size] of sizes) {
      const bytes = io.files.read(resolvePath(io.cwd, operand)) ?? new Uint8Array();
      if (bytes.length > size) await io.stdout.write(bytes.subarray(size));
      sizes.set(operand, bytes.length);
    }
  }
}

async function tee(io: CommandIo, { flags, operands }: Options): Promise<number> {
  let code = 0;
  const outputs: Output[] = [io.stdout];
  for (const operand of operands) {
    const path = resolvePath(io.cwd, operand);
    const problem = io.files.write(path, new Uint8Array(), { append: flags.has('a') });
    if (problem === undefined) {
      outputs.push({
        write: (data) =>
          Promise.resolve(
            void io.files.write(path, typeof data === 'string' ? utf8(data) : data, { append: true }),
          ),
      });
      continue;
    }
    await io.stderr.write(`tee: ${operand}: ${problem}\n`);
    code = 1;
  }
  for await (const part of chunks({ name: '-', input: io.stdin }, io.signal)) {
    for (const output of outputs) await output.write(part);
  }
  return code;
}

async function yes(io: CommandIo, { operands }: Options): Promise<number> {
  const block = utf8(`${operands.length === 0 ? 'y' : operands.join(' ')}\n`.repeat(512));
  while (!io.signal.aborted) await io.stdout.write(block);
  throw new BrokenPipe();
}
