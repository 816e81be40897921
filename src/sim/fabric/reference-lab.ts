/**
 * The lab of the reference transcripts (fact sheet linux.md, section 4 (a) and (c)), typed in by hand: three nodes in two
 * racks, a router, an outside host, two pods a node, and exactly what Calico 3.31 would program for VXLAN CrossSubnet.
 * Tests replay the transcripts against it; nothing here is computed by the code under test but the underlay.
 */
import type { Ipv4 } from '../../model/ip.ts';
import { cidr, ipv4 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { macFromBytes } from '../../model/mac.ts';
import type { Topology } from '../../model/topology.ts';
import type { NetnsId } from '../../model/trace.ts';
import { LOOPBACK } from '../net/loopback.ts';
import type { Chain, Netfilter } from '../net/netfilter-rules.ts';
import { hashNet, NO_NETFILTER } from '../net/netfilter-rules.ts';
import type { Device, FdbEntry, Neighbour, Netns, Route, SegmentPort } from '../net/netns.ts';
import { fabric } from './fabric.ts';

export interface ReferenceLab {
  readonly stacks: ReadonlyMap<NetnsId, Netns>;
  readonly segments: ReadonlyMap<string, readonly SegmentPort[]>;
}

export interface ReferenceOptions {
  /** MTU of both ends of every pod's veth; 1450 unless said. */
  readonly podMtu?: number;
  /** Block (c): natOutgoing, the tunnel rule and NOTRACK for VXLAN. */
  readonly natOutgoing?: boolean;
}

const at = (text: string): { readonly address: Ipv4; readonly length: number } => ({
  address: ipv4(text),
  length: 24,
});

const TOPOLOGY: Topology = {
  name: 'two-racks',
  segments: [
    { name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
    { name: 'rack-b', subnet: cidr('10.0.1.0/24'), mtu: 1500 },
    { name: 'internet', subnet: cidr('203.0.113.0/24'), mtu: 1500 },
  ],
  routers: [
    {
      name: 'router',
      ports: [
        { segment: 'rack-a', address: at('10.0.0.1') },
        { segment: 'rack-b', address: at('10.0.1.1') },
        { segment: 'internet', address: at('203.0.113.1') },
      ],
      routes: [],
    },
  ],
  nodes: [
    {
      name: 'node1',
      role: 'worker',
      segment: 'rack-a',
      address: at('10.0.0.11'),
      gateway: ipv4('10.0.0.1'),
      labels: {},
    },
    {
      name: 'node2',
      role: 'worker',
      segment: 'rack-a',
      address: at('10.0.0.12'),
      gateway: ipv4('10.0.0.1'),
      labels: {},
    },
    {
      name: 'node3',
      role: 'worker',
      segment: 'rack-b',
      address: at('10.0.1.13'),
      gateway: ipv4('10.0.1.1'),
      labels: {},
    },
  ],
  hosts: [
    { name: 'outside', segment: 'internet', address: at('203.0.113.10'), gateway: ipv4('203.0.113.1') },
  ],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

interface ReferencePod {
  readonly name: string;
  readonly address: string;
  readonly hostDevice: string;
}

interface ReferenceNode {
  readonly name: string;
  readonly address: string;
  readonly rack: string;
  readonly vtep: string;
  readonly vtepMac: Mac;
  readonly pods: readonly ReferencePod[];
}

const NODES: readonly ReferenceNode[] = [
  {
    name: 'node1',
    address: '10.0.0.11',
    rack: 'a',
    vtep: '10.244.166.128',
    vtepMac: '66:f9:37:c3:7e:94' as Mac,
    pods: [
      { name: 'web-0', address: '10.244.166.129', hostDevice: 'cali0d7763386da' },
      { name: 'web-1', address: '10.244.166.130', hostDevice: 'cali0761ccbeace' },
    ],
  },
  {
    name: 'node2',
    address: '10.0.0.12',
    rack: 'a',
    vtep: '10.244.104.0',
    vtepMac: '66:2d:bf:44:a6:8b' as Mac,
    pods: [
      { name: 'web-2', address: '10.244.104.1', hostDevice: 'cali9fb0db7f13e' },
      { name: 'web-3', address: '10.244.104.2', hostDevice: 'cali4448cbddedf' },
    ],
  },
  {
    name: 'node3',
    address: '10.0.1.13',
    rack: 'b',
    vtep: '10.244.135.0',
    vtepMac: '66:a4:6f:e0:c4:da' as Mac,
    pods: [
      { name: 'web-4', address: '10.244.135.1', hostDevice: 'cali456b3b54a7e' },
      { name: 'web-5', address: '10.244.135.2', hostDevice: 'cali3a4a8d592bb' },
    ],
  },
];

const POD_MTU = 1450;
const TUNNEL = 'vxlan.calico';
const GATEWAY = ipv4('169.254.1.1');
const HOST_END_MAC = 'ee:ee:ee:ee:ee:ee' as Mac;

export function referenceLab({ podMtu = POD_MTU, natOutgoing = false }: ReferenceOptions = {}): ReferenceLab {
  const underlay = fabric(TOPOLOGY);
  const stacks = new Map(underlay.netns);
  for (const node of NODES) {
    const id = `node/${node.name}`;
    const bare = stacks.get(id);
    if (bare) stacks.set(id, programmed(bare, node, { podMtu, natOutgoing }));
    node.pods.forEach((pod, place) => {
      const stack = podStack(node, pod, { podMtu, hostIndex: FIRST_VETH + place });
      stacks.set(stack.id, stack);
    });
  }
  const segments = TOPOLOGY.segments.map(({ name }) => [name, underlay.segmentPorts(name)] as const);
  return { stacks, segments: new Map(segments) };
}

const FIRST_VETH = 3;

function podMac(address: Ipv4): Mac {
  const bytes = [0x7a, 0, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  return macFromBytes(Uint8Array.from(bytes));
}

function podStack(
  node: ReferenceNode,
  pod: ReferencePod,
  { podMtu, hostIndex }: { readonly podMtu: number; readonly hostIndex: number },
): Netns {
  const address = ipv4(pod.address);
  const eth0: Device = {
    index: 2,
    name: 'eth0',
    kind: { type: 'veth' },
    mac: podMac(address),
    mtu: podMtu,
    up: true,
    addresses: [{ address, length: 32, scope: 'global' }],
    proxyArp: false,
    link: { kind: 'peer', netns: `node/${node.name}`, device: pod.hostDevice, index: hostIndex },
  };
  return {
    id: `pod/default/${pod.name}`,
    hostname: pod.name,
    devices: [LOOPBACK, eth0],
    routes: [
      {
        prefix: cidr('0.0.0.0/0'),
        type: 'unicast',
        via: GATEWAY,
        device: 'eth0',
        protocol: 'boot',
        scope: 'global',
      },
      { prefix: cidr('169.254.1.1/32'), type: 'unicast', device: 'eth0', protocol: 'boot', scope: 'link' },
    ],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward: false,
    listeners: [
      {
        protocol: 'tcp',
        port: 80,
        serves: { kind: 'http', body: `${pod.name} on ${node.name} saw {client}\n` },
      },
    ],
  };
}

function programmed(bare: Netns, node: ReferenceNode, options: Required<ReferenceOptions>): Netns {
  const others = NODES.filter((other) => other !== node);
  return {
    ...bare,
    devices: [
      ...bare.devices,
      ...node.pods.map((pod, place) => hostEnd(pod, place, options.podMtu)),
      tunnel(node),
    ],
    routes: [
      ...bare.routes,
      ...others.map((other) => blockRoute(node, other)),
      { prefix: cidr(`${node.vtep}/26`), type: 'blackhole', protocol: '80', scope: 'global' },
      ...node.pods.map(podRoute),
    ],
    neighbours: [...node.pods.map(podNeighbour), ...others.map(vtepNeighbour)],
    fdb: others.map(vtepEntry),
    netfilter: options.natOutgoing ? NAT_OUTGOING : NO_NETFILTER,
  };
}

function hostEnd(pod: ReferencePod, place: number, mtu: number): Device {
  return {
    index: FIRST_VETH + place,
    name: pod.hostDevice,
    kind: { type: 'veth' },
    mac: HOST_END_MAC,
    mtu,
    up: true,
    addresses: [],
    proxyArp: true,
    link: { kind: 'peer', netns: `pod/default/${pod.name}`, device: 'eth0', index: 2 },
  };
}

function tunnel({ vtep, vtepMac, address }: ReferenceNode): Device {
  return {
    index: 5,
    name: TUNNEL,
    kind: { type: 'vxlan', vxlan: { vni: 4096, port: 4789, local: ipv4(address), parent: 'eth0' } },
    mac: vtepMac,
    mtu: POD_MTU,
    up: true,
    addresses: [{ address: ipv4(vtep), length: 32, scope: 'global' }],
    proxyArp: false,
  };
}

function blockRoute(node: ReferenceNode, other: ReferenceNode): Route {
  const prefix = cidr(`${other.vtep}/26`);
  return node.rack === other.rack
    ? {
        prefix,
        type: 'unicast',
        via: ipv4(other.address),
        device: 'eth0',
        protocol: '80',
        scope: 'global',
        onlink: true,
      }
    : {
        prefix,
        type: 'unicast',
        via: ipv4(other.vtep),
        device: TUNNEL,
        protocol: 'boot',
        scope: 'global',
        onlink: true,
        mtu: POD_MTU,
      };
}

const podRoute = (pod: ReferencePod): Route => ({
  prefix: cidr(`${pod.address}/32`),
  type: 'unicast',
  device: pod.hostDevice,
  protocol: 'boot',
  scope: 'link',
});

const podNeighbour = (pod: ReferencePod): Neighbour => ({
  address: ipv4(pod.address),
  device: pod.hostDevice,
  mac: podMac(ipv4(pod.address)),
});

const vtepNeighbour = (other: ReferenceNode): Neighbour => ({
  address: ipv4(other.vtep),
  device: TUNNEL,
  mac: other.vtepMac,
});

const vtepEntry = (other: ReferenceNode): FdbEntry => ({
  mac: other.vtepMac,
  device: TUNNEL,
  destination: ipv4(other.address),
});

const chain = (name: string, rules: Chain['rules']): Chain => ({ name, rules });
const builtIn = (name: string, rules: Chain['rules'] = []): Chain => ({ name, policy: 'ACCEPT', rules });

const NOTRACK_VXLAN: Chain['rules'] = [
  {
    matches: [
      { kind: 'protocol', protocol: 17 },
      { kind: 'destination-port', port: 4789 },
    ],
    target: { kind: 'notrack' },
  },
];

const jump = (to: string, comment?: string): Chain['rules'][number] => ({
  matches: [],
  target: { kind: 'jump', chain: to },
  ...(comment === undefined ? {} : { comment }),
});

const NAT_OUTGOING: Netfilter = {
  tables: {
    nat: [
      builtIn('PREROUTING'),
      builtIn('INPUT'),
      builtIn('OUTPUT'),
      builtIn('POSTROUTING', [jump('cali-POSTROUTING', 'cali:O3lYWMrLQYEMJtB5')]),
      chain('cali-POSTROUTING', [
        jump('cali-fip-snat'),
        jump('cali-nat-outgoing'),
        {
          matches: [
            { kind: 'out-interface', name: TUNNEL },
            { kind: 'addrtype', side: 'src', type: 'LOCAL', not: true, limitIfaceOut: true },
            { kind: 'addrtype', side: 'src', type: 'LOCAL' },
          ],
          target: { kind: 'masquerade', randomFully: true },
        },
      ]),
      chain('cali-fip-snat', []),
      chain('cali-nat-outgoing', [
        {
          matches: [
            { kind: 'ipset', set: 'cali40masq-ipam-pools', direction: 'src' },
            { kind: 'ipset', set: 'cali40network-ip-pools', direction: 'dst', not: true },
          ],
          target: { kind: 'masquerade', randomFully: true },
        },
      ]),
    ],
    raw: [
      builtIn('PREROUTING', [jump('cali-PREROUTING', 'cali:6gwbT8clXdHdC1b1')]),
      builtIn('OUTPUT', [jump('cali-OUTPUT', 'cali:tVnHkvAo15HuiPy0')]),
      chain('cali-OUTPUT', NOTRACK_VXLAN),
      chain('cali-PREROUTING', NOTRACK_VXLAN),
    ],
  },
  ipsets: new Map([
    ['cali40masq-ipam-pools', hashNet([cidr('10.244.0.0/16')])],
    ['cali40network-ip-pools', hashNet([cidr('10.244.0.0/16')])],
  ]),
};
