/**
 * `bridge` of iproute2 6.1: the forwarding database, which for a VXLAN device says where each remote MAC lives. `link` lists
 * the ports of bridges, of which a lab has none; the other objects are not simulated.
 */
import { ok } from '../../../base/result.ts';
import type { Command, CommandIo, CompletionIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, hereOf, type Here } from '../network/here.ts';
import { abbreviates, choose } from '../network/keywords.ts';
import { deleteFdb, setFdb, showFdb, type FdbSubject } from './fdb.ts';

const USAGE = `Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }
Objects:  fdb  link
Options:  -j[son] -V[ersion]`;

const FDB_USAGE = `Usage: bridge fdb [ show [ dev DEVICE ] ]
       bridge fdb { add | append | replace } MAC dev DEVICE dst ADDRESS [ self ] [ permanent ]
       bridge fdb del MAC dev DEVICE [ dst ADDRESS ]`;

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
  summary: 'forwarding database of the VXLAN device',
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

function runBridge(io: CommandIo, here: Here): Parsed<string> {
  let json = false;
  let at = 0;
  for (; io.args[at]?.startsWith('-') === true; at += 1) {
    const word = io.args[at] ?? '';
    if (word === '-V') return ok('bridge utility, 6.1.0\n');
    if (abbreviates(word, '-help')) return complain(255, USAGE);
    if (!OPTIONS.some((name) => abbreviates(word, name))) {
      return complain(255, `Option "${word}" is unknown, try "bridge help".`);
    }
    json ||= abbreviates(word, '-json');
  }
  return runObject({ io, here, json }, io.args.slice(at));
}

function runObject(subject: FdbSubject, [object, ...words]: readonly string[]): Parsed<string> {
  if (object === undefined || abbreviates(object, 'help')) return complain(255, USAGE);
  if (abbreviates(object, 'link')) return showPorts(subject, words);
  if (abbreviates(object, 'fdb')) return runFdb(subject, words);
  if (['mdb', 'vlan', 'vni', 'monitor'].some((name) => abbreviates(object, name))) {
    return complain(1, `bridge: "${object}" is not simulated: no lab has a bridge device.`);
  }
  return complain(255, `Object "${object}" is unknown, try "bridge help".`);
}

function runFdb(subject: FdbSubject, [word = 'show', ...words]: readonly string[]): Parsed<string> {
  if (abbreviates(word, 'help')) return complain(255, FDB_USAGE);
  const verb = choose(FDB_VERBS, word);
  if (!verb) return complain(255, `Command "${word}" is unknown, try "bridge fdb help".`);
  return verb.run
    ? verb.run(subject, words)
    : complain(1, `bridge: "fdb ${verb.names[0]}" is not simulated.`);
}

/** No device of a lab is a port of a bridge. */
function showPorts({ here }: FdbSubject, words: readonly string[]): Parsed<string> {
  const device = words[words.indexOf('dev') + 1];
  return words.includes('dev') && device !== undefined && !deviceNamed(here.netns, device)
    ? complain(255, `Cannot find device "${device}"`)
    : ok('');
}

function completeBridge(words: readonly string[], io: CompletionIo): readonly string[] {
  const [object, verb] = words.slice(0, -1).filter((word) => !word.startsWith('-'));
  if (object === undefined) return ['fdb', 'link', 'help'];
  if (verb === undefined) return ['show', 'add', 'append', 'replace', 'del', 'help'];
  if (words.at(-2) === 'dev') return hereOf(io)?.netns.devices.map(({ name }) => name) ?? [];
  return ['dev', 'dst', 'self', 'permanent'];
}
