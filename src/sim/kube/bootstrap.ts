/**
 * A fresh kubeadm cluster on a topology: namespaces, nodes, the control plane's static pods, kube-proxy, CoreDNS and the
 * `kubernetes` service. Pods start as controllers and kubelets get to them; CoreDNS waits for a CNI plugin.
 * Source: kubeadm v1.35 phases (labels, taints, addon manifests), kubelet node status. RBAC objects are left out.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../base/bytes.ts';
import { addressAt, formatIpv4, type Ipv4 } from '../../model/ip.ts';
import { formatIpCidr, ipAt, isCidr6, type IpCidr } from '../../model/ip-family.ts';
import { addressAt6 } from '../../model/ipv6.ts';
import type { ClusterNode, Topology } from '../../model/topology.ts';
import { createObject } from './admission.ts';
import { addonObjects } from './bootstrap-addons.ts';
import { nodeStatus } from './bootstrap-node.ts';
import { ENDPOINT_SLICES, ENDPOINTS } from './kinds/endpoints.ts';
import { NODES } from './kinds/node.ts';
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from './kinds/plain.ts';
import { PODS } from './kinds/pod.ts';
import { services } from './kinds/service.ts';
import { DAEMON_SETS, DEPLOYMENTS } from './kinds/workload.ts';
import type { KubeObject } from './object.ts';
import type { ResourceType } from './resource.ts';
import { staticPods } from './static-pods.ts';
import type { ClusterTransaction } from './transaction.ts';

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const API_PORT = 6443;

/** The tenth address of the service range is DNS, the first is the API server. */
export const dnsAddress = (topology: Topology): Ipv4 => addressAt(topology.serviceCidr, 10);
export const apiServiceAddress = (topology: Topology): Ipv4 => addressAt(topology.serviceCidr, 1);

export function bootstrapCluster(tx: ClusterTransaction, topology: Topology): void {
  for (const name of SYSTEM_NAMESPACES)
    createObject(tx, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const [index, node] of topology.nodes.entries())
    createObject(tx, NODES, nodeObject(tx, topology, node, index));
  const controlPlane = topology.nodes.find((node) => node.role === 'control-plane');
  if (controlPlane) {
    for (const pod of staticPods(topology, controlPlane, tx)) createObject(tx, PODS, pod);
    createApiService(tx, topology, controlPlane);
  }
  const types: Readonly<Record<string, ResourceType>> = {
    ConfigMap: CONFIG_MAPS,
    DaemonSet: DAEMON_SETS,
    Deployment: DEPLOYMENTS,
    Service: services(topology),
    ServiceAccount: SERVICE_ACCOUNTS,
  };
  for (const object of addonObjects(topology, formatIpv4(dnsAddress(topology)))) {
    const type = types[object.kind];
    if (!type) throw new Error(`no type for ${object.kind}`);
    createObject(tx, type, object);
  }
}

/** The controller manager's --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6, as kubeadm leaves them. */
const NODE_RANGE = { ipv4: 24, ipv6: 64 } as const;

/** The index-th part of a range of pods. */
function nodeRange(range: IpCidr, index: number): string {
  const base = isCidr6(range)
    ? addressAt6(range, BigInt(index) << BigInt(128 - NODE_RANGE.ipv6))
    : ipAt(range, index * 2 ** (32 - NODE_RANGE.ipv4));
  return formatIpCidr({ base, length: isCidr6(range) ? NODE_RANGE.ipv6 : NODE_RANGE.ipv4 });
}

function nodeObject(
  tx: ClusterTransaction,
  topology: Topology,
  node: ClusterNode,
  index: number,
): KubeObject {
  const isControlPlane = node.role === 'control-plane';
  const { podCidr, podCidr6 } = topology;
  const podCIDRs = [podCidr, ...(podCidr6 ? [podCidr6] : [])].map((range) => nodeRange(range, index));
  const createdBy = hex(sha256(utf8(`${topology.name}/${node.name}`)));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': node.segment,
        ...(isControlPlane
          ? {
              'node-role.kubernetes.io/control-plane': '',
              'node.kubernetes.io/exclude-from-external-load-balancers': '',
            }
          : {}),
        ...node.labels,
      },
      annotations: {
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: {
      podCIDR: podCIDRs[0] ?? '',
      podCIDRs,
      providerID: `kind://docker/${topology.name}/${node.name}`,
      ...(isControlPlane
        ? { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }
        : {}),
    },
    status: nodeStatus(tx, node, createdBy),
  };
}

/** The `kubernetes` service has no selector: the API server writes its own address behind it. */
function createApiService(tx: ClusterTransaction, topology: Topology, controlPlane: ClusterNode): void {
  const address = formatIpv4(controlPlane.address.address);
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  createObject(tx, services(topology), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels },
    spec: {
      clusterIP: formatIpv4(apiServiceAddress(topology)),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: API_PORT }],
    },
  });
  createObject(tx, ENDPOINTS, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port: API_PORT, protocol: 'TCP' }] }],
  });
  createObject(tx, ENDPOINT_SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: API_PORT, protocol: 'TCP' }],
  });
}
