/**
 * Sets of fields, as server-side apply keeps them for each manager: flat paths here, a tree (FieldsV1) on the wire. A path is
 * a list of elements joined by newlines: `f:name` a member, `k:{…}` a list item by its keys, `v:…` an item of a set.
 * Source: sigs.k8s.io/structured-merge-diff v6 fieldpath, typed; FieldsV1 of k8s.io/apimachinery meta/v1.
 */
import { canonicalJson, isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { at } from '../fields.ts';
import { ATOMIC } from '../kinds/field-facts.ts';
import type { ArraySchema, Schema } from '../schema.ts';
import { fieldOf } from './strategic-merge.ts';

export type FieldSet = ReadonlySet<string>;

export const NO_FIELDS: FieldSet = new Set();

const join = (path: string, element: string): string => (path === '' ? element : `${path}\n${element}`);

export const elementsOf = (path: string): readonly string[] => path.split('\n');

export const union = (a: FieldSet, b: FieldSet): FieldSet => new Set([...a, ...b]);
export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  new Set([...a].filter((path) => !b.has(path)));
export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  new Set([...a].filter((path) => b.has(path)));

/** The tree of a managed-fields entry. */
export function toFieldsV1(fields: FieldSet): JsonObject {
  interface Node {
    owned: boolean;
    readonly children: Map<string, Node>;
  }
  const root: Node = { owned: false, children: new Map() };
  for (const path of fields) {
    let node = root;
    for (const element of elementsOf(path)) {
      const next: Node = node.children.get(element) ?? { owned: false, children: new Map() };
      node.children.set(element, next);
      node = next;
    }
    node.owned = true;
  }
  const json = ({ owned, children }: Node): JsonObject => ({
    ...(owned && children.size > 0 ? { '.': {} } : {}),
    ...Object.fromEntries(
      [...children].sort(([a], [b]) => (a < b ? -1 : 1)).map(([element, child]) => [element, json(child)]),
    ),
  });
  return json(root);
}

export function fromFieldsV1(tree: Json | undefined): FieldSet {
  const fields = new Set<string>();
  const walk = (node: JsonObject, path: string): void => {
    const children = Object.entries(node).filter(([element]) => element !== '.');
    if (path !== '' && (children.length === 0 || node['.'] !== undefined)) fields.add(path);
    for (const [element, child] of children) walk(isJsonObject(child) ? child : {}, join(path, element));
  };
  if (isJsonObject(tree)) walk(tree, '');
  return fields;
}

/** `.spec.template.spec.containers[name="web"].image` */
export function printPath(path: string): string {
  return elementsOf(path)
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys: unknown = JSON.parse(rest);
      const pairs = Object.entries(isJsonObject(keys) ? keys : {});
      return `[${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** A field of an object as a set sees it: a value to be owned whole, an item of a keyed list, or a map or list with members. */
export interface Field {
  readonly kind: 'leaf' | 'item' | 'container';
  readonly value: Json;
}

/** The key of a list's item, with defaults for what it leaves out. */
export function itemElement(schema: ArraySchema, item: Json): string | undefined {
  if (schema.set) return `v:${canonicalJson(item)}`;
  const keys = schema.mapKeys ?? (schema.mergeKey === undefined ? undefined : [schema.mergeKey]);
  if (!keys) return undefined;
  const values = [...keys]
    .sort()
    .map((key): [string, Json | undefined] => [key, at(item, key) ?? fieldOf(schema.items, key)?.default]);
  return `k:${JSON.stringify(Object.fromEntries(values))}`;
}

const isKeyed = (schema: Schema | undefined, path: string): schema is ArraySchema =>
  schema?.type === 'array' &&
  !ATOMIC.has(path) &&
  (schema.set === true || schema.mapKeys !== undefined || schema.mergeKey !== undefined);

/** Whether a map or struct has one owner as a whole. `place` is `Type.field`. */
export const isAtomic = (schema: Schema | undefined, place: string): boolean =>
  ATOMIC.has(place) || (schema?.type === 'object' && ATOMIC.has(schema.goType ?? ''));

/** All fields of a value by path. */
export function fieldsOf(schema: Schema | undefined, value: Json | undefined): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  walk({ schema, place: '', path: '' }, value, fields);
  return fields;
}

interface Here {
  readonly schema: Schema | undefined;
  readonly place: string;
  readonly path: string;
}

function walk(here: Here, value: Json | undefined, fields: Map<string, Field>): void {
  if (value === undefined) return;
  const { schema, path } = here;
  if (isLeaf(here, value)) {
    if (path !== '') fields.set(path, { kind: 'leaf', value });
  } else if (isJsonObject(value)) {
    // Items of keyed lists are known already, and the whole is no field.
    if (path !== '' && !path.endsWith('}')) fields.set(path, { kind: 'container', value });
    for (const [key, member] of Object.entries(value)) walk(memberOf(here, key), member, fields);
  } else if (schema?.type === 'array' && Array.isArray(value)) {
    fields.set(path, { kind: 'container', value: value as readonly Json[] });
    for (const item of value as readonly Json[]) walkItem(schema, path, item, fields);
  }
}

function memberOf({ schema, path }: Here, key: string): Here {
  const type = schema?.type === 'object' ? (schema.goType ?? '') : '';
  return { schema: fieldOf(schema, key), place: `${type}.${key}`, path: join(path, `f:${key}`) };
}

function walkItem(schema: ArraySchema, path: string, item: Json, fields: Map<string, Field>): void {
  const element = itemElement(schema, item);
  if (element === undefined) return;
  const own = join(path, element);
  if (element.startsWith('v:')) {
    fields.set(own, { kind: 'leaf', value: item });
    return;
  }
  fields.set(own, { kind: 'item', value: item });
  walk({ schema: schema.items, place: '', path: own }, item, fields);
}

/** Fields that are structs and lists in Go even when empty: nobody brings them into being. */
const ALWAYS = new Set(
  ['spec', 'status', 'metadata', 'template', 'strategy', 'updateStrategy', 'containers'].map(
    (key) => `f:${key}`,
  ),
);

const isNamed = (path: string, { kind }: Field): boolean =>
  kind !== 'container' || !ALWAYS.has(elementsOf(path).at(-1) ?? '');

export interface Comparison {
  /** Added or changed. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

export function compare(schema: Schema | undefined, before: Json | undefined, after: Json): Comparison {
  const [old, now] = [fieldsOf(schema, before), fieldsOf(schema, after)];
  const changed = new Set<string>();
  for (const [path, field] of now) {
    const was = old.get(path);
    if (!was ? isNamed(path, field) : field.kind === 'leaf' && !jsonEquals(was.value, field.value))
      changed.add(path);
  }
  const removed = new Set([...old.keys()].filter((path) => !now.has(path)));
  return { changed, removed };
}

/** What an applied configuration lays claim to. */
export function claimedBy(schema: Schema | undefined, configuration: Json): FieldSet {
  const fields = [...fieldsOf(schema, configuration)];
  return new Set(fields.filter(([, { kind }]) => kind !== 'container').map(([path]) => path));
}

/** The value without those fields; a map or list that has lost its last member goes with it. */
export function withoutFields(schema: Schema | undefined, value: Json, gone: FieldSet): Json {
  return gone.size === 0 ? value : (stripped({ schema, place: '', path: '' }, value, gone) ?? {});
}

function stripped(here: Here, value: Json, gone: FieldSet): Json | undefined {
  const isItem = elementsOf(here.path).at(-1)?.startsWith('k:') === true;
  const leaf = isLeaf(here, value);
  if (gone.has(here.path) && (leaf || isItem)) return undefined;
  if (leaf) return value;
  return Array.isArray(value)
    ? strippedList(here, value as readonly Json[], gone)
    : strippedObject(here, value as JsonObject, gone);
}

function strippedList({ schema, path }: Here, value: readonly Json[], gone: FieldSet): Json | undefined {
  if (schema?.type !== 'array') return value;
  const kept = value.flatMap((item): readonly Json[] => {
    const own = join(path, itemElement(schema, item) ?? '');
    const left = stripped({ schema: schema.items, place: '', path: own }, item, gone);
    return left === undefined ? [] : [left];
  });
  return kept.length === 0 ? undefined : kept;
}

function strippedObject(here: Here, value: JsonObject, gone: FieldSet): Json | undefined {
  const kept = Object.entries(value).flatMap(([key, member]): [string, Json][] => {
    const left = member === undefined ? undefined : stripped(memberOf(here, key), member, gone);
    return left === undefined ? [] : [[key, left]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function isLeaf({ schema, place }: Here, value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0 || !isKeyed(schema, place);
  if (!isJsonObject(value)) return true;
  return Object.keys(value).length === 0 || isAtomic(schema, place);
}
