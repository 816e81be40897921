/**
 * `ipset`: lists the sets that rules refer to, tests an address against one, and changes them (`ipset-edit.ts`). Layout and complaints: ipset 7.17, compared
 * with the real tool on Linux 6.18 (revisions and bytes of a type are that kernel's). The kernel draws `initval` by
 * chance and lists members by hash; here it follows from the name, and members come as they were added. Other types than
 * hash:net, hash:ip and hash:ip,port, timeouts, counters and comments are not simulated.
 */
import { err, ok } from '../../../base/result.ts';
import { cidrContains, parseIpv4 } from '../../../model/ip.ts';
import { mix } from '../../net/flow-hash.ts';
import { memberTexts } from '../../net/ipset-print.ts';
import { PROTOCOL_NAMES } from '../../net/netfilter-print.ts';
import { rulesOf, type IpPort, type IpSet, type Netfilter } from '../../net/netfilter-rules.ts';
import type { Command, CommandIo } from '../command.ts';
import type { Parsed } from '../network/complaint.ts';
import { hereOf } from '../network/here.ts';
import { changeSets, complaint, misuse, TOOL, type IpsetVerb } from './ipset-edit.ts';

export const ipset: Command = {
  name: 'ipset',
  summary: 'sets of addresses that netfilter rules refer to',
  places: ['node', 'router', 'host'],
  async run(io: CommandIo): Promise<number> {
    const [word] = io.args.filter((each) => !each.startsWith('-') || RESTORE.includes(each));
    const result =
      word !== undefined && RESTORE.includes(word)
        ? restore(io, await io.stdin.text())
        : runIpset(io, io.args);
    if (result.ok) {
      if (result.value !== '') await io.stdout.write(result.value);
      return 0;
    }
    await io.stderr.write(`${result.error.message}\n`);
    return result.error.status;
  },
  complete: (words, io) =>
    words.length < 2
      ? COMMANDS.filter(({ run, op }) => run ?? op).map(({ name }) => name)
      : [...(hereOf(io)?.netns.netfilter.ipsets.keys() ?? []), '-n', '-t', '-s', '-o'],
};

const missing = complaint('The set with the given name does not exist');

interface Wishes {
  readonly namesOnly: boolean;
  readonly terse: boolean;
  readonly sorted: boolean;
  readonly quiet: boolean;
  /** What is there already, or not there, is no mistake. */
  readonly exist: boolean;
  readonly output: string | undefined;
  readonly words: readonly string[];
}

interface Verb {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly run?: (netfilter: Netfilter, wishes: Wishes) => Parsed<string>;
  /** It changes a set. */
  readonly op?: IpsetVerb;
}

/** ipset(8); those without a meaning here are refused. */
const COMMANDS: readonly Verb[] = [
  { name: 'list', aliases: ['-L', '--list'], run: (netfilter, wishes) => list(netfilter, wishes, 'plain') },
  { name: 'save', aliases: ['-S', '--save'], run: (netfilter, wishes) => list(netfilter, wishes, 'save') },
  { name: 'test', aliases: ['-T', '--test'], run: test },
  { name: 'help', aliases: ['-h', '--help'], run: () => ok(HELP) },
  { name: 'version', aliases: ['-v', '-V', '--version'], run: () => ok(`${TOOL}, protocol version: 7\n`) },
  { name: 'create', aliases: ['-N', '--create', 'n'], op: 'create' },
  { name: 'add', aliases: ['-A', '--add'], op: 'add' },
  { name: 'del', aliases: ['-D', '--del'], op: 'del' },
  { name: 'destroy', aliases: ['-X', '--destroy', 'x'], op: 'destroy' },
  { name: 'flush', aliases: ['-F', '--flush'], op: 'flush' },
  { name: 'rename', aliases: ['-E', '--rename', 'e'], op: 'rename' },
  { name: 'swap', aliases: ['-W', '--swap', 'w'], op: 'swap' },
  { name: 'restore', aliases: ['-R', '--restore'] },
];

const RESTORE = ['restore', '-R', '--restore'];

/** Commands from text, until one fails. */
function restore(io: CommandIo, text: string): Parsed<string> {
  for (const [at, line] of text.split('\n').entries()) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0 || line.startsWith('#') || words[0] === 'COMMIT') continue;
    const quiet = io.args.filter((word) => word === '-exist' || word === '-!');
    const done = runIpset(io, [...words, ...quiet]);
    if (done.ok) continue;
    const why = done.error.message.replace(`${TOOL}: `, '');
    return err({ status: 1, message: `${TOOL}: Error in line ${at + 1}: ${why}` });
  }
  return ok('');
}

