/** The kinds of a Kubernetes API server that the simulator serves. A CNI provider adds its own by `Registry.with`. */
import { COMPONENT_STATUSES, LEASES } from './kinds/computed.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom-resource-definition.ts';
import { ENDPOINT_SLICES, ENDPOINTS } from './kinds/endpoints.ts';
import { NETWORK_POLICIES } from './kinds/network-policy.ts';
import { NODES } from './kinds/node.ts';
import { CONFIG_MAPS, EVENTS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS } from './kinds/plain.ts';
import { PODS } from './kinds/pod.ts';
import { POD_DISRUPTION_BUDGETS } from './kinds/pod-disruption-budget.ts';
import { ACCESS_REVIEWS, SELF_SUBJECT_REVIEWS } from './kinds/review.ts';
import { services, type ServiceCidrs } from './kinds/service.ts';
import { DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS } from './kinds/workload.ts';
import { Registry } from './registry.ts';

export const builtinRegistry = (cidrs: ServiceCidrs): Registry =>
  Registry.of([
    COMPONENT_STATUSES,
    CONFIG_MAPS,
    ENDPOINTS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    services(cidrs),
    CUSTOM_RESOURCE_DEFINITIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    SELF_SUBJECT_REVIEWS,
    ...ACCESS_REVIEWS,
    LEASES,
    ENDPOINT_SLICES,
    NETWORK_POLICIES,
    POD_DISRUPTION_BUDGETS,
  ]);
