/**
 * One Linux network stack as data: what `ip`, `bridge` and `iptables-save` show of a network namespace. Nodes, pods,
 * routers and outside hosts are all of this one kind. Tables are immutable; edits make a new `Netns`.
 * Vocabulary: iproute2 (ip-link, ip-route, ip-neighbour, bridge), Linux net/ipv4.
 */
import type { Cidr, InterfaceAddress, Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Netfilter } from './netfilter-rules.ts';

export interface Netns {
  readonly id: NetnsId;
  readonly hostname: string;
  /** In ifindex order; `lo` is first. */
  readonly devices: readonly Device[];
  /** The main table; the local table is derived from the addresses. */
  readonly routes: readonly Route[];
  /** Entries somebody configured (permanent). Learnt ones live in `NetnsMemory`. */
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly netfilter: Netfilter;
  /** net.ipv4.ip_forward */
  readonly ipForward: boolean;
  /** The IPv6 half; absent where IPv6 is off (net.ipv6.conf.all.disable_ipv6=1). */
  readonly inet6?: Inet6;
  /** Other settings that somebody wrote (`sysctl`), by name: see `sysctl.ts`. */
  readonly sysctls?: ReadonlyMap<string, string>;
  /** Network namespaces made on this machine by hand (`ip netns add`), the latest first. */
  readonly namespaces?: readonly Namespace[];
  readonly listeners: readonly Listener[];
}

/** What a stack keeps for IPv6 beside its devices, as the kernel does (net/ipv6). */
export interface Inet6 {
  /** By device, without the link-local ones, which `linkLocalOf` derives from the MAC. */
  readonly addresses: ReadonlyMap<string, readonly DeviceAddress<Ipv6>[]>;
  /** The main table without `fe80::/64` and `ff00::/8`, which every device that is up has. */
  readonly routes: readonly Route<Ipv6>[];
  readonly neighbours: readonly Neighbour<Ipv6>[];
  readonly netfilter: Netfilter<Ipv6>;
  /** net.ipv6.conf.all.forwarding */
  readonly forwarding: boolean;
  /** Devices whose link-local address somebody removed; they have it again when they come up. */
  readonly withoutLinkLocal?: ReadonlySet<string>;
  /** Addresses that a device answers neighbour solicitations for on behalf of others (`ip -6 neigh add proxy`). */
  readonly proxied?: ReadonlyMap<string, readonly Ipv6[]>;
}

export interface Namespace {
  readonly name: string;
  /** What it began with. */
  readonly ipForward: boolean;
}

export interface Device {
  readonly index: number;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly mac: Mac;
  readonly mtu: number;
  /** Administratively up (`ip link set up`). */
  readonly up: boolean;
  readonly addresses: readonly DeviceAddress[];
  /** net.ipv4.conf.<device>.proxy_arp: answers ARP for any address it has another route to. */
  readonly proxyArp: boolean;
  /** Where the other end of the cable is; absent for lo, bridges and tunnels. */
  readonly link?: Link;
  /** The bridge that it is a port of. */
  readonly master?: string;
  /** It has never been up: its queue has no discipline yet. */
  readonly fresh?: true;
  /** Somebody chose its MAC; a bridge takes that of a port otherwise. */
  readonly macSet?: true;
  /** `ip link set arp off`: it neither asks nor answers. */
  readonly arpOff?: true;
  /** Addresses that it answers ARP for on behalf of others (`ip neigh add proxy`). */
  readonly proxied?: readonly Ipv4[];
}

export type DeviceKind =
  | { readonly type: 'loopback' }
  | { readonly type: 'ether' }
  | { readonly type: 'veth' }
  | { readonly type: 'bridge' }
  | { readonly type: 'dummy' }
  | { readonly type: 'vxlan'; readonly vxlan: VxlanConfig }
  | { readonly type: 'ipip'; readonly local: Ipv4 | undefined };

export interface VxlanConfig {
  readonly vni: number;
  readonly port: number;
  /** Absent: that of the way to the other end. Of which family it is, of that are the outer packets. */
  readonly local?: Ip;
  /** The underlay device. */
  readonly parent?: string;
  /** It learns from what arrives where each MAC lives. Calico's does not. */
  readonly learning?: true;
}

export interface DeviceAddress<Address extends Ip = Ipv4> extends InterfaceAddress<Address> {
  readonly scope: 'global' | 'link' | 'host';
  /** What `brd` shows; IPv4 has one when whoever set the address gave it. */
  readonly broadcast?: Address;
}

