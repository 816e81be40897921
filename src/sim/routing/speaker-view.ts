/**
 * A BGP speaker as its control socket shows it: what `birdcl` and `calicoctl node status` print from. Plain data of one
 * moment; every time is virtual milliseconds, every name is as BIRD's configuration has it.
 * Vocabulary: BIRD 1.6.8 as Calico v3.32.1 ships it and BIRD 2.0.12 (nest/proto.c, proto/bgp/bgp.c, nest/rt-table.c).
 */
import type { BgpOpen } from '../../model/bgp.ts';
import type { IpCidr, IpFamily } from '../../model/ip-family.ts';
import type { Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Millis } from '../core/time.ts';
import type { DaemonName } from './routing-state.ts';

/** The shell's door to the lab's BGP speakers. */
export interface RoutingPort {
  /** The speaker that runs on a cluster node, by the node's name; undefined while none runs there. */
  speaker(node: string, daemon?: DaemonName): SpeakerView | undefined;
  /** The speaker that runs in a network namespace, as on a router. */
  at(netns: NetnsId, daemon?: DaemonName): SpeakerView | undefined;
}

export interface SpeakerView {
  /** The network namespace it runs in: `node/node1`. */
  readonly netns: NetnsId;
  readonly hostname: string;
  readonly software: 'bird-1.6' | 'bird-2';
  /** The families it has tables for: BIRD 1.6 is built for one, BIRD 2 knows both. */
  readonly families: readonly IpFamily[];
  /** `v0.3.3+birdv1.6.8`, `2.0.12` */
  readonly version: string;
  readonly routerId: Ipv4;
  readonly asNumber: number;
  readonly startedAt: Millis;
  readonly reconfiguredAt: Millis;
  readonly now: Millis;
  /** In the order of `show protocols`: static1, kernel1, device1, direct1 (BIRD 2: its own), then the BGP ones as configured. */
  readonly protocols: readonly ProtocolView[];
  /** The table `master`, with BIRD 2 `master4` and `master6`, each by prefix; the paths of one prefix stand together, the best first. */
  readonly routes: readonly RouteView[];
  /** Its TCP connections, by neighbour. */
  readonly sockets: readonly SocketView[];
}

export interface SocketView {
  readonly address: Ip;
  readonly port: number;
  readonly peer: { readonly address: Ip; readonly port: number };
  readonly state: 'SYN_SENT' | 'SYN_RECEIVED' | 'ESTABLISHED' | 'FIN_WAIT';
  /** Bytes on their way. */
  readonly unacknowledged: number;
}

export type ProtocolView = BuiltinProtocolView | BgpProtocolView;

interface ProtocolBasics {
  readonly name: string;
  readonly state: 'up' | 'start' | 'down';
  /** When the state was entered. */
  readonly since: Millis;
}

export interface BuiltinProtocolView extends ProtocolBasics {
  readonly kind: 'Static' | 'Kernel' | 'Device' | 'Direct';
  /** One for each family; absent for Device, which has no table. */
  readonly channels?: readonly ChannelView[];
}

export interface BgpProtocolView extends ProtocolBasics {
  readonly kind: 'BGP';
  readonly bgp: BgpState;
  readonly peer: Ip;
  readonly peerAs: number;
  readonly localAs: number;
  readonly passive: boolean;
  /** With its class: `Socket: Connection refused`, `BGP Error: Hold timer expired`, `Received: Administrative shutdown`. */
  readonly lastError: string | undefined;
  /** Present while Established. */
  readonly session?: SessionView;
  readonly channel: ChannelView;
  /** What the peer was told: prefixes, and by which protocol each path had come. */
  readonly told: readonly { readonly prefix: IpCidr; readonly protocol: string }[];
  /** Milliseconds left of the wait before the next connection (`Connect delay`) or after an error (`Error wait`). */
  readonly connectDelay?: TimerView;
  readonly errorWait?: TimerView;
  /** The peer's TCP connection was lost and its routes are kept; milliseconds until they are dropped. */
  readonly restart?: { readonly remaining: Millis };
}

/** `Passive` is BIRD's word for Idle on the side that waits to be called. */
export type BgpState =
  'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established' | 'Close' | 'Passive';

/** BIRD prints both in whole seconds. */
export interface TimerView {
  readonly remaining: Millis;
  readonly total: Millis;
}

export interface SessionView {
  readonly peerRouterId: Ipv4;
  /** As `Neighbor caps:` lists them. */
  readonly peerCapabilities: readonly string[];
  /** What either side said of itself. */
  readonly opens: { readonly own: BgpOpen; readonly peer: BgpOpen | undefined };
  /** As `Session:` lists it: `internal multihop AS4 add-path-rx add-path-tx`. */
  readonly session: readonly string[];
  readonly sourceAddress: Ip;
  /** What a neighbour on the same link hears of beside it, with IPv6. */
  readonly linkLocal?: Ipv6;
  readonly hold: TimerView;
  readonly keepalive: TimerView;
}

export interface ChannelView {
  readonly family: IpFamily;
  readonly preference: number;
  readonly inputFilter: string;
  readonly outputFilter: string;
  readonly imported: number;
  readonly exported: number;
  readonly preferred: number;
  readonly changes: RouteChanges;
}

/** `Route change stats`; undefined is printed as `---`. */
export interface RouteChanges {
  readonly importUpdates: ChangeCounts;
  readonly importWithdraws: ChangeCounts;
  readonly exportUpdates: ChangeCounts;
  readonly exportWithdraws: ChangeCounts;
}

export interface ChangeCounts {
  readonly received: number;
  readonly rejected: number | undefined;
  readonly filtered: number | undefined;
  readonly ignored: number | undefined;
  readonly accepted: number;
}

export interface RouteView {
  readonly prefix: IpCidr;
  readonly target: RouteTarget;
  /** The protocol it came from. */
  readonly protocol: string;
  /** The peer a BGP route came from, where that is not its gateway (`from 10.0.1.13`). */
  readonly from?: Ip;
  readonly since: Millis;
  /** The best of its prefix: `*`. */
  readonly primary: boolean;
  readonly preference: number;
  /** As `Type:` shows it: `static unicast univ`, `BGP unicast univ`, `device unicast univ`, `inherit unicast univ`. */
  readonly type: string;
  readonly bgp?: BgpRouteView;
  /** Present on routes learnt from the kernel. */
  readonly kernel?: { readonly source: number; readonly metric: number; readonly mtu?: number };
}

export type RouteTarget =
  | { readonly kind: 'via'; readonly gateway: Ip; readonly device: string }
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'multipath'; readonly hops: readonly { readonly via: Ip; readonly device: string }[] }
  | { readonly kind: 'blackhole' | 'unreachable' | 'prohibited' };

export interface BgpRouteView {
  readonly origin: 'IGP' | 'EGP' | 'Incomplete';
  readonly asPath: readonly number[];
  readonly nextHop: Ip;
  readonly linkLocal?: Ipv6;
  readonly med?: number;
  readonly localPref: number | undefined;
  readonly originatorId?: Ipv4;
  readonly clusterList?: readonly Ipv4[];
  readonly communities?: readonly (readonly [number, number])[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
  /** The metric of the way to the next hop: `?` when that way is a learnt one, `-` when there is none; absent when it is none. */
  readonly igpMetric?: number | '?' | '-';
  /** `[i]`, `[AS65001i]`, `[AS65001?]` without brackets. */
  readonly code: string;
}
