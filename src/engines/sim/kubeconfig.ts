/**
 * Kubeconfigs of a lab: the one on its workstation, as kubeadm names things, and the one for the learner's own kubectl. The
 * simulated tools need no credentials; the learner's own hold a secret in the server's path.
 */
import { KUBECONFIG_MARK } from '../../lab/ports.ts';
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

/** For stock kubectl on this machine; `server` holds the secret. */
export function ownKubeconfig(server: string, topology: Topology): string {
  const name = `${KUBECONFIG_MARK}-${topology.name}`;
  return `apiVersion: v1
kind: Config
clusters:
- cluster:
    server: ${server}
  name: ${name}
contexts:
- context:
    cluster: ${name}
    user: ${name}
  name: ${name}
current-context: ${name}
extensions:
- name: ${KUBECONFIG_MARK}
  extension:
    topology: ${topology.name}
users:
- name: ${name}
  user: {}
`;
}
