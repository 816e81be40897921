/**
 * The commands of BIRD's control socket as its client knows them: how a word is completed from its beginning, and what `?`
 * lists. The client expands what was typed before it sends anything.
 * Source: client/commands.c and the CLI rules of BIRD 1.6.8, built with Calico's protocols (bgp, bfd, pipe, static); syntax
 * columns compared with the real tool, descriptions are ours.
 */
export interface CommandEntry {
  /** `show protocols all` */
  readonly name: string;
  readonly syntax: string;
  readonly about: string;
  /** Only a heading in the list of `?`; typing it alone is no command. */
  readonly heading?: boolean;
}

const PATTERN = '<protocol> | "<pattern>" | all';
const PATTERN_AND_MESSAGE = `(${PATTERN}) [message]`;
const ROUTE =
  '[<prefix>|for <prefix>|for <ip>] [table <t>] [filter <f>|where <cond>] [all] [primary] [filtered] [(export|preexport|noexport) <p>] [protocol <p>] [stats|count]';

const heading = (name: string, syntax: string, about: string): CommandEntry => ({
  name,
  syntax,
  about,
  heading: true,
});
const command = (name: string, syntax: string, about: string): CommandEntry => ({ name, syntax, about });

export const COMMANDS: readonly CommandEntry[] = [
  heading('add', 'roa ...', 'Put a ROA record in'),
  command('add roa', '<prefix> max <num> as <num> [table <name>]', 'Put a ROA record in'),
  heading('configure', '...', 'Read the configuration again'),
  command('configure', '["<file>"] [timeout [<sec>]]', 'Read the configuration again'),
  command('configure check', '["<file>"]', 'See whether a configuration is valid'),
  command('configure confirm', '', 'Keep the last configuration, whatever its timeout'),
  command('configure soft', '["<file>"] [timeout [<sec>]]', 'Read it again, but leave changed filters alone'),
  command('configure soft timeout', '[<sec>]', 'The same, going back after some time'),
  command('configure timeout', '[<sec>]', 'Read it again, going back after some time'),
  command('configure undo', '', 'Go back to the configuration before'),
  heading('debug', '...', 'Choose what protocols write to the log'),
  command(
    'debug',
    '(<protocol> | "<pattern>" | all) (all | off | { states|routes|filters|interfaces|events|packets [, ...] })',
    'Choose what protocols write to the log',
  ),
  heading('delete', 'roa ...', 'Take a ROA record out'),
  command('delete roa', '<prefix> max <num> as <num> [table <name>]', 'Take a ROA record out'),
  command('disable', PATTERN_AND_MESSAGE, 'Take a protocol down'),
  command('down', '', 'End the daemon'),
  heading('dump', '...', 'Write internals to the log'),
  ...['attributes', 'events', 'interfaces', 'neighbors', 'protocols', 'resources', 'routes', 'sockets'].map(
    (what) => command(`dump ${what}`, '', `Write all ${what} to the log`),
  ),
  heading('echo', '...', 'See the log here'),
  command(
    'echo',
    '(all | off | { debug|trace|info|remote|warning|error|auth [, ...] }) [<buffer-size>]',
    'See the log here',
  ),
  command('enable', PATTERN_AND_MESSAGE, 'Bring a protocol up'),
  command('eval', '<expr>', 'Work out an expression'),
  command('exit', '', 'Leave'),
  heading('flush', 'roa [table <name>]', 'Take all dynamic ROA records out'),
  command('flush roa', '[table <name>]', 'Take all dynamic ROA records out'),
  command('help', '', 'How to ask for help'),
  heading('mrtdump', '...', 'Choose what protocols write to MRT files'),
  command(
    'mrtdump',
    '(<protocol> | "<pattern>" | all) (all | off | { states|messages [, ...] })',
    'Choose what protocols write to MRT files',
  ),
  command('quit', '', 'Leave'),
  command('reload', PATTERN, 'Exchange all routes anew'),
  command('reload in', PATTERN, 'Ask for all routes anew'),
  command('reload out', PATTERN, 'Send all routes anew'),
  command('restart', PATTERN_AND_MESSAGE, 'Take a protocol down and up again'),
  command('restrict', '', 'Allow only looking for the rest of this session'),
  heading('show', '...', 'Look at the state of things'),
  heading('show bfd', '...', 'Look at BFD'),
  command('show bfd sessions', '[<name>]', 'Sessions of a BFD protocol'),
  command('show interfaces', '', 'Network interfaces'),
  command('show interfaces summary', '', 'Network interfaces, one line each'),
  command('show memory', '', 'Memory in use'),
  command('show protocols', '[<protocol> | "<pattern>"]', 'Protocols, one line each'),
  command('show protocols all', '[<protocol> | "<pattern>"]', 'Protocols with all details'),
  heading('show roa', '...', 'ROA table'),
  command('show roa', '[<prefix> | in <prefix> | for <prefix>] [as <num>] [table <t>]', 'ROA table'),
  heading('show route', '...', 'Routing table'),
  command('show route', ROUTE, 'Routing table'),
  command('show static', '[<name>]', 'Routes of a static protocol'),
  command('show status', '', 'The daemon itself'),
  heading('show symbols', '...', 'Names of the configuration'),
  command(
    'show symbols',
    '[table|filter|function|protocol|template|roa|<symbol>]',
    'Names of the configuration',
  ),
];

