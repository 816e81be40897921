/**
 * Numbers that look random but repeat: where the kernel draws (flow hashes, IP identification, NAT ports, jitter) the
 * simulator hashes what the packet is, so that the same lab gives the same packets.
 * Mixer: the 32-bit finaliser of MurmurHash3 (public domain).
 */

import { isIpv4 } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';

/** Mixes any number of integers into one unsigned 32-bit number. */
export function mix(...values: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const value of values) hash = scramble(hash ^ scramble(value | 0));
  return hash >>> 0;
}

function scramble(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** An address as a number to mix: one of IPv4 is one. */
export const addressHash = (address: Ip): number =>
  isIpv4(address)
    ? address
    : mix(...[0, 8, 16, 24].map((at) => Number.parseInt(address.slice(at, at + 8), 16)));

/** Maps a 32-bit hash onto `low` (included) to `high` (excluded), as the kernel's reciprocal_scale does. */
export function scaleHash(hash: number, low: number, high: number): number {
  return low + Math.floor((hash / 0x100000000) * (high - low));
}
