/**
 * Everything that a cluster with Calico may serve: Kubernetes' own kinds, Calico's stored ones, and what an install by the operator
 * adds: its own kinds where its CRDs are, and projectcalico.org/v3 while Calico's API server is registered.
 */
import { builtinRegistry } from '../../kube/builtin-registry.ts';
import type { ServiceCidrs } from '../../kube/kinds/service.ts';
import { apiServices, servedBy } from '../../kube/kinds/api-service.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../kube/kinds/custom-resource-definition.ts';
import type { Registry } from '../../kube/registry.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { calicoV3Resources } from './apiserver/resources.ts';
import { INSTALLATIONS, V3_API_SERVICE } from './operator/kinds.ts';
import { operatorResources } from './operator/resources.ts';
import { calicoResources } from './resources.ts';

/** Aggregated kinds stand before custom ones, as in discovery: a plural that both have means theirs. */
export function calicoRegistry(cidrs: ServiceCidrs): Registry {
  const registry: Registry = builtinRegistry(cidrs).with([
    apiServices({
      local: (store) => localVersions(registry.servedIn(store)),
      // Where nothing extends the API there is nothing to look at: a manifest install does not serve the kind.
      servedIn: (store) =>
        store.get(CUSTOM_RESOURCE_DEFINITIONS.name, undefined, INSTALLATIONS) ? 'served' : 'absent',
    }),
    ...calicoV3Resources.map(aggregated),
    ...calicoResources,
    ...operatorResources,
  ]);
  return registry;
}

const aggregated = (type: ResourceType): ResourceType => ({
  ...type,
  servedIn: (store) => servedBy(store, V3_API_SERVICE),
});

const localVersions = (registry: Registry): readonly { readonly group: string; readonly version: string }[] =>
  registry
    .groups()
    .filter(({ group }) => group !== 'projectcalico.org')
    .flatMap(({ group, versions }) => versions.map((version) => ({ group, version })));
