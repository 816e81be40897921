/**
 * A simulated network stack as what one types to make the Linux kernel the same: batches for `ip` and `bridge`, sets for
 * `ipset restore`, tables for `iptables-restore`, and sysctls. Devices that have a cable are made elsewhere (`cabling.ts`).
 * Left out of the kernel on purpose, as the simulator leaves them out: IPv6, redirects, reverse path filtering.
 */
import { formatCidr, formatIpv4 } from '../../model/ip.ts';
import {
  memberTexts,
  printTable,
  type Device,
  type Neighbour,
  type Netns,
  type Route,
} from '../../sim/index.ts';

export interface StackProgram {
  /** Paths below /proc/sys/net and their values, in order. */
  readonly sysctls: readonly (readonly [path: string, value: string])[];
  /** Lines of `ip -batch`. */
  readonly ip: readonly string[];
  /** Lines of `bridge -batch`. */
  readonly bridge: readonly string[];
  /** Lines of `ipset restore`. */
  readonly ipset: readonly string[];
  /** Lines of `iptables-restore`. */
  readonly iptables: readonly string[];
}

export interface StackWish {
  /** Routes that somebody else will bring, a routing daemon say. */
  readonly without?: (route: Route) => boolean;
}

export function stackProgram(netns: Netns, { without = () => false }: StackWish = {}): StackProgram {
  // A gateway must be reachable before a route goes by it.
  const routes = netns.routes
    .filter((route) => !without(route))
    .toSorted((a, b) => Number(a.via !== undefined) - Number(b.via !== undefined));
  return {
    sysctls: sysctls(netns),
    ip: [
      ...netns.devices.flatMap(makeTunnel),
      ...netns.devices.flatMap(setDevice),
      ...routes.filter(isNeeded(netns)).map((route) => `route replace ${routeWords(route)}`),
      ...netns.neighbours.map(neighbourCommand),
    ],
    bridge: netns.fdb.map(
      ({ mac, device, destination }) =>
        `fdb replace ${mac} dev ${device}${destination === undefined ? '' : ` dst ${formatIpv4(destination)}`}`,
    ),
    ipset: [...netns.netfilter.ipsets].flatMap(([name, set]) => [
      `create ${name} ${set.type} family inet`,
      ...memberTexts(set).map((member) => `add ${name} ${member}`),
    ]),
    iptables: tables(netns).flatMap(([table, chains]) => printTable(table, chains)),
  };
}

function tables(netns: Netns): readonly (readonly [TableName, Chains])[] {
  return Object.entries(netns.netfilter.tables) as [TableName, Chains][];
}

type TableName = Parameters<typeof printTable>[0];
type Chains = Parameters<typeof printTable>[1];

function sysctls({ devices, ipForward }: Netns): StackProgram['sysctls'] {
  return [
    ['ipv6/conf/all/disable_ipv6', '1'],
    ['ipv6/conf/default/disable_ipv6', '1'],
    ['ipv4/conf/all/rp_filter', '0'],
    ['ipv4/conf/all/send_redirects', '0'],
    ['ipv4/conf/all/accept_redirects', '0'],
    ['ipv4/ip_forward', ipForward ? '1' : '0'],
    ...devices
      .filter(({ name, proxyArp }) => proxyArp && name !== 'lo')
      .flatMap(({ name }): [string, string][] => [
        [`ipv4/conf/${name}/proxy_arp`, '1'],
        [`ipv4/neigh/${name}/proxy_delay`, '0'],
      ]),
    ...devices
      .filter(({ kind }) => kind.type !== 'loopback' && kind.type !== 'vxlan' && kind.type !== 'ipip')
      .flatMap(({ name }): [string, string][] => [
        [`ipv4/conf/${name}/rp_filter`, '0'],
        [`ipv4/conf/${name}/send_redirects`, '0'],
      ]),
  ];
}

function makeTunnel({ name, kind, index, mac, mtu }: Device): readonly string[] {
  switch (kind.type) {
    case 'vxlan': {
      const { vni, port, local, parent } = kind.vxlan;
      const from = local === undefined ? '' : ` local ${formatIpv4(local)}`;
      const below = parent === undefined ? '' : ` dev ${parent}`;
      const tunnel = `type vxlan id ${vni}${from}${below} dstport ${port} nolearning`;
      return [`link add name ${name} index ${index} address ${mac} mtu ${mtu} ${tunnel}`];
    }
    case 'ipip': {
      const local = kind.local === undefined ? 'any' : formatIpv4(kind.local);
      return [`link add name ${name} index ${index} mtu ${mtu} type ipip local ${local} remote any`];
    }
    default:
      return [];
  }
}

function setDevice({ name, mtu, up, addresses, kind }: Device): readonly string[] {
  const own = kind.type === 'loopback' ? [] : addresses;
  return [
    ...own.map(
      ({ address, length, scope }) =>
        `address replace ${formatIpv4(address)}/${length} dev ${name}${scope === 'global' ? '' : ` scope ${scope}`}`,
    ),
    `link set dev ${name} mtu ${mtu} ${up ? 'up' : 'down'}`,
  ];
}

/** Routes over a device that is down went with it. */
function isNeeded({ devices }: Netns): (route: Route) => boolean {
  const down = new Set(devices.filter(({ up }) => !up).map(({ name }) => name));
  return ({ device }) => device === undefined || !down.has(device);
}

export function neighbourCommand({ address, device, mac }: Neighbour): string {
  return `neigh replace ${formatIpv4(address)} dev ${device} lladdr ${mac} nud permanent`;
}

/** A route in the words of `ip route`. */
export function routeWords(route: Route): string {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu, hops = [] } = route;
  return [
    ...(type === 'unicast' ? [] : [type]),
    formatCidr(prefix),
    ...(via === undefined ? [] : ['via', formatIpv4(via)]),
    ...(device === undefined ? [] : ['dev', device]),
    ...(protocol === 'boot' ? [] : ['proto', protocol]),
    ...(scope === 'global' ? [] : ['scope', scope]),
    ...(source === undefined ? [] : ['src', formatIpv4(source)]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(onlink ? ['onlink'] : []),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...hops.map(
      (hop) => `nexthop via ${formatIpv4(hop.via)} dev ${hop.device}${hop.onlink ? ' onlink' : ''}`,
    ),
  ].join(' ');
}
