/**
 * Felix's endpoint manager and what the CNI plugin left for it: the node's end of each pod's veth pair and a route to each
 * address. The MAC behind it the kernel finds out by itself: with the Kubernetes datastore no endpoint has one that Felix could
 * make a neighbour of.
 * Sources: felix/dataplane/linux/endpoint_mgr.go, cni-plugin/pkg/dataplane/linux, Calico v3.32.1.
 */
import type { Ipv6 } from '../../../../model/ip.ts';
import type { Table } from '../../../core/table.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { Device, Programming, Route } from '../../../net/netns.ts';
import { HOST_MAC } from '../names.ts';
import type { WorkloadSandbox } from './view.ts';

/** IPv4NormalRoutePriority and IPv6NormalRoutePriority: 1024 since v3.32, before that none, which for IPv6 is the same. */
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

/** None for a pod without an address of IPv6. */
export const endpointRoutes6 = ({ network }: WorkloadSandbox): readonly Route<Ipv6>[] =>
  network.address6 === undefined
    ? []
    : [
        {
          prefix: { base: network.address6, length: 128 },
          type: 'unicast',
          device: network.hostInterface,
          protocol: 'boot',
          scope: 'global',
          metric: LOCAL_ROUTE_METRIC,
        },
      ];

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
      ...(felix.inet6 && {
        inet6: {
          ...felix.inet6,
          routes: [...felix.inet6.routes.filter(stays), ...come.flatMap(endpointRoutes6)],
        },
      }),
    };
  };

const hasNetwork = (sandbox: PodSandbox): sandbox is WorkloadSandbox => sandbox.network !== undefined;
