/** POST and PUT: decode, admit, validate, store. PATCH ends here, too, once the patch is merged (`patching.ts`). */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import {
  asJson,
  asObject,
  completeNew,
  completeStatusUpdate,
  completeUpdate,
  isReadyToGo,
  sameObject,
  storeUpdate,
} from './admission.ts';
import type { ApiRequest } from './api.ts';
import { conforms, decodeError, pruned, schemaErrors, unknownFields } from './decoding.ts';
import * as failure from './failure.ts';
import type { Failure } from './failure.ts';
import { required, type FieldError } from './field-error.ts';
import { textAt } from './fields.ts';
import { finalizerErrors } from './finalizers.ts';
import { ownerReferenceErrors } from './owner-references.ts';
import { schemaOf } from './kind-schema.ts';
import { metadataErrors } from './label-syntax.ts';
import { recordCreate, recordUpdate } from './managed-fields.ts';
import { nameErrors } from './name.ts';
import type { KubeObject } from './object.ts';
import type { Target } from './path.ts';
import { found } from './reading.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import { scaled, scaleOf } from './scale.ts';
import type { Schema } from './schema.ts';
import type { ClusterTransaction } from './transaction.ts';
import { insideFailure, storedAs, type View } from './views.ts';

/** The objects as sent, with what was wrong but tolerated. */
export interface Written {
  readonly code: number;
  readonly body: JsonObject;
  readonly warnings: readonly string[];
}

export interface Decoded {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
  /** Its managed fields stand already. */
  readonly isApplied?: boolean;
}

export const dryRun = (request: ApiRequest): boolean => request.query?.['dryRun'] === 'All';

const written = (code: number, object: KubeObject, warnings: readonly string[] = []): Written => ({
  code,
  body: asJson(object) as JsonObject,
  warnings,
});

/** Checks a body against its kind: type, unknown fields (strict, warned or ignored), value types. */
export function decode(
  type: ResourceType,
  body: Json | undefined,
  request: ApiRequest,
): Result<Decoded, Failure> {
  if (!isJsonObject(body)) return err(failure.badRequest('the request body is not an object'));
  const apiVersion = textAt(body, 'apiVersion') || apiVersionOf(type);
  const kind = textAt(body, 'kind') || type.kind;
  if (apiVersion !== apiVersionOf(type)) {
    const expected = `does not match the expected API version (${apiVersionOf(type)})`;
    return err(failure.badRequest(`the API version in the data (${apiVersion}) ${expected}`));
  }
  const cannot = (why: string): Result<never, Failure> =>
    err(
      failure.badRequest(`${kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`),
    );
  if (kind !== type.kind) return cannot(`no kind "${type.kind}" in the data`);
  const schema = schemaOf(type);
  const typed = { ...body, apiVersion, kind, metadata: body['metadata'] ?? {} };
  if (schema && conforms(schema, typed)) return ok({ object: asObject(typed), warnings: [] });
  const misfit = type.custom ? undefined : decodeError(schema, body);
  return misfit === undefined ? decodeFields(schema, typed, request, cannot) : cannot(misfit);
}

function decodeFields(
  schema: Schema | undefined,
  body: JsonObject,
  request: ApiRequest,
  cannot: (why: string) => Result<never, Failure>,
): Result<Decoded, Failure> {
  const unknown = unknownFields(schema, body).map((field) => `unknown field "${field}"`);
  const mode = request.query?.['fieldValidation'] ?? 'Warn';
  if (unknown.length > 0 && mode === 'Strict') return cannot(`strict decoding error: ${unknown.join(', ')}`);
  return ok({ object: asObject(pruned(schema, body)), warnings: mode === 'Ignore' ? [] : unknown });
}

