/**
 * Calico's custom resources as the API server knows them after a manifest install: group crd.projectcalico.org, version v1,
 * with the columns, schemas and CEL rules of the CRDs. projectcalico.org/v3 is not served to kubectl; calicoctl converts.
 * Policies, BGP filters and the kinds marked so below are stored and shown only: nothing enforces them yet.
 */
import { object, type Schema } from '../../kube/schema.ts';
import { ALL_VERBS, CUSTOM_COLUMNS, type ResourceType } from '../../kube/resource.ts';
import * as rules from './crd-rules.ts';
import * as schemas from './crd-schemas.ts';
import { GROUP } from './kinds.ts';

interface Crd {
  readonly kind: string;
  readonly plural: string;
  readonly spec: Schema;
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
  // Stored only.
  { kind: 'BGPFilter', plural: 'bgpfilters', spec: schemas.BGP_FILTER_SPEC },
  { kind: 'BGPPeer', plural: 'bgppeers', spec: schemas.BGP_PEER_SPEC, rules: rules.bgpPeerRules },
  { kind: 'BlockAffinity', plural: 'blockaffinities', spec: schemas.BLOCK_AFFINITY_SPEC },
  { kind: 'ClusterInformation', plural: 'clusterinformations', spec: schemas.CLUSTER_INFORMATION_SPEC },
  {
    kind: 'FelixConfiguration',
    plural: 'felixconfigurations',
    spec: schemas.FELIX_CONFIGURATION_SPEC,
    rules: rules.felixConfigurationRules,
  },
  // Stored only.
  {
    kind: 'GlobalNetworkPolicy',
    plural: 'globalnetworkpolicies',
    spec: schemas.GLOBAL_NETWORK_POLICY_SPEC,
    rules: rules.globalNetworkPolicyRules,
  },
  { kind: 'IPAMBlock', plural: 'ipamblocks', spec: schemas.IPAM_BLOCK_SPEC },
  { kind: 'IPAMConfig', plural: 'ipamconfigs', spec: schemas.IPAM_CONFIG_SPEC },
  { kind: 'IPAMHandle', plural: 'ipamhandles', spec: schemas.IPAM_HANDLE_SPEC },
  { kind: 'IPPool', plural: 'ippools', spec: schemas.IP_POOL_SPEC, rules: rules.ipPoolRules },
  { kind: 'IPReservation', plural: 'ipreservations', spec: schemas.IP_RESERVATION_SPEC },
  // Stored only.
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    spec: schemas.NETWORK_POLICY_SPEC,
    namespaced: true,
  },
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
    schema: object({ spec: crd.spec }),
    ...(judge && { validate: (written, before) => judge(written, before) }),
  };
}

/** What a Calico manifest install adds to the API server's registry. */
export const calicoResources: readonly ResourceType[] = CRDS.map(resourceType);
