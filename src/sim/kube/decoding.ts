/**
 * From a request's body to an object of a kind: Go's decoding errors for built-in kinds, strict unknown-field errors,
 * schema validation for custom resources, and defaults.
 * Source: sigs.k8s.io/json (unmarshal and strict errors); k8s.io/apiextensions-apiserver pkg/apiserver/{schema,validation}.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { FieldError } from './field-error.ts';
import { notSupported, required } from './field-error.ts';
import type { ArraySchema, MapSchema, ObjectSchema, ScalarSchema, Schema } from './schema.ts';

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/**
 * Whether a value is just what the schema describes: every member is known, of its type and not null. Most bodies are, and
 * then there is nothing to complain of and nothing to prune.
 */
export function conforms(schema: Schema, value: Json | undefined): boolean {
  switch (schema.type) {
    case 'any':
      return value !== undefined && value !== null;
    case 'object':
      return (
        isJsonObject(value) && everyMember(value, (member, key) => conformsTo(schema.fields[key], member))
      );
    case 'map':
      return isJsonObject(value) && everyMember(value, (member) => conforms(schema.values, member));
    case 'array':
      return Array.isArray(value) && value.every((item) => conforms(schema.items, item as Json));
    default:
      return value !== undefined && value !== null && decodes(schema, value);
  }
}

const conformsTo = (schema: Schema | undefined, value: Json | undefined): boolean =>
  schema !== undefined && conforms(schema, value);

function everyMember(value: JsonObject, holds: (member: Json | undefined, key: string) => boolean): boolean {
  for (const key in value) if (!holds(value[key], key)) return false;
  return true;
}

/** Paths of members that the schema does not know, in document order, e.g. `spec.template.spec.containers[0].imag`. */
export function unknownFields(
  schema: Schema | undefined,
  value: Json | undefined,
  path = '',
): readonly string[] {
  if (!schema || value === undefined || value === null) return [];
  if (schema.type === 'object' && isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, member]) => {
      const field = schema.fields[key];
      return field ? unknownFields(field, member, join(path, key)) : [join(path, key)];
    });
  }
  if (schema.type === 'map' && isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, member]) =>
      unknownFields(schema.values, member, join(path, key)),
    );
  }
  if (schema.type === 'array' && Array.isArray(value)) {
    return value.flatMap((item, index) => unknownFields(schema.items, item as Json, `${path}[${index}]`));
  }
  return [];
}

/** The value without members that the schema does not know, and without nulls where the schema has members. */
export function pruned(schema: Schema | undefined, value: Json): Json {
  if (!schema || value === null) return value;
  if (schema.type === 'object' && isJsonObject(value)) {
    const members = Object.entries(value).flatMap(([key, member]): [string, Json][] => {
      const field = schema.fields[key];
      if (!field || member === undefined || member === null) return [];
      return [[key, pruned(field, member)]];
    });
    return Object.fromEntries(members);
  }
  if (schema.type === 'map' && isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]): [string, Json][] =>
        member === undefined
          ? []
          : [[key, member === null ? zero(schema.values) : pruned(schema.values, member)]],
      ),
    );
  }
  if (schema.type === 'array' && Array.isArray(value))
    return value.map((item) => (item === null ? zero(schema.items) : pruned(schema.items, item as Json)));
  return value;
}

/** What Go reads null as among texts, and among structures of its own. */
function zero(schema: Schema): Json {
  if (schema.type === 'string') return '';
  return schema.type === 'object' && schema.goType !== undefined ? {} : null;
}

/** Fills defaults into what is there; a default object is filled in turn. What lacks nothing is given back as it is. */
export function withDefaults(schema: Schema | undefined, value: Json): Json {
  if (!schema || value === null) return value;
  if (schema.type === 'object' && isJsonObject(value)) return objectWithDefaults(schema, value);
  if (schema.type === 'map' && isJsonObject(value)) return mapWithDefaults(schema, value);
  if (schema.type === 'array' && Array.isArray(value))
    return listWithDefaults(schema, value as readonly Json[]);
  return value;
}

