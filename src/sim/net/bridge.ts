/**
 * Frames on their way through bridges: each bridge learns the sender's address, forwards to the port that it knows for the
 * receiver's, and floods what it does not know (Linux net/bridge/br_input.c, br_forward.c, br_fdb.c). VXLAN devices can be
 * ports. Left out: spanning tree and its delays, VLANs, multicast snooping, netfilter on bridged packets (br_netfilter).
 */
import type { Mac } from '../../model/mac.ts';
import type { Frame } from '../../model/packet.ts';
import { ETHERNET_HEADER, frameLength } from '../../model/wire-length.ts';
import type { CableEnd } from './cable.ts';
import { farEnds, receiverOf } from './cable.ts';
import type { Journey } from './journey.ts';
import type { Device } from './netns.ts';
import { tunnelEnd, tunnelEnds } from './vxlan-segment.ts';

/** Where a broadcast arrives that `from` has sent: every device whose stack takes it. */
export function broadcast(journey: Journey, from: CableEnd, frame: Frame): readonly CableEnd[] {
  const ends: CableEnd[] = [];
  spread(journey, from, { frame, ends, passed: new Set() });
  return ends;
}

interface Flood {
  readonly frame: Frame;
  readonly ends: CableEnd[];
  /** Bridges it has been in: a loop of cables ends there. */
  readonly passed: Set<Device>;
}

function spread(journey: Journey, from: CableEnd, flood: Flood): void {
  const { type } = from.device.kind;
  if (type === 'bridge') return spreadToPorts(journey, from, undefined, flood);
  const ends = type === 'vxlan' ? tunnelEnds(journey, from, flood.frame) : farEnds(journey, from);
  for (const end of ends) {
    if (end.device.master === undefined) {
      flood.ends.push(end);
      continue;
    }
    const bridge = takeIn(journey, end, [flood.frame]);
    if (!bridge || flood.passed.has(bridge.device)) continue;
    flood.passed.add(bridge.device);
    spreadToPorts(journey, bridge, end.device, flood);
    flood.ends.push(bridge);
  }
}

function spreadToPorts(journey: Journey, bridge: CableEnd, ingress: Device | undefined, flood: Flood): void {
  for (const port of portsOf(bridge)) {
    if (port === ingress || !sendOut(journey, { ...bridge, device: port }, [flood.frame])) continue;
    spread(journey, { stack: bridge.stack, device: port }, flood);
  }
}

/**
 * Carries frames that `from` has sent to the device that takes them; undefined when they get lost. What bridges on the way
 * see is noted; the last arrival is the caller's to note.
 */
export function carry(
  journey: Journey,
  from: CableEnd,
  frames: readonly Frame[],
  crossed = 0,
): CableEnd | undefined {
  const [frame] = frames;
  if (!frame || crossed > MOST_BRIDGES) return undefined;
  const { type } = from.device.kind;
  if (type === 'bridge') return forwardBy(journey, { bridge: from, frames, crossed });
  const end =
    type === 'vxlan' ? tunnelEnd(journey, from, frame) : receiverOf(journey, from, frame.destination);
  if (!end) return undefined;
  if (type !== 'vxlan') journey.crossCable();
  if (end.device.master === undefined) return end;
  const bridge = takeIn(journey, end, frames);
  if (!bridge) return undefined;
  if (isLocal(bridge, frame.destination)) return bridge;
  return forwardBy(journey, { bridge, ingress: end.device, frames, crossed });
}

/** A frame that has been through so many goes in a circle. */
const MOST_BRIDGES = 16;

interface Forwarding {
  readonly bridge: CableEnd;
  readonly ingress?: Device;
  readonly frames: readonly Frame[];
  readonly crossed: number;
}

function forwardBy(journey: Journey, { bridge, ingress, frames, crossed }: Forwarding): CableEnd | undefined {
  const destination = frames[0]?.destination;
  if (destination === undefined) return undefined;
  const known = knownPort(journey, bridge, destination);
  const ports = known ? [known] : portsOf(bridge);
  let taker: CableEnd | undefined;
  for (const port of ports) {
    const from = { stack: bridge.stack, device: port };
    if (port === ingress || !sendOut(journey, from, frames)) continue;
    const end = carry(journey, from, frames, crossed + 1);
    if (!end) continue;
    if (known || end.device.mac === destination) taker ??= end;
    else for (const frame of frames) journey.overhear(end.stack, end.device, 'in', frame);
  }
  return taker;
}

/** A port takes a frame in: the bridge, which now knows where its sender is; undefined when the bridge is down. */
function takeIn(journey: Journey, port: CableEnd, frames: readonly Frame[]): CableEnd | undefined {
  const { stack, device } = port;
  for (const frame of frames) journey.overhear(stack, device, 'in', frame);
  const bridge = device.master === undefined ? undefined : stack.devices.get(device.master);
  if (!bridge?.up) return undefined;
  const mac = frames[0]?.source;
  const isFixed = stack.netns.fdb.some((entry) => entry.bridge === bridge.name && entry.mac === mac);
  if (mac !== undefined && !isFixed) {
    journey.memory(stack.id).see({ mac, device: device.name, bridge: bridge.name, at: journey.now });
  }
  return { stack, device: bridge };
}

/** False when the port is down or too narrow (is_skb_forwardable). */
function sendOut(journey: Journey, { stack, device }: CableEnd, frames: readonly Frame[]): boolean {
  if (!device.up) return false;
  if (frames.some((frame) => frameLength(frame) > device.mtu + ETHERNET_HEADER)) {
    journey.memory(stack.id).count(device.name, 'txDropped');
    return false;
  }
  for (const frame of frames) journey.overhear(stack, device, 'out', frame);
  return true;
}

const portsOf = ({ stack, device }: CableEnd): readonly Device[] =>
  stack.netns.devices.filter(({ master }) => master === device.name);

/** The bridge's own address, or one that somebody gave it (`bridge fdb add ... permanent`). */
const isLocal = ({ stack, device }: CableEnd, mac: Mac): boolean =>
  mac === device.mac ||
  stack.netns.fdb.some(
    (entry) => entry.bridge === device.name && entry.mac === mac && entry.state === undefined,
  );

/** An entry made by hand, else where the address was last seen. */
function knownPort(journey: Journey, { stack, device }: CableEnd, mac: Mac): Device | undefined {
  const entry = stack.netns.fdb.find((each) => each.bridge === device.name && each.mac === mac);
  const table = { device: device.name, bridge: device.name };
  const port = entry?.device ?? journey.memory(stack.id).station(table, mac, journey.now)?.device;
  return port === undefined ? undefined : stack.devices.get(port);
}
