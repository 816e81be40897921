/**
 * IPv4 addresses and prefixes as 32-bit numbers: a packet's walk compares and masks them, only printing spells them.
 * Notation: RFC 4632 (CIDR). What is done with IPv6 addresses is in `ipv6.ts`, what is done with both in `ip-family.ts`.
 */

/** An IPv4 address as an unsigned 32-bit integer in host order. */
export type Ipv4 = number & { readonly __brand: 'Ipv4' };

/** An IPv6 address as its 32 hexadecimal digits in lower case: equal addresses are equal strings, and their order is theirs. */
export type Ipv6 = string & { readonly __brand: 'Ipv6' };

/** An address of either family; `typeof` tells which. */
export type Ip = Ipv4 | Ipv6;

/** A prefix. `base` is masked (no host bits); `length` is 0-32, for IPv6 0-128. */
export interface Cidr<Address extends Ip = Ipv4> {
  readonly base: Address;
  readonly length: number;
}

/** An address with the length of its on-link prefix, as `ip addr` shows it (host bits kept). */
export interface InterfaceAddress<Address extends Ip = Ipv4> {
  readonly address: Address;
  readonly length: number;
}

export const UNSPECIFIED = 0 as Ipv4;
export const BROADCAST = 0xffffffff as Ipv4;

/** Parses dotted-quad notation; leading zeros are refused as Go's net/netip does. Undefined when malformed. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value as Ipv4;
}

/** For literals in code: throws on malformed text. */
export function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`not an IPv4 address: ${text}`);
  return address;
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The netmask of a prefix length (0-32) as an unsigned number. */
export function netmask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/** The prefix that holds `address`, host bits cleared. */
export function cidrOf(address: Ipv4, length: number): Cidr {
  return { base: ((address & netmask(length)) >>> 0) as Ipv4, length };
}

/** Parses `a.b.c.d/len`; host bits are cleared. A bare address is not a prefix. Undefined when malformed. */
export function parseCidr(text: string): Cidr | undefined {
  const parsed = parseInterfaceAddress(text);
  return parsed && cidrOf(parsed.address, parsed.length);
}

/** Parses `a.b.c.d/len` keeping the host bits. Undefined when malformed. */
export function parseInterfaceAddress(text: string): InterfaceAddress | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const address = parseIpv4(match[1] ?? '');
  const length = Number(match[2]);
  if (address === undefined || length > 32) return undefined;
  return { address, length };
}

/** For literals in code: throws on malformed text. */
export function cidr(text: string): Cidr {
  const prefix = parseCidr(text);
  if (!prefix) throw new RangeError(`not an IPv4 prefix: ${text}`);
  return prefix;
}

export function formatCidr(prefix: Cidr): string {
  return `${formatIpv4(prefix.base)}/${prefix.length}`;
}

export function cidrContains(prefix: Cidr, address: Ipv4): boolean {
  return (address & netmask(prefix.length)) >>> 0 === prefix.base;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.length <= b.length ? cidrContains(a, b.base) : cidrContains(b, a.base);
}

export function cidrEquals(a: Cidr, b: Cidr): boolean {
  return a.base === b.base && a.length === b.length;
}

/** The address `offset` (>= 0) after the start of the prefix. */
export function addressAt(prefix: Cidr, offset: number): Ipv4 {
  return ((prefix.base + offset) >>> 0) as Ipv4;
}

/** How many addresses a prefix holds, network and broadcast address included. */
export function cidrSize(prefix: Cidr): number {
  return 2 ** (32 - prefix.length);
}
