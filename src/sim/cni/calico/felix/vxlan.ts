/**
 * Felix's VXLAN manager: the VXLAN device (`vxlan.calico`, for IPv6 `vxlan-v6.calico`), a neighbour and an FDB entry for every
 * other node's VTEP, and the routes of VXLAN pools. Within the node's subnet a CrossSubnet pool goes without encapsulation.
 * Source: felix/dataplane/linux/{vxlan_mgr,route_mgr}.go, felix/vxlanfdb/vxlan_fdb.go, Calico v3.32.1.
 */
import type { Cidr, Ip } from '../../../../model/ip.ts';
import { addressBits } from '../../../../model/ip-family.ts';
import { KERNEL_METRIC, USER_METRIC } from '../../../net/inet6.ts';
import type { Device, DeviceAddress, FdbEntry, Neighbour, Route } from '../../../net/netns.ts';
import { vxlanDevice } from '../names.ts';
import { sameSubnet, type CalicoHost } from './hosts.ts';
import type { WorkloadRoute } from './l3-routes.ts';
import { PARENT, type FelixView } from './view.ts';

export interface VxlanProgramming<Address extends Ip> {
  /** Without its address. */
  readonly devices: readonly Device[];
  readonly address: DeviceAddress<Address> | undefined;
  readonly routes: readonly Route<Address>[];
  readonly neighbours: readonly Neighbour<Address>[];
  readonly fdb: readonly FdbEntry[];
  /** Nodes we accept VXLAN packets from. */
  readonly sources: readonly CalicoHost<Address>[];
}

export function vxlan<Address extends Ip>(view: FelixView<Address>): VxlanProgramming<Address> {
  const { local, family } = view;
  if (!view.encapsulations.vxlan)
    return { devices: [], address: undefined, routes: [], neighbours: [], fdb: [], sources: [] };
  const device = vtepDevice(view);
  const address = device && tunnelAddress(local);
  const remotes = [...view.hosts.values()].filter((host) => host !== local && isVtep(host));
  const name = vxlanDevice(family);
  return {
    devices: device ? [device] : [],
    address,
    routes: [...blackholes(view), ...(device ? [...ownRoute(view), ...remoteRoutes(view)] : [])],
    neighbours: device ? remotes.flatMap((remote) => neighbourEntry(remote, name)) : [],
    fdb: device ? remotes.flatMap((remote) => fdbEntry(remote, name)) : [],
    sources: remotes,
  };
}

const isVtep = (host: CalicoHost<Ip>): boolean =>
  host.address !== undefined && host.vxlanTunnel !== undefined;

function vtepDevice({ local, family, config, mtus, indexes }: FelixView<Ip>): Device | undefined {
  const name = vxlanDevice(family);
  const index = indexes.devices[name];
  if (!local.address || local.vxlanTunnel === undefined || index === undefined) return undefined;
  return {
    index,
    name,
    kind: {
      type: 'vxlan',
      vxlan: { vni: config.vxlanVni, port: config.vxlanPort, local: local.address.address, parent: PARENT },
    },
    mac: local.vxlanMac,
    mtu: mtus.vxlan,
    up: true,
    addresses: [],
    proxyArp: false,
  };
}

const tunnelAddress = <Address extends Ip>({
  vxlanTunnel,
}: CalicoHost<Address>): DeviceAddress<Address> | undefined =>
  vxlanTunnel === undefined
    ? undefined
    : { address: vxlanTunnel, length: addressBits(vxlanTunnel), scope: 'global' };

/** IPv6 keeps the kernel's routes to its own addresses in the main table, as many as there are. */
function ownRoute<Address extends Ip>({ local, family }: FelixView<Address>): readonly Route<Address>[] {
  if (family === 4 || local.vxlanTunnel === undefined) return [];
  return [
    {
      prefix: single(local.vxlanTunnel),
      type: 'unicast',
      device: vxlanDevice(family),
      protocol: 'kernel',
      scope: 'global',
      metric: KERNEL_METRIC,
    },
  ];
}

/** What all other nodes write about one of them, which is the same everywhere: a host is of one family, and so has one device. */
interface Entries {
  readonly neighbour: Neighbour<Ip> | undefined;
  readonly fdb: FdbEntry | undefined;
}

const entries = new WeakMap<CalicoHost<Ip>, Entries>();

