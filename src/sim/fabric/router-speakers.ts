/**
 * The BGP daemons of routers: BIRD 2 with what the topology says. A router tells others of its connected networks and of what
 * it heard; cluster nodes hear nothing of the lab's own segments, since BIRD would then resolve the next hops of a mesh
 * through routes that are recursive themselves. Nodes are waited for: they may not speak BGP with it at all.
 */
import { cidrContains, cidrOf, formatIpv4, type Ipv4 } from '../../model/ip.ts';
import type { Router, RouterBgp, RouterNeighbour, Topology } from '../../model/topology.ts';
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
  const [first] = router.ports;
  const routerId = first?.address.address;
  if (routerId === undefined) throw new RangeError(`router ${router.name} has no port`);
  return {
    process: `bird on ${router.name}`,
    software: 'bird-2',
    routerId,
    asNumber: bgp.asNumber,
    blackholes: [],
    learnt: [],
    connected: networks,
    neighbours: (bgp.neighbours ?? foundNeighbours(topology, router, bgp)).map((neighbour) =>
      neighbourConfig(topology, router, { neighbour, bgp, routerId }),
    ),
    filters: { [TO_NODES]: topology.segments.map(({ subnet }) => withheld(subnet)) },
    exports: [
      { source: 'bgp', accept: true },
      { source: 'connected', accept: true },
    ],
    kernel: [],
    normalMetric: false,
    mergePaths: bgp.ecmp,
  };
}

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

interface Neighbouring {
  readonly neighbour: RouterNeighbour;
  readonly bgp: RouterBgp;
  readonly routerId: Ipv4;
}

function neighbourConfig(
  topology: Topology,
  router: Router,
  { neighbour, bgp, routerId }: Neighbouring,
): NeighbourConfig {
  const { address, asNumber, reflectorClient, nextHop, multihop, passive } = neighbour;
  const port = router.ports.find((each) =>
    cidrContains(cidrOf(each.address.address, each.address.length), address),
  );
  const isNode = topology.nodes.some((node) => node.address.address === address);
  return {
    name: protocolName(topology, address),
    address,
    asNumber,
    localAs: bgp.asNumber,
    ...(port ? { source: port.address.address } : {}),
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
