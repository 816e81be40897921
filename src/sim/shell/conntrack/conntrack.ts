/**
 * `conntrack`: the connections a stack remembers: list (-L), count (-C), delete (-D), flush (-F). Texts: conntrack 1.4.7,
 * compared with the real tool. The kernel tracks only where some rule needs it, so a pod's or router's table stays empty.
 * Not simulated: events (-E), statistics (-S), changing entries (-I, -U), expectations.
 */
import { err, ok } from '../../../base/result.ts';
import { familyOf, parseIp, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { ConntrackEntry } from '../../net/netns.ts';
import type { Command, CommandIo } from '../command.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import { hereOf } from '../network/here.ts';
import { connectionText, type FormatWishes } from './format.ts';

const TOOL = 'conntrack v1.4.7 (conntrack-tools)';

export const conntrack: Command = {
  name: 'conntrack',
  summary: 'connections that netfilter tracks',
  places: ['node', 'router', 'host'],
  run,
  complete: (words) => {
    if (words.at(-2) === '-p') return ['tcp', 'udp', 'icmp', 'icmpv6'];
    if (words.at(-2) === '-o') return ['extended', 'id'];
    return [...VERBS, ...FILTERS.map(({ names }) => names[0] ?? '')];
  },
};

const VERBS = ['-L', '-D', '-F', '-C', '-V', '-h'];
const LONG_VERBS: Readonly<Record<string, string>> = {
  '--dump': '-L',
  '--delete': '-D',
  '--flush': '-F',
  '--count': '-C',
  '--version': '-V',
  '--help': '-h',
};

type Test = (entry: ConntrackEntry) => boolean;

interface Filter {
  readonly names: readonly string[];
  /** Only after this protocol. */
  readonly after?: 'ports' | 'tcp';
  readonly test: (value: string) => Test | string;
}

const addressFilter =
  (pick: (entry: ConntrackEntry) => readonly Ip[], translated?: (entry: ConntrackEntry) => boolean) =>
  (value: string): Test | string => {
    const address = parseIp(value);
    if (address === undefined) return `Invalid IP address \`${value}'`;
    return (entry) => pick(entry).includes(address) && (translated?.(entry) ?? true);
  };

const portFilter =
  (pick: (entry: ConntrackEntry) => number) =>
  (value: string): Test | string =>
    /^\d{1,5}$/.test(value) && Number(value) <= 65535
      ? (entry) => pick(entry) === Number(value)
      : `invalid port/service \`${value}' specified`;

const isSourceTranslated = ({ original, reply }: ConntrackEntry): boolean =>
  original.source !== reply.destination || original.sourcePort !== reply.destinationPort;
const isDestinationTranslated = ({ original, reply }: ConntrackEntry): boolean =>
  original.destination !== reply.source;

/** conntrack(8). */
const FILTERS: readonly Filter[] = [
  { names: ['-s', '--src', '--orig-src'], test: addressFilter(({ original }) => [original.source]) },
  { names: ['-d', '--dst', '--orig-dst'], test: addressFilter(({ original }) => [original.destination]) },
  { names: ['-r', '--reply-src'], test: addressFilter(({ reply }) => [reply.source]) },
  { names: ['-q', '--reply-dst'], test: addressFilter(({ reply }) => [reply.destination]) },
  {
    names: ['--sport', '--orig-port-src'],
    after: 'ports',
    test: portFilter(({ original }) => original.sourcePort),
  },
  {
    names: ['--dport', '--orig-port-dst'],
    after: 'ports',
    test: portFilter(({ original }) => original.destinationPort),
  },
  { names: ['--reply-port-src'], after: 'ports', test: portFilter(({ reply }) => reply.sourcePort) },
  { names: ['--reply-port-dst'], after: 'ports', test: portFilter(({ reply }) => reply.destinationPort) },
  { names: ['--state'], after: 'tcp', test: (value) => (entry) => entry.state === value.toUpperCase() },
  { names: ['-u', '--status'], test: statusFilter },
];

function statusFilter(value: string): Test | string {
  switch (value.toUpperCase()) {
    case 'ASSURED':
      return ({ assured }) => assured;
    case 'SEEN_REPLY':
      return ({ replied }) => replied === true;
    case 'UNREPLIED':
      return ({ replied }) => replied !== true;
    case 'SRC_NAT':
      return isSourceTranslated;
    case 'DST_NAT':
      return isDestinationTranslated;
    default:
      return `Bad parameter \`${value}'`;
  }
}

/** -n, -g and -j take an address, or none. */
const NAT: Readonly<Record<string, Test>> = {
  '-n': isSourceTranslated,
  '--src-nat': isSourceTranslated,
  '-g': isDestinationTranslated,
  '--dst-nat': isDestinationTranslated,
  '-j': (entry) => isSourceTranslated(entry) || isDestinationTranslated(entry),
  '--any-nat': (entry) => isSourceTranslated(entry) || isDestinationTranslated(entry),
};

const REFUSED: ReadonlySet<string> = new Set([
  '-E',
  '--event',
  '-I',
  '--create',
  '-U',
  '--update',
  '-S',
  '--stats',
  '-G',
  '--get',
  '-A',
]);

interface Wishes extends FormatWishes {
  readonly verb: string;
  readonly tests: readonly Test[];
}

const misuse = (text: string): Complaint => ({
  status: 2,
  message: `${TOOL}: ${text}\nTry \`conntrack -h' or 'conntrack --help' for more information.`,
});

/** What has been read so far. */
interface Draft {
  readonly tests: Test[];
  readonly formats: string[];
  verb: string | undefined;
  protocol: ConntrackEntry['protocol'] | undefined;
  /** What -f and the addresses of the line say. */
  family: IpFamily | undefined;
}

function parse(args: readonly string[]): Parsed<Wishes> {
  const draft: Draft = { tests: [], formats: [], verb: undefined, protocol: undefined, family: undefined };
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const read = readVerb(draft, word) ?? readBare(draft, word);
    if (read === undefined) {
      const problem = readValue(draft, word, args[(at += 1)]);
      if (problem) return err(problem);
    } else if (read !== 'taken') return err(read);
    // `-L conntrack` names the table.
    else if (draft.verb !== undefined && args[at + 1] === 'conntrack') at += 1;
  }
  const { tests, formats, verb = '-h' } = draft;
  return ok({ verb, tests, extended: formats.includes('extended'), id: formats.includes('id') });
}

