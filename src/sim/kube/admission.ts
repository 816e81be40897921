/**
 * What the API server does to an object on its way into the store: system metadata, defaults, the split of spec and
 * status, generations. Requests (`facade.ts`) and controllers share it.
 * Source: k8s.io/apiserver pkg/registry/rest/{create,update}.go, pkg/registry/generic/registry/store.go.
 */
import { jsonEquals, type Json, type JsonObject } from '../../base/json.ts';
import { memoize } from '../core/memo.ts';
import { withDefaults } from './decoding.ts';
import { schemaOf } from './kind-schema.ts';
import { generatedName } from './name.ts';
import type { KubeObject, ObjectMeta } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import type { ObjectSchema } from './schema.ts';
import type { ClusterTransaction } from './transaction.ts';

/** KubeObject is JSON by construction; its index signature only cannot say so. */
export const asJson = (object: KubeObject): Json => object as unknown as Json;
export const asObject = (json: Json): KubeObject => json as unknown as KubeObject;

export const sameObject = (a: KubeObject, b: KubeObject): boolean => jsonEquals(asJson(a), asJson(b));

/** Metadata that belongs to the server on create, defaults filled in; nothing is stored yet. */
export function completeNew(tx: ClusterTransaction, type: ResourceType, object: KubeObject): KubeObject {
  const { metadata } = object;
  const name =
    metadata.name !== undefined && metadata.name !== ''
      ? metadata.name
      : generatedName(tx, metadata.generateName ?? '');
  const { resourceVersion: _, deletionTimestamp: _d, deletionGracePeriodSeconds: _g, ...kept } = metadata;
  const complete: ObjectMeta = {
    ...kept,
    name,
    uid: tx.uid(),
    creationTimestamp: tx.timestamp,
    ...(type.generation ? { generation: 1 } : {}),
  };
  const { status, ...rest } = object;
  const fresh = {
    ...rest,
    ...((type.status && !type.statusOnCreate) || status === undefined ? {} : { status }),
    metadata: complete,
  } as KubeObject;
  return defaulted(tx, type, fresh, undefined);
}

function defaulted(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  before: KubeObject | undefined,
): KubeObject {
  const typed = { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
  const filled = filledIn(schemaOf(type), asJson(typed) as JsonObject);
  return type.defaults ? type.defaults(filled, tx, before) : filled;
}

/** Thousands of pods have one and the same spec, their template's. */
const filledSpec = memoize(withDefaults, 4);

function filledIn(schema: ObjectSchema | undefined, object: JsonObject): KubeObject {
  const { spec, ...others } = object;
  if (!schema || spec === undefined) return asObject(withDefaults(schema, object));
  const filled = withDefaults(besidesSpec(schema), others);
  return asObject({ ...(filled as JsonObject), spec: filledSpec(schema.fields['spec'], spec) });
}

const withoutSpec = new WeakMap<ObjectSchema, ObjectSchema>();

function besidesSpec(schema: ObjectSchema): ObjectSchema {
  const known = withoutSpec.get(schema);
  if (known) return known;
  const { spec: _, ...fields } = schema.fields;
  const rest = { ...schema, fields };
  withoutSpec.set(schema, rest);
  return rest;
}

/** Creates an object on behalf of a controller: as a request would be, but unvalidated. */
export function createObject(tx: ClusterTransaction, type: ResourceType, object: KubeObject): KubeObject {
  return tx.put(type.name, completeNew(tx, type, object));
}

/** An update of everything but the status; identity and server-owned metadata stay. */
export function completeUpdate(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  before: KubeObject,
): KubeObject {
  const merged = { ...object, metadata: ownedMetadata(object.metadata, before.metadata) };
  const { status: _, ...withoutStatus } = merged;
  const kept = (
    type.status
      ? { ...withoutStatus, ...(before.status === undefined ? {} : { status: before.status }) }
      : merged
  ) as KubeObject;
  const filled = defaulted(tx, type, kept, before);
  if (!type.generation || sameDesire(filled, before)) return filled;
  return { ...filled, metadata: { ...filled.metadata, generation: (before.metadata.generation ?? 0) + 1 } };
}

/**
 * An update of the status alone; what is desired stays. Built-in kinds take labels and annotations this way, too, which
 * Calico's client counts on for nodes; of deployments and custom resources they stay as they were.
 */
export function completeStatusUpdate(type: ResourceType, object: KubeObject, before: KubeObject): KubeObject {
  const { labels: _, ...kept } = ownedMetadata(object.metadata, before.metadata);
  const { labels } = (type.name === 'deployments.apps' ? before : object).metadata;
  const metadata = type.custom || type.view ? before.metadata : { ...kept, ...(labels && { labels }) };
  return { ...before, metadata, ...(object.status === undefined ? {} : { status: object.status }) };
}

function ownedMetadata(wanted: ObjectMeta, before: ObjectMeta): ObjectMeta {
  const owned = Object.fromEntries(
    (
      [
        'uid',
        'creationTimestamp',
        'generation',
        'deletionTimestamp',
        'deletionGracePeriodSeconds',
        'resourceVersion',
      ] as const
    ).flatMap((key) => (before[key] === undefined ? [] : [[key, before[key]]])),
  );
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _g, generation: _n, ...free } = wanted;
  return {
    ...free,
    name: before.name,
    ...(before.namespace === undefined ? {} : { namespace: before.namespace }),
    ...owned,
  };
}

/** Equal apart from metadata and status: no new generation. */
function sameDesire(a: KubeObject, b: KubeObject): boolean {
  const { metadata: _a, status: _sa, ...desireA } = a;
  const { metadata: _b, status: _sb, ...desireB } = b;
  return jsonEquals(desireA as unknown as Json, desireB as unknown as Json);
}

/** Stores `object` unless nothing changed; an object on its way out whose last finalizer went is removed. */
export function storeUpdate(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  before: KubeObject,
): KubeObject {
  if (isReadyToGo(object)) {
    tx.delete(type.name, object.metadata.namespace, object.metadata.name);
    return object;
  }
  return sameObject(object, before) ? before : tx.put(type.name, object);
}

/** On its way out, and nothing keeps it. */
export function isReadyToGo(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    !keepsContents(object)
  );
}

/** A namespace stays until its contents are gone (spec.finalizers). */
const keepsContents = (object: KubeObject): boolean =>
  object.kind === 'Namespace' &&
  Array.isArray(object.spec?.['finalizers']) &&
  object.spec['finalizers'].length > 0;

/** Writes a status when it differs; returns the object as it then stands. */
export function putStatus(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  status: Json,
): KubeObject {
  if (jsonEquals(object.status, status)) return object;
  return tx.put(type.name, { ...object, status } as KubeObject);
}
