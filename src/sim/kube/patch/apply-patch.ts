/**
 * Server-side apply, reduced: the applied configuration is merged into the object, lists by their map keys. Field
 * ownership is not recorded, so leaving a field out does not remove it and there are no conflicts.
 * Source: Kubernetes "Server-Side Apply"; sigs.k8s.io/structured-merge-diff.
 */
import { isJsonObject, jsonEquals, type Json } from '../../../base/json.ts';
import { at, without } from '../fields.ts';
import type { ArraySchema, Schema } from '../schema.ts';
import { fieldOf } from './strategic-merge.ts';

export function applyPatch(schema: Schema | undefined, live: Json | undefined, applied: Json): Json {
  if (Array.isArray(applied)) {
    return schema?.type === 'array' && Array.isArray(live)
      ? mergedList(schema, live as readonly Json[], applied as readonly Json[])
      : applied;
  }
  if (!isJsonObject(applied)) return applied;
  let merged: Record<string, Json | undefined> = isJsonObject(live) ? { ...live } : {};
  for (const [key, value] of Object.entries(applied)) {
    if (value === null) merged = without(merged, key);
    else if (value !== undefined) merged[key] = applyPatch(fieldOf(schema, key), merged[key], value);
  }
  return merged;
}

function mergedList(schema: ArraySchema, live: readonly Json[], applied: readonly Json[]): Json {
  if (schema.set)
    return [...live, ...applied.filter((item) => !live.some((known) => jsonEquals(known, item)))];
  const keys = schema.mapKeys ?? (schema.mergeKey === undefined ? undefined : [schema.mergeKey]);
  if (!keys) return applied;
  const identity = (item: Json, key: string): Json | undefined =>
    at(item, key) ?? fieldOf(schema.items, key)?.default;
  const same = (a: Json, b: Json): boolean =>
    keys.every((key) => jsonEquals(identity(a, key), identity(b, key)));
  let merged = live;
  for (const item of applied) {
    const place = merged.findIndex((known) => same(known, item));
    merged =
      place === -1 ? [...merged, item] : merged.with(place, applyPatch(schema.items, merged[place], item));
  }
  return merged;
}
