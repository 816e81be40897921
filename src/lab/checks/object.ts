/** `object`: an API object exists (or does not) and members of it have the wanted values. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok } from '../../base/result.ts';
import { remarks, sentence } from '../fields.ts';
import type { CheckDefinition } from './kind.ts';
import { judgeMembers, judgePresence, type WantedMembers } from './members.ts';

export const objectSchema = z
  .strictObject({
    resource: sentence.describe('As kubectl names it: pods, deployments.apps.'),
    name: sentence,
    namespace: sentence.optional().describe('default when left out.'),
    is: z
      .record(z.string(), z.json())
      .optional()
      .describe('Dotted path to wanted value: spec.replicas: 3. A dot inside a key is written \\.'),
    absent: z.literal(true).optional().describe('There must be no such object.'),
    ...remarks,
  })
  .refine(({ is, absent }) => !(is && absent), {
    error: 'an object that must be absent has no members',
    path: ['is'],
  })
  .describe('An API object exists, or does not, and members of it have the wanted values.');

export type ObjectCheck = z.output<typeof objectSchema>;

/** A dot inside a key is written `\.`, as in kubectl's jsonpath. */
export function memberAt(object: JsonObject, path: string): Json | undefined {
  const keys = path.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
  return keys.reduce<Json | undefined>((at, key) => {
    if (Array.isArray(at)) return (at as readonly Json[])[Number(key)];
    return isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, object);
}

export const object: CheckDefinition<ObjectCheck> = {
  kind: 'object',
  title: ({ resource, name, absent }) =>
    absent ? `${resource}/${name} is gone` : `${resource}/${name} is as asked`,
  async evaluate({ resource, name, namespace, is = {}, absent = false }, probe, signal) {
    const found = await probe.objects(
      { resource, name, ...(namespace === undefined ? {} : { namespace }) },
      signal,
    );
    if (!found.ok) return found;
    const [only] = found.value;
    const presence = judgePresence(only !== undefined, absent, {
      object: `object ${resource}/${name}`,
      missing: 'no such object',
      why: `The API server has no ${resource} of this name.`,
    });
    if (presence) return ok(presence);
    return ok(judgeMembers(Object.entries(is) as WantedMembers, (path) => only && memberAt(only, path)));
  },
};
