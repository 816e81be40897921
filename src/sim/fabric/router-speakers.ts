/**
 * The BGP daemons of routers: BIRD 2 with what the topology says. A router tells others of its connected networks and of what
 * it heard; cluster nodes hear nothing of the lab's own segments, since BIRD would then resolve the next hops of a mesh
 * through routes that are recursive themselves. Which sessions it has says `model/router-sessions.ts`.
 */
import type { IpFamily } from '../../model/ip-family.ts';
import { cidrOf, type Ipv4 } from '../../model/ip.ts';
import { cidrOf6 } from '../../model/ipv6.ts';
import { routerSessions, type RouterSession } from '../../model/router-sessions.ts';
import type { Router, RouterBgp, Topology } from '../../model/topology.ts';
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
    neighbours: routerSessions(topology, router, bgp).map((session) =>
      neighbourConfig(session, bgp, routerId),
    ),
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

function neighbourConfig(
  session: RouterSession,
  { asNumber: localAs }: RouterBgp,
  routerId: Ipv4,
): NeighbourConfig {
  const { name, address, source, withNode } = session;
  const { asNumber, reflectorClient, nextHop, multihop, passive } = session.neighbour;
  return {
    name,
    address,
    asNumber,
    localAs,
    ...(source === undefined ? {} : { source }),
    passive,
    restartTime: RESTART_TIME,
    multihop: multihop ?? 'direct',
    ...(withNode ? { exportFilters: [TO_NODES] } : {}),
    ...(reflectorClient ? { reflector: { clusterId: routerId } } : {}),
    ...(nextHop === undefined ? {} : { nextHop }),
  };
}
