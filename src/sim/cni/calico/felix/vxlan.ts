/**
 * Felix's VXLAN manager: the vxlan.calico device, an ARP and an FDB entry for every other node's VTEP, and the routes of
 * VXLAN pools. Within the node's subnet a CrossSubnet pool goes without encapsulation.
 * Source: felix/dataplane/linux/{vxlan_mgr,route_mgr}.go, felix/vxlanfdb/vxlan_fdb.go, Calico v3.32.1.
 */
import { cidrOf } from '../../../../model/ip.ts';
import type { Device, FdbEntry, Neighbour, Route } from '../../../net/netns.ts';
import { VXLAN_DEVICE } from '../names.ts';
import { sameSubnet, type CalicoHost } from './hosts.ts';
import type { WorkloadRoute } from './l3-routes.ts';
import { PARENT, type FelixView } from './view.ts';

export interface VxlanProgramming {
  readonly devices: readonly Device[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  /** Nodes we accept VXLAN packets from. */
  readonly sources: readonly CalicoHost[];
}

export function vxlan(view: FelixView): VxlanProgramming {
  const { local } = view;
  if (!view.encapsulations.vxlan) return { devices: [], routes: [], neighbours: [], fdb: [], sources: [] };
  const device = vtepDevice(view);
  const remotes = [...view.hosts.values()].filter((host) => host !== local && isVtep(host));
  return {
    devices: device ? [device] : [],
    routes: [...blackholes(view), ...(device ? remoteRoutes(view) : [])],
    neighbours: device ? remotes.flatMap(arpEntry) : [],
    fdb: device ? remotes.flatMap(fdbEntry) : [],
    sources: remotes,
  };
}

const isVtep = (host: CalicoHost): boolean => host.address !== undefined && host.vxlanTunnel !== undefined;

function vtepDevice({ local, config, mtus, indexes }: FelixView): Device | undefined {
  const index = indexes.devices[VXLAN_DEVICE];
  if (!local.address || local.vxlanTunnel === undefined || index === undefined) return undefined;
  return {
    index,
    name: VXLAN_DEVICE,
    kind: {
      type: 'vxlan',
      vxlan: { vni: config.vxlanVni, port: config.vxlanPort, local: local.address.address, parent: PARENT },
    },
    mac: local.vxlanMac,
    mtu: mtus.vxlan,
    up: true,
    addresses: [{ address: local.vxlanTunnel, length: 32, scope: 'global' }],
    proxyArp: false,
  };
}

const arpEntry = ({ vxlanTunnel, vxlanMac }: CalicoHost): readonly Neighbour[] =>
  vxlanTunnel === undefined ? [] : [{ address: vxlanTunnel, device: VXLAN_DEVICE, mac: vxlanMac }];

const fdbEntry = ({ address, vxlanMac }: CalicoHost): readonly FdbEntry[] =>
  address === undefined ? [] : [{ mac: vxlanMac, device: VXLAN_DEVICE, destination: address.address }];

const inVxlanPool = ({ pool }: WorkloadRoute): boolean => pool !== undefined && pool.vxlanMode !== 'Never';

/** What is not a pod of ours in a block of ours must not leave by the default route. */
function blackholes({ local, routes }: FelixView): readonly Route[] {
  return routes
    .filter((route) => route.kind === 'block' && route.node === local.name && inVxlanPool(route))
    .filter(({ prefix }) => prefix.length < 32)
    .map(({ prefix }) => ({ prefix, type: 'blackhole', protocol: '80', scope: 'global' }));
}

function remoteRoutes(view: FelixView): readonly Route[] {
  return view.routes
    .filter((route) => route.node !== view.local.name && inVxlanPool(route))
    .flatMap((route) => {
      const remote = view.hosts.get(route.node);
      return remote ? routeTo(view, route, remote) : [];
    });
}

function routeTo(
  view: FelixView,
  { prefix, pool, kind }: WorkloadRoute,
  remote: CalicoHost,
): readonly Route[] {
  const { address, vxlanTunnel } = remote;
  if (kind === 'borrowed-tunnel' && vxlanTunnel === prefix.base) {
    return [
      {
        prefix: cidrOf(vxlanTunnel, 32),
        type: 'unicast',
        device: VXLAN_DEVICE,
        protocol: 'boot',
        scope: 'link',
      },
    ];
  }
  if (pool?.vxlanMode === 'CrossSubnet' && address && sameSubnet(view.local, remote)) {
    return [
      {
        prefix,
        type: 'unicast',
        via: address.address,
        device: PARENT,
        protocol: '80',
        scope: 'global',
        onlink: true,
      },
    ];
  }
  if (!isVtep(remote) || vxlanTunnel === undefined) return [];
  return [
    {
      prefix,
      type: 'unicast',
      via: vxlanTunnel,
      device: VXLAN_DEVICE,
      protocol: 'boot',
      scope: 'global',
      onlink: true,
      mtu: view.mtus.vxlan,
    },
  ];
}
