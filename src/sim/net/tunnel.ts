/**
 * The outer packets of VXLAN (RFC 7348, Linux drivers/net/vxlan) and IP in IP (RFC 2003, net/ipv4/ipip.c).
 * VXLAN speaks for itself: own TTL 64, Don't Fragment clear, source port from the flow hash. IP in IP inherits TTL and
 * Don't Fragment from the packet it carries.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { Frame, Ipv4Packet } from '../../model/packet.ts';
import { packetId, symmetricHash } from './flow.ts';
import { scaleHash } from './flow-hash.ts';
import type { Device, VxlanConfig } from './netns.ts';
import type { Stack } from './stack.ts';

/** net.ipv4.ip_local_port_range */
const PORTS = [32768, 61000] as const;

export interface VxlanEnds {
  readonly config: VxlanConfig;
  readonly remote: Ipv4;
  readonly now: number;
}

export function vxlanPacket(inner: Frame & { readonly payload: Ipv4Packet }, ends: VxlanEnds): Ipv4Packet {
  const { config, remote, now } = ends;
  return {
    kind: 'ipv4',
    source: config.local,
    destination: remote,
    ttl: 64,
    tos: 0,
    id: packetId(config.local, remote, now),
    dontFragment: false,
    payload: {
      kind: 'udp',
      sourcePort: scaleHash(symmetricHash(inner.payload), ...PORTS),
      destinationPort: config.port,
      payload: { kind: 'vxlan', vni: config.vni, inner },
    },
  };
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

/** The device whose socket takes VXLAN packets to this UDP port; while it is down the port is closed. */
export function vxlanDevices(stack: Stack, port: number): readonly Device[] {
  return stack.netns.devices.filter(
    ({ kind, up }) => up && kind.type === 'vxlan' && kind.vxlan.port === port,
  );
}

export function ipipDevice(stack: Stack): Device | undefined {
  return stack.netns.devices.find(({ kind, up }) => up && kind.type === 'ipip');
}
