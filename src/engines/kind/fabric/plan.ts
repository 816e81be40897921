/**
 * What a lab's machines are to be on a real cluster, from its topology alone. All containers of a cluster share one Docker
 * network, the carrier (`carrier.ts`); above it each segment of the lab is a VXLAN with a multicast group of its own. So a
 * rack is a broadcast domain, a router has a port in each, and ports have the names, MAC addresses and MTUs that the simulator
 * gives them. On routers and outside hosts no route leads out of Docker's device. Left out: switches, as in the simulator.
 */
import {
  familyOf,
  formatIp,
  formatIpCidr,
  ipCidrContains,
  ipCidrOf,
  parseIpCidr,
  type IpFamily,
} from '../../../model/ip-family.ts';
import { formatIpv4, type Cidr, type InterfaceAddress, type Ip, type Ipv4 } from '../../../model/ip.ts';
import { parseIpv6 } from '../../../model/ipv6.ts';
import type { ClusterNode, OutsideHost, Router, StaticRoute, Topology } from '../../../model/topology.ts';
import { birdConfiguration } from './bird-configuration.ts';
import { CARRIER } from './carrier.ts';

export interface PlacePlan {
  readonly kind: 'node' | 'router' | 'host';
  readonly name: string;
  readonly ports: readonly PortPlan[];
  /** In the main table, beside those that the kernel makes of addresses. */
  readonly routes: readonly RoutePlan[];
  /**
   * Of nodes: what their own programs must not look for behind Docker's gateway. Everything else is the Internet, which they
   * reach that way, so that images can be pulled; packets that they forward never are.
   */
  readonly insideOnly: readonly string[];
  /** In this order: some of them set others. One of a device that is not there, and not planned, waits for it. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Lines of the hosts file: the cluster's nodes. */
  readonly hosts: readonly string[];
  /** Of a router that speaks BGP: its /etc/bird/bird.conf. */
  readonly bird?: string;
  /** Of outside hosts: TCP port 80 and UDP port 7 answer. */
  readonly answers: boolean;
}

export interface PortPlan {
  readonly device: string;
  readonly segment: string;
  /** Of the segment: VXLAN network identifier and multicast group. */
  readonly vni: number;
  readonly group: string;
  readonly mac: string;
  readonly mtu: number;
  /** With prefix length. */
  readonly addresses: readonly string[];
  /** Where there is IPv6: what the kernel gives the device when it comes up, and never again. */
  readonly linkLocal?: string;
}

export interface RoutePlan {
  readonly family: IpFamily;
  /** `default` or a prefix. */
  readonly to: string;
  readonly via: string;
  readonly device: string;
}

/** Of every place of the topology, routers first: what stands between the others is there before them. */
export function fabricPlan(topology: Topology): readonly PlacePlan[] {
  return [
    ...topology.routers.map((router) => routerPlan(router, topology)),
    ...topology.hosts.map((host) => hostPlan(host, topology)),
    ...topology.nodes.map((node) => nodePlan(node, topology)),
  ];
}

export function planOf(topology: Topology, kind: PlacePlan['kind'], name: string): PlacePlan {
  const plan = fabricPlan(topology).find((each) => each.kind === kind && each.name === name);
  if (!plan) throw new RangeError(`no ${kind} ${name} in topology ${topology.name}`);
  return plan;
}

function routerPlan(router: Router, topology: Topology): PlacePlan {
  const ports = router.ports.map((each, at) => port(topology, `eth${at}`, each));
  const inet6 = router.ports.some(({ address6 }) => address6 !== undefined);
  const bird = birdConfiguration(topology, router);
  return {
    kind: 'router',
    name: router.name,
    ports,
    routes: [...router.routes, ...(router.routes6 ?? [])].map((route) => staticRoute(route, router.ports)),
    insideOnly: [],
    sysctls: ownSysctls(ports, { forwarding: true, inet6 }),
    hosts: hostsOf(topology),
    ...(bird !== undefined && { bird }),
    answers: false,
  };
}

