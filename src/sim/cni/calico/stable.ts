/**
 * Keeps the identity of a derived list while its members stay the same: what is derived from the list is then not derived
 * again when something else in the datastore moved.
 */
export function stableList<T>(
  same: (a: T, b: T) => boolean = Object.is,
): (next: readonly T[]) => readonly T[] {
  let last: readonly T[] = [];
  return (next) => {
    const unchanged = next.length === last.length && next.every((item, at) => same(item, last[at] as T));
    if (!unchanged) last = next;
    return last;
  };
}
