/**
 * The API server as a pure function over a transaction: a request goes in, a response comes out, and what changed is in
 * the transaction. Authentication, authorisation and field ownership are left out; watches are in `watch.ts`.
 * Source: k8s.io/apiserver pkg/endpoints/{installer,handlers}; Kubernetes 1.35.
 */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest, ApiResponse } from './api.ts';
import * as discovery from './discovery.ts';
import { failureResponse, methodNotAllowed, unknownResource, type Failure } from './failure.ts';
import { parsePath, splitPath, type Target } from './path.ts';
import { getObject, listObjects } from './reading.ts';
import type { Registry } from './registry.ts';
import { deleteCollectionRequest, deleteRequest } from './removing.ts';
import type { ResourceType, Verb } from './resource.ts';
import type { ClusterTransaction } from './transaction.ts';
import { createRequest, patchRequest, replaceRequest, type Written } from './writing.ts';

/** Answers one request; failures are responses with a metav1.Status. Never throws for what a client sent. */
export function handle(tx: ClusterTransaction, registry: Registry, request: ApiRequest): ApiResponse {
  const document = request.method === 'GET' ? documentAt(registry, request) : undefined;
  if (document) return { code: 200, body: document };
  const target = parsePath(registry, request.path);
  const answer = target ? dispatch(tx, target, request) : err(unknownResource());
  if (!answer.ok) return failureResponse(answer.error);
  const warnings = [
    ...(target?.type.warning === undefined ? [] : [target.type.warning]),
    ...answer.value.warnings,
  ];
  return { code: answer.value.code, body: answer.value.body, ...(warnings.length === 0 ? {} : { warnings }) };
}

/** Documents about the server itself. */
function documentAt(registry: Registry, request: ApiRequest): JsonObject | undefined {
  switch (request.path.replace(/\/+$/, '')) {
    case '/version':
      return discovery.VERSION;
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { text: 'ok' };
    case '/api':
      return discovery.wantsAggregated(request)
        ? discovery.aggregated(registry, true)
        : discovery.coreVersions();
    case '/apis':
      return discovery.wantsAggregated(request)
        ? discovery.aggregated(registry, false)
        : discovery.groupList(registry);
    default:
      return groupDocument(registry, request.path);
  }
}

function groupDocument(registry: Registry, path: string): JsonObject | undefined {
  const group = /^\/apis\/([^/]+)\/?$/.exec(path)?.[1];
  if (group !== undefined) return discovery.groupOf(registry, group);
  const split = splitPath(path);
  if (!split || split.rest.length > 0) return undefined;
  const [first = '', second] = split.apiVersion.split('/');
  return second === undefined
    ? discovery.resourceList(registry, '', first)
    : discovery.resourceList(registry, first, second);
}

const plain = (answer: Result<JsonObject, Failure>): Result<Written, Failure> =>
  answer.ok ? ok({ code: 200, body: answer.value, warnings: [] }) : answer;

function dispatch(tx: ClusterTransaction, target: Target, request: ApiRequest): Result<Written, Failure> {
  const verb = verbOf(target, request);
  if (verb === undefined || !target.type.verbs.includes(verb)) return err(methodNotAllowed());
  if (!serves(target.type, target.subresource)) return err(unknownResource());
  switch (verb) {
    case 'get':
      return plain(getObject(tx, target, request));
    case 'list':
    case 'watch':
      return plain(listObjects(tx, target, request));
    case 'create':
      return createRequest(tx, target, request);
    case 'update':
      return replaceRequest(tx, target, request);
    case 'patch':
      return patchRequest(tx, target, request);
    case 'delete':
      return plain(deleteRequest(tx, target, request));
    case 'deletecollection':
      return plain(deleteCollectionRequest(tx, target, request));
  }
}

function serves(type: ResourceType, subresource: string | undefined): boolean {
  if (subresource === 'status') return type.status === true;
  if (subresource === 'scale') return type.scale !== undefined;
  return subresource === undefined || (subresource === 'log' && type.name === 'pods');
}

/** Undefined when the method means nothing there, e.g. PUT on a collection or DELETE of a subresource. */
function verbOf(target: Target, request: ApiRequest): Verb | undefined {
  const one = target.name !== undefined;
  switch (request.method) {
    case 'GET':
      return one ? 'get' : 'list';
    case 'POST':
      return one || (target.type.namespaced && target.namespace === undefined) ? undefined : 'create';
    case 'PUT':
      return one && target.subresource !== 'log' ? 'update' : undefined;
    case 'PATCH':
      return one && target.subresource !== 'log' ? 'patch' : undefined;
    case 'DELETE':
      if (target.subresource !== undefined) return undefined;
      return one ? 'delete' : 'deletecollection';
  }
}
