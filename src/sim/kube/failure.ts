/**
 * The API server's refusals as metav1.Status, with the wordings and reasons clients match on.
 * Source: k8s.io/apimachinery pkg/api/errors/errors.go, Kubernetes 1.35.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import type { ApiResponse } from './api.ts';
import { aggregateText, errorBody, type FieldError } from './field-error.ts';
import type { ResourceType } from './resource.ts';

type Named = Pick<ResourceType, 'name' | 'group' | 'plural' | 'kind'>;

export interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: JsonObject;
}

export function failureResponse(failure: Failure): ApiResponse {
  return {
    code: failure.code,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: failure.message,
      ...(failure.reason === '' ? {} : { reason: failure.reason }),
      ...(failure.details ? { details: failure.details } : {}),
      code: failure.code,
    },
  };
}

/** Errors about one object name the resource where other details name the kind, as the real ones do. */
const about = (type: Named, name: string): JsonObject => ({
  name,
  ...(type.group === '' ? {} : { group: type.group }),
  kind: type.plural,
});

export const objectNotFound = (type: Named, name: string): Failure => ({
  code: 404,
  reason: 'NotFound',
  message: `${type.name} "${name}" not found`,
  details: about(type, name),
});

/** A path or kind that the server does not serve. */
export const unknownResource = (): Failure => ({
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
  details: {},
});

/** An aggregated API server that does not answer, as clients tell it: `get ippools.projectcalico.org`. */
export const serviceUnavailable = (asked: string): Failure => ({
  code: 503,
  reason: 'ServiceUnavailable',
  message: `the server is currently unable to handle the request (${asked})`,
  details: {},
});

export const alreadyExists = (type: Named, name: string): Failure => ({
  code: 409,
  reason: 'AlreadyExists',
  message: `${type.name} "${name}" already exists`,
  details: about(type, name),
});

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (type: Named, name: string, why: string): Failure => ({
  code: 409,
  reason: 'Conflict',
  message: `Operation cannot be fulfilled on ${type.name} "${name}": ${why}`,
  details: about(type, name),
});

export const forbiddenObject = (type: Named, name: string, why: string): Failure => ({
  code: 403,
  reason: 'Forbidden',
  message: `${type.name} "${name}" is forbidden: ${why}`,
  details: about(type, name),
});

export const badRequest = (message: string): Failure => ({ code: 400, reason: 'BadRequest', message });

export const methodNotAllowed = (): Failure => ({
  code: 405,
  reason: 'MethodNotAllowed',
  message: 'the server does not allow this method on the requested resource',
  details: {},
});

export const unsupportedMediaType = (accepted: readonly string[]): Failure => ({
  code: 415,
  reason: 'UnsupportedMediaType',
  message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
});

/** A watch from a version after which not every event is known: `oldest` is the first after which all are. */
export const expired = (wanted: number, oldest: number): Failure => ({
  code: 410,
  reason: 'Expired',
  message: `too old resource version: ${wanted} (${oldest})`,
});

/** A list of a moment of which nothing is known any more. */
export const listExpired = (): Failure => ({
  code: 410,
  reason: 'Expired',
  message: 'The resourceVersion for the provided list is too old.',
});

/** A version that the server has not come to; it asks the client to try again in a second. */
export const tooLargeVersion = (wanted: string, current: number): Failure => ({
  code: 504,
  reason: 'Timeout',
  message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
  details: {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  },
});

/** What the server did not expect: 500 without a reason. */
export const unknownFailure = (message: string): Failure => ({ code: 500, reason: '', message });

/** An eviction that a disruption budget does not allow now. */
export const tooManyRequests = (message: string, cause: string): Failure => ({
  code: 429,
  reason: 'TooManyRequests',
  message,
  details: { causes: [{ reason: 'DisruptionBudget', message: cause }] },
});

/** A JSON patch that does not fit the object. */
export const unprocessable = (message: string): Failure => ({ code: 422, reason: 'Invalid', message });

export function invalidObject(type: Named, name: string, errors: readonly FieldError[]): Failure {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  const causes: readonly Json[] = errors.map((error) => ({
    reason: error.type,
    message: errorBody(error),
    field: error.field,
  }));
  return {
    code: 422,
    reason: 'Invalid',
    message: `${kind} "${name}" is invalid: ${aggregateText(errors)}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.kind,
      causes,
    },
  };
}
