/**
 * What `ip -d link` adds: what a device is made of, and its place in a bridge. Format: iproute2 6.1 ip/iplink_vxlan.c,
 * iplink_bridge.c, iplink_bridge_slave.c, compared with the real tool; `tunl0` and dummy devices are from source only.
 * Timers of bridges, which run all the time, stand still here.
 */
import type { Json } from '../../../base/json.ts';
import { formatIp, isIpv6 } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { ZERO_MAC } from '../../../model/mac.ts';
import type { Device, DeviceKind, Netns, VxlanConfig } from '../../net/netns.ts';
import { isOfPlugin, type SeenDevice } from './device-text.ts';

const SPECIFICS: Readonly<Record<DeviceKind['type'], { readonly mtu: string; readonly queues: number }>> = {
  loopback: { mtu: 'minmtu 0 maxmtu 0', queues: 1 },
  ether: { mtu: 'minmtu 68 maxmtu 65535', queues: 2 },
  veth: { mtu: 'minmtu 68 maxmtu 65535', queues: 2 },
  bridge: { mtu: 'minmtu 68 maxmtu 65535', queues: 1 },
  dummy: { mtu: 'minmtu 0 maxmtu 0', queues: 1 },
  vxlan: { mtu: 'minmtu 68 maxmtu 65535', queues: 1 },
  ipip: { mtu: 'minmtu 0 maxmtu 0', queues: 1 },
};

/** How addresses are generated is told of the link, not beside its addresses. */
export function detailsText(seen: SeenDevice, mode: 'link' | 'address'): string {
  const { device, stack } = seen;
  const { mtu } = SPECIFICS[device.kind.type];
  const queues = isOfPlugin(device) ? 1 : SPECIFICS[device.kind.type].queues;
  const kind = kindText(seen);
  const port = portFacts(stack, device);
  const isPort = port ? 1 : 0;
  const offload =
    `${mode === 'link' ? 'addrgenmode eui64 ' : ''}numtxqueues ${queues} numrxqueues ${queues} gso_max_size 65536 gso_max_segs 65535 ` +
    `tso_max_size ${segmentSize(device)} tso_max_segs 65535 gro_max_size 65536 `;
  return (
    ` promiscuity ${isPort}  allmulti ${isPort} ${mtu} ` +
    `${kind === undefined ? '' : `\n    ${kind}`}${port ? `\n    ${portText(port)}` : ''}${offload}`
  );
}

/** A device by itself has what the kernel's software does; one on a veth has what that promises. */
function segmentSize({ kind }: Device): number {
  return kind.type === 'bridge' || (kind.type === 'vxlan' && kind.vxlan.parent === undefined)
    ? 65536
    : 524280;
}

function kindText({ device, stack }: SeenDevice): string | undefined {
  const { kind } = device;
  switch (kind.type) {
    case 'loopback':
      return undefined;
    case 'ether':
    case 'veth':
      return 'veth ';
    case 'dummy':
      return 'dummy ';
    case 'bridge':
      return bridgeText(bridgeId(stack, device));
    case 'ipip':
      return 'ipip ipip remote any local any ttl inherit nopmtudisc ';
    case 'vxlan':
      return vxlanText(kind.vxlan, remoteOf(stack, device.name));
  }
}

/** The `remote` it was made with, which the kernel keeps as an entry for all that is unknown. */
const remoteOf = ({ fdb }: Netns, device: string): Ip | undefined =>
  fdb.find((entry) => entry.device === device && entry.mac === ZERO_MAC && entry.parent !== undefined)
    ?.destination;

function vxlanText({ vni, local, parent, port, learning }: VxlanConfig, remote: Ip | undefined): string {
  return [
    `vxlan id ${vni}`,
    ...(remote === undefined ? [] : [`remote ${formatIp(remote)}`]),
    ...(local === undefined ? [] : [`local ${formatIp(local)}`]),
    ...(parent === undefined ? [] : [`dev ${parent}`]),
    `srcport 0 0 dstport ${port}`,
    ...(learning ? [] : ['nolearning']),
    'ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx ',
  ].join(' ');
}