/** Undefined for what is no command. */
function readVerb(draft: Draft, word: string): 'taken' | Complaint | undefined {
  if (REFUSED.has(word))
    return { status: 1, message: `conntrack: ${word} is not simulated; -L, -C, -D and -F are.` };
  const verb = VERBS.includes(word) ? word : LONG_VERBS[word];
  if (verb === undefined) return undefined;
  if (draft.verb !== undefined) return misuse(`Can't do both \`${draft.verb}' and \`${verb}'`);
  draft.verb = verb;
  return 'taken';
}

/** Options without a value. */
function readBare(draft: Draft, word: string): 'taken' | undefined {
  const nat = NAT[word];
  if (nat) draft.tests.push(nat);
  return nat || word === '-z' || word === '--zero' ? 'taken' : undefined;
}

function readValue(draft: Draft, word: string, value: string | undefined): Complaint | undefined {
  const filter = filterOf(word, draft.protocol);
  if (!filter && !TAKERS.has(word)) return misuse(`unknown option \`${word}'`);
  if (value === undefined) return misuse(`option \`${word}' requires an argument`);
  if (filter) return readFilter(draft, filter, value);
  if (word.startsWith('-p') || word.startsWith('--proto')) return readProtocol(draft, value);
  if (word === '-o' || word === '--output') {
    const bad = value.split(',').find((name) => !FORMATS.has(name));
    draft.formats.push(...value.split(','));
    return bad === undefined ? undefined : misuse(`Bad parameter \`${bad}'`);
  }
  return word === '-f' || word === '--family' ? readFamily(draft, value) : undefined;
}

function readFilter(draft: Draft, filter: Filter, value: string): Complaint | undefined {
  const address = parseIp(value);
  if (address !== undefined && isMismatched(draft, familyOf(address)))
    return misuse('mismatched address family');
  const test = filter.test(value);
  if (typeof test === 'string') return misuse(test);
  draft.tests.push(test);
  return undefined;
}

function readFamily(draft: Draft, value: string): Complaint | undefined {
  const family = FAMILIES[value];
  if (family === undefined) return misuse(`\`${value}' unsupported protocol`);
  if (isMismatched(draft, family)) return misuse('mismatched address family');
  draft.tests.push(({ original }) => familyOf(original.source) === family);
  return undefined;
}

