/** JSON Merge Patch, RFC 7386: objects merge, null removes, everything else replaces. */
import { isJsonObject, type Json } from '../../../base/json.ts';
import { without } from '../fields.ts';

export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  let merged: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged = without(merged, key);
    else if (value !== undefined) merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