function mapWithDefaults({ values }: MapSchema, map: JsonObject): JsonObject {
  if (!hasDefaults(values)) return map;
  const whole = Object.entries(map).map(
    ([key, member = null]) => [key, withDefaults(values, member)] as const,
  );
  return whole.some(([key, member]) => member !== map[key]) ? Object.fromEntries(whole) : map;
}

function listWithDefaults({ items }: ArraySchema, list: readonly Json[]): readonly Json[] {
  if (!hasDefaults(items)) return list;
  const whole = list.map((item) => withDefaults(items, item));
  return whole.some((item, at) => item !== list[at]) ? whole : list;
}

function objectWithDefaults(schema: ObjectSchema, value: JsonObject): JsonObject {
  let filled: Record<string, Json | undefined> | undefined;
  for (const [key, field] of fieldsWithDefaults(schema)) {
    const own = value[key];
    const member = own ?? field.default;
    if (member === undefined) continue;
    const whole = withDefaults(field, member);
    if (whole === own) continue;
    filled ??= { ...value };
    filled[key] = whole;
  }
  return filled ?? value;
}

type Fields = readonly (readonly [key: string, field: Schema])[];

const defaulted = new WeakMap<ObjectSchema, Fields>();

/** Few of a kind's many fields have a default, or anything below them that has one. */
function fieldsWithDefaults(schema: ObjectSchema): Fields {
  const known = defaulted.get(schema);
  if (known) return known;
  const fields = Object.entries(schema.fields).filter(
    ([, field]) => field.default !== undefined || hasDefaults(field),
  );
  defaulted.set(schema, fields);
  return fields;
}

function hasDefaults(schema: Schema): boolean {
  if (schema.type === 'object') return fieldsWithDefaults(schema).length > 0;
  if (schema.type === 'map') return hasDefaults(schema.values);
  return schema.type === 'array' && hasDefaults(schema.items);
}

const goValue = (value: Json): string => {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
};

const GO_TYPES: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool', number: 'float64' };

const goType = (schema: ScalarSchema): string =>
  schema.type === 'integer' ? (schema.format ?? 'int32') : (GO_TYPES[schema.type] ?? 'string');

function scalarFits(schema: ScalarSchema, value: Json): boolean {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'int-or-string':
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number';
  }
}

const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+|[numkKMGTPE]i?|)$/;
const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

interface DecodingPlace {
  /** The Go struct that holds the field. */
  readonly struct: string;
  readonly path: string;
}

/** Go's complaint when a JSON value does not fit a built-in kind's struct; undefined when all fits. */
export function decodeError(
  schema: Schema | undefined,
  value: Json | undefined,
  place: DecodingPlace = { struct: '', path: '' },
): string | undefined {
  return decodes(schema, value) ? undefined : firstDecodeError(schema, value, place);
}

/** Whether all fits: looks at what is there, which is far less than what a schema knows. */
function decodes(schema: Schema | undefined, value: Json | undefined): boolean {
  if (!schema || value === undefined || value === null) return true;
  switch (schema.type) {
    case 'any':
      return true;
    case 'object':
      return isJsonObject(value) && fieldsDecode(schema.fields, value);
    case 'map':
      return isJsonObject(value) && valuesDecode(schema.values, value);
    case 'array':
      return Array.isArray(value) && itemsDecode(schema.items, value as readonly Json[]);
    case 'quantity':
      return QUANTITY.test(String(value));
    default:
      return scalarFits(schema, value);
  }
}

// Plain loops: a world from a file has thousands of objects, and a learner waits for them.

function fieldsDecode(fields: ObjectSchema['fields'], value: JsonObject): boolean {
  for (const key in value) if (!decodes(fields[key], value[key])) return false;
  return true;
}

function valuesDecode(values: Schema, value: JsonObject): boolean {
  for (const key in value) if (!decodes(values, value[key])) return false;
  return true;
}

function itemsDecode(items: Schema, list: readonly Json[]): boolean {
  for (const item of list) if (!decodes(items, item)) return false;
  return true;
}

