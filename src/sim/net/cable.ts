/**
 * What is at the other end of a device's cable: one peer of a veth pair, or the ports of an L2 segment, whose switch knows
 * where every MAC address is. Spanning tree, VLANs and flooding of unknown addresses are not modelled.
 */
import type { Mac } from '../../model/mac.ts';
import type { Journey } from './journey.ts';
import type { Device, Network, SegmentPort } from './netns.ts';
import type { Stack } from './stack.ts';

export interface CableEnd {
  readonly stack: Stack;
  readonly device: Device;
}

/** Every powered device at the other end; behind those that are ports of a bridge there are more (`bridge.ts`). */
export function farEnds(journey: Journey, from: CableEnd): readonly CableEnd[] {
  const { link } = from.device;
  if (!link) return [];
  if (link.kind === 'segment') return segmentEnds(journey, link.segment).filter((end) => !isSame(end, from));
  const end = plugged(journey, link);
  return end ? [end] : [];
}

const isSame = (a: CableEnd, b: CableEnd): boolean =>
  a.stack.id === b.stack.id && a.device.name === b.device.name;

const knownEnds = new WeakMap<Network, Map<string, readonly CableEnd[]>>();

/** Found once for each network: walks do not change who is plugged in. */
function segmentEnds(journey: Journey, segment: string): readonly CableEnd[] {
  const { network } = journey;
  let known = knownEnds.get(network);
  if (!known) knownEnds.set(network, (known = new Map<string, readonly CableEnd[]>()));
  let ends = known.get(segment);
  if (!ends)
    known.set(segment, (ends = network.segment(segment).flatMap((port) => plugged(journey, port) ?? [])));
  return ends;
}

/** Where a unicast frame arrives; undefined when nobody powered has that address. */
export function receiverOf(journey: Journey, from: CableEnd, mac: Mac): CableEnd | undefined {
  const { link } = from.device;
  if (!link) return undefined;
  if (link.kind === 'peer') return plugged(journey, link);
  const ports = journey.network.segment(link.segment);
  const table = switchTable(ports);
  const known = table.get(mac);
  const end = known && plugged(journey, known);
  if (end?.device.mac === mac) return end;
  for (const port of ports) {
    const other = plugged(journey, port);
    if (other?.device.mac !== mac || isSame(other, from)) continue;
    table.set(mac, port);
    return other;
  }
  return behindBridge(journey, from, mac);
}

/** The port of the segment whose bridge has seen that address behind another of its ports, or is itself meant. */
function behindBridge(journey: Journey, from: CableEnd, mac: Mac): CableEnd | undefined {
  for (const end of farEnds(journey, from)) {
    const { stack, device } = end;
    if (device.master === undefined) continue;
    const table = { device: device.master, bridge: device.master };
    const station = journey.memory(stack.id).station(table, mac, journey.now);
    const isMeant = stack.devices.get(device.master)?.mac === mac;
    if (isMeant || (station && station.device !== device.name)) return end;
  }
  return undefined;
}

/** True when the far end of a veth pair is up, and of a port whose cable leads to its switch. */
export function hasCarrier(journey: Journey, from: CableEnd): boolean {
  const { link, kind } = from.device;
  if (!link) return kind.type !== 'ether';
  return link.kind !== 'peer' || plugged(journey, link) !== undefined;
}

function plugged(journey: Journey, port: SegmentPort): CableEnd | undefined {
  const stack = journey.stack(port.netns);
  const device = stack?.devices.get(port.device);
  return stack && device?.up ? { stack, device } : undefined;
}

/** Where a segment last found each address: only a hint, always verified. */
const switchTables = new WeakMap<readonly SegmentPort[], Map<Mac, SegmentPort>>();

function switchTable(ports: readonly SegmentPort[]): Map<Mac, SegmentPort> {
  let table = switchTables.get(ports);
  if (!table) switchTables.set(ports, (table = new Map()));
  return table;
}
