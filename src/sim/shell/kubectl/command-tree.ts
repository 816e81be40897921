/**
 * Which command a line means: `get`, `rollout status`, `create service clusterip`; with cobra's suggestions for a word
 * that is none. Source: spf13/cobra command.go (Find, SuggestionsFor), v1.10.
 */
import type { Verb } from './call.ts';
import { groupHelp } from './help.ts';
import { ALIASES, GROUPS, HONOURED, NOT_SIMULATED, PARENTS } from './honoured.ts';
import { REFUSED_EVERYWHERE } from './refused-flags.ts';
import { GLOBAL_FLAGS } from './verbs/shared-flags.ts';

export type Found =
  | { readonly kind: 'root' }
  | { readonly kind: 'options' }
  | { readonly kind: 'parent'; readonly path: string; readonly rest: readonly string[] }
  | { readonly kind: 'verb'; readonly verb: Verb; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly message: string };

const BY_PATH: ReadonlyMap<string, Verb> = new Map(HONOURED.map((verb) => [verb.path, verb]));

export function findCommand(args: readonly string[]): Found {
  const words = wordsOf(args);
  const [first] = words;
  if (first === undefined) return { kind: 'root' };
  if (first.word === 'options') return { kind: 'options' };
  if (first.word === 'help') return helpFor(words.slice(1).map(({ word }) => word));
  for (let length = 3; length > 0; length -= 1) {
    const path = canonical(
      words
        .slice(0, length)
        .map(({ word }) => word)
        .join(' '),
    );
    if (words.length < length) continue;
    const rest = without(
      args,
      words.slice(0, length).map(({ at }) => at),
    );
    const missing = NOT_SIMULATED.get(path);
    if (missing !== undefined)
      return { kind: 'unknown', message: `error: kubectl ${path} is not simulated here: ${missing}.` };
    const verb = BY_PATH.get(path);
    if (verb) return { kind: 'verb', verb, rest };
    if (PARENTS.has(path)) return { kind: 'parent', path, rest };
  }
  return { kind: 'unknown', message: unknownCommand(first.word) };
}

const canonical = (path: string): string => ALIASES.get(path) ?? path;

interface Word {
  readonly word: string;
  readonly at: number;
}

/** Arguments that are no flags (and no values of global flags), which may stand before the command. */
function wordsOf(args: readonly string[]): readonly Word[] {
  const words: Word[] = [];
  for (let at = 0; at < args.length && words.length < 3; at += 1) {
    const word = args[at] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-')) words.push({ word, at });
    else if (words.length === 0 && takesValue(word)) at += 1;
    else if (words.length > 0) break;
  }
  return words;
}

function takesValue(flag: string): boolean {
  return [...GLOBAL_FLAGS, ...REFUSED_EVERYWHERE].some(
    (spec) => spec.type !== 'bool' && (flag === `--${spec.name}` || flag === `-${spec.short ?? ''}`),
  );
}

function without(args: readonly string[], positions: readonly number[]): readonly string[] {
  return args.filter((_, at) => !positions.includes(at));
}

function helpFor(words: readonly string[]): Found {
  if (words.length === 0) return { kind: 'root' };
  const found = findCommand(words);
  return found.kind === 'verb' || found.kind === 'parent' ? { ...found, rest: ['--help'] } : found;
}

/** Suggestions stand in the order of the real tool's commands. */
function unknownCommand(word: string): string {
  const typed = word.toLowerCase();
  const names = GROUPS.flatMap((group) => group.names);
  const near = names.filter((name) => distance(typed, name) <= 2 || name.startsWith(typed));
  const head = `error: unknown command ${JSON.stringify(word)} for "kubectl"`;
  if (near.length === 0) return head;
  return `${head}\n\nDid you mean this?\n${near.map((name) => `\t${name}\n`).join('')}`;
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Direct subcommands of a path, honoured ones only. */
export function subcommands(path: string): readonly { readonly name: string; readonly summary: string }[] {
  const prefix = path === '' ? '' : `${path} `;
  const names = new Map<string, string>();
  for (const verb of HONOURED) {
    if (!verb.path.startsWith(prefix) || verb.path === path) continue;
    const [name = ''] = verb.path.slice(prefix.length).split(' ');
    const own = BY_PATH.get(`${prefix}${name}`);
    if (!names.has(name))
      names.set(name, own?.summary ?? PARENTS.get(`${prefix}${name}`)?.replace(/\.$/, '') ?? '');
  }
  return [...names].map(([name, summary]) => ({ name, summary }));
}

export function rootHelp(): string {
  const all = subcommands('');
  const groups = GROUPS.map(({ title, names }) => ({
    title,
    commands: names.flatMap((name) => all.find((command) => command.name === name) ?? []),
  }));
  return groupHelp({
    about: 'kubectl controls the Kubernetes cluster of this lab.',
    usage: 'kubectl [flags] [options]',
    groups,
    path: '',
  });
}

export function parentHelp(path: string): string {
  const groups = [{ title: 'Available Commands', commands: subcommands(path) }];
  const usage = path === 'rollout' ? 'SUBCOMMAND [options]' : '[flags] [options]';
  return groupHelp({ about: PARENTS.get(path) ?? '', usage: `kubectl ${path} ${usage}`, groups, path });
}
