/**
 * API paths: which resource, object and subresource a request is about.
 * Source: Kubernetes API concepts, "Resource URIs"; k8s.io/apiserver pkg/endpoints/request/requestinfo.go.
 */
import type { Registry } from './registry.ts';
import type { ResourceType } from './resource.ts';

export interface Target {
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** The part of a path after its group and version; undefined when the path names no group and version. */
export function splitPath(
  path: string,
): { readonly apiVersion: string; readonly rest: readonly string[] } | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(unescaped);
  if (parts[0] === 'api' && parts[1] !== undefined) return { apiVersion: parts[1], rest: parts.slice(2) };
  if (parts[0] === 'apis' && parts[1] !== undefined && parts[2] !== undefined) {
    return { apiVersion: `${parts[1]}/${parts[2]}`, rest: parts.slice(3) };
  }
  return undefined;
}

/** What is no escape of UTF-8 stands for itself, and names nothing that exists. */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Members of a namespace object's own path, as against resources inside the namespace. */
const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];

/** Undefined when nothing is served there. */
export function parsePath(registry: Registry, path: string): Target | undefined {
  const split = splitPath(path);
  if (!split) return undefined;
  const { namespace, rest } = namespaceOf(split.rest);
  const [plural, name, subresource, ...beyond] = rest;
  const type = plural === undefined ? undefined : registry.byPlural(split.apiVersion, plural);
  if (!type || beyond.length > 0 || !isAddressable(type, namespace, name)) return undefined;
  return {
    type,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function namespaceOf(rest: readonly string[]): {
  readonly namespace?: string;
  readonly rest: readonly string[];
} {
  const [first, namespace, next] = rest;
  const isInside = first === 'namespaces' && next !== undefined && !NAMESPACE_SUBRESOURCES.includes(next);
  return isInside && namespace !== undefined ? { namespace, rest: rest.slice(2) } : { rest };
}

/** Only lists may leave out the namespace of a namespaced kind; others have none. */
const isAddressable = (
  type: ResourceType,
  namespace: string | undefined,
  name: string | undefined,
): boolean => (type.namespaced ? namespace !== undefined || name === undefined : namespace === undefined);

/** Where an object of a kind lives: `/apis/apps/v1/namespaces/default/deployments/web`. */
export function objectPath(type: ResourceType, namespace: string | undefined, name?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const middle = type.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}${middle}/${type.plural}${name === undefined ? '' : `/${name}`}`;
}
