/**
 * The word grammar of iproute2: keywords followed by values, in any order, most of them abbreviated at will, and one
 * kind of word that needs no keyword. Wordings: iproute2 6.1, lib/utils.c, compared with the real `ip` and `bridge`.
 */
import { ok } from '../../../base/result.ts';
import type { Complaint, Parsed } from './complaint.ts';
import { complain } from './complaint.ts';

export interface Keyword<S> {
  readonly names: readonly string[];
  /** Abbreviations are not taken (iproute2 compares with strcmp). */
  readonly exact?: boolean;
  /** A keyword without a value. */
  readonly flag?: boolean;
  /** What it means; `value` is empty for a flag. */
  readonly read: (state: S, value: string) => Parsed<S>;
}

export interface Grammar<S> {
  readonly keywords: readonly Keyword<S>[];
  /** A word that is no keyword: an address, a prefix, a device name. */
  readonly bare: (state: S, word: string) => Parsed<S>;
}

/** iproute2's `matches`: an abbreviation names the first entry that it begins. */
export function abbreviates(word: string, name: string): boolean {
  return word.length > 0 && name.startsWith(word);
}

export function parseKeywords<S>(words: readonly string[], grammar: Grammar<S>, initial: S): Parsed<S> {
  let state = initial;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const keyword = findKeyword(grammar.keywords, word);
    if (keyword && !keyword.flag && words[at + 1] === undefined) return INCOMPLETE;
    const read = keyword
      ? keyword.read(state, keyword.flag ? '' : (words[at + 1] ?? ''))
      : grammar.bare(state, word);
    if (!read.ok) return read;
    state = read.value;
    if (keyword && !keyword.flag) at += 1;
  }
  return ok(state);
}

function findKeyword<S>(keywords: readonly Keyword<S>[], word: string): Keyword<S> | undefined {
  return keywords.find(({ names, exact }) =>
    names.some((name) => (exact ? name === word : abbreviates(word, name))),
  );
}

/** The entry an abbreviation names, or undefined. */
export function choose<T extends { readonly names: readonly string[] }>(
  entries: readonly T[],
  word: string,
): T | undefined {
  return entries.find(({ names }) => names.some((name) => abbreviates(word, name)));
}

const INCOMPLETE = complain(255, 'Command line is not complete. Try option "help"');

export const wrongArgument = (
  value: string,
  why: string,
): { readonly ok: false; readonly error: Complaint } =>
  complain(255, `Error: argument "${value}" is wrong: ${why}`) as { ok: false; error: Complaint };

export const duplicateOrGarbage = (keyword: string, word: string): Parsed<never> =>
  complain(255, `Error: either "${keyword}" is duplicate, or "${word}" is a garbage.`);

export const expected = (what: string, word: string): Parsed<never> =>
  complain(1, `Error: ${what} is expected rather than "${word}".`);