function entriesOf(host: CalicoHost<Ip>, device: string): Entries {
  const known = entries.get(host);
  if (known) return known;
  const { address, vxlanTunnel, vxlanMac } = host;
  const made: Entries = {
    neighbour: vxlanTunnel === undefined ? undefined : { address: vxlanTunnel, device, mac: vxlanMac },
    fdb: address && { mac: vxlanMac, device, destination: address.address },
  };
  entries.set(host, made);
  return made;
}

const neighbourEntry = <Address extends Ip>(
  host: CalicoHost<Address>,
  device: string,
): readonly Neighbour<Address>[] => {
  const { neighbour } = entriesOf(host, device);
  return neighbour ? [neighbour as Neighbour<Address>] : [];
};

const fdbEntry = (host: CalicoHost<Ip>, device: string): readonly FdbEntry[] => {
  const { fdb } = entriesOf(host, device);
  return fdb ? [fdb] : [];
};

const inVxlanPool = ({ pool }: WorkloadRoute<Ip>): boolean =>
  pool !== undefined && pool.vxlanMode !== 'Never';

const single = <Address extends Ip>(address: Address): Cidr<Address> => ({
  base: address,
  length: addressBits(address),
});

/** The priority that the kernel gives an IPv6 route without one. */
const priority = ({ family }: FelixView<Ip>): { readonly metric?: number } =>
  family === 6 ? { metric: USER_METRIC } : {};

/** What is not a pod of ours in a block of ours must not leave by the default route. */
function blackholes<Address extends Ip>(view: FelixView<Address>): readonly Route<Address>[] {
  return view.routes
    .filter((route) => route.kind === 'block' && route.node === view.local.name && inVxlanPool(route))
    .filter(({ prefix }) => prefix.length < addressBits(prefix.base))
    .map(({ prefix }) => ({
      prefix,
      type: 'blackhole',
      protocol: '80',
      scope: 'global',
      // IPv6 has its rejecting routes on the loopback device.
      ...(view.family === 6 && { device: 'lo' }),
      ...priority(view),
    }));
}

function remoteRoutes<Address extends Ip>(view: FelixView<Address>): readonly Route<Address>[] {
  return view.routes
    .filter((route) => route.node !== view.local.name && inVxlanPool(route))
    .flatMap((route) => {
      const remote = view.hosts.get(route.node);
      return remote ? routeTo(view, route, remote) : [];
    });
}

function routeTo<Address extends Ip>(
  view: FelixView<Address>,
  route: WorkloadRoute<Address>,
  remote: CalicoHost<Address>,
): readonly Route<Address>[] {
  const { prefix, pool, kind } = route;
  const { address, vxlanTunnel } = remote;
  const tunnel = vxlanDevice(view.family);
  if (kind === 'borrowed-tunnel' && vxlanTunnel === prefix.base) {
    return [
      {
        prefix: single(vxlanTunnel),
        type: 'unicast',
        device: tunnel,
        protocol: 'boot',
        scope: view.family === 6 ? 'global' : 'link',
        ...priority(view),
      },
    ];
  }
  if (pool?.vxlanMode === 'CrossSubnet' && address && sameSubnet(view.local, remote))
    return [sharedRoute(route, { via: address.address, device: PARENT, protocol: '80', ...priority(view) })];
  if (!isVtep(remote) || vxlanTunnel === undefined) return [];
  const { vxlan: mtu } = view.mtus;
  return [sharedRoute(route, { via: vxlanTunnel, device: tunnel, protocol: 'boot', ...priority(view), mtu })];
}

type Way<Address extends Ip> = Required<Pick<Route<Address>, 'via' | 'device' | 'protocol'>> &
  Pick<Route<Address>, 'metric' | 'mtu'>;

const routesTo = new WeakMap<WorkloadRoute<Ip>, Route<Ip>[]>();

/** Nodes that go the same way to a block share the route. */
function sharedRoute<Address extends Ip>(
  workload: WorkloadRoute<Address>,
  way: Way<Address>,
): Route<Address> {
  const known = routesTo.get(workload) ?? [];
  routesTo.set(workload, known);
  const same = known.find(
    ({ via, device, protocol, metric, mtu }) =>
      via === way.via &&
      device === way.device &&
      protocol === way.protocol &&
      metric === way.metric &&
      mtu === way.mtu,
  );
  if (same) return same as Route<Address>;
  const made: Route<Address> = {
    prefix: workload.prefix,
    type: 'unicast',
    scope: 'global',
    onlink: true,
    ...way,
  };
  known.push(made);
  return made;
}
