/**
 * The words of the Kubernetes API as the facade speaks it: HTTP without sockets. `facade.ts` answers; the in-app kubectl
 * and calicoctl ask, and so does the loopback listener for stock kubectl.
 * Source: Kubernetes API concepts; k8s.io/apimachinery meta/v1 Status, Table, WatchEvent.
 */
import type { Json, JsonObject } from '../../base/json.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** e.g. `/api/v1/namespaces/default/pods/web` */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: Json;
  /** Who asks, for managed fields and events: `kubectl`, `calicoctl`, `learner`. */
  readonly userAgent?: string;
  /** As whom the client wants to be taken (`kubectl --as`); the cluster's administrator unless said. */
  readonly user?: string;
}

export interface ApiResponse {
  /** HTTP status code; failures carry a metav1.Status as body. */
  readonly code: number;
  /** With the content type `text/plain`, the text is its member `text`. */
  readonly body: JsonObject;
  /** `application/json` unless said. */
  readonly contentType?: string;
  /** `Warning` headers, which kubectl prints to stderr as `Warning: <text>`. */
  readonly warnings?: readonly string[];
  /** Nobody answered, and why; the code is then 503, for clients behind a listener that does. */
  readonly fault?: ApiServerFault;
}

export interface ApiServerFault {
  /** As a client's operating system says it. */
  readonly why: 'connection refused' | 'no route to host';
  /** `address:port` */
  readonly server: string;
}

export function unanswered(fault: ApiServerFault, { method, path }: ApiRequest): ApiResponse {
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  const message = `${verb} "https://${fault.server}${path}": dial tcp ${fault.server}: connect: ${fault.why}`;
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 503 };
  return { code: 503, body: { ...body, reason: 'ServiceUnavailable' }, fault };
}

export interface ApiWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

/** `Accept` value that asks for a server-side table. */
export const ACCEPT_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export const CONTENT_TYPE = {
  json: 'application/json',
  jsonPatch: 'application/json-patch+json',
  mergePatch: 'application/merge-patch+json',
  strategicMergePatch: 'application/strategic-merge-patch+json',
  applyPatch: 'application/apply-patch+yaml',
} as const;
