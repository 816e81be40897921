/** The store's names of Calico's custom resources (crd.projectcalico.org/v1) and of the core kinds that Calico reads. */
import type { KubeObject } from '../../kube/object.ts';

/** The release that is modelled. */
export const CALICO_VERSION = 'v3.32.1';

export const GROUP = 'crd.projectcalico.org';
export const API_VERSION = `${GROUP}/v1`;

export const IP_POOLS = `ippools.${GROUP}`;
export const IPAM_BLOCKS = `ipamblocks.${GROUP}`;
export const BLOCK_AFFINITIES = `blockaffinities.${GROUP}`;
export const IPAM_HANDLES = `ipamhandles.${GROUP}`;
export const IPAM_CONFIGS = `ipamconfigs.${GROUP}`;
export const FELIX_CONFIGURATIONS = `felixconfigurations.${GROUP}`;
export const BGP_CONFIGURATIONS = `bgpconfigurations.${GROUP}`;
export const BGP_FILTERS = `bgpfilters.${GROUP}`;
export const BGP_PEERS = `bgppeers.${GROUP}`;
export const CALICO_NODE_STATUSES = `caliconodestatuses.${GROUP}`;
export const CLUSTER_INFORMATIONS = `clusterinformations.${GROUP}`;
export const IP_RESERVATIONS = `ipreservations.${GROUP}`;
export const KUBE_CONTROLLERS_CONFIGURATIONS = `kubecontrollersconfigurations.${GROUP}`;

/** Policy, and what its selectors choose beside pods. */
export const TIERS = `tiers.${GROUP}`;
export const NETWORK_POLICIES = `networkpolicies.${GROUP}`;
export const GLOBAL_NETWORK_POLICIES = `globalnetworkpolicies.${GROUP}`;
export const STAGED_NETWORK_POLICIES = `stagednetworkpolicies.${GROUP}`;
export const STAGED_GLOBAL_NETWORK_POLICIES = `stagedglobalnetworkpolicies.${GROUP}`;
export const STAGED_KUBERNETES_NETWORK_POLICIES = `stagedkubernetesnetworkpolicies.${GROUP}`;
export const NETWORK_SETS = `networksets.${GROUP}`;
export const GLOBAL_NETWORK_SETS = `globalnetworksets.${GROUP}`;
export const HOST_ENDPOINTS = `hostendpoints.${GROUP}`;
export const KUBERNETES_NETWORK_POLICIES = 'networkpolicies.networking.k8s.io';

export const NODES = 'nodes';
export const NAMESPACES = 'namespaces';
export const PODS = 'pods';
export const SECRETS = 'secrets';
export const SERVICES = 'services';
export const SERVICE_ACCOUNTS = 'serviceaccounts';
export const ENDPOINT_SLICES = 'endpointslices.discovery.k8s.io';

/** What Calico keeps about a node in the node's annotations (KDD). */
export const NODE_ANNOTATION = {
  address: 'projectcalico.org/IPv4Address',
  ipipTunnel: 'projectcalico.org/IPv4IPIPTunnelAddr',
  vxlanTunnel: 'projectcalico.org/IPv4VXLANTunnelAddr',
  vxlanMac: 'projectcalico.org/VXLANTunnelMACAddr',
  address6: 'projectcalico.org/IPv6Address',
  vxlanTunnel6: 'projectcalico.org/IPv6VXLANTunnelAddr',
  vxlanMac6: 'projectcalico.org/VXLANTunnelMACAddrV6',
  asNumber: 'projectcalico.org/ASNumber',
  reflector: 'projectcalico.org/RouteReflectorClusterID',
  interfaces: 'projectcalico.org/Interfaces',
  labels: 'projectcalico.org/labels',
} as const;

export function annotation(object: KubeObject | undefined, name: string): string | undefined {
  return object?.metadata.annotations?.[name];
}