/** Without ports it is all zeros. */
function bridgeId({ devices }: Netns, { name, mac }: Device): string {
  return devices.some(({ master }) => master === name) ? `8000.${mac}` : '8000.0:0:0:0:0:0';
}

const bridgeText = (id: string): string =>
  'bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time 30000 stp_state 0 priority 32768 ' +
  `vlan_filtering 0 bridge_id ${id} designated_root ${id} root_port 0 root_path_cost 0 topology_change 0 ` +
  'topology_change_detected 0 hello_timer    0.00 tcn_timer    0.00 topology_change_timer    0.00 ' +
  'gc_timer    0.00 group_fwd_mask 0 group_address 01:80:c2:00:00:00 mcast_snooping 1 no_linklocal_learn 0 ' +
  'mcast_vlan_snooping 0 mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 ' +
  'mcast_hash_max 4096 mcast_last_member_count 2 mcast_startup_query_count 2 mcast_last_member_interval 100 ' +
  'mcast_membership_interval 26000 mcast_querier_interval 25500 mcast_query_interval 12500 ' +
  'mcast_query_response_interval 1000 mcast_startup_query_interval 3124 mcast_stats_enabled 0 ' +
  'mcast_igmp_version 2 mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0 ';

interface PortFacts {
  readonly number: number;
  readonly bridge: string;
  readonly state: string;
}

/** Ports are numbered in the order in which they came; here by their interface index. */
function portFacts({ devices }: Netns, { name, master, up }: Device): PortFacts | undefined {
  const bridge = devices.find((each) => each.name === master);
  if (!bridge) return undefined;
  const ports = devices.filter((each) => each.master === master);
  const number = ports.findIndex((port) => port.name === name) + 1;
  return { number, bridge: `8000.${bridge.mac}`, state: up && bridge.up ? 'forwarding' : 'disabled' };
}

function portText({ number, bridge, state }: PortFacts): string {
  const id = (0x8000 + number).toString(16);
  return (
    `bridge_slave state ${state} priority 32 cost 2 hairpin off guard off root_block off fastleave off learning on ` +
    `flood on port_id 0x${id} port_no 0x${number.toString(16)} designated_port ${32768 + number} ` +
    `designated_cost 0 designated_bridge ${bridge} designated_root ${bridge} hold_timer    0.00 ` +
    'message_age_timer    0.00 forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 proxy_arp off ' +
    'proxy_arp_wifi off mcast_router 1 mcast_fast_leave off mcast_flood on bcast_flood on mcast_to_unicast off ' +
    'neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated off locked off '
  );
}

type Members = Readonly<Record<string, Json>>;

export function detailsJson({ device, stack }: SeenDevice): Members {
  const { type } = device.kind;
  const port = portFacts(stack, device);
  const made = madeOf(device, stack);
  const slave = port
    ? { info_slave_kind: 'bridge', info_slave_data: { state: port.state, priority: 32, cost: 2 } }
    : {};
  return type === 'loopback' || type === 'ipip' ? {} : { linkinfo: { ...made, ...slave } };
}

function madeOf({ kind, name, mac }: Device, stack: Netns): Members {
  switch (kind.type) {
    case 'vxlan': {
      const { vni, local, parent, port, learning = false } = kind.vxlan;
      const remote = remoteOf(stack, name);
      const data: Members = {
        id: vni,
        ...(remote === undefined ? {} : { [isIpv6(remote) ? 'remote6' : 'remote']: formatIp(remote) }),
        ...(local === undefined ? {} : { [isIpv6(local) ? 'local6' : 'local']: formatIp(local) }),
        ...(parent === undefined ? {} : { link: parent }),
        port,
        learning,
      };
      return { info_kind: 'vxlan', info_data: data };
    }
    case 'bridge':
      return {
        info_kind: 'bridge',
        info_data: { ageing_time: 30000, stp_state: 0, bridge_id: `8000.${mac}` },
      };
    default:
      return { info_kind: kind.type === 'dummy' ? 'dummy' : 'veth' };
  }
}
