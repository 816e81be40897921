/**
 * `ipset`: lists the sets that rules refer to, and tests an address against one. Layout and complaints: ipset 7.17, compared
 * with the real tool on Linux 6.18 (hash:net, revision 7: 456 bytes and 48 for each member). The kernel draws `initval` by
 * chance and lists members by hash; here it follows from the name, and members come as they were added. Sets are Felix's:
 * changing them by hand is not simulated.
 */
import { err, ok } from '../../../base/result.ts';
import { cidrContains, formatCidr, formatIpv4, parseIpv4, type Cidr } from '../../../model/ip.ts';
import { mix } from '../../net/flow-hash.ts';
import { rulesOf, type Netfilter } from '../../net/netfilter-rules.ts';
import type { Command, CommandIo } from '../command.ts';
import type { Parsed } from '../network/complaint.ts';
import { hereOf } from '../network/here.ts';

export const ipset: Command = {
  name: 'ipset',
  summary: 'sets of addresses that netfilter rules refer to',
  places: ['node', 'router', 'host'],
  async run(io: CommandIo): Promise<number> {
    const result = runIpset(io);
    if (result.ok) {
      if (result.value !== '') await io.stdout.write(result.value);
      return 0;
    }
    await io.stderr.write(`${result.error.message}\n`);
    return result.error.status;
  },
  complete: (words, io) =>
    words.length < 2
      ? COMMANDS.filter(({ run }) => run !== undefined).map(({ name }) => name)
      : [...(hereOf(io)?.netns.netfilter.ipsets.keys() ?? []), '-n', '-t', '-s', '-o'],
};

const TOOL = 'ipset v7.17';

const complaint = (text: string, status = 1): { readonly status: number; readonly message: string } => ({
  status,
  message: `${TOOL}: ${text}`,
});
const misuse = (text: string): ReturnType<typeof complaint> =>
  complaint(`${text}\nTry \`ipset help' for more information.`, 2);
const missing = complaint('The set with the given name does not exist');

interface Wishes {
  readonly namesOnly: boolean;
  readonly terse: boolean;
  readonly sorted: boolean;
  readonly quiet: boolean;
  readonly output: string | undefined;
  readonly words: readonly string[];
}

interface Verb {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly run?: (netfilter: Netfilter, wishes: Wishes) => Parsed<string>;
}

/** ipset(8); those without a meaning here are refused. */
const COMMANDS: readonly Verb[] = [
  { name: 'list', aliases: ['-L', '--list'], run: (netfilter, wishes) => list(netfilter, wishes, 'plain') },
  { name: 'save', aliases: ['-S', '--save'], run: (netfilter, wishes) => list(netfilter, wishes, 'save') },
  { name: 'test', aliases: ['-T', '--test'], run: test },
  { name: 'help', aliases: ['-h', '--help'], run: () => ok(HELP) },
  { name: 'version', aliases: ['-v', '-V', '--version'], run: () => ok(`${TOOL}, protocol version: 7\n`) },
  { name: 'create', aliases: ['-N', '--create', 'n'] },
  { name: 'add', aliases: ['-A', '--add'] },
  { name: 'del', aliases: ['-D', '--del'] },
  { name: 'destroy', aliases: ['-X', '--destroy', 'x'] },
  { name: 'flush', aliases: ['-F', '--flush'] },
  { name: 'rename', aliases: ['-E', '--rename', 'e'] },
  { name: 'swap', aliases: ['-W', '--swap', 'w'] },
  { name: 'restore', aliases: ['-R', '--restore'] },
];

function runIpset(io: CommandIo): Parsed<string> {
  const wishes = parseWishes(io.args);
  if (!wishes.ok) return wishes;
  const [word] = wishes.value.words;
  if (word === undefined) return err(misuse('No command specified.'));
  const verb = COMMANDS.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (!verb) return err(misuse(`No command specified: unknown argument ${word}`));
  if (!verb.run) {
    return err({
      status: 1,
      message: `ipset: "${verb.name}" is not simulated: the sets of a lab follow from its IP pools and nodes.`,
    });
  }
  const here = hereOf(io);
  if (!here) return err(complaint('Cannot open session to kernel.'));
  return verb.run(here.netns.netfilter, { ...wishes.value, words: wishes.value.words.slice(1) });
}

