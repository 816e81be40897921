/**
 * A strategic merge patch on a Calico resource: maps merge, null removes, lists are replaced (Calico's types declare no
 * merge keys). Source: k8s.io/apimachinery pkg/util/strategicpatch.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';

export function mergePatch(original: JsonObject, text: string): Result<JsonObject, string> {
  const patch = parse(text);
  return isJsonObject(patch) ? ok(merged(original, patch)) : err('invalid JSON document');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

function merged(original: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map<string, Json | undefined>(Object.entries(original));
  for (const [key, value] of Object.entries(patch)) {
    const before = result.get(key);
    if (value === null) result.delete(key);
    else result.set(key, isJsonObject(value) ? merged(isJsonObject(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(result);
}
