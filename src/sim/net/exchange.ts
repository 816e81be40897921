/**
 * What a program does with the network: send one packet and see what comes back. Every exchange is made of walks, so
 * ping, traceroute, curl, tcpdump and the checks all see the same cluster.
 */
import type { Ip } from '../../model/ip.ts';
import type { IcmpErrorKind } from '../../model/packet.ts';
import type { NetnsId, Step, Trace } from '../../model/trace.ts';
import type { Heard, TimedFrame } from './journey.ts';
import type { NetnsMemory } from './netns.ts';

export { echo } from './exchange-echo.ts';
export { http } from './exchange-http.ts';
export { tcp } from './exchange-tcp.ts';
export type { HeldConnection, TcpOutcome, TcpRequest } from './exchange-tcp.ts';
export { udpProbe } from './exchange-udp.ts';
export type { Heard, TimedFrame } from './journey.ts';

/** What an exchange brought, and what it left behind; the network it was asked of is unchanged. */
export interface Exchange<Outcome> {
  readonly outcome: Outcome;
  /** The memory, afterwards, of every stack that learnt something. */
  readonly memory: ReadonlyMap<NetnsId, NetnsMemory>;
  /** Every frame that crossed a device, in order. */
  readonly frames: readonly TimedFrame[];
  /** What programs heard that listen, those last that a connection came to first. */
  readonly heard: readonly Heard[];
  /** The steps of each packet's walk, in order. */
  readonly walks: readonly (readonly Step[])[];
}

export interface EchoRequest {
  readonly from: NetnsId;
  readonly to: Ip;
  /** `ping -I <address>` or `-I <device>`; a link-local destination needs the device. */
  readonly source?: Ip;
  readonly device?: string;
  readonly identifier: number;
  readonly sequence: number;
  readonly ttl: number;
  /** ICMP payload bytes, 56 unless said. */
  readonly dataLength: number;
  /** `-M do` and `-M want` set DF (ping's default on Linux is want); `-M dont` clears it. In IPv6 only `do` makes a difference. */
  readonly pmtuDiscovery: 'do' | 'want' | 'dont';
}

/** What the sender learns of one probe. Times are milliseconds of virtual time. */
export type ProbeReply =
  | {
      readonly kind: 'reply';
      readonly from: Ip;
      readonly ttl: number;
      readonly rtt: number;
      readonly bytes: number;
      /** What a UDP server answered. */
      readonly data?: Uint8Array;
    }
  | {
      readonly kind: 'icmp-error';
      readonly from: Ip;
      readonly error: IcmpErrorKind;
      readonly mtu?: number;
      readonly rtt: number;
    }
  /** The kernel refused to send: `message too long`, EINVAL (blackhole), ENETUNREACH. */
  | {
      readonly kind: 'local-error';
      readonly error: 'too-big' | 'invalid' | 'net-unreachable' | 'host-unreachable';
      readonly mtu?: number;
    }
  | { readonly kind: 'silence' };

export interface EchoOutcome {
  readonly reply: ProbeReply;
  /** The source address the packet left with. */
  readonly source: Ip | undefined;
  /** The walk there, and the walk back when there was one. */
  readonly traces: readonly Trace[];
}

/** One UDP datagram: to a closed high port, as traceroute sends, or with a question to a server. */
export interface UdpProbeRequest {
  readonly from: NetnsId;
  readonly to: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ttl: number;
  /** Bytes of traceroute's filling. */
  readonly dataLength: number;
  /** What the datagram holds instead. */
  readonly data?: Uint8Array;
}

export interface UdpProbeOutcome {
  readonly reply: ProbeReply;
  readonly traces: readonly Trace[];
}

export interface HttpRequest {
  readonly from: NetnsId;
  readonly to: Ip;
  readonly port: number;
  readonly sourcePort: number;
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

export type HttpOutcome = {
  /** The source address as the server's socket saw it; absent when no connection came about. */
  readonly sourceSeen?: Ip;
  readonly traces: readonly Trace[];
} & (
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: string;
      readonly rtt: number;
    }
  | { readonly kind: 'refused'; readonly rtt: number }
  /** The server took the request and hung up. */
  | { readonly kind: 'empty'; readonly rtt: number }
  /** `rtt` is how long the error took to come; absent when the kernel refused at once. */
  | {
      readonly kind: 'unreachable';
      readonly error: 'host-unreachable' | 'net-unreachable' | 'admin-prohibited' | 'invalid';
      readonly rtt?: number;
    }
  | { readonly kind: 'timeout' }
);
