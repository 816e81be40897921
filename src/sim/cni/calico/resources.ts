/**
 * Calico's custom resources as the API server stores them: group crd.projectcalico.org, version v1, with the columns, schemas and CEL
 * rules of the CRDs. projectcalico.org/v3 is what calicoctl makes of them, and Calico's API server where there is one (`apiserver/`).
 */
import { object, type Schema } from '../../kube/schema.ts';
import { ALL_VERBS, CUSTOM_COLUMNS, type ResourceType } from '../../kube/resource.ts';
import * as rules from './crd-rules.ts';
import * as schemas from './crd-schemas.ts';
import { GROUP } from './kinds.ts';
import { NODE_STATUS_SPEC, NODE_STATUS_STATUS } from './node-status/schema.ts';
import * as policyRules from './policy/crd-rules.ts';
import * as policySchemas from './policy/schemas.ts';
import {
  KUBE_CONTROLLERS_CONFIGURATION_SPEC,
  KUBE_CONTROLLERS_CONFIGURATION_STATUS,
} from './kube-controllers/schema.ts';

interface Crd {
  readonly kind: string;
  readonly plural: string;
  readonly spec: Schema;
  readonly status?: Schema;
  readonly namespaced?: boolean;
  readonly rules?: rules.CrdRules;
}

const CRDS: readonly Crd[] = [
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    spec: schemas.BGP_CONFIGURATION_SPEC,
    rules: rules.bgpConfigurationRules,
  },
  {
    kind: 'BGPFilter',
    plural: 'bgpfilters',
    spec: schemas.BGP_FILTER_SPEC,
    rules: rules.bgpFilterRules,
  },
  { kind: 'BGPPeer', plural: 'bgppeers', spec: schemas.BGP_PEER_SPEC, rules: rules.bgpPeerRules },
  { kind: 'BlockAffinity', plural: 'blockaffinities', spec: schemas.BLOCK_AFFINITY_SPEC },
  {
    kind: 'CalicoNodeStatus',
    plural: 'caliconodestatuses',
    spec: NODE_STATUS_SPEC,
    status: NODE_STATUS_STATUS,
  },
  { kind: 'ClusterInformation', plural: 'clusterinformations', spec: schemas.CLUSTER_INFORMATION_SPEC },
  {
    kind: 'FelixConfiguration',
    plural: 'felixconfigurations',
    spec: schemas.FELIX_CONFIGURATION_SPEC,
    rules: rules.felixConfigurationRules,
  },
  {
    kind: 'GlobalNetworkPolicy',
    plural: 'globalnetworkpolicies',
    spec: policySchemas.GLOBAL_NETWORK_POLICY_SPEC,
    rules: policyRules.globalNetworkPolicyRules,
  },
  { kind: 'GlobalNetworkSet', plural: 'globalnetworksets', spec: policySchemas.NETWORK_SET_SPEC },
  {
    kind: 'HostEndpoint',
    plural: 'hostendpoints',
    spec: policySchemas.HOST_ENDPOINT_SPEC,
    rules: policyRules.hostEndpointRules,
  },
  { kind: 'IPAMBlock', plural: 'ipamblocks', spec: schemas.IPAM_BLOCK_SPEC },
  { kind: 'IPAMConfig', plural: 'ipamconfigs', spec: schemas.IPAM_CONFIG_SPEC },
  { kind: 'IPAMHandle', plural: 'ipamhandles', spec: schemas.IPAM_HANDLE_SPEC },
  { kind: 'IPPool', plural: 'ippools', spec: schemas.IP_POOL_SPEC, rules: rules.ipPoolRules },
  { kind: 'IPReservation', plural: 'ipreservations', spec: schemas.IP_RESERVATION_SPEC },
  {
    kind: 'KubeControllersConfiguration',
    plural: 'kubecontrollersconfigurations',
    spec: KUBE_CONTROLLERS_CONFIGURATION_SPEC,
    status: KUBE_CONTROLLERS_CONFIGURATION_STATUS,
  },
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    spec: policySchemas.NETWORK_POLICY_SPEC,
    namespaced: true,
    rules: policyRules.networkPolicyRules,
  },
  {
    kind: 'NetworkSet',
    plural: 'networksets',
    spec: policySchemas.NETWORK_SET_SPEC,
    namespaced: true,
  },
  {
    kind: 'StagedGlobalNetworkPolicy',
    plural: 'stagedglobalnetworkpolicies',
    spec: policySchemas.STAGED_GLOBAL_NETWORK_POLICY_SPEC,
    rules: policyRules.globalNetworkPolicyRules,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    plural: 'stagedkubernetesnetworkpolicies',
    spec: policySchemas.STAGED_KUBERNETES_NETWORK_POLICY_SPEC,
    namespaced: true,
    rules: policyRules.stagedKubernetesNetworkPolicyRules,
  },
  {
    kind: 'StagedNetworkPolicy',
    plural: 'stagednetworkpolicies',
    spec: policySchemas.STAGED_NETWORK_POLICY_SPEC,
    namespaced: true,
    rules: policyRules.networkPolicyRules,
  },
  { kind: 'Tier', plural: 'tiers', spec: policySchemas.TIER_SPEC, rules: policyRules.tierRules },
];

function resourceType(crd: Crd): ResourceType {
  const { rules: judge } = crd;
  return {
    name: `${crd.plural}.${GROUP}`,
    group: GROUP,
    version: 'v1',
    plural: crd.plural,
    singular: crd.kind.toLowerCase(),
    kind: crd.kind,
    listKind: `${crd.kind}List`,
    shortNames: [],
    categories: [],
    namespaced: crd.namespaced ?? false,
    verbs: ALL_VERBS,
    columns: CUSTOM_COLUMNS,
    generation: true,
    custom: true,
    schema: object({ spec: crd.spec, ...(crd.status && { status: crd.status }) }),
    ...(judge && { validate: (written, before) => judge(written, before) }),
  };
}

/** What every install of Calico adds to the API server's registry. */
export const calicoResources: readonly ResourceType[] = CRDS.map(resourceType);
