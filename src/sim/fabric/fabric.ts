/**
 * The underlay of a lab: from its topology to the network stacks of routers, outside hosts and cluster nodes before anything
 * runs on them, and to the ports of its L2 segments. Every port's MAC is `02:00:` and its address in hex.
 * Left out: switches as devices of their own; a segment is one that never fails.
 */
import type { InterfaceAddress, Ipv4 } from '../../model/ip.ts';
import { addressAt, cidr, cidrContains, cidrOf } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { macFromBytes } from '../../model/mac.ts';
import type { ClusterNode, OutsideHost, Router, Topology } from '../../model/topology.ts';
import type { NetnsId } from '../../model/trace.ts';
import { machineInet6 } from './fabric-inet6.ts';
import { LOOPBACK } from '../net/loopback.ts';
import { NO_NETFILTER } from '../net/netfilter-rules.ts';
import type { Device, DeviceAddress, Listener, Netns, Route, SegmentPort } from '../net/netns.ts';

export interface Fabric {
  /** Stacks of routers (`router/<name>`), outside hosts (`host/<name>`), bare nodes (`node/<name>`) and the `workstation`. */
  readonly netns: ReadonlyMap<NetnsId, Netns>;
  /** Who is plugged into a segment; empty for an unknown one. */
  segmentPorts(segment: string): readonly SegmentPort[];
}

export function fabric(topology: Topology): Fabric {
  const mtus = new Map(topology.segments.map((segment) => [segment.name, segment.mtu]));
  const mtu = (segment: string): number => mtus.get(segment) ?? DEFAULT_MTU;
  const stacks = [
    ...topology.routers.map((router) => routerStack(router, mtu)),
    ...topology.hosts.map((host) => hostStack(host, mtu)),
    ...topology.nodes.map((node) => nodeStack(node, mtu)),
    // The workstation reaches the API server by ways that are not simulated; its own network is its loopback.
    stack('workstation', 'workstation', []),
  ];
  const ports = segmentPorts(stacks);
  return {
    netns: new Map(stacks.map((stack) => [stack.id, stack])),
    segmentPorts: (segment) => ports.get(segment) ?? NO_PORTS,
  };
}

const DEFAULT_MTU = 1500;
const NO_PORTS: readonly SegmentPort[] = [];
const EVERYWHERE = cidr('0.0.0.0/0');

/** The MAC of an underlay port: locally administered, with the address in its last four bytes. */
export function portMac(address: Ipv4): Mac {
  const bytes = [2, 0, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  return macFromBytes(Uint8Array.from(bytes));
}

type SegmentMtu = (segment: string) => number;

function routerStack({ name, ports, routes, routes6 }: Router, mtu: SegmentMtu): Netns {
  const devices = ports.map((each, at) =>
    port({ name: `eth${at}`, index: at + 2, mtu: mtu(each.segment), ...each }),
  );
  return {
    ...stack(`router/${name}`, name, devices),
    routes: [...devices.map(connectedRoute), ...routes.map((route) => staticRoute(route, devices))],
    ipForward: true,
    ...machineInet6({
      ports: new Map(ports.map(({ address6 }, at) => [`eth${at}`, address6])),
      routes: routes6,
      forwarding: true,
    }),
  };
}

/** Outside hosts serve HTTP on port 80 and tell the client what address they saw; UDP port 7 echoes. */
function hostStack(host: OutsideHost, mtu: SegmentMtu): Netns {
  const { name, segment, address, gateway, routes = [], address6, gateway6, routes6 } = host;
  const eth0 = port({ name: 'eth0', index: 2, segment, address, mtu: mtu(segment) });
  const web: Listener = {
    protocol: 'tcp',
    port: 80,
    serves: { kind: 'http', body: `${name} saw {client}\n` },
  };
  return {
    ...stack(`host/${name}`, name, [eth0]),
    routes: [
      defaultRoute(gateway),
      connectedRoute(eth0),
      ...routes.map((route) => staticRoute(route, [eth0])),
    ],
    listeners: [web, { protocol: 'udp', port: 7, serves: { kind: 'echo' } }],
    ...machineInet6({
      ports: new Map([['eth0', address6]]),
      gateway: gateway6,
      routes: routes6,
      forwarding: false,
    }),
  };
}

/** A node before the kubelet, Felix and kube-proxy have programmed anything. */
function nodeStack(node: ClusterNode, mtu: SegmentMtu): Netns {
  const { name, segment, address, gateway, address6, gateway6 } = node;
  const eth0 = port({ name: 'eth0', index: 2, segment, address, mtu: mtu(segment) });
  return {
    ...stack(`node/${name}`, name, [eth0]),
    routes: [defaultRoute(gateway), connectedRoute(eth0)],
    ipForward: true,
    ...machineInet6({ ports: new Map([['eth0', address6]]), gateway: gateway6, forwarding: true }),
  };
}

function stack(id: NetnsId, hostname: string, devices: readonly Device[]): Netns {
  return {
    id,
    hostname,
    devices: [LOOPBACK, ...devices],
    routes: [],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward: false,
    listeners: [],
  };
}

interface Port {
  readonly name: string;
  readonly index: number;
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly mtu: number;
}

function port({ name, index, segment, address, mtu }: Port): Device {
  return {
    index,
    name,
    kind: { type: 'ether' },
    mac: portMac(address.address),
    mtu,
    up: true,
    addresses: [{ ...address, scope: 'global', ...broadcastIn(address) }],
    proxyArp: false,
    link: { kind: 'segment', segment },
  };
}

/** As whoever sets up a machine gives it; a net of one or two addresses has none. */
function broadcastIn({ address, length }: InterfaceAddress): Pick<DeviceAddress, 'broadcast'> {
  return length > 30 ? {} : { broadcast: addressAt(cidrOf(address, length), 2 ** (32 - length) - 1) };
}

/** The route that the kernel makes of an address. */
function connectedRoute({ name, addresses }: Device): Route {
  const [own] = addresses;
  if (!own) throw new RangeError(`port ${name} has no address`);
  return {
    prefix: cidrOf(own.address, own.length),
    type: 'unicast',
    device: name,
    protocol: 'kernel',
    scope: 'link',
    source: own.address,
  };
}

const defaultRoute = (via: Ipv4): Route => ({
  prefix: EVERYWHERE,
  type: 'unicast',
  via,
  device: 'eth0',
  protocol: 'boot',
  scope: 'global',
});

function staticRoute({ to, via }: Router['routes'][number], devices: readonly Device[]): Route {
  const reaching = devices.find(({ addresses }) =>
    addresses.some(({ address, length }) => cidrContains(cidrOf(address, length), via)),
  );
  if (!reaching) throw new RangeError('a static route must go via an address on one of the ports');
  return { prefix: to, type: 'unicast', via, device: reaching.name, protocol: 'boot', scope: 'global' };
}

function segmentPorts(stacks: readonly Netns[]): ReadonlyMap<string, readonly SegmentPort[]> {
  const ports = new Map<string, SegmentPort[]>();
  for (const { id, devices } of stacks) {
    for (const { name, link } of devices) {
      if (link?.kind !== 'segment') continue;
      const plugged = ports.get(link.segment) ?? [];
      ports.set(link.segment, [...plugged, { netns: id, device: name }]);
    }
  }
  return ports;
}
