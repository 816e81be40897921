/**
 * CustomResourceDefinitions, to look at: which custom kinds a cluster has is fixed when it is made, so none can be added or
 * taken away, and their OpenAPI schemas are left out.
 * Source: k8s.io/apiextensions-apiserver pkg/apis/apiextensions/v1, Kubernetes 1.35.
 */
import type { KubeObject } from '../object.ts';
import { column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import type { ClusterTransaction } from '../transaction.ts';

export const CUSTOM_RESOURCE_DEFINITIONS: ResourceType = {
  name: 'customresourcedefinitions.apiextensions.k8s.io',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  kind: 'CustomResourceDefinition',
  listKind: 'CustomResourceDefinitionList',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  columns: [NAME_COLUMN, column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '')],
};

/** What the API server keeps about a custom kind once it serves it. */
export function definitionOf(type: ResourceType, tx: ClusterTransaction): KubeObject {
  const { kind, listKind, plural, singular, shortNames } = type;
  const names = { kind, listKind, plural, singular, ...(shortNames.length > 0 ? { shortNames } : {}) };
  const condition = (which: string, reason: string, message: string) => ({
    lastTransitionTime: tx.timestamp,
    message,
    reason,
    status: 'True',
    type: which,
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: CUSTOM_RESOURCE_DEFINITIONS.kind,
    metadata: { name: type.name, uid: tx.uid(), creationTimestamp: tx.timestamp, generation: 1 },
    spec: {
      conversion: { strategy: 'None' },
      group: type.group,
      names,
      scope: type.namespaced ? 'Namespaced' : 'Cluster',
      versions: [{ name: type.version, served: true, storage: true }],
    },
    status: {
      acceptedNames: names,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      storedVersions: [type.version],
    },
  };
}
