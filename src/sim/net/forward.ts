/**
 * One packet's way through the network, in the words of the Linux kernel. Read it from `walk` downwards:
 *
 *     own packet                                                                          frame from the cable
 *         |                                                                                        |
 *       output ----> route, OUTPUT --+                                  +-- PREROUTING, route <-- arrive
 *                                    |                                  |            |
 *                                    v            FORWARD               |            | the address is ours
 *     cable <-- transmit <-- leave <-- POSTROUTING <------- forward <---+            v
 *                  |                                                              receive: INPUT, socket
 *                  |  tunnel device: wrap, and the outer packet starts at `output`          |
 *                  +----------------------------------------------------------------------- unwrap -> PREROUTING
 *
 * Every function hands the packet on and returns how its walk ended. Packets of both families go the same way, by the tables of
 * their family. Sources: net/ipv4/{ip_input,ip_forward,ip_output,route}.c, net/ipv6/{ip6_input,ip6_output,route}.c, Linux 6.x.
 * Left out: policy routing, IP options and extension headers but for fragments, multicast, redirects.
 */
import type { Ip } from '../../model/ip.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import type { Mac } from '../../model/mac.ts';
import type { Frame, IpPacket } from '../../model/packet.ts';
import type { NetnsId, Trace } from '../../model/trace.ts';
import { ETHERNET_HEADER, frameLength, IPV6_MIN_MTU, packetLength } from '../../model/wire-length.ts';
import { carry } from './bridge.ts';
import type { CableEnd } from './cable.ts';
import { receiverOf } from './cable.ts';
import type { End } from './ending.ts';
import { deliver, deny, drop, fail, tooBig } from './ending.ts';
import { packetId } from './flow.ts';
import { cutAgain, fragmentPacket } from './fragment.ts';
import type { Hop } from './hop.ts';
import { hopOf, onTheWire } from './hop.ts';
import { isLinkLocalAddress, speaksInet6 } from './inet6.ts';
import type { OpenSocket, TimedFrame } from './journey.ts';
import { Journey } from './journey.ts';
import { resolveNeighbour } from './neighbour.ts';
import { runHook } from './netfilter.ts';
import type { Device, NetnsMemory, Network } from './netns.ts';
import { pathMtu, routeMtu, routeOutput } from './output-route.ts';
import { isStuck, martianSource, whyNotForwarded, whyNotRouted } from './refusal.ts';
import type { RouteEntry } from './route-table.ts';
import type { Stack } from './stack.ts';
import { listens, tablesOf } from './stack.ts';
import { enterIpip, enterVxlan, leaveIpip, leaveVxlan, listensForVxlan } from './tunnel-passage.ts';

export interface WalkStart {
  readonly at: NetnsId;
  readonly packet: IpPacket;
  /** The sending socket is bound to this device. */
  readonly device?: string;
}

export interface WalkEnd {
  readonly trace: Trace;
  /** The packet as the socket or the kernel of its destination sees it. */
  readonly delivered: PacketAt | undefined;
  /** The packet as a stack saw it whose port is closed. */
  readonly refused: PacketAt | undefined;
  /** The error that the walk provoked; its own walk begins at `at`. */
  readonly icmpError: PacketAt | undefined;
}

export interface PacketAt {
  readonly at: NetnsId;
  readonly packet: IpPacket;
  /** The device that a link-local address in it belongs to: an answer leaves by it. */
  readonly device?: string;
}

export interface Walk extends WalkEnd {
  /** The memory, afterwards, of every stack that learnt something. */
  readonly memory: ReadonlyMap<NetnsId, NetnsMemory>;
  readonly frames: readonly TimedFrame[];
}

/** Walks one packet that the stack `start.at` sends. Nothing is changed: what the walk taught is in the answer. */
export function walk(network: Network, start: WalkStart, socket?: OpenSocket): Walk {
  const journey = new Journey(network, socket ? [socket] : []);
  const { trace, delivered, refused, icmpError } = walkOn(journey, start);
  return { trace, delivered, refused, icmpError, memory: journey.memories(), frames: journey.frames };
}

/** The same as part of a longer journey, whose clock, frames and memory go on. */
export function walkOn(journey: Journey, { at, packet, device }: WalkStart): WalkEnd {
  const stack = journey.stack(at);
  if (!stack) throw new RangeError(`there is no network stack "${at}"`);
  journey.carryOuter = carryOuter;
  journey.step({ kind: 'originate', at, packet });
  const { disposition, hop, delivered, error } = output(hopOf({ journey, stack, packet, boundTo: device }));
  const steps = journey.takeSteps();
  journey.walks.push(steps);
  const last = hop.stack.id;
  return {
    trace: { steps, disposition, at: last },
    delivered: delivered && packetAt(hop, delivered),
    refused: disposition === 'port-closed' ? packetAt(hop, hop.packet) : undefined,
    icmpError: error && packetAt(hop, error),
  };
}

