/**
 * Felix's endpoint manager and what the CNI plugin left for it: the node's end of each pod's veth pair, a /32 route and a
 * permanent neighbour.
 * Sources: felix/dataplane/linux/endpoint_mgr.go, cni-plugin/pkg/dataplane/linux, Calico v3.32.1.
 */
import type { Table } from '../../../core/table.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { Device, Neighbour, Programming, Route } from '../../../net/netns.ts';
import { HOST_MAC } from '../names.ts';
import type { WorkloadSandbox } from './view.ts';

/** IPv4NormalRoutePriority: 1024 since v3.32, no metric before. */
const LOCAL_ROUTE_METRIC = 1024;

export const endpointDevice = ({ namespace, pod, network }: WorkloadSandbox): Device => ({
  index: network.hostIndex,
  name: network.hostInterface,
  kind: { type: 'veth' },
  mac: HOST_MAC,
  mtu: network.mtu,
  up: true,
  addresses: [],
  proxyArp: true,
  link: { kind: 'peer', netns: `pod/${namespace}/${pod}`, device: 'eth0', index: 2 },
});

export const endpointRoute = ({ network }: WorkloadSandbox): Route => ({
  prefix: { base: network.address, length: 32 },
  type: 'unicast',
  device: network.hostInterface,
  protocol: 'boot',
  scope: 'link',
  metric: LOCAL_ROUTE_METRIC,
});

export const endpointNeighbour = ({ network }: WorkloadSandbox): Neighbour => ({
  address: network.address,
  device: network.hostInterface,
  mac: network.mac,
});

/**
 * What Felix programmed when it saw some sandboxes, with the cables of those that are there now: without Felix the kernel drops
 * what belongs to a pod that goes, and the plugin gives a new pod its device and its route, but no chains.
 */
export const keptCables =
  (seen: Table<PodSandbox>, present: Table<PodSandbox>, node: string) =>
  (felix: Programming): Programming => {
    const moved = [...present.differences(seen)].filter(
      ({ before, after }) => (after ?? before)?.node === node,
    );
    const gone = new Set(moved.flatMap(({ before }) => before?.network?.hostInterface ?? []));
    const come = moved.flatMap(({ after }) => (after && hasNetwork(after) ? [after] : []));
    if (gone.size === 0 && come.length === 0) return felix;
    const stays = ({ device }: { readonly device?: string }): boolean =>
      device === undefined || !gone.has(device);
    return {
      ...felix,
      devices: [...felix.devices.filter(({ name }) => !gone.has(name)), ...come.map(endpointDevice)].toSorted(
        (a, b) => a.index - b.index,
      ),
      routes: [...felix.routes.filter(stays), ...come.map(endpointRoute)],
      neighbours: felix.neighbours.filter(stays),
    };
  };

const hasNetwork = (sandbox: PodSandbox): sandbox is WorkloadSandbox => sandbox.network !== undefined;
