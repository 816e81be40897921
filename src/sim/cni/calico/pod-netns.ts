/**
 * What the CNI plugin leaves in a pod's network namespace: an address of its own in each family of the cluster, and default routes to what
 * nobody has: 169.254.1.1, for which the node's proxy ARP answers, and the link-local address of the node's end of the cable.
 * Source: cni-plugin/pkg/dataplane/linux/dataplane_linux.go, Calico v3.32.1.
 */
import { ipv4, type Ipv6 } from '../../../model/ip.ts';
import { UNSPECIFIED6 } from '../../../model/ipv6.ts';
import type { PodNetwork, PodSandbox } from '../../kube/sandbox.ts';
import { FRESH_INET6, kernelRoute, linkLocalOf, USER_METRIC } from '../../net/inet6.ts';
import { LOOPBACK } from '../../net/loopback.ts';
import { NO_NETFILTER } from '../../net/netfilter-rules.ts';
import type { Device, Inet6, Listener, Netns } from '../../net/netns.ts';
import { HOST_MAC } from './names.ts';

const GATEWAY = ipv4('169.254.1.1');
const GATEWAY6 = linkLocalOf(HOST_MAC);
const DEVICE = 'eth0';
const DEVICE_INDEX = 2;

export function podNetns(sandbox: PodSandbox, network: PodNetwork, listeners: readonly Listener[]): Netns {
  const { forwarding = false } = network;
  const eth0: Device = {
    index: DEVICE_INDEX,
    name: DEVICE,
    kind: { type: 'veth' },
    mac: network.mac,
    mtu: network.mtu,
    up: true,
    addresses: [{ address: network.address, length: 32, scope: 'global' }],
    proxyArp: false,
    link: {
      kind: 'peer',
      netns: `node/${sandbox.node}`,
      device: network.hostInterface,
      index: network.hostIndex,
    },
  };
  return {
    id: `pod/${sandbox.namespace}/${sandbox.pod}`,
    hostname: sandbox.pod,
    devices: [LOOPBACK, eth0],
    routes: [
      {
        prefix: { base: ipv4('0.0.0.0'), length: 0 },
        type: 'unicast',
        via: GATEWAY,
        device: DEVICE,
        protocol: 'boot',
        scope: 'global',
      },
      {
        prefix: { base: GATEWAY, length: 32 },
        type: 'unicast',
        device: DEVICE,
        protocol: 'boot',
        scope: 'link',
      },
    ],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward: forwarding,
    inet6: network.address6 === undefined ? LINK_LOCAL_ALONE : inet6Of(network.address6, forwarding),
    listeners,
  };
}

/** Nobody switches IPv6 off in a pod: where the cluster has none, its device has the address that it makes itself. */
const LINK_LOCAL_ALONE: Inet6 = FRESH_INET6;

const inet6Of = (address: Ipv6, forwarding: boolean): Inet6 => ({
  ...FRESH_INET6,
  forwarding,
  addresses: new Map([[DEVICE, [{ address, length: 128, scope: 'global' }]]]),
  routes: [
    kernelRoute({ base: address, length: 128 }, DEVICE),
    {
      prefix: { base: UNSPECIFIED6, length: 0 },
      type: 'unicast',
      via: GATEWAY6,
      device: DEVICE,
      protocol: 'boot',
      scope: 'global',
      metric: USER_METRIC,
    },
  ],
});
