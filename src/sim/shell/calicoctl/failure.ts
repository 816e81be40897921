/**
 * Why something did not work, in the words of Calico's client library.
 * Source: libcalico-go/lib/errors/errors.go, libcalico-go/lib/backend/k8s/resources/errors.go, Calico v3.32.1.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { validationText, type ErroredField } from '../../cni/calico/validation.ts';
import type { ApiResponse } from '../../kube/api.ts';

export interface Failure {
  readonly kind: 'missing' | 'exists' | 'conflict' | 'unsupported' | 'invalid' | 'other';
  readonly text: string;
}

export type Outcome<T> = Result<T, Failure>;

export const failed = (text: string): Outcome<never> => err({ kind: 'other', text });

export const invalid = (fields: readonly ErroredField[]): Outcome<never> =>
  err({ kind: 'invalid', text: validationText(fields) });

export function unsupported(operation: string, identifier: string, reason = ''): Outcome<never> {
  const text = `operation ${operation} is not supported on ${identifier}`;
  return err({ kind: 'unsupported', text: reason === '' ? text : `${text}: ${reason}` });
}

/** `IPPool(name)`, `WorkloadEndpoint(namespace/name)` */
export const identifier = (kind: string, name: string, namespace = ''): string =>
  `${kind}(${namespace === '' ? name : `${namespace}/${name}`})`;

/** What the API answered, with the client library's name for the thing asked about. */
export function outcomeOf(response: ApiResponse, about: string): Outcome<JsonObject> {
  if (response.code < 400) return ok(response.body);
  const message = String(response.body['message'] ?? `HTTP ${response.code}`);
  const reason = String(response.body['reason'] ?? '');
  if (reason === 'AlreadyExists') {
    return err({ kind: 'exists', text: `resource already exists: ${about} with error: ${message}` });
  }
  if (response.code === 404) {
    return err({ kind: 'missing', text: `resource does not exist: ${about} with error: ${message}` });
  }
  if (response.code === 409) return err({ kind: 'conflict', text: `update conflict: ${about}` });
  return failed(message);
}

export const members = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** A typed object as the JSON it is: interfaces have no index signature, so the compiler cannot see it. */
export const asJson = (value: object): JsonObject => value as JsonObject;
