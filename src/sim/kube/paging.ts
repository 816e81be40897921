/**
 * Lists in pieces: `limit` and `continue`. A token says after which object the next piece begins; unlike the real ones the
 * pieces are not all of one revision, for there is no history of the store.
 * Source: Kubernetes API concepts, "Retrieving large results sets in chunks"; k8s.io/apiserver pkg/storage/continue.go.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest } from './api.ts';
import { badRequest, type Failure } from './failure.ts';
import type { KubeObject } from './object.ts';
import { objectKey } from './store.ts';

export interface Page {
  readonly objects: readonly KubeObject[];
  /** Absent on the last piece. */
  readonly continue?: string;
  /** Absent where a selector makes it unknown, and on the last piece. */
  readonly remainingItemCount?: number;
}

const keyOf = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

const TOKEN = /^v1\.((?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+)$/;

/** `objects` come in the order of their keys. */
export function pageOf(objects: readonly KubeObject[], { query = {} }: ApiRequest): Result<Page, Failure> {
  const rest = afterToken(objects, query['continue'] ?? '');
  if (!rest.ok) return rest;
  const most = Number(query['limit'] ?? 0);
  const last = rest.value[most - 1];
  if (!(most > 0) || rest.value.length <= most || !last) return ok({ objects: rest.value });
  const isWhole = [query['labelSelector'], query['fieldSelector']].every((selector) => !selector);
  return ok({
    objects: rest.value.slice(0, most),
    continue: `v1.${encodeURIComponent(keyOf(last))}`,
    ...(isWhole ? { remainingItemCount: rest.value.length - most } : {}),
  });
}

/** What comes after the object that a token names, whether that one is still there or not. */
function afterToken(objects: readonly KubeObject[], token: string): Result<readonly KubeObject[], Failure> {
  if (token === '') return ok(objects);
  const after = decoded(TOKEN.exec(token)?.[1]);
  if (after === undefined) {
    return err(badRequest(`invalid continue token: continue key is not valid: ${JSON.stringify(token)}`));
  }
  return ok(objects.slice(firstAfter(objects, after)));
}

/** Undefined where the bytes are no UTF-8. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Where the objects begin whose keys come after this one. */
function firstAfter(objects: readonly KubeObject[], key: string): number {
  let [from, to] = [0, objects.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const object = objects[middle];
    if (object && keyOf(object) > key) to = middle;
    else from = middle + 1;
  }
  return from;
}
