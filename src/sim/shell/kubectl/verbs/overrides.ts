/** `--overrides`: JSON over a generated object. Source: k8s.io/kubectl/pkg/cmd/util/override_options.go v0.35. */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { schemaOf } from '../../../kube/kind-schema.ts';
import { jsonPatch } from '../../../kube/patch/json-patch.ts';
import { mergePatch } from '../../../kube/patch/merge-patch.ts';
import { strategicMerge } from '../../../kube/patch/strategic-merge.ts';
import type { ResourceType } from '../../../kube/resource.ts';
import type { Call } from '../call.ts';
import { Failure } from '../failure.ts';
import { text } from './shared-flags.ts';

export const OVERRIDE_FLAGS = [
  text('override-type', 'How --overrides is put over the object: json, merge or strategic.', {
    initial: 'merge',
  }),
  text('overrides', 'Fields, as JSON, that go over what the other flags make.'),
];

/** `type` is what the object is, for its lists' merge keys. */
export function overridden(call: Call, type: ResourceType, object: JsonObject): JsonObject {
  const overrides = call.flags.text('overrides');
  if (overrides === '') return object;
  const changed = changedBy(call, type, object, overriding(overrides));
  if (!changed.ok) throw new Failure(`error: ${changed.error}`);
  return isJsonObject(changed.value) ? changed.value : {};
}

function overriding(overrides: string): Json {
  try {
    return JSON.parse(overrides) as Json;
  } catch {
    throw new Failure(
      'error: Invalid JSON Patch\n--overrides takes JSON: names and texts in double quotes. Nothing was sent to the cluster.',
    );
  }
}

function changedBy(call: Call, type: ResourceType, object: JsonObject, patch: Json): Result<Json, string> {
  const kind = call.flags.text('override-type');
  switch (kind) {
    case 'json':
      return jsonPatch(object, patch);
    case 'merge':
      return ok(mergePatch(object, patch));
    case 'strategic':
      return ok(strategicMerge(schemaOf(type), object, patch));
    default:
      return err(`invalid override type: ${kind}`);
  }
}
