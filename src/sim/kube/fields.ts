/** Reading members of untyped objects: each answer has one type, or is absent. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

const EMPTY: JsonObject = {};

/** The member at a path of keys; undefined when any step is missing. */
export const at = (value: unknown, ...path: Path): Json | undefined => member(value, path);

type Path = readonly (string | number)[];

function member(value: unknown, path: Path): Json | undefined {
  let here: unknown = value;
  for (const key of path) {
    if (Array.isArray(here) && typeof key === 'number') here = here[key] as unknown;
    else if (isJsonObject(here)) here = here[key];
    else return undefined;
  }
  return here as Json | undefined;
}

export function objectAt(value: unknown, ...path: Path): JsonObject {
  const found = member(value, path);
  return isJsonObject(found) ? found : EMPTY;
}

export function listAt(value: unknown, ...path: Path): readonly JsonObject[] {
  const found = member(value, path);
  return Array.isArray(found) ? (found as readonly JsonObject[]) : [];
}

export function textAt(value: unknown, ...path: Path): string {
  const found = member(value, path);
  return typeof found === 'string' ? found : '';
}

/** 0 when absent. */
export function numberAt(value: unknown, ...path: Path): number {
  const found = member(value, path);
  return typeof found === 'number' ? found : 0;
}

export function textsAt(value: unknown, ...path: Path): readonly string[] {
  const found = member(value, path);
  return Array.isArray(found) ? found.map(String) : [];
}

/** A copy with members whose value is undefined left out. */
export function compact(object: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** A copy without one member. */
export const without = <T>(object: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
