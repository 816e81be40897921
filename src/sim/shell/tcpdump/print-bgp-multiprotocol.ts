/** The attributes in which IPv6 routes travel, as tcpdump 4.99.3 prints them (print-bgp.c), compared with the real tool. */
import { prefixLength } from '../../../model/bgp-encode.ts';
import type { BgpUpdate, PathPrefix } from '../../../model/bgp.ts';
import { formatIp, formatIpCidr, isIpv6 } from '../../../model/ip-family.ts';

const FAMILY = '    AFI: IPv6 (2), SAFI: Unicast (1)';
/** Of the family, and in what is reached of the next hop's length and a reserved byte besides. */
const FAMILY_LENGTH = 3;
const REACH_LENGTH = FAMILY_LENGTH + 2;
const ADDRESS_LENGTH = 16;

/** Behind the other attributes; nothing for a message about IPv4. */
export function multiprotocolLines({
  family,
  attributes,
  announced,
  withdrawn,
}: BgpUpdate): readonly string[] {
  if (family !== 6) return [];
  return [
    ...(attributes ? reachLines(attributes, announced) : []),
    ...(withdrawn.length > 0 || !attributes ? unreachLines(withdrawn) : []),
  ];
}

function reachLines(
  { nextHop, linkLocal }: NonNullable<BgpUpdate['attributes']>,
  announced: readonly PathPrefix[],
): readonly string[] {
  const hops = [nextHop, linkLocal].filter((hop) => hop !== undefined && isIpv6(hop));
  const length = hops.length * ADDRESS_LENGTH;
  return [
    `  Multi-Protocol Reach NLRI (14), length: ${REACH_LENGTH + length + total(announced)}, Flags [O]: `,
    FAMILY,
    `    nexthop: ${hops.map((hop) => formatIp(hop)).join(', ')}, nh-length: ${length}, no SNPA`,
    ...announced.map(routeLine),
  ];
}

const unreachLines = (withdrawn: readonly PathPrefix[]): readonly string[] => [
  `  Multi-Protocol Unreach NLRI (15), length: ${FAMILY_LENGTH + total(withdrawn)}, Flags [O]: `,
  FAMILY,
  ...(withdrawn.length > 0 ? withdrawn.map(routeLine) : ['      End-of-Rib Marker (empty NLRI)']),
];

const total = (routes: readonly PathPrefix[]): number =>
  routes.reduce((sum, route) => sum + prefixLength(route), 0);

const routeLine = ({ prefix, pathId }: PathPrefix): string =>
  `      ${formatIpCidr(prefix)}${pathId === undefined ? '' : `   Path Id: ${pathId}`}`;
