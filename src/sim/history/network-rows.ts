/**
 * The tables of one network stack as rows of plain values, each under a key that tells it from its neighbours: what `ip`,
 * `bridge`, `iptables-save`, `ipset`, `ss` and `conntrack` list, configured and learnt. Two stacks are compared by them.
 */
import type { JsonObject } from '../../base/json.ts';
import { formatIp, formatIpCidr, isIpv6, type IpFamily } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { NetworkTable } from '../../model/state-difference.ts';
import { addresses6 } from '../net/inet6.ts';
import { memberTexts } from '../net/ipset-print.ts';
import { printRule } from '../net/netfilter-print.ts';
import { rulesOf, type Chain, type Netfilter } from '../net/netfilter-rules.ts';
import type { ConntrackEntry, Device, FdbEntry, Netns, NetnsMemory, Route, Tuple } from '../net/netns.ts';

/** Rows by key, in the order in which the stack has them. */
export type Rows = ReadonlyMap<string, JsonObject>;

type Keyed = readonly (readonly [string, JsonObject])[];

export interface Stack {
  readonly netns: Netns;
  readonly memory: NetnsMemory;
}

/** What each table is read from, to be compared by identity first, and its rows. */
export const NETWORK_TABLES: Readonly<
  Record<
    NetworkTable,
    { readonly source: (stack: Stack) => readonly unknown[]; readonly rows: (stack: Stack) => Rows }
  >
> = {
  links: {
    source: ({ netns }) => [netns.devices],
    rows: ({ netns }) => unique(netns.devices.map((device) => [device.name, linkRow(device)])),
  },
  addresses: {
    source: ({ netns }) => [netns.devices, netns.inet6?.addresses, netns.inet6?.withoutLinkLocal],
    rows: ({ netns }) =>
      unique([...netns.devices.flatMap(addressRows), ...netns.devices.flatMap(addressRows6(netns))]),
  },
  routes: {
    source: ({ netns }) => [netns.routes, netns.inet6?.routes],
    rows: ({ netns }) =>
      unique(
        [...netns.routes, ...(netns.inet6?.routes ?? [])].map((route) => [routeKey(route), routeRow(route)]),
      ),
  },
  neighbours: {
    source: ({ netns, memory }) => [
      netns.neighbours,
      netns.inet6?.neighbours,
      netns.inet6?.proxied,
      memory.neighbours,
    ],
    rows: (stack) => unique(neighbourRows(stack)),
  },
  fdb: {
    source: ({ netns, memory }) => [netns.fdb, memory.stations],
    rows: (stack) => unique(fdbRows(stack)),
  },
  chains: {
    source: ({ netns }) => [netns.netfilter, netns.inet6?.netfilter],
    rows: ({ netns }) => unique(familiesOf(netns).flatMap(chainRows)),
  },
  rules: {
    source: ({ netns }) => [netns.netfilter, netns.inet6?.netfilter],
    rows: ({ netns }) => unique(familiesOf(netns).flatMap(ruleRows)),
  },
  ipsets: {
    source: ({ netns }) => [netns.netfilter.ipsets, netns.inet6?.netfilter.ipsets],
    rows: ({ netns }) => unique(familiesOf(netns).flatMap(ipsetRows)),
  },
  sockets: {
    source: ({ netns }) => [netns.listeners],
    rows: ({ netns }) => unique(socketRows(netns)),
  },
  sysctls: {
    source: ({ netns }) => [netns.ipForward, netns.inet6?.forwarding, netns.sysctls],
    rows: ({ netns }) =>
      unique([
        ['net.ipv4.ip_forward', { value: netns.ipForward ? '1' : '0' }],
        ...(netns.inet6
          ? [['net.ipv6.conf.all.forwarding', { value: netns.inet6.forwarding ? '1' : '0' }] as const]
          : []),
        ...[...(netns.sysctls ?? [])].map(([key, value]) => [key, { value }] as const),
      ]),
  },
  connections: {
    source: ({ memory }) => [memory.conntrack],
    rows: ({ memory }) => unique(memory.conntrack.map((entry) => [tupleText(entry), connectionRow(entry)])),
  },
};

/** A second row of the same key gets a number, as the second of two equal rules. */
function unique(keyed: Keyed): Rows {
  const rows = new Map<string, JsonObject>();
  for (const [key, row] of keyed) {
    let free = key;
    for (let nth = 2; rows.has(free); nth += 1) free = `${key} #${nth}`;
    rows.set(free, row);
  }
  return rows;
}

const addressText = (address: Ip | undefined): string | undefined =>
  address === undefined ? undefined : formatIp(address);

function linkRow(device: Device): JsonObject {
  const { index, kind, mac, mtu, up, master, arpOff } = device;
  const vxlan = kind.type === 'vxlan' ? kind.vxlan : undefined;
  return {
    index,
    type: kind.type,
    mac,
    mtu,
    up,
    master,
    arp: arpOff ? false : undefined,
    peer: device.link?.kind === 'peer' ? `${device.link.netns} ${device.link.device}` : undefined,
    vni: vxlan?.vni,
    local: addressText(vxlan?.local ?? (kind.type === 'ipip' ? kind.local : undefined)),
  };
}

function addressRows({ name, addresses }: Device): Keyed {
  return addresses.map(({ address, length, scope }) => [
    `${name} ${formatIp(address)}/${length}`,
    { device: name, address: `${formatIp(address)}/${length}`, scope },
  ]);
}

