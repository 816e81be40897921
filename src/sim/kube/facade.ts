/**
 * The API server as a pure function over a transaction: a request goes in, a response comes out, and what changed is in
 * the transaction. Everybody is the cluster's administrator who does not say otherwise; watches are in `watch.ts`.
 * Source: k8s.io/apiserver pkg/endpoints/{installer,handlers}; Kubernetes 1.35.
 */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest, ApiResponse } from './api.ts';
import { ADMIN, forbiddenUser, mayAll } from './authorization.ts';
import {
  failureResponse,
  methodNotAllowed,
  serviceUnavailable,
  unknownResource,
  type Failure,
} from './failure.ts';
import { parsePath, type Target } from './path.ts';
import { found, getObject, listObjects } from './reading.ts';
import type { Registry } from './registry.ts';
import { deleteCollectionRequest, deleteRequest } from './removing.ts';
import type { ResourceType, Subresource, Verb } from './resource.ts';
import { serverDocument } from './server-document.ts';
import type { ClusterTransaction } from './transaction.ts';
import { patchRequest } from './patching.ts';
import { createRequest, replaceRequest, type Written } from './writing.ts';

/** Answers one request; failures are responses with a metav1.Status. Never throws for what a client sent. */
export function handle(tx: ClusterTransaction, whole: Registry, request: ApiRequest): ApiResponse {
  const registry = whole.servedIn(tx);
  const document = request.method === 'GET' ? serverDocument(registry, request) : undefined;
  if (document) return document;
  const target = parsePath(registry, request.path);
  const answer = target ? allowed(tx, target, request) : err(notServed(tx, whole, request));
  if (!answer.ok) return failureResponse(answer.error);
  const warnings = [
    ...(target?.type.warning === undefined ? [] : [target.type.warning]),
    ...answer.value.warnings,
  ];
  return {
    code: answer.value.code,
    body: answer.value.body,
    ...(target?.subresource === 'log' ? { contentType: 'text/plain' } : {}),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Nothing is there, or the server to which the aggregation layer sends requests for it is away. */
function notServed(tx: ClusterTransaction, whole: Registry, { path, method }: ApiRequest): Failure {
  const { type, name } = parsePath(whole, path) ?? {};
  if (type?.servedIn?.(tx) !== 'unavailable') return unknownResource();
  const words = [method.toLowerCase(), type.name, ...(name === undefined ? [] : [name])];
  return serviceUnavailable(words.join(' '));
}

const plain = (answer: Result<JsonObject, Failure>): Result<Written, Failure> =>
  answer.ok ? ok({ code: 200, body: answer.value, warnings: [] }) : answer;

/** Whoever is not the administrator may do what every user may: RBAC objects are left out. */
function allowed(tx: ClusterTransaction, target: Target, request: ApiRequest): Result<Written, Failure> {
  const { user = ADMIN } = request;
  const verb = verbOf(target, request) ?? 'create';
  if (user === ADMIN || mayAll(target.type)) return dispatch(tx, target, request);
  return err(forbiddenUser(user, verb, target));
}

function dispatch(tx: ClusterTransaction, target: Target, request: ApiRequest): Result<Written, Failure> {
  const sub = target.type.subresources?.find(({ name }) => name === target.subresource);
  if (sub && request.method === 'POST') return subresourceRequest(tx, target, request, sub);
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
      return target.type.answer ? answered(tx, target, request) : createRequest(tx, target, request);
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

const sent = ({ body }: ApiRequest): JsonObject => (isJsonObject(body) ? body : {});

/** Reviews: answered like a creation, and forgotten. */
function answered(tx: ClusterTransaction, { type }: Target, request: ApiRequest): Result<Written, Failure> {
  const review = type.answer?.(sent(request), { tx, user: request.user ?? ADMIN });
  return review ? ok({ code: 201, body: review, warnings: [] }) : err(methodNotAllowed());
}

function subresourceRequest(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
  sub: Subresource,
): Result<Written, Failure> {
  const object = found(tx, target);
  if (!object.ok) return object;
  const done = sub.create?.(object.value, sent(request), tx) ?? err(methodNotAllowed());
  return done.ok ? ok({ code: 201, body: done.value, warnings: [] }) : done;
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
