/**
 * What an API server says about itself: its version, its health, what it serves.
 * Source: k8s.io/apiserver pkg/server/{healthz,routes}, pkg/endpoints/discovery; Kubernetes 1.35.
 */
import type { JsonObject } from '../../base/json.ts';
import type { ApiRequest, ApiResponse } from './api.ts';
import * as discovery from './discovery.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';
import { splitPath } from './path.ts';
import type { Registry } from './registry.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Undefined when the path is about no such document. */
export function serverDocument(registry: Registry, request: ApiRequest): ApiResponse | undefined {
  const path = request.path.replace(/\/+$/, '');
  switch (path) {
    case '/version':
      return document(discovery.VERSION);
    case '/healthz':
    case '/livez':
    case '/readyz':
      return health(path.slice(1), request.query?.['verbose'] !== undefined);
    case '/api':
    case '/apis':
      if (discovery.wantsAggregated(request)) {
        return { ...document(discovery.aggregated(registry, path === '/api')), contentType: AGGREGATED };
      }
      return document(path === '/api' ? discovery.coreVersions() : discovery.groupList(registry));
    case '/openapi/v3':
      return document(openApiIndex(registry));
    default: {
      const body = path.startsWith('/openapi/v3/')
        ? openApiDocument(registry, path.slice('/openapi/v3/'.length))
        : groupDocument(registry, path);
      return body && document(body);
    }
  }
}

const document = (body: JsonObject): ApiResponse => ({ code: 200, body });

/** With `?verbose` the checks are listed; the simulated server has only the first one. */
function health(name: string, verbose: boolean): ApiResponse {
  const text = verbose ? `[+]ping ok\n${name} check passed\n` : 'ok';
  return { code: 200, contentType: 'text/plain', body: { text } };
}

function groupDocument(registry: Registry, path: string): JsonObject | undefined {
  const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  if (group !== undefined) return discovery.groupOf(registry, group);
  const split = splitPath(path);
  if (!split || split.rest.length > 0) return undefined;
  const [first = '', second] = split.apiVersion.split('/');
  return second === undefined
    ? discovery.resourceList(registry, '', first)
    : discovery.resourceList(registry, first, second);
}
