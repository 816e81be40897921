/**
 * What holds in every settled cluster of Calico, whatever happened before: between IPAM's blocks, the pools' modes, the nodes'
 * annotations and the kernels. Written against the API objects and the stacks only, apart from the code that derives the one
 * from the other. Source: Calico v3.32.1, felix/dataplane/linux/{vxlan_mgr,ipip_mgr,route_mgr}.go, confd's bird templates.
 */
import { cidrContains, cidrEquals, cidrOf, formatCidr, parseInterfaceAddress } from '../../src/model/ip.ts';
import { parseCidr, parseIpv4, type Cidr, type InterfaceAddress, type Ipv4 } from '../../src/model/ip.ts';
import type { Simulator } from '../../src/sim/index.ts';
import type { KubeObject } from '../../src/sim/kube/object.ts';
import type { Netns, Route } from '../../src/sim/net/netns.ts';

interface Pool {
  readonly cidr: Cidr;
  readonly ipip: string;
  readonly vxlan: string;
  readonly nat: boolean;
}

interface Host {
  readonly name: string;
  readonly address: InterfaceAddress;
  readonly vxlanTunnel: Ipv4 | undefined;
  readonly ipipTunnel: Ipv4 | undefined;
  readonly stack: Netns;
}

interface Block {
  readonly cidr: Cidr;
  readonly owner: string;
  readonly pool: Pool | undefined;
}

interface Facts {
  readonly pools: readonly Pool[];
  readonly hosts: readonly Host[];
  readonly blocks: readonly Block[];
  readonly cluster: Simulator;
}

/** Every law that does not hold, in a sentence; none in a sound cluster. */
export function violations(cluster: Simulator): readonly string[] {
  const facts = factsOf(cluster);
  return facts.hosts.flatMap((host) => [
    ...facts.blocks.flatMap((block) => blockRoute(facts, host, block)),
    ...tunnelDevices(facts, host),
    ...vteps(facts, host),
    ...masquerade(facts, host),
    ...cables(facts, host),
  ]);
}

function factsOf(cluster: Simulator): Facts {
  const { store } = cluster.world.cluster;
  const pools = store.list('ippools.crd.projectcalico.org').flatMap(poolOf);
  const hosts = store.list('nodes').flatMap((node) => hostOf(node, cluster));
  const blocks = store.list('ipamblocks.crd.projectcalico.org').flatMap((block) => blockOf(block, pools));
  return { pools, hosts, blocks, cluster };
}

function poolOf({ spec }: KubeObject): readonly Pool[] {
  const cidr = parseCidr(String(spec?.['cidr']));
  if (!cidr) return [];
  const mode = (key: string): string => String(spec?.[key] ?? 'Never');
  return [{ cidr, ipip: mode('ipipMode'), vxlan: mode('vxlanMode'), nat: spec?.['natOutgoing'] === true }];
}

function hostOf({ metadata }: KubeObject, cluster: Simulator): readonly Host[] {
  const text = (key: string): string => metadata.annotations?.[`projectcalico.org/${key}`] ?? '';
  const address = parseInterfaceAddress(text('IPv4Address'));
  const stack = cluster.network.netns(`node/${metadata.name}`);
  if (!address || !stack) return [];
  const tunnels = {
    vxlanTunnel: parseIpv4(text('IPv4VXLANTunnelAddr')),
    ipipTunnel: parseIpv4(text('IPv4IPIPTunnelAddr')),
  };
  return [{ name: metadata.name, address, stack, ...tunnels }];
}

function blockOf({ spec }: KubeObject, pools: readonly Pool[]): readonly Block[] {
  const cidr = parseCidr(String(spec?.['cidr']));
  const owner = /^host:(.*)$/.exec(String(spec?.['affinity'] ?? ''))?.[1];
  if (!cidr || owner === undefined) return [];
  return [{ cidr, owner, pool: pools.find((pool) => cidrContains(pool.cidr, cidr.base)) }];
}

