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

/** The code of one lower-case hex digit. */
const digit = (value: number): number => (value < 10 ? 48 : 87) + value;

/** Digits that one number gives. */
const PIECE = 8;

/** PIECE digits: a pod's names and numbers take hundreds, ten times as many as Number.toString has done by then. */
const hexText = (bits: number): string =>
  String.fromCharCode(
    digit(bits >>> 28),
    digit((bits >>> 24) & 15),
    digit((bits >>> 20) & 15),
    digit((bits >>> 16) & 15),
    digit((bits >>> 12) & 15),
    digit((bits >>> 8) & 15),
    digit((bits >>> 4) & 15),
    digit(bits & 15),
  );

/** `length` lower-case hex digits and the state after them. */
export function nextHex(
  state: RandomState,
  length: number,
): { readonly value: string; readonly state: RandomState } {
  let { counter } = state;
  const pieces: string[] = [];
  for (let digits = 0; digits < length; digits += PIECE) {
    counter = (counter + STEP) >>> 0;
    pieces.push(hexText(bitsOf(counter)));
  }
  // Put together by `+`, a text holds on to all of its parts.
  const text = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('');
  return { value: text.length === length ? text : text.slice(0, length), state: { counter } };
}
