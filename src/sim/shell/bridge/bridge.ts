/**
 * `bridge` of iproute2 6.1: the forwarding databases of bridges and VXLAN devices, and the ports of bridges. VLANs are not
 * simulated: no port has one.
 */
import { ok } from '../../../base/result.ts';
import type { Command, CommandIo, CompletionIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { cannotOpen, hereIn } from '../ip/netns.ts';
import { hereOf, type Here } from '../network/here.ts';
import { abbreviates, choose } from '../network/keywords.ts';
import { deleteFdb, setFdb, showFdb, type FdbSubject } from './fdb.ts';
import { showPorts } from './ports.ts';

const USAGE = `Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }
Objects:  fdb  link  vlan
Options:  -n[etns] NAME -j[son] -d[etails] -s[tatistics] -V[ersion]`;

const FDB_USAGE = `Usage: bridge fdb [ show [ br BRIDGE ] [ dev DEVICE ] [ dynamic ] ]
       bridge fdb { add | append | replace } MAC dev DEVICE dst ADDRESS [ self ] [ permanent ]
       bridge fdb { add | replace } MAC dev PORT master [ permanent | static ]
       bridge fdb del MAC dev DEVICE [ dst ADDRESS ] [ master ]`;

interface Verb {
  readonly names: readonly string[];
  readonly run?: (subject: FdbSubject, words: readonly string[]) => Parsed<string>;
}

/** In the order of bridge/fdb.c. */
const FDB_VERBS: readonly Verb[] = [
  { names: ['add'], run: setFdb('add') },
  { names: ['append'], run: setFdb('append') },
  { names: ['replace'], run: setFdb('replace') },
  { names: ['delete'], run: deleteFdb },
  { names: ['get'] },
  { names: ['show', 'lst', 'list'], run: showFdb },
  { names: ['flush'] },
];

const OPTIONS = [
  '-json',
  '-pretty',
  '-statistics',
  '-details',
  '-oneline',
  '-timestamp',
  '-color',
  '-compressvlans',
];

export const bridge: Command = {
  name: 'bridge',
  summary: 'ports and forwarding databases of bridges and VXLAN devices',
  places: ['node', 'router', 'host'],
  async run(io: CommandIo): Promise<number> {
    const here = hereOf(io);
    const result = here
      ? runBridge(io, here)
      : complain(255, 'Cannot open network namespace: this place has none');
    if (result.ok) {
      if (result.value) await io.stdout.write(result.value);
      return 0;
    }
    await io.stderr.write(`${result.error.message}\n`);
    return result.error.status;
  },
  complete: completeBridge,
};

interface Options {
  readonly json: boolean;
  readonly details: boolean;
  readonly statistics: boolean;
  readonly netns?: string;
}

/** What stands before the object, and how many words that is. */
function readOptions(args: readonly string[]): Parsed<readonly [Options, number]> {
  let options: Options = { json: false, details: false, statistics: false };
  let at = 0;
  for (; args[at]?.startsWith('-') === true; at += 1) {
    const word = args[at] ?? '';
    const is = (name: string): boolean => word.length > 1 && abbreviates(word, name);
    if (is('-help')) return complain(255, USAGE);
    if (is('-netns')) options = { ...options, netns: args[(at += 1)] ?? '' };
    else if (!OPTIONS.some(is)) return complain(255, `Option "${word}" is unknown, try "bridge help".`);
    else if (is('-json')) options = { ...options, json: true };
    else if (is('-details')) options = { ...options, details: true };
    else if (is('-statistics')) options = { ...options, statistics: true };
  }
  return ok([options, at]);
}

function runBridge(io: CommandIo, standing: Here): Parsed<string> {
  if (io.args[0] === '-V') return ok('bridge utility, 6.1.0\n');
  const read = readOptions(io.args);
  if (!read.ok) return read;
  const [{ netns: name, ...given }, at] = read.value;
  const here = name === undefined ? standing : hereIn(io, standing.id, name);
  return here ? runObject({ io, here, ...given }, io.args.slice(at)) : cannotOpen(name ?? '');
}

function runObject(subject: FdbSubject, [object, ...words]: readonly string[]): Parsed<string> {
  if (object === undefined || abbreviates(object, 'help')) return complain(255, USAGE);
  if (abbreviates(object, 'link')) return runLink(subject, words);
  if (abbreviates(object, 'fdb')) return runFdb(subject, words);
  if (abbreviates(object, 'vlan')) return runVlan(words);
  if (['mdb', 'vni', 'monitor'].some((name) => abbreviates(object, name))) {
    return complain(1, `bridge: "${object}" is not simulated.`);
  }
  return complain(255, `Object "${object}" is unknown, try "bridge help".`);
}

function runLink(subject: FdbSubject, [word = 'show', ...words]: readonly string[]): Parsed<string> {
  if (['show', 'list', 'lst'].some((name) => abbreviates(word, name))) return showPorts(subject, words);
  return abbreviates(word, 'set')
    ? complain(1, 'bridge: "link set" is not simulated: ports have no settings of their own.')
    : complain(255, `Command "${word}" is unknown, try "bridge link help".`);
}

/** The heading, as a kernel without VLAN filtering on any port answers. */
function runVlan([word = 'show']: readonly string[]): Parsed<string> {
  return ['show', 'list', 'lst'].some((name) => abbreviates(word, name))
    ? ok('port              vlan-id  \n')
    : complain(1, 'bridge: VLANs are not simulated.');
}

function runFdb(subject: FdbSubject, [word = 'show', ...words]: readonly string[]): Parsed<string> {
  if (abbreviates(word, 'help')) return complain(255, FDB_USAGE);
  const verb = choose(FDB_VERBS, word);
  if (!verb) return complain(255, `Command "${word}" is unknown, try "bridge fdb help".`);
  return verb.run
    ? verb.run(subject, words)
    : complain(1, `bridge: "fdb ${verb.names[0]}" is not simulated.`);
}

function completeBridge(words: readonly string[], io: CompletionIo): readonly string[] {
  const [object, verb] = words.slice(0, -1).filter((word) => !word.startsWith('-'));
  if (object === undefined) return ['fdb', 'link', 'help'];
  if (verb === undefined) return ['show', 'add', 'append', 'replace', 'del', 'help'];
  if (words.at(-2) === 'dev') return hereOf(io)?.netns.devices.map(({ name }) => name) ?? [];
  return ['br', 'dev', 'dst', 'master', 'self', 'permanent', 'static'];
}
