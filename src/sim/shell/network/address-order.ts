/**
 * Which of a host's addresses is tried first: RFC 6724, section 6, as glibc's getaddrinfo sorts them (sysdeps/posix/getaddrinfo.c,
 * the tables of gai.conf(5)). Addresses that the stack cannot speak to come last; then those whose source has the same label,
 * then those of higher precedence, in which all of IPv4 is below IPv6. Left out: deprecated and home addresses, native transport.
 */
import { isIpv4, isIpv6 } from '../../../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { cidr6, cidrContains6, masked6 } from '../../../model/ipv6.ts';
import { isLinkLocalAddress } from '../../net/inet6.ts';
import { routeOutput } from '../../net/output-route.ts';
import { stackOf } from '../../net/stack.ts';
import type { Here } from './here.ts';

interface Policy {
  readonly prefix: Cidr<Ipv6>;
  readonly precedence: number;
  readonly label: number;
}

const policy = (prefix: string, precedence: number, label: number): Policy => ({
  prefix: cidr6(prefix),
  precedence,
  label,
});

/** The longest prefixes first. */
const POLICIES: readonly Policy[] = [
  policy('::1/128', 50, 0),
  policy('::ffff:0:0/96', 10, 4),
  policy('::/96', 20, 3),
  policy('2001::/32', 40, 7),
  policy('2002::/16', 30, 2),
  policy('fec0::/10', 40, 5),
  policy('fc00::/7', 40, 6),
  policy('::/0', 40, 1),
];

/** IPv4 stands in the tables as the addresses that IPv6 has for it. */
const mapped = (address: Ipv4): Ipv6 =>
  `${'0'.repeat(20)}ffff${address.toString(16).padStart(8, '0')}` as Ipv6;

const asInet6 = (address: Ip): Ipv6 => (isIpv4(address) ? mapped(address) : address);

function policyOf(address: Ip): Policy | undefined {
  return POLICIES.find(({ prefix }) => cidrContains6(prefix, asInet6(address)));
}

const LINK_SCOPE = 2;
const GLOBAL_SCOPE = 14;

function scopeOf(address: Ip): number {
  if (isIpv6(address))
    return isLinkLocalAddress(address) || /^0{31}1$/.test(address) ? LINK_SCOPE : GLOBAL_SCOPE;
  return address >>> 24 === 127 || address >>> 16 === 0xa9fe ? LINK_SCOPE : GLOBAL_SCOPE;
}

interface Candidate {
  readonly address: Ip;
  /** What the stack would speak from; undefined when it would not. */
  readonly source: Ip | undefined;
}

/** The addresses, the one to be tried first at the front; equals stay in their order. */
export function orderedAddresses({ netns }: Here, addresses: readonly Ip[]): readonly Ip[] {
  if (addresses.length < 2) return addresses;
  const stack = stackOf(netns);
  const candidates = addresses.map((address): Candidate => {
    const routed = routeOutput(stack, address);
    return { address, source: routed.ok ? routed.value.source : undefined };
  });
  return candidates.sort(compare).map(({ address }) => address);
}

/** Negative where `a` comes first, by the first rule that tells them apart. */
function compare(a: Candidate, b: Candidate): number {
  return (
    first(a, b, ({ source }) => source !== undefined) ||
    first(a, b, ({ address, source }) => source !== undefined && scopeOf(address) === scopeOf(source)) ||
    first(
      a,
      b,
      ({ address, source }) => source !== undefined && policyOf(address)?.label === policyOf(source)?.label,
    ) ||
    (policyOf(b.address)?.precedence ?? 0) - (policyOf(a.address)?.precedence ?? 0) ||
    scopeOf(a.address) - scopeOf(b.address) ||
    nearest(a, b)
  );
}

const first = (a: Candidate, b: Candidate, holds: (candidate: Candidate) => boolean): number =>
  Number(holds(b)) - Number(holds(a));

/** Rule 9: the longer prefix in common with the own source, among addresses of one family. */
function nearest(a: Candidate, b: Candidate): number {
  return isIpv6(a.address) && isIpv6(b.address) ? commonBits(b) - commonBits(a) : 0;
}

function commonBits({ address, source }: Candidate): number {
  if (source === undefined) return 0;
  const [left, right] = [asInet6(address), asInet6(source)];
  let bits = 0;
  while (bits < 128 && masked6(left, bits + 1) === masked6(right, bits + 1)) bits += 1;
  return bits;
}
