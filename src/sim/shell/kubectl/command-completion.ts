/** Tab completion of a kubectl line: commands, flags, namespaces, containers, and what each command completes itself. */
import type { CompletionIo } from '../command.ts';
import { Api } from './api-client.ts';
import type { CompletionCall, Verb } from './call.ts';
import { findCommand, subcommands } from './command-tree.ts';
import { completeContainers, names } from './completion.ts';
import { Failure } from './failure.ts';
import type { FlagSpec } from './flags.ts';
import { currentNamespace, readKubeConfig } from './kubeconfig.ts';
import { GET_FORMATS, OBJECT_FORMATS } from './output/object-printer.ts';
import { GLOBAL_FLAGS } from './verbs/shared-flags.ts';

/** `words` are those after `kubectl`; the last one is being typed. */
export function completeLine(words: readonly string[], io: CompletionIo): readonly string[] {
  try {
    return complete(words, io);
  } catch (error) {
    // A cluster that refuses an answer only means that there is nothing to offer.
    if (error instanceof Failure) return [];
    throw error;
  }
}

function complete(words: readonly string[], io: CompletionIo): readonly string[] {
  const word = words.at(-1) ?? '';
  const found = findCommand(words.slice(0, -1));
  switch (found.kind) {
    case 'root':
      return word.startsWith('-') ? flagWords(GLOBAL_FLAGS) : commandNames('');
    case 'parent':
      return commandNames(found.path);
    case 'verb':
      return completeVerb(found.verb, found.rest, { io, word });
    default:
      return [];
  }
}

const commandNames = (path: string): readonly string[] => subcommands(path).map(({ name }) => name);

function completeVerb(
  verb: Verb,
  rest: readonly string[],
  { io, word }: { readonly io: CompletionIo; readonly word: string },
): readonly string[] {
  const line = split(verb, rest);
  const namespace = namespaceOf(io, line.namespace);
  const call: CompletionCall = { io, api: new Api(io.cluster), namespace, args: line.args, word };
  if (line.awaiting) return flagValues(line.awaiting, verb, call);
  if (word.startsWith('--') && word.includes('=')) return inlineValues(word, verb, call);
  if (word.startsWith('-')) return flagWords([...verb.flags, ...GLOBAL_FLAGS]);
  const own = line.args.length === 0 ? commandNames(verb.path) : [];
  return [...own, ...(verb.complete?.(call) ?? [])];
}

const flagWords = (flags: readonly FlagSpec[]): readonly string[] => [
  ...flags.map((flag) => `--${flag.name}`),
  ...flags.flatMap((flag) => (flag.short === undefined ? [] : [`-${flag.short}`])),
];

function inlineValues(word: string, verb: Verb, call: CompletionCall): readonly string[] {
  const name = word.slice(2, word.indexOf('='));
  const flag = [...verb.flags, ...GLOBAL_FLAGS].find((spec) => spec.name === name);
  if (!flag) return [];
  const typed = word.slice(word.indexOf('=') + 1);
  return flagValues(flag, verb, { ...call, word: typed }).map((value) => `--${name}=${value}`);
}

interface Line {
  readonly args: readonly string[];
  readonly namespace: string;
  /** The flag whose value is being typed. */
  readonly awaiting?: FlagSpec;
}

function split(verb: Verb, words: readonly string[]): Line {
  const args: string[] = [];
  let namespace = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      continue;
    }
    const flag = valueFlag(verb, word);
    if (!flag) continue;
    const inline = word.startsWith('--') ? word.split('=')[1] : word.slice(2) || undefined;
    const value = inline ?? words[at + 1];
    if (value === undefined) return { args, namespace, awaiting: flag };
    if (inline === undefined) at += 1;
    if (flag.name === 'namespace') namespace = value;
  }
  return { args, namespace };
}

/** The flag a word begins, when it wants a value. */
function valueFlag(verb: Verb, word: string): FlagSpec | undefined {
  const [long = ''] = word.split('=');
  const flag = [...verb.flags, ...GLOBAL_FLAGS].find(
    (spec) => `--${spec.name}` === long || `-${spec.short ?? ''}` === word.slice(0, 2),
  );
  return flag?.type === 'bool' || flag?.bare !== undefined ? undefined : flag;
}

function namespaceOf(io: CompletionIo, given: string): string {
  return given === '' ? currentNamespace(readKubeConfig(io)) : given;
}

const DRY_RUNS = ['none', 'client', 'server'];

function flagValues(flag: FlagSpec, verb: Verb, call: CompletionCall): readonly string[] {
  switch (flag.name) {
    case 'namespace':
      return names(call, call.api.types.named('namespaces'));
    case 'container':
      return completeContainers(call);
    case 'context':
      return readKubeConfig(call.io).contexts.map(({ name }) => name);
    case 'output':
      return verb.path === 'get' ? GET_FORMATS : verb.path === 'delete' ? ['name'] : OBJECT_FORMATS;
    case 'dry-run':
      return DRY_RUNS;
    case 'type':
      return verb.path === 'patch'
        ? ['json', 'merge', 'strategic']
        : ['ClusterIP', 'NodePort', 'LoadBalancer'];
    case 'for':
      return ['create', 'delete', 'condition=', 'jsonpath='];
    case 'filename':
    case 'patch-file':
      return fileNames(call);
    default:
      return [];
  }
}

function fileNames(call: CompletionCall): readonly string[] {
  const slash = call.word.lastIndexOf('/');
  const directory = slash < 0 ? '' : call.word.slice(0, slash + 1);
  const absolute = directory.startsWith('/') ? directory : `${call.io.cwd}/${directory}`;
  const path = absolute.replace(/\/+$/, '') || '/';
  return (call.io.files.list(path) ?? []).map((name) => {
    const isDirectory = call.io.files.stat(`${path === '/' ? '' : path}/${name}`)?.type === 'directory';
    return `${directory}${name}${isDirectory ? '/' : ''}`;
  });
}