/** A point-to-point cable (veth pair) or a port of an L2 segment (a rack's switch). */
export type Link =
  | { readonly kind: 'peer'; readonly netns: NetnsId; readonly device: string; readonly index: number }
  | { readonly kind: 'segment'; readonly segment: string };

export interface Route<Address extends Ip = Ipv4> {
  readonly prefix: Cidr<Address>;
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  readonly via?: Address;
  readonly device?: string;
  /** rt_protos name or number as iproute2 prints it; `boot` is not printed. */
  readonly protocol: 'kernel' | 'boot' | 'static' | 'bird' | '80';
  readonly scope: 'global' | 'link' | 'host';
  readonly source?: Address;
  readonly metric?: number;
  readonly onlink?: boolean;
  readonly mtu?: number;
  /** A multipath route's ways, instead of `via` and `device`; flows are spread over them. */
  readonly hops?: readonly RouteHop<Address>[];
}

export interface RouteHop<Address extends Ip = Ipv4> {
  readonly via: Address;
  readonly device: string;
  readonly onlink?: boolean;
}

export interface Neighbour<Address extends Ip = Ipv4> {
  readonly address: Address;
  readonly device: string;
  readonly mac: Mac;
}

export interface FdbEntry {
  readonly mac: Mac;
  readonly device: string;
  /** The remote VTEP, for a VXLAN device. */
  readonly destination?: Ip;
  /** An entry of a bridge: `device` is the port behind which the address is, or the bridge itself. */
  readonly bridge?: string;
  /** `static`: of a bridge, for somebody behind the port; otherwise permanent. */
  readonly state?: 'static';
  /** The entry a VXLAN device was made with (`remote`): listed with its underlay device. */
  readonly parent?: string;
}

/** A socket that answers. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Bound to this address alone; otherwise to every one of the stack, of both families. */
  readonly address?: Ip;
  /** The program's name, where it is known otherwise than by what it does. */
  readonly process?: string;
  /** What the process behind the socket does with a request. */
  readonly serves: HttpServer | EchoServer | DnsServer | BgpServer | StreamServer | ForwardServer;
}

/**
 * Answers HTTP with text. In it `{client}` stands for the client's address as the socket saw it, `{peer}` for that with its port
 * and `{now}` for the time, both as Go prints them.
 */