const SWITCHES: Readonly<Record<string, 'namesOnly' | 'terse' | 'sorted' | 'quiet' | 'none'>> = {
  '-n': 'namesOnly',
  '-name': 'namesOnly',
  '-t': 'terse',
  '-terse': 'terse',
  '-s': 'sorted',
  '-sorted': 'sorted',
  '-q': 'quiet',
  '-quiet': 'quiet',
  '-!': 'none',
  '-exist': 'none',
  '-r': 'none',
  '-resolve': 'none',
};

function parseWishes(args: readonly string[]): Parsed<Wishes> {
  const wishes = { namesOnly: false, terse: false, sorted: false, quiet: false };
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
  const members = name === undefined ? undefined : ipsets.get(name);
  if (name !== undefined && !members) return err(missing);
  const chosen = name !== undefined && members ? [[name, members] as const] : [...ipsets];
  if (wishes.namesOnly) return ok(chosen.map(([set]) => `${set}\n`).join(''));
  const all = Object.values(tables).flatMap((chains) => chains.flatMap(rulesOf));
  const sets = chosen.map(([set, cidrs]): SetFacts => ({
    name: set,
    members: wishes.sorted ? cidrs.toSorted((a, b) => a.base - b.base || a.length - b.length) : cidrs,
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
  readonly members: readonly Cidr[];
  readonly references: number;
}

/** Felix creates its sets with room for 1048576 members (felix/ipsets). */
const MAXIMUM = 1_048_576;

const headerText = (name: string): string =>
  `family inet hashsize 1024 maxelem ${MAXIMUM} bucketsize 12 initval ${initialValue(name)}`;

function initialValue(name: string): string {
  return `0x${mix(...[...name].map((letter) => letter.charCodeAt(0)))
    .toString(16)
    .padStart(8, '0')}`;
}

const memory = ({ members }: SetFacts): number => 456 + 48 * members.length;

/** A single address is written without its length. */
const memberText = (prefix: Cidr): string =>
  prefix.length === 32 ? formatIpv4(prefix.base) : formatCidr(prefix);

function plainText(set: SetFacts, terse: boolean): string {
  const head = [
    `Name: ${set.name}`,
    'Type: hash:net',
    'Revision: 7',
    `Header: ${headerText(set.name)}`,
    `Size in memory: ${memory(set)}`,
    `References: ${set.references}`,
    `Number of entries: ${set.members.length}`,
  ];
  const lines = terse ? head : [...head, 'Members:', ...set.members.map(memberText)];
  return lines.map((line) => `${line}\n`).join('');
}

function saveText({ name, members }: SetFacts, terse: boolean): string {
  const adds = terse ? [] : members.map((member) => `add ${name} ${memberText(member)}\n`);
  return [`create ${name} hash:net ${headerText(name)}\n`, ...adds].join('');
}

function xmlText(set: SetFacts, terse: boolean): string {
  const { name, members, references } = set;
  const elements = members.map((member) => `<member><elem>${memberText(member)}</elem></member>\n`).join('');
  return [
    `<ipset name="${name}">`,
    '<type>hash:net</type>',
    '<revision>7</revision>',
    `<header><family>inet</family><hashsize>1024</hashsize><maxelem>${MAXIMUM}</maxelem><bucketsize>12</bucketsize><initval>${initialValue(name)}</initval>`,
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
  const members = ipsets.get(name);
  if (!members) return err(missing);
  const address = parseIpv4(entry);
  if (address === undefined) {
    return err(complaint(`Syntax error: cannot parse ${entry}: resolving to IPv4 address failed`));
  }
  // Both answers of the real tool go to stderr; only the exit code tells them apart in a script.
  const isMember = members.some((prefix) => cidrContains(prefix, address));
  const text = isMember ? `Warning: ${entry} is in set ${name}.` : `${entry} is NOT in set ${name}.`;
  return err({ status: isMember ? 0 : 1, message: quiet ? '' : text });
}

const HELP = `${TOOL}

Usage: ipset [options] COMMAND

Commands:
list [SETNAME]
        List the entries of a named set or all sets
save [SETNAME]
        The same as commands that make them
test SETNAME ENTRY
        Tell whether an address is in a set
help, version

Options:
-o plain|save|xml
-s      Sort the members
-n      Names only
-t      Names and headers only
-q      No message
`;
