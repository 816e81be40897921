/**
 * GNU coreutils' file commands over the simulated files, with the messages of coreutils 9.1. Owners, modes and links are not
 * modelled: `ls -l` shows those of fresh files. Left out: every option that is not named in a command's table.
 */
import type { Command, CommandIo } from '../command.ts';
import type { FileStat, FileSystem } from '../files.ts';
import { userOf } from '../files-image.ts';
import { baseName, joinPath, parentOf, resolvePath } from '../interpreter/paths.ts';
import { columns } from './columns.ts';
import { parseOptions, usageError, type Options, type OptionSpec } from './options.ts';
import { strftime } from './strftime.ts';
import { asksForHelp, usageText } from './usage.ts';

export const EVERYWHERE: Command['places'] = ['workstation', 'node', 'pod', 'host', 'router'];

interface Definition {
  readonly name: string;
  readonly summary: string;
  readonly spec: OptionSpec;
  /** The status of a usage error: 1 for most, 2 for ls. */
  readonly misuse?: number;
  run(io: CommandIo, options: Options): Promise<number>;
}

/** A coreutils-like command: options are parsed, and unknown ones refused, before it runs. */
export function defineCommand({ name, summary, spec, misuse = 1, run }: Definition): Command {
  return {
    name,
    summary,
    places: EVERYWHERE,
    async run(io) {
      if (asksForHelp(io.args, spec)) {
        await io.stdout.write(usageText({ name, summary, spec }));
        return 0;
      }
      const parsed = parseOptions(io.args, spec);
      if (parsed.ok) return run(io, parsed.options);
      await usageError(name, parsed.message, io.stderr);
      return misuse;
    },
  };
}

async function needsOperand(name: string, io: CommandIo): Promise<number> {
  await usageError(name, 'missing operand', io.stderr);
  return 1;
}

export const FILE_COMMANDS: readonly Command[] = [
  defineCommand({
    name: 'ls',
    summary: 'list directory contents',
    spec: {
      flags: 'laA1dhrtSFRpQ',
      long: { all: 'a', 'almost-all': 'A', directory: 'd', 'human-readable': 'h', reverse: 'r' },
    },
    misuse: 2,
    run: ls,
  }),
  defineCommand({
    name: 'mkdir',
    summary: 'make directories',
    spec: { flags: 'pv', long: { parents: 'p', verbose: 'v' } },
    run: mkdir,
  }),
  defineCommand({ name: 'rmdir', summary: 'remove empty directories', spec: {}, run: rmdir }),
  defineCommand({
    name: 'rm',
    summary: 'remove files or directories',
    spec: { flags: 'rRfvid', long: { recursive: 'r', force: 'f' } },
    run: rm,
  }),
  defineCommand({
    name: 'cp',
    summary: 'copy files and directories',
    spec: { flags: 'rRavf', long: { recursive: 'r', archive: 'a' } },
    run: (io, options) => transfer('cp', io, options),
  }),
  defineCommand({
    name: 'mv',
    summary: 'move (rename) files',
    spec: { flags: 'fvn' },
    run: (io, options) => transfer('mv', io, options),
  }),
  defineCommand({ name: 'touch', summary: 'change file timestamps', spec: { flags: 'cam' }, run: touch }),
];

function statOf(io: CommandIo, path: string): FileStat | undefined {
  const stat = io.files.stat(resolvePath(io.cwd, path));
  return path === '' || (path.endsWith('/') && stat?.type === 'file') ? undefined : stat;
}

interface Listed {
  readonly name: string;
  readonly path: string;
  readonly stat: FileStat;
}

