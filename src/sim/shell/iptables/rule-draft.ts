/** A rule while it is read word by word, and what its parts have in common. */
import type { IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Match, Target } from '../../net/netfilter-rules.ts';
import { servicePort } from '../network/services.ts';

/** What has been read of a rule so far. */
export interface Draft {
  readonly family: IpFamily;
  readonly matches: Match<Ip>[];
  protocol: number | undefined;
  negate: boolean;
  modules: Set<string>;
  comments: string[];
  commentAfter: boolean;
  target: Target<Ip> | undefined;
}

/** What an option makes of its words. */
export interface Option {
  /** How many words follow; 1 unless said. */
  readonly takes?: 0 | 2;
  /** What is wrong with them. */
  readonly read: (draft: Draft, value: string, second: string) => string | undefined;
}

/** An option of an extension that -m has not named is unknown. */
export function needs(module: string, read: Option['read']): Option['read'] {
  return (draft, value, second) =>
    draft.modules.has(module) ? read(draft, value, second) : `an option of "-m ${module}" stands before it`;
}

/** A translation whose address has not been read yet. */
export const UNSET = 0;

export const unknownOption = (word: string): string => `unknown option "${word}"`;

export const UNEVALUATED = 'is a real one that the simulator does not evaluate';

export const negation = (draft: Draft): { readonly not?: true } => (draft.negate ? { not: true } : {});

export const isNumber = (text: string): boolean => /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text);

/** A number or a name of /etc/services. */
export function portOf(text: string, transport: string): number | undefined {
  if (!/^\d+$/.test(text)) return servicePort(text, transport);
  return Number(text) <= 65535 ? Number(text) : undefined;
}