function runIpset(io: CommandIo, args: readonly string[]): Parsed<string> {
  const wishes = parseWishes(args);
  if (!wishes.ok) return wishes;
  const [word] = wishes.value.words;
  if (word === undefined) return err(misuse('No command specified.'));
  const verb = COMMANDS.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (!verb) return err(misuse(`No command specified: unknown argument ${word}`));
  const here = hereOf(io);
  if (!here) return err(complaint('Cannot open session to kernel.'));
  if (verb.op) {
    return changeSets(io, here, {
      op: verb.op,
      words: wishes.value.words.slice(1),
      exist: wishes.value.exist,
    });
  }
  if (!verb.run) return err({ status: 1, message: `ipset: "${verb.name}" is not simulated.` });
  return verb.run(here.netns.netfilter, { ...wishes.value, words: wishes.value.words.slice(1) });
}

const SWITCHES: Readonly<Record<string, 'namesOnly' | 'terse' | 'sorted' | 'quiet' | 'exist' | 'none'>> = {
  '-n': 'namesOnly',
  '-name': 'namesOnly',
  '-t': 'terse',
  '-terse': 'terse',
  '-s': 'sorted',
  '-sorted': 'sorted',
  '-q': 'quiet',
  '-quiet': 'quiet',
  '-!': 'exist',
  '-exist': 'exist',
  '-r': 'none',
  '-resolve': 'none',
};

function parseWishes(args: readonly string[]): Parsed<Wishes> {
  const wishes = { namesOnly: false, terse: false, sorted: false, quiet: false, exist: false };
  const words: string[] = [];
  let output: string | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const wish = SWITCHES[word];
    if (wish === 'none') continue;
    if (wish !== undefined) wishes[wish] = true;
    else if (word === '-o' || word === '-output') {
      output = args[(at += 1)];
      if (output === undefined) return err(misuse("Missing mandatory argument of option `-output'"));
      if (!['plain', 'save', 'xml'].includes(output)) return err(misuse(`Unknown output mode '${output}'`));
    } else words.push(word);
  }
  return ok({ ...wishes, output, words });
}

function list({ ipsets, tables }: Netfilter, wishes: Wishes, mode: 'plain' | 'save'): Parsed<string> {
  const [name, stray] = wishes.words;
  if (stray !== undefined) return err(misuse(`Unknown argument ${stray}`));
  const named = name === undefined ? undefined : ipsets.get(name);
  if (name !== undefined && !named) return err(missing);
  const chosen = name !== undefined && named ? [[name, named] as const] : [...ipsets];
  if (wishes.namesOnly) return ok(chosen.map(([set]) => `${set}\n`).join(''));
  const all = Object.values(tables).flatMap((chains) => chains.flatMap(rulesOf));
  const sets = chosen.map(([set, entries]): SetFacts => ({
    name: set,
    type: entries.type,
    members: memberTexts(wishes.sorted ? sortedSet(entries) : entries),
    references: all.filter(({ matches }) =>
      matches.some((match) => match.kind === 'ipset' && match.set === set),
    ).length,
  }));
  const output = wishes.output ?? mode;
  if (output === 'xml')
    return ok(`<ipsets>\n${sets.map((set) => xmlText(set, wishes.terse)).join('')}</ipsets>\n`);
  return ok(
    output === 'save'
      ? sets.map((set) => saveText(set, wishes.terse)).join('')
      : sets.map((set) => plainText(set, wishes.terse)).join('\n'),
  );
}

interface SetFacts {
  readonly name: string;
  readonly type: IpSet['type'];
  readonly members: readonly string[];
  readonly references: number;
}

/** Felix creates its sets with room for 1048576 members (felix/ipsets); ipset's own default is less. */
const maximum = (name: string): number => (name.startsWith('cali') ? 1_048_576 : 65_536);

const headerText = (name: string): string =>
  `family inet hashsize 1024 maxelem ${maximum(name)} bucketsize 12 initval ${initialValue(name)}`;

function initialValue(name: string): string {
  return `0x${mix(...[...name].map((letter) => letter.charCodeAt(0)))
    .toString(16)
    .padStart(8, '0')}`;
}

/** The kernel's revision of a type, and the bytes of an empty set and of a member. */
const TYPES: Readonly<
  Record<IpSet['type'], { readonly revision: number; readonly empty: number; readonly each: number }>
