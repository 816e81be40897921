/**
 * The tables of one network stack as rows of plain values, each under a key that tells it from its neighbours: what `ip`,
 * `bridge`, `iptables-save`, `ipset`, `ss` and `conntrack` list, configured and learnt. Two stacks are compared by them.
 */
import type { JsonObject } from '../../base/json.ts';
import { formatCidr, formatIpv4, type Ipv4 } from '../../model/ip.ts';
import { memberTexts } from '../net/ipset-print.ts';
import { printRule } from '../net/netfilter-print.ts';
import { rulesOf, type Chain, type Netfilter } from '../net/netfilter-rules.ts';
import type { ConntrackEntry, Device, FdbEntry, Netns, NetnsMemory, Route, Tuple } from '../net/netns.ts';

export type NetworkTable =
  | 'links'
  | 'addresses'
  | 'routes'
  | 'neighbours'
  | 'fdb'
  | 'chains'
  | 'rules'
  | 'ipsets'
  | 'sockets'
  | 'sysctls'
  | 'connections';

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
    source: ({ netns }) => [netns.devices],
    rows: ({ netns }) => unique(netns.devices.flatMap(addressRows)),
  },
  routes: {
    source: ({ netns }) => [netns.routes],
    rows: ({ netns }) => unique(netns.routes.map((route) => [routeKey(route), routeRow(route)])),
  },
  neighbours: {
    source: ({ netns, memory }) => [netns.neighbours, memory.neighbours],
    rows: (stack) => unique(neighbourRows(stack)),
  },
  fdb: {
    source: ({ netns, memory }) => [netns.fdb, memory.stations],
    rows: (stack) => unique(fdbRows(stack)),
  },
  chains: {
    source: ({ netns }) => [netns.netfilter],
    rows: ({ netns }) => unique(chainRows(netns.netfilter)),
  },
  rules: {
    source: ({ netns }) => [netns.netfilter],
    rows: ({ netns }) => unique(ruleRows(netns.netfilter)),
  },
  ipsets: {
    source: ({ netns }) => [netns.netfilter.ipsets],
    rows: ({ netns }) => unique(ipsetRows(netns.netfilter)),
  },
  sockets: {
    source: ({ netns }) => [netns.listeners],
    rows: ({ netns }) => unique(socketRows(netns)),
  },
  sysctls: {
    source: ({ netns }) => [netns.ipForward, netns.sysctls],
    rows: ({ netns }) =>
      unique([
        ['net.ipv4.ip_forward', { value: netns.ipForward ? '1' : '0' }],
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

const addressText = (address: Ipv4 | undefined): string | undefined =>
  address === undefined ? undefined : formatIpv4(address);

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
    `${name} ${formatIpv4(address)}/${length}`,
    { device: name, address: `${formatIpv4(address)}/${length}`, scope },
  ]);
}

const routeKey = ({ prefix, metric }: Route): string =>
  metric === undefined ? formatCidr(prefix) : `${formatCidr(prefix)} metric ${metric}`;

function routeRow(route: Route): JsonObject {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu, hops } = route;
  return {
    destination: formatCidr(prefix),
    type,
    via: addressText(via),
    device,
    protocol,
    scope,
    source: addressText(source),
    metric,
    onlink,
    mtu,
    hops: hops?.map((hop) => `${formatIpv4(hop.via)} dev ${hop.device}`),
  };
}

/** A configured entry hides what was learnt. */
function neighbourRows({ netns, memory }: Stack): Keyed {
  const configured = netns.neighbours.map(({ address, device, mac }) => [
    `${device} ${formatIpv4(address)}`,
    { device, address: formatIpv4(address), mac, state: 'permanent' },
  ]) satisfies Keyed;
  const known = new Set(configured.map(([key]) => key));
  const learnt = memory.neighbours.map(({ address, device, mac }) => [
    `${device} ${formatIpv4(address)}`,
    { device, address: formatIpv4(address), mac, state: mac === undefined ? 'failed' : 'learnt' },
  ]) satisfies Keyed;
  return [...configured, ...learnt.filter(([key]) => !known.has(key))];
}

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
  destination === undefined ? `${device} ${mac}` : `${device} ${mac} ${formatIpv4(destination)}`;

function chainRows({ tables }: Netfilter): Keyed {
  return chainsOf(tables).map(({ table, chain }) => [
    `${table} ${chain.name}`,
    { table, chain: chain.name, policy: chain.policy, rules: rulesOf(chain).length },
  ]);
}

/** Their place in the chain is no part of a row, or one more would change all that follow. */
function ruleRows({ tables }: Netfilter): Keyed {
  return chainsOf(tables).flatMap(({ table, chain }) =>
    rulesOf(chain).map((rule) => {
      const text = printRule(chain.name, rule);
      return [`${table} ${text}`, { table, chain: chain.name, rule: text }] as const;
    }),
  );
}

function chainsOf(tables: Netfilter['tables']): readonly { readonly table: string; readonly chain: Chain }[] {
  return Object.entries(tables).flatMap(([table, chains]) => chains.map((chain) => ({ table, chain })));
}

function ipsetRows({ ipsets }: Netfilter): Keyed {
  return [...ipsets].flatMap(([name, set]) => [
    [name, { set: name, type: set.type }] as const,
    ...memberTexts(set).map((member) => [`${name} ${member}`, { set: name, member }] as const),
  ]);
}

function socketRows({ listeners }: Netns): Keyed {
  return listeners.map(({ protocol, address, port, serves }) => {
    const bound = `${address === undefined ? '0.0.0.0' : formatIpv4(address)}:${port}`;
    return [`${protocol} ${bound}`, { protocol, address: bound, serves: serves.kind }];
  });
}

const endText = (address: Ipv4, port: number): string => `${formatIpv4(address)}:${port}`;

const wayText = ({ source, sourcePort, destination, destinationPort }: Tuple): string =>
  `${endText(source, sourcePort)} > ${endText(destination, destinationPort)}`;

const tupleText = ({ protocol, original }: ConntrackEntry): string => `${protocol} ${wayText(original)}`;

function connectionRow({ protocol, original, reply, state, assured, replied }: ConntrackEntry): JsonObject {
  return { protocol, original: wayText(original), reply: wayText(reply), state, assured, replied };
}
