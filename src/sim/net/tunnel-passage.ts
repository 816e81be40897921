/**
 * Packets going into tunnels and coming out: how an outer packet's addresses are found, what is counted and captured on the
 * tunnel device, and when the tunnel refuses. VXLAN needs two entries of its own: ARP names the remote tunnel device, the
 * FDB names the node it is on (Linux drivers/net/vxlan/vxlan_core.c, net/ipv4/ip_tunnel.c).
 */
import { familyOf, isIpv4 } from '../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import type { Frame, IpPacket, Ipv4Packet, VxlanPacket } from '../../model/packet.ts';
import { IPV4_HEADER, packetLength } from '../../model/wire-length.ts';
import type { End } from './ending.ts';
import { drop, fail, tooBig } from './ending.ts';
import type { Hop } from './hop.ts';
import { hopOf, onTheWire } from './hop.ts';
import type { Device, VxlanConfig } from './netns.ts';
import { pathMtu, routeOutput } from './output-route.ts';
import type { Stack } from './stack.ts';
import { tablesOf } from './stack.ts';
import { ipipDevice, ipipPacket, vxlanDevices, vxlanPacket } from './tunnel.ts';
import { learnVtep, vtepOf } from './vxlan-segment.ts';

/** The outer packet, about to start from this stack, or the end of the walk. */
export function enterVxlan(
  hop: Hop,
  device: Device,
  { mac, config }: { readonly mac: Mac; readonly config: VxlanConfig },
): Hop | End {
  const { journey, stack } = hop;
  const remote = vtepOf(journey, { stack, device }, mac);
  const frames = onTheWire(hop).map((payload) => ({ source: device.mac, destination: mac, payload }));
  journey.step({ kind: 'fdb', at: stack.id, device: device.name, mac, remote });
  if (remote === undefined) {
    for (const frame of frames) journey.dropped(stack, device, frame);
    return drop(hop, 'no-fdb-entry', `${device.name} has no FDB entry for ${mac}`);
  }
  for (const frame of frames) journey.frame(stack, device, 'out', frame);
  journey.crossTunnel();
  const ends = { stack, config, remote, now: journey.now };
  const outer = vxlanPacket({ source: device.mac, destination: mac, payload: hop.packet }, ends);
  if (!outer) return drop(hop, 'no-route', 'no address to send the outer packet from');
  const pieces = hop.pieces && frames.flatMap((frame) => vxlanPacket(frame, ends) ?? []);
  return wrapped(hop, { device, with: 'vxlan', outer, pieces });
}

/** The route's gateway is the remote node itself: no ARP, no FDB. */
export function enterIpip(
  hop: Hop,
  { device, address }: { readonly device: Device; readonly address: Ip },
  configured: Ipv4 | undefined,
): Hop | End {
  const { journey, stack, packet } = hop;
  if (packet.kind !== 'ipv4' || !isIpv4(address)) {
    journey.memory(stack.id).count(device.name, 'txDropped');
    return drop(hop, 'refused', `${device.name} carries packets of IPv4 alone`);
  }
  const route = routeOutput(stack, address);
  if (!route.ok) {
    return fail(hop, 'no-route', { error: 'host-unreachable', reason: 'no route to the tunnel endpoint' });
  }
  const local = configured ?? route.value.source;
  if (local === undefined) return drop(hop, 'no-route', 'no address to send the outer packet from');
  const learnt = journey.memory(stack.id).pathMtu(address);
  const room = pathMtu(route.value, learnt, journey.now) - IPV4_HEADER;
  if (packet.dontFragment && packetLength(packet) > room) return tooBig(hop, room);
  for (const payload of onTheWire(hop)) journey.frame(stack, device, 'out', bare(payload));
  journey.crossTunnel();
  const ends = { local, remote: address, now: journey.now };
  const pieces = hop.pieces?.flatMap((piece) => (piece.kind === 'ipv4' ? [ipipPacket(piece, ends)] : []));
  return wrapped(hop, { device, with: 'ipip', outer: ipipPacket(packet, ends), pieces });
}

