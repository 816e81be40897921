/**
 * The node's own devices with their addresses, as Felix watches them: what the kernel's local routes say, so that 127.0.0.0
 * is an address too, and most devices that speak IPv6 have a link-local one.
 * Source: felix/ifacemonitor/iface_monitor.go, Calico v3.32.1. Left out: what somebody adds by hand.
 */
import { ipv4, type Ip, type Ipv6 } from '../../../../model/ip.ts';
import { LOOPBACK6 } from '../../../../model/ipv6.ts';
import type { Mac } from '../../../../model/mac.ts';
import type { ClusterNode } from '../../../../model/topology.ts';
import { portMac } from '../../../fabric/fabric.ts';
import { linkLocalOf } from '../../../net/inet6.ts';
import type { Encapsulations } from '../encapsulation.ts';
import { IPIP_DEVICE, VXLAN6_DEVICE, VXLAN_DEVICE } from '../names.ts';
import type { CalicoHost } from './hosts.ts';
import type { HostDevice } from './rules/host-endpoints.ts';
import { PARENT } from './view.ts';

const LOOPBACK = [ipv4('127.0.0.0'), ipv4('127.0.0.1')];

interface HostFacts {
  readonly node: ClusterNode | undefined;
  readonly local: CalicoHost;
  /** Where IPv6 is on. */
  readonly local6: CalicoHost<Ipv6> | undefined;
  readonly enabled: Encapsulations;
}

export function hostDevices({ node, local, local6, enabled }: HostFacts): readonly HostDevice[] {
  const linkLocal = (mac: Mac): readonly Ip[] => (local6 ? [linkLocalOf(mac)] : []);
  const tunnel = (name: string, address: Ip | undefined, mac?: Mac): readonly HostDevice[] =>
    address === undefined
      ? []
      : [{ name, addresses: [address, ...(mac === undefined ? [] : linkLocal(mac))] }];
  return [
    { name: 'lo', addresses: local6 ? [...LOOPBACK, LOOPBACK6] : LOOPBACK },
    {
      name: PARENT,
      addresses: node
        ? [
            node.address.address,
            ...(local6 && node.address6 ? [node.address6.address] : []),
            ...linkLocal(portMac(node.address.address)),
          ]
        : [],
    },
    ...(enabled.ipip ? tunnel(IPIP_DEVICE, local.ipipTunnel) : []),
    ...(enabled.vxlan ? tunnel(VXLAN_DEVICE, local.vxlanTunnel, local.vxlanMac) : []),
    ...(enabled.vxlan6 && local6 ? tunnel(VXLAN6_DEVICE, local6.vxlanTunnel) : []),
  ];
}
