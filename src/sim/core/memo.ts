/**
 * Remembers the last results of a pure function by the identity of its arguments. State is immutable, so the same
 * references mean the same answer: this is how tables are derived when first looked at, and only then.
 */
export function memoize<A extends readonly unknown[], R>(
  compute: (...args: A) => R,
  keep = 1,
): (...args: A) => R {
  let kept: readonly { readonly args: A; readonly result: R }[] = [];
  return (...args) => {
    for (const entry of kept) if (areSame(entry.args, args)) return entry.result;
    const result = compute(...args);
    kept = newest({ args, result }, kept, keep);
    return result;
  };
}

/** The same for a function of one record: remembered by the identity of its fields. */
export function memoizeFields<O extends object, R>(compute: (record: O) => R, keep = 1): (record: O) => R {
  let kept: readonly { readonly fields: readonly unknown[]; readonly result: R }[] = [];
  return (record) => {
    const fields = Object.entries(record).flat();
    for (const entry of kept) if (areSame(entry.fields, fields)) return entry.result;
    const result = compute(record);
    kept = newest({ fields, result }, kept, keep);
    return result;
  };
}

/** A list of just that length: one that an item is put in front of keeps room for sixteen more. */
const newest = <T>(entry: T, kept: readonly T[], keep: number): readonly T[] =>
  keep === 1 ? [entry] : [entry].concat(kept.slice(0, keep - 1));

function areSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at += 1) if (!Object.is(some[at], others[at])) return false;
  return true;
}
