/** POST, PUT, PATCH and DELETE: decode, admit, validate, store. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import {
  asJson,
  asObject,
  completeNew,
  completeStatusUpdate,
  completeUpdate,
  storeUpdate,
} from './admission.ts';
import { CONTENT_TYPE, type ApiRequest } from './api.ts';
import { decodeError, pruned, schemaErrors, unknownFields } from './decoding.ts';
import * as failure from './failure.ts';
import type { Failure } from './failure.ts';
import { invalid, required, type FieldError } from './field-error.ts';
import { objectAt, textAt } from './fields.ts';
import { schemaOf } from './kind-schema.ts';
import { metadataErrors } from './label-syntax.ts';
import { nameErrors } from './name.ts';
import type { KubeObject } from './object.ts';
import type { Target } from './path.ts';
import { applyPatch } from './patch/apply-patch.ts';
import { jsonPatch } from './patch/json-patch.ts';
import { mergePatch } from './patch/merge-patch.ts';
import { strategicMerge } from './patch/strategic-merge.ts';
import { found } from './reading.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import { scaled, scaleOf } from './scale.ts';
import type { Schema } from './schema.ts';
import type { ClusterTransaction } from './transaction.ts';

/** The objects as sent, with what was wrong but tolerated. */
export interface Written {
  readonly code: number;
  readonly body: JsonObject;
  readonly warnings: readonly string[];
}