function problems(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldError[] {
  const bySchema = type.custom ? schemaErrors(schemaOf(type), asJson(object)) : [];
  if (bySchema.length > 0) return bySchema;
  const naming = before ? [] : nameErrors(object.metadata.name, type.nameRule ?? 'subdomain');
  return [
    ...naming,
    ...metadataErrors(object.metadata),
    ...ownerReferenceErrors(object.metadata),
    ...finalizerErrors(object.metadata, before?.metadata, type.custom === true),
    ...(type.validate?.(object, before, tx) ?? []),
  ];
}

/** The namespace the object will live in, or why it cannot. */
function placed(tx: ClusterTransaction, target: Target, object: KubeObject): Result<KubeObject, Failure> {
  const { type, namespace } = target;
  const { namespace: own, ...metadata } = object.metadata;
  if (!type.namespaced) return ok({ ...object, metadata });
  if (own !== undefined && own !== '' && own !== namespace) {
    return err(
      failure.badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      ),
    );
  }
  const home = tx.get('namespaces', undefined, namespace ?? '');
  if (!home)
    return err(
      failure.objectNotFound(
        { name: 'namespaces', group: '', plural: 'namespaces', kind: 'Namespace' },
        namespace ?? '',
      ),
    );
  if (home.metadata.deletionTimestamp !== undefined) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    return err(failure.forbiddenObject(type, metadata.name ?? '', why));
  }
  return ok({ ...object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } });
}

export function createRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<Written, Failure> {
  const decoded = decode(target.type, request.body, request);
  return decoded.ok ? create(tx, target, request, decoded.value) : decoded;
}

/** What stands in the way of a new object before it is completed. */
function unfitForCreation(
  tx: ClusterTransaction,
  { type, namespace }: Target,
  { metadata }: KubeObject,
): Failure | undefined {
  const { name, generateName, resourceVersion } = metadata;
  if (!name && !generateName) {
    const error = required('metadata.name', 'name or generateName is required');
    return failure.invalidObject(type, '', [error]);
  }
  if (resourceVersion) {
    return failure.badRequest('resourceVersion should not be set on objects to be created');
  }
  const isTaken = name && tx.get(storedAs(type), type.namespaced ? namespace : undefined, name) !== undefined;
  return isTaken ? failure.alreadyExists(type, name) : undefined;
}

export function create(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  decoded: Decoded,
): Result<Written, Failure> {
  const { type } = target;
  const at = placed(tx, target, decoded.object);
  if (!at.ok) return at;
  const obstacle = unfitForCreation(tx, target, at.value);
  if (obstacle) return err(obstacle);
  const complete = completeNew(tx, type, at.value);
  const why = type.forbid?.('create', complete, tx);
  if (why !== undefined) return err(failure.forbiddenObject(type, complete.metadata.name, why));
  const errors = problems(tx, type, complete, undefined);
  if (errors.length > 0) return err(failure.invalidObject(type, complete.metadata.name, errors));
  const change = { request, subresource: undefined, timestamp: tx.timestamp };
  const made = decoded.isApplied ? complete : recordCreate(type, complete, change);
  if (type.view && !dryRun(request)) return createBehind(tx, { ...target, view: type.view }, made);
  return ok(written(201, dryRun(request) ? made : tx.put(type.name, made), decoded.warnings));
}

export function replaceRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<Written, Failure> {
  const before = found(tx, target);
  if (!before.ok) return before;
  if (target.subresource === 'scale')
    return replaceScale(tx, target, request, { before: before.value, scale: request.body });
  const decoded = decode(target.type, request.body, request);
  if (!decoded.ok) return decoded;
  const { name } = decoded.value.object.metadata;
  if (name !== target.name) {
    return err(
      failure.badRequest(
        `the name of the object (${name ?? ''}) does not match the name on the URL (${target.name ?? ''})`,
      ),
    );
  }
  return update(tx, target, request, { before: before.value, ...decoded.value });
}

export interface Update extends Decoded {
  readonly before: KubeObject;
  /** The subresource by which it came, where the write is one of the whole object. */
  readonly via?: string;
}

