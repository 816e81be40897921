/**
 * `dmesg`: the kernel's log, of which the simulator keeps what LOG rules of netfilter wrote. Layout and complaints: util-linux
 * 2.38. Messages of booting and of devices are not simulated, and neither is clearing the log.
 */
import { strftime } from '../builtins/strftime.ts';
import type { Command, CommandIo } from '../command.ts';
import {
  flagWords,
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  type FlagMistake,
  type FlagTable,
} from '../network/flags.ts';
import { hereOf } from '../network/here.ts';

export const FLAGS: FlagTable = {
  tool: 'dmesg',
  usage: 'dmesg [-T|-t]',
  provenance: 'dmesg(1); layout and complaints compared with util-linux 2.38.1',
  flags: [
    { short: 'T', long: 'ctime', about: 'dates instead of seconds since the machine booted' },
    { short: 't', long: 'notime', about: 'no time' },
    { short: 'h', long: 'help', about: 'print this page' },
    { short: 'V', long: 'version', about: 'print the version' },
    { short: 'P', long: 'nopager', about: 'no pager', support: 'ignored' },
    { short: 'k', long: 'kernel', about: 'messages of the kernel only', support: 'ignored' },
    { short: 'c', long: 'read-clear', about: 'print and clear', support: 'refused' },
    { short: 'C', long: 'clear', about: 'clear', support: 'refused' },
    { short: 'f', long: 'facility', takes: 'list', about: 'by facility', support: 'refused' },
    { short: 'H', long: 'human', about: 'for people', support: 'refused' },
    { short: 'J', long: 'json', about: 'as JSON', support: 'refused' },
    { short: 'l', long: 'level', takes: 'list', about: 'by level', support: 'refused' },
    { short: 'r', long: 'raw', about: 'as the kernel keeps it', support: 'refused' },
    { short: 'w', long: 'follow', about: 'wait for more', support: 'refused' },
    { short: 'x', long: 'decode', about: 'name facility and level', support: 'refused' },
  ],
};

export const dmesg: Command = {
  name: 'dmesg',
  summary: "the kernel's log: what LOG rules wrote",
  places: ['node', 'router', 'host'],
  run,
  complete: () => flagWords(FLAGS),
};

async function run(io: CommandIo): Promise<number> {
  const flags = parseFlags(io.args, FLAGS);
  if (!flags.ok) return complain(io, mistakeText(flags.error));
  if (flags.value.operands.length > 0) return complain(io, `dmesg: bad usage\n${HINT}`);
  if (isGiven(flags.value, 'h')) return say(io, `${helpText(FLAGS)}\n`);
  if (isGiven(flags.value, 'V')) return say(io, 'dmesg from util-linux 2.38.1\n');
  const time = (at: number): string => {
    if (isGiven(flags.value, 't')) return '';
    return isGiven(flags.value, 'T')
      ? `[${strftime('%a %b %e %H:%M:%S %Y', io.clock.epoch + at)}] `
      : `[${(at / 1000).toFixed(6).padStart(12)}] `;
  };
  const lines = hereOf(io)?.memory.kernelLog ?? [];
  return say(io, lines.map(({ at, text }) => `${time(at)}${text}\n`).join(''));
}

const HINT = "Try 'dmesg --help' for more information.";

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(FLAGS, flag);
  const isLong = flag.startsWith('--');
  if (kind === 'missing-argument') {
    return isLong
      ? `dmesg: option '${flag}' requires an argument\n${HINT}`
      : `dmesg: option requires an argument -- '${flag.slice(1)}'\n${HINT}`;
  }
  return isLong
    ? `dmesg: unrecognized option '${flag}'\n${HINT}`
    : `dmesg: invalid option -- '${flag.slice(1)}'\n${HINT}`;
}

async function say(io: CommandIo, text: string): Promise<number> {
  if (text !== '') await io.stdout.write(text);
  return 0;
}

async function complain(io: CommandIo, text: string): Promise<number> {
  await io.stderr.write(`${text}\n`);
  return 1;
}
