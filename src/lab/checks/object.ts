/** `object`: an API object exists (or does not) and members of it have the wanted values. */
import { z } from 'zod';
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../base/json.ts';
import { ok } from '../../base/result.ts';
import { sentence } from '../fields.ts';
import type { ObjectQuery } from '../ports.ts';
import type { CheckDefinition } from './kind.ts';

export const objectSchema = z.strictObject({
  /** As kubectl names it: `pods`, `deployments.apps`. */
  resource: sentence,
  name: sentence,
  namespace: sentence.optional(),
  /** Dotted path to wanted value: `spec.replicas: 3`, `metadata.labels.app: web`. */
  is: z.record(z.string(), z.json()).optional(),
  absent: z.literal(true).optional(),
  why: sentence.optional(),
  readOn: sentence.optional(),
});

export type ObjectCheck = z.infer<typeof objectSchema>;

/** A dot inside a key is written `\.`, as in kubectl's jsonpath. */
export function memberAt(object: JsonObject, path: string): Json | undefined {
  const keys = path.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
  let at: Json | undefined = object;
  for (const key of keys) {
    if (Array.isArray(at)) at = (at as readonly Json[])[Number(key)];
    else at = isJsonObject(at) ? at[key] : undefined;
  }
  return at;
}

const spell = (value: Json | undefined): string => (value === undefined ? '(unset)' : JSON.stringify(value));

export const object: CheckDefinition<ObjectCheck> = {
  kind: 'object',
  title: ({ resource, name, absent }) => (absent ? `${resource}/${name} is gone` : `${resource}/${name} is as asked`),
  async evaluate({ resource, name, namespace, is = {}, absent }, probe, signal) {
    const query: ObjectQuery = { resource, name, ...(namespace === undefined ? {} : { namespace }) };
    const found = await probe.objects(query, signal);
    if (!found.ok) return found;
    const [only] = found.value;
    if (!only || absent) {
      return ok({
        passed: absent === true && !only,
        expected: absent ? 'no such object' : 'the object exists',
        observed: only ? 'the object exists' : 'no such object',
        why: only ? 'It is still in the datastore.' : `The API server has no ${resource} of this name.`,
      });
    }
    const wanted = Object.entries(is) as [string, Json][];
    const wrong = wanted.filter(([path, value]) => !jsonEquals(memberAt(only, path), value));
    return ok({
      passed: wrong.length === 0,
      expected: wanted.map(([path, value]) => `${path}: ${spell(value)}`).join(', ') || 'the object exists',
      observed: wanted.map(([path]) => `${path}: ${spell(memberAt(only, path))}`).join(', ') || 'the object exists',
      why: wrong.length === 0 ? 'Every member asked for has its value.' : `Different: ${wrong.map(([path]) => path).join(', ')}.`,
    });
  },
};
