/**
 * What a kind of object is to the API server: its names, its schema, how it is defaulted, validated and printed. Built-in
 * kinds (`kinds/*`) and custom ones (a CNI provider's CRDs) are the same data; `registry.ts` collects them.
 * Source: k8s.io/apimachinery meta/v1 APIResource; k8s.io/kubernetes pkg/printers/internalversion, Kubernetes 1.35.
 */
import type { JsonObject } from '../../base/json.ts';
import type { Result } from '../../base/result.ts';
import type { Epoch, Millis } from '../core/time.ts';
import type { Failure } from './failure.ts';
import type { FieldError } from './field-error.ts';
import { ageOf } from './human-duration.ts';
import type { NameRule } from './name.ts';
import type { KubeObject, ResourceName } from './object.ts';
import type { ProgramLog } from './pod-log.ts';
import type { Schema } from './schema.ts';
import type { ObjectStore } from './store.ts';
import type { ClusterTransaction } from './transaction.ts';
import type { View } from './views.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** `unavailable`: an aggregated API server is registered for it and does not answer. */
export type Served = 'served' | 'absent' | 'unavailable';

export interface ResourceType {
  /** `<plural>.<group>`; core kinds are just the plural. Also the store's table name. */
  readonly name: ResourceName;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  /** e.g. `all`, for `kubectl get all`. */
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** What a server-side table shows, `Name` included; priority 1 is `-o wide`. */
  readonly columns: readonly PrinterColumn[];
  /** Has a status subresource: a write to the object keeps the old status, a write to `/status` keeps the rest. */
  readonly status?: boolean;
  /** Keeps the status it is created with, as nodes do. */
  readonly statusOnCreate?: boolean;
  readonly scale?: ScalePaths;
  /** Beside status and scale. */
  readonly subresources?: readonly Subresource[];
  /** What its objects may be called; `subdomain` unless said. */
  readonly nameRule?: NameRule;
  /** Counts changes of the spec in metadata.generation. */
  readonly generation?: boolean;
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: readonly string[];
  /** Read on every request for the kind, e.g. a deprecation; kubectl prints `Warning: <text>`. */
  readonly warning?: string;
  /** Custom resources: no strategic merge patch, validation texts of CRD schemas. */
  readonly custom?: boolean;
  /** Structural schema of the members beside apiVersion, kind and metadata (every kind has those): defaults, strict
   * unknown-field errors, merge keys. Without one anything is accepted. */
  readonly schema?: Schema;
  /** Completes an object after schema defaulting (admission, allocation); `before` on updates. */
  defaults?(object: KubeObject, tx: ClusterTransaction, before: KubeObject | undefined): KubeObject;
  /** All that is wrong with it; `before` is undefined on create. */
  validate?(
    object: KubeObject,
    before: KubeObject | undefined,
    tx: ClusterTransaction,
  ): readonly FieldError[];
  /** Its objects are another kind's, shown by an aggregated API server. */
  readonly view?: View;
  /** Kinds that come and go with what is installed: whether a cluster serves it now. Always, unless said. */
  servedIn?(store: Pick<ObjectStore, 'get'>): Served;
  /** Of pods: what programs write, besides those whose output is built in. */
  readonly logs?: Readonly<Record<string, ProgramLog>>;
  /** Answers a create and stores nothing, as reviews do. */
  answer?(body: JsonObject, context: AnswerContext): JsonObject;
  /** Objects that are made when they are asked for, instead of stored ones. */
  computed?(tx: ClusterTransaction): readonly KubeObject[];
  /** A refusal before validation (admission, authorisation), e.g. deleting `default`: HTTP 403 text. */
  forbid?(
    operation: 'create' | 'update' | 'delete',
    object: KubeObject,
    tx: ClusterTransaction,
  ): string | undefined;
}

export interface AnswerContext {
  readonly tx: ClusterTransaction;
  /** Who asks. */
  readonly user: string;
}

/** A path below an object with a meaning of its own, e.g. `pods/eviction`. */
export interface Subresource {
  readonly name: string;
  /** What a client sends or gets there. */
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly ('create' | 'get')[];
  /** What a POST does; exec and its like are streams, which a listener serves. */
  create?(object: KubeObject, body: JsonObject, tx: ClusterTransaction): Result<JsonObject, Failure>;
}

/** Members of spec and status that the scale subresource reads and writes. */
export interface ScalePaths {
  readonly specReplicas: 'replicas';
  readonly statusReplicas: 'replicas';
}

export interface PrinterColumn {
  /** As the server names it (`Nominated Node`); kubectl prints it in capitals. */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  /** 0 always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
  /** Null prints as nothing, as a custom column whose path is missing does. */
  cell(object: KubeObject, context: CellContext): string | number | boolean | null;
}

export interface CellContext {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Milliseconds since 1970 at a virtual instant. */
export const wallClock = (epoch: Epoch, now: Millis): number => epoch + now;

export const NAME_COLUMN: PrinterColumn = {
  name: 'Name',
  type: 'string',
  priority: 0,
  cell: (object) => object.metadata.name,
};

export const AGE_COLUMN: PrinterColumn = {
  name: 'Age',
  type: 'string',
  priority: 0,
  cell: (object, { now }) => ageOf(object.metadata.creationTimestamp, now),
};

/** The columns of a custom resource that declares none. */
export const CUSTOM_COLUMNS: readonly PrinterColumn[] = [NAME_COLUMN, { ...AGE_COLUMN, type: 'date' }];

/** A column of strings (priority 0 unless said). */
export function column(
  name: string,
  cell: PrinterColumn['cell'],
  options: Partial<Pick<PrinterColumn, 'type' | 'priority'>> = {},
): PrinterColumn {
  return { name, type: options.type ?? 'string', priority: options.priority ?? 0, cell };
}

export const apiVersionOf = (type: Pick<ResourceType, 'group' | 'version'>): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

/** `<plural>.<group>`, the way errors and the store name a resource. */
export const resourceName = (plural: string, group: string): ResourceName =>
  group === '' ? plural : `${plural}.${group}`;
