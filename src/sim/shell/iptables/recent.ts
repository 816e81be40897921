/**
 * Options of `-m recent`, for lists of sources with their whole address: what kube-proxy writes for session affinity
 * (iptables-extensions(8), compared with iptables 1.8.9). Hit counts, TTLs and --update are left out.
 */
import { WHOLE_MASK } from '../../net/netfilter-print.ts';
import type { Match } from '../../net/netfilter-rules.ts';
import { isNumber, needs, negation, UNEVALUATED, type Draft, type Option } from './rule-draft.ts';

type Recent = Extract<Match, { readonly kind: 'recent' }>;

const DEFAULT_LIST = 'DEFAULT';

export const RECENT_OPTIONS: readonly (readonly [string, Option])[] = [
  ['--set', { takes: 0, read: needs('recent', begin('set')) }],
  ['--rcheck', { takes: 0, read: needs('recent', begin('rcheck')) }],
  ...['--update', '--remove'].map(
    (word) => [word, { takes: 0, read: needs('recent', () => `"${word}" ${UNEVALUATED}`) }] as const,
  ),
  ['--seconds', { read: needs('recent', readSeconds) }],
  ['--reap', { takes: 0, read: needs('recent', (draft) => changed(draft, () => ({ reap: true }))) }],
  ['--name', { read: needs('recent', (draft, list) => changed(draft, () => ({ list }))) }],
  ['--mask', { read: needs('recent', wholeAddress) }],
  ['--rsource', { takes: 0, read: needs('recent', () => undefined) }],
  ['--rdest', { takes: 0, read: needs('recent', () => `"--rdest" ${UNEVALUATED}`) }],
];

function begin(check: Recent['check']): Option['read'] {
  return (draft) =>
    void draft.matches.push({ kind: 'recent', list: DEFAULT_LIST, check, ...negation(draft) });
}

function changed(draft: Draft, change: (match: Recent) => Partial<Recent>): string | undefined {
  const at = draft.matches.findLastIndex(({ kind }) => kind === 'recent');
  const match = draft.matches[at];
  if (match?.kind !== 'recent') return '"--set" or "--rcheck" stands before the other options of "-m recent"';
  draft.matches[at] = { ...match, ...change(match) };
  return undefined;
}

function readSeconds(draft: Draft, value: string): string | undefined {
  if (!isNumber(value) || Number(value) < 1)
    return `recent: bad value for option "--seconds", or out of range`;
  return changed(draft, () => ({ seconds: Number(value) }));
}

function wholeAddress({ family }: Draft, mask: string): string | undefined {
  return mask === WHOLE_MASK[family] ? undefined : `"--mask ${mask}" ${UNEVALUATED}`;
}
