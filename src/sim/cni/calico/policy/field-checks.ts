/** Checks of single fields that several validators of policy share. Source: libcalico-go/lib/validator/v3, Calico v3.32.1. */
import type { Json } from '../../../../base/json.ts';
import { knownSelector } from '../selector.ts';
import { tagFailure, type ErroredField } from '../validation.ts';

export type Errors = readonly ErroredField[];

export const GLOBAL_ONLY_THERE = 'global() can only be used in an EntityRule namespaceSelector';

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const isName = (text: string): boolean => NAME.test(text);
export const isSelector = (text: string): boolean => knownSelector(text).ok;

/** A field whose tag does not accept what is there; nothing there is no mistake. */
export function tagged(
  name: string,
  tag: string,
  value: Json | undefined,
  accepts: (text: string) => boolean,
): Errors {
  if (value === undefined || value === null || value === '' || accepts(String(value))) return [];
  return [tagFailure(name, tag, value)];
}

/** Without a value where upstream would print a Go struct. */
export const problem = (name: string, reason: string, value?: Json): ErroredField =>
  value === undefined ? { name, reason } : { name, reason, value };
