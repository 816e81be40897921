/** JSON as Go's encoding/json writes it: sorted keys (or as given), and `<`, `>`, `&` escaped. */
import { isJsonObject, type Json } from '../../../../base/json.ts';

/** `-o json`: four spaces. Keys sort by code unit unless `keepOrder` (typed objects keep the order of their Go struct). */
export function prettyJson(value: Json, keepOrder = false): string {
  return escaped(JSON.stringify(keepOrder ? value : sorted(value), undefined, 4));
}

/** On one line, as a JSONPath prints maps and lists. */
export function compactJson(value: Json): string {
  return escaped(JSON.stringify(sorted(value)));
}

function escaped(text: string): string {
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => sorted(item as Json));
  if (!isJsonObject(value)) return value;
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => [key, sorted(value[key] ?? null)] as const);
  // Object.fromEntries keeps this order: no Kubernetes key looks like an array index except in ConfigMap data.
  return Object.fromEntries(members);
}
