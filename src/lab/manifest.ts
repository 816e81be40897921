/** Manifests of a lab's start state: well-formed YAML documents that say what they are. The API server judges the rest. */
import { z } from 'zod';
import type { Diagnostic } from './diagnostic.ts';
import { sentence } from './fields.ts';
import { readYamlDocuments } from './yaml-file.ts';

const manifestSchema = z.looseObject({
  apiVersion: sentence,
  kind: sentence,
  metadata: z.looseObject({ name: sentence }),
});

/** Whether one of the manifests is an IP pool. What is no YAML has none. */
export const bringsPools = (
  manifests: readonly { readonly file: string; readonly text: string }[],
): boolean =>
  manifests.some(({ file, text }) => {
    const read = readYamlDocuments(file, text, z.looseObject({ kind: z.unknown() }));
    return read.ok && read.value.some(({ kind }) => kind === 'IPPool');
  });

export function manifestMistakes(file: string, text: string): readonly Diagnostic[] {
  const read = readYamlDocuments(file, text, manifestSchema);
  return read.ok ? [] : read.error;
}
