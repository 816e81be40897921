/**
 * Prefixes and addresses as somebody typed them, which validators of both families look at before anything is masked.
 * Source: Go net.ParseCIDR and net.ParseIP (RFC 4632, RFC 4291); canonical text after RFC 5952.
 */
import type { Ip } from '../../../model/ip.ts';
import {
  addressBits,
  familyOf,
  formatIpCidr,
  ipCidrContains,
  ipCidrOf,
  parseIp,
  parseIpInterfaceAddress,
  type IpFamily,
} from '../../../model/ip-family.ts';

export interface IpAddress {
  readonly version: IpFamily;
  readonly address: Ip;
}

export interface IpNetwork extends IpAddress {
  /** Host bits cleared; they are kept in `address`. */
  readonly base: Ip;
  readonly length: number;
}

/** Undefined when malformed; a bare address is not a network. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const parsed = /\/(?:0|[1-9]\d*)$/.test(text) ? parseIpInterfaceAddress(text) : undefined;
  return parsed && networkOf(parsed.address, parsed.length);
}

const networkOf = (address: Ip, length: number): IpNetwork => ({
  version: familyOf(address),
  address,
  base: ipCidrOf(address, length).base,
  length,
});

export function parseAddress(text: string): IpAddress | undefined {
  const address = parseIp(text);
  return address === undefined ? undefined : { version: familyOf(address), address };
}

/** The network that is one address. */
export const hostNetwork = ({ address }: IpAddress): IpNetwork => networkOf(address, addressBits(address));

export const formatNetwork = ({ base, length }: IpNetwork): string => formatIpCidr({ base, length });

export function networksOverlap(a: IpNetwork, b: IpNetwork): boolean {
  const [wide, narrow] = a.length <= b.length ? [a, b] : [b, a];
  return ipCidrContains(ipCidrOf(wide.base, wide.length), narrow.base);
}

/** How many addresses the network holds, as Go's floating-point numbers have it. */
export const networkSize = ({ base, length }: IpNetwork): number => 2 ** (addressBits(base) - length);
