/**
 * Networks that nobody drew: racks, routers, MTUs, ranges, modes and one thing that goes wrong, all from a seed. The same
 * seed gives the same network, so a disagreement is found again by its number.
 */
import {
  cidr,
  formatCidr,
  parseInterfaceAddress,
  ipv4,
  type InterfaceAddress,
  type Ipv4,
} from '../../src/model/ip.ts';
import type {
  ClusterNode,
  OutsideHost,
  Router,
  Segment,
  StaticRoute,
  Topology,
} from '../../src/model/topology.ts';
import { nextRandom, seeded } from '../../src/sim/core/random.ts';
import { MODES, type Mode } from './cluster.ts';

export interface Generated {
  readonly seed: number;
  readonly topology: Topology;
  readonly mode: Mode;
  /** In [0, 1): which of the faults that the network can have strikes. */
  readonly fault: number;
}

/** How the names of these networks begin. */
export const GENERATED = 'generated ';

type Draw = <T>(from: readonly [T, ...T[]]) => T;

/** @param modes those that this machine's kernel can carry */
export function generated(
  seed: number,
  modes: readonly [Mode, ...Mode[]] = MODES as readonly [Mode, ...Mode[]],
): Generated {
  let random = seeded(seed);
  const next = (): number => {
    const drawn = nextRandom(random);
    random = drawn.state;
    return drawn.value;
  };
  const draw: Draw = (from) => from[Math.floor(next() * from.length)] ?? from[0];
  return { seed, topology: topologyOf(`${GENERATED}${seed}`, draw), mode: draw(modes), fault: next() };
}

/** A rack: the third byte of its subnet is its number, its router's port is the first address. */
interface Rack {
  readonly segment: Segment;
  readonly gateway: InterfaceAddress;
  readonly workers: number;
}

/** Mostly what everybody has; some racks are jumbo, some behind a narrow line. */
const MTUS = [1500, 1500, 1500, 1400, 9000] as const;
const MAY_BE_SHORT = [24, 24, 25, 28] as const;
const POD_RANGES = ['10.244.0.0/16', '192.168.0.0/16', '172.20.0.0/14', '10.0.128.0/17'] as const;
const FIRST_NODE = 4;

function topologyOf(name: string, draw: Draw): Topology {
  const racks = Array.from({ length: draw([1, 2, 2, 3]) }, (_, at) => rack(at, draw));
  const outside = segment('internet', '203.0.113.0/24', draw([1500, 1500, 1400]));
  const hosts = Array.from({ length: draw([1, 1, 2]) }, (_, at) => host(at));
  const podCidr = cidr(draw(POD_RANGES));
  const nodes = racks.flatMap((each, at) => nodesOf(each, at));
  const wired = draw(['one router', 'one router', 'a router each']);
  const cabling = wired === 'one router' || racks.length === 1 ? oneRouter(racks) : routerEach(racks);
  return {
    name,
    podCidr,
    serviceCidr: cidr('10.96.0.0/16'),
    segments: [...racks.map(({ segment: own }) => own), ...cabling.segments, outside],
    routers: draw([true, false])
      ? cabling.routers.map((router) => knowsPods(router, formatCidr(podCidr), nodes))
      : cabling.routers,
    nodes,
    hosts,
  };
}

const segment = (name: string, subnet: string, mtu: number): Segment => ({ name, subnet: cidr(subnet), mtu });

function rack(at: number, draw: Draw): Rack {
  const length = draw(MAY_BE_SHORT);
  return {
    segment: segment(`rack-${at}`, `10.0.${at}.0/${length}`, draw(MTUS)),
    gateway: addressIn(at, 1, length),
    workers: draw([1, 1, 2]),
  };
}

const addressIn = (network: number, host: number, length: number): InterfaceAddress =>
  interfaceAddress(`10.0.${network}.${host}/${length}`);

function interfaceAddress(text: string): InterfaceAddress {
  const parsed = parseInterfaceAddress(text);
  if (!parsed) throw new RangeError(`no address: ${text}`);
  return parsed;
}

function nodesOf({ segment: { name, subnet }, gateway, workers }: Rack, at: number): readonly ClusterNode[] {
  const node = (named: string, role: ClusterNode['role'], ordinal: number): ClusterNode => ({
    name: named,
    role,
    segment: name,
    address: addressIn(at, FIRST_NODE + ordinal, subnet.length),
    gateway: gateway.address,
    labels: {},
  });
  const own = Array.from({ length: workers }, (_, ordinal) =>
    node(`node-${at}-${ordinal}`, 'worker', ordinal + 1),
  );
  return at === 0 ? [node('control-plane', 'control-plane', 0), ...own] : own;
}

const INTERNET_GATEWAY = interfaceAddress('203.0.113.1/24');

const host = (at: number): OutsideHost => ({
  name: `outside-${at}`,
  segment: 'internet',
  address: interfaceAddress(`203.0.113.${10 + at}/24`),
  gateway: INTERNET_GATEWAY.address,
});

interface Cabling {
  readonly segments: readonly Segment[];
  readonly routers: readonly Router[];
}

const port = (name: string, address: InterfaceAddress): Router['ports'][number] => ({
  segment: name,
  address,
});

const oneRouter = (racks: readonly Rack[]): Cabling => ({
  segments: [],
  routers: [
    {
      name: 'router',
      ports: [
        ...racks.map((each) => port(each.segment.name, each.gateway)),
        port('internet', INTERNET_GATEWAY),
      ],
      routes: [],
    },
  ],
});

/** A router for each rack; they meet in a segment of their own, and the first has the line to the outside. */
function routerEach(racks: readonly Rack[]): Cabling {
  const meeting = (at: number): InterfaceAddress => addressIn(200, at + 1, 24);
  const via = (at: number): Ipv4 => meeting(at).address;
  return {
    segments: [segment('spine', '10.0.200.0/24', 9000)],
    routers: racks.map((own, at): Router => {
      const others = racks.flatMap((other, index): StaticRoute[] =>
        index === at ? [] : [{ to: other.segment.subnet, via: via(index) }],
      );
      const out: readonly StaticRoute[] =
        at === 0 ? [] : [{ to: { base: ipv4('0.0.0.0'), length: 0 }, via: via(0) }];
      return {
        name: `router-${at}`,
        ports: [
          port(own.segment.name, own.gateway),
          port('spine', meeting(at)),
          ...(at === 0 ? [port('internet', INTERNET_GATEWAY)] : []),
        ],
        routes: [...others, ...out],
      };
    }),
  };
}

/** Somebody sent the whole pod range to one node: right for its own pods, a detour for the others. */
function knowsPods(router: Router, podRange: string, nodes: readonly ClusterNode[]): Router {
  const near = nodes.find(
    ({ segment: name, role }) => role === 'worker' && router.ports.some((each) => each.segment === name),
  );
  const route = near && { to: cidr(podRange), via: near.address.address };
  return route ? { ...router, routes: [...router.routes, route] } : router;
}
