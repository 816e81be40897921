/** What kube-proxy's program for one family of addresses reads and writes differently from the other's. */
import {
  cidr,
  cidrContains,
  formatIpv4,
  parseCidr,
  parseIpv4,
  type Cidr,
  type Ip,
  type Ipv4,
  type Ipv6,
} from '../../../model/ip.ts';
import { cidr6, cidrContains6, formatIpv6, parseCidr6, parseIpv6 } from '../../../model/ipv6.ts';

export interface AddressFamily<Address extends Ip> {
  /** As endpoint slices and services call it. */
  readonly name: 'IPv4' | 'IPv6';
  readonly bits: number;
  readonly parse: (text: string) => Address | undefined;
  readonly format: (address: Address) => string;
  readonly parseCidr: (text: string) => Cidr<Address> | undefined;
  readonly contains: (range: Cidr<Address>, address: Address) => boolean;
  /** With route_localnet on, what claims to come from elsewhere still has no business at these; IPv6 has no such setting. */
  readonly guarded?: Cidr<Address>;
  /** Addresses of the node that its node ports are not open at. */
  readonly closed?: Cidr<Address>;
}

export const IPV4: AddressFamily<Ipv4> = {
  name: 'IPv4',
  bits: 32,
  parse: parseIpv4,
  format: formatIpv4,
  parseCidr,
  contains: cidrContains,
  guarded: cidr('127.0.0.0/8'),
};

export const IPV6: AddressFamily<Ipv6> = {
  name: 'IPv6',
  bits: 128,
  parse: parseIpv6,
  format: formatIpv6,
  parseCidr: parseCidr6,
  contains: cidrContains6,
  closed: cidr6('::1/128'),
};
