/**
 * Server-side apply: a manager says which fields it cares about. Fields it no longer mentions go, unless another manager has
 * them; fields of others it would change are conflicts, unless it forces. kubectl's own applies take over what client-side
 * apply had set.
 * Source: Kubernetes "Server-Side Apply"; k8s.io/apimachinery pkg/util/managedfields; structured-merge-diff merge/update.go.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { asJson, asObject } from './admission.ts';
import type { ApiRequest } from './api.ts';
import { unknownFields } from './decoding.ts';
import * as failure from './failure.ts';
import type { Failure } from './failure.ts';
import { required } from './field-error.ts';
import { textAt } from './fields.ts';
import { schemaOf } from './kind-schema.ts';
import {
  conflictsOf,
  isSame,
  LAST_APPLIED,
  lastAppliedFields,
  managersOf,
  recordCreate,
  tracked,
  withManagers,
  type Conflict,
  type Manager,
} from './managed-fields.ts';
import type { KubeObject } from './object.ts';
import { applyPatch } from './patch/apply-patch.ts';
import {
  claimedBy,
  compare,
  difference,
  NO_FIELDS,
  printPath,
  union,
  withoutFields,
} from './patch/field-set.ts';
import type { Target } from './path.ts';
import { found } from './reading.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import type { ClusterTransaction } from './transaction.ts';
import { create, decode, update, type Written } from './writing.ts';

/** The manager under whose name kubectl applies. */
const KUBECTL = 'kubectl';

export function applyRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<Written, Failure> {
  const configuration = configurationOf(target, request);
  if (!configuration.ok) return configuration;
  const live = found(tx, target);
  if (!live.ok && target.subresource !== undefined) return live;
  const applied = merged(tx, target, request, {
    configuration: configuration.value,
    live: live.ok ? live.value : undefined,
  });
  if (!applied.ok) return applied;
  const decoded = decode(target.type, asJson(applied.value), request);
  if (!decoded.ok) return decoded;
  const whole = { ...decoded.value, isApplied: true };
  return live.ok
    ? update(tx, target, request, { ...whole, before: live.value })
    : create(tx, target, request, whole);
}

/** The applied configuration, if it can be one. */
function configurationOf(
  { type, name, namespace }: Target,
  request: ApiRequest,
): Result<JsonObject, Failure> {
  const { body, query } = request;
  if (!isJsonObject(body)) return err(failure.badRequest('error decoding YAML: the patch is not an object'));
  if ((query?.['fieldManager'] ?? '') === '') {
    const options = { name: 'PatchOptions', group: 'meta.k8s.io', plural: '', kind: 'PatchOptions' };
    return err(failure.invalidObject(options, '', [required('fieldManager', 'is required for apply patch')]));
  }
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  if (metadata['managedFields'] !== undefined) {
    return err(failure.badRequest('metadata.managedFields must be nil'));
  }
  const [unknown] = unknownFields(schemaOf(type), body);
  if (unknown !== undefined) {
    const who = `${namespace === undefined ? '' : `${namespace}/`}${name ?? ''}; ${textAt(body, 'apiVersion')}, Kind=${textAt(body, 'kind')}`;
    const why = `.${unknown}: field not declared in schema`;
    return err({ code: 500, reason: '', message: `failed to create typed patch object (${who}): ${why}` });
  }
  return ok({ ...body, metadata: { ...metadata, name: name ?? '' } });
}

interface Applying {
  readonly configuration: JsonObject;
  readonly live: KubeObject | undefined;
}