function hostPlan(host: OutsideHost, topology: Topology): PlacePlan {
  const { name, address6, routes = [], routes6 = [] } = host;
  const ports = [port(topology, 'eth0', host)];
  return {
    kind: 'host',
    name,
    ports,
    routes: [...defaultRoutes(host), ...[...routes, ...routes6].map((route) => staticRoute(route, [host]))],
    insideOnly: [],
    sysctls: ownSysctls(ports, { forwarding: false, inet6: address6 !== undefined }),
    hosts: hostsOf(topology),
    answers: true,
  };
}

/**
 * kind sets what kubelet and kube-proxy need (images/base/files/etc/sysctl.d of kind v0.32.0); this is only the lab's. Of
 * kind's own, `rp_filter=1` goes: the kernel has 0, as the simulator's nodes have, and labs send packets one way and back another.
 * `default` is for devices still to come, among them `vxlan.calico`; Felix gives pods' devices what it finds there when it
 * starts (felix/dataplane/linux/int_dataplane.go of Calico v3.32.1). `tunl0` may be older: it comes with the namespace.
 */
function nodePlan(node: ClusterNode, topology: Topology): PlacePlan {
  return {
    kind: 'node',
    name: node.name,
    ports: [port(topology, 'eth0', node)],
    routes: defaultRoutes(node),
    insideOnly: insideOnly(topology),
    sysctls: {
      'net.ipv4.ip_forward': '1',
      ...ALL_ERRORS,
      ...redirects(['all', 'eth0']),
      ...each(['all', 'default', 'eth0', CARRIER, 'tunl0'], 'net.ipv4.conf', 'rp_filter', '0'),
      'net.ipv6.conf.eth0.disable_ipv6': node.address6 ? '0' : '1',
      ...(node.address6 && { 'net.ipv6.conf.all.forwarding': '1' }),
    },
    hosts: hostsOf(topology),
    answers: false,
  };
}

interface Plugged {
  readonly segment: string;
  readonly address: InterfaceAddress;
  readonly address6?: InterfaceAddress<Ip>;
}

function port({ segments }: Topology, device: string, { segment, address, address6 }: Plugged): PortPlan {
  const at = segments.findIndex(({ name }) => name === segment);
  const found = segments[at];
  if (!found) throw new RangeError(`no segment ${segment}`);
  const mac = portMac(address.address);
  return {
    device,
    segment,
    vni: at + 1,
    // The organization's own scope of RFC 2365; the group needs no other meaning than the network identifier's.
    group: `239.192.${(at + 1) >> 8}.${(at + 1) & 255}`,
    mac,
    mtu: found.mtu,
    addresses: [address, ...(address6 ? [address6] : [])].map(withLength),
    ...(address6 && { linkLocal: linkLocalOf(mac) }),
  };
}

const withLength = ({ address, length }: InterfaceAddress<Ip>): string => `${formatIp(address)}/${length}`;

