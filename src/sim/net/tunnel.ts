/**
 * The outer packets of VXLAN (RFC 7348, Linux drivers/net/vxlan) and IP in IP (RFC 2003, net/ipv4/ipip.c).
 * VXLAN speaks for itself: own TTL 64, Don't Fragment clear, source port from the flow hash. IP in IP inherits TTL and
 * Don't Fragment from the packet it carries.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { Frame, Ipv4Packet } from '../../model/packet.ts';
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
  readonly remote: Ipv4;
  readonly now: number;
}

/** Undefined when the device names no source and there is no way to the other end. */
export function vxlanPacket(inner: Frame, { stack, config, remote, now }: VxlanEnds): Ipv4Packet | undefined {
  const { payload } = inner;
  const local = config.local ?? routedSource(stack, remote);
  if (local === undefined) return undefined;
  const hash = payload.kind === 'arp' ? mix(payload.senderIp, payload.targetIp) : symmetricHash(payload);
  return {
    kind: 'ipv4',
    source: local,
    destination: remote,
    ttl: 64,
    tos: 0,
    id: packetId(local, remote, now),
    dontFragment: false,
    payload: {
      kind: 'udp',
      sourcePort: scaleHash(hash, ...PORTS),
      destinationPort: config.port,
      payload: { kind: 'vxlan', vni: config.vni, inner },
    },
  };
}

function routedSource(stack: Stack, remote: Ipv4): Ipv4 | undefined {
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

/** The device whose socket takes VXLAN packets to this UDP port; while it is down the port is closed. */
export function vxlanDevices(stack: Stack, port: number): readonly Device[] {
  return stack.netns.devices.filter(
    ({ kind, up }) => up && kind.type === 'vxlan' && kind.vxlan.port === port,
  );
}

export function ipipDevice(stack: Stack): Device | undefined {
  return stack.netns.devices.find(({ kind, up }) => up && kind.type === 'ipip');
}
