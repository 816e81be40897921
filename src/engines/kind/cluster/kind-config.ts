/**
 * kind's configuration (kind.x-k8s.io/v1alpha4) of a lab's topology. Nodes keep the topology's order, by which
 * `nodeContainers` knows their containers; each has the name and the address that the topology gives it, by a patch of
 * kubeadm's configuration. Patches name no apiVersion: kind v0.32.0 then merges them into whatever version of kubeadm's
 * configuration it writes (pkg/internal/patch). That kubelet waits for an address which comes later is Cilium's practice
 * (contrib/containerlab); it has not been proved on a real cluster of ours.
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
      nodes: topology.nodes.map((node) => ({
        role: node.role,
        image,
        ...(Object.keys(node.labels).length > 0 && { labels: node.labels }),
        kubeadmConfigPatches: [stringify(registration(node, node === first))],
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

/** kubeadm starts the first control plane by `init`, and everything else by `join`. */
const registration = ({ name, address, address6 }: ClusterNode, first: boolean): object => ({
  kind: first ? 'InitConfiguration' : 'JoinConfiguration',
  nodeRegistration: {
    name,
    kubeletExtraArgs: {
      'node-ip': joined([address.address, address6?.address], (ip: Ip) => formatIp(ip)),
    },
  },
});

function joined<T>(parts: readonly (T | undefined)[], spelled: (part: T) => string): string {
  return parts
    .filter((part): part is T => part !== undefined)
    .map(spelled)
    .join(',');
}
