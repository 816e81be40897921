/**
 * A pod's sandbox: the network namespace the kubelet had made, and what the CNI plugin put into it. It is recorded when
 * the pod is set up and never updated: a pod keeps the address and MTU it was born with.
 */
import type { Result } from '../../base/result.ts';
import type { Ipv4, Ipv6 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { KubeObject } from './object.ts';
import type { ClusterTransaction } from './transaction.ts';

export interface PodSandbox {
  readonly uid: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  /** 64 hex digits. */
  readonly containerId: string;
  /** Absent for host-network pods, which share the node's stack. */
  readonly network?: PodNetwork;
}

export interface PodNetwork {
  readonly address: Ipv4;
  /** Where the plugin gives one of IPv6 too. */
  readonly address6?: Ipv6;
  readonly mac: Mac;
  readonly mtu: number;
  /** The node's end of the veth pair, e.g. `cali0d7763386da`. */
  readonly hostInterface: string;
  /** ifindex of the node's end. */
  readonly hostIndex: number;
  /** The pod may pass packets on (`net.ipv4.ip_forward`); it does not unless said. */
  readonly forwarding?: true;
}

/** The CNI contract (ADD, DEL) as the kubelet uses it. */
export interface CniPlugin {
  /** As in its configuration (`calico`); the kubelet's errors name it. */
  readonly type?: string;
  /** Why the plugin does nothing on a node at present; undefined when it works. */
  refusal?(tx: ClusterTransaction, node: string): string | undefined;
  add(tx: ClusterTransaction, pod: KubeObject, containerId: string): Result<PodNetwork, string>;
  del(tx: ClusterTransaction, sandbox: PodSandbox): void;
}
