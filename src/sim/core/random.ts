/**
 * The one source of chance: a seeded stream kept in the state, so that the same seed and inputs give the same run.
 * Generator: mulberry32 (public domain); only its repeatability matters here.
 */
export interface RandomState {
  readonly counter: number;
}

export function seeded(seed: number): RandomState {
  return { counter: seed >>> 0 };
}

/** A number in [0, 1) and the state after it. */
export function nextRandom(state: RandomState): { readonly value: number; readonly state: RandomState } {
  const counter = (state.counter + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296, state: { counter } };
}

/** `length` lower-case hex digits and the state after them. */
export function nextHex(
  state: RandomState,
  length: number,
): { readonly value: string; readonly state: RandomState } {
  let text = '';
  let at = state;
  while (text.length < length) {
    const { value, state: after } = nextRandom(at);
    text += Math.floor(value * 0x100000000)
      .toString(16)
      .padStart(8, '0');
    at = after;
  }
  return { value: text.slice(0, length), state: at };
}