interface Decoded {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

export const dryRun = (request: ApiRequest): boolean => request.query?.['dryRun'] === 'All';

const written = (code: number, object: KubeObject, warnings: readonly string[] = []): Written => ({
  code,
  body: asJson(object) as JsonObject,
  warnings,
});

/** Checks a body against its kind: type, unknown fields (strict, warned or ignored), value types. */
function decode(type: ResourceType, body: Json | undefined, request: ApiRequest): Result<Decoded, Failure> {
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
  const misfit = type.custom ? undefined : decodeError(schema, body);
  if (misfit !== undefined) return cannot(misfit);
  return decodeFields(
    schema,
    { ...body, apiVersion, kind, metadata: body['metadata'] ?? {} },
    request,
    cannot,
  );
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
  return [...naming, ...metadataErrors(object.metadata), ...(type.validate?.(object, before, tx) ?? [])];
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

function create(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  decoded: Decoded,
): Result<Written, Failure> {
  const { type } = target;
  const at = placed(tx, target, decoded.object);
  if (!at.ok) return at;
  const { name, generateName, resourceVersion } = at.value.metadata;
  if (!name && !generateName) {
    const error = required('metadata.name', 'name or generateName is required');
    return err(failure.invalidObject(type, '', [error]));
  }
  if (resourceVersion)
    return err(failure.badRequest('resourceVersion should not be set on objects to be created'));
  if (name && tx.get(type.name, type.namespaced ? target.namespace : undefined, name)) {
    return err(failure.alreadyExists(type, name));
  }
  const complete = completeNew(tx, type, at.value);
  const why = type.forbid?.('create', complete, tx);
  if (why !== undefined) return err(failure.forbiddenObject(type, complete.metadata.name, why));
  const errors = problems(tx, type, complete, undefined);
  if (errors.length > 0) return err(failure.invalidObject(type, complete.metadata.name, errors));
  return ok(written(201, dryRun(request) ? complete : tx.put(type.name, complete), decoded.warnings));
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

interface Update extends Decoded {
  readonly before: KubeObject;
}

function update(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  { before, object, warnings }: Update,
): Result<Written, Failure> {
  const { type, subresource } = target;
  const stale = conflictWith(type, object, before);
  if (stale) return err(stale);
  const after =
    subresource === 'status'
      ? completeStatusUpdate(object, before)
      : completeUpdate(tx, type, object, before);
  const why = type.forbid?.('update', after, tx);
  if (why !== undefined) return err(failure.forbiddenObject(type, after.metadata.name, why));
  const errors = subresource === 'status' ? [] : problems(tx, type, after, before);
  if (errors.length > 0) return err(failure.invalidObject(type, after.metadata.name, errors));
  return ok(written(200, dryRun(request) ? after : storeUpdate(tx, type, after, before), warnings));
}

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

function replaceScale(
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
  const answer = update(tx, whole, request, { before, object: scaled(before, wanted), warnings: [] });
  return answer.ok ? ok({ ...answer.value, body: scaleOf(asObject(answer.value.body)) }) : answer;
}

export function patchRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<Written, Failure> {
  const before = found(tx, target);
  if (!before.ok)
    return isApply(request) && target.subresource === undefined ? applyNew(tx, target, request) : before;
  const { type } = target;
  if (target.subresource === 'scale') {
    if (!type.scale) return err(failure.unknownResource());
    return replaceScale(tx, target, request, {
      before: before.value,
      scale: mergePatch(scaleOf(before.value), request.body ?? {}),
    });
  }
  const patched = applied(type, before.value, request);
  if (!patched.ok) return patched;
  const decoded = decodePatched(type, patched.value, request);
  if (!decoded.ok) return decoded;
  const { name } = decoded.value.object.metadata;
  if (name !== before.value.metadata.name) {
    const error = invalid('metadata.name', name ?? '', 'field is immutable');
    return err(failure.invalidObject(type, before.value.metadata.name, [error]));
  }
  return update(tx, target, request, { before: before.value, ...decoded.value });
}

const isApply = (request: ApiRequest): boolean => request.contentType === CONTENT_TYPE.applyPatch;

function applyNew(tx: ClusterTransaction, target: Target, request: ApiRequest): Result<Written, Failure> {
  const decoded = decode(target.type, request.body, request);
  if (!decoded.ok) return decoded;
  const { object } = decoded.value;
  const named = { ...object, metadata: { ...object.metadata, name: target.name ?? '' } };
  return create(tx, target, request, { ...decoded.value, object: named });
}

/** A patch with unknown fields is refused as a patch, not as a body. */
function decodePatched(type: ResourceType, patched: Json, request: ApiRequest): Result<Decoded, Failure> {
  const unknown = unknownFields(schemaOf(type), patched).map((field) => `unknown field "${field}"`);
  if (unknown.length > 0 && request.query?.['fieldValidation'] === 'Strict' && !isApply(request)) {
    const text = JSON.stringify(request.body ?? null);
    const error = invalid('patch', text, `strict decoding error: ${unknown.join(', ')}`);
    return err({
      ...failure.invalidObject(type, '', [error]),
      message: ` "" is invalid: patch: Invalid value: ${JSON.stringify(text)}: ${error.detail}`,
      details: {
        causes: [
          {
            reason: error.type,
            message: `Invalid value: ${JSON.stringify(text)}: ${error.detail}`,
            field: 'patch',
          },
        ],
      },
    });
  }
  return decode(type, patched, request);
}

function applied(type: ResourceType, before: KubeObject, request: ApiRequest): Result<Json, Failure> {
  const patch = request.body ?? {};
  const live = asJson(before);
  switch (request.contentType) {
    case CONTENT_TYPE.jsonPatch: {
      const patched = jsonPatch(live, patch);
      if (patched.ok) return patched;
      return err(failure.unprocessable('the server rejected our request due to an error in our request'));
    }
    case CONTENT_TYPE.mergePatch:
      return ok(mergePatch(live, patch));
    case CONTENT_TYPE.applyPatch:
      return ok(applyPatch(schemaOf(type), live, patch));
    case CONTENT_TYPE.strategicMergePatch:
      if (!type.custom) return ok(strategicMerge(schemaOf(type), live, patch));
      break;
    default:
  }
  const { strategicMergePatch, json: _, ...others } = CONTENT_TYPE;
  const accepted = type.custom
    ? Object.values(others)
    : [others.jsonPatch, others.mergePatch, strategicMergePatch, others.applyPatch];
  return err(failure.unsupportedMediaType(accepted));
}

/** metav1.Status of a finished deletion. */
export function deletedStatus(type: ResourceType, object: KubeObject): JsonObject {
  const { name, uid = '' } = object.metadata;
  const group = type.group === '' ? {} : { group: type.group };
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...group, kind: type.plural, uid },
  };
}

/** `preconditions` of DeleteOptions; undefined when they hold. */
export function brokenPrecondition(
  type: ResourceType,
  object: KubeObject,
  options: JsonObject,
): Failure | undefined {
  const preconditions = objectAt(options, 'preconditions');
  for (const [field, title] of [
    ['uid', 'UID'],
    ['resourceVersion', 'ResourceVersion'],
  ] as const) {
    const wanted = textAt(preconditions, field);
    const actual = object.metadata[field] ?? '';
    if (wanted !== '' && wanted !== actual) {
      const why = `Precondition failed: ${title} in precondition: ${wanted}, ${title} in object meta: ${actual}`;
      return failure.conflict(type, object.metadata.name, why);
    }
  }
  return undefined;
}
