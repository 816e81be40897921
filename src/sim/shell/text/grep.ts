/**
 * GNU grep 3.8, natively: it is the tool that learners put behind everything, so it must answer line by line while its input
 * flows. Basic and extended expressions become JavaScript's; -P is taken as it is. Left out: -z, --include, --exclude, -b, -y.
 */
import { utf8Text } from '../../../base/bytes.ts';
import type { Command, CommandIo } from '../command.ts';
import { EVERYWHERE } from '../builtins/files.ts';
import { asksForHelp, usageText } from '../builtins/usage.ts';
import { joinPath, resolvePath } from '../interpreter/paths.ts';
import { bytesInput, Source } from '../interpreter/streams.ts';
import { grepOptions, GREP_SPEC, type GrepOptions } from './grep-options.ts';

const USAGE = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n";

const command = (name: string, before: readonly string[]): Command => ({
  name,
  summary: 'print lines that match patterns',
  places: EVERYWHERE,
  run: (io) => grep(io, [...before, ...io.args]),
});

export const GREP_COMMANDS: readonly Command[] = [
  command('grep', []),
  command('egrep', ['-E']),
  command('fgrep', ['-F']),
];

async function grep(io: CommandIo, args: readonly string[]): Promise<number> {
  if (asksForHelp(io.args, GREP_SPEC)) {
    await io.stdout.write(
      usageText({ name: 'grep', summary: 'print lines that match patterns', spec: GREP_SPEC }),
    );
    return 0;
  }
  const options = grepOptions(args, (path) => {
    const data = io.files.read(resolvePath(io.cwd, path));
    return data === undefined ? undefined : utf8Text(data);
  });
  if ('complaint' in options) {
    const said = options.complaint === '' ? '' : `grep: ${options.complaint}\n`;
    await io.stderr.write(said + (options.usage ? USAGE : ''));
    return 2;
  }
  let [found, failed] = [false, false];
  for (const target of targets(io, options)) {
    if ('problem' in target) {
      failed = true;
      if (!options.silent) await io.stderr.write(`grep: ${target.problem}\n`);
    } else if (await search(target.input, target.name, options, io)) found = true;
    if (found && options.quiet) return 0;
  }
  return failed ? 2 : Number(!found);
}

type SearchTarget = { readonly name: string; readonly input: Source } | { readonly problem: string };

function targets(io: CommandIo, { files, recursive }: GrepOptions): readonly SearchTarget[] {
  const names = files.length > 0 ? files : recursive ? [''] : ['-'];
  return names.flatMap((name): readonly SearchTarget[] => {
    if (name === '-') return [{ name: '(standard input)', input: Source.of(io.stdin) }];
    const path = resolvePath(io.cwd, name === '' ? '.' : name);
    const type = io.files.stat(path)?.type;
    if (type === undefined) return [{ problem: `${name}: No such file or directory` }];
    if (type === 'file') return [fileTarget(io, path, name)];
    return recursive ? walk(io, path, name.replace(/\/+$/, '')) : [{ problem: `${name}: Is a directory` }];
  });
}

function fileTarget(io: CommandIo, path: string, name: string): SearchTarget {
  return { name, input: Source.of(bytesInput(io.files.read(path) ?? new Uint8Array())) };
}

function walk(io: CommandIo, path: string, name: string): readonly SearchTarget[] {
  return (io.files.list(path) ?? []).flatMap((entry) => {
    const inner = joinPath(path, entry);
    const shown = name === '' ? entry : `${name}/${entry}`;
    return io.files.stat(inner)?.type === 'directory'
      ? walk(io, inner, shown)
      : [fileTarget(io, inner, shown)];
  });
}

/** Whether a line of this input was selected. */
async function search(input: Source, name: string, options: GrepOptions, io: CommandIo): Promise<boolean> {
  const printer = new Printer(name, options, io);
  for (let line = await input.line(io.signal); line !== undefined; line = await input.line(io.signal)) {
    await printer.take(line.text);
    if (printer.done) break;
  }
  return printer.finish();
}