function packetAt({ stack, input }: Hop, packet: IpPacket): PacketAt {
  const isLinkLocal = isLinkLocalAddress(packet.source) || isLinkLocalAddress(packet.destination);
  return { at: stack.id, packet, ...(isLinkLocal && input && { device: input.name }) };
}

/** A frame of a VXLAN segment goes to another VTEP in a packet of its own, which is no part of the story told. */
function carryOuter(journey: Journey, stack: Stack, packet: IpPacket): CableEnd | undefined {
  const told = journey.takeSteps();
  const { landed } = output(hopOf({ journey, stack, packet }));
  journey.steps = [...told];
  return landed;
}

/** Where a routed packet goes next. */
interface NextHop {
  readonly entry: RouteEntry<Ip>;
  readonly device: Device;
  readonly address: Ip;
  readonly mtu: number;
}

/** The stack sends a packet of its own. */
function output(hop: Hop): End {
  const routed = routeOwn(hop);
  if ('disposition' in routed) return routed;
  const { destination } = hop.packet;
  const verdict = runHook(hop, { hook: 'OUTPUT', out: routed.device });
  if (verdict !== 'accept') return deny(hop, verdict, 'OUTPUT');
  if (hop.packet.destination === destination) return leave(hop, routed);
  // DNAT gave it another destination: the source stays, the way is looked up again.
  const rerouted = routeOwn(hop);
  return 'disposition' in rerouted ? rerouted : leave(hop, rerouted);
}

function routeOwn(hop: Hop): NextHop | End {
  const { journey, stack } = hop;
  const { destination, source } = hop.packet;
  const wish = hop.boundTo === undefined ? { source } : { source, device: hop.boundTo };
  const route = routeOutput<Ip>(stack, destination, wish);
  const entry = route.ok ? route.value.entry : tablesOf(stack, hop.packet).routes.lookup(destination);
  journey.step({ kind: 'route', at: stack.id, destination, entry: entry?.matched });
  if (!route.ok) {
    return drop(hop, route.error === 'invalid' ? 'blackhole' : 'no-route', ROUTE_REASON[route.error]);
  }
  const { device, nextHop } = route.value;
  const mtu = pathMtu(route.value, journey.memory(stack.id).pathMtu(destination), journey.now);
  return { entry: route.value.entry, device, address: nextHop, mtu };
}

const ROUTE_REASON = {
  invalid: 'the route is a blackhole',
  'net-unreachable': 'no route to the destination',
  'host-unreachable': 'the route says unreachable',
  prohibited: 'the route says prohibit',
} as const;

/** A frame reaches a device, or the frames of all the packet's fragments do. */
function arrive(hop: Hop, to: CableEnd, frames: readonly Frame[]): End {
  const { journey } = hop;
  const { stack, device } = to;
  const { packet, pieces, inside } = hop;
  const here = hopOf({ journey, stack, input: device, packet, pieces, inside });
  if (frames.some((frame) => isTooLong(device, frame))) {
    journey.memory(stack.id).count(device.name, 'rxDropped');
    return drop(here, 'refused', `the frame is larger than the MTU of ${device.name} (${device.mtu})`);
  }
  for (const frame of frames) journey.frame(stack, device, 'in', frame);
  const isForUs = frames.every((frame) => frame.destination === device.mac);
  if (packet.kind === 'ipv6' && !speaksInet6(stack.netns, device.name))
    return drop(here, 'refused', `IPv6 is off on ${device.name}`);
  return isForUs ? prerouting(here) : drop(here, 'refused', `the frame is not for ${device.name}`);
}

/** A device receives frames of its MTU plus a VLAN tag (is_skb_forwardable). */
const VLAN_ROOM = 4;

function isTooLong({ mtu }: Device, frame: Frame | undefined): boolean {
  return frame !== undefined && frameLength(frame) > mtu + ETHERNET_HEADER + VLAN_ROOM;
}

function prerouting(hop: Hop): End {
  const { journey, stack } = hop;
  const verdict = runHook(hop, { hook: 'PREROUTING' });
  if (verdict !== 'accept') return deny(hop, verdict, 'PREROUTING');
  const { packet, input } = hop;
  const { destination } = packet;
  const entry = inputRoute(hop);
  journey.step({ kind: 'route', at: stack.id, destination, entry: entry?.matched });
  const isLoopback = input?.kind.type === 'loopback';
  const martian = isLoopback ? undefined : martianSource(hop);
  if (martian !== undefined) return drop(hop, 'refused', martian);
  if (entry?.type === 'local' || isLoopback) return receive(hop);
  const refusal = whyNotRouted(hop);
  if (refusal !== undefined) return drop(hop, 'refused', refusal);
  if (!entry) {
    const reason = 'no route to the destination';
    return fail(hop, 'no-route', { error: 'net-unreachable', reason, unroutable: true });
  }
  return entry.device ? forward(hop, entry, entry.device) : unroutable(hop, entry);
}

