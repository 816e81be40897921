/**
 * What would make a topology impossible to build or to understand: addresses outside their segment, ranges that overlap,
 * names used twice, gateways that no router holds. The rules hold for each family of addresses; what only a dual-stack
 * cluster needs is in `topology-dual-stack-rules.ts`.
 */
import { addressAt, cidrSize, type Cidr, type Ip } from '../model/ip.ts';
import { formatIp, formatIpCidr, ipCidrContains, isCidr6, type IpCidr } from '../model/ip-family.ts';
import type { Topology } from '../model/topology.ts';
import { neighbourMistakes } from './topology-bgp-rules.ts';
import { dualStackMistakes } from './topology-dual-stack-rules.ts';
import { familiesOf, type FamilyPort, type FamilyTopology, type Mistake } from './topology-family.ts';

export function topologyMistakes(topology: Topology): readonly Mistake[] {
  const families = familiesOf(topology);
  return [
    ...namesUsedTwice(topology),
    ...families.flatMap(overlappingRanges),
    ...families.flatMap(misplacedAddresses),
    ...families.flatMap(missingGateways),
    ...families.flatMap(deadRoutes),
    ...neighbourMistakes(topology),
    ...dualStackMistakes(topology),
    ...(topology.nodes.some(({ role }) => role === 'control-plane')
      ? []
      : [{ path: ['nodes'], message: 'one node must have the role control-plane' }]),
  ];
}

function namesUsedTwice({ segments, routers, nodes, hosts }: Topology): readonly Mistake[] {
  const twice = (
    lists: Readonly<Record<string, readonly { readonly name: string }[]>>,
  ): readonly Mistake[] => {
    const seen = new Set<string>();
    return Object.entries(lists).flatMap(([list, named]) =>
      named.flatMap(({ name }, at) => {
        const used = seen.has(name);
        seen.add(name);
        return used ? [{ path: [list, at, 'name'], message: `the name "${name}" is used twice` }] : [];
      }),
    );
  };
  return [...twice({ segments }), ...twice({ nodes, hosts, routers })];
}

function overlappingRanges({ suffix, podCidr, serviceCidr, segments }: FamilyTopology): readonly Mistake[] {
  const ranges = [
    { path: [`podCidr${suffix}`], range: podCidr },
    { path: [`serviceCidr${suffix}`], range: serviceCidr },
    ...segments.map(({ subnet }, at) => ({ path: ['segments', at, `subnet${suffix}`], range: subnet })),
  ].flatMap(({ path, range }) => (range ? [{ path, range }] : []));
  return ranges.flatMap(({ path, range }, at) =>
    ranges
      .slice(0, at)
      .filter((other) => overlap(range, other.range))
      .map((other) => ({
        path,
        message: `${formatIpCidr(range)} overlaps with ${formatIpCidr(other.range)}`,
      })),
  );
}

const overlap = (a: IpCidr, b: IpCidr): boolean =>
  a.length <= b.length ? ipCidrContains(a, b.base) : ipCidrContains(b, a.base);

/** Something with an address in a segment, and where the file says so. */
interface Placed extends FamilyPort {
  readonly path: Mistake['path'];
}

const placed = ({ routers, nodes, hosts }: FamilyTopology): readonly Placed[] => [
  ...routers.flatMap(({ ports }, router) =>
    ports.map((port, at) => ({ ...port, path: ['routers', router, 'ports', at] })),
  ),
  ...nodes.map((node, at) => ({ ...node, path: ['nodes', at] })),
  ...hosts.map((host, at) => ({ ...host, path: ['hosts', at] })),
];

function misplacedAddresses(family: FamilyTopology): readonly Mistake[] {
  const segments = new Map(family.segments.map((segment) => [segment.name, segment]));
  const taken = new Set<Ip>();
  return placed(family).flatMap(({ path, segment: name, address }) => {
    const segment = segments.get(name);
    // A segment nobody has is told once, with the addresses that every topology has.
    if (!segment)
      return family.suffix === ''
        ? [{ path: [...path, 'segment'], message: `no segment is named "${name}"` }]
        : [];
    if (address === undefined || segment.subnet === undefined) return [];
    const fault = taken.has(address.address) ? 'is used twice' : addressFault(name, segment.subnet, address);
    taken.add(address.address);
    return fault === undefined
      ? []
      : [
          {
            path: [...path, `address${family.suffix}`],
            message: `${formatIp(address.address)} ${fault}`,
          },
        ];
  });
}

function addressFault(
  segment: string,
  subnet: IpCidr,
  { address, length }: { readonly address: Ip; readonly length: number },
): string | undefined {
  if (!ipCidrContains(subnet, address)) return `is outside ${segment} (${formatIpCidr(subnet)})`;
  const reserved = isCidr6(subnet) ? anycastFault(subnet, address) : networkFault(subnet, address);
  if (reserved !== undefined) return `${reserved} of ${formatIpCidr(subnet)}`;
  // A cloud hands its machines addresses of one each, so a longer prefix than the segment's is a lab's business.
  return length < subnet.length
    ? `has a shorter prefix than ${segment} (${formatIpCidr(subnet)})`
    : undefined;
}

function networkFault(subnet: Cidr, address: Ip): string | undefined {
  const last = addressAt(subnet, cidrSize(subnet) - 1);
  return subnet.length < 31 && (address === subnet.base || address === last)
    ? 'is the network or broadcast address'
    : undefined;
}

/** RFC 4291 (2.6.1): the first address of a prefix is every router's; RFC 6164 has none between two routers. */
const anycastFault = (subnet: Cidr<Ip>, address: Ip): string | undefined =>
  subnet.length < 127 && address === subnet.base ? 'is the subnet-router anycast address' : undefined;

function missingGateways({ suffix, nodes, hosts, routers }: FamilyTopology): readonly Mistake[] {
  const isHeld = (segment: string, gateway: Ip): boolean =>
    routers.some(({ ports }) =>
      ports.some((port) => port.segment === segment && port.address?.address === gateway),
    );
  return Object.entries({ nodes, hosts }).flatMap(([list, machines]) =>
    machines.flatMap(({ segment, gateway }, at) =>
      gateway === undefined || isHeld(segment, gateway)
        ? []
        : [
            {
              path: [list, at, `gateway${suffix}`],
              message: `no router has the address ${formatIp(gateway)} in ${segment}`,
            },
          ],
    ),
  );
}

function deadRoutes({ suffix, routers, hosts, segments }: FamilyTopology): readonly Mistake[] {
  const within = (names: readonly string[], via: Ip): boolean =>
    segments.some(({ name, subnet }) => subnet && ipCidrContains(subnet, via) && names.includes(name));
  const holders = [
    ...routers.map(({ ports, routes }, at) => ({
      path: ['routers', at],
      kind: 'router',
      routes,
      near: ports.map(({ segment }) => segment),
    })),
    ...hosts.map(({ segment, routes }, at) => ({
      path: ['hosts', at],
      kind: 'host',
      routes,
      near: [segment],
    })),
  ];
  return holders.flatMap(({ path, kind, routes, near }) =>
    routes.flatMap(({ via }, at) =>
      within(near, via)
        ? []
        : [
            {
              path: [...path, `routes${suffix}`, at, 'via'],
              message: `${formatIp(via)} is in no segment of this ${kind}`,
            },
          ],
    ),
  );
}
