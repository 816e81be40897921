/** Seeded damage: texts, bytes and JSON values as clumsy or hostile hands would leave them. One seed, one input. */
import { isJsonObject, type Json } from '../../src/base/json.ts';
import { nextRandom, seeded, type RandomState } from '../../src/sim/core/random.ts';

/** A stream of draws. */
export class Chance {
  #state: RandomState;

  constructor(seed: number) {
    this.#state = seeded(seed);
  }

  /** An integer in [0, end). */
  below(end: number): number {
    const { value, state } = nextRandom(this.#state);
    this.#state = state;
    return Math.floor(value * end);
  }

  of<T>(from: readonly [T, ...T[]]): T;
  of<T>(from: readonly T[]): T | undefined;
  of<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}

/** One to six damages, each at a place of its own. */
const MOST_DAMAGES = 6;
const LONGEST_PIECE = 24;
const REPEATS = 40;

type Sequence<T> = (value: T, at: number, end: number, put: T) => T;

/** `value[at..end)` becomes `put`. */
const spliced: Sequence<string> = (value, at, end, put) => value.slice(0, at) + put + value.slice(end);

/** @param tokens pieces that mean something to the reader under test */
export function mutatedText(chance: Chance, corpus: readonly string[], tokens: readonly string[]): string {
  let text = chance.of(corpus) ?? '';
  for (let left = 1 + chance.below(MOST_DAMAGES); left > 0; left -= 1) {
    const at = chance.below(text.length + 1);
    const end = Math.min(text.length, at + chance.below(LONGEST_PIECE));
    text = damagedText(chance, { text, at, end, tokens, corpus });
  }
  return text;
}

interface Damage {
  readonly text: string;
  readonly at: number;
  readonly end: number;
  readonly tokens: readonly string[];
  readonly corpus: readonly string[];
}

function damagedText(chance: Chance, { text, at, end, tokens, corpus }: Damage): string {
  const token = chance.of(tokens) ?? '';
  switch (chance.below(7)) {
    case 0:
      return spliced(text, at, end, '');
    case 1:
      return spliced(text, at, at, token);
    case 2:
      return spliced(text, at, end, token);
    case 3:
      return spliced(text, at, at, token.repeat(1 + chance.below(REPEATS)));
    case 4:
      return spliced(text, at, at, String.fromCharCode(chance.below(0x180)));
    case 5:
      return spliced(text, end, end, text.slice(at, end).repeat(1 + chance.below(3)));
    default:
      return text.slice(0, at) + (chance.of(corpus) ?? '').slice(at);
  }
}

export function mutatedBytes(chance: Chance, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = [...(chance.of(corpus) ?? [])];
  for (let left = 1 + chance.below(MOST_DAMAGES); left > 0; left -= 1) {
    const at = chance.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + chance.below(LONGEST_PIECE));
    bytes = damagedBytes(chance, bytes, at, end);
  }
  return Uint8Array.from(bytes);
}

function damagedBytes(chance: Chance, bytes: number[], at: number, end: number): number[] {
  const piece = bytes.slice(at, end);
  switch (chance.below(5)) {
    case 0:
      return bytes.toSpliced(at, end - at);
    case 1:
      return bytes.toSpliced(at, 0, ...piece);
    case 2:
      return bytes.slice(0, at);
    case 3:
      return bytes.toSpliced(at, 1, chance.of([0, 1, 0x7f, 0x80, 0xff]));
    default:
      return bytes.map((byte, index) => (index >= at && index < end ? byte ^ chance.below(256) : byte));
  }
}

/** Values that somebody could put in the place of any other. */
const FOREIGN: readonly [Json, ...Json[]] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  1.5,
  '',
  'x',
  '..',
  '10.0.0.0/33',
  '10.244.0.0/16',
  'fd00:10:244::/129',
  'fd00:10:244::/56',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '::',
  '999999999999999999999',
  '1Gi',
  '\u0000',
  'a'.repeat(300),
  '__proto__',
  [],
  {},
  [[[[]]]],
  [null],
  { constructor: 1 },
  ['a', 1],
];

export function mutatedJson(chance: Chance, value: Json): Json {
  let damaged = value;
  for (let left = 1 + chance.below(3); left > 0; left -= 1) damaged = damagedJson(chance, damaged);
  return damaged;
}

/** One value somewhere inside is exchanged, taken out, doubled or given another name. */
function damagedJson(chance: Chance, value: Json): Json {
  if (chance.below(8) === 0) return chance.of(FOREIGN);
  if (Array.isArray(value) && value.length > 0) {
    const at = chance.below(value.length);
    const item = value[at] ?? null;
    if (chance.below(6) === 0) return value.toSpliced(at, 1);
    if (chance.below(6) === 0) return [...value, item];
    return value.with(at, damagedJson(chance, item));
  }
  if (!isJsonObject(value)) return chance.of(FOREIGN);
  const entries = Object.entries(value);
  const at = chance.below(entries.length);
  const [key, member] = entries[at] ?? ['extra', null];
  const drawn = chance.below(10);
  if (drawn === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  if (drawn === 1) return { ...value, [chance.of(['extra', '', '__proto__', key.toUpperCase()])]: member };
  return { ...value, [key]: damagedJson(chance, member ?? null) };
}