const FAMILIES: Readonly<Record<string, IpFamily>> = { ipv4: 4, ipv6: 6 };

/** All that a line says of addresses is of one family. */
function isMismatched(draft: Draft, family: IpFamily): boolean {
  draft.family ??= family;
  return draft.family !== family;
}

function readProtocol(draft: Draft, value: string): Complaint | undefined {
  const protocol = protocolNamed(value);
  if (protocol === undefined) return misuse(`\`${value}' unsupported protocol`);
  draft.protocol = protocol;
  draft.tests.push((entry) => entry.protocol === protocol);
  return undefined;
}

const TAKERS: ReadonlySet<string> = new Set([
  '-p', '--protonum', '--proto', '-o', '--output', '-f', '--family', '-b', '--buffer-size',
]); // prettier-ignore

/** `timestamp`, `labels`, `ktimestamp`: there is nothing to show for them, and the kernel shows nothing either. */
const FORMATS: ReadonlySet<string> = new Set(['extended', 'id', 'timestamp', 'ktimestamp', 'labels']);

function protocolNamed(text: string): ConntrackEntry['protocol'] | undefined {
  const names: Readonly<Record<string, ConntrackEntry['protocol']>> = {
    1: 'icmp',
    6: 'tcp',
    17: 'udp',
    58: 'icmpv6',
    icmp: 'icmp',
    icmpv6: 'icmpv6',
    tcp: 'tcp',
    udp: 'udp',
  };
  return Object.hasOwn(names, text) ? names[text] : undefined;
}

/** Ports can only be asked for once the protocol is known: they are options of its extension. */
function filterOf(word: string, protocol: string | undefined): Filter | undefined {
  const filter = FILTERS.find(({ names }) => names.includes(word));
  if (filter?.after === 'tcp') return protocol === 'tcp' ? filter : undefined;
  if (filter?.after === 'ports') return protocol === 'tcp' || protocol === 'udp' ? filter : undefined;
  return filter;
}

async function run(io: CommandIo): Promise<number> {
  const wishes = parse(io.args);
  if (!wishes.ok) {
    await io.stderr.write(`${wishes.error.message}\n`);
    return wishes.error.status;
  }
  const { verb, tests } = wishes.value;
  if (verb === '-V' || verb === '-h') {
    await io.stdout.write(verb === '-V' ? `${TOOL}\n` : HELP);
    return 0;
  }
  const now = io.clock.now();
  const live = (hereOf(io)?.memory.conntrack ?? []).filter(({ expires }) => expires > now);
  if (verb === '-C') {
    await io.stdout.write(`${live.length}\n`);
    return 0;
  }
  if (verb === '-F') {
    forget(io, live);
    await io.stderr.write(`${TOOL}: connection tracking table has been emptied.\n`);
    return 0;
  }
  const chosen = live.filter((entry) => tests.every((test) => test(entry)));
  for (const entry of chosen) await io.stdout.write(`${connectionText(entry, now, wishes.value)}\n`);
  return verb === '-D' ? deleted(io, chosen) : shown(io, chosen.length);
}

async function shown(io: CommandIo, count: number): Promise<number> {
  await io.stderr.write(`${TOOL}: ${count} flow entries have been shown.\n`);
  return 0;
}

async function deleted(io: CommandIo, connections: readonly ConntrackEntry[]): Promise<number> {
  forget(io, connections);
  await io.stderr.write(`${TOOL}: ${connections.length} flow entries have been deleted.\n`);
  return connections.length === 0 ? 1 : 0;
}

function forget(io: CommandIo, connections: readonly ConntrackEntry[]): void {
  const here = hereOf(io);
  if (here) io.network.edit(here.id, { kind: 'forget-connections', connections });
}

const HELP = `Command line interface for the connection tracking system. Version 1.4.7
Usage: conntrack [commands] [options]

Commands:
  -L [conntrack] [options]	List connections
  -D [conntrack] parameters	Delete connections
  -F [conntrack]		Flush the table
  -C [conntrack]		Show the counter

Options:
${FILTERS.map(({ names }) => `  ${names.join(', ')} value`).join('\n')}
  -n, --src-nat / -g, --dst-nat / -j, --any-nat
  -p, --protonum proto		tcp, udp, icmp or icmpv6
  -f, --family proto		ipv4 or ipv6 (both)
  -o, --output extended,id
`;
