/**
 * `ipset`: lists the sets that rules refer to, tests an address against one, and changes them (`ipset-edit.ts`). Layout and complaints: ipset 7.17, compared
 * with the real tool on Linux 6.18 (revisions and bytes of a type are that kernel's). The kernel draws `initval` by
 * chance and lists members by hash; here it follows from the name, and members come as they were added. Other types than
 * hash:net, hash:ip and hash:ip,port, timeouts, counters and comments are not simulated.
 */
import { err, ok } from '../../../base/result.ts';
import { familyOf, ipCidrContains, parseIp, type IpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../../model/ip.ts';
import { mix } from '../../net/flow-hash.ts';
import { memberTexts } from '../../net/ipset-print.ts';
import { PROTOCOL_NAMES } from '../../net/netfilter-print.ts';
import { rulesOf, type IpPort, type IpSet, type Netfilter, type Rule } from '../../net/netfilter-rules.ts';
import type { Netns } from '../../net/netns.ts';
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
      : [...setsIn(hereOf(io)?.netns).map(([name]) => name), '-n', '-t', '-s', '-o'],
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
  readonly run?: (netns: Netns, wishes: Wishes) => Parsed<string>;
  /** It changes a set. */
  readonly op?: IpsetVerb;
}

/** ipset(8); those without a meaning here are refused. */
const COMMANDS: readonly Verb[] = [
  { name: 'list', aliases: ['-L', '--list'], run: (netns, wishes) => list(netns, wishes, 'plain') },
  { name: 'save', aliases: ['-S', '--save'], run: (netns, wishes) => list(netns, wishes, 'save') },
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
  return verb.run(here.netns, { ...wishes.value, words: wishes.value.words.slice(1) });
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

type AnySet = IpSet | IpSet<Ipv6>;

/** The sets of both families, which share their names. */
function setsIn(netns: Netns | undefined): readonly (readonly [string, AnySet, IpFamily])[] {
  const of = (netfilter: Netfilter | Netfilter<Ipv6> | undefined, family: IpFamily) =>
    [...(netfilter?.ipsets ?? [])].map(([name, set]) => [name, set, family] as const);
  return [...of(netns?.netfilter, 4), ...of(netns?.inet6?.netfilter, 6)];
}

function list(netns: Netns, wishes: Wishes, mode: 'plain' | 'save'): Parsed<string> {
  const [name, stray] = wishes.words;
  if (stray !== undefined) return err(misuse(`Unknown argument ${stray}`));
  const chosen = setsIn(netns).filter(([set]) => name === undefined || set === name);
  if (name !== undefined && chosen.length === 0) return err(missing);
  if (wishes.namesOnly) return ok(chosen.map(([set]) => `${set}\n`).join(''));
  const all: readonly Rule<Ip>[] = [...rulesIn(netns.netfilter), ...rulesIn(netns.inet6?.netfilter)];
  const sets = chosen.map(([set, entries, family]): SetFacts => ({
    name: set,
    family,
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

function rulesIn(netfilter: Netfilter<Ip> | undefined): readonly Rule<Ip>[] {
  return Object.values(netfilter?.tables ?? {}).flatMap((chains) => chains.flatMap(rulesOf));
}

interface SetFacts {
  readonly family: IpFamily;
  readonly name: string;
  readonly type: IpSet['type'];
  readonly members: readonly string[];
  readonly references: number;
}

/** Felix creates its sets with room for 1048576 members (felix/ipsets); ipset's own default is less. */
const maximum = (name: string): number => (name.startsWith('cali') ? 1_048_576 : 65_536);

const FAMILY = { 4: 'inet', 6: 'inet6' } as const;

const headerText = ({ name, family }: Pick<SetFacts, 'name' | 'family'>): string =>
  `family ${FAMILY[family]} hashsize 1024 maxelem ${maximum(name)} bucketsize 12 initval ${initialValue(name)}`;

function initialValue(name: string): string {
  return `0x${mix(...[...name].map((letter) => letter.charCodeAt(0)))
    .toString(16)
    .padStart(8, '0')}`;
}

type Bytes = Readonly<Record<IpFamily, number>>;

/** The kernel's revision of a type, and the bytes of an empty set and of a member. */
const TYPES: Readonly<
  Record<IpSet['type'], { readonly revision: number; readonly empty: Bytes; readonly each: Bytes }>
> = {
  'hash:net': { revision: 7, empty: { 4: 456, 6: 1240 }, each: { 4: 48, 6: 72 } },
  'hash:ip': { revision: 6, empty: { 4: 216, 6: 224 }, each: { 4: 40, 6: 64 } },
  'hash:ip,port': { revision: 7, empty: { 4: 216, 6: 232 }, each: { 4: 48, 6: 72 } },
};

const memory = ({ family, type, members }: SetFacts): number =>
  TYPES[type].empty[family] + TYPES[type].each[family] * members.length;

function sortedSet(set: AnySet): IpSet<Ip> {
  const { type, members }: IpSet<Ip> = set;
  return type === 'hash:ip,port'
    ? {
        type,
        members: members.toSorted(
          (a, b) => byAddress(a.address, b.address) || a.protocol - b.protocol || a.port - b.port,
        ),
      }
    : { type, members: members.toSorted((a, b) => byAddress(a.base, b.base) || a.length - b.length) };
}

function byAddress(a: Ip, b: Ip): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function plainText(set: SetFacts, terse: boolean): string {
  const head = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${TYPES[set.type].revision}`,
    `Header: ${headerText(set)}`,
    `Size in memory: ${memory(set)}`,
    `References: ${set.references}`,
    `Number of entries: ${set.members.length}`,
  ];
  const lines = terse ? head : [...head, 'Members:', ...set.members];
  return lines.map((line) => `${line}\n`).join('');
}

function saveText({ name, family, type, members }: SetFacts, terse: boolean): string {
  const adds = terse ? [] : members.map((member) => `add ${name} ${member}\n`);
  return [`create ${name} ${type} ${headerText({ name, family })}\n`, ...adds].join('');
}

function xmlText(set: SetFacts, terse: boolean): string {
  const { name, family, type, members, references } = set;
  const elements = members.map((member) => `<member><elem>${member}</elem></member>\n`).join('');
  return [
    `<ipset name="${name}">`,
    `<type>${type}</type>`,
    `<revision>${TYPES[type].revision}</revision>`,
    `<header><family>${FAMILY[family]}</family><hashsize>1024</hashsize><maxelem>${maximum(name)}</maxelem><bucketsize>12</bucketsize><initval>${initialValue(name)}</initval>`,
    `<memsize>${memory(set)}</memsize>`,
    `<references>${references}</references>`,
    `<numentries>${members.length}</numentries>`,
    '</header>',
    ...(terse ? [] : [`<members>\n${elements}</members>`]),
    '</ipset>\n',
  ].join('\n');
}

function test(netns: Netns, { words: [name, entry], quiet }: Wishes): Parsed<string> {
  if (name === undefined || entry === undefined)
    return err(misuse('Missing second mandatory argument to command test'));
  const [, set, family] = setsIn(netns).find(([each]) => each === name) ?? [];
  if (!set || !family) return err(missing);
  const found = has(set, entry, family);
  if (!found.ok) return found;
  // Both answers of the real tool go to stderr; only the exit code tells them apart in a script.
  const isMember = found.value;
  const text = isMember ? `Warning: ${entry} is in set ${name}.` : `${entry} is NOT in set ${name}.`;
  return err({ status: isMember ? 0 : 1, message: quiet ? '' : text });
}

function has(set: IpSet<Ip>, entry: string, family: IpFamily): Parsed<boolean> {
  const [host = '', rest] = entry.split(',');
  const address = parseIp(host);
  if (address === undefined || familyOf(address) !== family)
    return err(complaint(`Syntax error: cannot parse ${host}: resolving to IPv${family} address failed`));
  if (set.type !== 'hash:ip,port')
    return ok(set.members.some((prefix) => ipCidrContains(prefix as IpCidr, address)));
  if (rest === undefined) return err(complaint(`Syntax error: Second element is missing from ${entry}.`));
  const [port = '', protocol] = rest.split(':').toReversed();
  const number = protocol === undefined ? TCP : protocolNumberOf(protocol);
  const same = (member: IpPort<Ip>): boolean =>
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
create SETNAME hash:net|hash:ip|hash:ip,port [family inet|inet6]
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
