/**
 * The physical lab: L2 segments (a rack's switch each), the routers between them, the cluster's nodes and hosts outside
 * the cluster. Labs describe it in YAML (`lab/topology.ts` parses), both engines build it.
 */
import type { Cidr, InterfaceAddress, Ipv4 } from './ip.ts';

export interface Topology {
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly routers: readonly Router[];
  readonly nodes: readonly ClusterNode[];
  readonly hosts: readonly OutsideHost[];
  /** The cluster's --cluster-cidr; Calico's default pool takes it. */
  readonly podCidr: Cidr;
  readonly serviceCidr: Cidr;
}

/** One broadcast domain. */
export interface Segment {
  readonly name: string;
  readonly subnet: Cidr;
  /** Bytes of IP that fit a frame, 1500 unless said. */
  readonly mtu: number;
}

export interface Router {
  readonly name: string;
  /** eth0, eth1, ... in this order. */
  readonly ports: readonly { readonly segment: string; readonly address: InterfaceAddress }[];
  /** Static routes beyond the connected ones. */
  readonly routes: readonly StaticRoute[];
}

export interface StaticRoute {
  readonly to: Cidr;
  readonly via: Ipv4;
}

export interface ClusterNode {
  readonly name: string;
  readonly role: 'control-plane' | 'worker';
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly gateway: Ipv4;
  readonly labels: Readonly<Record<string, string>>;
}

export interface OutsideHost {
  readonly name: string;
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly gateway: Ipv4;
  /** Static routes beside the default one; none unless said. */
  readonly routes?: readonly StaticRoute[];
}
