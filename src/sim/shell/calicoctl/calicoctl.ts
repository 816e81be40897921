/**
 * `calicoctl` v3.32.1 against the Kubernetes datastore: it shows Calico's resources as projectcalico.org/v3 and stores them
 * as custom resources, all through the cluster's API.
 * Source: calicoctl/calicoctl at that tag. Left out: copying datastores, diagnostics, policies.
 */
import type { Command, CommandIo, CompletionIo } from '../command.ts';
import { execute, type Verb } from './actions.ts';
import { Client } from './client.ts';
import { ABSENT, commandNamed, GROUPS, type CommandSpec } from './commands.ts';
import { completions } from './complete.ts';
import { get } from './get.ts';
import { GLOBAL_OPTIONS, commandHelp, groupOverview, overview } from './help.ts';
import { datastoreReady } from './datastore-lock.ts';
import { ipamCheck } from './ipam-check.ts';
import { ipamConfigure } from './ipam-configure.ts';
import { ipamRelease } from './ipam-release.ts';
import { ipamShow } from './ipam-show.ts';
import { ipamSplit } from './ipam-split.ts';
import { label } from './label.ts';
import { nodeStatus } from './node-status.ts';
import { parseLine, type Line } from './options.ts';
import { massaged, report, type Report } from './report.ts';
import { mismatch, version } from './version.ts';

export const calicoctl: Command = {
  name: 'calicoctl',
  summary: "manage Calico's resources: pools, BGP, configuration, IPAM",
  places: ['workstation', 'node'],
  run,
  complete: (words: readonly string[], io: CompletionIo) => completions(words, io),
};

type Run = (io: CommandIo, client: Client, line: Line) => Report | Promise<Report>;

const writing =
  (verb: Exclude<Verb, 'get'>): Run =>
  async (io, client, line) =>
    report(verb, await execute(io, client, line, verb));

const RUNS: Readonly<Record<string, Run>> = {
  create: writing('create'),
  replace: writing('replace'),
  apply: writing('apply'),
  patch: writing('patch'),
  delete: writing('delete'),
  validate: writing('validate'),
  get,
  label: (_io, client, line) => label(client, line),
  version: (_io, client, line) => version(client, line),
  'ipam show': (_io, client, line) => ipamShow(client, line),
  'ipam check': ipamCheck,
  'ipam configure': (_io, client, line) => ipamConfigure(client, line),
  'ipam release': ipamRelease,
  'ipam split': (_io, client, line) => ipamSplit(client, line),
  'node status': (io) => nodeStatus(io),
  'datastore migrate lock': (_io, client) => datastoreReady(client, false),
  'datastore migrate unlock': (_io, client) => datastoreReady(client, true),
};

/** Commands that do not ask whether client and cluster agree. */
const UNCHECKED = ['version', 'validate', 'node status'];

async function run(io: CommandIo): Promise<number> {
  const top = parseLine(io.args, GLOBAL_OPTIONS, true);
  if (top?.has('--help')) return print(io, { stdout: overview() });
  if (top?.has('--version'))
    return print(io, { stdout: "Run 'calicoctl version' to see version information.\n" });
  const [first, ...rest] = top?.args ?? [];
  if (first === undefined) {
    const stdout = `Invalid option: '${io.args.join(' ')}'. Use flag '--help' to read about a specific subcommand.\n`;
    return print(io, { stdout, error: '' });
  }
  const words = first === 'get' ? rest.map((word) => (word === '-a' ? '-A' : word)) : rest;
  return print(
    io,
    await dispatch(
      io,
      first,
      top?.has('--allow-version-mismatch') ? [...words, '--allow-version-mismatch'] : words,
    ),
  );
}

async function dispatch(io: CommandIo, first: string, words: readonly string[]): Promise<Report> {
  if (GROUPS.includes(first)) return group(io, first, words);
  const command = commandNamed(first);
  if (command) return runCommand(io, command, words);
  const absent = ABSENT[first];
  if (absent !== undefined) return { stdout: '', error: absent };
  return { stdout: '', error: `unknown command: ${JSON.stringify(first)}\n${overview()}` };
}

/** A word that another one must follow; the real tool lists what may follow when it does not know that one. */
async function group(io: CommandIo, name: string, words: readonly string[]): Promise<Report> {
  const [next, ...rest] = words;
  if (next === '-h' || next === '--help') return { stdout: groupOverview(name) };
  if (next === undefined || next.startsWith('-')) return invalidOption(name, words);
  const whole = `${name} ${next}`;
  if (GROUPS.includes(whole)) return group(io, whole, rest);
  const command = commandNamed(whole);
  if (command) return runCommand(io, command, rest);
  const absent = ABSENT[whole];
  return absent === undefined ? { stdout: `${groupOverview(name)}\n` } : { stdout: '', error: absent };
}

async function runCommand(io: CommandIo, command: CommandSpec, words: readonly string[]): Promise<Report> {
  const line = parseLine(words, command.options);
  if (line?.has('--help')) return { stdout: commandHelp(command) };
  if (!line || !command.fits(line)) return invalidOption(command.name, words);
  const client = new Client(io.cluster, io.clock);
  const problem = UNCHECKED.includes(command.name) ? undefined : mismatch(client, line);
  if (problem !== undefined) return { stdout: '', error: problem };
  const carryOut = RUNS[command.name];
  if (!carryOut) throw new Error(`calicoctl ${command.name} has no implementation`);
  return carryOut(io, client, line);
}

const invalidOption = (name: string, words: readonly string[]): Report => ({
  stdout: '',
  error: `invalid option: 'calicoctl ${[name, ...words].join(' ')}'. Use flag '--help' to read about a specific subcommand`,
});

/** An empty error says only that the command failed. */
async function print(io: CommandIo, { stdout, error }: Report): Promise<number> {
  if (stdout !== '') await io.stdout.write(stdout);
  if (error === undefined) return 0;
  if (error !== '') await io.stderr.write(`${massaged(error)}\n`);
  return 1;
}
