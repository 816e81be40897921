/**
 * Discovery: which groups, versions and kinds are served, in the old documents and as one aggregated list.
 * Source: k8s.io/api apidiscovery/v2; k8s.io/apimachinery meta/v1 APIGroupList, APIResourceList; Kubernetes 1.35.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import type { ApiRequest } from './api.ts';
import { compact } from './fields.ts';
import type { Registry } from './registry.ts';
import type { ResourceType, Subresource } from './resource.ts';

export const VERSION: JsonObject = {
  major: '1',
  minor: '35',
  emulationMajor: '1',
  emulationMinor: '35',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '34',
  gitVersion: 'v1.35.5',
  gitTreeState: 'clean',
  goVersion: 'go1.25.9',
  compiler: 'gc',
  platform: 'linux/amd64',
};

type Listed = Pick<Subresource, 'name' | 'kind' | 'group' | 'version'> & {
  readonly verbs: readonly string[];
};

/** In alphabetical order. */
function subresources(type: ResourceType): readonly Listed[] {
  const { group, version, kind } = type;
  const verbs = ['get', 'patch', 'update'];
  const all: readonly Listed[] = [
    ...(type.subresources ?? []),
    ...(type.scale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs }] : []),
    ...(type.status ? [{ name: 'status', kind, group, version, verbs }] : []),
  ];
  return [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `/api/v1` and `/apis/G/V`. */
export function resourceList(registry: Registry, group: string, version: string): JsonObject | undefined {
  const types = registry.inGroupVersion(group, version);
  if (types.length === 0) return undefined;
  const resources = types.flatMap((type): readonly Json[] => [
    compact({
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: type.verbs,
      ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
      ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    }),
    ...subresources(type).map((sub) => ({
      name: `${type.plural}/${sub.name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(sub.group === group ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources,
  };
}

/** `/api` */
export function coreVersions(): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'kubernetes.default.svc:443' }],
  };
}

const groupDocument = (group: string, versions: readonly string[]): JsonObject => {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
};

const namedGroups = (registry: Registry) => registry.groups().filter(({ group }) => group !== '');

/** `/apis` */
export const groupList = (registry: Registry): JsonObject => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: namedGroups(registry).map(({ group, versions }) => groupDocument(group, versions)),
});

/** `/apis/G` */
export function groupOf(registry: Registry, name: string): JsonObject | undefined {
  const found = namedGroups(registry).find(({ group }) => group === name);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(found.group, found.versions) };
}

export const wantsAggregated = (request: ApiRequest): boolean =>
  (request.accept ?? '').includes('as=APIGroupDiscoveryList') && (request.accept ?? '').includes('v=v2');

/** `/api` (core) or `/apis` (the named groups) in one document. */
export function aggregated(registry: Registry, core: boolean): JsonObject {
  const groups = core ? registry.groups().filter(({ group }) => group === '') : namedGroups(registry);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        freshness: 'Current',
        resources: registry.inGroupVersion(group, version).map(aggregatedResource),
      })),
    })),
  };
}

function aggregatedResource(type: ResourceType): JsonObject {
  const subs = subresources(type);
  return compact({
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(subs.length === 0
      ? {}
      : {
          subresources: subs.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }),
  });
}
