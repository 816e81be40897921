/**
 * The reference lab with IPv6 beside IPv4, typed in by hand: what Calico programs for a dual-stack cluster with VXLAN
 * CrossSubnet in both pools. Pods find their host by neighbour discovery at the link-local address that its end of the cable
 * has, and nodes have a second tunnel device, whose packets are of IPv6. Test support.
 */
import type { InterfaceAddress, Ipv6 } from '../../model/ip.ts';
import { cidr6, cidrOf6, ipv6, parseInterfaceAddress6, UNSPECIFIED6 } from '../../model/ipv6.ts';
import type { Mac } from '../../model/mac.ts';
import type { NetnsId } from '../../model/trace.ts';
import { FRESH_INET6, kernelRoute, USER_METRIC } from '../net/inet6.ts';
import type { Chain, Netfilter } from '../net/netfilter-rules.ts';
import { hashNet } from '../net/netfilter-rules.ts';
import type { Device, FdbEntry, Inet6, Neighbour, Netns, Route } from '../net/netns.ts';
import type { ReferenceLab, ReferenceOptions } from './reference-lab.ts';
import { referenceLab } from './reference-lab.ts';

interface DualNode {
  readonly name: string;
  readonly rack: 'a' | 'b';
  readonly address: string;
  /** Also the address of the tunnel device. */
  readonly block: string;
  readonly vtepMac: Mac;
  /** By pod, with the name of the host's end. */
  readonly pods: readonly (readonly [pod: string, address: string, hostDevice: string])[];
}

const NODES: readonly DualNode[] = [
  {
    name: 'node1',
    rack: 'a',
    address: 'fd00:a::11',
    block: 'fd00:10:244:1::40',
    vtepMac: '66:06:37:c3:7e:01' as Mac,
    pods: [
      ['web-0', 'fd00:10:244:1::41', 'cali0d7763386da'],
      ['web-1', 'fd00:10:244:1::42', 'cali0761ccbeace'],
    ],
  },
  {
    name: 'node2',
    rack: 'a',
    address: 'fd00:a::12',
    block: 'fd00:10:244:2::80',
    vtepMac: '66:06:bf:44:a6:02' as Mac,
    pods: [
      ['web-2', 'fd00:10:244:2::81', 'cali9fb0db7f13e'],
      ['web-3', 'fd00:10:244:2::82', 'cali4448cbddedf'],
    ],
  },
  {
    name: 'node3',
    rack: 'b',
    address: 'fd00:b::13',
    block: 'fd00:10:244:3::c0',
    vtepMac: '66:06:6f:e0:c4:03' as Mac,
    pods: [
      ['web-4', 'fd00:10:244:3::c1', 'cali456b3b54a7e'],
      ['web-5', 'fd00:10:244:3::c2', 'cali3a4a8d592bb'],
    ],
  },
];

export const TUNNEL6 = 'vxlan-v6.calico';
/** 1500 less the 70 bytes of VXLAN over IPv6. */
const TUNNEL_MTU = 1430;
const TUNNEL_INDEX = 6;
const HOST_END = ipv6('fe80::ecee:eeff:feee:eeee');
const EVERYWHERE = { base: UNSPECIFIED6, length: 0 };

export function dualStackLab(options: ReferenceOptions = {}): ReferenceLab {
  const { stacks, segments } = referenceLab({ podMtu: TUNNEL_MTU, ...options });
  const dual = new Map(stacks);
  const change = (id: NetnsId, to: (netns: Netns) => Partial<Netns>): void => {
    const stack = stacks.get(id);
    if (stack) dual.set(id, { ...stack, ...to(stack) });
  };
  change('router/router', () => ({ inet6: ROUTER }));
  change('host/outside', () => ({ inet6: machine('2001:db8:113::10/64', '2001:db8:113::1') }));
  for (const node of NODES) {
    const netfilter = options.natOutgoing ? NAT_OUTGOING6 : FRESH_INET6.netfilter;
    change(`node/${node.name}`, ({ devices, fdb }) => ({
      devices: [...devices, tunnel(node)],
      fdb: [...fdb, ...othersOf(node).map(vtepEntry)],
      inet6: { ...nodeInet6(node), netfilter },
    }));
    for (const [pod, address] of node.pods)
      change(`pod/default/${pod}`, () => ({ inet6: podInet6(address) }));
  }
  return { stacks: dual, segments };
}

const othersOf = (node: DualNode): readonly DualNode[] => NODES.filter((other) => other !== node);

function interfaceAddress(text: string): InterfaceAddress<Ipv6> {
  const parsed = parseInterfaceAddress6(text);
  if (!parsed) throw new RangeError(`not an IPv6 address with its prefix: ${text}`);
  return parsed;
}

