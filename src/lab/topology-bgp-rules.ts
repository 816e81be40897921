/** What would make a router's BGP neighbours impossible: addresses that are its own, out of reach or listed twice. */
import { cidrContains, formatIpv4, type Ipv4 } from '../model/ip.ts';
import type { Router, RouterBgp, RouterNeighbour, Topology } from '../model/topology.ts';
import type { Mistake } from './topology-family.ts';

export function neighbourMistakes({ routers, segments }: Topology): readonly Mistake[] {
  return routers.flatMap((router, at) => {
    const { bgp, ports } = router;
    if (!bgp) return [];
    const own = new Set(ports.map(({ address }) => address.address));
    const near = (address: Ipv4): boolean =>
      segments.some(
        ({ name, subnet }) => cidrContains(subnet, address) && ports.some(({ segment }) => segment === name),
      );
    return listed(bgp, { router, at }, { own, near });
  });
}

interface Place {
  readonly router: Router;
  readonly at: number;
}

interface Surroundings {
  readonly own: ReadonlySet<Ipv4>;
  readonly near: (address: Ipv4) => boolean;
}

function listed(bgp: RouterBgp, { router, at }: Place, { own, near }: Surroundings): readonly Mistake[] {
  const seen = new Set<Ipv4>();
  return (bgp.neighbours ?? []).flatMap((neighbour, index) => {
    const { address } = neighbour;
    const twice = seen.has(address);
    seen.add(address);
    const fault = own.has(address)
      ? `is an address of ${router.name} itself`
      : twice
        ? 'is listed twice'
        : outOfReach(neighbour, near);
    const path = ['routers', at, 'bgp', 'neighbours', index];
    return [
      ...(fault === undefined
        ? []
        : [{ path: [...path, 'address'], message: `${formatIpv4(address)} ${fault}` }]),
      ...reflectionMistake(bgp, neighbour, [...path, 'reflectorClient']),
    ];
  });
}

function outOfReach({ address, multihop }: RouterNeighbour, near: Surroundings['near']): string | undefined {
  return multihop === undefined && !near(address)
    ? 'is in no segment of this router: say how many hops away it is with multihop'
    : undefined;
}

function reflectionMistake(
  { asNumber }: RouterBgp,
  neighbour: RouterNeighbour,
  path: Mistake['path'],
): readonly Mistake[] {
  return neighbour.reflectorClient && neighbour.asNumber !== asNumber
    ? [{ path, message: `routes are reflected inside one AS, and AS${neighbour.asNumber} is another` }]
    : [];
}
