/** Commands about the machine and the time, with the messages of coreutils 9.1 and hostname 3.23. Time is virtual. */
import type { Command, CommandIo } from '../command.ts';
import { hostnameOf, userOf } from '../files-image.ts';
import type { Netns } from '../../net/netns.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { baseName, parentOf } from '../interpreter/paths.ts';
import { defineCommand } from './files.ts';
import { usageError, type Options } from './options.ts';
import { KERNEL_RELEASE } from '../../core/machine.ts';
import { strftime } from './strftime.ts';
import { TERMINAL_COMMANDS } from './terminal.ts';

const KERNEL_VERSION = '#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)';

export const SYSTEM_COMMANDS: readonly Command[] = [
  defineCommand({ name: 'sleep', summary: 'delay for a specified amount of time', spec: {}, run: sleep }),
  defineCommand({
    name: 'date',
    summary: 'print the date and time',
    spec: { flags: 'uR', values: 'Id', long: { utc: 'u', date: 'd', 'rfc-email': 'R' } },
    run: date,
  }),
  defineCommand({
    name: 'hostname',
    summary: "show the system's host name",
    spec: { flags: 'sfiId', long: { short: 's', fqdn: 'f', 'ip-address': 'i', 'all-ip-addresses': 'I' } },
    misuse: 255,
    run: hostname,
  }),
  defineCommand({
    name: 'whoami',
    summary: 'print effective user name',
    spec: {},
    run: (io) => print(io, userOf(io.place)),
  }),
  defineCommand({
    name: 'id',
    summary: 'print real and effective user and group IDs',
    spec: { flags: 'ugGn', long: { user: 'u', group: 'g', groups: 'G', name: 'n' } },
    run: id,
  }),
  defineCommand({
    name: 'uname',
    summary: 'print system information',
    spec: { flags: 'asnrvmpio', long: { all: 'a' } },
    run: uname,
  }),
  defineCommand({
    name: 'printenv',
    summary: 'print all or part of environment',
    spec: {},
    misuse: 2,
    run: printenv,
  }),
  defineCommand({
    name: 'basename',
    summary: 'strip directory and suffix from filenames',
    spec: {},
    run: basename,
  }),
  defineCommand({ name: 'dirname', summary: 'strip last component from file name', spec: {}, run: dirname }),
  ...TERMINAL_COMMANDS,
  defineCommand({
    name: 'seq',
    summary: 'print a sequence of numbers',
    spec: { negatives: true, flags: 'w', values: 's', long: { separator: 's', 'equal-width': 'w' } },
    run: seq,
  }),
];

async function print(io: CommandIo, text: string): Promise<number> {
  await io.stdout.write(`${text}\n`);
  return 0;
}

/** Milliseconds of `1.5`, `2m`, `1h`, `1d`; undefined when malformed. */
export function duration(text: string): number | undefined {
  const match = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(text);
  if (match === null) return text === 'infinity' ? Infinity : undefined;
  const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] === '' ? 's' : (match[2] ?? 's')];
  return Number(match[1]) * (unit ?? 1000);
}

async function sleep(io: CommandIo, { operands }: Options): Promise<number> {
  if (operands.length === 0) {
    await usageError('sleep', 'missing operand', io.stderr);
    return 1;
  }
  let total = 0;
  for (const operand of operands) {
    const milliseconds = duration(operand);
    if (milliseconds === undefined) {
      await usageError('sleep', `invalid time interval '${operand}'`, io.stderr);
      return 1;
    }
    total += milliseconds;
  }
  await io.clock.sleep(total, io.signal);
  return 0;
}

async function date(io: CommandIo, options: Options): Promise<number> {
  const { values, operands } = options;
  const [wanted, extra] = operands;
  const at = dateAsked(values.get('d'), io);
  if (extra !== undefined) {
    await usageError('date', `extra operand '${extra}'`, io.stderr);
    return 1;
  }
  if (Number.isNaN(at) || wanted?.startsWith('+') === false) {
    await io.stderr.write(
      `date: invalid date '${Number.isNaN(at) ? (values.get('d') ?? '') : (wanted ?? '')}'\n`,
    );
    return 1;
  }
  return print(io, strftime(wanted?.slice(1) ?? dateFormat(options), at));
}

/** Milliseconds since 1970; NaN when the text is no date. */
function dateAsked(text: string | undefined, io: CommandIo): number {
  if (text === undefined || text === 'now') return io.clock.epoch + io.clock.now();
  return text.startsWith('@') ? Number(text.slice(1)) * 1000 : Date.parse(text);
}

function dateFormat({ flags, values }: Options): string {
  if (flags.has('R')) return '%a, %d %b %Y %H:%M:%S %z';
  const precision = values.get('I');
  if (precision === undefined) return '%a %b %e %H:%M:%S UTC %Y';
  return precision.startsWith('s') ? '%Y-%m-%dT%H:%M:%S+00:00' : '%F';
}