export interface HttpServer {
  readonly kind: 'http';
  /** The answer at every path that has no page of its own. */
  readonly body: string;
  /** By path, without query. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Of that answer, 200 unless said; a page's is 200. */
  readonly status?: number;
  readonly contentType?: string;
  /** Besides type and length. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** A program of a terminal (`nc -l`): it takes a connection, says what it has to say and hears the rest. */
export interface StreamServer {
  readonly kind: 'stream';
  readonly says: Uint8Array;
}

/**
 * `kubectl port-forward`: hands each connection on, by way of the API server and the kubelet, to a container runtime that
 * connects to 127.0.0.1 inside of a pod's network namespace.
 */
export interface ForwardServer {
  readonly kind: 'forward';
  /** Undefined once that pod has gone. */
  readonly to: NetnsId | undefined;
  readonly port: number;
}

/** Returns what it received. */
export interface EchoServer {
  readonly kind: 'echo';
}

/** A routing daemon, which talks to its neighbours only. */
export interface BgpServer {
  readonly kind: 'bgp';
}

/** Answers DNS questions. Names are lower-case, absolute, and end in a dot. */
export interface DnsServer {
  readonly kind: 'dns';
  /** It knows every name that exists below this one: `cluster.local.` */
  readonly zone: string;
  /** Addresses of both families: A and AAAA records. */
  readonly names: ReadonlyMap<string, readonly Ip[]>;
  /** Names that stand for others: alias -> target. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** `_http._tcp.web.default.svc.cluster.local.` -> where that is served. */
  readonly services?: ReadonlyMap<string, readonly ServicePlace[]>;
  /** `4.3.2.1.in-addr.arpa.`, or as many labels as digits below `ip6.arpa.` -> names. */
  readonly reverse?: ReadonlyMap<string, readonly string[]>;
  /** `10-244-0-5.<namespace>.pod.<zone>` is 10.244.0.5, and `fd00--5` fd00::5, whether such a pod exists or not (`pods insecure`). */
  readonly podNames?: boolean;
}

export interface ServicePlace {
  readonly target: string;
  readonly port: number;
}

/**
 * What a stack learns from traffic, apart from its configuration. Conntrack, neighbour caches and ICMP rate limits are
 * the named exceptions to Felix's law.
 */
export interface NetnsMemory {
  readonly neighbours: readonly LearntNeighbour[];
  readonly conntrack: readonly ConntrackEntry[];
  /** Received and sent per device name. */
  readonly counters: ReadonlyMap<string, DeviceCounters>;
  /** Path MTU learnt per destination (RFC 1191, RFC 8201), expiring. */
  readonly pathMtu: ReadonlyMap<Ip, { readonly mtu: number; readonly expires: number }>;
  /** ICMP error tokens per destination: tokens left and when they were counted (net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit). */
  readonly icmpTokens: ReadonlyMap<Ip, { readonly tokens: number; readonly at: number }>;
  /** What LOG rules wrote into the kernel's log, oldest first. */
  readonly kernelLog: readonly KernelLogLine[];
  /** Where bridges and learning VXLAN devices saw each MAC last; absent until there is one. */
  readonly stations?: readonly Station[];
  /** Packets by netfilter rule, see `rule-counters.ts`; absent until one is counted. */
  readonly rules?: ReadonlyMap<string, RuleCounter>;
  /** When each list of `-m recent` last saw a source, in virtual milliseconds; absent until one did. */
  readonly recent?: ReadonlyMap<string, ReadonlyMap<Ip, number>>;
}

/** A MAC that was seen as a source: forgotten after the ageing time of 300 s. */
export interface Station {
  readonly mac: Mac;
  /** The port of the bridge, or the VXLAN device. */
  readonly device: string;
  readonly bridge?: string;
  /** The VTEP behind which it is, for a VXLAN device. */
  readonly destination?: Ip;
  /** Virtual milliseconds. */
  readonly at: number;
}

export interface RuleCounter {
  readonly packets: number;
  readonly bytes: number;
}

export interface KernelLogLine {
  /** Virtual milliseconds. */
  readonly at: number;
  readonly text: string;
}

export interface LearntNeighbour {
  readonly address: Ip;
  readonly device: string;
  /** Undefined while INCOMPLETE or FAILED. */
  readonly mac: Mac | undefined;
  /** Virtual milliseconds of the last confirmation or the last failed attempt. */
  readonly at: number;
  /** Its advertisement said that it forwards (RFC 4861, R flag). */
  readonly router?: true;
}

export interface DeviceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txDropped: number;
}

/** One connection both ways (nf_conntrack): what it looked like on arrival and what its replies look like. */
export interface ConntrackEntry {
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'icmpv6';
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly state?: TcpTrackState;
  readonly assured: boolean;
  /** False while `conntrack -L` shows [UNREPLIED]. */
  readonly replied?: boolean;
  readonly expires: number;
}

/** As `conntrack -L` names the state of a TCP connection. */
export type TcpTrackState =
  'SYN_SENT' | 'SYN_RECV' | 'ESTABLISHED' | 'FIN_WAIT' | 'CLOSE_WAIT' | 'LAST_ACK' | 'TIME_WAIT' | 'CLOSE';

/** Both addresses are of one family. */
export interface Tuple {
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export const NO_MEMORY: NetnsMemory = {
  neighbours: [],
  conntrack: [],
  counters: new Map(),
  pathMtu: new Map(),
  icmpTokens: new Map(),
  kernelLog: [],
};

/** All stacks of a simulation, as the forwarding code sees them. */
export interface Network {
  netns(id: NetnsId): Netns | undefined;
  memory(id: NetnsId): NetnsMemory;
  /** Ports plugged into an L2 segment; empty when the segment is unknown. */
  segment(name: string): readonly SegmentPort[];
  /** Virtual time of this walk. */
  readonly now: number;
  /** The date, in milliseconds since 1970, that virtual time 0 stands for; 1970 when nobody cares. */
  readonly epoch?: number;
}

export interface SegmentPort {
  readonly netns: NetnsId;
  readonly device: string;
}

/** What one program (Felix, kube-proxy, the kubelet with its CNI plugin) puts into a node's stack. */
export interface Programming {
  /** Sockets of its own. */
  readonly listeners?: readonly Listener[];
  readonly devices: readonly Device[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly netfilter: Netfilter;
  /** The same for IPv6, where the cluster has it. */
  readonly inet6?: Omit<Inet6, 'forwarding'>;
}
