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
const OPERATOR = source('tigera/operator v1.42.3');
const READ_ONLY = ours('answered, never stored');

const POLICY_FIELDS =
  'spec.egress spec.ingress spec.order spec.selector spec.serviceAccountSelector spec.tier spec.types';
const GLOBAL_FIELDS = `${POLICY_FIELDS} spec.applyOnForward spec.doNotTrack spec.namespaceSelector spec.preDNAT`;
const RULE_GAPS = {
  'spec.ingress.http': 'needs Dikastes and Envoy, which nobody runs here',
  'spec.egress.http': 'needs Dikastes and Envoy, which nobody runs here',
};

/** Kinds of Kubernetes by name; kinds of Calico by `calico/` and name, whichever API serves them; its operator's by `operator/`. */
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
      'spec.containers.readinessProbe':
        'that of calico-node is run; any other container that runs is ready unless its program is broken',
      'spec.restartPolicy': 'Always; programs of the lab do not end by themselves',
    },
    provenance: API,
  },
  PodDisruptionBudget: { yes: 'spec.minAvailable spec.maxUnavailable spec.selector status', provenance: API },
  Secret: { yes: 'data stringData type immutable', provenance: API },
  Service: {
    yes: 'spec.type spec.clusterIP spec.clusterIPs spec.ipFamilies spec.ipFamilyPolicy spec.externalIPs spec.externalName spec.externalTrafficPolicy spec.internalTrafficPolicy spec.ports spec.selector spec.sessionAffinity spec.sessionAffinityConfig spec.loadBalancerIP spec.loadBalancerSourceRanges spec.loadBalancerClass spec.healthCheckNodePort spec.publishNotReadyAddresses status.loadBalancer',
    provenance: compared('kube-proxy 1.35 by source; its chains against real iptables and ip6tables'),
  },
  ServiceAccount: { yes: 'secrets imagePullSecrets', provenance: API },
  APIService: {
    yes: 'metadata.name spec.group spec.service spec.version status.conditions',
    provenance: READ_ONLY,
  },
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
    yes: 'spec.asNumber spec.communities spec.listenPort spec.nodeMeshMaxRestartTime spec.nodeMeshPassword spec.nodeToNodeMeshEnabled spec.prefixAdvertisements spec.serviceClusterIPs spec.serviceExternalIPs spec.serviceLoadBalancerAggregation spec.serviceLoadBalancerIPs spec.ipv4NormalRoutePriority spec.ipv6NormalRoutePriority',
    partly: { 'spec.ignoredInterfaces': 'read by BIRD; what it hides is not announced in any case' },
    provenance: compared('tables of BIRD 2 that was configured alike; confd by source'),
  },
  'calico/BGPFilter': {
    yes: 'spec.exportV4 spec.exportV6 spec.importV4 spec.importV6',
    provenance: compared('tables of BIRD 2 that was configured alike'),
  },
  'calico/BGPPeer': {
    yes: 'spec.asNumber spec.filters spec.keepOriginalNextHop spec.keepaliveTime spec.localASNumber spec.maxRestartTime spec.nextHopMode spec.node spec.nodeSelector spec.numAllowedLocalASNumbers spec.password spec.peerIP spec.peerSelector spec.reversePeering spec.sourceAddress spec.ttlSecurity',
    partly: { 'spec.reachableBy': 'accepted; the way to a peer is always looked up' },
    provenance: compared('tables of BIRD 2 that was configured alike'),
  },
  'calico/BlockAffinity': { yes: 'spec', provenance: CALICO },
  'calico/CalicoNodeStatus': {
    yes: 'spec.classes spec.node spec.updatePeriodSeconds status',
    provenance: CALICO,
  },
  'calico/ClusterInformation': {
    yes: 'spec.calicoVersion spec.clusterGUID spec.clusterType spec.datastoreReady',
    provenance: CALICO,
  },
  'calico/FelixConfiguration': {
    yes: 'spec.allowIPIPPacketsFromWorkloads spec.allowVXLANPacketsFromWorkloads spec.defaultEndpointToHostAction spec.failsafeInboundHostPorts spec.failsafeOutboundHostPorts spec.ipipEnabled spec.ipipMTU spec.iptablesNATOutgoingInterfaceFilter spec.logPrefix spec.mtuIfacePattern spec.natOutgoingAddress spec.natOutgoingExclusions spec.natPortRange spec.vxlanEnabled spec.vxlanMTU spec.vxlanMTUV6 spec.vxlanPort spec.vxlanVNI',
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
    yes: 'spec.allowedUses spec.assignmentMode spec.blockSize spec.cidr spec.disableBGPExport spec.disabled spec.ipipMode spec.namespaceSelector spec.natOutgoing spec.nodeSelector spec.vxlanMode',
    provenance: compared('VXLAN, no encapsulation and NAT with the Linux kernel; IPIP from source only'),
  },
  'calico/IPReservation': { yes: 'spec.reservedCIDRs', provenance: CALICO },
  'calico/KubeControllersConfiguration': {
    yes: 'spec.controllers.loadBalancer spec.controllers.node.leakGracePeriod',
    partly: {
      'spec.controllers.node.hostEndpoint':
        'host endpoints are made for nodes and by templates, but not by interface patterns',
    },
    provenance: CALICO,
  },
  'calico/NetworkPolicy': { yes: POLICY_FIELDS, partly: RULE_GAPS, provenance: CALICO },
  'calico/NetworkSet': { yes: 'spec.nets', provenance: CALICO },
  'calico/Profile': { yes: '', provenance: CALICO },
  'calico/StagedGlobalNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/StagedKubernetesNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/StagedNetworkPolicy': { yes: '', provenance: CALICO },
  'calico/Tier': { yes: 'spec.defaultAction spec.order', provenance: CALICO },
  'operator/APIServer': { yes: 'spec.logging status.conditions status.state', provenance: OPERATOR },
  'operator/GatewayAPI': { yes: '', provenance: OPERATOR },
  'operator/Goldmane': { yes: 'status.conditions', provenance: OPERATOR },
  'operator/ImageSet': { yes: '', provenance: OPERATOR },
  'operator/Installation': {
    yes: 'spec.calicoNetwork.bgp spec.calicoNetwork.containerIPForwarding spec.calicoNetwork.ipPools spec.calicoNetwork.mtu spec.calicoNetwork.nodeAddressAutodetectionV4 spec.calicoNetwork.nodeAddressAutodetectionV6 spec.controlPlaneNodeSelector spec.controlPlaneReplicas spec.controlPlaneTolerations spec.flexVolumePath spec.imagePath spec.imagePrefix spec.kubeletVolumePluginPath spec.nodeUpdateStrategy spec.registry status.calicoVersion status.computed status.conditions status.mtu status.variant',
    partly: {
      'spec.calicoNetwork.clusterRoutingMode':
        'written to FelixConfiguration and BGPConfiguration; Felix programs no IPIP routes',
      'spec.calicoNetwork.hostPorts': 'in the CNI configuration; no host port is forwarded',
      'spec.calicoNetwork.linuxDataplane': 'written to FelixConfiguration; the dataplane is always iptables',
      'spec.calicoNetwork.sysctl': 'in the CNI configuration, without effect on pods',
      'spec.cni': 'shown; the plugin and its IPAM are always Calico’s',
      'spec.logging': 'in the CNI configuration, without effect',
      'spec.nodeMetricsPort': 'in the environment; nobody serves metrics',
      'spec.variant': 'always Calico',
    },
    provenance: OPERATOR,
  },
  'operator/Istio': { yes: '', provenance: OPERATOR },
  'operator/ManagementClusterConnection': { yes: '', provenance: OPERATOR },
  'operator/TigeraStatus': { yes: 'status.conditions', provenance: OPERATOR },
  'operator/Whisker': { yes: 'status.conditions', provenance: OPERATOR },
};