/** The ports of a machine as the kernel keeps them. */
function ported(ports: Readonly<Record<string, string>>): Inet6 {
  const given = Object.entries(ports).map(([device, text]) => [device, interfaceAddress(text)] as const);
  return {
    ...FRESH_INET6,
    addresses: new Map(
      given.map(([device, address]) => [device, [{ ...address, scope: 'global' as const }]]),
    ),
    routes: given.map(([device, { address, length }]) => kernelRoute(cidrOf6(address, length), device)),
  };
}

const ROUTER: Inet6 = {
  ...ported({ eth0: 'fd00:a::1/64', eth1: 'fd00:b::1/64', eth2: '2001:db8:113::1/64' }),
  forwarding: true,
};

const via = (gateway: string): Pick<Route<Ipv6>, 'via'> => ({ via: ipv6(gateway) });

const route = (
  prefix: Route<Ipv6>['prefix'],
  device: string,
  more: Partial<Route<Ipv6>> = {},
): Route<Ipv6> => ({
  prefix,
  type: 'unicast',
  device,
  protocol: 'boot',
  scope: 'global',
  metric: USER_METRIC,
  ...more,
});

function machine(address: string, gateway: string): Inet6 {
  const own = ported({ eth0: address });
  return { ...own, routes: [...own.routes, route(EVERYWHERE, 'eth0', via(gateway))] };
}

function podInet6(address: string): Inet6 {
  const own = ported({ eth0: `${address}/128` });
  return { ...own, routes: [...own.routes, route(EVERYWHERE, 'eth0', { via: HOST_END })] };
}

function nodeInet6(node: DualNode): Inet6 {
  const own = machine(`${node.address}/64`, `fd00:${node.rack}::1`);
  const block = { base: ipv6(node.block), length: 122 };
  return {
    ...own,
    addresses: new Map(own.addresses).set(TUNNEL6, [
      { address: ipv6(node.block), length: 128, scope: 'global' },
    ]),
    routes: [
      ...own.routes,
      ...othersOf(node).map((other) => blockRoute(node, other)),
      route(block, 'lo', { type: 'blackhole', protocol: '80' }),
      ...node.pods.map(([, address, device]) => route({ base: ipv6(address), length: 128 }, device)),
    ],
    neighbours: othersOf(node).map(vtepNeighbour),
    forwarding: true,
  };
}

function blockRoute(node: DualNode, other: DualNode): Route<Ipv6> {
  const prefix = { base: ipv6(other.block), length: 122 };
  return node.rack === other.rack
    ? route(prefix, 'eth0', { ...via(other.address), protocol: '80', onlink: true })
    : route(prefix, TUNNEL6, { ...via(other.block), protocol: '80', onlink: true });
}

function tunnel({ address, vtepMac }: DualNode): Device {
  return {
    index: TUNNEL_INDEX,
    name: TUNNEL6,
    kind: { type: 'vxlan', vxlan: { vni: 4096, port: 4789, local: ipv6(address), parent: 'eth0' } },
    mac: vtepMac,
    mtu: TUNNEL_MTU,
    up: true,
    addresses: [],
    proxyArp: false,
  };
}

const vtepNeighbour = ({ block, vtepMac }: DualNode): Neighbour<Ipv6> => ({
  address: ipv6(block),
  device: TUNNEL6,
  mac: vtepMac,
});

const vtepEntry = ({ address, vtepMac }: DualNode): FdbEntry => ({
  mac: vtepMac,
  device: TUNNEL6,
  destination: ipv6(address),
});

const POOL = cidr6('fd00:10:244::/56');

const postrouting: readonly Chain<Ipv6>[] = [
  {
    name: 'POSTROUTING',
    policy: 'ACCEPT',
    rules: [{ matches: [], target: { kind: 'jump', chain: 'cali-nat-outgoing' } }],
  },
  {
    name: 'cali-nat-outgoing',
    rules: [
      {
        matches: [
          { kind: 'ipset', set: 'cali60masq-ipam-pools', direction: 'src' },
          { kind: 'ipset', set: 'cali60all-ipam-pools', direction: 'dst', not: true },
        ],
        target: { kind: 'masquerade', randomFully: true },
      },
    ],
  },
];

const NAT_OUTGOING6: Netfilter<Ipv6> = {
  tables: { nat: postrouting },
  ipsets: new Map([
    ['cali60masq-ipam-pools', hashNet([POOL])],
    ['cali60all-ipam-pools', hashNet([POOL])],
  ]),
};

/** A change of a stack by way of its IPv6. */
export const inInet6 =
  (change: (inet6: Inet6) => Partial<Inet6>) =>
  (netns: Netns): Partial<Netns> =>
    netns.inet6 ? { inet6: { ...netns.inet6, ...change(netns.inet6) } } : {};
