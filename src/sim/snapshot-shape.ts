/**
 * What parts of a world look like, as type guards: text that comes from outside becomes a world only when every part
 * fits. `object` wants a guard for each member of its type, so a member that nobody thought of does not compile.
 */
import { Table } from './core/table.ts';

/** True for values of the type; never throws, whatever it is shown. */
export type Shape<T> = (value: unknown) => value is T;

export const text: Shape<string> = (value): value is string => typeof value === 'string';
export const flag: Shape<boolean> = (value): value is boolean => typeof value === 'boolean';
export const number: Shape<number> = (value): value is number =>
  typeof value === 'number' && !Number.isNaN(value);
/** A moment or a span in virtual milliseconds. */
export const millis: Shape<number> = (value): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
export const count: Shape<number> = (value): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** An unsigned number of so many bits, as addresses are; the brand is the caller's. */
export function unsigned<T extends number = number>(bits: 8 | 16 | 32): Shape<T> {
  return (value): value is T =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}

/** A text of one spelling; the brand is the caller's. */
export function spelt<T extends string>(spelling: RegExp): Shape<T> {
  return (value): value is T => typeof value === 'string' && spelling.test(value);
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(words);
  return (value): value is T => known.has(value);
}

/** For members that may be absent or undefined. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value);
}

export type Members<T> = { readonly [M in keyof T]-?: Shape<T[M]> };

/** Exactly these members: one that is not named here makes it another thing. */
export function object<T extends object>(members: Members<T>): Shape<T> {
  const names = Object.keys(members);
  const shapes = Object.values<Shape<unknown>>(members);
  return (value): value is T => {
    if (!isPlain(value)) return false;
    let present = 0;
    for (const [at, shape] of shapes.entries()) {
      const name = names[at] ?? '';
      const own = Object.hasOwn(value, name);
      if (own) present += 1;
      if (!shape(own ? value[name] : undefined)) return false;
    }
    return Object.keys(value).length === present;
  };
}

/** The members of a union that may have `V` as their `N`. */
type Variant<T, N extends string, V> = T extends { readonly [K in N]: infer K }
  ? V extends K
    ? T
    : never
  : never;

/** Objects told apart by their member `kind`, or another of that name. */
export function union<T extends { readonly [K in N]: string }, const N extends string = 'kind'>(
  variants: { readonly [V in T[N]]: Shape<Variant<T, N, V>> },
  name: N = 'kind' as N,
): Shape<T> {
  const shapes = new Map(Object.entries<Shape<unknown>>(variants));
  return (value): value is T => {
    const variant = isPlain(value) ? value[name] : undefined;
    return typeof variant === 'string' && (shapes.get(variant)?.(value) ?? false);
  };
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((member) => item(member));
}

export function map<K, V>(key: Shape<K>, member: Shape<V>): Shape<ReadonlyMap<K, V>> {
  return (value): value is ReadonlyMap<K, V> =>
    value instanceof Map && every(value, ([k, v]) => key(k) && member(v));
}

/** An object with free names. */
export function record<V>(member: Shape<V>): Shape<Readonly<Record<string, V>>> {
  return (value): value is Readonly<Record<string, V>> =>
    isPlain(value) && Object.values(value).every((one) => member(one));
}

/** `keyed` says whether a value may stand under its key. */
export function table<V>(
  member: Shape<V>,
  keyed: (key: string, value: V) => boolean = () => true,
): Shape<Table<V>> {
  return (value): value is Table<V> =>
    value instanceof Table && every(value.entries(), ([key, one]) => member(one) && keyed(key, one as V));
}

function every<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}

export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
