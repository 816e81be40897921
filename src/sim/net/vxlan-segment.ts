/**
 * A VXLAN as a segment: which VTEPs a frame goes to, and where it comes out. The FDB names one for a MAC, or several for the
 * all-zeros address, to which everything unknown and every broadcast is sent (RFC 7348 section 4.2; Linux
 * drivers/net/vxlan/vxlan_core.c vxlan_xmit, vxlan_snoop). Each copy walks as a packet of its own. Left out: multicast groups.
 */
import type { Ip } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import type { Frame } from '../../model/packet.ts';
import type { CableEnd } from './cable.ts';
import type { Journey } from './journey.ts';
import type { Stack } from './stack.ts';
import { vxlanPacket } from './tunnel.ts';

/** Where a frame for `mac` goes, or undefined: nobody knows it, and nobody is told of the unknown. */
export function vtepOf(journey: Journey, { stack, device }: CableEnd, mac: Mac): Ip | undefined {
  const entry = stack.fdb.get(device.name)?.get(mac);
  if (entry) return entry.destination;
  const station = journey.memory(stack.id).station({ device: device.name }, mac, journey.now);
  if (station) return station.destination;
  return floodList(stack, device.name)[0];
}

/** The VTEPs of the all-zeros address. */
export function floodList({ netns }: Stack, device: string): readonly Ip[] {
  return netns.fdb.flatMap((entry) =>
    entry.device === device && entry.mac === ZERO_MAC && entry.destination !== undefined
      ? [entry.destination]
      : [],
  );
}

/** Where a broadcast comes out: the VXLAN device of every VTEP that its copy reaches. */
export function tunnelEnds(journey: Journey, from: CableEnd, frame: Frame): readonly CableEnd[] {
  return floodList(from.stack, from.device.name).flatMap(
    (remote) => through(journey, from, frame, remote) ?? [],
  );
}

/** The same for one address; what nobody knows goes to all, and the one who has it takes it. */
export function tunnelEnd(journey: Journey, from: CableEnd, frame: Frame): CableEnd | undefined {
  const { stack, device } = from;
  const remote = vtepOf(journey, from, frame.destination);
  if (remote === undefined) return undefined;
  const known = stack.fdb.get(device.name)?.has(frame.destination);
  const copies = known ? [] : floodList(stack, device.name);
  if (copies.length < 2) return through(journey, from, frame, remote);
  const ends = tunnelEnds(journey, from, frame);
  return ends.find((end) => end.device.mac === frame.destination) ?? ends.find((end) => end.device.master);
}

function through(journey: Journey, from: CableEnd, frame: Frame, remote: Ip): CableEnd | undefined {
  const { stack, device } = from;
  if (device.kind.type !== 'vxlan') return undefined;
  const outer = vxlanPacket(frame, { stack, config: device.kind.vxlan, remote, now: journey.now });
  return outer && journey.carryOuter?.(journey, stack, outer);
}

/** The device learns behind which VTEP the sender of a frame is. */
export function learnVtep(
  journey: Journey,
  { stack, device }: CableEnd,
  { mac, destination }: { readonly mac: Mac; readonly destination: Ip },
): void {
  if (device.kind.type !== 'vxlan' || !device.kind.vxlan.learning) return;
  if (stack.fdb.get(device.name)?.has(mac)) return;
  journey.memory(stack.id).see({ mac, device: device.name, destination, at: journey.now });
}