async function ls(io: CommandIo, { flags, operands }: Options): Promise<number> {
  const words = operands.length === 0 ? ['.'] : operands;
  const files: Listed[] = [];
  const directories: Listed[] = [];
  let code = 0;
  for (const name of words) {
    const stat = statOf(io, name);
    const path = resolvePath(io.cwd, name);
    if (stat === undefined) {
      await io.stderr.write(`ls: cannot access '${name}': No such file or directory\n`);
      code = 2;
    } else (stat.type === 'directory' && !flags.has('d') ? directories : files).push({ name, path, stat });
  }
  await printListing(io, sortListing(files, flags), flags);
  const titles = words.length > 1 || flags.has('R');
  let first = files.length === 0;
  for (const directory of sortListing(directories, flags)) {
    await listDirectory(io, directory, { flags, titles, first });
    first = false;
  }
  return code;
}

interface ListingStyle {
  readonly flags: ReadonlySet<string>;
  readonly titles: boolean;
  readonly first: boolean;
}

async function listDirectory(
  io: CommandIo,
  directory: Listed,
  { flags, titles, first }: ListingStyle,
): Promise<void> {
  const names = io.files.list(directory.path) ?? [];
  const dots = flags.has('a') ? ['.', '..'] : [];
  const shown = [
    ...dots,
    ...names.filter((name) => flags.has('a') || flags.has('A') || !name.startsWith('.')),
  ];
  const entries = shown.flatMap((name): readonly Listed[] => {
    const path = resolvePath(directory.path, name);
    const stat = io.files.stat(path);
    return stat === undefined ? [] : [{ name, path, stat }];
  });
  if (titles) await io.stdout.write(`${first ? '' : '\n'}${directory.name}:\n`);
  if (flags.has('l'))
    await io.stdout.write(`total ${entries.reduce((sum, entry) => sum + blocks(entry.stat), 0)}\n`);
  const sorted = sortListing(entries, flags);
  await printListing(io, sorted, flags);
  if (!flags.has('R')) return;
  for (const entry of sorted) {
    if (entry.stat.type !== 'directory' || entry.name === '.' || entry.name === '..') continue;
    await listDirectory(
      io,
      { ...entry, name: `${directory.name.replace(/\/$/, '')}/${entry.name}` },
      { flags, titles, first: false },
    );
  }
}

/** Kibibytes on a file system with 4096-byte blocks. */
function blocks({ size }: FileStat): number {
  return Math.ceil(size / 4096) * 4;
}

function sortListing(entries: readonly Listed[], flags: ReadonlySet<string>): readonly Listed[] {
  const byName = (a: Listed, b: Listed): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const order = flags.has('t')
    ? (a: Listed, b: Listed): number => b.stat.modified - a.stat.modified || byName(a, b)
    : flags.has('S')
      ? (a: Listed, b: Listed): number => b.stat.size - a.stat.size || byName(a, b)
      : byName;
  const sorted = [...entries].sort(order);
  return flags.has('r') ? sorted.reverse() : sorted;
}

