/**
 * `ip netns`: the network namespaces of a machine, those that somebody made and, on a node, those that containerd made for
 * pods. Names live in /run/netns, which all namespaces of a machine share. Texts: iproute2 6.1 ip/ipnetns.c, compared with the
 * real tool. Left out: `set`, `attach` and `monitor`; ids follow from the devices whose other end is there.
 */
import { ok } from '../../../base/result.ts';
import type { NetnsId } from '../../../model/trace.ts';
import { machineOf, namedNetnsId } from '../../net/named-netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import type { CompletionIo } from '../command.ts';
import type { Here } from '../network/here.ts';
import { foreignNamespaces, namespaceName } from './device-text.ts';
import { jsonText } from './device-list.ts';
import type { Subject } from './subject.ts';

interface Named {
  readonly name: string;
  readonly id: NetnsId;
}

/** The latest first, as a directory in memory lists them. */
export function namespacesOf(io: CompletionIo, here: NetnsId): readonly Named[] {
  const machine = machineOf(here);
  const stack = io.network.netns(machine);
  const made = (stack?.namespaces ?? []).map(({ name }) => ({ name, id: namedNetnsId(machine, name) }));
  const containers = (stack ? foreignNamespaces(stack) : []).flatMap((id) => {
    const name = id.startsWith('pod/') ? namespaceName(machine, id) : undefined;
    return name === undefined ? [] : [{ name, id }];
  });
  return [...made, ...containers.reverse()];
}

/** The stack behind a name; undefined when there is no such file. */
export const namespaceNamed = (io: CompletionIo, here: NetnsId, name: string): NetnsId | undefined =>
  namespacesOf(io, here).find((each) => each.name === name)?.id;

/** What a command sees that is told to work in another namespace of the machine. */
export function hereIn(io: CompletionIo, standing: NetnsId, name: string): Here | undefined {
  const id = namespaceNamed(io, standing, name);
  const netns = id === undefined ? undefined : io.network.netns(id);
  return id === undefined || !netns ? undefined : { id, netns, memory: io.network.memory(id) };
}

export const cannotOpen = (name: string): Parsed<never> =>
  complain(255, `Cannot open network namespace "${name}": No such file or directory`);

export function listNamespaces({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  if (words.length > 0 && words[0] !== 'list-id') return complain(1, 'Command "list" takes no arguments.');
  const known = foreignNamespaces(here.netns);
  const all = namespacesOf(io, here.id).map(({ name, id }) => ({ name, id: known.indexOf(id) }));
  if (options.json)
    return ok(
      jsonText(
        all.map(({ name, id }) => (id < 0 ? { name } : { name, id })),
        options,
      ),
    );
  return ok(all.map(({ name, id }) => `${name}${id < 0 ? '' : ` (id: ${id})`}\n`).join(''));
}

export function addNamespace({ io, here }: Subject, [name]: readonly string[]): Parsed<string> {
  if (name === undefined) return complain(255, 'No netns name specified');
  if (!isName(name)) return complain(255, `Invalid netns name "${name}"`);
  if (io.place.kind === 'pod') return complain(1, 'mkdir /run/netns failed: Permission denied');
  const machine = machineOf(here.id);
  if (namespaceNamed(io, here.id, name) !== undefined) {
    return complain(1, `Cannot create namespace file "/run/netns/${name}": File exists`);
  }
  const ipForward = io.network.netns(machine)?.ipForward ?? false;
  const done = io.network.edit(machine, { kind: 'add-namespace', name, ipForward });
  return done.ok ? ok('') : complain(1, done.message);
}

/** What may be the name of a file, and of a stack. */
const isName = (name: string): boolean => /^[^/\s]{1,255}$/.test(name) && name !== '.' && name !== '..';

export function deleteNamespace({ io, here }: Subject, [name]: readonly string[]): Parsed<string> {
  if (name === undefined) return complain(255, 'No netns name specified');
  const id = namespaceNamed(io, here.id, name);
  if (id === undefined) {
    return complain(1, `Cannot remove namespace file "/run/netns/${name}": No such file or directory`);
  }
  if (id.startsWith('pod/'))
    return complain(1, `ip: "${name}" is a running pod's; in the simulator only kubectl takes it away.`);
  const done = io.network.changeLinks(machineOf(here.id), { kind: 'delete-namespace', name });
  return done.ok ? ok('') : complain(1, done.message);
}

/** The names of the namespace the learner stands in: none on the machine itself. */
export function identifyNamespace({ io, here }: Subject, words: readonly string[]): Parsed<string> {
  if (words.length > 0 && !/^(self|\d+)$/.test(words[0] ?? ''))
    return complain(255, `Invalid process id "${words[0] ?? ''}"`);
  const name = namespacesOf(io, here.id).find(({ id }) => id === here.id)?.name;
  return ok(name === undefined ? '\n' : `${name}\n`);
}

/** Processes of a lab are not numbered. */
export function listProcesses({ io, here }: Subject, [name]: readonly string[]): Parsed<string> {
  if (name === undefined) return complain(255, 'No netns name specified');
  return namespaceNamed(io, here.id, name) === undefined ? cannotOpen(name) : ok('');
}

export async function execute({ io, here }: Subject, words: readonly string[]): Promise<Parsed<string>> {
  const [name, ...argv] = words;
  if (name === undefined) return complain(255, 'No netns name specified');
  if (argv.length === 0) return complain(255, 'No command specified');
  const netns = namespaceNamed(io, here.id, name);
  if (netns === undefined) return cannotOpen(name);
  const status = await io.run(io.place, argv, { netns });
  return status === 0 ? ok('') : complain(status, '');
}
