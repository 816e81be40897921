/**
 * What one packet met on its way: typed steps and one closed disposition (after Batfish's datamodel/flow).
 * A trace is evidence: checks, ping, traceroute, tcpdump and the packet-walk view all read the same steps.
 */
import type { Frame, IpPacket } from './packet.ts';
import type { Cidr, Ip } from './ip.ts';
import type { Mac } from './mac.ts';
import type { PolicyDecision } from './policy-decision.ts';

/** Names a network namespace: `node/a`, `pod/default/web`, `host/outside`, `router/r1`, `segment/rack-a` for a switch. */
export type NetnsId = string;

/** How one packet's walk ended. */
export type Disposition =
  /** A socket, or the kernel itself for an echo, took the packet. */
  | 'delivered'
  /** The address is here but nothing listens on the port. */
  | 'port-closed'
  /** No route matched at some node or router. */
  | 'no-route'
  /** The matched route was a blackhole: silently dropped. */
  | 'blackhole'
  /** The next hop did not answer ARP, or no neighbour solicitation. */
  | 'neighbour-unreachable'
  /** A VXLAN device had no FDB entry for the inner destination MAC. */
  | 'no-fdb-entry'
  /** A netfilter rule dropped or rejected the packet. */
  | 'denied'
  | 'ttl-exceeded'
  /** Larger than the next link with Don't Fragment set, as every packet of IPv6 is on its way. */
  | 'too-big'
  /** A link or device on the way was down. */
  | 'link-down'
  /** The host does not forward (ip_forward=0), or refuses the frame (wrong MAC, MTU, VNI). */
  | 'refused';

export type Step =
  | { readonly kind: 'originate'; readonly at: NetnsId; readonly packet: IpPacket }
  | {
      readonly kind: 'route';
      readonly at: NetnsId;
      readonly destination: Ip;
      readonly entry: MatchedRoute | undefined;
    }
  | {
      readonly kind: 'rule';
      readonly at: NetnsId;
      readonly table: string;
      readonly chain: string;
      /** The rule as iptables-save spells it. */
      readonly rule: string;
      readonly verdict:
        'accept' | 'drop' | 'reject' | 'return' | 'jump' | 'nat' | 'mark' | 'notrack' | 'log' | 'none';
      /** What of network policy the rule stands for. */
      readonly decision?: PolicyDecision;
    }
  | {
      readonly kind: 'nat';
      readonly at: NetnsId;
      readonly type: 'snat' | 'dnat' | 'reverse';
      readonly before: FlowTuple;
      readonly after: FlowTuple;
    }
  | {
      readonly kind: 'neighbour';
      readonly at: NetnsId;
      readonly device: string;
      readonly address: Ip;
      readonly mac: Mac | undefined;
      readonly how: 'permanent' | 'cached' | 'resolved' | 'failed';
    }
  | {
      readonly kind: 'fdb';
      readonly at: NetnsId;
      readonly device: string;
      readonly mac: Mac;
      readonly remote: Ip | undefined;
    }
  | {
      readonly kind: 'encapsulate';
      readonly at: NetnsId;
      readonly device: string;
      readonly with: 'vxlan' | 'ipip';
      readonly outer: IpPacket;
    }
  | {
      readonly kind: 'decapsulate';
      readonly at: NetnsId;
      readonly device: string;
      readonly with: 'vxlan' | 'ipip';
    }
  /** A frame leaving (`out`) or entering (`in`) a device: what tcpdump on that device sees. */
  | {
      readonly kind: 'frame';
      readonly at: NetnsId;
      readonly device: string;
      readonly direction: 'in' | 'out';
      readonly frame: Frame;
    }
  /** `ttl` is what is left of it, the hop limit of IPv6. */
  | { readonly kind: 'forward'; readonly at: NetnsId; readonly ttl: number }
  | {
      readonly kind: 'fragment';
      readonly at: NetnsId;
      readonly device: string;
      readonly mtu: number;
      readonly pieces: number;
    }
  | { readonly kind: 'deliver'; readonly at: NetnsId; readonly packet: IpPacket }
  | {
      readonly kind: 'drop';
      readonly at: NetnsId;
      readonly disposition: Exclude<Disposition, 'delivered'>;
      readonly reason: string;
    };

/** The routing entry that longest-prefix match chose. */
export interface MatchedRoute<Address extends Ip = Ip> {
  readonly prefix: Cidr<Address>;
  readonly type: 'unicast' | 'local' | 'blackhole' | 'unreachable' | 'prohibit' | 'broadcast';
  readonly via?: Address;
  readonly device?: string;
  readonly protocol: string;
}

export interface FlowTuple {
  readonly protocol: number;
  readonly source: Ip;
  readonly destination: Ip;
  /** Ports for TCP and UDP; the echo identifier in `sourcePort` for ICMP. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface Trace {
  readonly steps: readonly Step[];
  readonly disposition: Disposition;
  /** Where the walk ended. */
  readonly at: NetnsId;
}
