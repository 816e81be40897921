/**
 * Schemas as OpenAPI v3 components: each Go struct is one component that others refer to; what only a document says about a
 * field (required, closed sets of values, times, patch and list types) comes from `kinds/field-facts.ts`.
 * Source: k8s.io/kube-openapi pkg/builder3 and api/openapi-spec/v3 of Kubernetes 1.35; descriptions are ours, and few.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import { compact } from './fields.ts';
import { DESCRIPTIONS } from './kinds/descriptions.ts';
import { ATOMIC, ENUMS, PACKAGES, PATCH_STRATEGIES, REQUIRED, TIMES } from './kinds/field-facts.ts';
import type { ArraySchema, ObjectSchema, ScalarSchema, Schema } from './schema.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const TIME = `${META}.Time`;
const FIELDS_V1 = `${META}.FieldsV1`;
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

const PACKAGE_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(PACKAGES).flatMap(([name, types]) =>
    types.split(' ').map((type): [string, string] => [type, name]),
  ),
);
const META_TYPES = new Set(['ObjectMeta', 'OwnerReference', 'ManagedFieldsEntry', 'ListMeta']);

/** `io.k8s.api.core.v1.Pod` */
export const componentName = (goType: string): string =>
  `${META_TYPES.has(goType) ? META : (PACKAGE_OF.get(goType) ?? 'io.k8s.api.core.v1')}.${goType}`;

export const reference = (component: string): JsonObject => ({ $ref: `#/components/schemas/${component}` });

const words = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split(' '));

/** Collects the components of one document. */
export class Components {
  readonly #schemas = new Map<string, JsonObject>();

  /** In alphabetical order. */
  get schemas(): JsonObject {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  add(name: string, schema: JsonObject): void {
    this.#schemas.set(name, schema);
  }

  /** A member's schema: structs and well-known types by reference. */
  member(schema: Schema, path: string): JsonObject {
    switch (schema.type) {
      case 'object':
        return schema.goType === undefined ? this.inline(schema, path) : this.#referred(schema, path);
      case 'map':
        return this.#described(path, {
          type: 'object',
          additionalProperties: this.member(schema.values, ''),
          ...(ATOMIC.has(path) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        });
      case 'array':
        return this.#list(schema, path);
      case 'any':
        return this.#described(path, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
      case 'quantity':
        return this.#known(QUANTITY, path, { oneOf: [{ type: 'string' }, { type: 'number' }] });
      case 'int-or-string':
        return this.#known(INT_OR_STRING, path, {
          format: 'int-or-string',
          oneOf: [{ type: 'integer' }, { type: 'string' }],
        });
      default:
        return this.#scalar(schema, path);
    }
  }

  /** An object in place, as custom resources have them. */
  inline(schema: ObjectSchema, path: string, extra: JsonObject = {}): JsonObject {
    const required = schema.required ?? words(REQUIRED[path]);
    const fields = Object.entries(schema.fields).sort(([a], [b]) => (a < b ? -1 : 1));
    return this.#described(path, {
      type: 'object',
      properties: Object.fromEntries(fields.map(([key, field]) => [key, this.#property(field, path, key)])),
      ...(required.length === 0 ? {} : { required }),
      ...(ATOMIC.has(path) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...extra,
    });
  }

  #property(field: Schema, owner: string, key: string): JsonObject {
    const path = `${owner}.${key}`;
    if (words(TIMES[owner]).includes(key))
      return this.#known(TIME, path, { type: 'string', format: 'date-time' });
    if (path === 'ManagedFieldsEntry.fieldsV1') return this.#known(FIELDS_V1, path, { type: 'object' });
    return this.member(field, path);
  }

  #referred(schema: ObjectSchema, path: string): JsonObject {
    const { goType = '' } = schema;
    const name = componentName(goType);
    if (!this.#schemas.has(name)) {
      // Known before it is complete: types refer to themselves.
      this.#schemas.set(name, {});
      this.#schemas.set(name, this.inline(schema, goType));
    }
    const strategy = PATCH_STRATEGIES[path];
    return this.#described(path, {
      allOf: [reference(name)],
      default: {},
      ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy }),
    });
  }

  #known(name: string, path: string, schema: JsonObject): JsonObject {
    this.#schemas.set(name, schema);
    return this.#described(path, { allOf: [reference(name)] });
  }

  #list(schema: ArraySchema, path: string): JsonObject {
    const values = ENUMS[path];
    const items =
      values === undefined ? this.member(schema.items, '') : { type: 'string', enum: words(values) };
    return this.#described(path, {
      type: 'array',
      items,
      ...listType(schema, path),
      ...patchMeta(schema, path),
    });
  }

  #scalar(schema: ScalarSchema, path: string): JsonObject {
    const values: readonly Json[] | undefined =
      schema.enum ?? (ENUMS[path] === undefined ? undefined : words(ENUMS[path]));
    const format = schema.format ?? (schema.type === 'integer' ? 'int32' : undefined);
    return this.#described(
      path,
      compact({
        type: schema.type,
        format: schema.type === 'string' && format === 'cidr' ? undefined : format,
        enum: values,
        default: schema.default,
        minimum: schema.minimum,
        maximum: schema.maximum,
        pattern: schema.pattern,
        nullable: schema.nullable,
      }),
    );
  }

  #described(path: string, schema: JsonObject): JsonObject {
    const description = DESCRIPTIONS[path];
    return description === undefined ? schema : { description, ...schema };
  }
}

/** How server-side apply takes a list. */
function listType(schema: ArraySchema, path: string): JsonObject {
  const keys = schema.mapKeys ?? (schema.mergeKey === undefined ? undefined : [schema.mergeKey]);
  if (keys && !ATOMIC.has(path)) {
    return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  }
  return { 'x-kubernetes-list-type': schema.set ? 'set' : 'atomic' };
}

/** How a strategic merge patch takes a list. */
function patchMeta({ mergeKey, set }: ArraySchema, path: string): JsonObject {
  const strategy = PATCH_STRATEGIES[path] ?? (mergeKey !== undefined || set ? 'merge' : '');
  return {
    ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(strategy === '' ? {} : { 'x-kubernetes-patch-strategy': strategy }),
  };
}
