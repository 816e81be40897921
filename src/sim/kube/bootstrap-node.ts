/** What a kubelet reports about its node. Source: k8s.io/kubernetes pkg/kubelet/nodestatus/setters.go, Kubernetes 1.35. */
import type { JsonObject } from '../../base/json.ts';
import { formatIpv4 } from '../../model/ip.ts';
import { formatIpv6 } from '../../model/ipv6.ts';
import type { ClusterNode } from '../../model/topology.ts';
import { KERNEL_RELEASE, NODE_OS } from '../core/machine.ts';
import { VERSION } from './discovery.ts';
import type { ClusterTransaction } from './transaction.ts';

const CAPACITY = {
  cpu: '4',
  'ephemeral-storage': '61202244Ki',
  'hugepages-1Gi': '0',
  'hugepages-2Mi': '0',
  memory: '8145116Ki',
  pods: '110',
};

/** Those that a kubelet keeps, as they are on a sound node. */
export const KUBELET_CONDITIONS = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
] as const;

/** `identity`: 64 hex digits from which the machine's identifiers are cut. */
export function nodeStatus(tx: ClusterTransaction, node: ClusterNode, identity: string): JsonObject {
  const uuid = [8, 12, 16, 20, 32]
    .map((end, index) => identity.slice([0, 8, 12, 16, 20][index], end))
    .join('-');
  return {
    addresses: [
      { type: 'InternalIP', address: formatIpv4(node.address.address) },
      ...(node.address6 ? [{ type: 'InternalIP', address: formatIpv6(node.address6.address) }] : []),
      { type: 'Hostname', address: node.name },
    ],
    allocatable: CAPACITY,
    capacity: CAPACITY,
    conditions: KUBELET_CONDITIONS.map(([type, status, reason, message]) => ({
      type,
      status,
      lastHeartbeatTime: tx.timestamp,
      lastTransitionTime: tx.timestamp,
      reason,
      message,
    })),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: 'amd64',
      bootID: uuid,
      containerRuntimeVersion: 'containerd://2.3.1',
      kernelVersion: KERNEL_RELEASE,
      kubeProxyVersion: '',
      kubeletVersion: VERSION['gitVersion'],
      machineID: identity.slice(0, 32),
      operatingSystem: 'linux',
      osImage: NODE_OS.name,
      systemUUID: uuid,
    },
  };
}
