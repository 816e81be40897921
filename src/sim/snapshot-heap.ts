/**
 * Immutable data as rows of JSON and back: each container becomes one row that names its members, scalars in place and
 * containers by the number of an earlier row. Equal containers share a row, so what versions of an object have in common
 * is written once. Reading needs no recursion and trusts nothing: whatever the rows say, it costs what they weigh.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { Json } from '../base/json.ts';
import { Table } from './core/table.ts';
import { fromBase64, toBase64 } from '../base/base64.ts';

/** A row: the kind of container, then its members (keys and values in turn where it has keys). */
export type Row = readonly Json[];

export interface Heap {
  readonly rows: readonly Row[];
  readonly root: Json;
}

/** Containers that a value may come to when every sharing is written out, and how deep they may nest. */
const MOST_MEMBERS = 20_000_000;
const DEEPEST = 500;

/** `texts` are the rows as JSON. */
export function writeHeap(value: unknown): Heap & { readonly texts: readonly string[] } {
  const writer = new HeapWriter();
  const root = writer.word(value);
  return { rows: writer.rows, texts: writer.texts, root };
}

/** Rows are flat: scalars, and lists of scalars. */
export function isRow(value: unknown): value is Row {
  if (!Array.isArray(value)) return false;
  for (const word of value as readonly unknown[])
    if (!isScalar(word) && !(Array.isArray(word) && word.every(isScalar))) return false;
  return true;
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** The error says which row is wrong, and how. `strange` is told the containers that are not JSON through and through. */
export function readHeap({ rows, root }: Heap, strange = new Set<object>()): Result<unknown, string> {
  const reader = new HeapReader(strange);
  for (const [at, row] of rows.entries()) {
    const problem = reader.add(row);
    if (problem !== undefined) return err(`row ${at} ${problem}`);
  }
  const value = reader.value(root);
  return value === NOTHING ? err('the root names no row') : ok(value);
}

class HeapWriter {
  readonly rows: Row[] = [];
  readonly texts: string[] = [];
  readonly #byIdentity = new Map<object, number>();
  readonly #byText = new Map<string, number>();

  /** What stands for a value inside a row: a scalar, `[number of a row]`, or `[name, ...]` of what JSON cannot say. */
  word(value: unknown): Json {
    if (typeof value === 'object' && value !== null) return [this.#row(value)];
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number') return numberWord(value);
    if (typeof value === 'bigint') return ['bigint', value.toString()];
    if (value === undefined) return ['undefined'];
    throw new TypeError(`a ${typeof value} cannot be kept in a snapshot`);
  }

  #row(value: object): number {
    const known = this.#byIdentity.get(value);
    if (known !== undefined) return known;
    const row = this.#members(value);
    const text = JSON.stringify(row);
    const number = this.#byText.get(text) ?? this.#add(row, text);
    this.#byIdentity.set(value, number);
    return number;
  }

  #add(row: Row, text: string): number {
    const number = this.rows.push(row) - 1;
    this.texts.push(text);
    this.#byText.set(text, number);
    return number;
  }

  #members(value: object): Row {
    if (Array.isArray(value)) return ['list', ...value.map((item) => this.word(item))];
    if (value instanceof Map) return ['map', ...this.#pairs(value)];
    if (value instanceof Set) return ['set', ...Array.from(value, (item) => this.word(item))];
    if (value instanceof Table) return ['table', ...this.#pairs(value.entries())];
    if (value instanceof Uint8Array) return ['bytes', toBase64(value)];
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError(`a ${value.constructor.name} cannot be kept in a snapshot`);
    }
    return ['object', ...this.#pairs(Object.entries(value))];
  }

  #pairs(entries: Iterable<readonly [unknown, unknown]>): Json[] {
    const words: Json[] = [];
    for (const [key, member] of entries) words.push(this.word(key), this.word(member));
    return words;
  }
}

function numberWord(value: number): Json {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return ['number', Object.is(value, -0) ? '-0' : String(value)];
}

const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** What stands for a word that names nothing. */
const NOTHING = Symbol('nothing');

/** Rows that were read, by their number. */
class HeapReader {
  readonly #containers: object[] = [];
  /** Members of each, with every sharing written out. */
  readonly #weights: number[] = [];
  readonly #depths: number[] = [];
  readonly #strange: Set<object>;

  constructor(strange: Set<object>) {
    this.#strange = strange;
  }

  /** Undefined when the row could be read; else what is wrong with it. */
  add(row: Row): string | undefined {
    const [kind] = row;
    const read = typeof kind === 'string' ? CONTAINERS.get(kind) : undefined;
    if (!read) return 'is of no known kind';
    const { weight, depth } = this.#extent(row);
    const values: unknown[] = row.slice(1);
    const isJson = this.#resolve(values, kind);
    if (isJson === undefined) return 'names what is not there';
    if (weight > MOST_MEMBERS || depth > DEEPEST) return 'is too large';
    const container = read(values);
    if (!container) return `is no ${String(kind)}`;
    this.#containers.push(container);
    if (!isJson) this.#strange.add(container);
    this.#weights.push(weight);
    this.#depths.push(depth);
    return undefined;
  }

