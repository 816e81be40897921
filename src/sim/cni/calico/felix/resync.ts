/**
 * How Felix keeps a node's kernel as it wants it, whoever changes it: the tunnel devices are checked every 10 s, routes,
 * neighbours, FDB and ipsets every 90 s, the iptables chains every 180 s, and a device that comes up gets its own at once. What
 * belongs to others stays. Sources: felix/dataplane/linux (int_dataplane.go, route_mgr.go KeepDeviceInSync), felix/vxlanfdb,
 * felix/routetable/ownershippol, felix/iptables/table.go, Calico v3.32.1. Left out: that a device made anew gets a new number.
 */
import type { Ip, Ipv6 } from '../../../../model/ip.ts';
import { kernelRoute, speaksInet6 } from '../../../net/inet6.ts';
import { rulesOf, type Chain, type Netfilter, type Rule } from '../../../net/netfilter-rules.ts';
import type {
  Device,
  DeviceAddress,
  Inet6,
  Neighbour,
  Netns,
  Programming,
  Route,
} from '../../../net/netns.ts';
import { spelt } from '../../../net/sysctl.ts';
import { VXLAN6_DEVICE, VXLAN_DEVICE, WORKLOAD_PREFIX } from '../names.ts';

/** Virtual milliseconds between two looks at the tunnel devices. */
export const TUNNEL_CHECK_INTERVAL = 10_000;
/** routeRefreshInterval and ipsetsRefreshInterval. */
export const ROUTE_REFRESH_INTERVAL = 90_000;
/** iptablesRefreshInterval. */
export const IPTABLES_REFRESH_INTERVAL = 180_000;

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The stack after Felix has looked at it as often as it does between two moments. */
export function resynced(stack: Netns, felix: Programming, span: Span): Netns {
  let next = stack;
  if (crosses(span, TUNNEL_CHECK_INTERVAL)) next = withTunnels(next, felix);
  if (crosses(span, ROUTE_REFRESH_INTERVAL)) next = withNetfilter(withRoutes(next, felix), felix, withSets);
  if (crosses(span, IPTABLES_REFRESH_INTERVAL)) next = withNetfilter(next, felix, withChains);
  return next;
}

const crosses = ({ from, to }: Span, interval: number): boolean =>
  Math.floor(to / interval) > Math.floor(from / interval);

/** A device came up: its routes, neighbours and forwarding entries are looked at, and a pod's cable is set up anew. */
export function cameUp(stack: Netns, felix: Programming, device: string): Netns {
  if (!felix.devices.some(({ name }) => name === device)) return stack;
  return withRoutes(device.startsWith(WORKLOAD_PREFIX) ? withCableSettings(stack, device) : stack, felix);
}

/** proxy_arp, forwarding and their like (endpoint_mgr.go configureInterface). */
function withCableSettings(stack: Netns, device: string): Netns {
  if (!stack.sysctls) return stack;
  const name = spelt(device);
  const own = new Set([
    ...['proxy_arp', 'forwarding', 'route_localnet', 'rp_filter'].map(
      (each) => `net.ipv4.conf.${name}.${each}`,
    ),
    ...['proxy_ndp', 'forwarding', 'accept_ra'].map((each) => `net.ipv6.conf.${name}.${each}`),
    `net.ipv4.neigh.${name}.proxy_delay`,
  ]);
  return { ...stack, sysctls: new Map([...stack.sysctls].filter(([key]) => !own.has(key))) };
}

function withTunnels(stack: Netns, felix: Programming): Netns {
  return felix.devices
    .filter(({ kind }) => kind.type === 'vxlan' || kind.type === 'ipip')
    .reduce((at, wanted) => withTunnel(at, felix, wanted), stack);
}

/** It is made anew when it is missing or of another make; its MTU, its one address and its state are put right. */
function withTunnel(stack: Netns, felix: Programming, wanted: Device): Netns {
  const found = stack.devices.find(({ name }) => name === wanted.name);
  const address6 = felix.inet6?.addresses.get(wanted.name)?.[0];
  if (found && isSound(stack, found, { wanted, address6 })) return stack;
  if (found && isCompatible(found, wanted)) {
    const repaired = withAddress6(withDevice(stack, mended(found, wanted)), wanted.name, address6);
    return found.up ? repaired : cameUp(repaired, felix, wanted.name);
  }
  const made = withDevice(withoutEntries(stack, wanted.name), { ...wanted, ...indexOf(found) });
  return cameUp(withAddress6(made, wanted.name, address6), felix, wanted.name);
}

/** One that takes another's place takes its number here. */
const indexOf = (found: Device | undefined): Partial<Device> => (found ? { index: found.index } : {});

