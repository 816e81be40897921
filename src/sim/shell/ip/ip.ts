/**
 * `ip` of iproute2 6.1: address, link, route and neighbour of the stack the learner stands in. Objects and commands may be
 * abbreviated; the order of the tables decides what an abbreviation means, as in the real tool.
 */
import { ok } from '../../../base/result.ts';
import type { Command, CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { hereOf, type Here } from '../network/here.ts';
import { choose } from '../network/keywords.ts';
import { addAddress, deleteAddress, flushAddresses, replaceAddress } from './address-edit.ts';
import { showAddresses } from './address.ts';
import { completeIp } from './complete.ts';
import { addLink, deleteLink } from './link-add.ts';
import { setLink } from './link-set.ts';
import { showLinks } from './link.ts';
import { deleteNeighbour, flushNeighbours, getNeighbour, setNeighbour } from './neighbour-edit.ts';
import { showNeighbours } from './neighbour.ts';
import {
  addNamespace,
  cannotOpen,
  deleteNamespace,
  execute,
  hereIn,
  identifyNamespace,
  listNamespaces,
  listProcesses,
} from './netns.ts';
import { parseOptions, type IpOptions } from './options.ts';
import { deleteRoute, flushRoutes, setRoute } from './route-edit.ts';
import { getRoute } from './route-get.ts';
import { showRoutes } from './route-show.ts';
import { editThrough, linksThrough, type Run, type Subject } from './subject.ts';
import { ADDRESS_USAGE, IP_USAGE, LINK_USAGE, NEIGHBOUR_USAGE, NETNS_USAGE, ROUTE_USAGE } from './usage.ts';

interface Verb {
  readonly names: readonly string[];
  /** Absent for a verb of the real tool that is not simulated. */
  readonly run?: Run;
}

interface IpObject {
  readonly names: readonly string[];
  /** The name its complaints use; absent for an object that is not simulated. */
  readonly verbs?: readonly Verb[];
  readonly usage?: string;
  /** What to do instead, where there is something. */
  readonly refusal?: string;
}

const missing = (...names: readonly string[]): Verb => ({ names });

/** In the order of ip.c and of each object's do_ip*: the first match wins. */
export const IP_OBJECTS: readonly IpObject[] = [
  {
    names: ['address'],
    usage: ADDRESS_USAGE,
    verbs: [
      { names: ['add'], run: addAddress },
      { names: ['change', 'chg'], run: replaceAddress },
      { names: ['replace'], run: replaceAddress },
      { names: ['delete'], run: deleteAddress },
      { names: ['show', 'list', 'lst'], run: showAddresses },
      { names: ['flush'], run: flushAddresses },
      missing('save', 'restore'),
    ],
  },
  { names: ['addrlabel'] },
  { names: ['maddress'] },
  {
    names: ['route'],
    usage: ROUTE_USAGE,
    verbs: [
      { names: ['add'], run: setRoute('add') },
      { names: ['change', 'chg'], run: setRoute('change') },
      { names: ['replace'], run: setRoute('replace') },
      missing('prepend'),
      { names: ['append'], run: setRoute('append') },
      missing('test'),
      { names: ['delete'], run: deleteRoute },
      { names: ['list', 'show', 'lst'], run: showRoutes },
      { names: ['get'], run: getRoute },
      { names: ['flush'], run: flushRoutes },
      missing('save', 'restore', 'showdump'),
    ],
  },
  {
    names: ['rule'],
    usage: 'Usage: ip rule [ show ]',
    verbs: [{ names: ['list', 'lst', 'show'], run: showRules }, missing('add', 'delete', 'flush')],
  },
  {
    names: ['neighbor', 'neighbour'],
    usage: NEIGHBOUR_USAGE,
    verbs: [
      { names: ['add'], run: setNeighbour('add') },
      { names: ['change', 'chg'], run: setNeighbour('change') },
      { names: ['replace'], run: setNeighbour('replace') },
      { names: ['delete'], run: deleteNeighbour },
      { names: ['get'], run: getNeighbour },
      { names: ['show', 'list', 'lst'], run: showNeighbours },
      { names: ['flush'], run: flushNeighbours },
    ],
  },
  { names: ['ntable', 'ntbl'] },
  {
    names: ['link'],
    usage: LINK_USAGE,
    verbs: [
      { names: ['add'], run: addLink },
      { names: ['set', 'change'], run: setLink },
      missing('replace'),
      { names: ['delete'], run: deleteLink },
      { names: ['show', 'list', 'lst'], run: showLinks },
      missing('xstats', 'afstats', 'property'),
    ],
  },
  ...['l2tp', 'fou', 'ila', 'macsec', 'tunnel', 'tunl', 'tuntap', 'tap', 'token', 'tcpmetrics'].map(
    (name) => ({ names: [name] }),
  ),
  { names: ['monitor'], refusal: 'ip: monitor is not simulated; repeat `ip ... show`, or use `watch`.' },
  { names: ['xfrm'] },
  ...['mroute', 'mrule'].map((name) => ({ names: [name] })),
  {
    names: ['netns'],
    usage: NETNS_USAGE,
    verbs: [
      { names: ['list', 'show', 'lst', 'list-id'], run: listNamespaces },
      { names: ['add'], run: addNamespace },
      missing('set', 'attach'),
      { names: ['delete'], run: deleteNamespace },
      { names: ['identify'], run: identifyNamespace },
      { names: ['pids'], run: listProcesses },
      { names: ['exec'], run: execute },
      missing('monitor'),
    ],
  },
  ...['netconf', 'vrf', 'sr', 'nexthop', 'mptcp', 'ioam', 'amt', 'stats'].map((name) => ({
    names: [name],
  })),
  { names: ['help'], verbs: [], usage: IP_USAGE },
];

/** Nothing here changes the policy routing rules. */
function showRules({ options }: Subject): Parsed<string> {
  const last = options.family === 'inet6' ? '' : '32767:\tfrom all lookup default\n';
  return ok(`0:\tfrom all lookup local\n32766:\tfrom all lookup main\n${last}`);
}

/** The name that a complaint gives an object: the tool's own, which is not always the first spelling. */
const SPOKEN: Readonly<Record<string, string>> = { neighbor: 'neigh' };

export const ip: Command = {
  name: 'ip',
  summary: 'addresses, links, routes and neighbours of this network stack',
  places: ['node', 'router', 'host', 'pod'],
  async run(io: CommandIo): Promise<number> {
    const here = hereOf(io);
    let warnings = '';
    const result = here
      ? await runIp(io, here, (text) => void (warnings += text))
      : complain(1, 'Cannot open network namespace: this place has none');
    if (warnings) await io.stderr.write(warnings);
    if (result.ok) {
      if (result.value) await io.stdout.write(result.value);
      return 0;
    }
    if (result.error.message) await io.stderr.write(`${result.error.message}\n`);
    return result.error.status;
  },
  complete: completeIp,
};

type Answer = ReturnType<Run>;

function runIp(io: CommandIo, here: Here, warn: Subject['warn']): Answer {
  const line = parseOptions(io.args);
  if (!line.ok) return line;
  if (line.value.kind === 'version') return ok('ip utility, iproute2-6.1.0, libbpf 1.1.2\n');
  if (line.value.kind === 'help') return complain(255, IP_USAGE);
  const { options, words } = line.value;
  const there = options.netns === undefined ? here : hereIn(io, here.id, options.netns);
  if (!there) return cannotOpen(options.netns ?? '');
  return runObject(io, { here: there, options, words }, warn);
}

interface ObjectLine {
  readonly here: Here;
  readonly options: IpOptions;
  readonly words: readonly string[];
}

function runObject(io: CommandIo, { here, options, words }: ObjectLine, warn: Subject['warn']): Answer {
  const [word, verbWord, ...rest] = words;
  if (word === undefined) return complain(255, IP_USAGE);
  const object = choose(IP_OBJECTS, word);
  if (!object) return complain(1, `Object "${word}" is unknown, try "ip help".`);
  if (!object.verbs) {
    return complain(1, object.refusal ?? `ip: "${object.names[0]}" is not simulated: no lab has such state.`);
  }
  const through = { edit: editThrough(io, here), links: linksThrough(io, here) };
  return runVerb(object, verbWord, (run) => run({ io, here, options, warn, ...through }, rest));
}

function runVerb(
  { names: [name = ''], verbs = [], usage = IP_USAGE }: IpObject,
  word: string | undefined,
  use: (run: Run) => Answer,
): Answer {
  if (name === 'help' || word === 'help') return complain(255, usage);
  const verb = word === undefined ? verbs.find(({ names }) => names.includes('show')) : choose(verbs, word);
  const spoken = SPOKEN[name] ?? name;
  if (!verb) return complain(255, `Command "${word}" is unknown, try "ip ${spoken} help".`);
  return verb.run ? use(verb.run) : complain(1, `ip: "${spoken} ${verb.names[0]}" is not simulated.`);
}
