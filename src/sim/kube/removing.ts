/** DELETE of one object or of a collection. */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { err, ok } from '../../base/result.ts';
import { asJson } from './admission.ts';
import type { ApiRequest } from './api.ts';
import type { DeletionOptions, Propagation } from './deletion.ts';
import { conflict, forbiddenObject, type Failure } from './failure.ts';
import { at, objectAt, textAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { Target } from './path.ts';
import { found, selected, type Answer } from './reading.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import { ClusterTransaction } from './transaction.ts';
import { deleteShown } from './views.ts';
import { dryRun } from './writing.ts';

const POLICIES: readonly string[] = ['Background', 'Foreground', 'Orphan'] satisfies readonly Propagation[];
const isPolicy = (value: unknown): value is Propagation =>
  typeof value === 'string' && POLICIES.includes(value);

/** DeleteOptions come in the body, the query, or both; the body wins. */
function optionsOf(request: ApiRequest): { readonly body: JsonObject; readonly options: DeletionOptions } {
  const body = isJsonObject(request.body) ? request.body : {};
  const option = (name: string) => body[name] ?? request.query?.[name];
  const grace = option('gracePeriodSeconds');
  const asked = option('propagationPolicy');
  const policy = String(option('orphanDependents')) === 'true' ? 'Orphan' : asked;
  return {
    body,
    options: {
      ...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
      ...(isPolicy(policy) ? { propagation: policy } : {}),
    },
  };
}

export function deleteRequest(tx: ClusterTransaction, target: Target, request: ApiRequest): Answer {
  const object = found(tx, target);
  if (!object.ok) return object;
  const { body, options } = optionsOf(request);
  const broken = brokenPrecondition(target.type, object.value, body);
  if (broken) return err(broken);
  const why = target.type.forbid?.('delete', object.value, tx);
  if (why !== undefined) return err(forbiddenObject(target.type, object.value.metadata.name, why));
  // What would happen to it happens to a copy of the cluster.
  const stage = isDry(request, body) ? new ClusterTransaction(tx.state, []) : tx;
  const deleted = deleteShown(stage, target.type, object.value, options);
  if (!deleted.ok) return deleted;
  return ok(deleted.value ? (asJson(deleted.value) as JsonObject) : deletedStatus(target.type, object.value));
}

export function deleteCollectionRequest(tx: ClusterTransaction, target: Target, request: ApiRequest): Answer {
  const objects = selected(tx, target, request);
  if (!objects.ok) return objects;
  const { body, options } = optionsOf(request);
  const stage = isDry(request, body) ? new ClusterTransaction(tx.state, []) : tx;
  for (const object of objects.value) {
    const deleted = deleteShown(stage, target.type, object, options);
    if (!deleted.ok) return deleted;
  }
  return ok({
    kind: target.type.listKind,
    apiVersion: apiVersionOf(target.type),
    metadata: { resourceVersion: String(tx.state.store.revision) },
    items: objects.value.map(asJson),
  });
}

const isDry = (request: ApiRequest, body: JsonObject): boolean =>
  dryRun(request) || at(body, 'dryRun', 0) === 'All';

/** metav1.Status of a finished deletion. */
function deletedStatus(type: ResourceType, object: KubeObject): JsonObject {
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
function brokenPrecondition(
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
      return conflict(type, object.metadata.name, why);
    }
  }
  return undefined;
}
