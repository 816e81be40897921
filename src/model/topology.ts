/**
 * The physical lab: L2 segments (a rack's switch each), the routers between them, the cluster's nodes and hosts outside
 * the cluster. Labs describe it in YAML (`lab/topology.ts` parses), both engines build it.
 */
import type { Cidr, InterfaceAddress, Ip, Ipv4, Ipv6 } from './ip.ts';

export interface Topology {
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly routers: readonly Router[];
  readonly nodes: readonly ClusterNode[];
  readonly hosts: readonly OutsideHost[];
  /** The cluster's --cluster-cidr; Calico's default pool takes it. */
  readonly podCidr: Cidr;
  readonly serviceCidr: Cidr;
  /** Those of IPv6, both or neither: with them the cluster is dual-stack, and every segment has a `subnet6`. */
  readonly podCidr6?: Cidr<Ipv6>;
  readonly serviceCidr6?: Cidr<Ipv6>;
}

/** One broadcast domain. */
export interface Segment {
  readonly name: string;
  readonly subnet: Cidr;
  readonly subnet6?: Cidr<Ipv6>;
  /** Bytes of IP that fit a frame, 1500 unless said. */
  readonly mtu: number;
}

export interface Router {
  readonly name: string;
  /** eth0, eth1, ... in this order. */
  readonly ports: readonly RouterPort[];
  /** Static routes beyond the connected ones. */
  readonly routes: readonly StaticRoute[];
  readonly routes6?: readonly StaticRoute<Ipv6>[];
  /** It runs BIRD 2 and speaks BGP; absent for a router that knows only its static routes. */
  readonly bgp?: RouterBgp;
}

export interface RouterPort {
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly address6?: InterfaceAddress<Ipv6>;
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

export interface StaticRoute<Address extends Ip = Ipv4> {
  readonly to: Cidr<Address>;
  readonly via: Address;
}

export interface ClusterNode {
  readonly name: string;
  readonly role: 'control-plane' | 'worker';
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly gateway: Ipv4;
  readonly address6?: InterfaceAddress<Ipv6>;
  readonly gateway6?: Ipv6;
  readonly labels: Readonly<Record<string, string>>;
}

export interface OutsideHost {
  readonly name: string;
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly gateway: Ipv4;
  readonly address6?: InterfaceAddress<Ipv6>;
  readonly gateway6?: Ipv6;
  /** Static routes beside the default one; none unless said. */
  readonly routes?: readonly StaticRoute[];
  readonly routes6?: readonly StaticRoute<Ipv6>[];
}
