/**
 * Resource documents as calicoctl reads them: YAML or JSON, several to a file, lists opened, and every field checked
 * against its kind, since an unknown field is an error.
 * Source: calicoctl/calicoctl/resourcemgr/resourcemgr.go, sigs.k8s.io/yaml UnmarshalStrict, Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { OBJECT_META } from '../../kube/kind-schema.ts';
import { any, object, string, type Schema } from '../../kube/schema.ts';
import { parseYaml } from '../kubectl/manifest.ts';
import { Failure as KubectlFailure } from '../kubectl/failure.ts';
import { managerOf } from './kinds/kinds.ts';
import type { ResourceManager } from './kinds/manager.ts';
import { V3 } from '../../cni/calico/apiserver/metadata.ts';

export interface Document {
  readonly manager: ResourceManager;
  readonly resource: JsonObject;
}

/** The resources of one text; the error is what follows `failed to execute command: `. */
export function readDocuments(source: string, content: string): Result<readonly Document[], string> {
  const values = parsed(source, content);
  if (!values.ok) return values;
  const documents: Document[] = [];
  for (const value of values.value.flatMap((each) =>
    Array.isArray(each) ? (each as readonly Json[]) : [each],
  )) {
    if (value === null) continue;
    const read = readDocument(value);
    if (!read.ok) return read;
    documents.push(...read.value);
  }
  return ok(documents);
}

function parsed(source: string, content: string): Result<readonly Json[], string> {
  try {
    return ok(parseYaml(source, content));
  } catch (problem) {
    if (problem instanceof KubectlFailure)
      return err(problem.message.replace(/^error: error parsing [^\n]*?: /, ''));
    throw problem;
  }
}

/** One value of a file, or what a patch made. */
export function readDocument(value: Json): Result<readonly Document[], string> {
  if (!isJsonObject(value)) {
    return err(
      'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}',
    );
  }
  const { kind, apiVersion } = value;
  if (typeof kind !== 'string' || kind === '')
    return err(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  const manager = apiVersion === V3 ? managerOf(kind) : undefined;
  if (!manager) {
    return err(`unknown resource type (${kind}) and/or version (${String(apiVersion ?? '')})`);
  }
  const schema = kind === manager.kind ? resourceSchema(manager) : listSchema(manager);
  const problem = strictProblem(value, schema, { path: '', type: kind });
  if (problem !== undefined) return err(problem);
  if (kind === manager.kind) return ok([{ manager, resource: value }]);
  const items = Array.isArray(value['items']) ? value['items'].filter(isJsonObject) : [];
  return ok(items.map((item) => ({ manager, resource: { kind: manager.kind, apiVersion: V3, ...item } })));
}

const TYPE = { apiVersion: string(), kind: string() };

const resourceSchema = (manager: ResourceManager): Schema =>
  object({ ...TYPE, metadata: OBJECT_META, spec: manager.spec, status: manager.status ?? any() });

const listSchema = (manager: ResourceManager): Schema =>
  object({ ...TYPE, metadata: any(), items: { type: 'array', items: resourceSchema(manager) } });

interface Where {
  readonly path: string;
  /** The Go struct that holds the field. */
  readonly type: string;
}

/** The first field that does not belong, in the words of Go's JSON decoder. */
function strictProblem(value: Json | undefined, schema: Schema, where: Where): string | undefined {
  if (value === undefined || value === null || schema.type === 'any') return undefined;
  if (schema.type === 'object' || schema.type === 'map') {
    if (!isJsonObject(value)) return mismatch(value, schema, where);
    return firstProblem(Object.keys(value), (key) => {
      const inner = schema.type === 'map' ? schema.values : schema.fields[key];
      if (!inner)
        return `error unmarshaling JSON: while decoding JSON: json: unknown field ${JSON.stringify(key)}`;
      return strictProblem(value[key], inner, inside(where, key, inner));
    });
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return mismatch(value, schema, where);
    return firstProblem(value as readonly Json[], (item) => strictProblem(item, schema.items, where));
  }
  return scalarFits(value, schema.type) ? undefined : mismatch(value, schema, where);
}

function firstProblem<T>(items: readonly T[], judge: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = judge(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function inside(where: Where, key: string, inner: Schema): Where {
  const path = where.path === '' ? key : `${where.path}.${key}`;
  if (key === 'spec' && inner.type === 'object') return { path, type: `${where.type}Spec` };
  return { path, type: where.type };
}

function scalarFits(value: Json, type: string): boolean {
  switch (type) {
    case 'string':
      // A YAML number or boolean becomes a string where the Go field is one.
      return typeof value !== 'object';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    default:
      return typeof value !== 'object';
  }
}

const GO_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  integer: 'int',
  number: 'float64',
};

function mismatch(value: Json, schema: Schema, { path, type }: Where): string {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const wanted = schema.type === 'array' ? '[]string' : (GO_TYPES[schema.type] ?? `v3.${type}`);
  const shown = found === 'number' && !Number.isInteger(value) ? `number ${String(value)}` : found;
  return `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${shown} into Go struct field ${type}.${path} of type ${wanted}`;
}
