/**
 * Who manages which field of an object: recorded for requests that name a manager, and asked by server-side apply. Objects
 * that controllers make and change carry no record, as if their first apply were still to come.
 * Source: k8s.io/apimachinery pkg/util/managedfields/internal (fieldmanager, stripmeta, lastappliedmanager, conflict), 1.35.
 */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { asJson } from './admission.ts';
import type { ApiRequest } from './api.ts';
import { schemaOf } from './kind-schema.ts';
import { textAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import {
  claimedBy,
  compare,
  difference,
  elementsOf,
  fromFieldsV1,
  intersection,
  NO_FIELDS,
  toFieldsV1,
  union,
  type FieldSet,
} from './patch/field-set.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fields: FieldSet;
}

/** The manager a request names, or the first word of its user agent; undefined when nobody is to be recorded. */
export function managerName({ query, userAgent }: ApiRequest): string | undefined {
  const named = query?.['fieldManager'];
  if (named !== undefined && named !== '') return named;
  return userAgent?.includes('/') ? userAgent.split('/')[0] : undefined;
}

export function managersOf(object: KubeObject | undefined): readonly Manager[] {
  const entries: unknown = object?.metadata.managedFields;
  if (!Array.isArray(entries)) return [];
  return entries.filter(isJsonObject).map((entry): Manager => {
    const [subresource, time] = [textAt(entry, 'subresource'), textAt(entry, 'time')];
    return {
      name: textAt(entry, 'manager'),
      operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
      apiVersion: textAt(entry, 'apiVersion'),
      ...(subresource === '' ? {} : { subresource }),
      ...(time === '' ? {} : { time }),
      fields: fromFieldsV1(entry['fieldsV1']),
    };
  });
}

/** The object with this record; without any, the member is left out. */
export function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  const entries = managers
    .filter(({ fields }) => fields.size > 0)
    .sort(inOrder)
    .map(entryOf);
  const managed = entries.length === 0 ? metadata : { ...metadata, managedFields: entries };
  return { ...object, metadata: managed };
}

/** Appliers first, then by time and name. */
const inOrder = (a: Manager, b: Manager): number =>
  a.operation.localeCompare(b.operation) ||
  (a.time ?? '').localeCompare(b.time ?? '') ||
  a.name.localeCompare(b.name);

const entryOf = (manager: Manager): JsonObject => ({
  apiVersion: manager.apiVersion,
  fieldsType: 'FieldsV1',
  fieldsV1: toFieldsV1(manager.fields),
  manager: manager.name,
  operation: manager.operation,
  ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
  ...(manager.time === undefined ? {} : { time: manager.time }),
});

export const isSame = (a: Manager, b: Omit<Manager, 'fields'>): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion) &&
  a.subresource === b.subresource;

const UNTRACKED = ['apiVersion', 'kind'].map((key) => `f:${key}`);
const UNTRACKED_METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
].map((key) => `f:${key}`);

/** Without what no manager owns: identity, what the server fills in, and the status where it has an endpoint of its own. */
export function tracked(type: ResourceType, fields: FieldSet, subresource: string | undefined): FieldSet {
  return new Set(
    [...fields].filter((path) => {
      const [first = '', second] = elementsOf(path);
      if (UNTRACKED.includes(first)) return false;
      if (first === 'f:metadata') return second !== undefined && !UNTRACKED_METADATA.includes(second);
      return !(first === 'f:status' && type.status === true && subresource !== 'status');
    }),
  );
}

export interface Change {
  readonly request: ApiRequest;
  readonly subresource: string | undefined;
  readonly timestamp: string;
}

/** The record of a new object; none when its maker has no name. */
export function recordCreate(type: ResourceType, object: KubeObject, change: Change): KubeObject {
  if (managerName(change.request) === undefined) return object;
  const bare = withManagers(object, []);
  return withManagers(bare, recorded({ type, before: undefined, after: bare, managers: [] }, change));
}

/**
 * The record after a write that was no apply. What the client sent as managedFields counts as the record so far, as in
 * kubectl's own migration from client-side apply; an empty list ends it. A write that changed nothing records nothing.
 */
export function recordUpdate(
  type: ResourceType,
  { before, after }: { readonly before: KubeObject; readonly after: KubeObject },
  change: Change,
): KubeObject {
  const isReset = after.metadata.managedFields?.length === 0 && change.subresource === undefined;
  if (isReset) return withManagers(after, []);
  const given = change.subresource === undefined ? managersOf(after) : [];
  const managers = given.length > 0 ? given : managersOf(before);
  if (managers.length === 0) return withManagers(after, []);
  return withManagers(after, recorded({ type, before, after, managers }, change));
}

interface Written {
  readonly type: ResourceType;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly managers: readonly Manager[];
}

function recorded({ type, before, after, managers }: Written, change: Change): readonly Manager[] {
  const { request, subresource, timestamp } = change;
  const compared = compare(
    schemaOf(type),
    before && asJson(withManagers(before, [])),
    asJson(withManagers(after, [])),
  );
  const changed = tracked(type, compared.changed, subresource);
  const name = managerName(request);
  if (changed.size === 0 && compared.removed.size === 0) return managers;
  const self = {
    name: name ?? 'unknown',
    operation: 'Update' as const,
    apiVersion: apiVersionOf(type),
    ...(subresource === undefined ? {} : { subresource }),
    time: timestamp,
  };
  const own = managers.find((manager) => isSame(manager, self))?.fields ?? NO_FIELDS;
  const lost = union(compared.removed, changed);
  const others = managers
    .filter((manager) => !isSame(manager, self))
    .map((manager) => ({ ...manager, fields: difference(manager.fields, lost) }));
  return [...others, { ...self, fields: union(difference(own, compared.removed), changed) }];
}

export interface Conflict {
  readonly manager: Manager;
  readonly path: string;
}

/** Fields that others manage and an apply would change. */
export function conflictsOf(others: readonly Manager[], changed: FieldSet): readonly Conflict[] {
  return others.flatMap((manager) =>
    [...intersection(manager.fields, changed)].sort().map((path) => ({ manager, path })),
  );
}

/** Fields that client-side apply set and that still are so: kubectl's own server-side apply may take them over. */
export function lastAppliedFields(type: ResourceType, live: KubeObject): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED] ?? '';
  const configuration = parsedObject(text);
  if (!configuration || textAt(configuration, 'apiVersion') !== apiVersionOf(type)) return NO_FIELDS;
  const { changed } = compare(schemaOf(type), asJson(live), configuration);
  return difference(claimedBy(schemaOf(type), configuration), changed);
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
