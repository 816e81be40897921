/**
 * The bird.conf of a router that speaks BGP: the same neighbours, filters and clocks that the simulator's routers have, in
 * the words of BIRD 2 (User's Guide 2.0). A learner reads and changes this file, so it is laid out for people. Docker's
 * device is no network of the lab and stays out of it.
 */
import { familyOf, formatIp, ipCidrContains, ipCidrOf, type IpFamily } from '../../../model/ip-family.ts';
import { formatCidr, formatIpv4, type Ip, type Ipv4 } from '../../../model/ip.ts';
import { formatCidr6 } from '../../../model/ipv6.ts';
import type { Router, RouterBgp, RouterNeighbour, RouterPort, Topology } from '../../../model/topology.ts';
import { CARRIER } from './carrier.ts';

/** Undefined for a router that knows only its static routes. */
export function birdConfiguration(topology: Topology, router: Router): string | undefined {
  const { bgp, ports, name } = router;
  const routerId = ports[0]?.address.address;
  if (!bgp || routerId === undefined) return undefined;
  const families: readonly IpFamily[] = ports.some(({ address6 }) => address6) ? [4, 6] : [4];
  const neighbours = (bgp.neighbours ?? foundNeighbours(topology, router, bgp)).flatMap((neighbour) => {
    const second = families.includes(6) ? address6At(topology, neighbour.address) : undefined;
    return [neighbour.address, ...(second === undefined ? [] : [second])].map((address) =>
      session(topology, router, { neighbour, address, bgp, routerId }),
    );
  });
  return [
    `# BGP of ${name}. After a change: birdc configure`,
    `router id ${formatIpv4(routerId)};`,
    '',
    'protocol device {',
    '  scan time 1;',
    '}',
    '',
    'protocol direct {',
    ...families.map((family) => `  ipv${family};`),
    `  interface -"${CARRIER}", "*";`,
    '}',
    ...families.flatMap((family) => ['', ...kernel(family, bgp)]),
    ...families.flatMap((family) => ['', ...filters(topology, family)]),
    ...neighbours.flatMap((lines) => ['', ...lines]),
    '',
  ].join('\n');
}

const kernel = (family: IpFamily, { ecmp }: RouterBgp): readonly string[] => [
  'protocol kernel {',
  '  learn;',
  '  persist;',
  '  scan time 1;',
  ...(ecmp ? ['  merge paths on;'] : []),
  `  ipv${family} {`,
  '    import all;',
  '    export where source != RTS_DEVICE;',
  '  };',
  '}',
];

/** Nodes have their gateway to the lab's own segments: BIRD would resolve a mesh's next hops through what it is told of them. */
function filters({ segments }: Topology, family: IpFamily): readonly string[] {
  const prefixes = segments.flatMap(({ subnet, subnet6 }) =>
    family === 4 ? [formatCidr(subnet)] : subnet6 ? [formatCidr6(subnet6)] : [],
  );
  return [
    `filter to_routers${suffix(family)} {`,
    '  if source ~ [ RTS_BGP, RTS_DEVICE ] then accept;',
    '  reject;',
    '}',
    '',
    `filter to_nodes${suffix(family)} {`,
    `  if net ~ [ ${prefixes.map((prefix) => `${prefix}+`).join(', ')} ] then reject;`,
    '  if source ~ [ RTS_BGP, RTS_DEVICE ] then accept;',
    '  reject;',
    '}',
  ];
}

const suffix = (family: IpFamily): string => (family === 6 ? '_v6' : '');

/** Every node and every router with BGP in the segments of its ports. */
function foundNeighbours(
  { nodes, routers }: Topology,
  router: Router,
  { nodesAs }: RouterBgp,
): readonly RouterNeighbour[] {
  const found = (address: Ipv4, asNumber: number, passive: boolean): RouterNeighbour => ({
    address,
    asNumber,
    passive,
    reflectorClient: false,
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

interface Session {
  readonly neighbour: RouterNeighbour;
  /** In one of its families. */
  readonly address: Ip;
  readonly bgp: RouterBgp;
  readonly routerId: Ipv4;
}

function session(
  topology: Topology,
  router: Router,
  { neighbour, address, bgp, routerId }: Session,
): readonly string[] {
  const { asNumber, reflectorClient, nextHop, multihop, passive } = neighbour;
  const family = familyOf(address);
  const source = sourceTowards(router, address);
  const toNode = topology.nodes.some((node) => node.address.address === neighbour.address);
  const local = source === undefined ? '' : `${formatIp(source)} `;
  return [
    `protocol bgp ${protocolName(topology, neighbour.address)}${suffix(family)} {`,
    `  local ${local}as ${bgp.asNumber};`,
    `  neighbor ${formatIp(address)} as ${asNumber};`,
    multihop === undefined ? '  direct;' : `  multihop ${multihop};`,
    ...(passive ? ['  passive on;'] : []),
    ...(reflectorClient ? ['  rr client;', `  rr cluster id ${formatIpv4(routerId)};`] : []),
    '  connect delay time 2;',
    '  connect retry time 5;',
    '  error wait time 5, 30;',
    '  graceful restart on;',
    '  graceful restart time 120;',
    `  ipv${family} {`,
    ...(multihop === undefined ? [] : ['    gateway recursive;']),
    '    add paths on;',
    ...(nextHop === undefined ? [] : [`    next hop ${nextHop};`]),
    '    import all;',
    `    export filter ${toNode ? 'to_nodes' : 'to_routers'}${suffix(family)};`,
    '  };',
    '}',
  ];
}

const sourceTowards = ({ ports }: Router, address: Ip): Ip | undefined =>
  ports
    .flatMap(({ address: own, address6 }) => [own, ...(address6 ? [address6] : [])])
    .find(
      (own) =>
        familyOf(own.address) === familyOf(address) &&
        ipCidrContains(ipCidrOf(own.address, own.length), address),
    )?.address;

/** As people name them: after the machine, in the letters that BIRD's names have. */
function protocolName({ nodes, routers }: Topology, address: Ipv4): string {
  const node = nodes.find((each) => each.address.address === address);
  const router = routers.find(({ ports }) => ports.some((port) => port.address.address === address));
  return (node?.name ?? router?.name ?? `peer_${formatIpv4(address)}`).replaceAll(/[^a-z0-9]/g, '_');
}
