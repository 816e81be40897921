/** What the simulated cluster does beyond fields and flags, and what it does not, reviewed by hand. */
import { FAULTS } from '../faults/faults.ts';
import { compared, ours, source, type Feature, type Honoured, type Provenance } from './feature.ts';

const feature = (name: string, honoured: Honoured, note: string, provenance: Provenance): Feature => ({
  name,
  honoured,
  note,
  provenance,
});

const KERNEL = compared('the Linux kernel in network namespaces (test/conformance)');
const TRANSCRIPTS = compared('transcripts of the kernel and its tools (test/simulator/transcripts.test.ts)');
const BIRD = compared('tables of real BIRD (test/conformance, goldens)');
const REAL_TWIN = compared('a real cluster asked the same (test/docker/real-parity.docker.test.ts)');
const REAL_CLUSTER = compared('a real cluster of Kubernetes 1.35 (test/simulator/real-cluster.test.ts)');
const CALICO = source('Calico v3.32.1');
const KUBERNETES = source('Kubernetes 1.35');
const OPERATOR = source('tigera/operator v1.42.3');

export interface BehaviourGroup {
  readonly title: string;
  readonly features: readonly Feature[];
}

export const BEHAVIOUR_GROUPS: readonly BehaviourGroup[] = [
  {
    title: 'Overlays and underlay',
    features: [
      feature(
        'VXLAN Always and CrossSubnet',
        'yes',
        'Devices, FDB, ARP, routes and frames byte for byte.',
        TRANSCRIPTS,
      ),
      feature(
        'What nodes, kubectl and calicoctl show in VXLAN CrossSubnet',
        'yes',
        'Output of more than twenty commands on each node, after a reviewed list of differences.',
        REAL_CLUSTER,
      ),
      feature('No encapsulation with BGP', 'yes', 'Routes and the way of packets.', TRANSCRIPTS),
      feature(
        'IPIP Always and CrossSubnet',
        'yes',
        'Routes as Calico documents them; on the wire no kernel here confirmed it.',
        source('RFC 2003, net/ipv4/ipip.c, Calico v3.32.1'),
      ),
      feature(
        'MTU detection, path MTU, fragments, ICMP too big',
        'yes',
        'With black holes where the error finds no way back.',
        KERNEL,
      ),
      feature(
        'Live change of a mode',
        'yes',
        'With the interruption that it costs; connections in progress live on if segments pass again in time.',
        CALICO,
      ),
      feature('WireGuard', 'no', 'Settings are kept; nothing is encrypted.', CALICO),
      feature(
        'IPv6 and dual stack',
        'partly',
        'Dual-stack clusters, IPv4 first: pods, Services and policy of both families, VXLAN, BGP and NAT66 of IPv6. Left out: clusters and pods with IPv6 alone. Packets are compared, the rest is by source.',
        REAL_TWIN,
      ),
      feature('eBPF dataplane', 'no', 'Settings are kept; the dataplane is always iptables.', CALICO),
      feature('nftables dataplane', 'no', 'Rules are always those of iptables.', CALICO),
      feature(
        'Switches',
        'partly',
        'A segment is one switch that never fails; no spanning tree, no VLANs.',
        ours('left out'),
      ),
    ],
  },
  {
    title: 'BGP',
    features: [
      feature(
        'Sessions, hold timers, graceful restart',
        'yes',
        'Messages are packets on TCP port 179 that walk the lab.',
        BIRD,
      ),
      feature(
        'Best path, ECMP, reflectors, eBGP, next hop modes',
        'yes',
        'On nodes and on routers of the topology.',
        BIRD,
      ),
      feature('BGPFilter, communities, prefix advertisements', 'yes', 'As confd renders them.', BIRD),
      feature(
        'Service addresses',
        'yes',
        'Cluster, external and load balancer addresses, aggregated or not.',
        CALICO,
      ),
      feature(
        'Routes that BIRD learns from the kernel',
        'partly',
        'Listed, but not told to neighbours. With VXLAN a real node also tells its blackhole and the blocks that Felix routes within its subnet, once more and at a higher preference; nothing of that is programmed.',
        REAL_CLUSTER,
      ),
      feature('BFD', 'no', 'Calico does not use it.', ours('left out')),
      feature('Peers in pods (local workload peers)', 'no', 'Kept, never dialled.', CALICO),
    ],
  },
  {
    title: 'Installing Calico',
    features: [
      feature(
        'Manifest: calico_backend bird, vxlan and none, veth_mtu',
        'yes',
        'Read when calico-node starts; BIRD’s probes too.',
        CALICO,
      ),
      feature(
        'tigera-operator: Installation, APIServer, TigeraStatus',
        'partly',
        'Defaults, refusals, owned pools, rollouts, what it puts back; no certificates, RBAC, ImageSets or overlays. What it makes and its pool are compared, the rest is by source.',
        REAL_TWIN,
      ),
      feature(
        'Policies of the calico-system tier',
        'yes',
        'What Calico’s own pods may do, and that they may ask the cluster’s DNS.',
        OPERATOR,
      ),
      feature(
        'Goldmane and Whisker',
        'partly',
        'Their pods, services and statuses; nobody gathers flows.',
        OPERATOR,
      ),
      feature(
        'projectcalico.org/v3 by Calico’s API server',
        'yes',
        'With the operator, as long as its pods are ready; one store behind both groups.',
        CALICO,
      ),
      feature('projectcalico.org/v3 as CRDs (preview)', 'no', 'Calico’s kinds are stored as v1.', CALICO),
      feature(
        'Where a node’s address is found (IP, IP_AUTODETECTION_METHOD)',
        'yes',
        'By all methods; a calico-node that finds none keeps what was there.',
        CALICO,
      ),
    ],
  },
  {
    title: 'IPAM',
    features: [
      feature(
        'Start blocks, claims, borrowing, affinities',
        'yes',
        'The address of a pod on a named node is the real one.',
        CALICO,
      ),
      feature(
        'Collection, leaks, pool deletion and migration',
        'yes',
        'With the grace periods of kube-controllers.',
        CALICO,
      ),
      feature('Load balancer addresses', 'yes', 'Assigned by kube-controllers.', CALICO),
      feature('Windows reservations, virtual machines', 'no', 'There are neither.', ours('left out')),
    ],
  },
  {
    title: 'Policy',
    features: [
      feature(
        'NetworkPolicy of Kubernetes',
        'yes',
        'As Felix’s chains.',
        compared('the kernel with these chains, and a naive reference'),
      ),
      feature(
        'Policies of Calico, tiers, sets',
        'yes',
        'As Felix’s chains.',
        compared('the kernel with these chains; Felix by source'),
      ),
      feature('Host endpoints', 'yes', 'With failsafe ports, applyOnForward, preDNAT, doNotTrack.', CALICO),
      feature(
        'Staged policies',
        'partly',
        'Kept and shown; Felix never renders them, and nothing previews them.',
        CALICO,
      ),
      feature('ClusterNetworkPolicy (policy.networking.k8s.io)', 'no', 'Not served.', ours('left out')),
      feature(
        'Automatic host endpoints',
        'partly',
        'For nodes and by templates; not by interface patterns.',
        CALICO,
      ),
      feature(
        'HTTP rules, QoS controls, flow logs (NFLOG)',
        'no',
        'Need components that nobody runs here.',
        CALICO,
      ),
    ],
  },
  {
    title: 'SNAT, services, DNS',
    features: [
      feature(
        'natOutgoing and the tunnel rule',
        'yes',
        'With exclusions, port ranges, random-fully.',
        TRANSCRIPTS,
      ),
      feature(
        'kube-proxy in iptables mode',
        'yes',
        'ClusterIP, NodePort, load balancers, affinity, Local and Cluster, hairpin; for both families of addresses.',
        KERNEL,
      ),
      feature('kube-proxy in IPVS or nftables mode', 'no', 'Always iptables.', KUBERNETES),
      feature('Topology hints', 'no', 'Every ready endpoint is used.', KUBERNETES),
      feature(
        'Dual-stack services',
        'yes',
        'Families and policies as the API server settles and refuses them, and their change. IPv4 comes first; IPv6 alone is no cluster.',
        KUBERNETES,
      ),
      feature('Connection tracking', 'partly', 'States and timeouts; no helpers, no window checks.', KERNEL),
      feature(
        'Cluster DNS',
        'partly',
        'Names of services and pods, of both families and backwards; CoreDNS’s own plugins are not.',
        KUBERNETES,
      ),
    ],
  },
  {
    title: 'The cluster',
    features: [
      feature(
        'API: watch, patch, server-side apply, dry-run, finalizers',
        'yes',
        'Stock kubectl works on it.',
        compared('stock kubectl 1.32 (test/kubectl)'),
      ),
      feature('RBAC', 'partly', 'One administrator; RBAC objects are not served.', KUBERNETES),
      feature('Scheduler', 'partly', 'Taints, selectors, affinity; no requests, no preemption.', KUBERNETES),
      feature(
        'Programs in containers',
        'partly',
        'Known images serve their ports; others only run.',
        ours('nothing is downloaded or executed'),
      ),
      feature(
        'Jobs, ingress, volumes, autoscaling, metrics',
        'no',
        'Not served, or without effect.',
        ours('left out'),
      ),
      feature('Typha', 'no', 'Its pods run; Felix and confd read the datastore themselves.', CALICO),
      feature(
        'Health of calico-node',
        'partly',
        'Its probes, readiness, restarts and events follow Felix, BIRD and the sessions; of its log the start is written.',
        CALICO,
      ),
      feature(
        'Files of nodes: the CNI configuration, BIRD’s configuration',
        'no',
        'What stands in /etc/cni/net.d, /var/lib/calico and /etc/calico/confd is worked from, but there are no such files.',
        REAL_CLUSTER,
      ),
      feature(
        'Programs of a node that listen',
        'partly',
        'Kubelet, kube-proxy, Felix and the control plane accept connections and answer at their health paths; behind TLS and at metrics nobody answers.',
        REAL_CLUSTER,
      ),
      feature(
        'Hashes in the names of ReplicaSets and in the labels of daemon pods',
        'yes',
        'Of the same template the same name as in life; of StatefulSets’ revisions not.',
        REAL_CLUSTER,
      ),
      feature('CalicoNodeStatus', 'yes', 'Filled as its classes and its period say.', CALICO),
    ],
  },
  {
    title: 'Linux',
    features: [
      feature(
        'Routes, neighbours, bridges, veth, VXLAN, namespaces by hand',
        'yes',
        'Each with its consequences; Felix repairs what it owns.',
        KERNEL,
      ),
      feature(
        'Counters',
        'partly',
        'Devices count every packet; rules count what commands send, but not the packets of BGP.',
        KERNEL,
      ),
      feature(
        'ARP, ICMP errors and their limits',
        'yes',
        'The frames of unicast probes and gratuitous ARP are left out.',
        TRANSCRIPTS,
      ),
      feature(
        'Policy routing (ip rule), multicast',
        'no',
        'Three rules are shown, none can be added.',
        ours('left out'),
      ),
      feature(
        'TCP',
        'partly',
        'Handshake, states, segments; no congestion control, no retransmission by time.',
        ours('left out'),
      ),
    ],
  },
  {
    title: 'Faults that can be injected',
    features: FAULTS.map(({ name, description }) =>
      feature(name, 'yes', description, ours('a change a person could make')),
    ),
  },
];
