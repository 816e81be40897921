/**
 * The merge of server-side apply: the applied configuration goes into the object, lists by their map keys, and what has one
 * owner is replaced whole. Who owns what, and what an apply removes, is decided in `applying.ts`.
 * Source: Kubernetes "Server-Side Apply"; sigs.k8s.io/structured-merge-diff.
 */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { at, without } from '../fields.ts';
import type { ArraySchema, Schema } from '../schema.ts';
import { isAtomic } from './field-set.ts';
import { fieldOf } from './strategic-merge.ts';

/** `place` is `Type.field`, where the value lies. */
export function applyPatch(
  schema: Schema | undefined,
  live: Json | undefined,
  applied: Json,
  place = '',
): Json {
  if (isAtomic(schema, place)) return applied;
  if (Array.isArray(applied)) {
    return schema?.type === 'array' && Array.isArray(live)
      ? mergedList(schema, live as readonly Json[], applied as readonly Json[])
      : applied;
  }
  return isJsonObject(applied) ? mergedObject(schema, live, applied) : applied;
}

function mergedObject(schema: Schema | undefined, live: Json | undefined, applied: JsonObject): Json {
  let merged: Record<string, Json | undefined> = isJsonObject(live) ? { ...live } : {};
  const type = schema?.type === 'object' ? (schema.goType ?? '') : '';
  for (const [key, value] of Object.entries(applied)) {
    if (value === null) merged = without(merged, key);
    else if (value !== undefined) {
      merged[key] = applyPatch(fieldOf(schema, key), merged[key], value, `${type}.${key}`);
    }
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
