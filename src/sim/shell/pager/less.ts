/** `less` and `more`: pagers over files or over a pipe that may still be running. */
import { utf8 } from '../../../base/bytes.ts';
import { EVERYWHERE } from '../builtins/files.ts';
import { parseOptions, type Options } from '../builtins/options.ts';
import type { Command, CommandIo, Screen, ScreenDoor } from '../command.ts';
import { resolvePath } from '../interpreter/paths.ts';
import { Painter } from '../screen/painter.ts';
import { Source } from './lines.ts';
import { Pager, type PagerOptions } from './pager.ts';

const SPEC = {
  flags: 'SNRrFXEeiIMmnsqQfKcdh',
  values: 'pPxzj',
  long: {
    'chop-long-lines': 'S',
    'LINE-NUMBERS': 'N',
    'RAW-CONTROL-CHARS': 'R',
    'quit-if-one-screen': 'F',
    'no-init': 'X',
    'ignore-case': 'i',
    'quit-at-eof': 'e',
    pattern: 'p',
    help: 'h',
  },
};

const pagerCommand = (name: 'less' | 'more', summary: string): Command => ({
  name,
  summary,
  places: EVERYWHERE,
  run: (io) => run(io, name),
});

export const PAGER_COMMANDS: readonly Command[] = [
  pagerCommand('less', 'look at a text page by page, both ways'),
  pagerCommand('more', 'look at a text page by page'),
];

