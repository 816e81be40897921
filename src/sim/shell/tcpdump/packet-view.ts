/**
 * A captured packet as tcpdump has it: what the link layer said, and the bytes from the network layer on. Printing and filtering
 * read bytes, not headers, because quoted, fragmented and truncated packets are bytes too.
 */
import type { Ipv4 } from '../../../model/ip.ts';

export interface Captured {
  /** Milliseconds since 1970; fractions are microseconds. */
  readonly time: number;
  readonly link: LinkHeader;
  /** 0x0800 IPv4, 0x0806 ARP. */
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

/** The IPv4 header's fields. */
export interface IpHeader {
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
  readonly source: Ipv4;
  readonly destination: Ipv4;
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