> = {
  'hash:net': { revision: 7, empty: 456, each: 48 },
  'hash:ip': { revision: 6, empty: 216, each: 40 },
  'hash:ip,port': { revision: 7, empty: 216, each: 48 },
};

const memory = ({ type, members }: SetFacts): number => TYPES[type].empty + TYPES[type].each * members.length;

function sortedSet(set: IpSet): IpSet {
  return set.type === 'hash:ip,port'
    ? {
        type: set.type,
        members: set.members.toSorted(
          (a, b) => a.address - b.address || a.protocol - b.protocol || a.port - b.port,
        ),
      }
    : { type: set.type, members: set.members.toSorted((a, b) => a.base - b.base || a.length - b.length) };
}

function plainText(set: SetFacts, terse: boolean): string {
  const head = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${TYPES[set.type].revision}`,
    `Header: ${headerText(set.name)}`,
    `Size in memory: ${memory(set)}`,
    `References: ${set.references}`,
    `Number of entries: ${set.members.length}`,
  ];
  const lines = terse ? head : [...head, 'Members:', ...set.members];
  return lines.map((line) => `${line}\n`).join('');
}

function saveText({ name, type, members }: SetFacts, terse: boolean): string {
  const adds = terse ? [] : members.map((member) => `add ${name} ${member}\n`);
  return [`create ${name} ${type} ${headerText(name)}\n`, ...adds].join('');
}

function xmlText(set: SetFacts, terse: boolean): string {
  const { name, type, members, references } = set;
  const elements = members.map((member) => `<member><elem>${member}</elem></member>\n`).join('');
  return [
    `<ipset name="${name}">`,
    `<type>${type}</type>`,
    `<revision>${TYPES[type].revision}</revision>`,
    `<header><family>inet</family><hashsize>1024</hashsize><maxelem>${maximum(name)}</maxelem><bucketsize>12</bucketsize><initval>${initialValue(name)}</initval>`,
    `<memsize>${memory(set)}</memsize>`,
    `<references>${references}</references>`,
    `<numentries>${members.length}</numentries>`,
    '</header>',
    ...(terse ? [] : [`<members>\n${elements}</members>`]),
    '</ipset>\n',
  ].join('\n');
}

function test({ ipsets }: Netfilter, { words: [name, entry], quiet }: Wishes): Parsed<string> {
  if (name === undefined || entry === undefined)
    return err(misuse('Missing second mandatory argument to command test'));
  const set = ipsets.get(name);
  if (!set) return err(missing);
  const found = has(set, entry);
  if (!found.ok) return found;
  // Both answers of the real tool go to stderr; only the exit code tells them apart in a script.
  const isMember = found.value;
  const text = isMember ? `Warning: ${entry} is in set ${name}.` : `${entry} is NOT in set ${name}.`;
  return err({ status: isMember ? 0 : 1, message: quiet ? '' : text });
}

function has(set: IpSet, entry: string): Parsed<boolean> {
  const [host = '', rest] = entry.split(',');
  const address = parseIpv4(host);
  if (address === undefined)
    return err(complaint(`Syntax error: cannot parse ${host}: resolving to IPv4 address failed`));
  if (set.type !== 'hash:ip,port') return ok(set.members.some((prefix) => cidrContains(prefix, address)));
  if (rest === undefined) return err(complaint(`Syntax error: Second element is missing from ${entry}.`));
  const [port = '', protocol] = rest.split(':').toReversed();
  const number = protocol === undefined ? TCP : protocolNumberOf(protocol);
  const same = (member: IpPort): boolean =>
    member.address === address && member.protocol === number && member.port === Number(port);
  return ok(set.members.some(same));
}

const TCP = 6;

const protocolNumberOf = (name: string): number | undefined =>
  [...PROTOCOL_NAMES].find(([, known]) => known === name.toLowerCase())?.[0];

const HELP = `${TOOL}

Usage: ipset [options] COMMAND

Commands:
list [SETNAME]
        List the entries of a named set or all sets
save [SETNAME]
        The same as commands that make them
test SETNAME ENTRY
        Tell whether an address is in a set
create SETNAME hash:net|hash:ip|hash:ip,port
        Make a set
add|del SETNAME ENTRY
        Put an entry into a set, or take it out
flush|destroy [SETNAME]
        Empty a set, or remove it
rename SETNAME NEWNAME, swap SETNAME SETNAME
        Give a set another name, or two sets each other's
restore
        Read such commands
help, version

Options:
-o plain|save|xml
-s      Sort the members
-n      Names only
-t      Names and headers only
-q      No message
-exist  What is there already, or not there, is no mistake
`;
