/**
 * Which fields of which kinds the simulator acts on, reviewed by hand. A field that is not named is kept, shown and watched,
 * and changes nothing. A path covers what is below it; `[]` and `{}` are not written. A path that no schema has fails a test.
 */
import { compared, ours, source, type Provenance } from './feature.ts';

export interface KindReview {
  /** Paths, separated by blanks. */
  readonly yes: string;
  /** Path: what is missing. */
  readonly partly?: Readonly<Record<string, string>>;
  readonly provenance: Provenance;
}

const API = compared('stock kubectl and the OpenAPI document of Kubernetes 1.35');
const CALICO = source('libcalico-go, Felix and confd at v3.32.1');
const READ_ONLY = ours('answered, never stored');

const POLICY_FIELDS =
  'spec.egress spec.ingress spec.order spec.selector spec.serviceAccountSelector spec.tier spec.types';
const GLOBAL_FIELDS = `${POLICY_FIELDS} spec.applyOnForward spec.doNotTrack spec.namespaceSelector spec.preDNAT`;
const RULE_GAPS = {
  'spec.ingress.http': 'needs Dikastes and Envoy, which nobody runs here',
  'spec.egress.http': 'needs Dikastes and Envoy, which nobody runs here',
};

/** Kinds of Kubernetes by name; kinds of Calico by `calico/` and name, whichever API serves them. */
export const KIND_REVIEWS: Readonly<Record<string, KindReview>> = {
  ComponentStatus: { yes: 'conditions', provenance: READ_ONLY },
  ConfigMap: { yes: 'data binaryData immutable', provenance: API },
  Endpoints: { yes: 'subsets', provenance: API },
  EndpointSlice: {
    yes: 'addressType endpoints.addresses endpoints.conditions endpoints.nodeName endpoints.targetRef ports',
    provenance: API,
  },
  Event: {
    yes: 'involvedObject reason message type source count firstTimestamp lastTimestamp',
    provenance: API,
  },
  Lease: { yes: 'spec.holderIdentity spec.leaseDurationSeconds spec.renewTime', provenance: READ_ONLY },
  Namespace: { yes: 'spec.finalizers status.phase', provenance: API },
  Node: {
    yes: 'spec.podCIDR spec.podCIDRs spec.taints spec.unschedulable status.addresses status.conditions status.nodeInfo',
    partly: { 'status.capacity': 'shown; requests of pods are not weighed against it' },
    provenance: API,
  },
  Pod: {
    yes: 'spec.nodeName spec.nodeSelector spec.tolerations spec.hostNetwork spec.hostname spec.subdomain spec.serviceAccountName spec.terminationGracePeriodSeconds spec.dnsPolicy spec.containers.image spec.containers.name spec.containers.ports status.phase status.conditions status.podIP status.podIPs status.hostIP status.containerStatuses status.startTime',
    partly: {
      'spec.affinity': 'node affinity and required affinity of pods; preferences are left out',
      'spec.containers.env': 'values and the downward API are shown; no program reads them',
      'spec.containers.readinessProbe': 'shown; a container that runs is ready unless its program is broken',
      'spec.restartPolicy': 'Always; programs of the lab do not end by themselves',
    },
    provenance: API,
  },
  PodDisruptionBudget: { yes: 'spec.minAvailable spec.maxUnavailable spec.selector status', provenance: API },
  Secret: { yes: 'data stringData type immutable', provenance: API },
  Service: {
    yes: 'spec.type spec.clusterIP spec.clusterIPs spec.externalIPs spec.externalName spec.externalTrafficPolicy spec.internalTrafficPolicy spec.ports spec.selector spec.sessionAffinity spec.sessionAffinityConfig spec.loadBalancerIP spec.loadBalancerSourceRanges spec.loadBalancerClass spec.healthCheckNodePort spec.publishNotReadyAddresses status.loadBalancer',
    partly: {
      'spec.ipFamilies': 'IPv4 only',
      'spec.ipFamilyPolicy': 'SingleStack only',
    },
    provenance: compared('kube-proxy 1.35 by source; its chains against real iptables'),
  },
  ServiceAccount: { yes: 'secrets imagePullSecrets', provenance: API },
  CustomResourceDefinition: { yes: 'spec.group spec.names spec.scope spec.versions', provenance: READ_ONLY },
  DaemonSet: { yes: 'spec.selector spec.template spec.updateStrategy status', provenance: API },
  Deployment: {
    yes: 'spec.replicas spec.selector spec.template spec.strategy spec.paused spec.revisionHistoryLimit spec.progressDeadlineSeconds spec.minReadySeconds status',
    provenance: API,
  },
  ReplicaSet: {
    yes: 'spec.replicas spec.selector spec.template spec.minReadySeconds status',
    provenance: API,
  },
  StatefulSet: {
    yes: 'spec.replicas spec.selector spec.serviceName spec.template spec.podManagementPolicy status',
    partly: { 'spec.updateStrategy': 'RollingUpdate without partition' },
    provenance: API,
  },
  SelfSubjectReview: { yes: 'status', provenance: READ_ONLY },
  SelfSubjectAccessReview: { yes: 'spec status', provenance: READ_ONLY },
  SelfSubjectRulesReview: { yes: 'spec status', provenance: READ_ONLY },
  SubjectAccessReview: { yes: 'spec status', provenance: READ_ONLY },
  LocalSubjectAccessReview: { yes: 'spec status', provenance: READ_ONLY },
  NetworkPolicy: {
    yes: 'spec.egress spec.ingress spec.podSelector spec.policyTypes',
    provenance: compared('a naive reference, and the Linux kernel with the chains that come of it'),
  },
  'calico/BGPConfiguration': {
    yes: 'spec.asNumber spec.communities spec.listenPort spec.nodeMeshMaxRestartTime spec.nodeMeshPassword spec.nodeToNodeMeshEnabled spec.prefixAdvertisements spec.serviceClusterIPs spec.serviceExternalIPs spec.serviceLoadBalancerAggregation spec.serviceLoadBalancerIPs spec.ipv4NormalRoutePriority',
    partly: { 'spec.ignoredInterfaces': 'read by BIRD; what it hides is not announced in any case' },
    provenance: compared('tables of BIRD 2 that was configured alike; confd by source'),
  },
  'calico/BGPFilter': {
    yes: 'spec.exportV4 spec.importV4',
    provenance: compared('tables of BIRD 2 that was configured alike'),
  },
  'calico/BGPPeer': {
    yes: 'spec.asNumber spec.filters spec.keepOriginalNextHop spec.keepaliveTime spec.localASNumber spec.maxRestartTime spec.nextHopMode spec.node spec.nodeSelector spec.numAllowedLocalASNumbers spec.password spec.peerIP spec.peerSelector spec.reversePeering spec.sourceAddress spec.ttlSecurity',
    partly: { 'spec.reachableBy': 'accepted; the way to a peer is always looked up' },
    provenance: compared('tables of BIRD 2 that was configured alike'),
  },
  'calico/BlockAffinity': { yes: 'spec', provenance: CALICO },
  'calico/CalicoNodeStatus': { yes: '', provenance: CALICO },
  'calico/ClusterInformation': {
    yes: 'spec.calicoVersion spec.clusterGUID spec.clusterType spec.datastoreReady',
    provenance: CALICO,
  },
  'calico/FelixConfiguration': {
    yes: 'spec.allowIPIPPacketsFromWorkloads spec.allowVXLANPacketsFromWorkloads spec.defaultEndpointToHostAction spec.failsafeInboundHostPorts spec.failsafeOutboundHostPorts spec.ipipEnabled spec.ipipMTU spec.iptablesNATOutgoingInterfaceFilter spec.logPrefix spec.mtuIfacePattern spec.natOutgoingAddress spec.natOutgoingExclusions spec.natPortRange spec.vxlanEnabled spec.vxlanMTU spec.vxlanPort spec.vxlanVNI',
    partly: {
      'spec.routeRefreshInterval': 'always the default, 90 s',
      'spec.iptablesRefreshInterval': 'always the default, 180 s',
      'spec.interfacePrefix': 'always cali',
      'spec.bpfEnabled': 'no eBPF dataplane: kept and ignored',
      'spec.wireguardEnabled': 'no WireGuard: kept and ignored',
      'spec.nftablesMode': 'no nftables dataplane: rules are always those of iptables',
    },
    provenance: CALICO,
  },
  'calico/GlobalNetworkPolicy': { yes: GLOBAL_FIELDS, partly: RULE_GAPS, provenance: CALICO },
  'calico/GlobalNetworkSet': { yes: 'spec.nets', provenance: CALICO },
  'calico/HostEndpoint': {
    yes: 'spec.expectedIPs spec.interfaceName spec.node spec.ports spec.profiles',
    provenance: CALICO,
  },
  'calico/IPAMBlock': { yes: 'spec', provenance: CALICO },
  'calico/IPAMConfig': {
    yes: 'spec.autoAllocateBlocks spec.maxBlocksPerHost spec.strictAffinity',
    partly: { 'spec.kubeVirtVMAddressPersistence': 'kept; there are no virtual machines' },
    provenance: CALICO,
  },
  'calico/IPAMConfiguration': {
    yes: 'spec.autoAllocateBlocks spec.maxBlocksPerHost spec.strictAffinity',
    provenance: CALICO,
  },
  'calico/IPAMHandle': { yes: 'spec', provenance: CALICO },
  'calico/IPPool': {
    yes: 'spec.allowedUses spec.assignmentMode spec.blockSize spec.disableBGPExport spec.disabled spec.ipipMode spec.namespaceSelector spec.natOutgoing spec.nodeSelector spec.vxlanMode',
    partly: { 'spec.cidr': 'IPv4 in full; addresses of IPv6 pools are never given out' },
    provenance: compared('VXLAN, no encapsulation and NAT with the Linux kernel; IPIP from source only'),
  },
  'calico/IPReservation': { yes: 'spec.reservedCIDRs', provenance: CALICO },
  'calico/KubeControllersConfiguration': {
    yes: 'spec.controllers.loadBalancer spec.controllers.node.leakGracePeriod',
    partly: { 'spec.controllers.node.hostEndpoint': 'kept; host endpoints are not made automatically' },
    provenance: CALICO,
  },
  'calico/NetworkPolicy': { yes: POLICY_FIELDS, partly: RULE_GAPS, provenance: CALICO },
  'calico/NetworkSet': { yes: 'spec.nets', provenance: CALICO },
  'calico/Profile': { yes: '', provenance: CALICO },
  'calico/StagedGlobalNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/StagedKubernetesNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/StagedNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/Tier': { yes: 'spec.defaultAction spec.order', provenance: CALICO },
};
