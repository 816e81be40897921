/**
 * IPv6 addresses and prefixes: parsed from every notation of RFC 4291 (2.2), printed in that of RFC 5952, masked and counted.
 * Left out: zones (`fe80::1%eth0`), which belong to sockets.
 */
import type { Cidr, InterfaceAddress, Ipv6 } from './ip.ts';
import { formatIpv4, parseIpv4 } from './ip.ts';
import type { Ipv4 } from './ip.ts';

const GROUPS = 8;
const DIGITS = 32;

/** `::` */
export const UNSPECIFIED6 = '0'.repeat(DIGITS) as Ipv6;

/** `::1` */
export const LOOPBACK6 = '1'.padStart(DIGITS, '0') as Ipv6;

/** Undefined when malformed. Leading zeros, capitals, `::` and a dotted end (`::ffff:192.0.2.1`) are understood. */
export function parseIpv6(text: string): Ipv6 | undefined {
  const groupsOf = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [before, after, ...more] = hexEnding(text)?.split('::') ?? [];
  if (before === undefined || more.length > 0) return undefined;
  const head = groupsOf(before);
  const tail = groupsOf(after ?? '');
  const missing = GROUPS - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => group.toLowerCase().padStart(4, '0')).join('') as Ipv6;
}

/** The text with a dotted end written as two groups; undefined when that end is not an IPv4 address. */
function hexEnding(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const at = text.lastIndexOf(':') + 1;
  const dotted = parseIpv4(text.slice(at));
  if (dotted === undefined || at === 0) return undefined;
  const groups = [dotted >>> 16, dotted & 0xffff].map((group) => group.toString(16));
  return text.slice(0, at) + groups.join(':');
}

/** For literals in code: throws on malformed text. */
export function ipv6(text: string): Ipv6 {
  const address = parseIpv6(text);
  if (address === undefined) throw new RangeError(`not an IPv6 address: ${text}`);
  return address;
}

const MAPPED = `${'0'.repeat(20)}ffff`;

/** RFC 5952: no leading zeros, the longest run of two or more zero groups as `::`, the first of equals. */
export function formatIpv6(address: Ipv6): string {
  if (address.startsWith(MAPPED))
    return `::ffff:${formatIpv4(Number.parseInt(address.slice(24), 16) as Ipv4)}`;
  const groups = Array.from({ length: GROUPS }, (_, at) =>
    Number.parseInt(address.slice(at * 4, at * 4 + 4), 16).toString(16),
  );
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  }
  return best;
}

/** The prefix of `length` (0-128) that holds `address`, host bits cleared. */
export function cidrOf6(address: Ipv6, length: number): Cidr<Ipv6> {
  return { base: masked6(address, length), length };
}

/** The address with all bits after the first `length` (0-128) cleared. */
export function masked6(address: Ipv6, length: number): Ipv6 {
  const whole = length >> 2;
  const rest = length & 3;
  const digits = address.slice(0, whole);
  if (rest === 0) return digits.padEnd(DIGITS, '0') as Ipv6;
  const digit = Number.parseInt(address.charAt(whole), 16) & (0xf << (4 - rest));
  return (digits + (digit & 0xf).toString(16)).padEnd(DIGITS, '0') as Ipv6;
}

/** Parses `fd00::/64`; host bits are cleared. A bare address is not a prefix. Undefined when malformed. */
export function parseCidr6(text: string): Cidr<Ipv6> | undefined {
  const parsed = parseInterfaceAddress6(text);
  return parsed && cidrOf6(parsed.address, parsed.length);
}

/** Parses `fd00::1/64` keeping the host bits. Undefined when malformed. */
export function parseInterfaceAddress6(text: string): InterfaceAddress<Ipv6> | undefined {
  const match = /^([\da-f:.]+)\/(\d{1,3})$/i.exec(text);
  const address = match ? parseIpv6(match[1] ?? '') : undefined;
  const length = Number(match?.[2]);
  return address === undefined || length > 128 ? undefined : { address, length };
}

/** For literals in code: throws on malformed text. */
export function cidr6(text: string): Cidr<Ipv6> {
  const prefix = parseCidr6(text);
  if (!prefix) throw new RangeError(`not an IPv6 prefix: ${text}`);
  return prefix;
}

export function formatCidr6(prefix: Cidr<Ipv6>): string {
  return `${formatIpv6(prefix.base)}/${prefix.length}`;
}

export function cidrContains6(prefix: Cidr<Ipv6>, address: Ipv6): boolean {
  return masked6(address, prefix.length) === prefix.base;
}

/** The address `offset` (>= 0) after the start of the prefix. */
export function addressAt6(prefix: Cidr<Ipv6>, offset: number | bigint): Ipv6 {
  return fromBigInt(toBigInt(prefix.base) + BigInt(offset));
}

/** How far (>= 0) an address of the prefix is from its start. */
export function offsetIn6(prefix: Cidr<Ipv6>, address: Ipv6): bigint {
  return toBigInt(address) - toBigInt(prefix.base);
}

/** How many addresses a prefix holds. */
export function cidrSize6(prefix: Cidr<Ipv6>): bigint {
  return 1n << BigInt(128 - prefix.length);
}

const toBigInt = (address: Ipv6): bigint => BigInt(`0x${address}`);

const fromBigInt = (value: bigint): Ipv6 =>
  BigInt.asUintN(128, value).toString(16).padStart(DIGITS, '0') as Ipv6;

/** The 16 bytes on the wire. */
export function ipv6ToBytes(address: Ipv6): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(address.slice(at * 2, at * 2 + 2), 16));
}

/** @param bytes 16 of them. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6 {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('') as Ipv6;
}
