/** `/`, `?`, `n`, `N`, `*`, `#`, with Vim's messages. */
import type { Position } from '../text.ts';
import { compilePattern, findMatch, type Found } from './pattern.ts';
import type { SearchMemory, ViState } from './state.ts';

/** Looks for a new pattern; undefined, with a message, when it is nowhere. An empty one repeats the last. */
export function startSearch(
  state: ViState,
  typed: string,
  { forward, count }: { readonly forward: boolean; readonly count: number },
): Position | undefined {
  const pattern = typed === '' ? state.search?.pattern : typed;
  if (pattern === undefined) {
    state.fail('E35: No previous regular expression');
    return undefined;
  }
  state.search = { pattern, forward };
  return repeatSearch(state, { same: true, count });
}

export function repeatSearch(
  state: ViState,
  { same, count }: { readonly same: boolean; readonly count: number },
): Position | undefined {
  const { search } = state;
  if (search === undefined) {
    state.fail('E35: No previous regular expression');
    return undefined;
  }
  const forward = same === search.forward;
  state.highlighting = true;
  let at = state.cursor;
  let found: Found | undefined;
  for (let times = 0; times < count; times += 1) {
    found = once(state, search, at, forward);
    if (found === undefined) return undefined;
    at = found.at;
  }
  if (found?.wrapped !== true) state.say(`${forward ? '/' : '?'}${search.pattern}`);
  else
    state.say(`search hit ${forward ? 'BOTTOM, continuing at TOP' : 'TOP, continuing at BOTTOM'}`, 'warning');
  return at;
}

function once(
  state: ViState,
  { pattern }: SearchMemory,
  from: Position,
  forward: boolean,
): Found | undefined {
  const expression = compilePattern(pattern, state.options);
  const found = expression === undefined ? undefined : findMatch(state.lines, expression, { from, forward });
  if (found === undefined) state.fail(`E486: Pattern not found: ${pattern}`);
  else if (found.wrapped && !state.options.wrapscan) {
    state.fail(
      `E38${forward ? 5 : 4}: Search hit ${forward ? 'BOTTOM' : 'TOP'} without match for: ${pattern}`,
    );
    return undefined;
  }
  return found;
}

/** The word at or behind the cursor, whole. */
export function searchWord(
  state: ViState,
  { forward, count }: { readonly forward: boolean; readonly count: number },
): Position | undefined {
  const words = [...state.line.matchAll(/[\p{L}\p{N}_]+/gu)];
  const word = words.find((match) => match.index + match[0].length > state.cursor.offset);
  if (word === undefined) {
    state.fail('E348: No string under cursor');
    return undefined;
  }
  state.search = { pattern: `\\<${word[0]}\\>`, forward };
  return repeatSearch(state, { same: true, count });
}
