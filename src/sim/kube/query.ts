/**
 * Which objects a request is about: namespace, label selector and field selector together.
 * Source: k8s.io/kubernetes pkg/apis/<group>/v1/conversion.go (selectable fields), Kubernetes 1.35.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest } from './api.ts';
import { badRequest, type Failure } from './failure.ts';
import { at } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { Target } from './path.ts';
import { matches, parseFieldSelector, parseSelector } from './selector.ts';

export type ObjectFilter = (object: KubeObject) => boolean;

/** Of a request that asks for all there is. */
export const everything: ObjectFilter = () => true;

const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];

/** The filter of a list or watch request; `everything` when it selects nothing. */
export function filterOf(target: Target, request: ApiRequest): Result<ObjectFilter, Failure> {
  const labels = parseSelector(request.query?.['labelSelector'] ?? '');
  if (!labels.ok) return err(badRequest(labels.error));
  const fields = parseFieldSelector(request.query?.['fieldSelector'] ?? '');
  if (!fields.ok) return err(badRequest(fields.error));
  const known = [...COMMON_FIELDS, ...(target.type.selectableFields ?? [])];
  const unknown = fields.value.find(({ field }) => !known.includes(field));
  if (unknown) return err(badRequest(`field label not supported: ${unknown.field}`));
  if (labels.value.length + fields.value.length === 0 && namesNothing(target)) return ok(everything);
  return ok(
    (object) =>
      (target.namespace === undefined || object.metadata.namespace === target.namespace) &&
      (target.name === undefined || object.metadata.name === target.name) &&
      matches(labels.value, object.metadata.labels) &&
      fields.value.every(({ field, equal, value }) => (fieldText(object, field) === value) === equal),
  );
}

const namesNothing = ({ name, namespace }: Target): boolean => name === undefined && namespace === undefined;

function fieldText(object: KubeObject, field: string): string {
  const value = at(object, ...field.split('.'));
  return value === undefined || value === null ? '' : String(value as string | number | boolean);
}
