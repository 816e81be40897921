/**
 * What is wrong with one field of an object, in the words of the API server.
 * Source: k8s.io/apimachinery pkg/util/validation/field/errors.go, Kubernetes 1.35.
 */
import type { Json } from '../../base/json.ts';

export interface FieldError {
  readonly type: FieldErrorType;
  /** e.g. `spec.template.spec.containers[0].image` */
  readonly field: string;
  /** The offending value, for the types that show it. */
  readonly value?: Json;
  readonly detail: string;
}

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTypeInvalid';

const TITLES: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTypeInvalid: 'Invalid value',
};

const WITHOUT_VALUE: readonly FieldErrorType[] = [
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
];

export const invalid = (field: string, value: Json | undefined, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  value: value ?? null,
  detail,
});

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  detail,
});

export const forbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  detail,
});

export const duplicate = (field: string, value: Json): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  value,
  detail: '',
});

export const notSupported = (field: string, value: Json, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  value,
  detail: `supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}`,
});

/** `Invalid value: -1: must be greater than or equal to 0` */
export function errorBody(error: FieldError): string {
  const title = TITLES[error.type];
  const head = WITHOUT_VALUE.includes(error.type)
    ? title
    : `${title}: ${JSON.stringify(error.value ?? null)}`;
  return error.detail === '' ? head : `${head}: ${error.detail}`;
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0` */
export const errorText = (error: FieldError): string => `${error.field}: ${errorBody(error)}`;

/** Several errors as Go's aggregate prints them: `[a, b]`, repeated ones once. */
export function aggregateText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(errorText))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}
