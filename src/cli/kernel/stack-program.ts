/**
 * A simulated network stack as what one types to make the Linux kernel the same: batches for `ip` and `bridge`, sets for
 * `ipset restore`, tables for `iptables-restore`, and sysctls. Devices that have a cable are made elsewhere (`cabling.ts`).
 * Left out of the kernel on purpose, as the simulator leaves them out: redirects, reverse path filtering, duplicate address
 * detection, and IPv6 where a stack has none.
 */
import { formatIp, formatIpCidr } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import {
  memberTexts,
  printTable,
  type Chain,
  type Device,
  type Inet6,
  type Netfilter,
  type Neighbour,
  type Netns,
  type Route,
  withoutCounters,
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
  /** Lines of `ip6tables-restore`. */
  readonly ip6tables: readonly string[];
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
      ...(netns.inet6 ? inet6Lines(netns, netns.inet6) : []),
    ],
    bridge: netns.fdb.map(
      ({ mac, device, destination }) =>
        `fdb replace ${mac} dev ${device}${destination === undefined ? '' : ` dst ${formatIp(destination)}`}`,
    ),
    ipset: [
      ...setLines(netns.netfilter, 'inet'),
      ...(netns.inet6 ? setLines(netns.inet6.netfilter, 'inet6') : []),
    ],
    iptables: tables(netns.netfilter, 4),
    ip6tables: netns.inet6 ? tables(netns.inet6.netfilter, 6) : [],
  };
}

const setLines = ({ ipsets }: Netfilter<Ip>, family: 'inet' | 'inet6'): readonly string[] =>
  [...ipsets].flatMap(([name, set]) => [
    `create ${name} ${set.type} family ${family}`,
    ...memberTexts(set).map((member) => `add ${name} ${member}`),
  ]);

const tables = (netfilter: Netfilter<Ip>, family: 4 | 6): readonly string[] =>
  (Object.entries(netfilter.tables) as [TableName, Chains][]).flatMap(([table, chains]) =>
    printTable(table, chains, family).map(withoutCounters),
  );

type TableName = Parameters<typeof printTable>[0];
type Chains = readonly Chain<Ip>[];

/** Addresses after their devices are up, gateways after what they are reached by. */
function inet6Lines(netns: Netns, { addresses, routes, neighbours }: Inet6): readonly string[] {
  const kept = routes.filter(isNeeded(netns)).filter(({ protocol }) => protocol !== 'kernel');
  return [
    ...[...addresses].flatMap(([device, own]) =>
      own.map(({ address, length }) => `address replace ${formatIp(address)}/${length} dev ${device} nodad`),
    ),
    ...kept
      .toSorted((a, b) => Number(a.via !== undefined) - Number(b.via !== undefined))
      .map((route) => `route replace ${routeWords(route)}`),
    ...neighbours.map(neighbourCommand),
  ];
}

/** Addresses serve at once, and nobody is asked for more of them. */
function sysctls6({ devices }: Netns, inet6: Inet6 | undefined): StackProgram['sysctls'] {
  if (!inet6) {
    return [
      ['ipv6/conf/all/disable_ipv6', '1'],
      ['ipv6/conf/default/disable_ipv6', '1'],
    ];
  }
  const cabled = devices.filter(({ kind }) => kind.type !== 'vxlan' && kind.type !== 'ipip');
  return [
    ...['all', 'default', ...cabled.map(({ name }) => name)].flatMap((name): [string, string][] => [
      [`ipv6/conf/${name}/accept_dad`, '0'],
      [`ipv6/conf/${name}/dad_transmits`, '0'],
      [`ipv6/conf/${name}/accept_ra`, '0'],
      [`ipv6/conf/${name}/accept_redirects`, '0'],
      [`ipv6/conf/${name}/disable_ipv6`, '0'],
    ]),
    ['ipv6/conf/all/forwarding', inet6.forwarding ? '1' : '0'],
  ];
}

function sysctls(netns: Netns): StackProgram['sysctls'] {
  const { devices, ipForward, inet6 } = netns;
  return [
    ...sysctls6(netns, inet6),
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
      const from = local === undefined ? '' : ` local ${formatIp(local)}`;
      const below = parent === undefined ? '' : ` dev ${parent}`;
      const tunnel = `type vxlan id ${vni}${from}${below} dstport ${port} nolearning`;
      return [`link add name ${name} index ${index} address ${mac} mtu ${mtu} ${tunnel}`];
    }
    case 'ipip': {
      const local = kind.local === undefined ? 'any' : formatIp(kind.local);
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
        `address replace ${formatIp(address)}/${length} dev ${name}${scope === 'global' ? '' : ` scope ${scope}`}`,
    ),
    `link set dev ${name} mtu ${mtu} ${up ? 'up' : 'down'}`,
  ];
}

/** Routes over a device that is down went with it. */
function isNeeded({ devices }: Netns): (route: Route<Ip>) => boolean {
  const down = new Set(devices.filter(({ up }) => !up).map(({ name }) => name));
  return ({ device }) => device === undefined || !down.has(device);
}

export function neighbourCommand({ address, device, mac }: Neighbour<Ip>): string {
  return `neigh replace ${formatIp(address)} dev ${device} lladdr ${mac} nud permanent`;
}

/** A route in the words of `ip route`. */
export function routeWords(route: Route<Ip>): string {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu, hops = [] } = route;
  return [
    ...(type === 'unicast' ? [] : [type]),
    formatIpCidr(prefix),
    ...(via === undefined ? [] : ['via', formatIp(via)]),
    ...(device === undefined || type !== 'unicast' ? [] : ['dev', device]),
    ...(protocol === 'boot' ? [] : ['proto', protocol]),
    ...(scope === 'global' ? [] : ['scope', scope]),
    ...(source === undefined ? [] : ['src', formatIp(source)]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(onlink ? ['onlink'] : []),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...hops.map((hop) => `nexthop via ${formatIp(hop.via)} dev ${hop.device}${hop.onlink ? ' onlink' : ''}`),
  ].join(' ');
}