/** In the place of the one of that name. */
function withDevice(stack: Netns, device: Device): Netns {
  const others = stack.devices.filter(({ name }) => name !== device.name);
  return { ...stack, devices: [...others, device].sort((a, b) => a.index - b.index) };
}

/** Each family looks after its own addresses: those of IPv4 on a tunnel of IPv6 stay. */
const mended = (found: Device, { name, mtu, addresses }: Device): Device => ({
  ...found,
  mtu,
  up: true,
  addresses: name === VXLAN6_DEVICE ? found.addresses : addresses,
});

/** Its address, and no other, not even a link-local one. */
function withAddress6(stack: Netns, device: string, address: DeviceAddress<Ipv6> | undefined): Netns {
  const { inet6 } = stack;
  if (!inet6 || !address || !speaksInet6(stack, device)) return stack;
  const own = kernelRoute({ base: address.address, length: address.length }, device);
  const others = inet6.routes.filter((route) => route.device !== device || route.protocol !== 'kernel');
  return {
    ...stack,
    inet6: {
      ...inet6,
      addresses: new Map(inet6.addresses).set(device, [address]),
      withoutLinkLocal: new Set(inet6.withoutLinkLocal).add(device),
      routes: [...others, own],
    },
  };
}

interface WantedTunnel {
  readonly wanted: Device;
  /** Of a tunnel between the nodes' IPv6 addresses. */
  readonly address6: DeviceAddress<Ipv6> | undefined;
}

function isSound({ inet6 }: Netns, found: Device, { wanted, address6 }: WantedTunnel): boolean {
  if (!found.up || found.mtu !== wanted.mtu || !isCompatible(found, wanted)) return false;
  if (!address6) return sameAddresses(found.addresses, wanted.addresses);
  const isAlone = inet6?.withoutLinkLocal?.has(wanted.name) === true;
  return isAlone && sameAddresses(inet6.addresses.get(wanted.name) ?? [], [address6]);
}

const sameAddresses = (found: readonly DeviceAddress<Ip>[], wanted: readonly DeviceAddress<Ip>[]): boolean =>
  found.length === wanted.length &&
  found.every(({ address, length }, at) => {
    const own = wanted[at];
    return own?.address === address && own.length === length;
  });

/** vxlanLinksIncompat: VNI, port, underlay device, source and MAC. */
function isCompatible(found: Device, { kind, mac }: Device): boolean {
  if (found.kind.type !== kind.type) return false;
  if (found.kind.type !== 'vxlan' || kind.type !== 'vxlan') return true;
  const [own, wanted] = [found.kind.vxlan, kind.vxlan];
  return (
    found.mac === mac &&
    own.vni === wanted.vni &&
    own.port === wanted.port &&
    own.local === wanted.local &&
    own.parent === wanted.parent
  );
}

function withoutEntries(stack: Netns, device: string): Netns {
  const isOther = (entry: { readonly device: string }): boolean => entry.device !== device;
  const { fdb, neighbours, inet6 } = stack;
  return {
    ...stack,
    fdb: fdb.filter(isOther),
    neighbours: neighbours.filter(isOther),
    ...(inet6 && { inet6: { ...inet6, neighbours: inet6.neighbours.filter(isOther) } }),
  };
}

/** Routes, and with them the permanent neighbours and the VXLAN's forwarding entries. */
function withRoutes(stack: Netns, felix: Programming): Netns {
  const up = new Set(stack.devices.filter((device) => device.up).map(({ name }) => name));
  const isUp = ({ device }: { readonly device?: string }): boolean => device === undefined || up.has(device);
  // The kernel takes nothing of IPv6 for a device on which that is switched off; what leads nowhere stands on `lo`.
  const speaks = ({ type, device }: { readonly type?: Route['type']; readonly device?: string }): boolean =>
    device === undefined || (type ?? 'unicast') !== 'unicast' || speaksInet6(stack, device);
  const tunnels = felix.inet6 ? [VXLAN_DEVICE, VXLAN6_DEVICE] : [VXLAN_DEVICE];
  return {
    ...stack,
    ...withEntries(stack, felix, { isUp, tunnel: VXLAN_DEVICE }),
    fdb: [...stack.fdb.filter(({ device }) => !tunnels.includes(device)), ...felix.fdb.filter(isUp)],
    ...(stack.inet6 &&
      felix.inet6 && {
        inet6: {
          ...stack.inet6,
          ...withEntries(stack.inet6, felix.inet6, {
            isUp: (entry) => isUp(entry) && speaks(entry),
            tunnel: VXLAN6_DEVICE,
          }),
        },
      }),
  };
}

/** Of one address family. */
interface Entries<Address extends Ip> {
  readonly routes: readonly Route<Address>[];
  readonly neighbours: readonly Neighbour<Address>[];
}

