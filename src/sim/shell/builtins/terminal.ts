/** Commands about the terminal itself (ncurses 6.4, coreutils 9.1): clear, reset, tput, stty; sequences of xterm-256color. */
import type { Command, CommandIo } from '../command.ts';
import { usageError } from './options.ts';

const EVERYWHERE: Command['places'] = ['workstation', 'node', 'pod', 'host', 'router'];

export const TERMINAL_COMMANDS: readonly Command[] = [
  { name: 'clear', summary: 'clear the terminal screen', places: EVERYWHERE, run: clear },
  { name: 'reset', summary: 'put the terminal back into its normal state', places: EVERYWHERE, run: reset },
  { name: 'tput', summary: 'print a sequence or size of this terminal', places: EVERYWHERE, run: tput },
  { name: 'stty', summary: 'print settings of the terminal', places: EVERYWHERE, run: stty },
];

async function clear(io: CommandIo): Promise<number> {
  const [arg] = io.args;
  if (arg === undefined || arg === '-x') {
    await io.stdout.write(arg === '-x' ? '\x1b[H\x1b[2J' : '\x1b[H\x1b[2J\x1b[3J');
    return 0;
  }
  const complaint =
    arg === '--help' ? '' : `clear: invalid option -- '${arg.replace(/^--?/, '').slice(0, 1)}'\n`;
  await io.stderr.write(
    `${complaint}Usage: clear [options]\n\nOptions:\n  -x          do not try to clear scrollback\n`,
  );
  return arg === '--help' ? 0 : 1;
}

/** Colours, cursor, buffers, paste and mouse modes, and then an empty screen. */
async function reset(io: CommandIo): Promise<number> {
  if (io.args.length > 0) {
    await io.stderr.write('Usage: reset\n');
    return io.args[0] === '--help' ? 0 : 1;
  }
  await io.stdout.write(
    '\x1b[!p\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?2004l\x1b[?25h\x1b[m\x1b[H\x1b[2J\x1b[3J',
  );
  return 0;
}

const CAPABILITIES: ReadonlyMap<string, string> = new Map([
  ['clear', '\x1b[H\x1b[2J\x1b[3J'],
  ['bold', '\x1b[1m'],
  ['dim', '\x1b[2m'],
  ['smul', '\x1b[4m'],
  ['rmul', '\x1b[24m'],
  ['rev', '\x1b[7m'],
  ['smso', '\x1b[7m'],
  ['rmso', '\x1b[27m'],
  ['sgr0', '\x1b(B\x1b[m'],
  ['civis', '\x1b[?25l'],
  ['cnorm', '\x1b[?12l\x1b[?25h'],
  ['el', '\x1b[K'],
  ['ed', '\x1b[J'],
  ['home', '\x1b[H'],
  ['smcup', '\x1b[?1049h\x1b[22;0;0t'],
  ['rmcup', '\x1b[?1049l\x1b[23;0;0t'],
  ['bel', '\x07'],
]);

const TPUT_USAGE = `Usage: tput CAPABILITY [NUMBER]...

Capabilities here: cols lines colors setaf setab cup ${[...CAPABILITIES.keys()].join(' ')}
`;

async function tput(io: CommandIo): Promise<number> {
  const [name, ...numbers] = io.args;
  if (name === undefined || name.startsWith('-')) {
    await io.stderr.write(TPUT_USAGE);
    return name === '--help' ? 0 : 2;
  }
  const value = capability(io, name, numbers);
  if (value === undefined) {
    await io.stderr.write(`tput: unknown terminfo capability '${name}'\n`);
    return 4;
  }
  await io.stdout.write(value);
  return 0;
}

function capability({ tty }: CommandIo, name: string, numbers: readonly string[]): string | undefined {
  const [first = 0, second = 0] = numbers.map(Number);
  switch (name) {
    case 'cols':
      return `${tty?.columns ?? 80}\n`;
    case 'lines':
      return `${tty?.rows ?? 24}\n`;
    case 'colors':
      return '256\n';
    case 'cup':
      return `\x1b[${first + 1};${second + 1}H`;
    case 'setaf':
    case 'setab':
      return colour(first, name === 'setaf' ? 30 : 40);
    default:
      return CAPABILITIES.get(name);
  }
}

/** As the terminfo entry of xterm-256color builds them. */
function colour(number: number, base: number): string {
  if (number < 8) return `\x1b[${base + number}m`;
  return number < 16 ? `\x1b[${base + 60 + number - 8}m` : `\x1b[${base + 8};5;${number}m`;
}

async function stty(io: CommandIo): Promise<number> {
  const [what, extra] = io.args;
  if (what === '--help') {
    await io.stdout.write(
      'Usage: stty size | sane\nPrint the size of the terminal, or put it back into its normal state.\n',
    );
    return 0;
  }
  if (what === 'sane' && extra === undefined) return 0;
  if (what !== 'size' || extra !== undefined) {
    await usageError(
      'stty',
      what === undefined ? 'missing operand' : `invalid argument '${extra ?? what}'`,
      io.stderr,
    );
    return 1;
  }
  if (io.stdin.isTerminal && io.tty !== undefined) {
    await io.stdout.write(`${io.tty.rows} ${io.tty.columns}\n`);
    return 0;
  }
  await io.stderr.write("stty: 'standard input': Inappropriate ioctl for device\n");
  return 1;
}
