/**
 * A packet as its headers. `model/wire.ts` turns it into true bytes and back.
 * Sources: Ethernet II, RFC 791 (IPv4), RFC 792 (ICMP), RFC 768 (UDP), RFC 9293 (TCP), RFC 826 (ARP), RFC 7348 (VXLAN),
 * RFC 2003 (IP in IP), RFC 8200 (IPv6), RFC 4443 (ICMPv6), RFC 4861 (neighbour discovery). Fragments carry their offset in
 * the IPv4 header or in IPv6's fragment header, and raw bytes as payload.
 */
import type { Ipv4, Ipv6 } from './ip.ts';
import type { Mac } from './mac.ts';

export interface Frame {
  readonly source: Mac;
  readonly destination: Mac;
  readonly payload: ArpPacket | IpPacket;
}

export interface ArpPacket {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

export interface Ipv4Packet {
  readonly kind: 'ipv4';
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** 0-255; routers decrement it. */
  readonly ttl: number;
  /** Type of service byte (DSCP and ECN). */
  readonly tos: number;
  /** Identification, 0-65535. */
  readonly id: number;
  readonly dontFragment: boolean;
  readonly payload: Ipv4Payload;
  /** Present on a fragment: where it starts in bytes (a multiple of 8) and whether more follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
}

export type Ipv4Payload = IcmpMessage | UdpDatagram | TcpSegment | Ipv4Packet | RawPayload;

export type IpPacket = Ipv4Packet | Ipv6Packet;

export interface Ipv6Packet {
  readonly kind: 'ipv6';
  readonly source: Ipv6;
  readonly destination: Ipv6;
  /** 0-255; routers decrement it. */
  readonly hopLimit: number;
  readonly trafficClass: number;
  /** 0-0xfffff. */
  readonly flowLabel: number;
  readonly payload: Ipv6Payload;
  /** Present on a fragment: where it starts in bytes (a multiple of 8), whether more follow, and the 32-bit identification. */
  readonly fragment?: { readonly offset: number; readonly more: boolean; readonly id: number };
}

/** Echoes and errors are those of ICMPv6 there. */
export type Ipv6Payload = IcmpMessage | NeighbourMessage | UdpDatagram | TcpSegment | RawPayload;

/** Neighbour solicitation (ICMPv6 type 135) and advertisement (136). */
export interface NeighbourMessage {
  readonly kind: 'neighbour-solicitation' | 'neighbour-advertisement';
  readonly target: Ipv6;
  /** The sender's in a solicitation, the target's in an advertisement; absent when the source is unspecified. */
  readonly mac?: Mac;
  /** Of an advertisement: R, S and O flags. */
  readonly router?: boolean;
  readonly solicited?: boolean;
  readonly override?: boolean;
}

/** Bytes of an IP protocol that is not modelled, or of a fragment. `protocol` is the IANA number. */
export interface RawPayload {
  readonly kind: 'raw';
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

export type IcmpMessage = IcmpEcho | IcmpError;

export interface IcmpEcho {
  readonly kind: 'icmp-echo';
  readonly reply: boolean;
  readonly identifier: number;
  readonly sequence: number;
  /** Payload length in bytes after the 8-byte ICMP header; content is ping's counting pattern. */
  readonly dataLength: number;
}

export interface IcmpError {
  readonly kind: 'icmp-error';
  readonly error: IcmpErrorKind;
  /** Next-hop MTU, only with `too-big` (RFC 1191, RFC 8201). */
  readonly mtu?: number;
  /** The offending packet, as much of it as the error quotes; of the error's own family. */
  readonly original: IpPacket;
}

/** type/code: 3/0, 3/1, 3/3, 3/4, 3/13, 11/0; of ICMPv6 1/0, 1/3, 1/4, 2/0, 1/1, 3/0. */
export type IcmpErrorKind =
  | 'net-unreachable'
  | 'host-unreachable'
  | 'port-unreachable'
  | 'too-big'
  | 'admin-prohibited'
  | 'ttl-exceeded';

export interface UdpDatagram {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: VxlanPacket | UdpData;
}

export interface UdpData {
  readonly kind: 'data';
  readonly bytes: Uint8Array;
}

export interface VxlanPacket {
  readonly kind: 'vxlan';
  readonly vni: number;
  readonly inner: Frame;
}

export interface TcpSegment {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: TcpFlags;
  readonly window: number;
  /** TCP options in wire order; only what Linux sends in the cases modelled. */
  readonly options: readonly TcpOption[];
  readonly payload: Uint8Array;
}

export interface TcpFlags {
  readonly syn?: boolean;
  readonly ack?: boolean;
  readonly fin?: boolean;
  readonly rst?: boolean;
  readonly psh?: boolean;
}

export type TcpOption =
  | { readonly kind: 'mss'; readonly value: number }
  | { readonly kind: 'sack-permitted' }
  | { readonly kind: 'timestamps'; readonly value: number; readonly echo: number }
  | { readonly kind: 'nop' }
  | { readonly kind: 'window-scale'; readonly shift: number };

/** IANA protocol numbers of the payloads modelled. */
export const IP_PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** What the header says that follows: of a fragment, what the whole packet holds. */
export function protocolNumber({ kind, payload }: IpPacket): number {
  switch (payload.kind) {
    case 'icmp-echo':
    case 'icmp-error':
      return kind === 'ipv4' ? IP_PROTOCOL.icmp : IP_PROTOCOL.icmpv6;
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      return IP_PROTOCOL.icmpv6;
    case 'udp':
      return IP_PROTOCOL.udp;
    case 'tcp':
      return IP_PROTOCOL.tcp;
    case 'ipv4':
      return IP_PROTOCOL.ipip;
    case 'raw':
      return payload.protocol;
  }
}
