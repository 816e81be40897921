/**
 * The BGP daemons of routers: BIRD 2 with what the topology says. A router tells others of its connected networks and of what
 * it heard; cluster nodes hear nothing of the lab's own segments, since BIRD would then resolve the next hops of a mesh
 * through routes that are recursive themselves. Nodes are waited for: they may not speak BGP with it at all. With a machine that
 * has IPv6 too there is a second session, over IPv6 and about it.
 */
import { familyOf, ipCidrContains, ipCidrOf, type IpFamily } from '../../model/ip-family.ts';
import { cidrOf, formatIpv4, type InterfaceAddress, type Ip, type Ipv4 } from '../../model/ip.ts';
import { cidrOf6 } from '../../model/ipv6.ts';
import type { Router, RouterBgp, RouterNeighbour, RouterPort, Topology } from '../../model/topology.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { FilterRule, NeighbourConfig, SpeakerConfig } from '../routing/speaker-config.ts';

export interface RouterSpeaker {
  readonly netns: NetnsId;
  readonly config: SpeakerConfig;
}

export function routerSpeakers(topology: Topology): readonly RouterSpeaker[] {
  return topology.routers.flatMap((router) =>
    router.bgp
      ? [{ netns: `router/${router.name}`, config: configuration(topology, router, router.bgp) }]
      : [],
  );
}

const TO_NODES = 'to_nodes';
/** `graceful restart time` of BIRD. */
const RESTART_TIME = 120;

function configuration(topology: Topology, router: Router, bgp: RouterBgp): SpeakerConfig {
  const networks = router.ports.map(({ address: { address, length } }) => cidrOf(address, length));
  const networks6 = router.ports.flatMap(({ address6 }) =>
    address6 ? [cidrOf6(address6.address, address6.length)] : [],
  );
  const [first] = router.ports;
  const routerId = first?.address.address;
  if (routerId === undefined) throw new RangeError(`router ${router.name} has no port`);
  return {
    process: `bird on ${router.name}`,
    software: 'bird-2',
    ...(networks6.length > 0 && { families: BOTH }),
    routerId,
    asNumber: bgp.asNumber,
    blackholes: [],
    learnt: [],
    connected: [...networks, ...networks6],
    neighbours: (bgp.neighbours ?? foundNeighbours(topology, router, bgp)).flatMap((neighbour) => {
      const neighbouring = { neighbour, bgp, routerId };
      const second = networks6.length > 0 ? address6At(topology, neighbour.address) : undefined;
      return [
        neighbourConfig(topology, router, { ...neighbouring, address: neighbour.address }),
        ...(second === undefined
          ? []
          : [neighbourConfig(topology, router, { ...neighbouring, address: second })]),
      ];
    }),
    filters: {
      [TO_NODES]: topology.segments.flatMap(({ subnet, subnet6 }) => [
        withheld(subnet),
        ...(subnet6 ? [withheld(subnet6)] : []),
      ]),
    },
    exports: [
      { source: 'bgp', accept: true },
      { source: 'connected', accept: true },
    ],
    kernel: [],
    normalMetric: false,
    mergePaths: bgp.ecmp,
  };
}

const BOTH: readonly IpFamily[] = [4, 6];

const withheld = (prefix: FilterRule['prefix'] & object): FilterRule => ({
  prefix,
  match: 'within',
  accept: false,
});

/** Every node and every router with BGP in the segments of its ports. */
function foundNeighbours(
  { nodes, routers }: Topology,
  router: Router,
  { nodesAs }: RouterBgp,
): readonly RouterNeighbour[] {
  return router.ports.flatMap(({ segment }): readonly RouterNeighbour[] => [
    ...nodes
      .filter((node) => node.segment === segment)
      .map(({ address }) => ({
        address: address.address,
        asNumber: nodesAs,
        reflectorClient: false,
        passive: true,
      })),
    ...routers.flatMap(({ name, ports, bgp }) =>
      bgp === undefined || name === router.name
        ? []
        : ports
            .filter((port) => port.segment === segment)
            .map(({ address }) => ({
              address: address.address,
              asNumber: bgp.asNumber,
              reflectorClient: false,
              passive: false,
            })),
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

interface Neighbouring {
  /** In one of its families. */
  readonly address: Ip;
  readonly neighbour: RouterNeighbour;
  readonly bgp: RouterBgp;
  readonly routerId: Ipv4;
}

function neighbourConfig(
  topology: Topology,
  router: Router,
  { address, neighbour, bgp, routerId }: Neighbouring,
): NeighbourConfig {
  const { asNumber, reflectorClient, nextHop, multihop, passive } = neighbour;
  const family = familyOf(address);
  const own = router.ports
    .map((port): InterfaceAddress<Ip> | undefined => (family === 4 ? port.address : port.address6))
    .find((each) => each && ipCidrContains(ipCidrOf(each.address, each.length), address));
  const isNode = topology.nodes.some((node) => node.address.address === neighbour.address);
  return {
    name: `${protocolName(topology, neighbour.address)}${family === 6 ? '_v6' : ''}`,
    address,
    asNumber,
    localAs: bgp.asNumber,
    ...(own ? { source: own.address } : {}),
    passive,
    restartTime: RESTART_TIME,
    multihop: multihop ?? 'direct',
    ...(isNode ? { exportFilters: [TO_NODES] } : {}),
    ...(reflectorClient ? { reflector: { clusterId: routerId } } : {}),
    ...(nextHop === undefined ? {} : { nextHop }),
  };
}

/** As people name them: after the machine, in the letters that BIRD's names have. */
function protocolName({ nodes, routers }: Topology, address: Ipv4): string {
  const node = nodes.find((each) => each.address.address === address);
  const router = routers.find(({ ports }) => ports.some((port) => port.address.address === address));
  return (node?.name ?? router?.name ?? `peer_${formatIpv4(address)}`).replaceAll(/[^a-z0-9]/g, '_');
}
