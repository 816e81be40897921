/**
 * The outer packets of VXLAN (RFC 7348, Linux drivers/net/vxlan) and IP in IP (RFC 2003, net/ipv4/ipip.c).
 * VXLAN speaks for itself: own TTL 64, Don't Fragment clear, source port from the flow hash, and packets of IPv4 or IPv6 as its
 * ends have addresses. IP in IP inherits TTL and Don't Fragment from the packet it carries.
 */
import { familyOf, isIpv4, type IpFamily } from '../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../model/ip.ts';
import type { Frame, IpPacket, Ipv4Packet, UdpDatagram } from '../../model/packet.ts';
import { packetId, symmetricHash } from './flow.ts';
import { mix, scaleHash } from './flow-hash.ts';
import type { Device, VxlanConfig } from './netns.ts';
import { routeOutput } from './output-route.ts';
import type { Stack } from './stack.ts';

/** net.ipv4.ip_local_port_range */
const PORTS = [32768, 61000] as const;

export interface VxlanEnds {
  readonly stack: Stack;
  readonly config: VxlanConfig;
  readonly remote: Ip;
  readonly now: number;
}

/** Undefined when the device names no source and there is no way to the other end, or one of the other family. */
export function vxlanPacket(inner: Frame, { stack, config, remote, now }: VxlanEnds): IpPacket | undefined {
  const { payload } = inner;
  const local = config.local ?? routedSource(stack, remote);
  if (local === undefined) return undefined;
  const hash = payload.kind === 'arp' ? mix(payload.senderIp, payload.targetIp) : symmetricHash(payload);
  const datagram: UdpDatagram = {
    kind: 'udp',
    sourcePort: scaleHash(hash, ...PORTS),
    destinationPort: config.port,
    payload: { kind: 'vxlan', vni: config.vni, inner },
  };
  return outerPacket(datagram, { local, remote, now });
}

interface Ends {
  readonly local: Ip;
  readonly remote: Ip;
  readonly now: number;
}

function outerPacket(payload: UdpDatagram, { local, remote, now }: Ends): IpPacket | undefined {
  if (isIpv4(local) && isIpv4(remote)) {
    return {
      kind: 'ipv4',
      source: local,
      destination: remote,
      ttl: 64,
      tos: 0,
      id: packetId(local, remote, now),
      dontFragment: false,
      payload,
    };
  }
  if (isIpv4(local) || isIpv4(remote)) return undefined;
  const header = { kind: 'ipv6', source: local, destination: remote, hopLimit: 64 } as const;
  return { ...header, trafficClass: 0, flowLabel: 0, payload };
}

function routedSource(stack: Stack, remote: Ip): Ip | undefined {
  const route = routeOutput(stack, remote);
  return route.ok ? route.value.source : undefined;
}

export interface IpipEnds {
  readonly local: Ipv4;
  readonly remote: Ipv4;
  readonly now: number;
}

export function ipipPacket(inner: Ipv4Packet, { local, remote, now }: IpipEnds): Ipv4Packet {
  return {
    kind: 'ipv4',
    source: local,
    destination: remote,
    ttl: inner.ttl,
    tos: inner.tos,
    id: packetId(local, remote, now),
    dontFragment: inner.dontFragment,
    payload: inner,
  };
}

/** The devices whose socket takes VXLAN packets of the family to this UDP port; while they are down the port is closed. */
export function vxlanDevices(stack: Stack, port: number, family: IpFamily): readonly Device[] {
  return stack.netns.devices.filter(
    ({ name, kind, up }) =>
      up &&
      kind.type === 'vxlan' &&
      kind.vxlan.port === port &&
      vxlanFamily(stack, name, kind.vxlan) === family,
  );
}

/** That of its own address, else that of the VTEPs it knows; IPv4 when nothing tells. */
function vxlanFamily({ netns }: Stack, device: string, { local }: VxlanConfig): IpFamily {
  if (local !== undefined) return familyOf(local);
  const remote = netns.fdb.find((entry) => entry.device === device && entry.destination !== undefined);
  return remote?.destination === undefined ? 4 : familyOf(remote.destination);
}

export function ipipDevice(stack: Stack): Device | undefined {
  return stack.netns.devices.find(({ kind, up }) => up && kind.type === 'ipip');
}
