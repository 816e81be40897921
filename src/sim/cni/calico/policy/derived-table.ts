/**
 * A table computed from another, object by object, and kept up with it: what has not changed is not computed again, and a
 * change that makes no difference to the result leaves the very same table. This is how a cluster of thousands of pods is
 * looked at again at the cost of what happened since.
 */
import { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';

/** `undefined` leaves an object out. `same` tells results apart that are not the same object. */
export function derivedTable<D>(
  derive: (object: KubeObject) => D | undefined,
  same: (a: D, b: D) => boolean,
): (source: Table<KubeObject> | undefined) => Table<D> {
  const nothing = Table.empty<KubeObject>();
  let last = { source: nothing, derived: Table.empty<D>() };
  return (source = nothing) => {
    if (source === last.source) return last.derived;
    let { derived } = last;
    for (const { key, after } of source.differences(last.source)) {
      const before = derived.get(key);
      const now = after && derive(after);
      if (now === undefined) derived = derived.delete(key);
      else if (before === undefined || !same(before, now)) derived = derived.set(key, now);
    }
    last = { source, derived };
    return derived;
  };
}
