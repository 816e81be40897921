/**
 * What may stand in metadata.finalizers.
 * Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go, k8s.io/kubernetes pkg/apis/core/validation and core/helper
 * (standard finalizers), Kubernetes 1.35. Left out: the warning at a custom resource's finalizer without a path.
 */
import { FOREGROUND, ORPHAN } from './deletion.ts';
import { forbidden, invalid, type FieldError } from './field-error.ts';
import { keyProblems } from './label-syntax.ts';
import type { ObjectMeta } from './object.ts';

const STANDARD = ['kubernetes', ORPHAN, FOREGROUND];
const FIELD = 'metadata.finalizers';

/** `before` is undefined on create; only kinds that are built in want a path in the name. */
export function finalizerErrors(
  { finalizers = [], deletionTimestamp }: ObjectMeta,
  before: ObjectMeta | undefined,
  isCustom: boolean,
): readonly FieldError[] {
  if (finalizers.length === 0) return [];
  const malformed = finalizers.flatMap((name) =>
    keyProblems(name).map((problem) => invalid(FIELD, name, problem)),
  );
  const both = finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND);
  const unqualified = (name: string): boolean => !name.includes('/') && !STANDARD.includes(name);
  return [
    ...malformed,
    ...(both
      ? [invalid(FIELD, [...finalizers], `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`)]
      : []),
    ...(before && deletionTimestamp !== undefined ? added(finalizers, before.finalizers ?? []) : []),
    ...(isCustom ? [] : finalizers).flatMap((name, index) =>
      unqualified(name)
        ? [
            invalid(
              `${FIELD}[${index}]`,
              name,
              'name is neither a standard finalizer name nor is it fully qualified',
            ),
          ]
        : [],
    ),
  ];
}

function added(now: readonly string[], then: readonly string[]): readonly FieldError[] {
  const names = [...new Set(now)].filter((name) => !then.includes(name)).sort();
  if (names.length === 0) return [];
  const listed = names.map((name) => JSON.stringify(name)).join(', ');
  const why = 'no new finalizers can be added if the object is being deleted';
  return [forbidden(FIELD, `${why}, found new finalizers []string{${listed}}`)];
}