async function hostname(io: CommandIo, { flags, operands }: Options): Promise<number> {
  if (operands.length > 0) {
    await io.stderr.write('hostname: you must be root to change the host name\n');
    return 1;
  }
  if (!flags.has('i') && !flags.has('I')) return print(io, hostnameOf(io.place));
  const netns = io.network.netnsOf(io.place);
  const stack = netns === undefined ? undefined : io.network.netns(netns);
  const addresses = stack === undefined ? [] : addressesOf(stack);
  return print(io, flags.has('I') ? `${addresses.join(' ')} ` : (addresses[0] ?? '127.0.0.1'));
}

async function id(io: CommandIo, { flags, operands }: Options): Promise<number> {
  const user = userOf(io.place);
  const [asked] = operands;
  if (asked !== undefined && asked !== user && asked !== 'root') {
    await io.stderr.write(`id: '${asked}': no such user\n`);
    return 1;
  }
  const name = asked ?? user;
  const number = name === 'root' ? '0' : '1000';
  if (['u', 'g', 'G'].some((flag) => flags.has(flag))) return print(io, flags.has('n') ? name : number);
  return print(io, `uid=${number}(${name}) gid=${number}(${name}) groups=${number}(${name})`);
}

async function uname(io: CommandIo, { flags }: Options): Promise<number> {
  const parts: readonly (readonly [string, string])[] = [
    ['s', 'Linux'],
    ['n', hostnameOf(io.place)],
    ['r', KERNEL_RELEASE],
    ['v', KERNEL_VERSION],
    ['m', 'x86_64'],
    ['o', 'GNU/Linux'],
  ];
  const shown = flags.has('a')
    ? parts
    : parts.filter(([flag]) => flags.has(flag) || (flags.size === 0 && flag === 's'));
  return print(io, shown.map(([, text]) => text).join(' '));
}

async function printenv(io: CommandIo, { operands }: Options): Promise<number> {
  if (operands.length === 0) {
    for (const [name, value] of io.env) await print(io, `${name}=${value}`);
    return 0;
  }
  let code = 0;
  for (const name of operands) {
    const value = io.env.get(name);
    if (value === undefined) code = 1;
    else await print(io, value);
  }
  return code;
}

async function basename(io: CommandIo, { operands }: Options): Promise<number> {
  const [path, suffix = ''] = operands;
  if (path === undefined) {
    await usageError('basename', 'missing operand', io.stderr);
    return 1;
  }
  const base = baseName(path);
  return print(
    io,
    suffix !== '' && base.endsWith(suffix) && base !== suffix ? base.slice(0, -suffix.length) : base,
  );
}

async function dirname(io: CommandIo, { operands }: Options): Promise<number> {
  if (operands.length === 0) {
    await usageError('dirname', 'missing operand', io.stderr);
    return 1;
  }
  for (const path of operands) {
    const trimmed = path.replace(/\/+$/, '');
    await print(io, trimmed.includes('/') ? parentOf(trimmed) : trimmed === '' && path !== '' ? '/' : '.');
  }
  return 0;
}

function addressesOf(stack: Netns): readonly string[] {
  return stack.devices
    .filter((device) => device.kind.type !== 'loopback')
    .flatMap((device) => device.addresses.map(({ address }) => formatIpv4(address)));
}

async function seq(io: CommandIo, { flags, values, operands }: Options): Promise<number> {
  const problem = seqProblem(operands);
  if (problem !== undefined) {
    await usageError('seq', problem, io.stderr);
    return 1;
  }
  const [first, step, last] = seqRange(operands);
  const digits = Math.max(...[first, step].map((text) => (text.split('.')[1] ?? '').length));
  const width = flags.has('w') ? Math.max(first.length, last.length) : 0;
  const separator = values.get('s') ?? '\n';
  const count = Math.floor((Number(last) - Number(first)) / Number(step) + 1e-9) + 1;
  for (let at = 0; at < count; at += 1) {
    const shown = (Number(first) + at * Number(step)).toFixed(digits).padStart(width, '0');
    await io.stdout.write(`${shown}${at === count - 1 ? '\n' : separator}`);
  }
  return 0;
}

function seqRange(operands: readonly string[]): readonly [string, string, string] {
  const [a = '1', b = '1', c = '1'] = operands;
  if (operands.length === 1) return ['1', '1', a];
  return operands.length === 2 ? [a, '1', b] : [a, b, c];
}

function seqProblem(operands: readonly string[]): string | undefined {
  const bad = operands.find((operand) => operand === '' || Number.isNaN(Number(operand)));
  if (operands.length === 0) return 'missing operand';
  if (bad !== undefined) return `invalid floating point argument: '${bad}'`;
  if (operands[3] !== undefined) return `extra operand '${operands[3]}'`;
  const [, step] = seqRange(operands);
  return Number(step) === 0 ? `invalid Zero increment value: '${step}'` : undefined;
}