export function update(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  { before, object, warnings, isApplied, via }: Update,
): Result<Written, Failure> {
  const { type, subresource } = target;
  const stale = conflictWith(type, object, before);
  if (stale) return err(stale);
  const after =
    subresource === 'status'
      ? completeStatusUpdate(type, object, before)
      : completeUpdate(tx, type, object, before);
  const why = type.forbid?.('update', after, tx);
  if (why !== undefined) return err(failure.forbiddenObject(type, after.metadata.name, why));
  const errors = subresource === 'status' ? [] : problems(tx, type, after, before);
  if (errors.length > 0) return err(failure.invalidObject(type, after.metadata.name, errors));
  const change = { request, subresource: via ?? subresource, timestamp: tx.timestamp };
  const recorded = isApplied ? after : recordUpdate(type, { before, after }, change);
  if (dryRun(request)) return ok(written(200, recorded, warnings));
  if (type.view) return updateBehind(tx, { ...target, view: type.view }, recorded, before);
  return ok(written(200, storeUpdate(tx, type, recorded, before), warnings));
}

interface ViewTarget extends Target {
  readonly view: View;
}

const BEHIND: ApiRequest = { method: 'PUT', path: '' };

/** Stores what a view shows, by a request of the server in front to the one behind. */
function createBehind(
  tx: ClusterTransaction,
  { view, ...target }: ViewTarget,
  object: KubeObject,
): Result<Written, Failure> {
  const kept = view.kept(object, undefined, tx);
  if (!kept.ok) return kept;
  const made = create(tx, { ...target, type: view.of }, BEHIND, { object: kept.value, warnings: [] });
  return shownAnswer(view, insideFailure(made));
}

function updateBehind(
  tx: ClusterTransaction,
  { view, subresource: _, ...target }: ViewTarget,
  object: KubeObject,
  shownBefore: KubeObject,
): Result<Written, Failure> {
  if (sameObject(object, shownBefore)) return ok(written(200, object));
  const { namespace, name } = shownBefore.metadata;
  const before = tx.get(view.of.name, namespace, name);
  if (!before) return err(failure.objectNotFound(target.type, name));
  if (isReadyToGo(object)) {
    tx.delete(view.of.name, namespace, name);
    return ok(written(200, object));
  }
  const kept = view.kept(object, before, tx);
  if (!kept.ok) return kept;
  const to = { ...target, type: view.of };
  const updated = update(tx, to, BEHIND, { before, object: kept.value, warnings: [] });
  return shownAnswer(view, insideFailure(updated));
}

const shownAnswer = (view: View, answer: Result<Written, Failure>): Result<Written, Failure> =>
  answer.ok ? ok(written(answer.value.code, view.shown(asObject(answer.value.body)))) : answer;

/** Optimistic concurrency: the version and identity that the client last saw. */
function conflictWith(type: ResourceType, object: KubeObject, before: KubeObject): Failure | undefined {
  const { resourceVersion, uid } = object.metadata;
  const { name } = before.metadata;
  if (uid !== undefined && uid !== '' && uid !== before.metadata.uid) {
    return failure.conflict(
      type,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid ?? ''}`,
    );
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== before.metadata.resourceVersion
  ) {
    return failure.conflict(type, name, failure.MODIFIED);
  }
  return undefined;
}

interface ScaleWish {
  readonly before: KubeObject;
  readonly scale: Json | undefined;
}

export function replaceScale(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  { before, scale }: ScaleWish,
): Result<Written, Failure> {
  if (!target.type.scale) return err(failure.unknownResource());
  const wanted = isJsonObject(scale) ? scale : {};
  const version = textAt(wanted, 'metadata', 'resourceVersion');
  if (version !== '' && version !== before.metadata.resourceVersion) {
    return err(failure.conflict(target.type, before.metadata.name, failure.MODIFIED));
  }
  const { subresource: _, ...whole } = target;
  const object = scaled(before, wanted);
  const answer = update(tx, whole, request, { before, object, warnings: [], via: 'scale' });
  return answer.ok ? ok({ ...answer.value, body: scaleOf(asObject(answer.value.body)) }) : answer;
}
