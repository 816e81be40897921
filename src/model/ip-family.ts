/**
 * What is the same for both families of addresses: each function asks the family of what it gets and hands it on.
 */
import type { Cidr, InterfaceAddress, Ip, Ipv4, Ipv6 } from './ip.ts';
import {
  addressAt,
  cidrContains,
  cidrOf,
  formatIpv4,
  parseCidr,
  parseInterfaceAddress,
  parseIpv4,
  UNSPECIFIED,
} from './ip.ts';
import {
  addressAt6,
  cidrContains6,
  cidrOf6,
  formatIpv6,
  offsetIn6,
  parseCidr6,
  parseInterfaceAddress6,
  parseIpv6,
  UNSPECIFIED6,
} from './ipv6.ts';

export type IpFamily = 4 | 6;

/** The addresses of a family. */
export type AddressOf<Family extends IpFamily> = Family extends 4 ? Ipv4 : Ipv6;

/** A prefix of either family. */
export type IpCidr = Cidr | Cidr<Ipv6>;

export const isIpv4 = (address: Ip): address is Ipv4 => typeof address === 'number';

export const isIpv6 = (address: Ip): address is Ipv6 => typeof address === 'string';

export const familyOf = (address: Ip): IpFamily => (isIpv4(address) ? 4 : 6);

export const isCidr6 = (prefix: IpCidr): prefix is Cidr<Ipv6> => isIpv6(prefix.base);

/** Undefined when malformed. */
export const parseIp = (text: string): Ip | undefined =>
  text.includes(':') ? parseIpv6(text) : parseIpv4(text);

export const formatIp = (address: Ip): string =>
  isIpv4(address) ? formatIpv4(address) : formatIpv6(address);

/** Undefined when malformed; host bits are cleared. */
export const parseIpCidr = (text: string): IpCidr | undefined =>
  text.includes(':') ? parseCidr6(text) : parseCidr(text);

/** Undefined when malformed; host bits are kept. */
export const parseIpInterfaceAddress = (text: string): InterfaceAddress<Ip> | undefined =>
  text.includes(':') ? parseInterfaceAddress6(text) : parseInterfaceAddress(text);

export const formatIpCidr = ({ base, length }: Cidr<Ip>): string => `${formatIp(base)}/${length}`;

/** The prefix that holds the address, host bits cleared. */
export const ipCidrOf = (address: Ip, length: number): IpCidr =>
  isIpv4(address) ? cidrOf(address, length) : cidrOf6(address, length);

/** False for an address of the other family. */
export function ipCidrContains(prefix: IpCidr, address: Ip): boolean {
  if (isCidr6(prefix)) return isIpv6(address) && cidrContains6(prefix, address);
  return isIpv4(address) && cidrContains(prefix, address);
}

/** The address `offset` (>= 0) after the start of the prefix. */
export const ipAt = (prefix: IpCidr, offset: number | bigint): Ip =>
  isCidr6(prefix) ? addressAt6(prefix, offset) : addressAt(prefix, Number(offset));

/** How far (>= 0) an address of the prefix is from its start; both are of one family. */
export const offsetIn = ({ base }: Cidr<Ip>, address: Ip): bigint =>
  isIpv4(base) || isIpv4(address)
    ? BigInt(Number(address) - Number(base))
    : offsetIn6({ base, length: 0 }, address);

/** IPv4 first, each family in the order of its addresses. */
export function compareIps(a: Ip, b: Ip): number {
  if (isIpv4(a)) return isIpv4(b) ? a - b : -1;
  if (isIpv4(b)) return 1;
  return a < b ? -1 : Number(a > b);
}

export const ipCidrEquals = (a: Cidr<Ip>, b: Cidr<Ip>): boolean => a.base === b.base && a.length === b.length;

/** 0.0.0.0 or ::, which stands for no address. */
export const unspecifiedLike = (address: Ip): Ip => (isIpv4(address) ? UNSPECIFIED : UNSPECIFIED6);

/** How many bits an address of the family has: the length of a prefix that is one address. */
export const addressBits = (address: Ip): number => (isIpv4(address) ? 32 : 128);
