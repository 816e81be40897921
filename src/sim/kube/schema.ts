/**
 * Structural schemas: which fields an object has, their types, defaults and list merge keys. They drive strict decoding,
 * defaulting and strategic merge, and OpenAPI documents are printed from them.
 * Source: k8s.io/apiextensions-apiserver pkg/apiserver/schema; patch keys of k8s.io/api types.go, Kubernetes 1.35.
 */
import type { Json } from '../../base/json.ts';

export type Schema = ObjectSchema | MapSchema | ArraySchema | ScalarSchema | AnySchema;

export interface ObjectSchema {
  readonly type: 'object';
  readonly fields: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: Json;
  /** The Go struct of a built-in kind, for its decoding errors, e.g. `DeploymentSpec`. */
  readonly goType?: string;
  readonly nullable?: boolean;
}

/** An object with free keys, e.g. labels. */
export interface MapSchema {
  readonly type: 'map';
  readonly values: Schema;
  readonly default?: Json;
  readonly nullable?: boolean;
}

export interface ArraySchema {
  readonly type: 'array';
  readonly items: Schema;
  /** Strategic merge: elements with the same value of this member are one; without, the list is replaced. */
  readonly mergeKey?: string;
  /** Strategic merge of scalars: union. */
  readonly set?: boolean;
  /** Server-side apply: the members that identify an element; the merge key when absent. */
  readonly mapKeys?: readonly string[];
  readonly default?: Json;
  readonly nullable?: boolean;
}

export interface ScalarSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string' | 'quantity';
  readonly default?: Json;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly nullable?: boolean;
}

/** Anything, kept as it is (x-kubernetes-preserve-unknown-fields). */
export interface AnySchema {
  readonly type: 'any';
  readonly default?: Json;
  readonly nullable?: boolean;
}

export const string = (options: Omit<ScalarSchema, 'type'> = {}): ScalarSchema => ({
  type: 'string',
  ...options,
});
export const integer = (options: Omit<ScalarSchema, 'type'> = {}): ScalarSchema => ({
  type: 'integer',
  ...options,
});
export const number = (options: Omit<ScalarSchema, 'type'> = {}): ScalarSchema => ({
  type: 'number',
  ...options,
});
export const boolean = (options: Omit<ScalarSchema, 'type'> = {}): ScalarSchema => ({
  type: 'boolean',
  ...options,
});
export const intOrString = (options: Omit<ScalarSchema, 'type'> = {}): ScalarSchema => ({
  type: 'int-or-string',
  ...options,
});
export const quantity = (): ScalarSchema => ({ type: 'quantity' });
export const any = (): AnySchema => ({ type: 'any' });
export const map = (values: Schema): MapSchema => ({ type: 'map', values });
export const array = (items: Schema, options: Omit<ArraySchema, 'type' | 'items'> = {}): ArraySchema => ({
  type: 'array',
  items,
  ...options,
});
export const object = (
  fields: Readonly<Record<string, Schema>>,
  options: Omit<ObjectSchema, 'type' | 'fields'> = {},
): ObjectSchema => ({ type: 'object', fields, ...options });
