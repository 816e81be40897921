/** `--validate`: what to do about fields that the schema does not know. Source: kubectl/pkg/cmd/util/helpers.go v0.35. */
import type { Call } from '../call.ts';
import type { FlagSpec } from '../flags.ts';
import { Failure } from '../failure.ts';

export const VALIDATE: FlagSpec = {
  name: 'validate',
  type: 'string',
  initial: 'strict',
  bare: 'strict',
  help: 'strict or true refuses unknown fields, warn reports them, ignore or false drops them.',
};

const MEANINGS: ReadonlyMap<string, 'Strict' | 'Warn' | 'Ignore'> = new Map([
  ['strict', 'Strict'],
  ['true', 'Strict'],
  ['warn', 'Warn'],
  ['ignore', 'Ignore'],
  ['false', 'Ignore'],
]);

export function fieldValidation(call: Call): 'Strict' | 'Warn' | 'Ignore' {
  const value = call.flags.text('validate');
  const meaning = MEANINGS.get(value);
  if (meaning) return meaning;
  throw new Failure(
    `error: invalid - validate option ${JSON.stringify(value)}; must be one of: strict (or true), warn, ignore (or false)`,
  );
}