const addressRows6 =
  (netns: Netns) =>
  (device: Device): Keyed =>
    addresses6(netns, device).map(({ address, length, scope }) => [
      `${device.name} ${formatIp(address)}/${length}`,
      { device: device.name, address: `${formatIp(address)}/${length}`, scope },
    ]);

const routeKey = ({ prefix, metric }: Route<Ip>): string =>
  metric === undefined ? formatIpCidr(prefix) : `${formatIpCidr(prefix)} metric ${metric}`;

function routeRow(route: Route<Ip>): JsonObject {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu, hops } = route;
  return {
    destination: formatIpCidr(prefix),
    type,
    via: addressText(via),
    device,
    protocol,
    scope,
    source: addressText(source),
    metric,
    onlink,
    mtu,
    hops: hops?.map((hop) => `${formatIp(hop.via)} dev ${hop.device}`),
  };
}

/** A configured entry hides what was learnt. */
function neighbourRows({ netns, memory }: Stack): Keyed {
  const entries = [...netns.neighbours, ...(netns.inet6?.neighbours ?? [])];
  const configured = entries.map(({ address, device, mac }) => [
    `${device} ${formatIp(address)}`,
    { device, address: formatIp(address), mac, state: 'permanent' },
  ]) satisfies Keyed;
  const known = new Set(configured.map(([key]) => key));
  const learnt = memory.neighbours.map(({ address, device, mac }) => [
    `${device} ${formatIp(address)}`,
    { device, address: formatIp(address), mac, state: mac === undefined ? 'failed' : 'learnt' },
  ]) satisfies Keyed;
  return [...configured, ...learnt.filter(([key]) => !known.has(key)), ...proxyRows(netns)];
}

/** Those of IPv4 are part of their device. */
const proxyRows = ({ inet6 }: Netns): Keyed =>
  [...(inet6?.proxied ?? [])].flatMap(([device, all]) =>
    all.map((address): Keyed[number] => [
      `${device} ${formatIp(address)} proxy`,
      { device, address: formatIp(address), state: 'proxy' },
    ]),
  );

function fdbRows({ netns, memory }: Stack): Keyed {
  const configured = netns.fdb.map((entry) => [
    fdbKey(entry),
    {
      mac: entry.mac,
      device: entry.device,
      destination: addressText(entry.destination),
      state: entry.state ?? 'permanent',
    },
  ]) satisfies Keyed;
  const learnt = (memory.stations ?? []).map(({ mac, device, destination }) => [
    `${device} ${mac} learnt`,
    { mac, device, destination: addressText(destination), state: 'learnt' },
  ]) satisfies Keyed;
  return [...configured, ...learnt];
}

const fdbKey = ({ mac, device, destination }: FdbEntry): string =>
  destination === undefined ? `${device} ${mac}` : `${device} ${mac} ${formatIp(destination)}`;

/** The rules of a family; those of IPv6 say so in the name of their table. */
interface FamilyRules {
  readonly family: IpFamily;
  readonly netfilter: Netfilter<Ip>;
}

const familiesOf = ({ netfilter, inet6 }: Netns): readonly FamilyRules[] => [
  { family: 4, netfilter },
  ...(inet6 ? [{ family: 6, netfilter: inet6.netfilter } as const] : []),
];

function chainRows(of: FamilyRules): Keyed {
  return chainsOf(of).map(({ table, chain }) => [
    `${table} ${chain.name}`,
    { table, chain: chain.name, policy: chain.policy, rules: rulesOf(chain).length },
  ]);
}

/** Their place in the chain is no part of a row, or one more would change all that follow. */
function ruleRows(of: FamilyRules): Keyed {
  return chainsOf(of).flatMap(({ table, chain }) =>
    rulesOf(chain).map((rule) => {
      const text = printRule(chain.name, rule, of.family);
      return [`${table} ${text}`, { table, chain: chain.name, rule: text }] as const;
    }),
  );
}

function chainsOf({
  family,
  netfilter,
}: FamilyRules): readonly { readonly table: string; readonly chain: Chain<Ip> }[] {
  return Object.entries(netfilter.tables).flatMap(([table, chains]) =>
    chains.map((chain) => ({ table: family === 6 ? `${table} of IPv6` : table, chain })),
  );
}

function ipsetRows({ netfilter }: FamilyRules): Keyed {
  return [...netfilter.ipsets].flatMap(([name, set]) => [
    [name, { set: name, type: set.type }] as const,
    ...memberTexts(set).map((member) => [`${name} ${member}`, { set: name, member }] as const),
  ]);
}

function socketRows({ listeners }: Netns): Keyed {
  return listeners.map(({ protocol, address, port, serves }) => {
    const bound = address === undefined ? `0.0.0.0:${port}` : endText(address, port);
    return [`${protocol} ${bound}`, { protocol, address: bound, serves: serves.kind }];
  });
}

const endText = (address: Ip, port: number): string =>
  isIpv6(address) ? `[${formatIp(address)}]:${port}` : `${formatIp(address)}:${port}`;

const wayText = ({ source, sourcePort, destination, destinationPort }: Tuple): string =>
  `${endText(source, sourcePort)} > ${endText(destination, destinationPort)}`;

const tupleText = ({ protocol, original }: ConntrackEntry): string => `${protocol} ${wayText(original)}`;

function connectionRow({ protocol, original, reply, state, assured, replied }: ConntrackEntry): JsonObject {
  return { protocol, original: wayText(original), reply: wayText(reply), state, assured, replied };
}
