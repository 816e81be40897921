/**
 * kind's configuration (kind.x-k8s.io/v1alpha4) of a lab's topology. Nodes keep the topology's order, by which
 * `nodeContainers` knows their containers; each has the name and the address that the topology gives it, by a patch of
 * kubeadm's configuration. Patches name no apiVersion: kind v0.32.0 then merges them into whatever version of kubeadm's
 * configuration it writes (pkg/internal/patch). kubelet and kubeadm find the addresses there, since nodes are laid as soon as
 * their containers start (fabric/); were they late, they would be waited for, as in Cilium's labs (contrib/containerlab).
 */
import { stringify } from 'yaml';
import { formatIp, formatIpCidr } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { ClusterNode, Topology } from '../../../model/topology.ts';

/** @param image what `docker run` is given for every node */
export function kindConfig(name: string, topology: Topology, image: string): string {
  const first = topology.nodes.find(({ role }) => role === 'control-plane');
  return stringify(
    {
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name,
      networking: networking(topology),
      kubeadmConfigPatches: [stringify(KUBELET)],
      nodes: topology.nodes.map((node) => ({
        role: node.role,
        image,
        ...(Object.keys(node.labels).length > 0 && { labels: node.labels }),
        kubeadmConfigPatches: [stringify(membership(node, node === first))],
      })),
    },
    { lineWidth: 0 },
  );
}

function networking({ podCidr, podCidr6, serviceCidr, serviceCidr6 }: Topology): object {
  return {
    ipFamily: podCidr6 && serviceCidr6 ? 'dual' : 'ipv4',
    apiServerAddress: '127.0.0.1',
    podSubnet: joined([podCidr, podCidr6], formatIpCidr),
    serviceSubnet: joined([serviceCidr, serviceCidr6], formatIpCidr),
    // Calico is the CNI of every lab.
    disableDefaultCNI: true,
    kubeProxyMode: 'iptables',
    // The learner's own search domains would make every name of the cluster's slow.
    dnsSearch: [],
  };
}

/** Kubernetes 1.35 would not start on engines with cgroup v1, where it still works (kubelet v1.35 pkg/kubelet/cm). */
const KUBELET = { kind: 'KubeletConfiguration', failCgroupV1: false };

/** kubeadm starts the first control plane by `init`, and everything else by `join`. */
const membership = (node: ClusterNode, first: boolean): object =>
  first
    ? { kind: 'InitConfiguration', ...endpoint(node), nodeRegistration: registration(node) }
    : {
        kind: 'JoinConfiguration',
        ...(node.role === 'control-plane' && { controlPlane: endpoint(node) }),
        nodeRegistration: registration(node),
      };

/**
 * The API server and etcd speak for the rack's address. kind would have Docker's, to which the service `kubernetes` would
 * lead: pods cannot get there, since what they send leaves a node by its racks alone.
 */
const endpoint = ({ address: { address } }: ClusterNode): object => ({
  localAPIEndpoint: { advertiseAddress: formatIp(address) },
});

const registration = ({ name, address, address6 }: ClusterNode): object => ({
  name,
  kubeletExtraArgs: {
    'node-ip': joined([address.address, address6?.address], (ip: Ip) => formatIp(ip)),
  },
});

function joined<T>(parts: readonly (T | undefined)[], spelled: (part: T) => string): string {
  return parts
    .filter((part): part is T => part !== undefined)
    .map(spelled)
    .join(',');
}
