/**
 * What may be a label's or an annotation's key, and a label's value.
 * Source: k8s.io/apimachinery pkg/util/validation IsQualifiedName and IsValidLabelValue, pkg/api/validation, Kubernetes 1.35.
 */
import { invalid, type FieldError } from './field-error.ts';
import { nameErrors } from './name.ts';
import type { ObjectMeta } from './object.ts';

const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const MADE_OF =
  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const NAME_TEXT = `must consist of ${MADE_OF} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;
const VALUE_TEXT = `a valid label must be an empty string or consist of ${MADE_OF} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`;
const PREFIXED = ` with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
const MAX = 63;

/** `app`, `kubernetes.io/hostname`. */
export function keyProblems(key: string): readonly string[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) return [`a qualified name ${NAME_TEXT}${PREFIXED}`];
  const prefix = parts.length === 2 ? prefixProblems(parts[0] ?? '') : [];
  if (name === '') return [...prefix, 'name part must be non-empty', `name part ${NAME_TEXT}`];
  return [
    ...prefix,
    ...(name.length > MAX ? [`name part must be no more than ${MAX} characters`] : []),
    ...(new RegExp(`^${NAME}$`).test(name) ? [] : [`name part ${NAME_TEXT}`]),
  ];
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return nameErrors(prefix, 'subdomain').map(({ detail }) => `prefix part ${detail}`);
}

export function valueProblems(value: string): readonly string[] {
  return [
    ...(value.length > MAX ? [`must be no more than ${MAX} characters`] : []),
    ...(new RegExp(`^(${NAME})?$`).test(value) ? [] : [VALUE_TEXT]),
  ];
}

export function metadataErrors({ labels = {}, annotations = {} }: ObjectMeta): readonly FieldError[] {
  const keys = (field: string, key: string, shown = key): readonly FieldError[] =>
    keyProblems(key).map((problem) => invalid(field, shown, problem));
  return [
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...keys('metadata.labels', key),
      ...valueProblems(value).map((problem) => invalid('metadata.labels', value, problem)),
    ]),
    // A key of an annotation may have capitals in its prefix.
    ...Object.keys(annotations).flatMap((key) => keys('metadata.annotations', key.toLowerCase(), key)),
  ];
}