interface Place {
  readonly isUp: (entry: { readonly type?: Route['type']; readonly device?: string }) => boolean;
  /** The family's VXLAN device. */
  readonly tunnel: string;
}

function withEntries<Address extends Ip>(
  found: Entries<Address>,
  felix: Entries<Address>,
  { isUp, tunnel }: Place,
): Entries<Address> {
  const own = felix.routes.filter(({ protocol }) => protocol !== 'kernel');
  const spellings = new Set(own.map(spellRoute));
  const kept = found.routes.filter((route) => !isOurs(route, tunnel) || spellings.has(spellRoute(route)));
  const known = new Set(kept.map(spellRoute));
  const cables = felix.neighbours.filter(({ device }) => device !== tunnel);
  const others = found.neighbours.filter(
    (entry) => entry.device !== tunnel && !cables.some((each) => sameNeighbour(each, entry)),
  );
  return {
    routes: [...kept, ...own.filter(isUp).filter((route) => !known.has(spellRoute(route)))],
    neighbours: [...others, ...felix.neighbours.filter(isUp)],
  };
}

const sameNeighbour = (a: Neighbour<Ip>, b: Neighbour<Ip>): boolean =>
  a.device === b.device && a.address === b.address;

/** A protocol of Felix's own, the cable of a pod, or its VXLAN device; tunl0 belongs to BIRD, and the kernel has its own. */
const isOurs = ({ protocol, device }: Route<Ip>, tunnel: string): boolean =>
  protocol !== 'kernel' &&
  (protocol === '80' || device === tunnel || device?.startsWith(WORKLOAD_PREFIX) === true);

function spellRoute(route: Route<Ip>): string {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu } = route;
  return [prefix.base, prefix.length, type, via, device, protocol, scope, source, metric, onlink, mtu].join(
    ' ',
  );
}

/** What a look at netfilter leaves of both families. */
type Repair = <Address extends Ip>(
  found: Netfilter<Address>,
  wanted: Netfilter<Address>,
) => Netfilter<Address>;

function withNetfilter(stack: Netns, felix: Programming, repair: Repair): Netns {
  const inet6 = stack.inet6 && felix.inet6 && repaired6(stack.inet6, felix.inet6, repair);
  return { ...stack, netfilter: repair(stack.netfilter, felix.netfilter), ...(inet6 && { inet6 }) };
}

const repaired6 = (
  inet6: Inet6,
  { netfilter }: NonNullable<Programming['inet6']>,
  repair: Repair,
): Inet6 => ({ ...inet6, netfilter: repair(inet6.netfilter, netfilter) });

/** Its sets have their members again; those of others stay. */
const withSets: Repair = (found, wanted) => ({
  ...found,
  ipsets: new Map([...found.ipsets, ...wanted.ipsets]),
});

/** Its chains are as it wrote them, and its rules stand before those of others in the chains that are not its own. */
function withChains<Address extends Ip>(
  found: Netfilter<Address>,
  wanted: Netfilter<Address>,
): Netfilter<Address> {
  const tables = { ...found.tables };
  for (const [name, chains] of Object.entries(wanted.tables) as TableEntry<Address>[]) {
    tables[name] = repaired(tables[name] ?? [], chains);
  }
  return { ...found, tables };
}

type TableEntry<Address extends Ip> = readonly [
  keyof Netfilter<Address>['tables'],
  readonly Chain<Address>[],
];

function repaired<Address extends Ip>(
  found: readonly Chain<Address>[],
  wanted: readonly Chain<Address>[],
): readonly Chain<Address>[] {
  const kept = found
    .filter(({ name }) => !isOwnChain(name) || wanted.some((own) => own.name === name))
    .map((chain) => {
      const own = wanted.find(({ name }) => name === chain.name);
      if (!own) return { ...chain, ...foreign(chain) };
      return isOwnChain(chain.name) ? own : restored(chain, own);
    });
  return [...kept, ...wanted.filter(({ name }) => !found.some((chain) => chain.name === name))];
}

const isOwnChain = (name: string): boolean => name.startsWith('cali-');

const isOwnRule = ({ comment }: Rule<Ip>): boolean => comment?.startsWith('cali:') === true;

const foreign = <Address extends Ip>(chain: Chain<Address>): Pick<Chain<Address>, 'rules'> => ({
  rules: rulesOf(chain).filter((rule) => !isOwnRule(rule)),
});

/** ChainInsertMode Insert; what Felix appends stays last. */
function restored<Address extends Ip>(
  { name, policy, ...chain }: Chain<Address>,
  own: Chain<Address>,
): Chain<Address> {
  const others = foreign({ name, ...chain }).rules;
  return {
    name,
    ...(policy && { policy }),
    rules: [...own.rules, ...others],
    ...(own.last ? { last: own.last } : {}),
  };
}
