/**
 * The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of all 16-bit words.
 * IPv4 covers its header with it, ICMP its message, and UDP and TCP their data with a pseudo header of addresses.
 */
import type { Ipv4 } from './ip.ts';

/** Adds big-endian words to a running sum; an odd last byte counts as if a zero followed. */
export function addWords(sum: number, bytes: Uint8Array): number {
  let total = sum;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (bytes.length % 2 === 1) total += (bytes[bytes.length - 1] ?? 0) << 8;
  return total;
}

/** Folds the carries back in and complements: 0-65535. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** Over bytes whose checksum field is zero this is the checksum; over bytes that carry it, zero means intact. */
export function checksum(bytes: Uint8Array): number {
  return foldChecksum(addWords(0, bytes));
}

export interface PseudoHeader {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly protocol: number;
}

/** The checksum of a UDP or TCP segment, its pseudo header included (RFC 768, RFC 9293). */
export function transportChecksum(header: PseudoHeader, segment: Uint8Array): number {
  const { source, destination, protocol } = header;
  const words = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  return foldChecksum(addWords(words + protocol + segment.length, segment));
}
