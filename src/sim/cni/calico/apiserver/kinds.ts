/**
 * The kinds of projectcalico.org/v3 and what Calico's client library fills in and checks before it writes one of them.
 * Source: apiserver/pkg/registry/projectcalico/rest/storage_calico.go, libcalico-go/lib/clientv3/*.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { unknownFailure, type Failure } from '../../../kube/failure.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { boolean, object, type Schema } from '../../../kube/schema.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { bgpConfigurationErrors, bgpFilterErrors, bgpPeerErrors, missingFilters } from '../bgp/validator.ts';
import * as schemas from '../crd-schemas.ts';
import { checkPool, withPoolDefaults } from '../ippool.ts';
import { BGP_FILTERS, IPAM_BLOCKS, IP_POOLS } from '../kinds.ts';
import { NODE_STATUS_SPEC, NODE_STATUS_STATUS } from '../node-status/schema.ts';
import * as policySchemas from '../policy/schemas.ts';
import * as validator from '../policy/validator.ts';
import type { ErroredField } from '../validation.ts';
import {
  KUBE_CONTROLLERS_CONFIGURATION_SPEC,
  KUBE_CONTROLLERS_CONFIGURATION_STATUS,
} from '../kube-controllers/schema.ts';
import { completedPolicy, felixSpec, members, tierSpec } from './defaults.ts';

export interface V3Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  /** The plural of the stored kind, where it is another. */
  readonly stored?: string;
  readonly storedKind?: string;
  readonly namespaced?: boolean;
  /** Kept in a tier: a policy. */
  readonly tiered?: boolean;
  /** Only Calico itself writes it: what anybody else is told who would. */
  readonly readOnly?: (action: Action) => Failure;
  readonly spec: Schema;
  readonly status?: Schema;
  /** What the client makes of a stored spec. */
  readonly read?: (spec: JsonObject) => JsonObject;
  readonly complete?: (resource: JsonObject) => JsonObject;
  readonly errors?: (resource: JsonObject, context: Writing) => readonly ErroredField[];
}

export type Action = 'Create' | 'Update' | 'Delete';

export interface Writing {
  readonly tx: ClusterTransaction;
  /** What is stored now. */
  readonly before: KubeObject | undefined;
}

const specOf = (resource: JsonObject): JsonObject => members(resource['spec']);
const nameOf = (resource: JsonObject): string => String(members(resource['metadata'])['name'] ?? '');

function poolErrors(resource: JsonObject, { tx, before }: Writing): readonly ErroredField[] {
  const checked = checkPool(nameOf(resource), specOf(resource), {
    pools: tx.list(IP_POOLS),
    blocks: tx.list(IPAM_BLOCKS).map((block) => String(block.spec?.['cidr'] ?? '')),
    ...(before && { before }),
  });
  return checked.ok ? [] : checked.error;
}

function peerErrors(resource: JsonObject, { tx }: Writing): readonly ErroredField[] {
  const known = tx.list(BGP_FILTERS).map(({ metadata }) => metadata.name);
  const missing = missingFilters(specOf(resource), known);
  return missing.length > 0 ? missing : bgpPeerErrors(specOf(resource));
}

const policy = {
  tiered: true,
  complete: completedPolicy,
  read: (spec: JsonObject): JsonObject => ({ ...spec, tier: spec['tier'] || 'default' }),
};

const POLICIES: readonly V3Kind[] = [
  {
    ...policy,
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['cnp', 'caliconetworkpolicy', 'caliconetworkpolicies'],
    namespaced: true,
    spec: policySchemas.NETWORK_POLICY_SPEC,
    errors: validator.networkPolicyErrors,
  },
  {
    ...policy,
    kind: 'GlobalNetworkPolicy',
    plural: 'globalnetworkpolicies',
    shortNames: ['gnp', 'cgnp', 'calicoglobalnetworkpolicies'],
    spec: policySchemas.GLOBAL_NETWORK_POLICY_SPEC,
    errors: validator.globalNetworkPolicyErrors,
  },
  {
    ...policy,
    kind: 'StagedNetworkPolicy',
    plural: 'stagednetworkpolicies',
    shortNames: ['snp'],
    namespaced: true,
    spec: policySchemas.STAGED_NETWORK_POLICY_SPEC,
    errors: validator.stagedNetworkPolicyErrors,
  },
  {
    ...policy,
    kind: 'StagedGlobalNetworkPolicy',
    plural: 'stagedglobalnetworkpolicies',
    shortNames: ['sgnp'],
    spec: policySchemas.STAGED_GLOBAL_NETWORK_POLICY_SPEC,
    errors: validator.stagedGlobalNetworkPolicyErrors,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    plural: 'stagedkubernetesnetworkpolicies',
    shortNames: ['sknp'],
    namespaced: true,
    spec: policySchemas.STAGED_KUBERNETES_NETWORK_POLICY_SPEC,
    errors: validator.stagedKubernetesNetworkPolicyErrors,
  },
  {
    kind: 'Tier',
    plural: 'tiers',
    spec: policySchemas.TIER_SPEC,
    read: tierSpec,
    complete: (resource) => ({ ...resource, spec: tierSpec(specOf(resource)) }),
    errors: validator.tierErrors,
  },
];

