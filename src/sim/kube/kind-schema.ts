/**
 * The schema of a whole object: what its kind says, and the type and metadata that every kind has.
 * Source: k8s.io/apimachinery meta/v1 ObjectMeta with its patch strategies, Kubernetes 1.35.
 */
import type { ResourceType } from './resource.ts';
import {
  any,
  array,
  boolean,
  integer,
  map,
  object,
  string,
  type ObjectSchema,
  type Schema,
} from './schema.ts';

export const OBJECT_META: ObjectSchema = object(
  {
    name: string(),
    generateName: string(),
    namespace: string(),
    selfLink: string(),
    uid: string(),
    resourceVersion: string(),
    generation: integer({ format: 'int64' }),
    creationTimestamp: string({ nullable: true, format: 'date-time' }),
    deletionTimestamp: string({ format: 'date-time' }),
    deletionGracePeriodSeconds: integer({ format: 'int64' }),
    labels: map(string()),
    annotations: map(string()),
    finalizers: array(string(), { set: true }),
    managedFields: array(
      object(
        {
          apiVersion: string(),
          fieldsType: string(),
          fieldsV1: any(),
          manager: string(),
          operation: string(),
          subresource: string(),
          time: string({ format: 'date-time' }),
        },
        { goType: 'ManagedFieldsEntry' },
      ),
    ),
    ownerReferences: array(
      object(
        {
          apiVersion: string(),
          kind: string(),
          name: string(),
          uid: string(),
          controller: boolean(),
          blockOwnerDeletion: boolean(),
        },
        { goType: 'OwnerReference', required: ['apiVersion', 'kind', 'name', 'uid'] },
      ),
      { mergeKey: 'uid' },
    ),
  },
  { goType: 'ObjectMeta' },
);

const whole = new WeakMap<Schema, ObjectSchema>();

/** Undefined for kinds without a schema. */
export function schemaOf(type: ResourceType): ObjectSchema | undefined {
  const { schema } = type;
  if (schema?.type !== 'object') return undefined;
  const known = whole.get(schema);
  if (known) return known;
  const made = object(
    { apiVersion: string(), kind: string(), metadata: OBJECT_META, ...schema.fields },
    { goType: type.kind, ...(schema.required ? { required: schema.required } : {}) },
  );
  whole.set(schema, made);
  return made;
}
