/**
 * The keys that a schema knows at a path, so that an unknown one can be answered with the nearest. It reads zod's own
 * description of a schema (`_zod.def`, zod 4), which is the one structure all kinds of schema share.
 */
import type { z } from 'zod';

/** The members of a definition that lead to further schemas; each kind of schema has a few of them. */
interface Definition {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const definition = schema._zod.def as Definition;
  const wrapped = definition.innerType ?? definition.in;
  if (wrapped) return keysAt(wrapped, path);
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(definition.shape ?? {});
  const next = definition.shape?.[String(step)] ?? definition.element ?? definition.valueType;
  return next ? keysAt(next, rest) : [];
}
