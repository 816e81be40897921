/**
 * Strategic merge patch: a merge patch that knows lists. Lists with a merge key merge element by element, sets are
 * united, other lists are replaced; `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder` steer it.
 * Source: k8s.io/apimachinery pkg/util/strategicpatch/patch.go, Kubernetes 1.35; keys come from the kind's schema.
 */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { without } from '../fields.ts';
import type { ArraySchema, Schema } from '../schema.ts';

const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

export function strategicMerge(schema: Schema | undefined, target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const { $patch: directive, $retainKeys: retain, ...members } = patch;
  if (directive === 'replace') return members;
  if (directive === 'delete') return {};
  let merged = retained(isJsonObject(target) ? target : {}, retain);
  for (const [key, value] of Object.entries(members)) {
    if (key.startsWith(DELETE_FROM)) removeFromSet(merged, key.slice(DELETE_FROM.length), value);
    else if (key.startsWith('$') || value === undefined) continue;
    else if (value === null) merged = without(merged, key);
    else merged[key] = mergedMember(fieldOf(schema, key), merged[key], value, members[`${ORDER}${key}`]);
  }
  reorder(schema, merged, members);
  return merged;
}

function retained(base: JsonObject, retain: Json | undefined): Record<string, Json | undefined> {
  if (!Array.isArray(retain)) return { ...base };
  return Object.fromEntries(
    Object.entries(base).filter(([key]) => (retain as readonly Json[]).includes(key)),
  );
}

/** `$setElementOrder` of lists that the patch does not change otherwise. */
function reorder(
  schema: Schema | undefined,
  merged: Record<string, Json | undefined>,
  members: JsonObject,
): void {
  for (const [key, order] of Object.entries(members)) {
    const name = key.startsWith(ORDER) ? key.slice(ORDER.length) : '';
    const list = merged[name];
    if (name !== '' && members[name] === undefined && Array.isArray(list) && Array.isArray(order)) {
      merged[name] = ordered(fieldOf(schema, name), list as readonly Json[], order as readonly Json[]);
    }
  }
}

/** The schema of a member; undefined when unknown, which replaces lists. */
export function fieldOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.type === 'object') return schema.fields[key];
  return schema?.type === 'map' ? schema.values : undefined;
}

function removeFromSet(merged: Record<string, Json | undefined>, key: string, gone: Json | undefined): void {
  const list = merged[key];
  if (!Array.isArray(list) || !Array.isArray(gone)) return;
  merged[key] = (list as readonly Json[]).filter(
    (item) => !(gone as readonly Json[]).some((value) => jsonEquals(item, value)),
  );
}

function mergedMember(
  schema: Schema | undefined,
  target: Json | undefined,
  patch: Json,
  order: Json | undefined,
): Json {
  if (!Array.isArray(patch)) return strategicMerge(schema, target, patch);
  const changes = patch as readonly Json[];
  const before = Array.isArray(target) ? (target as readonly Json[]) : [];
  if (schema?.type !== 'array') return changes;
  const merged = mergedList(schema, before, changes);
  return Array.isArray(order) ? ordered(schema, merged, order as readonly Json[]) : merged;
}

function mergedList(schema: ArraySchema, before: readonly Json[], changes: readonly Json[]): readonly Json[] {
  if (schema.set)
    return [...before, ...changes.filter((item) => !before.some((known) => jsonEquals(known, item)))];
  const { mergeKey } = schema;
  if (mergeKey === undefined) return changes;
  const replace = changes.some(
    (item) => isJsonObject(item) && item['$patch'] === 'replace' && item[mergeKey] === undefined,
  );
  let merged: readonly Json[] = replace ? [] : before;
  for (const change of changes) {
    if (!isJsonObject(change)) return changes;
    const key = change[mergeKey];
    if (key === undefined) continue;
    const at = merged.findIndex((item) => isJsonObject(item) && jsonEquals(item[mergeKey], key));
    if (change['$patch'] === 'delete') merged = merged.filter((_, index) => index !== at);
    else if (at === -1) merged = [...merged, strategicMerge(schema.items, {}, change)];
    else merged = merged.with(at, strategicMerge(schema.items, merged[at], change));
  }
  return merged;
}

/** Elements named in `order` take that order among themselves; the others keep their place relative to what precedes them. */
function ordered(schema: Schema | undefined, list: readonly Json[], order: readonly Json[]): readonly Json[] {
  const mergeKey = schema?.type === 'array' ? schema.mergeKey : undefined;
  const identity = (item: Json): Json | undefined =>
    mergeKey !== undefined && isJsonObject(item) ? item[mergeKey] : item;
  const rank = (item: Json): number =>
    order.findIndex((entry) => jsonEquals(identity(entry), identity(item)));
  const named = list.filter((item) => rank(item) !== -1).sort((a, b) => rank(a) - rank(b));
  let next = 0;
  return list.map((item) => (rank(item) === -1 ? item : (named[next++] ?? item)));
}