/** Where the packet is to go; a link-local destination means this device's neighbours. */
function inputRoute({ stack, packet, input }: Hop): RouteEntry<Ip> | undefined {
  const { destination, source } = packet;
  const { routes } = tablesOf(stack, packet);
  return input && isLinkLocalAddress(destination)
    ? routes.lookupOn(input.name, destination)
    : routes.lookup(destination, source);
}

/** A route that says no: blackholes are silent, the other two answer. IPv6 has no way where the route says unreachable. */
function unroutable(hop: Hop, { type }: RouteEntry<Ip>): End {
  if (type === 'unreachable') {
    const reason = 'the route says unreachable';
    const error = hop.packet.kind === 'ipv4' ? 'host-unreachable' : 'net-unreachable';
    return fail(hop, 'no-route', { error, reason, unroutable: true });
  }
  if (type === 'prohibit') {
    const reason = 'the route says prohibit';
    return fail(hop, 'no-route', { error: 'admin-prohibited', reason, unroutable: true });
  }
  return drop(hop, 'blackhole', 'the route is a blackhole');
}

/** The packet is for somebody else. */
function forward(hop: Hop, entry: RouteEntry<Ip>, device: Device): End {
  const { journey, stack, packet } = hop;
  const refusal = whyNotForwarded(hop, entry);
  if (refusal !== undefined) return drop(hop, 'refused', refusal);
  const ttl = (packet.kind === 'ipv4' ? packet.ttl : packet.hopLimit) - 1;
  if (ttl <= 0) {
    const reason = packet.kind === 'ipv4' ? 'the TTL ran out' : 'the hop limit ran out';
    return fail(hop, 'ttl-exceeded', { error: 'ttl-exceeded', reason });
  }
  const mtu = routeMtu(entry, device);
  if (isStuck(hop, mtu)) return tooBig(hop, mtu);
  hop.packet = withTtl(packet, ttl);
  hop.pieces = hop.pieces?.map((piece) => withTtl(piece, ttl));
  journey.step({ kind: 'forward', at: stack.id, ttl });
  const verdict = runHook(hop, { hook: 'FORWARD', out: device });
  if (verdict !== 'accept') return deny(hop, verdict, 'FORWARD');
  return leave(hop, { entry, device, address: entry.via ?? hop.packet.destination, mtu });
}

const withTtl = (packet: IpPacket, ttl: number): IpPacket =>
  packet.kind === 'ipv4' ? { ...packet, ttl } : { ...packet, hopLimit: ttl };

/** The packet is routed and leaves the stack. */
function leave(hop: Hop, next: NextHop): End {
  const verdict = runHook(hop, { hook: 'POSTROUTING', out: next.device, toward: next.address });
  if (verdict !== 'accept') return deny(hop, verdict, 'POSTROUTING');
  if (next.device.kind.type === 'loopback') return loopBack(hop, next.device);
  if (isStuck(hop, next.mtu)) return tooBig(hop, next.mtu);
  fragment(hop, next);
  return transmit(hop, next);
}

function fragment(hop: Hop, { device, mtu }: NextHop): void {
  const pieces = onTheWire(hop);
  if (pieces.every((piece) => packetLength(piece) <= mtu)) return;
  const { source, destination } = hop.packet;
  const id = packetId(source, destination, hop.journey.now);
  hop.pieces =
    hop.pieces && tablesOf(hop.stack, hop.packet).program.tracks
      ? cutAgain(pieces, mtu)
      : pieces.flatMap((piece) => fragmentPacket(piece, mtu, id));
  const count = hop.pieces.length;
  hop.journey.step({ kind: 'fragment', at: hop.stack.id, device: device.name, mtu, pieces: count });
}

/** An own address: the packet comes back in by `lo` with the connection it left with. */
function loopBack(hop: Hop, device: Device): End {
  const { journey, stack, connection, state } = hop;
  journey.frame(stack, device, 'in', { source: ZERO_MAC, destination: ZERO_MAC, payload: hop.packet });
  const back = hopOf({ ...hop, input: device, pieces: undefined });
  back.connection = connection && { ...connection, unconfirmed: false };
  back.state = state;
  return prerouting(back);
}