interface Node {
  readonly token: string;
  readonly children: Node[];
  command?: CommandEntry;
  heading?: CommandEntry;
}

const ROOT: Node = { token: '', children: [] };
for (const entry of COMMANDS) {
  const node = entry.name.split(' ').reduce((at: Node, token) => {
    const known = at.children.find((child) => child.token === token);
    if (known) return known;
    const made: Node = { token, children: [] };
    at.children.push(made);
    return made;
  }, ROOT);
  if (entry.heading) node.heading = entry;
  else node.command = entry;
}

/** A ROA table is hardly ever meant. */
const priority = ({ token }: Node): number => (token === 'roa' ? 0 : 1);

type Found = { readonly kind: 'one'; readonly node: Node } | { readonly kind: 'none' | 'ambiguous' };

function child(node: Node, word: string): Found {
  const exact = node.children.find(({ token }) => token === word);
  if (exact) return { kind: 'one', node: exact };
  const fits = node.children.filter(({ token }) => token.startsWith(word));
  const best = fits.filter((each) => priority(each) === Math.max(...fits.map(priority)));
  const [only, second] = best;
  if (!only) return { kind: 'none' };
  return second ? { kind: 'ambiguous' } : { kind: 'one', node: only };
}

const line = ({ name, syntax, about }: CommandEntry): string =>
  `${`${name} ${syntax}`.padEnd(45)}  ${about}\n`;

const listed = (node: Node): string => {
  const entry = node.heading ?? node.command;
  return entry ? line(entry) : '';
};

const candidates = (node: Node, word: string): string =>
  node.children
    .filter(({ token }) => token.length > word.length && token.startsWith(word))
    .map(listed)
    .join('');

/** What the client makes of a line: the whole command with the rest of the line, or what it says itself. */
export type Expanded =
  | { readonly kind: 'command'; readonly name: string; readonly rest: string }
  | { readonly kind: 'said'; readonly text: string };

export function expand(typed: string): Expanded {
  let node = ROOT;
  let rest = typed;
  for (const match of typed.matchAll(/\S+/g)) {
    const found = child(node, match[0]);
    if (found.kind === 'ambiguous') {
      const text = `Ambiguous command, possible expansions are:\n${candidates(node, match[0])}`;
      return { kind: 'said', text };
    }
    if (found.kind !== 'one') break;
    node = found.node;
    rest = typed.slice(match.index + match[0].length);
  }
  if (!node.command) return { kind: 'said', text: "No such command. Press `?' for help.\n" };
  return { kind: 'command', name: node.command.name, rest };
}

/** What `?` at the end of a line lists. */
export function contextHelp(typed: string): string {
  let node = ROOT;
  for (const [word] of typed.replace(/\?\s*$/, '').matchAll(/\S+/g)) {
    const found = child(node, word);
    if (found.kind === 'ambiguous') return candidates(node, word);
    if (found.kind !== 'one') break;
    node = found.node;
  }
  return (node.command ? line(node.command) : '') + node.children.map(listed).join('');
}

/** Words that may follow the given ones. */
export function followers(words: readonly string[]): readonly string[] {
  let node = ROOT;
  for (const word of words) {
    const found = child(node, word);
    if (found.kind !== 'one') return [];
    node = found.node;
  }
  return node.children.map(({ token }) => token);
}
