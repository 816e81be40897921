/**
 * What Tab completes: command names in command position, variables after `$`, then whatever the command's own hook offers, and
 * files otherwise. Words are told apart by a small scanner that, unlike the parser, accepts a line that is not finished.
 */
import type { CompletionIo } from './command.ts';
import { joinPath, resolvePath } from './interpreter/paths.ts';
import type { Host } from './interpreter/scope.ts';
import type { ShellState } from './interpreter/state.ts';

export interface Completions {
  /** Where in the text before the cursor the replaced part begins. */
  readonly start: number;
  /** Sorted; each replaces the text from `start` to the cursor. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  /** As it is inserted, quoted for the shell. */
  readonly text: string;
  /** As it is listed. */
  readonly label: string;
  /** What follows an unambiguous insertion: a blank, or nothing after `/` and `=`. */
  readonly suffix: '' | ' ';
}

interface Desk {
  readonly host: Host;
  readonly state: ShellState;
  readonly io: CompletionIo;
}

interface Scanned {
  /** The words of the command at the cursor; the last is the one at the cursor, unquoted. */
  readonly words: readonly string[];
  /** Where the last word begins. */
  readonly start: number;
  /** The open quote, or none. */
  readonly quote: '"' | "'" | '';
  /** The last word follows `>` or `<`. */
  readonly redirected: boolean;
}

export async function complete(before: string, desk: Desk): Promise<Completions> {
  const scanned = scan(before);
  const word = scanned.words.at(-1) ?? '';
  const variable = scanned.quote === "'" ? null : /\$(\{?)([A-Za-z_]\w*)?$/.exec(before);
  if (variable !== null) return variables(before, variable, desk.state);
  const position = commandPosition(scanned.words);
  if (!scanned.redirected && position === scanned.words.length - 1 && !word.includes('/')) {
    return { start: scanned.start, candidates: commandNames(word, desk) };
  }
  const offered = scanned.redirected ? undefined : await hooked(scanned.words.slice(position), desk);
  const candidates = offered ?? files(word, desk.io);
  return {
    start: scanned.start,
    candidates: candidates.map((candidate) => quoted(candidate, scanned.quote)),
  };
}

function scan(before: string): Scanned {
  const scanner = new Scanner();
  for (let at = 0; at < before.length; at += 1) {
    const char = before[at] ?? '';
    const escapes = char === '\\' && scanner.quote !== "'";
    if (escapes) at += 1;
    if (escapes) scanner.add(before[at] ?? '');
    else scanner.read(char, at);
  }
  return scanner.result();
}

class Scanner {
  quote: Scanned['quote'] = '';
  #words: string[] = [''];
  #start = 0;
  /** Nothing of the last word has been read. */
  #fresh = true;
  #redirected = false;

  add(char: string): void {
    this.#fresh = false;
    this.#words.push((this.#words.pop() ?? '') + char);
  }

  read(char: string, at: number): void {
    if (this.quote !== '') {
      if (char === this.quote) this.quote = '';
      else this.add(char);
    } else if (char === '"' || char === "'") [this.quote, this.#fresh] = [char, false];
    else if (/[\s;&|()`<>]/.test(char) || (/[{}]/.test(char) && this.#fresh)) this.#separate(char, at);
    else this.add(char);
  }

  result(): Scanned {
    return { words: this.#words, start: this.#start, quote: this.quote, redirected: this.#redirected };
  }

  #separate(char: string, at: number): void {
    const blank = char === ' ' || char === '\t';
    this.#redirected = char === '<' || char === '>' || (this.#redirected && this.#fresh && blank);
    if (!blank && char !== '<' && char !== '>') this.#words = [''];
    else if (!this.#fresh) this.#words.push('');
    [this.#fresh, this.#start] = [true, at + 1];
  }
}

const PREFIXES = new Set([
  'if',
  'then',
  'else',
  'elif',
  'while',
  'until',
  'do',
  '!',
  'time',
  'sudo',
  'env',
  'xargs',
  'watch',
  'timeout',
  'command',
  'exec',
]);

/** Behind reserved words, assignments and the likes of `watch` another command begins. */
function commandPosition(words: readonly string[]): number {
  const prefixed = PREFIXES.has(words[0] ?? '');
  const passes = (word: string, at: number): boolean => {
    if (PREFIXES.has(word) || /^\w+=/.test(word)) return true;
    const valued = /^-[nI]$/.test(words[at - 1] ?? '');
    return prefixed && at > 0 && (valued || /^[-\d]/.test(word));
  };
  const found = words.findIndex((word, at) => at === words.length - 1 || !passes(word, at));
  return Math.max(found, 0);
}

function commandNames(prefix: string, { host, state }: Desk): readonly Candidate[] {
  const names = new Set([
    ...host.commandNames(),
    ...host.builtins.keys(),
    ...state.functions.keys(),
    ...state.aliases.keys(),
  ]);
  const candidates = [...names].filter((name) => name.startsWith(prefix)).sort();
  return candidates.map((name) => ({ text: name, label: name, suffix: ' ' }));
}

function variables(
  before: string,
  [all, brace = '', name = '']: RegExpExecArray,
  state: ShellState,
): Completions {
  const start = before.length - all.length;
  const names = state.variables.names().filter((each) => each.startsWith(name));
  const close = brace === '' ? '' : '}';
  return {
    start,
    candidates: names.map((each) => ({
      text: `$${brace}${each}${close}`,
      label: `$${brace}${each}${close}`,
      suffix: ' ',
    })),
  };
}

async function hooked(
  [name = '', ...words]: readonly string[],
  { host, io }: Desk,
): Promise<readonly Candidate[] | undefined> {
  const command = host.command(name);
  if (command?.complete === undefined) return undefined;
  const word = words.at(-1) ?? '';
  const offered = await command.complete(words, io);
  const fitting = [...new Set(offered)].filter((each) => each.startsWith(word)).sort();
  if (fitting.length === 0) return undefined;
  return fitting.map((each) => ({ text: each, label: each, suffix: /[=/]$/.test(each) ? '' : ' ' }));
}

function files(word: string, { files: tree, cwd, env }: CompletionIo): readonly Candidate[] {
  const slash = word.lastIndexOf('/') + 1;
  const [typed, prefix] = [word.slice(0, slash), word.slice(slash)];
  const home = env.get('HOME') ?? '/';
  const directory = resolvePath(
    cwd,
    typed.startsWith('~/') ? home + typed.slice(1) : typed === '' ? '.' : typed,
  );
  const names = (tree.list(directory) ?? []).filter(
    (name) => name.startsWith(prefix) && (prefix.startsWith('.') || !name.startsWith('.')),
  );
  return names.map((name) => {
    const isDirectory = tree.stat(joinPath(directory, name))?.type === 'directory';
    return {
      text: `${typed}${name}${isDirectory ? '/' : ''}`,
      label: `${name}${isDirectory ? '/' : ''}`,
      suffix: isDirectory ? '' : ' ',
    };
  });
}

function quoted(candidate: Candidate, quote: Scanned['quote']): Candidate {
  const { text, suffix } = candidate;
  if (quote !== '') return { ...candidate, text: `${quote}${text}${suffix === '' ? '' : quote}` };
  return { ...candidate, text: text.replace(/[^\w@%+=:,./~\u0080-\u{10ffff}-]/gu, '\\$&') };
}
