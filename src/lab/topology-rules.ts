/**
 * What would make a topology impossible to build or to understand: addresses outside their segment, ranges that overlap,
 * names used twice, gateways that no router holds.
 */
import {
  addressAt,
  cidrContains,
  cidrSize,
  cidrsOverlap,
  formatCidr,
  formatIpv4,
  type Cidr,
  type Ipv4,
} from '../model/ip.ts';
import type { OutsideHost, Segment, Topology } from '../model/topology.ts';
import { neighbourMistakes } from './topology-bgp-rules.ts';

export interface Mistake {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function topologyMistakes(topology: Topology): readonly Mistake[] {
  return [
    ...namesUsedTwice(topology),
    ...overlappingRanges(topology),
    ...misplacedAddresses(topology),
    ...missingGateways(topology),
    ...deadRoutes(topology),
    ...neighbourMistakes(topology),
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

function overlappingRanges({ segments, podCidr, serviceCidr }: Topology): readonly Mistake[] {
  const ranges: readonly (readonly [readonly (string | number)[], Cidr])[] = [
    [['podCidr'], podCidr],
    [['serviceCidr'], serviceCidr],
    ...segments.map(({ subnet }, at) => [['segments', at, 'subnet'], subnet] as const),
  ];
  return ranges.flatMap(([path, range], at) =>
    ranges
      .slice(0, at)
      .filter(([, other]) => cidrsOverlap(range, other))
      .map(([, other]) => ({ path, message: `${formatCidr(range)} overlaps with ${formatCidr(other)}` })),
  );
}

/** Something with an address in a segment, and where the file says so. */
interface Port {
  readonly path: readonly (string | number)[];
  readonly segment: string;
  readonly address: { readonly address: Ipv4; readonly length: number };
}

function portsOf({ routers, nodes, hosts }: Topology): readonly Port[] {
  return [
    ...routers.flatMap(({ ports }, router) =>
      ports.map((port, at) => ({ ...port, path: ['routers', router, 'ports', at] })),
    ),
    ...nodes.map((node, at) => ({ ...node, path: ['nodes', at] })),
    ...hosts.map((host, at) => ({ ...host, path: ['hosts', at] })),
  ];
}

function misplacedAddresses(topology: Topology): readonly Mistake[] {
  const segments = new Map(topology.segments.map((segment) => [segment.name, segment]));
  const taken = new Set<Ipv4>();
  return portsOf(topology).flatMap(({ path, segment: name, address: { address, length } }) => {
    const segment = segments.get(name);
    if (!segment) return [{ path: [...path, 'segment'], message: `no segment is named "${name}"` }];
    const fault = taken.has(address) ? 'is used twice' : addressFault(segment, address, length);
    taken.add(address);
    return fault === undefined
      ? []
      : [{ path: [...path, 'address'], message: `${formatIpv4(address)} ${fault}` }];
  });
}

function addressFault({ name, subnet }: Segment, address: Ipv4, length: number): string | undefined {
  const last = addressAt(subnet, cidrSize(subnet) - 1);
  if (!cidrContains(subnet, address)) return `is outside ${name} (${formatCidr(subnet)})`;
  if (subnet.length < 31 && (address === subnet.base || address === last)) {
    return `is the network or broadcast address of ${formatCidr(subnet)}`;
  }
  // A cloud hands its machines /32 addresses, so a longer prefix than the segment's is a lab's business.
  return length < subnet.length ? `has a shorter prefix than ${name} (${formatCidr(subnet)})` : undefined;
}

function missingGateways({ nodes, hosts, routers }: Topology): readonly Mistake[] {
  const isHeld = ({ segment, gateway }: Pick<OutsideHost, 'segment' | 'gateway'>): boolean =>
    routers.some(({ ports }) =>
      ports.some((port) => port.segment === segment && port.address.address === gateway),
    );
  return Object.entries({ nodes, hosts }).flatMap(([list, machines]) =>
    machines.flatMap((machine, at) =>
      isHeld(machine)
        ? []
        : [
            {
              path: [list, at, 'gateway'],
              message: `no router has the address ${formatIpv4(machine.gateway)} in ${machine.segment}`,
            },
          ],
    ),
  );
}

function deadRoutes({ routers, hosts, segments }: Topology): readonly Mistake[] {
  const within = (names: readonly string[], via: Ipv4): boolean =>
    segments.some(({ name, subnet }) => cidrContains(subnet, via) && names.includes(name));
  const holders = [
    ...routers.map(({ ports, routes }, at) => ({
      path: ['routers', at],
      kind: 'router',
      routes,
      near: ports.map(({ segment }) => segment),
    })),
    ...hosts.map(({ segment, routes = [] }, at) => ({
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
              path: [...path, 'routes', at, 'via'],
              message: `${formatIpv4(via)} is in no segment of this ${kind}`,
            },
          ],
    ),
  );
}