/** One blackhole on the owner, one route everywhere else, by the device that the pool's mode asks for. */
function blockRoute({ hosts }: Facts, host: Host, { cidr, owner, pool }: Block): readonly string[] {
  const found = host.stack.routes.filter(({ prefix }) => cidrEquals(prefix, cidr));
  const what = `${host.name}: ${formatCidr(cidr)} of ${owner}`;
  if (!pool) return [];
  if (found.length !== 1) return [`${what}: ${found.length} routes`];
  const [route] = found;
  const remote = hosts.find(({ name }) => name === owner);
  if (!route || !remote) return [];
  const isSound = remote === host ? isBlackhole(route, pool) : leadsTo(route, { host, remote, pool });
  return isSound ? [] : [`${what}: ${JSON.stringify(route)}`];
}

const isBlackhole = ({ type, protocol }: Route, { vxlan }: Pool): boolean =>
  type === 'blackhole' && protocol === (vxlan === 'Never' ? 'bird' : '80');

function leadsTo(
  { device, via, protocol }: Route,
  { host, remote, pool }: { readonly host: Host; readonly remote: Host; readonly pool: Pool },
): boolean {
  const isNear = cidrContains(cidrOf(host.address.address, host.address.length), remote.address.address);
  const isWrapped = (mode: string): boolean => mode === 'Always' || (mode === 'CrossSubnet' && !isNear);
  if (isWrapped(pool.vxlan)) return device === 'vxlan.calico' && via === remote.vxlanTunnel;
  if (isWrapped(pool.ipip)) return device === 'tunl0' && via === remote.address.address;
  const isFelix = pool.vxlan !== 'Never';
  return (
    device === 'eth0' && protocol === (isFelix ? '80' : 'bird') && (!isNear || via === remote.address.address)
  );
}

/** vxlan.calico exists exactly while a pool wants VXLAN; tunl0 has an address exactly while one wants IPIP. */
function tunnelDevices({ pools }: Facts, { name, stack, vxlanTunnel, ipipTunnel }: Host): readonly string[] {
  const addresses = (device: string): readonly Ipv4[] | undefined =>
    stack.devices.find((each) => each.name === device)?.addresses.map(({ address }) => address);
  const wanted = (mode: 'ipip' | 'vxlan'): boolean => pools.some((pool) => pool[mode] !== 'Never');
  const expected = {
    vxlan: wanted('vxlan') ? [vxlanTunnel] : undefined,
    ipip: wanted('ipip') ? [ipipTunnel] : [],
  };
  const found = { vxlan: addresses('vxlan.calico'), ipip: addresses('tunl0') ?? [] };
  return JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`${name}: tunnels ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}

/** As many neighbours and forwarding entries on vxlan.calico as there are other VTEPs. */
function vteps({ hosts }: Facts, { name, stack }: Host): readonly string[] {
  const remotes = hosts.filter((other) => other.name !== name && other.vxlanTunnel !== undefined).length;
  const wanted = stack.devices.some((device) => device.name === 'vxlan.calico') ? remotes : 0;
  const counts = [stack.neighbours, stack.fdb].map(
    (entries) => entries.filter(({ device }) => device === 'vxlan.calico').length,
  );
  return counts.every((count) => count === wanted)
    ? []
    : [`${name}: ${counts.join(' neighbours and ')} FDB entries for ${wanted} VTEPs`];
}

function masquerade({ pools }: Facts, { name, stack }: Host): readonly string[] {
  const members = stack.netfilter.ipsets.get('cali40masq-ipam-pools')?.members ?? [];
  const wanted = pools.filter(({ nat }) => nat).length;
  return members.length === wanted ? [] : [`${name}: ${members.length} masqueraded pools, not ${wanted}`];
}

/** A pod’s cable: the MAC of its host end, its MTU, and its host route. Which block holds the address is not looked at. */
function cables({ cluster }: Facts, { name, stack }: Host): readonly string[] {
  return [...cluster.world.cluster.sandboxes.values()].flatMap(({ node, pod, network }) => {
    if (node !== name || !network) return [];
    const device = stack.devices.find((each) => each.name === network.hostInterface);
    const route = stack.routes.find(
      ({ prefix, device: out }) =>
        prefix.base === network.address && prefix.length === 32 && out === device?.name,
    );
    return device?.mac === 'ee:ee:ee:ee:ee:ee' && device.mtu === network.mtu && route
      ? []
      : [`${name}: the cable of ${pod} is not as the CNI plugin left it`];
  });
}
