/**
 * Go's math/rand as Calico's IPAM uses it: a seeded additive lagged Fibonacci generator, `big.Int.Rand` on top of it, and the
 * FNV-1 hash that makes a seed of a host name. Together they decide in which block of a pool a node starts to look.
 * Sources: Go src/math/rand/rng.go, src/math/big/nat.go, src/hash/fnv.
 */
import { utf8 } from '../../../base/bytes.ts';
import { GO_RANDOM_START_VALUES } from './go-random-table.ts';

const LENGTH = 607;
const TAP = 273;
const WORD = (1n << 64n) - 1n;
const INT32_MAX = 2147483647;

/** Schrage's step x' = 48271 x mod (2^31 - 1). */
function step(x: number): number {
  const high = Math.floor(x / 44488);
  const low = x % 44488;
  const next = 48271 * low - 3399 * high;
  return next < 0 ? next + INT32_MAX : next;
}

/** Of each value, the numbers it is put together from. */
const PARTS = 3;

/** `rand.New(rand.NewSource(seed))`, read by `uint32()`. Of its 607 values few are ever read: they are put together then. */
export class GoRandom {
  readonly #parts = new Int32Array(LENGTH * PARTS);
  readonly #values: (bigint | undefined)[] = [];
  #tap = 0;
  #feed = LENGTH - TAP;

  /** `seed` is an int64. */
  constructor(seed: bigint) {
    let x = Number(((seed % BigInt(INT32_MAX)) + BigInt(INT32_MAX)) % BigInt(INT32_MAX));
    if (x === 0) x = 89482311;
    for (let skip = 0; skip < 20; skip += 1) x = step(x);
    for (let part = 0; part < LENGTH * PARTS; part += 1) {
      x = step(x);
      this.#parts[part] = x;
    }
  }

  /** `Rand.Uint32`: the top half of a 63-bit draw. */
  uint32(): number {
    this.#tap = (this.#tap + LENGTH - 1) % LENGTH;
    this.#feed = (this.#feed + LENGTH - 1) % LENGTH;
    const sum = (this.#valueAt(this.#feed) + this.#valueAt(this.#tap)) & WORD;
    this.#values[this.#feed] = sum;
    return Number((sum >> 31n) & 0xffffffffn);
  }

  #valueAt(place: number): bigint {
    const known = this.#values[place];
    if (known !== undefined) return known;
    const [high, middle, low] = this.#parts.subarray(place * PARTS, (place + 1) * PARTS);
    const drawn = (BigInt(high ?? 0) << 40n) ^ (BigInt(middle ?? 0) << 20n) ^ BigInt(low ?? 0);
    return (drawn & WORD) ^ (GO_RANDOM_START_VALUES[place] ?? 0n);
  }
}

const WORD_BITS = 64;

/**
 * `new(big.Int).Rand(source, limit)` on a 64-bit machine, for limits of at least 1: draws as many words of two draws each as
 * the limit has, the lowest first, keeps of the highest as many bits as the limit has there, and draws again while the number
 * is not below the limit.
 */
export function randomBelow(source: GoRandom, limit: bigint): bigint {
  const bits = limit.toString(2).length;
  const words = Math.ceil(bits / WORD_BITS);
  for (;;) {
    let value = 0n;
    for (let word = 0; word < words; word += 1) {
      value |= BigInt(source.uint32()) << BigInt(word * WORD_BITS);
      value |= BigInt(source.uint32()) << BigInt(word * WORD_BITS + 32);
    }
    value &= (1n << BigInt(bits)) - 1n;
    if (value < limit) return value;
  }
}

/** FNV-1 (not 1a), 32 bits, of the UTF-8 bytes. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}
