/**
 * What holds in every settled cluster of Calico, whatever happened before: between IPAM's blocks, the pools' modes, the nodes'
 * annotations and the kernels. Written against the API objects and the stacks only, apart from the code that derives the one
 * from the other. Source: Calico v3.32.1, felix/dataplane/linux/{vxlan_mgr,ipip_mgr,route_mgr}.go, confd's bird templates.
 */
import type { InterfaceAddress, Ip } from '../../src/model/ip.ts';
import {
  addressBits,
  familyOf,
  formatIpCidr,
  ipCidrContains,
  ipCidrEquals,
  ipCidrOf,
  parseIp,
  parseIpCidr,
  parseIpInterfaceAddress,
  type IpCidr,
  type IpFamily,
} from '../../src/model/ip-family.ts';
import type { Simulator } from '../../src/sim/index.ts';
import type { KubeObject } from '../../src/sim/kube/object.ts';
import type { Device, FdbEntry, Neighbour, Netns, Route } from '../../src/sim/net/netns.ts';

interface Pool {
  readonly cidr: IpCidr;
  readonly ipip: string;
  readonly vxlan: string;
  readonly nat: boolean;
}

interface Host {
  readonly name: string;
  readonly address: InterfaceAddress<Ip>;
  readonly vxlanTunnel: Ip | undefined;
  readonly ipipTunnel: Ip | undefined;
  readonly stack: Stack;
}

/** What a network stack has of one address family. */
interface Stack {
  readonly devices: readonly Device[];
  readonly fdb: readonly FdbEntry[];
  readonly routes: readonly Route<Ip>[];
  readonly neighbours: readonly Neighbour<Ip>[];
  readonly addresses: (device: string) => readonly Ip[];
  /** How many pools are translated. */
  readonly masqueraded: number;
}

interface Block {
  readonly cidr: IpCidr;
  readonly owner: string;
  readonly pool: Pool | undefined;
}

interface Facts {
  readonly family: IpFamily;
  readonly pools: readonly Pool[];
  readonly hosts: readonly Host[];
  readonly blocks: readonly Block[];
  readonly cluster: Simulator;
}

/** Every law that does not hold, in a sentence; none in a sound cluster. */
export function violations(cluster: Simulator): readonly string[] {
  const families: readonly IpFamily[] = cluster.world.topology.podCidr6 ? [4, 6] : [4];
  return families.flatMap((family) => violationsOf(factsOf(cluster, family)));
}

function violationsOf(facts: Facts): readonly string[] {
  return facts.hosts.flatMap((host) => [
    ...facts.blocks.flatMap((block) => blockRoute(facts, host, block)),
    ...tunnelDevices(facts, host),
    ...vteps(facts, host),
    ...masquerade(facts, host),
    ...cables(facts, host),
  ]);
}

function factsOf(cluster: Simulator, family: IpFamily): Facts {
  const { store } = cluster.world.cluster;
  const isOfFamily = ({ cidr }: { readonly cidr: IpCidr }): boolean => familyOf(cidr.base) === family;
  const pools = store.list('ippools.crd.projectcalico.org').flatMap(poolOf).filter(isOfFamily);
  const hosts = store.list('nodes').flatMap((node) => hostOf(node, cluster, family));
  const blocks = store
    .list('ipamblocks.crd.projectcalico.org')
    .flatMap((block) => blockOf(block, pools))
    .filter(isOfFamily);
  return { family, pools, hosts, blocks, cluster };
}

function poolOf({ spec }: KubeObject): readonly Pool[] {
  const cidr = parseIpCidr(String(spec?.['cidr']));
  if (!cidr) return [];
  const mode = (key: string): string => String(spec?.[key] ?? 'Never');
  return [{ cidr, ipip: mode('ipipMode'), vxlan: mode('vxlanMode'), nat: spec?.['natOutgoing'] === true }];
}

function hostOf({ metadata }: KubeObject, cluster: Simulator, family: IpFamily): readonly Host[] {
  const text = (key: string): string => metadata.annotations?.[`projectcalico.org/IPv${family}${key}`] ?? '';
  const address = parseIpInterfaceAddress(text('Address'));
  const netns = cluster.network.netns(`node/${metadata.name}`);
  const stack = netns && stackOf(netns, family);
  if (!address || !stack) return [];
  const tunnels = {
    vxlanTunnel: parseIp(text('VXLANTunnelAddr')),
    ipipTunnel: parseIp(text('IPIPTunnelAddr')),
  };
  return [{ name: metadata.name, address, stack, ...tunnels }];
}

function stackOf({ devices, fdb, inet6, ...inet }: Netns, family: IpFamily): Stack | undefined {
  const own = family === 6 ? inet6 : inet;
  if (!own) return undefined;
  const given = (name: string) =>
    family === 6
      ? (inet6?.addresses.get(name) ?? [])
      : (devices.find((device) => device.name === name)?.addresses ?? []);
  return {
    devices,
    fdb,
    routes: own.routes,
    neighbours: own.neighbours,
    addresses: (device) => given(device).map(({ address }) => address),
    masqueraded: own.netfilter.ipsets.get(`cali${family}0masq-ipam-pools`)?.members.length ?? 0,
  };
}

