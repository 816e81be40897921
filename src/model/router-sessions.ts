/**
 * Which BGP sessions a router of a topology has: those it lists, else one with every node and every router that speaks BGP in
 * the segments of its ports; with a machine that has IPv6 too a second one, over IPv6. Both engines configure their routers
 * from this, so they speak with the same neighbours under the same names.
 */
import { familyOf, ipCidrContains, ipCidrOf } from './ip-family.ts';
import { formatIpv4, type InterfaceAddress, type Ip, type Ipv4 } from './ip.ts';
import type { Router, RouterBgp, RouterNeighbour, RouterPort, Topology } from './topology.ts';

export interface RouterSession {
  /** As people name them: after the machine, in the letters that BIRD's names have, with `_v6` for that family. */
  readonly name: string;
  readonly neighbour: RouterNeighbour;
  /** The neighbour's, in the session's family. */
  readonly address: Ip;
  /** The router's own towards it; undefined when it is in none of its segments. */
  readonly source: Ip | undefined;
  readonly withNode: boolean;
}

export function routerSessions(topology: Topology, router: Router, bgp: RouterBgp): readonly RouterSession[] {
  const hasIpv6 = router.ports.some(({ address6 }) => address6 !== undefined);
  return (bgp.neighbours ?? foundNeighbours(topology, router, bgp)).flatMap((neighbour) => {
    const second = hasIpv6 ? address6At(topology, neighbour.address) : undefined;
    const name = protocolName(topology, neighbour.address);
    const withNode = topology.nodes.some((node) => node.address.address === neighbour.address);
    const over = (address: Ip): RouterSession => ({
      name: familyOf(address) === 6 ? `${name}_v6` : name,
      neighbour,
      address,
      source: sourceTowards(router, address),
      withNode,
    });
    return [neighbour.address, ...(second === undefined ? [] : [second])].map(over);
  });
}

/** Nodes are waited for: they may not speak BGP with it at all. */
function foundNeighbours(
  { nodes, routers }: Topology,
  router: Router,
  { nodesAs }: RouterBgp,
): readonly RouterNeighbour[] {
  const found = (address: Ipv4, asNumber: number, passive: boolean): RouterNeighbour => ({
    address,
    asNumber,
    reflectorClient: false,
    passive,
  });
  return router.ports.flatMap(({ segment }) => [
    ...nodes
      .filter((node) => node.segment === segment)
      .map(({ address }) => found(address.address, nodesAs, true)),
    ...routers.flatMap(({ name, ports, bgp }) =>
      bgp === undefined || name === router.name
        ? []
        : ports
            .filter((port) => port.segment === segment)
            .map(({ address }) => found(address.address, bgp.asNumber, false)),
    ),
  ]);
}

/** The IPv6 address of the port that has the IPv4 address. */
function address6At({ nodes, routers, hosts }: Topology, address: Ipv4): Ip | undefined {
  const ports: readonly Pick<RouterPort, 'address' | 'address6'>[] = [
    ...nodes,
    ...hosts,
    ...routers.flatMap(({ ports: own }) => own),
  ];
  return ports.find((port) => port.address.address === address)?.address6?.address;
}

function sourceTowards({ ports }: Router, address: Ip): Ip | undefined {
  const family = familyOf(address);
  return ports
    .map((port): InterfaceAddress<Ip> | undefined => (family === 4 ? port.address : port.address6))
    .find((own) => own && ipCidrContains(ipCidrOf(own.address, own.length), address))?.address;
}

function protocolName({ nodes, routers }: Topology, address: Ipv4): string {
  const node = nodes.find((each) => each.address.address === address);
  const router = routers.find(({ ports }) => ports.some((port) => port.address.address === address));
  return (node?.name ?? router?.name ?? `peer_${formatIpv4(address)}`).replaceAll(/[^a-z0-9]/g, '_');
}
