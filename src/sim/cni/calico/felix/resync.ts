/**
 * How Felix keeps a node's kernel as it wants it, whoever changes it: the tunnel devices are checked every 10 s, routes,
 * neighbours, FDB and ipsets every 90 s, the iptables chains every 180 s, and a device that comes up gets its own at once. What
 * belongs to others stays. Sources: felix/dataplane/linux (int_dataplane.go, route_mgr.go KeepDeviceInSync), felix/vxlanfdb,
 * felix/routetable/ownershippol, felix/iptables/table.go, Calico v3.32.1. Left out: that a device made anew gets a new number.
 */
import { rulesOf, type Chain, type Netfilter, type Rule } from '../../../net/netfilter-rules.ts';
import type { Device, Netns, Programming, Route } from '../../../net/netns.ts';
import { spelt } from '../../../net/sysctl.ts';
import { VXLAN_DEVICE, WORKLOAD_PREFIX } from '../names.ts';

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
  if (crosses(span, ROUTE_REFRESH_INTERVAL)) next = withSets(withRoutes(next, felix), felix);
  if (crosses(span, IPTABLES_REFRESH_INTERVAL)) next = withChains(next, felix);
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
  const own = ['proxy_arp', 'forwarding', 'route_localnet', 'rp_filter'].map(
    (setting) => `net.ipv4.conf.${spelt(device)}.${setting}`,
  );
  const delay = `net.ipv4.neigh.${spelt(device)}.proxy_delay`;
  const kept = [...stack.sysctls].filter(([key]) => !own.includes(key) && key !== delay);
  return { ...stack, sysctls: new Map(kept) };
}

function withTunnels(stack: Netns, felix: Programming): Netns {
  return felix.devices
    .filter(({ kind }) => kind.type === 'vxlan' || kind.type === 'ipip')
    .reduce((at, wanted) => withTunnel(at, felix, wanted), stack);
}

/** It is made anew when it is missing or of another make; its MTU, its one address and its state are put right. */
function withTunnel(stack: Netns, felix: Programming, wanted: Device): Netns {
  const found = stack.devices.find(({ name }) => name === wanted.name);
  if (found && isSound(found, wanted)) return stack;
  const isSame = found && isCompatible(found, wanted);
  const device: Device = isSame
    ? { ...found, mtu: wanted.mtu, up: true, addresses: wanted.addresses }
    : { ...wanted, ...(found ? { index: found.index } : {}) };
  const others = stack.devices.filter((each) => each !== found);
  const next = { ...stack, devices: [...others, device].sort((a, b) => a.index - b.index) };
  const lost = isSame ? next : withoutEntries(next, wanted.name);
  return isSame && found.up ? lost : cameUp(lost, felix, wanted.name);
}

const isSound = (found: Device, wanted: Device): boolean =>
  found.up &&
  found.mtu === wanted.mtu &&
  isCompatible(found, wanted) &&
  found.addresses.length === wanted.addresses.length &&
  found.addresses.every(({ address, length }, at) => {
    const own = wanted.addresses[at];
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

const withoutEntries = (stack: Netns, device: string): Netns => ({
  ...stack,
  fdb: stack.fdb.filter((entry) => entry.device !== device),
  neighbours: stack.neighbours.filter((entry) => entry.device !== device),
});

/** Routes, and with them the permanent neighbours and the VXLAN's forwarding entries. */
function withRoutes(stack: Netns, felix: Programming): Netns {
  const up = new Set(stack.devices.filter((device) => device.up).map(({ name }) => name));
  const isUp = ({ device }: { readonly device?: string }): boolean => device === undefined || up.has(device);
  const wanted = felix.routes.filter(isUp);
  const spellings = new Set(felix.routes.map(spellRoute));
  const kept = stack.routes.filter((route) => !isOurs(route) || spellings.has(spellRoute(route)));
  const known = new Set(kept.map(spellRoute));
  const cables = felix.neighbours.filter(({ device }) => device !== VXLAN_DEVICE);
  const others = stack.neighbours.filter(
    (entry) => entry.device !== VXLAN_DEVICE && !cables.some((own) => sameNeighbour(own, entry)),
  );
  return {
    ...stack,
    routes: [...kept, ...wanted.filter((route) => !known.has(spellRoute(route)))],
    neighbours: [...others, ...felix.neighbours.filter(isUp)],
    fdb: [...stack.fdb.filter(({ device }) => device !== VXLAN_DEVICE), ...felix.fdb.filter(isUp)],
  };
}

const sameNeighbour = (
  a: { readonly device: string; readonly address: number },
  b: { readonly device: string; readonly address: number },
): boolean => a.device === b.device && a.address === b.address;

/** A protocol of Felix's own, the cable of a pod, or its VXLAN device; tunl0 belongs to BIRD. */
const isOurs = ({ protocol, device }: Route): boolean =>
  protocol === '80' || device === VXLAN_DEVICE || device?.startsWith(WORKLOAD_PREFIX) === true;

function spellRoute(route: Route): string {
  const { prefix, type, via, device, protocol, scope, source, metric, onlink, mtu } = route;
  return [prefix.base, prefix.length, type, via, device, protocol, scope, source, metric, onlink, mtu].join(
    ' ',
  );
}

/** Its sets have their members again; those of others stay. */
function withSets(stack: Netns, felix: Programming): Netns {
  const ipsets = new Map([...stack.netfilter.ipsets, ...felix.netfilter.ipsets]);
  return { ...stack, netfilter: { ...stack.netfilter, ipsets } };
}

/** Its chains are as it wrote them, and its rules stand before those of others in the chains that are not its own. */
function withChains(stack: Netns, felix: Programming): Netns {
  const tables = { ...stack.netfilter.tables };
  for (const [name, wanted] of Object.entries(felix.netfilter.tables) as TableEntry[]) {
    tables[name] = repaired(tables[name] ?? [], wanted);
  }
  return { ...stack, netfilter: { ...stack.netfilter, tables } };
}

type TableEntry = readonly [keyof Netfilter['tables'], readonly Chain[]];

function repaired(found: readonly Chain[], wanted: readonly Chain[]): readonly Chain[] {
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

const isOwnRule = ({ comment }: Rule): boolean => comment?.startsWith('cali:') === true;

const foreign = (chain: Chain): Pick<Chain, 'rules'> => ({
  rules: rulesOf(chain).filter((rule) => !isOwnRule(rule)),
});

/** ChainInsertMode Insert; what Felix appends stays last. */
function restored({ name, policy, ...chain }: Chain, own: Chain): Chain {
  const others = foreign({ name, ...chain }).rules;
  return {
    name,
    ...(policy && { policy }),
    rules: [...own.rules, ...others],
    ...(own.last ? { last: own.last } : {}),
  };
}