/** The first in the order in which the schema names its fields. */
function firstDecodeError(
  schema: Schema | undefined,
  value: Json | undefined,
  place: DecodingPlace,
): string | undefined {
  if (!schema || value === undefined || value === null || schema.type === 'any') return undefined;
  if (schema.type === 'quantity') return QUANTITY.test(String(value)) ? undefined : QUANTITY_ERROR;
  if (!fits(schema, value))
    return `json: cannot unmarshal ${goValue(value)} into Go struct field ${place.struct}.${place.path} of type ${goName(schema)}`;
  if (Array.isArray(value)) {
    const items = schema.type === 'array' ? schema.items : undefined;
    return first(value as readonly Json[], (item) => firstDecodeError(items, item, place));
  }
  return isJsonObject(value) ? memberError(schema, value, place) : undefined;
}

function memberError(schema: Schema, value: JsonObject, place: DecodingPlace): string | undefined {
  if (schema.type === 'map')
    return first(Object.values(value), (member) => firstDecodeError(schema.values, member, place));
  if (schema.type !== 'object') return undefined;
  const struct = schema.goType ?? place.struct;
  return first(Object.entries(schema.fields), ([key, field]) =>
    firstDecodeError(field, value[key], { struct, path: join(place.path, key) }),
  );
}

function fits(schema: Schema, value: Json): boolean {
  switch (schema.type) {
    case 'object':
    case 'map':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'any':
      return true;
    default:
      return scalarFits(schema, value);
  }
}

function goName(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return `v1.${schema.goType ?? 'object'}`;
    case 'map':
      return `map[string]${goName(schema.values)}`;
    case 'array':
      return `[]${goName(schema.items)}`;
    case 'any':
      return 'interface {}';
    default:
      return goType(schema);
  }
}

function first<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a custom resource's OpenAPI schema has to say, in the words of apiextensions. */
export function schemaErrors(
  schema: Schema | undefined,
  value: Json | undefined,
  path = '',
): readonly FieldError[] {
  if (!schema || value === undefined || (value === null && schema.nullable)) return [];
  switch (schema.type) {
    case 'any':
      return [];
    case 'object':
      if (!isJsonObject(value)) return [wrongType(path, 'object', value)];
      return [
        ...(schema.required ?? [])
          .filter((key) => value[key] === undefined)
          .map((key) => required(join(path, key))),
        ...Object.entries(schema.fields).flatMap(([key, field]) =>
          schemaErrors(field, value[key], join(path, key)),
        ),
      ];
    case 'map':
      if (!isJsonObject(value)) return [wrongType(path, 'object', value)];
      return Object.entries(value).flatMap(([key, member]) =>
        schemaErrors(schema.values, member, join(path, key)),
      );
    case 'array':
      if (!Array.isArray(value)) return [wrongType(path, 'array', value)];
      return value.flatMap((item, index) => schemaErrors(schema.items, item as Json, `${path}[${index}]`));
    default:
      return scalarErrors(schema, value, path);
  }
}

const openApiType = (value: Json): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const wrongType = (path: string, wanted: string, value: Json): FieldError => ({
  type: 'FieldValueTypeInvalid',
  field: path,
  value: openApiType(value),
  detail: `${path} in body must be of type ${wanted}: "${openApiType(value)}"`,
});

function scalarErrors(schema: ScalarSchema, value: Json, path: string): readonly FieldError[] {
  if (!scalarFits(schema, value)) return [wrongType(path, schema.type, value)];
  const wrong = (detail: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: path,
    value,
    detail: `${path} in body ${detail}`,
  });
  const errors: FieldError[] = [];
  if (schema.enum && !schema.enum.includes(String(value)))
    errors.push(notSupported(path, value, schema.enum));
  if (schema.minimum !== undefined && Number(value) < schema.minimum) {
    errors.push(wrong(`should be greater than or equal to ${schema.minimum}`));
  }
  if (schema.maximum !== undefined && Number(value) > schema.maximum) {
    errors.push(wrong(`should be less than or equal to ${schema.maximum}`));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value))) {
    errors.push(wrong(`should match '${schema.pattern}'`));
  }
  return errors;
}