const vxlanDevice = (family: IpFamily): string => (family === 6 ? 'vxlan-v6.calico' : 'vxlan.calico');

function blockOf({ spec }: KubeObject, pools: readonly Pool[]): readonly Block[] {
  const cidr = parseIpCidr(String(spec?.['cidr']));
  const owner = /^host:(.*)$/.exec(String(spec?.['affinity'] ?? ''))?.[1];
  if (!cidr || owner === undefined) return [];
  return [{ cidr, owner, pool: pools.find((pool) => ipCidrContains(pool.cidr, cidr.base)) }];
}

/** One blackhole on the owner, one route everywhere else, by the device that the pool's mode asks for. */
function blockRoute({ hosts, family }: Facts, host: Host, { cidr, owner, pool }: Block): readonly string[] {
  const found = host.stack.routes.filter(({ prefix }) => ipCidrEquals(prefix, cidr));
  const what = `${host.name}: ${formatIpCidr(cidr)} of ${owner}`;
  if (!pool) return [];
  if (found.length !== 1) return [`${what}: ${found.length} routes`];
  const [route] = found;
  const remote = hosts.find(({ name }) => name === owner);
  if (!route || !remote) return [];
  const isSound = remote === host ? isBlackhole(route, pool) : leadsTo(route, { host, remote, pool, family });
  return isSound ? [] : [`${what}: ${JSON.stringify(route)}`];
}

const isBlackhole = ({ type, protocol }: Route<Ip>, { vxlan }: Pool): boolean =>
  type === 'blackhole' && protocol === (vxlan === 'Never' ? 'bird' : '80');

interface Direction {
  readonly host: Host;
  readonly remote: Host;
  readonly pool: Pool;
  readonly family: IpFamily;
}

function leadsTo({ device, via, protocol }: Route<Ip>, { host, remote, pool, family }: Direction): boolean {
  const isNear = ipCidrContains(ipCidrOf(host.address.address, host.address.length), remote.address.address);
  const isWrapped = (mode: string): boolean => mode === 'Always' || (mode === 'CrossSubnet' && !isNear);
  if (isWrapped(pool.vxlan)) return device === vxlanDevice(family) && via === remote.vxlanTunnel;
  if (isWrapped(pool.ipip)) return device === 'tunl0' && via === remote.address.address;
  const isFelix = pool.vxlan !== 'Never';
  return (
    device === 'eth0' && protocol === (isFelix ? '80' : 'bird') && (!isNear || via === remote.address.address)
  );
}

/** The VXLAN device exists exactly while a pool wants VXLAN; tunl0 has an address exactly while one wants IPIP. */
function tunnelDevices(
  { pools, family }: Facts,
  { name, stack, vxlanTunnel, ipipTunnel }: Host,
): readonly string[] {
  const addresses = (device: string): readonly Ip[] | undefined =>
    stack.devices.some((each) => each.name === device) ? stack.addresses(device) : undefined;
  const wanted = (mode: 'ipip' | 'vxlan'): boolean => pools.some((pool) => pool[mode] !== 'Never');
  const expected = {
    vxlan: wanted('vxlan') ? [vxlanTunnel] : undefined,
    ipip: wanted('ipip') ? [ipipTunnel] : [],
  };
  const found = { vxlan: addresses(vxlanDevice(family)), ipip: addresses('tunl0') ?? [] };
  return JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`${name}: tunnels ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}

/** As many neighbours and forwarding entries on the VXLAN device as there are other VTEPs. */
function vteps({ hosts, family }: Facts, { name, stack }: Host): readonly string[] {
  const tunnel = vxlanDevice(family);
  const remotes = hosts.filter((other) => other.name !== name && other.vxlanTunnel !== undefined).length;
  const wanted = stack.devices.some((device) => device.name === tunnel) ? remotes : 0;
  const counts = [stack.neighbours, stack.fdb].map(
    (entries) => entries.filter(({ device }) => device === tunnel).length,
  );
  return counts.every((count) => count === wanted)
    ? []
    : [`${name}: ${counts.join(' neighbours and ')} FDB entries for ${wanted} VTEPs`];
}

function masquerade({ pools }: Facts, { name, stack }: Host): readonly string[] {
  const wanted = pools.filter(({ nat }) => nat).length;
  return stack.masqueraded === wanted
    ? []
    : [`${name}: ${stack.masqueraded} masqueraded pools, not ${wanted}`];
}

/** A pod’s cable: the MAC of its host end, its MTU, and its host route. Which block holds the address is not looked at. */
function cables({ cluster, family }: Facts, { name, stack }: Host): readonly string[] {
  return [...cluster.world.cluster.sandboxes.values()].flatMap(({ node, pod, network }) => {
    if (node !== name || !network) return [];
    const device = stack.devices.find((each) => each.name === network.hostInterface);
    const address = family === 6 ? network.address6 : network.address;
    if (address === undefined) return [];
    const route = stack.routes.find(
      ({ prefix, device: out }) =>
        prefix.base === address && prefix.length === addressBits(address) && out === device?.name,
    );
    return device?.mac === 'ee:ee:ee:ee:ee:ee' && device.mtu === network.mtu && route
      ? []
      : [`${name}: the cable of ${pod} is not as the CNI plugin left it`];
  });
}
