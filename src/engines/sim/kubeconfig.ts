/** The kubeconfig on a lab's workstation, as kubeadm names things. The simulated tools need no credentials. */
import { formatIpv4 } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';

const API_SERVER_PORT = 6443;

export function kubeconfig(topology: Topology): string {
  const controlPlane = topology.nodes.find(({ role }) => role === 'control-plane');
  const server = controlPlane ? formatIpv4(controlPlane.address.address) : '127.0.0.1';
  return `apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://${server}:${API_SERVER_PORT}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
users:
- name: kubernetes-admin
  user: {}
`;
}