async function printListing(
  io: CommandIo,
  entries: readonly Listed[],
  flags: ReadonlySet<string>,
): Promise<void> {
  if (entries.length === 0) return;
  const label = ({ name, stat }: Listed): string => {
    const shown = flags.has('Q')
      ? `"${name}"`
      : io.tty !== undefined && /[\s'"$*?&;|<>()\\]/.test(name)
        ? `'${name}'`
        : name;
    return stat.type === 'directory' && (flags.has('F') || flags.has('p')) ? `${shown}/` : shown;
  };
  if (flags.has('l')) await io.stdout.write(longListing(io, entries, { label, flags }));
  else if (io.tty === undefined || flags.has('1'))
    await io.stdout.write(entries.map((entry) => `${label(entry)}\n`).join(''));
  else await io.stdout.write(columns(entries.map(label), io.tty.columns));
}

interface LongStyle {
  readonly label: (entry: Listed) => string;
  readonly flags: ReadonlySet<string>;
}

function longListing(io: CommandIo, entries: readonly Listed[], { label, flags }: LongStyle): string {
  const user = userOf(io.place);
  const size = ({ stat }: Listed): string => (flags.has('h') ? humanSize(stat.size) : String(stat.size));
  const links = ({ stat, path }: Listed): string =>
    String(stat.type === 'file' ? 1 : 2 + subdirectories(io, path));
  const widthOf = (text: (entry: Listed) => string): number =>
    Math.max(...entries.map((entry) => text(entry).length));
  const [linkWidth, sizeWidth] = [widthOf(links), widthOf(size)];
  return entries
    .map((entry) => {
      const mode = entry.stat.type === 'directory' ? 'drwxr-xr-x' : '-rw-r--r--';
      const changed = strftime('%b %e %H:%M', io.clock.epoch + entry.stat.modified);
      return `${mode} ${links(entry).padStart(linkWidth)} ${user} ${user} ${size(entry).padStart(sizeWidth)} ${changed} ${label(entry)}\n`;
    })
    .join('');
}

function subdirectories(io: CommandIo, path: string): number {
  return (io.files.list(path) ?? []).filter(
    (name) => io.files.stat(joinPath(path, name))?.type === 'directory',
  ).length;
}

function humanSize(size: number): string {
  let value = size;
  for (const unit of ['', 'K', 'M', 'G']) {
    if (value < 1024)
      return unit === ''
        ? String(value)
        : `${value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : Math.ceil(value)}${unit}`;
    value /= 1024;
  }
  return `${Math.ceil(value)}T`;
}

async function mkdir(io: CommandIo, { flags, operands }: Options): Promise<number> {
  if (operands.length === 0) return needsOperand('mkdir', io);
  let code = 0;
  for (const name of operands) {
    const problem =
      name === ''
        ? 'No such file or directory'
        : io.files.mkdir(resolvePath(io.cwd, name), { parents: flags.has('p') });
    if (problem !== undefined) {
      await io.stderr.write(`mkdir: cannot create directory '${name}': ${problem}\n`);
      code = 1;
    } else if (flags.has('v')) await io.stdout.write(`mkdir: created directory '${name}'\n`);
  }
  return code;
}

async function rmdir(io: CommandIo, { operands }: Options): Promise<number> {
  if (operands.length === 0) return needsOperand('rmdir', io);
  let code = 0;
  for (const name of operands) {
    const isFile = statOf(io, name)?.type === 'file';
    const problem = isFile ? 'Not a directory' : io.files.remove(resolvePath(io.cwd, name));
    if (problem === undefined) continue;
    await io.stderr.write(`rmdir: failed to remove '${name}': ${problem}\n`);
    code = 1;
  }
  return code;
}

async function rm(io: CommandIo, { flags, operands }: Options): Promise<number> {
  if (operands.length === 0) return flags.has('f') ? 0 : needsOperand('rm', io);
  let code = 0;
  for (const name of operands) {
    const stat = statOf(io, name);
    if (stat === undefined && flags.has('f')) continue;
    const problem = removeOne(io, name, flags);
    if (problem !== undefined) {
      await io.stderr.write(`rm: cannot remove '${name}': ${problem}\n`);
      code = 1;
    } else if (flags.has('v'))
      await io.stdout.write(`removed ${stat?.type === 'directory' ? 'directory ' : ''}'${name}'\n`);
  }
  return code;
}

function removeOne(io: CommandIo, name: string, flags: ReadonlySet<string>): string | undefined {
  const recursive = flags.has('r') || flags.has('R');
  if (statOf(io, name)?.type === 'directory' && !recursive) return 'Is a directory';
  return io.files.remove(resolvePath(io.cwd, name), { recursive });
}

async function touch(io: CommandIo, { flags, operands }: Options): Promise<number> {
  if (operands.length === 0) {
    await usageError('touch', 'missing file operand', io.stderr);
    return 1;
  }
  let code = 0;
  for (const name of operands) {
    const path = resolvePath(io.cwd, name);
    const old = io.files.stat(path);
    if (old?.type === 'directory' || (old === undefined && flags.has('c'))) continue;
    const problem =
      name === '' ? 'No such file or directory' : io.files.write(path, new Uint8Array(), { append: true });
    if (problem === undefined) continue;
    await io.stderr.write(`touch: cannot touch '${name}': ${problem}\n`);
    code = 1;
  }
  return code;
}

type Tool = 'cp' | 'mv';

async function transfer(tool: Tool, io: CommandIo, options: Options): Promise<number> {
  const { operands } = options;
  const target = operands.at(-1);
  if (target === undefined || operands.length < 2) {
    const missing =
      target === undefined ? 'missing file operand' : `missing destination file operand after '${target}'`;
    await usageError(tool, missing, io.stderr);
    return 1;
  }
  const there = statOf(io, target)?.type;
  if (operands.length > 2 && there !== 'directory') {
    const reason = there === undefined ? 'No such file or directory' : 'Not a directory';
    await io.stderr.write(`${tool}: target '${target}': ${reason}\n`);
    return 1;
  }
  return transferAll(tool, io, options, there === 'directory' ? `${target.replace(/\/+$/, '')}/` : undefined);
}

/** `into` is the directory that takes everything; without it the last operand is the new name. */
async function transferAll(
  tool: Tool,
  io: CommandIo,
  { flags, operands }: Options,
  into: string | undefined,
): Promise<number> {
  const recursive = tool === 'mv' || ['r', 'R', 'a'].some((flag) => flags.has(flag));
  let code = 0;
  for (const source of operands.slice(0, -1)) {
    const shown = into === undefined ? (operands.at(-1) ?? '') : `${into}${baseName(source)}`;
    const problem = transferOne(tool, { io, source, shown, recursive });
    if (problem !== undefined) {
      await io.stderr.write(`${tool}: ${problem}\n`);
      code = 1;
    } else if (flags.has('v'))
      await io.stdout.write(`${tool === 'cp' ? '' : 'renamed '}'${source}' -> '${shown}'\n`);
  }
  return code;
}

interface Transfer {
  readonly io: CommandIo;
  readonly source: string;
  readonly shown: string;
  readonly recursive: boolean;
}

function transferOne(tool: Tool, job: Transfer): string | undefined {
  const { io, source, shown } = job;
  const refusal = transferRefusal(tool, job);
  if (refusal !== undefined) return refusal;
  const from = resolvePath(io.cwd, source);
  const to = resolvePath(io.cwd, shown);
  const slashed = shown.endsWith('/') && io.files.stat(to) === undefined && io.files.list(from) === undefined;
  const problem = slashed ? 'Not a directory' : copyTree(io.files, from, to);
  if (problem === undefined) return tool === 'mv' ? io.files.remove(from, { recursive: true }) : undefined;
  if (tool === 'mv') return `cannot move '${source}' to '${shown}': ${problem}`;
  return `cannot create ${io.files.list(from) === undefined ? 'regular file' : 'directory'} '${shown}': ${problem}`;
}

function transferRefusal(tool: Tool, { io, source, shown, recursive }: Transfer): string | undefined {
  const stat = statOf(io, source);
  const from = resolvePath(io.cwd, source);
  const to = resolvePath(io.cwd, shown);
  if (stat === undefined) return `cannot stat '${source}': No such file or directory`;
  if (stat.type === 'directory' && !recursive) return `-r not specified; omitting directory '${source}'`;
  if (from === to) return `'${source}' and '${shown}' are the same file`;
  if (stat.type === 'file' || !to.startsWith(`${from}/`)) return undefined;
  return tool === 'cp'
    ? `cannot copy a directory, '${source}', into itself, '${shown}'`
    : `cannot move '${source}' to a subdirectory of itself, '${shown}'`;
}

function copyTree(files: FileSystem, from: string, to: string): string | undefined {
  const names = files.list(from);
  if (names === undefined) {
    const parent = files.stat(parentOf(to));
    return parent === undefined
      ? 'No such file or directory'
      : files.write(to, files.read(from) ?? new Uint8Array());
  }
  const problem = files.stat(to)?.type === 'directory' ? undefined : files.mkdir(to);
  if (problem !== undefined) return problem;
  for (const name of names) {
    const inner = copyTree(files, joinPath(from, name), joinPath(to, name));
    if (inner !== undefined) return inner;
  }
  return undefined;
}