class Printer {
  readonly #name: string;
  readonly #options: GrepOptions;
  readonly #io: CommandIo;
  #number = 0;
  #selected = 0;
  #before: string[] = [];
  #afterLeft = 0;
  #lastPrinted = 0;

  constructor(name: string, options: GrepOptions, io: CommandIo) {
    this.#name = name;
    this.#options = options;
    this.#io = io;
  }

  get done(): boolean {
    const { quiet, list, maximum } = this.#options;
    const enough = this.#selected >= maximum && this.#afterLeft === 0;
    return enough || ((quiet || list !== undefined) && this.#selected > 0);
  }

  async take(line: string): Promise<void> {
    this.#number += 1;
    const { regexp, invert, before, after, maximum } = this.#options;
    regexp.lastIndex = 0;
    const selected = this.#selected < maximum && regexp.test(line) !== invert;
    regexp.lastIndex = 0;
    if (selected) {
      this.#selected += 1;
      await this.#printMatch(line);
      this.#afterLeft = after;
    } else if (this.#afterLeft > 0) {
      this.#afterLeft -= 1;
      await this.#print(line, '-', this.#number);
    } else this.#before = before === 0 ? [] : [...this.#before, line].slice(-before);
  }

  async finish(): Promise<boolean> {
    const { count, list } = this.#options;
    const any = this.#selected > 0;
    const named = this.#options.withName ? `${this.#name}:` : '';
    if (count && !this.#options.quiet && list === undefined)
      await this.#io.stdout.write(`${named}${this.#selected}\n`);
    if ((list === 'matching' && any) || (list === 'others' && !any))
      await this.#io.stdout.write(`${this.#name}\n`);
    return list === 'others' ? !any : any;
  }

  async #printMatch(line: string): Promise<void> {
    const { count, quiet, list, only, before } = this.#options;
    if (count || quiet || list !== undefined) return;
    for (const [at, earlier] of this.#before.entries())
      await this.#print(earlier, '-', this.#number - this.#before.length + at);
    this.#before = [];
    if (before > 0 || this.#options.after > 0) await this.#separate(this.#number);
    if (!only) await this.#print(this.#colored(line), ':', this.#number);
    else if (!this.#options.invert) {
      for (const [text] of line.matchAll(this.#options.regexp))
        if (text !== '') await this.#print(this.#paint(text), ':', this.#number);
    }
    this.#lastPrinted = this.#number;
  }

  /** `--` between groups of lines that do not touch. */
  async #separate(number: number): Promise<void> {
    if (this.#lastPrinted > 0 && number > this.#lastPrinted + 1)
      await this.#io.stdout.write(`${this.#mark('--', 36)}\n`);
    this.#lastPrinted = Math.max(this.#lastPrinted, number - 1);
  }

  async #print(line: string, mark: ':' | '-', number: number): Promise<void> {
    const { withName, numbered, before, after } = this.#options;
    if (mark === '-' && (before > 0 || after > 0)) await this.#separate(number);
    const separator = this.#mark(mark, 36);
    const prefix =
      (withName ? this.#mark(this.#name, 35) + separator : '') +
      (numbered ? this.#mark(String(number), 32) + separator : '');
    await this.#io.stdout.write(`${prefix}${line}\n`);
    this.#lastPrinted = number;
  }

  #colored(line: string): string {
    if (!this.#hasColor() || this.#options.invert) return line;
    return line.replace(this.#options.regexp, (text) => (text === '' ? '' : this.#paint(text)));
  }

  #paint(text: string): string {
    return this.#hasColor() ? `\x1b[01;31m\x1b[K${text}\x1b[m\x1b[K` : text;
  }

  #mark(text: string, color: number): string {
    return this.#hasColor() ? `\x1b[${color}m\x1b[K${text}\x1b[m\x1b[K` : text;
  }

  #hasColor(): boolean {
    const { color } = this.#options;
    return color === 'always' || (color === 'auto' && this.#io.tty !== undefined);
  }
}
