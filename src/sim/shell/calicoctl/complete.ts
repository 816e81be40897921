/** Words that may follow on a calicoctl command line. */
import type { CompletionIo } from '../command.ts';
import { Client } from './client.ts';
import { COMMANDS, commandNamed, GROUPS, type CommandSpec } from './commands.ts';
import { itemsOf, nameOf } from './kinds/custom.ts';
import { MANAGERS, managerNamed } from './kinds/kinds.ts';

const TAKE_KIND = ['get', 'delete', 'patch', 'label'];
const FORMATS = ['ps', 'wide', 'yaml', 'json', 'custom-columns=', 'go-template=', 'go-template-file='];

export function completions(words: readonly string[], io: CompletionIo): readonly string[] {
  if (words.length <= 1) return under('');
  const before = words.slice(0, -1);
  const group = before.join(' ');
  if (GROUPS.includes(group)) return under(`${group} `);
  for (let length = before.length; length > 0; length -= 1) {
    const command = commandNamed(before.slice(0, length).join(' '));
    if (command) return within(command, words.slice(length), io);
  }
  return [];
}

/** The words that come next after a prefix of commands' names. */
const under = (prefix: string): readonly string[] => [
  ...new Set(
    COMMANDS.filter(({ name }) => name.startsWith(prefix)).map(
      ({ name }) => name.slice(prefix.length).split(' ')[0] ?? '',
    ),
  ),
];

function within(command: CommandSpec, words: readonly string[], io: CompletionIo): readonly string[] {
  const current = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  if (current.startsWith('-')) {
    return command.options.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]));
  }
  if (before === '-o' || before === '--output') return FORMATS;
  const client = new Client(io.cluster, io.clock);
  if (before === '-n' || before === '--namespace') return names(client, '/api/v1/namespaces');
  return TAKE_KIND.includes(command.name) ? resources(client, words) : [];
}

/** Kinds, then the names of the kind that was typed. */
function resources(client: Client, words: readonly string[]): readonly string[] {
  const [kind] = words.slice(0, -1).filter((word) => !word.startsWith('-'));
  const manager = kind === undefined ? undefined : managerNamed(kind);
  if (!manager) return MANAGERS.map((each) => each.kind.toLowerCase());
  const listed = manager.list(client, manager.namespaced ? 'default' : '');
  return listed.ok ? itemsOf(listed.value).map(nameOf) : [];
}

function names(client: Client, path: string): readonly string[] {
  const listed = client.list(path, path);
  return listed.ok ? listed.value.items.map(({ metadata }) => metadata.name) : [];
}
