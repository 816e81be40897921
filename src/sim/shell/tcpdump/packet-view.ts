/**
 * A captured packet as tcpdump has it: what the link layer said, and the bytes from the network layer on. Printing and filtering
 * read bytes, not headers, because quoted, fragmented and truncated packets are bytes too.
 */
import type { Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { ipv6FromBytes } from '../../../model/ipv6.ts';

export interface Captured {
  /** Milliseconds since 1970; fractions are microseconds. */
  readonly time: number;
  readonly link: LinkHeader;
  /** 0x0800 IPv4, 0x0806 ARP, 0x86dd IPv6. */
  readonly etherType: number;
  /** From the network layer on. */
  readonly bytes: Uint8Array;
  /** The frame as captured, link header included, for -XX and -w. */
  readonly whole: Uint8Array;
}

export type LinkHeader =
  | { readonly kind: 'ethernet'; readonly source: string; readonly destination: string }
  /** `-i any`: the header that Linux makes up (LINUX_SLL2). */
  | {
      readonly kind: 'cooked';
      readonly device: string;
      readonly ifindex: number;
      readonly direction: 'In' | 'Out' | 'B' | 'M' | 'P';
      readonly source: string;
    }
  /** A device without link layer, such as tunl0. */
  | { readonly kind: 'raw' };

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Undefined past the end: a truncated packet. */
export function u8(bytes: Uint8Array, at: number): number | undefined {
  return bytes[at];
}

export function u16(bytes: Uint8Array, at: number): number | undefined {
  const low = bytes[at + 1];
  return low === undefined ? undefined : (bytes[at] ?? 0) * 256 + low;
}

export function u32(bytes: Uint8Array, at: number): number | undefined {
  const low = u16(bytes, at + 2);
  return low === undefined ? undefined : (u16(bytes, at) ?? 0) * 65536 + low;
}

export function addressAt(bytes: Uint8Array, at: number): Ipv4 {
  return (u32(bytes, at) ?? 0) as Ipv4;
}

/** The bytes that are missing count as zeros. */
export function address6At(bytes: Uint8Array, at: number): Ipv6 {
  const whole = new Uint8Array(16);
  whole.set(bytes.subarray(at, at + 16));
  return ipv6FromBytes(whole);
}

/** What the headers of both families say; `tos` and `ttl` are the traffic class and the hop limit of IPv6. */
export interface IpHeader {
  /** With IPv6, the fragment header counts. */
  readonly headerLength: number;
  readonly tos: number;
  /** As the header says; the capture may hold less. */
  readonly totalLength: number;
  readonly id: number;
  /** Bytes. */
  readonly offset: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: Ip;
  readonly destination: Ip;
}

/** Undefined when fewer than twenty bytes are there. */
export function readIpHeader(bytes: Uint8Array): IpHeader | undefined {
  if (bytes.length < 20) return undefined;
  const fragment = u16(bytes, 6) ?? 0;
  return {
    headerLength: ((bytes[0] ?? 0) & 15) * 4,
    tos: bytes[1] ?? 0,
    totalLength: u16(bytes, 2) ?? 0,
    id: u16(bytes, 4) ?? 0,
    offset: (fragment & 0x1fff) * 8,
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    ttl: bytes[8] ?? 0,
    protocol: bytes[9] ?? 0,
    source: addressAt(bytes, 12),
    destination: addressAt(bytes, 16),
  };
}

const IP6_HEADER = 40;
const FRAGMENT = 44;
const FRAGMENT_HEADER = 8;

/** `protocol` is what follows the fragment header, `nextHeader` what the first header says. */
export interface Ip6Header extends IpHeader {
  readonly flowLabel: number;
  readonly nextHeader: number;
}

/** Undefined when fewer than forty bytes are there. */
export function readIp6Header(bytes: Uint8Array): Ip6Header | undefined {
  if (bytes.length < IP6_HEADER) return undefined;
  const first = u32(bytes, 0) ?? 0;
  const nextHeader = bytes[6] ?? 0;
  return {
    tos: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    totalLength: IP6_HEADER + (u16(bytes, 4) ?? 0),
    dontFragment: true,
    ttl: bytes[7] ?? 0,
    nextHeader,
    ...fragmentFields(bytes, nextHeader),
    source: address6At(bytes, 8),
    destination: address6At(bytes, 24),
  };
}

/** What the fragment header says, where there is one. */
function fragmentFields(
  bytes: Uint8Array,
  nextHeader: number,
): Pick<Ip6Header, 'headerLength' | 'id' | 'offset' | 'moreFragments' | 'protocol'> {
  if (nextHeader !== FRAGMENT)
    return { headerLength: IP6_HEADER, id: 0, offset: 0, moreFragments: false, protocol: nextHeader };
  const fragment = u16(bytes, IP6_HEADER + 2) ?? 0;
  return {
    headerLength: IP6_HEADER + FRAGMENT_HEADER,
    id: u32(bytes, IP6_HEADER + 4) ?? 0,
    offset: fragment & 0xfff8,
    moreFragments: (fragment & 1) !== 0,
    protocol: bytes[IP6_HEADER] ?? 0,
  };
}
