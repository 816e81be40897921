/** Searching in nano: plain text or an expression, from behind the cursor and round the ends of the text. */
import type { Lines, Position } from '../text.ts';
import { findMatch, type Found } from '../vi/pattern.ts';

export interface SearchWay {
  caseSensitive: boolean;
  expression: boolean;
  backwards: boolean;
}

export function find(
  lines: Lines,
  text: string,
  { from, ...way }: SearchWay & { readonly from: Position },
): Found | undefined {
  const expression = compiled(text, way);
  if (expression === undefined) return undefined;
  const found = findMatch(lines, expression, { from, forward: !way.backwards });
  if (found !== undefined) return found;
  // The only match may be the one under the cursor.
  return findMatch(lines, expression, { from: { row: from.row, offset: from.offset - 1 }, forward: true });
}

function compiled(text: string, { expression, caseSensitive }: SearchWay): RegExp | undefined {
  const source = expression ? text : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  try {
    return new RegExp(source, `gu${caseSensitive ? '' : 'i'}`);
  } catch {
    return undefined; // A pattern that does not parse matches nothing, and nano says that it is not found.
  }
}