/** A frame of a device without link-layer addresses. */
function bare(payload: IpPacket): Frame {
  return { source: ZERO_MAC, destination: ZERO_MAC, payload };
}

interface Wrapping {
  readonly device: Device;
  readonly with: 'vxlan' | 'ipip';
  readonly outer: IpPacket;
  /** One outer packet for each fragment of the inner one. */
  readonly pieces: readonly IpPacket[] | undefined;
}

function wrapped(hop: Hop, { device, with: kind, outer, pieces }: Wrapping): Hop | End {
  const { journey, stack, packet, mark, inside } = hop;
  journey.step({ kind: 'encapsulate', at: stack.id, device: device.name, with: kind, outer });
  const depth = (inside?.depth ?? 0) + 1;
  const leadsBack = tablesOf(stack, outer).routes.lookup(outer.destination)?.device === device;
  if (leadsBack || depth > MAX_TUNNELS) {
    journey.memory(stack.id).count(device.name, 'txDropped');
    return drop(hop, 'no-route', `the way to the tunnel endpoint leads into ${device.name} itself`);
  }
  const load = { packet, pieces: hop.pieces, inside, depth };
  return hopOf({ journey, stack, packet: outer, pieces, mark, inside: load });
}

/** XMIT_RECURSION_LIMIT: the kernel gives up on tunnels within tunnels. */
const MAX_TUNNELS = 8;

/** While the VXLAN device is down its socket is closed, and so is the port. */
export function listensForVxlan(stack: Stack, port: number, destination: Ip): boolean {
  return vxlanDevices(stack, port, familyOf(destination)).length > 0;
}

/** The inner packet as the tunnel device receives it, or the end of the walk. */
export function leaveVxlan(hop: Hop, { vni, inner }: VxlanPacket, port: number): Hop | End {
  const device = vxlanDevices(hop.stack, port, familyOf(hop.packet.destination)).find(
    ({ kind }) => kind.type === 'vxlan' && kind.vxlan.vni === vni,
  );
  if (!device) return drop(hop, 'refused', `no VXLAN device has VNI ${vni}`);
  const { source, destination, payload: packet } = inner;
  const end = { stack: hop.stack, device };
  learnVtep(hop.journey, end, { mac: source, destination: hop.packet.source });
  // A frame that was carried by itself goes on where it came out.
  if (hop.inside === undefined) return { disposition: 'delivered', hop, landed: end };
  if (device.master !== undefined)
    return drop(hop, 'refused', `${device.name} is a port of ${device.master}`);
  if (packet.kind === 'arp') return drop(hop, 'refused', 'the tunnel carried no IP packet');
  const unwrapped = contents(hop, device, packet);
  hop.journey.step({ kind: 'decapsulate', at: hop.stack.id, device: device.name, with: 'vxlan' });
  for (const payload of onTheWire(unwrapped)) {
    hop.journey.frame(hop.stack, device, 'in', { source, destination, payload });
  }
  return destination === device.mac
    ? unwrapped
    : drop(unwrapped, 'refused', `the inner frame is not for ${device.name}`);
}

export function leaveIpip(hop: Hop, inner: Ipv4Packet): Hop | End {
  const device = ipipDevice(hop.stack);
  if (!device) return drop(hop, 'refused', 'no IP-in-IP device is up');
  const unwrapped = contents(hop, device, inner);
  hop.journey.step({ kind: 'decapsulate', at: hop.stack.id, device: device.name, with: 'ipip' });
  for (const payload of onTheWire(unwrapped)) hop.journey.frame(hop.stack, device, 'in', bare(payload));
  return unwrapped;
}

function contents(hop: Hop, input: Device, inner: IpPacket): Hop {
  const { journey, stack, mark, inside } = hop;
  journey.crossTunnel();
  return hopOf({
    journey,
    stack,
    packet: inner,
    pieces: inside?.pieces,
    input,
    mark,
    inside: inside?.inside,
  });
}
