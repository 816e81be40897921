/**
 * `sysctl` of procps-ng 4.0.2: the settings below /proc/sys/net of the stack the learner stands in, compared with the real
 * tool. Of the many hundreds the simulator knows those that a packet's way depends on, and a few more: `-a` lists them.
 */
import { ok } from '../../../base/result.ts';
import { readSysctl, sysctlKeys } from '../../net/sysctl.ts';
import type { Command, CommandIo, CompletionIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import {
  flagWords,
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  valueOf,
  type FlagMistake,
  type Flags,
  type FlagTable,
} from '../network/flags.ts';
import { hereOf, type Here } from '../network/here.ts';
import { sysctlPath } from '../proc-files.ts';

export const FLAGS: FlagTable = {
  tool: 'sysctl',
  usage: 'sysctl [options] [variable[=value] ...]',
  provenance: 'sysctl(8); output and complaints compared with procps-ng 4.0.2',
  flags: [
    { short: 'a', long: 'all', about: 'display all variables' },
    { short: 'A', about: 'the same' },
    { short: 'X', about: 'the same' },
    { short: 'e', long: 'ignore', about: 'say nothing of variables that do not exist' },
    { short: 'N', long: 'names', about: 'print only names' },
    { short: 'n', long: 'values', about: 'print only values' },
    { short: 'b', long: 'binary', about: 'print values without a newline' },
    { short: 'q', long: 'quiet', about: 'do not tell what was set' },
    { short: 'w', long: 'write', about: 'every argument sets a variable' },
    { short: 'r', long: 'pattern', takes: 'expression', about: 'only variables that match' },
    { short: 'V', long: 'version', about: 'print the version' },
    { short: 'h', long: 'help', about: 'print this page' },
    { short: 'd', about: 'the same' },
    { short: 'o', about: 'nothing', support: 'ignored' },
    { short: 'x', about: 'nothing', support: 'ignored' },
    { short: 'p', long: 'load', takes: 'file', about: 'read values from a file', support: 'refused' },
    { short: 'f', takes: 'file', about: 'the same', support: 'refused' },
    { long: 'system', about: 'read values from the system files', support: 'refused' },
    { long: 'dry-run', about: 'change nothing', support: 'refused' },
    { long: 'deprecated', about: 'list deprecated variables too', support: 'ignored' },
  ],
};

export const sysctl: Command = {
  name: 'sysctl',
  summary: 'kernel settings of this network stack',
  places: ['node', 'router', 'host', 'pod'],
  run,
  complete: (words: readonly string[], io: CompletionIo) => {
    const here = hereOf(io);
    return (words.at(-1) ?? '').startsWith('-') || !here ? flagWords(FLAGS) : sysctlKeys(here.netns);
  },
};

async function run(io: CommandIo): Promise<number> {
  const flags = parseFlags(io.args, FLAGS);
  if (!flags.ok) return fail(io, mistakeText(flags.error));
  if (isGiven(flags.value, 'V')) return say(io, 'sysctl from procps-ng 4.0.2\n');
  if (isGiven(flags.value, 'h') || isGiven(flags.value, 'd')) return say(io, `${helpText(FLAGS)}\n`);
  const here = hereOf(io);
  if (!here) return fail(io, 'sysctl: this place has no network stack of the lab');
  const all = ['a', 'A', 'X'].some((name) => isGiven(flags.value, name));
  const words = all ? chosenKeys(here, valueOf(flags.value, 'r')) : flags.value.operands;
  if (words.length === 0 && !all) {
    return fail(io, "sysctl: no variables specified\nTry `sysctl --help' for more information.");
  }
  return each(io, words, flags.value);
}

async function say(io: CommandIo, text: string): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

async function fail(io: CommandIo, text: string): Promise<number> {
  await io.stderr.write(`${text}\n`);
  return 1;
}

function chosenKeys({ netns }: Here, pattern: string | undefined): readonly string[] {
  const keys = sysctlKeys(netns);
  if (pattern === undefined) return keys;
  try {
    const expression = new RegExp(pattern);
    return keys.filter((key) => expression.test(key));
  } catch {
    return [];
  }
}

async function each(io: CommandIo, words: readonly string[], flags: Flags): Promise<number> {
  let status = 0;
  for (const word of words) {
    const done = word.includes('=') ? set(io, word, flags) : show(io, word, flags);
    if (done.ok) await io.stdout.write(done.value);
    else {
      status = done.error.status;
      await io.stderr.write(done.error.message === '' ? '' : `${done.error.message}\n`);
    }
  }
  return status;
}

/** `net/ipv4/ip_forward` is `net.ipv4.ip_forward`: whichever sign comes first separates (procps translate_name). */
function keyOf(word: string): string {
  const [sign] = /[./]/.exec(word) ?? [];
  return sign === '/' ? word.replace(/[./]/g, (each) => (each === '.' ? '/' : '.')) : word;
}

const missing = (key: string, flags: Flags): Parsed<string> =>
  isGiven(flags, 'e')
    ? ok('')
    : complain(1, `sysctl: cannot stat ${sysctlPath(key)}: No such file or directory`);

function show(io: CommandIo, word: string, flags: Flags): Parsed<string> {
  if (isGiven(flags, 'w')) return complain(1, 'sysctl: command line(0): invalid syntax, continuing...');
  const key = keyOf(word);
  const netns = hereOf(io)?.netns;
  if (!netns) return missing(key, flags);
  const keys = sysctlKeys(netns).filter((known) => known === key || known.startsWith(`${key}.`));
  if (keys.length === 0) return missing(key, flags);
  return ok(keys.map((known) => line(known, readSysctl(netns, known) ?? '', flags)).join(''));
}

function line(key: string, value: string, flags: Flags): string {
  if (isGiven(flags, 'N')) return `${key}\n`;
  if (isGiven(flags, 'b')) return value;
  return isGiven(flags, 'n') ? `${value}\n` : `${key} = ${value}\n`;
}

function set(io: CommandIo, word: string, flags: Flags): Parsed<string> {
  const at = word.indexOf('=');
  const key = keyOf(word.slice(0, at).trim());
  const value = word.slice(at + 1).trim();
  const here = hereOf(io);
  if (!here || readSysctl(here.netns, key) === undefined) return missing(key, flags);
  if (io.place.kind === 'pod') return complain(1, `sysctl: setting key "${key}": Read-only file system`);
  if (!/^-?\d+$/.test(value)) return complain(1, `sysctl: setting key "${key}": Invalid argument`);
  const done = io.network.edit(here.id, { kind: 'set-sysctl', key, value });
  if (!done.ok) return complain(1, `sysctl: setting key "${key}": ${done.message}`);
  return ok(isGiven(flags, 'q') ? '' : line(key, value, flags));
}

function mistakeText({ kind, flag }: FlagMistake): string {
  if (kind === 'refused') return notSimulated(FLAGS, flag);
  const about =
    kind === 'missing-argument'
      ? `option requires an argument -- '${flag.replace(/^-+/, '')}'`
      : flag.startsWith('--')
        ? `unrecognized option '${flag}'`
        : `invalid option -- '${flag.slice(1)}'`;
  return `sysctl: ${about}\n\n${helpText(FLAGS)}`;
}
