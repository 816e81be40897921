/**
 * The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of all 16-bit words.
 * IPv4 covers its header with it, ICMP its message, and UDP, TCP and ICMPv6 their data with a pseudo header of addresses.
 */
import type { Ip } from './ip.ts';
import { ipv6ToBytes } from './ipv6.ts';

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
  /** Both of one family. */
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
}

/** The checksum of a UDP or TCP segment or an ICMPv6 message, its pseudo header included (RFC 768, RFC 9293, RFC 8200 8.1). */
export function transportChecksum(header: PseudoHeader, segment: Uint8Array): number {
  const { source, destination, protocol } = header;
  const words = addressWords(source) + addressWords(destination);
  return foldChecksum(addWords(words + protocol + segment.length, segment));
}

const addressWords = (address: Ip): number =>
  typeof address === 'number' ? (address >>> 16) + (address & 0xffff) : addWords(0, ipv6ToBytes(address));
