/** `watch` of procps 4.0.2: runs a command again and again and shows its output under a line with interval, host and time. */
import { parseOptions, usageError } from '../builtins/options.ts';
import { strftime } from '../builtins/strftime.ts';
import { EVERYWHERE } from '../builtins/files.ts';
import type { Command, CommandIo, Screen } from '../command.ts';
import { hostnameOf } from '../files-image.ts';
import { Capture, EMPTY_INPUT } from '../interpreter/streams.ts';
import { cellsOf, clipped, plain, reverse, styled, widthOf, type Cell } from './cells.ts';
import { Painter } from './painter.ts';

const SPEC = {
  flags: 'tdxgebcph',
  values: 'n',
  posix: true,
  long: {
    beep: 'b',
    color: 'c',
    differences: 'd',
    errexit: 'e',
    chgexit: 'g',
    interval: 'n',
    precise: 'p',
    'no-title': 't',
    exec: 'x',
    help: 'h',
  },
};

export const WATCH_COMMAND: Command = {
  name: 'watch',
  summary: 'execute a program periodically, showing output fullscreen',
  places: EVERYWHERE,
  run,
};

/** The exit status after `-e`. */
const COMMAND_FAILED = 8;

interface Plan {
  readonly flags: ReadonlySet<string>;
  readonly seconds: number;
  readonly argv: readonly string[];
}

async function run(io: CommandIo): Promise<number> {
  const parsed = parseOptions(io.args, SPEC);
  if (!parsed.ok) {
    await usageError('watch', parsed.message, io.stderr);
    return 1;
  }
  const { flags, values, operands } = parsed.options;
  const text = values.get('n') ?? '2';
  const seconds = Number(text.replace(',', '.'));
  if (flags.has('h')) {
    await io.stdout.write(HELP);
    return 0;
  }
  if (text.trim() === '' || Number.isNaN(seconds)) {
    await io.stderr.write(`watch: failed to parse argument: '${text}': Invalid argument\n`);
    return 1;
  }
  if (operands.length === 0) {
    await io.stderr.write(HELP);
    return 1;
  }
  const plan = { flags, seconds: Math.min(Math.max(seconds, 0.1), 2_678_400), argv: operands };
  const screen = (await io.screen?.open()) ?? blindScreen(io);
  return new Watching(io, plan, screen).run();
}

/** Into a pipe or a file watch draws as on a terminal of the usual size. */
function blindScreen(io: CommandIo): Screen {
  return {
    size: () => ({ columns: 80, rows: 24 }),
    write: (text) => io.stdout.write(text),
    next: () => new Promise(() => undefined),
    close: () => Promise.resolve(),
  };
}

class Watching {
  readonly #io: CommandIo;
  readonly #plan: Plan;
  readonly #screen: Screen;
  readonly #painter: Painter;
  #before: string | undefined;
  #key: ReturnType<Screen['next']> | undefined;

  constructor(io: CommandIo, plan: Plan, screen: Screen) {
    this.#io = io;
    this.#plan = plan;
    this.#screen = screen;
    this.#painter = new Painter(screen);
  }

  async run(): Promise<number> {
    const { flags } = this.#plan;
    for (;;) {
      const { output, status } = await this.#once();
      const failed = flags.has('e') && status !== 0;
      await this.#draw(output, failed);
      if (status !== 0 && flags.has('b')) await this.#screen.write('\x07');
      const changed = this.#before !== undefined && this.#before !== output;
      if (failed) {
        await this.#anyKey();
        return COMMAND_FAILED;
      }
      if (flags.has('g') && changed) return 0;
      this.#before = output;
      await this.#pause();
    }
  }

  async #once(): Promise<{ readonly output: string; readonly status: number }> {
    const { place, run } = this.#io;
    const capture = new Capture();
    const { argv, flags } = this.#plan;
    const command = flags.has('x') ? argv : ['sh', '-c', argv.join(' ')];
    const status = await run(place, command, { stdin: EMPTY_INPUT, stdout: capture, stderr: capture });
    // eslint-disable-next-line no-control-regex -- colours are not shown, as without -c
    return { output: capture.text.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, ''), status };
  }

  async #draw(output: string, failed: boolean): Promise<void> {
    const { columns, rows } = this.#screen.size();
    const title = this.#plan.flags.has('t') ? [] : [this.#title(columns), ''];
    const now = output.replace(/\n$/, '').split('\n');
    const old = this.#before?.replace(/\n$/, '').split('\n');
    const marks = this.#plan.flags.has('d') && old !== undefined;
    const lines = now.map((line, row) => {
      const cells = clipped(cellsOf(line), 0, columns);
      return marks
        ? styled(cells, differences(cells, clipped(cellsOf(old[row] ?? ''), 0, columns)))
        : plain(cells);
    });
    const shown = [...title, ...lines].slice(0, rows);
    if (failed) {
      while (shown.length < rows) shown.push('');
      shown[rows - 1] = reverse('command exit with a non-zero status, press a key to exit');
    }
    await this.#painter.paint({ rows: shown, cursor: { row: rows - 1, column: columns - 1 } });
  }

  #title(columns: number): string {
    const { clock, place } = this.#io;
    const right = `${hostnameOf(place)}: ${strftime('%a %b %e %H:%M:%S %Y', clock.epoch + clock.now())}`;
    const head = `Every ${this.#plan.seconds.toFixed(1)}s: `;
    const room = columns - right.length;
    if (room < 0) return '';
    if (room < head.length) return right.padStart(columns);
    const left = head + this.#plan.argv.join(' ');
    const cut =
      widthOf(cellsOf(left)) > room - 1
        ? `${plain(clipped(cellsOf(left), 0, Math.max(0, room - 4)))}... `
        : left;
    return cut.slice(0, room).padEnd(room) + right;
  }

  async #pause(): Promise<void> {
    const over = this.#io.clock.sleep(this.#plan.seconds * 1000, this.#io.signal).then(() => 'over' as const);
    for (;;) {
      this.#key ??= this.#screen.next();
      const first = await Promise.race([over, this.#key]);
      if (first === 'over') return;
      this.#key = undefined;
      if (first.kind === 'resize') return;
    }
  }

  async #anyKey(): Promise<void> {
    while ((await (this.#key ?? this.#screen.next())).kind !== 'key') this.#key = undefined;
  }
}

/** Which cells are not what they were. */
function differences(now: readonly Cell[], old: readonly Cell[]): (offset: number) => string {
  const changed = new Set(now.filter((cell, at) => old[at]?.text !== cell.text).map((cell) => cell.offset));
  return (offset) => (changed.has(offset) ? '7' : '');
}

const HELP = `
Usage:
 watch [options] command

Options:
  -b, --beep             beep if command has a non-zero exit
  -c, --color            accepted; colors are not shown here
  -d, --differences      highlight changes between updates
  -e, --errexit          exit if command has a non-zero exit
  -g, --chgexit          exit when output from command changes
  -n, --interval <secs>  seconds to wait between updates
  -p, --precise          accepted; runs here take no time
  -t, --no-title         turn off header
  -x, --exec             pass command to exec instead of "sh -c"

 -h, --help     display this help and exit
`;