const SETS: readonly V3Kind[] = [
  {
    kind: 'GlobalNetworkSet',
    plural: 'globalnetworksets',
    spec: policySchemas.NETWORK_SET_SPEC,
    errors: validator.networkSetErrors,
  },
  {
    kind: 'NetworkSet',
    plural: 'networksets',
    shortNames: ['netsets'],
    namespaced: true,
    spec: policySchemas.NETWORK_SET_SPEC,
    errors: validator.networkSetErrors,
  },
  {
    kind: 'HostEndpoint',
    plural: 'hostendpoints',
    shortNames: ['hep', 'heps'],
    spec: policySchemas.HOST_ENDPOINT_SPEC,
    errors: validator.hostEndpointErrors,
  },
];

const ADDRESSES: readonly V3Kind[] = [
  {
    kind: 'IPPool',
    plural: 'ippools',
    spec: schemas.IP_POOL_SPEC,
    read: withPoolDefaults,
    complete: (resource) => ({ ...resource, spec: withPoolDefaults(specOf(resource)) }),
    errors: poolErrors,
  },
  { kind: 'IPReservation', plural: 'ipreservations', spec: schemas.IP_RESERVATION_SPEC },
  {
    kind: 'IPAMConfiguration',
    plural: 'ipamconfigurations',
    shortNames: ['ipamconfig'],
    stored: 'ipamconfigs',
    storedKind: 'IPAMConfig',
    spec: schemas.IPAM_CONFIG_SPEC,
  },
  {
    kind: 'BlockAffinity',
    plural: 'blockaffinities',
    shortNames: ['blockaffinity', 'affinity', 'affinities'],
    spec: withBooleanDeletion(schemas.BLOCK_AFFINITY_SPEC),
    // Its methods are served, by a storage that has none of them.
    readOnly: (action) =>
      unknownFailure(
        `unable to ${action.toLowerCase()} block affinity. Block affinity resources are read-only`,
      ),
    // Its converter knows no type.
    read: ({ type: _, deleted, ...spec }) => ({ ...spec, deleted: deleted === 'true' }),
  },
];

/** The stored kind keeps it as text. */
function withBooleanDeletion(spec: Schema): Schema {
  return spec.type === 'object' ? object({ ...spec.fields, deleted: boolean() }) : spec;
}

const CONFIGURATIONS: readonly V3Kind[] = [
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    shortNames: ['bgpconfig', 'bgpconfigs'],
    spec: schemas.BGP_CONFIGURATION_SPEC,
    errors: (resource) => bgpConfigurationErrors(nameOf(resource), specOf(resource)),
  },
  { kind: 'BGPPeer', plural: 'bgppeers', spec: schemas.BGP_PEER_SPEC, errors: peerErrors },
  {
    kind: 'BGPFilter',
    plural: 'bgpfilters',
    spec: schemas.BGP_FILTER_SPEC,
    errors: (resource) => bgpFilterErrors(specOf(resource)),
  },
  {
    kind: 'FelixConfiguration',
    plural: 'felixconfigurations',
    shortNames: ['felixconfig', 'felixconfigs'],
    spec: schemas.FELIX_CONFIGURATION_SPEC,
    complete: (resource) => ({ ...resource, spec: felixSpec(specOf(resource)) }),
  },
  {
    kind: 'KubeControllersConfiguration',
    plural: 'kubecontrollersconfigurations',
    shortNames: ['kcconfig'],
    spec: KUBE_CONTROLLERS_CONFIGURATION_SPEC,
    status: KUBE_CONTROLLERS_CONFIGURATION_STATUS,
  },
  {
    kind: 'CalicoNodeStatus',
    plural: 'caliconodestatuses',
    shortNames: ['caliconodestatus'],
    spec: NODE_STATUS_SPEC,
    status: NODE_STATUS_STATUS,
  },
  {
    kind: 'ClusterInformation',
    plural: 'clusterinformations',
    shortNames: ['clusterinfo'],
    readOnly: (action) => ({
      code: 405,
      reason: 'MethodNotAllowed',
      message: `${action} is not supported on resources of kind "clusterinformations.projectcalico.org"`,
    }),
    spec: schemas.CLUSTER_INFORMATION_SPEC,
  },
];

/** In the alphabetical order of discovery. */
export const V3_KINDS: readonly V3Kind[] = [...POLICIES, ...SETS, ...ADDRESSES, ...CONFIGURATIONS].sort(
  (a, b) => (a.plural < b.plural ? -1 : 1),
);