async function run(io: CommandIo, name: 'less' | 'more'): Promise<number> {
  const preset = (name === 'less' ? (io.env.get('LESS') ?? '') : '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const options = preset.map((word) => (word.startsWith('-') ? word : `-${word}`));
  const plus = io.args.filter((arg) => /^\+./.test(arg));
  const args = io.args.filter((arg) => !/^\+./.test(arg));
  const parsed = parseOptions([...options, ...args], SPEC);
  if (!parsed.ok) {
    await io.stderr.write(misuse(name, parsed.message));
    return 1;
  }
  const { flags, operands } = parsed.options;
  if (flags.has('h')) {
    await io.stdout.write(name === 'less' ? LESS_HELP : MORE_HELP);
    return 0;
  }
  if (operands.length === 0 && io.stdin.isTerminal) {
    await io.stderr.write(
      name === 'less' ? 'Missing filename ("less --help" for help)\n' : misuse(name, 'bad usage'),
    );
    return 1;
  }
  const files = await readable(io, name, operands);
  if (files === undefined) return 1;
  if (io.screen === undefined) return copy(io, files);
  return new Reading(io, showing(files, parsed.options, { more: name === 'more', plus })).run(io.screen);
}

function misuse(name: 'less' | 'more', message: string): string {
  if (name === 'more') return `more: ${message}\nTry 'more --help' for more information.\n`;
  const option = /'(.*)'/.exec(message)?.[1] ?? '';
  return `There is no ${option.startsWith('-') ? '' : '-'}${option} option ("less --help" for help)\n`;
}

function showing(
  files: readonly File[],
  { flags, values }: Options,
  { more, plus }: { readonly more: boolean; readonly plus: readonly string[] },
): Show {
  const on = (...letters: readonly string[]): boolean => letters.some((letter) => flags.has(letter));
  const pattern = values.get('p');
  return {
    files,
    look: { chop: on('S'), numbers: on('N'), raw: on('R', 'r'), ignoreCase: on('i', 'I') },
    oneScreen: more || on('F'),
    inline: more || on('X'),
    quitAtEnd: more || on('e', 'E'),
    start: [...plus.map((arg) => arg.slice(1)), ...(pattern === undefined ? [] : [`/${pattern}`])],
  };
}

interface File {
  readonly name: string;
  /** Undefined for standard input. */
  readonly bytes: Uint8Array | undefined;
}

/** The files that are there; undefined when none is. */
async function readable(
  io: CommandIo,
  name: string,
  operands: readonly string[],
): Promise<readonly File[] | undefined> {
  if (operands.length === 0) return [{ name: '', bytes: undefined }];
  const files: File[] = [];
  for (const operand of operands) {
    const path = resolvePath(io.cwd, operand);
    const bytes = operand === '-' ? undefined : io.files.read(path);
    if (operand === '-' || bytes !== undefined) files.push({ name: operand === '-' ? '' : operand, bytes });
    else if (io.files.stat(path)?.type === 'directory')
      await io.stderr.write(
        name === 'more' ? `\n*** ${operand}: directory ***\n\n` : `${operand} is a directory\n`,
      );
    else if (name === 'more')
      await io.stderr.write(`more: cannot open ${operand}: No such file or directory\n`);
    else await io.stderr.write(`${operand}: No such file or directory\n`);
  }
  return files.length === 0 ? undefined : files;
}

/** Not to a terminal: a pager is cat. */
async function copy(io: CommandIo, files: readonly File[]): Promise<number> {
  for (const { bytes } of files) {
    if (bytes !== undefined) await io.stdout.write(bytes);
    else
      for (
        let part = await io.stdin.read(io.signal);
        part !== undefined;
        part = await io.stdin.read(io.signal)
      )
        await io.stdout.write(part);
  }
  return 0;
}

interface Show {
  readonly files: readonly File[];
  readonly look: PagerOptions;
  readonly oneScreen: boolean;
  readonly inline: boolean;
  readonly quitAtEnd: boolean;
  /** Keys typed at the start: `+G`, `+/pattern`. */
  readonly start: readonly string[];
}

class Reading {
  readonly #io: CommandIo;
  readonly #show: Show;
  #file = 0;
  #input: Promise<Uint8Array | undefined> | undefined;
  #event: ReturnType<Screen['next']> | undefined;

  constructor(io: CommandIo, show: Show) {
    this.#io = io;
    this.#show = show;
  }

  async run(door: ScreenDoor): Promise<number> {
    let pager = this.#open();
    if (this.#show.oneScreen && (await this.#shownAtOnce(pager))) return 0;
    const screen = await door.open({ interruptKey: true, inline: this.#show.inline });
    if (this.#show.inline) await screen.write('\r\n'.repeat(Math.max(0, screen.size().rows - 1)));
    const painter = new Painter(screen);
    await this.#typeStart(pager);
    let bells = 0;
    while (!pager.quit) {
      pager.resize(screen.size());
      await painter.paint(pager.picture());
      if (pager.bells > bells) await screen.write('\x07');
      bells = pager.bells;
      if (this.#show.quitAtEnd && pager.atEnd) break;
      await this.#step(pager, screen);
      if (pager.help) await this.#help(pager, screen, painter);
      if (pager.turn !== 0) pager = this.#turned(pager);
    }
    if (this.#show.inline) await screen.write(`\x1b[${screen.size().rows};1H\x1b[K`);
    await screen.close();
    return 0;
  }

  /** `+G` and `+/pattern` want the text to be there. */
  async #typeStart(pager: Pager): Promise<void> {
    for (const keys of this.#show.start) {
      while (pager.hungry) await this.#fetch(pager);
      pager.press({ kind: 'text', text: keys });
      if (keys.startsWith('/')) pager.press({ kind: 'key', name: 'enter' });
    }
  }

  #open(): Pager {
    const file = this.#show.files[this.#file];
    const many = this.#show.files.length;
    const name = file?.name ?? '';
    const source = new Source(many > 1 ? `${name} (file ${this.#file + 1} of ${many})` : name);
    if (file?.bytes !== undefined) {
      source.add(file.bytes);
      source.end();
    }
    const pager = new Pager(source, this.#show.look);
    if (this.#io.tty !== undefined) pager.resize(this.#io.tty);
    return pager;
  }

  #turned(pager: Pager): Pager {
    const to = this.#file + pager.turn;
    pager.turn = 0;
    if (to < 0 || to >= this.#show.files.length) {
      pager.say(to < 0 ? 'No previous file' : 'No next file');
      return pager;
    }
    this.#file = to;
    return this.#open();
  }

  /** With -F a text that fits is printed and the pager is done. */
  async #shownAtOnce(pager: Pager): Promise<boolean> {
    while (pager.hungry) await this.#fetch(pager);
    if (!pager.fitsOneScreen) return false;
    for (let line = 0; line < pager.source.count; line += 1)
      await this.#io.stdout.write(`${pager.source.line(line)}\n`);
    return true;
  }

  async #fetch(pager: Pager): Promise<void> {
    const part = await (this.#input ??= this.#io.stdin.read(this.#io.signal));
    this.#arrived(pager, part);
  }

  #arrived(pager: Pager, part: Uint8Array | undefined): void {
    this.#input = undefined;
    if (part === undefined) pager.source.end();
    else pager.source.add(part);
    pager.grown();
  }

  /** Waits for a key or, while the screen lacks text, for more of it. */
  async #step(pager: Pager, screen: Screen): Promise<void> {
    this.#event ??= screen.next();
    const key = this.#event.then((event) => ({ event }));
    const input = pager.hungry
      ? (this.#input ??= this.#io.stdin.read(this.#io.signal)).then((part) => ({ part }))
      : undefined;
    const first = await Promise.race(input === undefined ? [key] : [key, input]);
    if ('part' in first) this.#arrived(pager, first.part);
    else {
      this.#event = undefined;
      if (first.event.kind === 'key') pager.press(first.event.key);
    }
  }

  async #help(pager: Pager, screen: Screen, painter: Painter): Promise<void> {
    const source = new Source('');
    source.add(utf8(LESS_HELP));
    source.end();
    const help = new Pager(source, { chop: false, numbers: false, raw: false, ignoreCase: false });
    help.help = true;
    pager.help = false;
    while (!help.quit) {
      help.resize(screen.size());
      await painter.paint(help.picture());
      await this.#step(help, screen);
      help.help = true;
    }
  }
}

const LESS_HELP = `Usage: less [-SNRFXei] [-p pattern] [+command] [file ...]

  q  :q  ZZ            Leave.
  h                    This help.

  e  j  ENTER  Down    One line on (or N lines: type the number first).
  y  k  Up             One line back (or N).
  f  SPACE  PageDown   One page on.
  b  PageUp            One page back.
  d  ^D                Half a page on.
  u  ^U                Half a page back.
  Right  Left          Half a screen to the side.
  g  <                 To the first line (or line N).
  G  >                 To the last line (or line N).
  p  %                 To N percent of the text.
  F                    Wait for more text at the end; ^C stops it.

  /pattern             Search forward.     ?pattern  Search backward.
  n                    Again.              N         Again, the other way.
  ESC-u                Marks of the search on or off.

  :n  :p               Next file, previous file.
  =  :f                Where this is.
  -S -N -i             Turn an option of the list below on or off.

Options (also in the environment variable LESS):
  -S  --chop-long-lines      Cut long lines instead of wrapping them.
  -N  --LINE-NUMBERS         Number the lines.
  -R  --RAW-CONTROL-CHARS    Let colours through.
  -F  --quit-if-one-screen   Print a text that fits the screen, and leave.
  -X  --no-init              Leave the text on the screen.
  -e  --quit-at-eof          Leave at the end of the text.
  -i  --ignore-case          Searches without capitals match capitals too.
  -p  --pattern=pattern      Start at the first match.
`;

const MORE_HELP = `
Usage:
 more [options] <file>...

Display the contents of a file in a terminal.

Keys: SPACE one page on, ENTER one line on, b one page back, /pattern search, q leave.

 -h, --help     display this help
`;