/** The object after the apply, its managed fields included. */
function merged(
  tx: ClusterTransaction,
  { type, subresource }: Target,
  request: ApiRequest,
  { configuration, live }: Applying,
): Result<KubeObject, Failure> {
  const schema = schemaOf(type);
  const change = { request, subresource, timestamp: tx.timestamp };
  const self: Omit<Manager, 'fields'> = {
    name: request.query?.['fieldManager'] ?? '',
    operation: 'Apply',
    apiVersion: apiVersionOf(type),
    ...(subresource === undefined ? {} : { subresource }),
    time: tx.timestamp,
  };
  const managers = live ? managersBefore(type, live, change) : [];
  const others = managers.filter((manager) => !isSame(manager, self));
  const claimed = tracked(type, claimedBy(schema, configuration), subresource);
  const before: Json = live ? asJson(withManagers(live, [])) : {};
  const dropped = droppedBy(
    managers.find((manager) => isSame(manager, self)),
    claimed,
    others,
  );
  const object = withoutFields(schema, applyPatch(schema, before, configuration), dropped);
  const { changed, removed } = compare(schema, before, object);
  const conflicts = resistance(type, live, conflictsOf(others, changed), { request, name: self.name });
  if (conflicts.length > 0) return err(applyConflict(conflicts));
  const lost = union(changed, removed);
  const record = [
    ...others.map((manager) => ({ ...manager, fields: difference(manager.fields, lost) })),
    unchangedOr(managers, { ...self, fields: claimed }),
  ];
  return ok(withManagers(asObject(annotated(object, configuration, self.name)), record));
}

/** The record so far; what an object without one has belongs to nobody in particular. */
function managersBefore(
  type: ResourceType,
  live: KubeObject,
  change: Parameters<typeof recordCreate>[2],
): readonly Manager[] {
  const managers = managersOf(live);
  if (managers.length > 0) return managers;
  const request: ApiRequest = { ...change.request, query: { fieldManager: 'before-first-apply' } };
  return managersOf(recordCreate(type, live, { ...change, subresource: undefined, request }));
}

/** What the manager applied before, does not any more, and nobody else has. */
function droppedBy(
  before: Manager | undefined,
  claimed: Manager['fields'],
  others: readonly Manager[],
): Manager['fields'] {
  const kept = others.reduce((all, { fields }) => union(all, fields), claimed);
  return difference(before?.fields ?? NO_FIELDS, kept);
}

/** The conflicts that stop the apply. */
function resistance(
  type: ResourceType,
  live: KubeObject | undefined,
  conflicts: readonly Conflict[],
  { request, name }: { readonly request: ApiRequest; readonly name: string },
): readonly Conflict[] {
  if (request.query?.['force'] === 'true' || !live) return [];
  if (name !== KUBECTL) return conflicts;
  const allowed = lastAppliedFields(type, live);
  return conflicts.filter(({ path }) => !allowed.has(path));
}

/** An entry keeps its time as long as its fields are the same. */
function unchangedOr(managers: readonly Manager[], now: Manager): Manager {
  const was = managers.find((manager) => isSame(manager, now));
  const isEqual = was?.fields.size === now.fields.size && difference(was.fields, now.fields).size === 0;
  return was && isEqual ? was : now;
}

/** The annotation of client-side apply follows kubectl's server-side applies, where there is one. */
function annotated(object: Json, configuration: JsonObject, manager: string): Json {
  if (manager !== KUBECTL || textAt(object, 'metadata', 'annotations', LAST_APPLIED) === '') return object;
  const { metadata, ...rest } = asObject(object);
  const annotations = { ...metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(configuration)}\n` };
  return asJson({ ...rest, metadata: { ...metadata, annotations } } as KubeObject);
}

const described = ({ name, operation, apiVersion, subresource }: Manager): string => {
  const who = `${JSON.stringify(name)}${subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
};

function applyConflict(conflicts: readonly Conflict[]): Failure {
  return {
    code: 409,
    reason: 'Conflict',
    message: conflictText(conflicts),
    details: {
      causes: conflicts.map(({ manager, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${described(manager)}`,
        field: printPath(path),
      })),
    },
  };
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (only && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${described(only.manager)}: ${printPath(only.path)}`;
  }
  const managers = [...new Set(conflicts.map(({ manager }) => described(manager)))].sort();
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts
      .filter((conflict) => described(conflict.manager) === manager)
      .map(({ path }) => `- ${printPath(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
