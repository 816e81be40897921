/**
 * What may stand in metadata.ownerReferences.
 * Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go (ValidateOwnerReferences), Kubernetes 1.35.
 */
import { invalid, type FieldError } from './field-error.ts';
import type { ObjectMeta, OwnerReference } from './object.ts';

const FIELD = 'metadata.ownerReferences';

export function ownerReferenceErrors({ ownerReferences = [] }: ObjectMeta): readonly FieldError[] {
  const [first, second] = ownerReferences.filter(({ controller }) => controller === true);
  return [
    ...ownerReferences.flatMap((reference, index) => referenceErrors(reference, `${FIELD}[${index}]`)),
    ...(first && second ? [twoControllers(ownerReferences, [first.name, second.name])] : []),
  ];
}

function referenceErrors(reference: OwnerReference, field: string): readonly FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference as Partial<OwnerReference>;
  const empty = (member: string, value: string): readonly FieldError[] =>
    value === '' ? [invalid(`${field}.${member}`, value, 'must not be empty')] : [];
  return [
    ...(versionOf(apiVersion) === ''
      ? [invalid(`${field}.apiVersion`, apiVersion, 'version must not be empty')]
      : []),
    ...empty('kind', kind),
    ...empty('name', name),
    ...empty('uid', uid),
    ...(apiVersion === 'v1' && kind === 'Event'
      ? [invalid(field, { ...reference }, '/v1, Kind=Event is disallowed from being an owner')]
      : []),
  ];
}

/** `apps/v1` -> `v1`; empty when the text is not a group and a version. */
function versionOf(apiVersion: string): string {
  const parts = apiVersion.split('/');
  return parts.length > 2 ? '' : (parts.at(-1) ?? '');
}

const twoControllers = (
  references: readonly OwnerReference[],
  [first, second]: readonly [string, string],
): FieldError =>
  invalid(
    FIELD,
    references.map((reference) => ({ ...reference })),
    `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`,
  );