  #extent(row: Row): { readonly weight: number; readonly depth: number } {
    let weight = row.length;
    let depth = row.length > 1 ? 1 : 0;
    for (const word of row) {
      const below = rowNumber(word);
      if (below === undefined) continue;
      weight += (this.#weights[below] ?? 0) - 1;
      depth = Math.max(depth, (this.#depths[below] ?? 0) + 1);
    }
    return { weight, depth };
  }

  /**
   * Puts in the place of each word what it stands for: whether the container is JSON through and through; undefined when a
   * word names nothing.
   */
  #resolve(words: unknown[], kind: Json | undefined): boolean | undefined {
    let isJson = kind === 'list' || kind === 'object';
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at];
      if (isJsonScalar(word)) continue;
      const value = this.value(word);
      if (value === NOTHING) return undefined;
      words[at] = value;
      isJson = isJson && this.#isJson(value, kind);
    }
    return isJson;
  }

  /** Of what a word stands for that is no scalar itself; members of objects may be undefined. */
  #isJson(value: unknown, within: Json | undefined): boolean {
    if (typeof value === 'object' && value !== null) return !this.#strange.has(value);
    return Number.isFinite(value) || (value === undefined && within === 'object');
  }

  /** NOTHING for what is no word, and for the number of a row that was not read. */
  value(word: unknown): unknown {
    if (typeof word !== 'object' || word === null) return isJsonScalar(word) ? word : NOTHING;
    if (!Array.isArray(word)) return NOTHING;
    const [name, text] = word as readonly unknown[];
    return typeof name === 'number' ? (this.#containers[name] ?? NOTHING) : special(name, text);
  }
}

/** The row that a word stands for; undefined for words that are values themselves. */
function rowNumber(word: unknown): number | undefined {
  const number: unknown = Array.isArray(word) ? word[0] : undefined;
  return typeof number === 'number' ? number : undefined;
}

const isJsonScalar = (word: unknown): boolean =>
  typeof word === 'string' || typeof word === 'number' || typeof word === 'boolean' || word === null;

function special(name: unknown, text: unknown): unknown {
  if (name === 'undefined') return undefined;
  if (name === 'number' && typeof text === 'string') return SPECIAL_NUMBERS.get(text) ?? NOTHING;
  const whole = name === 'bigint' && typeof text === 'string' && /^-?\d{1,1000}$/.test(text);
  return whole ? BigInt(text) : NOTHING;
}

/** Members -> container; undefined when they make none. */
const CONTAINERS: ReadonlyMap<string, (values: readonly unknown[]) => object | undefined> = new Map<
  string,
  (values: readonly unknown[]) => object | undefined
>([
  ['list', (values) => values],
  ['set', (values) => new Set(values)],
  ['bytes', ([text, ...more]) => (more.length === 0 ? bytesOf(text) : undefined)],
  [
    'map',
    (values) => {
      const pairs = pairsOf(values);
      return pairs && new Map(pairs);
    },
  ],
  ['object', objectOf],
  [
    'table',
    (values) => {
      const pairs = namedPairsOf(values);
      const table = pairs && Table.of(pairs);
      return table?.size === pairs?.length ? table : undefined;
    },
  ],
]);

function objectOf(values: readonly unknown[]): object | undefined {
  const object: Record<string, unknown> = {};
  if (values.length % 2 !== 0) return undefined;
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at];
    if (typeof key !== 'string' || Object.hasOwn(object, key)) return undefined;
    // The one name that reaches a prototype when it is assigned to.
    if (key === '__proto__') Object.defineProperty(object, key, { ...OWN, value: values[at + 1] });
    else object[key] = values[at + 1];
  }
  return object;
}

const OWN = { configurable: true, enumerable: true, writable: true };

function pairsOf(values: readonly unknown[]): [unknown, unknown][] | undefined {
  if (values.length % 2 !== 0) return undefined;
  const pairs: [unknown, unknown][] = [];
  for (let at = 0; at < values.length; at += 2) pairs.push([values[at], values[at + 1]]);
  return pairs;
}

function namedPairsOf(values: readonly unknown[]): [string, unknown][] | undefined {
  const pairs = pairsOf(values);
  const named = pairs?.every((pair): pair is [string, unknown] => typeof pair[0] === 'string');
  return named ? (pairs as [string, unknown][]) : undefined;
}

function bytesOf(text: unknown): Uint8Array | undefined {
  const spelt = typeof text === 'string' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return spelt ? fromBase64(text) : undefined;
}
