/**
 * Schemas of an OpenAPI v3 document as kubectl explain reads them: references, lists and maps lead to the type behind them.
 * Source: k8s.io/kubectl/pkg/explain/v2 (funcs.go, generator.go and the plaintext template), v0.35.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { listAt, objectAt, textAt } from '../../../kube/fields.ts';

export class Schemas {
  readonly #components: JsonObject;

  constructor(document: JsonObject) {
    this.#components = objectAt(document, 'components', 'schemas');
  }

  /** The component of a kind; undefined when the document has none. */
  ofKind(group: string, version: string, kind: string): JsonObject | undefined {
    return Object.values(this.#components)
      .filter(isJsonObject)
      .find((schema) =>
        listAt(schema, 'x-kubernetes-group-version-kind').some(
          (one) => one['group'] === group && one['version'] === version && one['kind'] === kind,
        ),
      );
  }

  /** The schema and all it stands for, one behind the other: its reference, its items, its values. */
  chain(schema: JsonObject): readonly JsonObject[] {
    const [first] = listAt(schema, 'allOf');
    const next = this.#referred(schema) ?? first ?? inner(schema);
    return next ? [schema, ...this.chain(next)] : [schema];
  }

  /** The fields behind a schema in alphabetical order, with the owner that says which are required. */
  fields(schema: JsonObject): readonly Field[] {
    const owner = this.chain(schema).find((one) => isJsonObject(one['properties']));
    const required = stringsOf(owner?.['required']);
    return Object.entries(objectAt(owner, 'properties'))
      .filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => ({ name, schema: field, required: required.includes(name) }));
  }

  /** `string`, `[]Container`, `map[string]string`, `IntOrString`, `Object`. */
  typeName(schema: JsonObject): string {
    const items = schema['items'];
    if (isJsonObject(items)) return `[]${this.typeName(items)}`;
    const values = schema['additionalProperties'];
    if (isJsonObject(values)) return `map[string]${this.typeName(values)}`;
    const [first] = listAt(schema, 'allOf');
    if (first) return this.typeName(first);
    const target = this.#referred(schema);
    const plain = textAt(target ?? schema, 'type');
    if (plain !== '' && plain !== 'object') return plain;
    return target ? (textAt(schema, '$ref').split('.').at(-1) ?? '') : 'Object';
  }

  /** The names of the components a schema refers to, which tell when a type holds itself. */
  references(schema: JsonObject): readonly string[] {
    return this.chain(schema).flatMap((one) => (typeof one['$ref'] === 'string' ? [one['$ref']] : []));
  }

  #referred(schema: JsonObject): JsonObject | undefined {
    const name = textAt(schema, '$ref').replace('#/components/schemas/', '');
    const found = name === '' ? undefined : this.#components[name];
    return isJsonObject(found) ? found : undefined;
  }
}

export interface Field {
  readonly name: string;
  readonly schema: JsonObject;
  readonly required: boolean;
}

function inner(schema: JsonObject): JsonObject | undefined {
  return [schema['items'], schema['additionalProperties']].find(isJsonObject);
}

export function stringsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
