/**
 * The cluster as kubectl's client library sees it: REST paths of types and objects, and failures as exceptions of one
 * kind. Everything goes through `ClusterPort`, so the simulator's facade is the only judge.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import type { ClusterPort } from '../command.ts';
import {
  ACCEPT_TABLE,
  CONTENT_TYPE,
  type ApiRequest,
  type ApiResponse,
  type ApiWatchEvent,
} from '../../kube/api.ts';
import { ACCEPT_DISCOVERY, ResourceTypes, type ResourceType } from './discovery.ts';
import { ApiFailure, checked, Failure } from './failure.ts';

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly table?: boolean;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager: string;
  /** `Strict`, `Warn` or `Ignore`. */
  readonly fieldValidation?: string;
}

export interface ObjectRef {
  readonly type: ResourceType;
  /** Undefined for cluster-scoped types. */
  readonly namespace: string | undefined;
  readonly name: string;
}

const USER_AGENT = 'kubectl';

export class Api {
  readonly #cluster: ClusterPort;
  readonly #identity: { readonly user?: string };
  readonly #warnings: string[] = [];
  readonly #warned = new Set<string>();
  #types: ResourceTypes | undefined;

  /** `user`: whom to speak as; the cluster's administrator otherwise. */
  constructor(cluster: ClusterPort, user = '') {
    this.#cluster = cluster;
    this.#identity = user === '' ? {} : { user };
  }

  get types(): ResourceTypes {
    this.#types ??= ResourceTypes.of(
      this.raw({ method: 'GET', path: '/api', accept: ACCEPT_DISCOVERY }),
      this.raw({ method: 'GET', path: '/apis', accept: ACCEPT_DISCOVERY }),
    );
    return this.#types;
  }

  /** The type a word means; fails as kubectl does when there is none. */
  type(word: string): ResourceType {
    const found = this.types.named(word);
    if (!found)
      throw new Failure(
        `error: the server doesn't have a resource type ${JSON.stringify(word.split('.')[0])}`,
      );
    return found;
  }

  raw(request: ApiRequest): JsonObject {
    return checked(this.#ask(request));
  }

  /** Warnings of the server since the last call, each sentence once per command. */
  takeWarnings(): readonly string[] {
    return this.#warnings.splice(0);
  }

  /** How many different warnings came so far. */
  get warned(): number {
    return this.#warned.size;
  }

  get(ref: ObjectRef, table = false): JsonObject {
    return this.raw({ method: 'GET', path: objectPath(ref), ...(table ? { accept: ACCEPT_TABLE } : {}) });
  }

  /** Undefined when there is no such object. */
  find(ref: ObjectRef): JsonObject | undefined {
    const response = this.#ask({ method: 'GET', path: objectPath(ref) });
    return response.code === 404 ? undefined : checked(response);
  }

  list(type: ResourceType, namespace: string | undefined, options: ListOptions = {}): JsonObject {
    return this.rawList(type, namespace, {
      query: listQuery(options),
      ...(options.table === true ? { accept: ACCEPT_TABLE } : {}),
    });
  }

  /** A list as the request asks for it; a refusal says what was looked for. */
  rawList(
    type: ResourceType,
    namespace: string | undefined,
    request: Pick<ApiRequest, 'query' | 'accept'>,
  ): JsonObject {
    try {
      return this.raw({ method: 'GET', path: collectionPath(type, namespace), ...request });
    } catch (error) {
      if (!(error instanceof ApiFailure) || (error.code !== 400 && error.code !== 404)) throw error;
      const { labelSelector = '', fieldSelector = '' } = request.query ?? {};
      const subject = JSON.stringify(`${type.group}/${type.version}, Resource=${type.plural}`);
      throw error.saying(
        `Unable to find ${subject} that match label selector ${JSON.stringify(labelSelector)}, field selector ${JSON.stringify(fieldSelector)}: ${error.detail}`,
      );
    }
  }

  items(type: ResourceType, namespace: string | undefined, options: ListOptions = {}): readonly JsonObject[] {
    return itemsOf(this.list(type, namespace, options));
  }

  watch(
    type: ResourceType,
    namespace: string | undefined,
    options: ListOptions & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<ApiWatchEvent> {
    return this.#cluster.watch(
      {
        method: 'GET',
        path: collectionPath(type, namespace),
        query: { ...listQuery(options), watch: 'true', resourceVersion: options.resourceVersion },
        userAgent: USER_AGENT,
        ...this.#identity,
        ...(options.table === true ? { accept: ACCEPT_TABLE } : {}),
      },
      options.signal,
    );
  }

  create(
    type: ResourceType,
    namespace: string | undefined,
    body: JsonObject,
    options: WriteOptions,
  ): JsonObject {
    return this.raw({
      method: 'POST',
      path: collectionPath(type, namespace),
      query: writeQuery(options),
      contentType: CONTENT_TYPE.json,
      body,
    });
  }

  replace(
    ref: ObjectRef,
    body: JsonObject,
    options: WriteOptions & { readonly subresource?: string },
  ): JsonObject {
    return this.raw({
      method: 'PUT',
      path: subresourcePath(ref, options.subresource),
      query: writeQuery(options),
      contentType: CONTENT_TYPE.json,
      body,
    });
  }

  patch(
    ref: ObjectRef,
    body: Json,
    options: WriteOptions & {
      readonly contentType: string;
      readonly subresource?: string;
      readonly force?: boolean;
    },
  ): JsonObject {
    return this.raw({
      method: 'PATCH',
      path: subresourcePath(ref, options.subresource),
      query: {
        ...writeQuery(options),
        ...(options.force === undefined ? {} : { force: String(options.force) }),
      },
      contentType: options.contentType,
      body,
    });
  }

  delete(ref: ObjectRef, body: JsonObject, dryRun: boolean): JsonObject {
    return this.raw({
      method: 'DELETE',
      path: objectPath(ref),
      query: dryRun ? { dryRun: 'All' } : {},
      contentType: CONTENT_TYPE.json,
      body,
    });
  }

  #ask(request: ApiRequest): ApiResponse {
    const response = this.#cluster.request({ userAgent: USER_AGENT, ...this.#identity, ...request });
    for (const warning of response.warnings ?? []) {
      if (!this.#warned.has(warning)) this.#warnings.push(warning);
      this.#warned.add(warning);
    }
    return response;
  }
}

export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const inside = type.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}${inside}/${type.plural}`;
}

export function objectPath(ref: ObjectRef): string {
  return `${collectionPath(ref.type, ref.namespace)}/${ref.name}`;
}

const subresourcePath = (ref: ObjectRef, subresource: string | undefined): string =>
  subresource === undefined ? objectPath(ref) : `${objectPath(ref)}/${subresource}`;

export function itemsOf(list: JsonObject): readonly JsonObject[] {
  const items = list['items'];
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
}

function listQuery(options: ListOptions): Record<string, string> {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

function writeQuery(options: WriteOptions): Record<string, string> {
  return {
    ...(options.dryRun === true ? { dryRun: 'All' } : {}),
    fieldManager: options.fieldManager,
    ...(options.fieldValidation === undefined ? {} : { fieldValidation: options.fieldValidation }),
  };
}