function transmit(hop: Hop, next: NextHop): End {
  const { kind } = next.device;
  if (kind.type === 'ipip') return onward(enterIpip(hop, next, kind.local), output);
  const { journey, stack, packet } = hop;
  const from = { stack, device: next.device };
  const mac = resolveNeighbour(journey, from, { address: next.address, source: packet.source });
  if (mac === undefined) {
    const question = packet.kind === 'ipv4' ? 'ARP' : 'neighbour solicitations';
    const reason = `nobody on ${next.device.name} answers ${question} for the next hop`;
    return fail(hop, 'neighbour-unreachable', { error: 'host-unreachable', reason, cut: true });
  }
  if (kind.type !== 'vxlan') return overCable(hop, from, mac);
  return onward(enterVxlan(hop, next.device, { mac, config: kind.vxlan }), output);
}

function overCable(hop: Hop, from: CableEnd, mac: Mac): End {
  const { journey } = hop;
  const { stack, device } = from;
  const frames = onTheWire(hop).map((payload) => ({ source: device.mac, destination: mac, payload }));
  const to = receiverOf(journey, from, mac);
  // The driver of a veth pair sees what its peer does not take, and no further piece is sent.
  const stuck = device.link?.kind === 'peer' && to !== undefined && isTooLong(to.device, frames[0]);
  for (const frame of stuck ? frames.slice(0, 1) : frames) journey.frame(stack, device, 'out', frame);
  if (device.kind.type === 'bridge' || to?.device.master !== undefined) return overBridges(hop, from, frames);
  if (!to) return drop(hop, 'link-down', `nobody is at the other end of ${device.name}`);
  journey.crossCable();
  return arrive(hop, to, frames);
}

function overBridges(hop: Hop, from: CableEnd, frames: readonly Frame[]): End {
  const to = carry(hop.journey, from, frames);
  return to
    ? arrive(hop, to, frames)
    : drop(hop, 'link-down', `no bridge on the way from ${from.device.name} delivered the frame`);
}

/** The packet is for this stack. Its fragments are put together first. */
function receive(hop: Hop): End {
  hop.pieces = undefined;
  const verdict = runHook(hop, { hook: 'INPUT' });
  if (verdict !== 'accept') return deny(hop, verdict, 'INPUT');
  const { packet } = hop;
  const { payload } = packet;
  switch (payload.kind) {
    case 'icmp-echo':
      return deliver(hop);
    case 'icmp-error':
      if (payload.error === 'too-big') learnPathMtu(hop, payload.original.destination, payload.mtu);
      return deliver(hop);
    case 'udp':
      return payload.payload.kind === 'vxlan' &&
        listensForVxlan(hop.stack, payload.destinationPort, packet.destination)
        ? onward(leaveVxlan(hop, payload.payload, payload.destinationPort), prerouting)
        : toSocket(hop, 'udp', payload.destinationPort);
    case 'tcp':
      return toSocket(hop, 'tcp', payload.destinationPort);
    case 'ipv4':
      return onward(leaveIpip(hop, payload), prerouting);
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      return drop(hop, 'refused', 'neighbour discovery is no walk');
    case 'raw':
      return drop(hop, 'refused', `IP protocol ${payload.protocol} is not spoken here`);
  }
}

/** A packet that went into a tunnel or came out of one goes on as another. */
function onward(passed: Hop | End, stage: (hop: Hop) => End): End {
  return 'disposition' in passed ? passed : stage(passed);
}

/** TCP answers a closed port itself, with a segment; for UDP the kernel sends an ICMP error. */
function toSocket(hop: Hop, protocol: 'tcp' | 'udp', port: number): End {
  const { journey, stack } = hop;
  const isMeant = (socket: OpenSocket): boolean =>
    socket.at === stack.id && socket.protocol === protocol && socket.port === port;
  const waits = journey.sockets.some(isMeant) || journey.opened.some(isMeant);
  if (waits || listens(stack, protocol, port, hop.packet.destination)) return deliver(hop);
  const isVxlan = hop.packet.payload.kind === 'udp' && hop.packet.payload.payload.kind === 'vxlan';
  const reason = isVxlan
    ? `no VXLAN device here receives on UDP port ${port}`
    : `nothing listens on ${protocol} port ${port}`;
  return protocol === 'tcp'
    ? drop(hop, 'port-closed', reason)
    : fail(hop, 'port-closed', { error: 'port-unreachable', reason });
}

/** Remembered for ten minutes (net.ipv4.route.mtu_expires, net.ipv6.route.mtu_expires); IPv6 knows no link that is narrower. */
function learnPathMtu({ journey, stack, packet }: Hop, destination: Ip, mtu: number | undefined): void {
  if (mtu === undefined || (packet.kind === 'ipv6' && mtu < IPV6_MIN_MTU)) return;
  journey.memory(stack.id).learnPathMtu(destination, mtu, journey.now + 600_000);
}