/** As the simulator has it: locally administered, with the address in its last four bytes. */
const portMac = (address: Ipv4): string =>
  [2, 0, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(':');

/** With the interface identifier that a MAC address gives (RFC 4291, appendix A). */
function linkLocalOf(mac: string): string {
  const [first = '', ...rest] = mac.split(':');
  const flipped = (Number.parseInt(first, 16) ^ 2).toString(16);
  const [b = '', c = '', d = '', e = '', f = ''] = rest;
  const address = parseIpv6(`fe80::${flipped}${b}:${c}ff:fe${d}:${e}${f}`);
  if (address === undefined) throw new RangeError(`${mac} is no MAC address`);
  return `${formatIp(address)}/64`;
}

const defaultRoutes = ({ gateway, gateway6 }: ClusterNode | OutsideHost): readonly RoutePlan[] => [
  { family: 4, to: 'default', via: formatIpv4(gateway), device: 'eth0' },
  ...(gateway6 ? [{ family: 6, to: 'default', via: formatIp(gateway6), device: 'eth0' } as const] : []),
];

function staticRoute({ to, via }: StaticRoute<Ip>, ports: readonly Plugged[]): RoutePlan {
  const at = ports.findIndex(({ address, address6 }) =>
    [address, address6].some((own) => own !== undefined && isNear(own, via)),
  );
  if (at < 0) throw new RangeError(`${formatIp(via)} is on none of the ports`);
  const text = formatIpCidr(to);
  return {
    family: typeof via === 'number' ? 4 : 6,
    to: to.length === 0 ? 'default' : text,
    via: formatIp(via),
    device: `eth${at}`,
  };
}

const isNear = ({ address, length }: InterfaceAddress<Ip>, other: Ip): boolean =>
  familyOf(address) === familyOf(other) && ipCidrContains(ipCidrOf(address, length), other);

interface OwnStack {
  readonly forwarding: boolean;
  readonly inet6: boolean;
}

/**
 * Of containers that are ours alone: the kernel's defaults, whatever the engine's machine has for its own. The simulator's
 * machines send no redirects and are taught by none.
 */
function ownSysctls(ports: readonly PortPlan[], { forwarding, inet6 }: OwnStack): PlacePlan['sysctls'] {
  const devices = ['all', 'default', ...ports.map(({ device }) => device)];
  return {
    'net.ipv4.ip_forward': forwarding ? '1' : '0',
    ...ALL_ERRORS,
    ...redirects(devices),
    ...each([...devices, CARRIER], 'net.ipv4.conf', 'rp_filter', '0'),
    [`net.ipv4.conf.${CARRIER}.forwarding`]: '0',
    ...each(devices, 'net.ipv6.conf', 'disable_ipv6', inet6 ? '0' : '1'),
    [`net.ipv6.conf.${CARRIER}.disable_ipv6`]: '1',
    ...(inet6 && { 'net.ipv6.conf.all.forwarding': forwarding ? '1' : '0' }),
  };
}

/** The kernel's limit of one each second to one receiver would hide hops from two that ask at once. */
const ALL_ERRORS: PlacePlan['sysctls'] = { 'net.ipv4.icmp_ratelimit': '0' };

const redirects = (devices: readonly string[]): PlacePlan['sysctls'] => ({
  ...each(devices, 'net.ipv4.conf', 'accept_redirects', '0'),
  ...each(devices, 'net.ipv4.conf', 'send_redirects', '0'),
});

const each = (
  devices: readonly string[],
  under: string,
  setting: string,
  value: string,
): PlacePlan['sysctls'] =>
  Object.fromEntries(devices.map((device) => [`${under}.${device}.${setting}`, value]));

/** Private, shared, documentation and benchmark ranges (RFC 6890) and multicast; of IPv6 what is not 2000::/3 has no way out. */
const NEVER_PUBLIC: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
const NEVER_PUBLIC6: readonly string[] = ['2001:db8::/32', 'fc00::/7', 'fe80::/10', 'ff00::/8'];

function insideOnly({ segments, podCidr, serviceCidr, podCidr6, serviceCidr6 }: Topology): readonly string[] {
  const own: readonly (Cidr<Ip> | undefined)[] = [
    podCidr,
    serviceCidr,
    podCidr6,
    serviceCidr6,
    ...segments.flatMap(({ subnet, subnet6 }) => [subnet, subnet6]),
  ];
  const known = [...NEVER_PUBLIC, ...(podCidr6 ? NEVER_PUBLIC6 : [])];
  const beyond = own.flatMap((prefix) =>
    prefix === undefined || known.some((text) => within(prefix, text)) ? [] : [formatIpCidr(prefix)],
  );
  return [...known, ...beyond];
}

function within({ base, length }: Cidr<Ip>, text: string): boolean {
  const outer = parseIpCidr(text);
  return (
    outer !== undefined &&
    outer.length <= length &&
    familyOf(outer.base) === familyOf(base) &&
    ipCidrContains(outer, base)
  );
}

/** As the simulator's machines know each other: the nodes by name. */
const hostsOf = ({ nodes }: Topology): readonly string[] =>
  nodes.flatMap(({ name, address, address6 }) =>
    [address, ...(address6 ? [address6] : [])].map((own) => `${formatIp(own.address)}\t${name}`),
  );
