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

const STEP = 0x6d2b79f5;

/** 32 bits from a counter. */
function bitsOf(counter: number): number {
  let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

/** A number in [0, 1) and the state after it. */
export function nextRandom(state: RandomState): { readonly value: number; readonly state: RandomState } {
  const counter = (state.counter + STEP) >>> 0;
  return { value: bitsOf(counter) / 0x100000000, state: { counter } };
}

/** `length` lower-case hex digits and the state after them. */
export function nextHex(
  state: RandomState,
  length: number,
): { readonly value: string; readonly state: RandomState } {
  let text = '';
  let { counter } = state;
  while (text.length < length) {
    counter = (counter + STEP) >>> 0;
    text += bitsOf(counter).toString(16).padStart(8, '0');
  }
  return { value: text.slice(0, length), state: { counter } };
}
