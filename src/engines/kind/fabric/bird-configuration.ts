/**
 * The bird.conf of a router that speaks BGP: the same neighbours, filters and clocks that the simulator's routers have, in
 * the words of BIRD 2 (User's Guide 2.0). A learner reads and changes this file, so it is laid out for people. Docker's
 * device is no network of the lab and stays out of it.
 */
import { familyOf, formatIp, type IpFamily } from '../../../model/ip-family.ts';
import { formatCidr, formatIpv4, type Ipv4 } from '../../../model/ip.ts';
import { formatCidr6 } from '../../../model/ipv6.ts';
import { routerSessions, type RouterSession } from '../../../model/router-sessions.ts';
import type { Router, RouterBgp, Topology } from '../../../model/topology.ts';
import { CARRIER } from './carrier.ts';

/** Undefined for a router that knows only its static routes. */
export function birdConfiguration(topology: Topology, router: Router): string | undefined {
  const { bgp, ports, name } = router;
  const routerId = ports[0]?.address.address;
  if (!bgp || routerId === undefined) return undefined;
  const families: readonly IpFamily[] = ports.some(({ address6 }) => address6) ? [4, 6] : [4];
  const sessions = routerSessions(topology, router, bgp).map((each) => session(each, bgp, routerId));
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
    ...sessions.flatMap((lines) => ['', ...lines]),
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

function session(
  { name, address, source, neighbour, withNode }: RouterSession,
  bgp: RouterBgp,
  routerId: Ipv4,
): readonly string[] {
  const { asNumber, reflectorClient, nextHop, multihop, passive } = neighbour;
  const family = familyOf(address);
  const local = source === undefined ? '' : `${formatIp(source)} `;
  return [
    `protocol bgp ${name} {`,
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
    `    export filter ${withNode ? 'to_nodes' : 'to_routers'}${suffix(family)};`,
    '  };',
    '}',
  ];
}
