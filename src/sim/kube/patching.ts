/** PATCH: merges a patch of any kind into the object, then writes the result as an update. */
import type { Json } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { asJson } from './admission.ts';
import { CONTENT_TYPE, type ApiRequest } from './api.ts';
import { applyRequest } from './applying.ts';
import { unknownFields } from './decoding.ts';
import * as failure from './failure.ts';
import type { Failure } from './failure.ts';
import { invalid } from './field-error.ts';
import { schemaOf } from './kind-schema.ts';
import type { KubeObject } from './object.ts';
import { jsonPatch } from './patch/json-patch.ts';
import { mergePatch } from './patch/merge-patch.ts';
import { strategicMerge } from './patch/strategic-merge.ts';
import type { Target } from './path.ts';
import { found } from './reading.ts';
import type { ResourceType } from './resource.ts';
import { scaleOf } from './scale.ts';
import type { ClusterTransaction } from './transaction.ts';
import { decode, replaceScale, update, type Decoded, type Written } from './writing.ts';

export function patchRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<Written, Failure> {
  if (request.contentType === CONTENT_TYPE.applyPatch && target.subresource !== 'scale') {
    return applyRequest(tx, target, request);
  }
  const before = found(tx, target);
  if (!before.ok) return before;
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

/** A patch with unknown fields is refused as a patch, not as a body. */
function decodePatched(type: ResourceType, patched: Json, request: ApiRequest): Result<Decoded, Failure> {
  const unknown = unknownFields(schemaOf(type), patched).map((field) => `unknown field "${field}"`);
  if (unknown.length > 0 && request.query?.['fieldValidation'] === 'Strict') {
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
