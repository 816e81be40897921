/** `key=value` arguments. Source: k8s.io/kubectl/pkg/cmd/util ParsePairs, pkg/generate ParseLabels v0.35. */
import { Failure } from './failure.ts';

/** Throws kubectl's sentence for a malformed one; `noun` is `label` or `annotation`. */
export function keyValues(specs: readonly string[], noun: string): Readonly<Record<string, string>> {
  const pairs = specs
    .filter((spec) => spec !== '')
    .map((spec) => {
      const equals = spec.indexOf('=');
      if (equals < 0 || (noun === 'label' && spec.split('=').length !== 2)) {
        throw new Failure(
          noun === 'label'
            ? `error: unexpected label spec: ${spec}`
            : `error: unexpected ${noun} spec: ${spec}`,
        );
      }
      if (equals === 0) throw new Failure(`error: unexpected empty ${noun} key`);
      return [spec.slice(0, equals), spec.slice(equals + 1)] as const;
    });
  return Object.fromEntries(pairs);
}
