/** Sentences of checks cut into pieces: `code` in backquotes, and the names of encapsulations, which own a colour each. */
import type { Encapsulation } from '../../model/encapsulation.ts';

export type Phrase =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'encapsulation'; readonly text: string; readonly encapsulation: Encapsulation };

const CODE = /`([^`]+)`/;
const NAMES: readonly (readonly [RegExp, Encapsulation])[] = [
  [/^vxlan\b/i, 'vxlan'],
  [/^(ipip|ip[ -]in[ -]ip)\b/i, 'ipip'],
  [/^(no encapsulation|unencapsulated|not encapsulated)\b/i, 'none'],
];
const ANY_NAME = /\b(vxlan|ipip|ip[ -]in[ -]ip|no encapsulation|unencapsulated|not encapsulated)\b/i;
/** `encapsulation: none`, `encapsulation none`: only here is the bare word a name. */
const BARE_NONE = /(?<=\bencapsulation:? )none\b/i;

export function phrases(text: string): readonly Phrase[] {
  return cut(text, CODE, (match): Phrase => ({ kind: 'code', text: match[1] ?? '' })).flatMap((piece) =>
    piece.kind === 'text'
      ? cut(piece.text, ANY_NAME, nameOf).flatMap((rest) =>
          rest.kind === 'text' ? cut(rest.text, BARE_NONE, (match) => named(match[0], 'none')) : [rest],
        )
      : [piece],
  );
}

/** The encapsulation that a prediction's choice names, when it names one. */
export function encapsulationOf(choice: string): Encapsulation | undefined {
  if (/^none$/i.test(choice)) return 'none';
  const [only, ...rest] = phrases(choice);
  return rest.length === 0 && only?.kind === 'encapsulation' ? only.encapsulation : undefined;
}

function nameOf(match: RegExpMatchArray): Phrase {
  const [text] = match;
  return named(text, NAMES.find(([name]) => name.test(text))?.[1] ?? 'none');
}

function named(text: string, encapsulation: Encapsulation): Phrase {
  return { kind: 'encapsulation', text, encapsulation };
}

function cut(text: string, at: RegExp, make: (match: RegExpMatchArray) => Phrase): readonly Phrase[] {
  const pieces: Phrase[] = [];
  let rest = text;
  for (let match = at.exec(rest); match !== null; match = at.exec(rest)) {
    if (match.index > 0) pieces.push({ kind: 'text', text: rest.slice(0, match.index) });
    pieces.push(make(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== '') pieces.push({ kind: 'text', text: rest });
  return pieces;
}
