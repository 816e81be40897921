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
  /** It runs BIRD 2 and speaks BGP; absent for a router that knows only its static routes. */
  readonly bgp?: RouterBgp;
}

/**
 * What a router's BGP daemon is configured with. It announces its connected networks to other routers, and to cluster nodes
 * what others told it but for the lab's own segments, to which nodes have their gateway.
 */
export interface RouterBgp {
  readonly asNumber: number;
  /** The AS of the cluster's nodes, for neighbours that are found: 64512 unless said. */
  readonly nodesAs: number;
  /** Undefined: every node and every router with BGP in the segments of its ports. */
  readonly neighbours?: readonly RouterNeighbour[];
  /** `merge paths`: equally good ways become one route with several next hops. */
  readonly ecmp: boolean;
}

export interface RouterNeighbour {
  readonly address: Ipv4;
  readonly asNumber: number;
  /** It is a route reflector's client; the cluster's identifier is the router's own. */
  readonly reflectorClient: boolean;
  readonly nextHop?: 'self' | 'keep';
  /** Hops away; absent: in a segment of its ports. */
  readonly multihop?: number;
  /** Waits to be called. */
  readonly passive: boolean;
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
