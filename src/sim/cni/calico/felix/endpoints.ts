/**
 * Felix's endpoint manager and what the CNI plugin left for it: the node's end of each pod's veth pair, a /32 route and a
 * permanent neighbour.
 * Sources: felix/dataplane/linux/endpoint_mgr.go, cni-plugin/pkg/dataplane/linux, Calico v3.32.1.
 */
import type { Device, Neighbour, Route } from '../../../net/netns.ts';
import { HOST_MAC } from '../names.ts';
import type { WorkloadEndpoint } from './rules/endpoints.ts';
import type { Workload } from './view.ts';

/** IPv4NormalRoutePriority: 1024 since v3.32, no metric before. */
const LOCAL_ROUTE_METRIC = 1024;

export const endpointDevice = ({ sandbox: { namespace, pod, network } }: Workload): Device => ({
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

export const endpointRoute = ({ sandbox: { network } }: Workload): Route => ({
  prefix: { base: network.address, length: 32 },
  type: 'unicast',
  device: network.hostInterface,
  protocol: 'boot',
  scope: 'link',
  metric: LOCAL_ROUTE_METRIC,
});

export const endpointNeighbour = ({ sandbox: { network } }: Workload): Neighbour => ({
  address: network.address,
  device: network.hostInterface,
  mac: network.mac,
});

export const endpointPolicy = ({
  sandbox: { namespace, network },
  serviceAccount,
}: Workload): WorkloadEndpoint => ({
  interface: network.hostInterface,
  profiles: [`kns.${namespace}`, `ksa.${namespace}.${serviceAccount}`],
});
