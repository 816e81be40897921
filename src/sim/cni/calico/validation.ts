/**
 * A validation failure of Calico's own client, and its text.
 * Source: libcalico-go/lib/errors (ErrorValidation), Calico v3.32.1.
 */
import { isJsonObject, type Json } from '../../../base/json.ts';

export interface ErroredField {
  readonly name: string;
  readonly reason: string;
  /** Shown unless absent. */
  readonly value?: Json;
}

/** `error with field F = 'v' (reason)`, or a list when there are several. */
export function validationText(fields: readonly ErroredField[]): string {
  const [first] = fields;
  if (!first) return 'unknown validation error';
  if (fields.length === 1) return `error with field ${fieldText(first)}`;
  return `error with the following fields:\n${fields.map((each) => `-  ${fieldText(each)}\n`).join('')}`;
}

const fieldText = ({ name, reason, value }: ErroredField): string =>
  value === undefined ? `${name} (${reason})` : `${name} = '${goText(value)}' (${reason})`;

/** A value as Go's %v prints it: lists in brackets without commas. */
export function goText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item) => goText(item as Json)).join(' ')}]`;
  if (isJsonObject(value)) {
    const members = Object.keys(value).sort();
    return `map[${members.map((key) => `${key}:${goText(value[key] ?? null)}`).join(' ')}]`;
  }
  return value === null ? '<nil>' : String(value);
}

/** What a failed struct tag reports; the trailing space is upstream's. */
export const tagFailure = (name: string, tag: string, value: Json): ErroredField => ({
  name,
  reason: `Reason: failed to validate Field: ${name} because of Tag: ${tag} `,
  value,
});

/** A JSON list as strings; anything else is an empty list. */
export function strings(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
