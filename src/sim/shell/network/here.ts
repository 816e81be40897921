/** The network stack a command stands in. */
import type { Device, Netns, NetnsMemory } from '../../net/netns.ts';
import type { NetnsId } from '../../../model/trace.ts';
import type { CompletionIo } from '../command.ts';

export interface Here {
  readonly id: NetnsId;
  readonly netns: Netns;
  readonly memory: NetnsMemory;
}

/** Undefined at a place whose stack has gone, or is not there yet. */
export function hereOf(io: CompletionIo): Here | undefined {
  const id = io.network.netnsOf(io.place);
  const netns = id === undefined ? undefined : io.network.netns(id);
  return id === undefined || netns === undefined ? undefined : { id, netns, memory: io.network.memory(id) };
}

export function deviceNamed(netns: Netns, name: string): Device | undefined {
  return netns.devices.find((device) => device.name === name);
}

/** Devices that are nothing without a cable. */
const CABLED: ReadonlySet<Device['kind']['type']> = new Set(['veth', 'ether']);

/**
 * Up, and the other end of its cable too: what Linux calls carrier. A bridge has it while one of its ports does.
 * `netns` is the stack the device is in: only a bridge needs it.
 */
export function hasCarrier(io: CompletionIo, device: Device, netns?: Netns): boolean {
  if (!device.up) return false;
  if (device.kind.type === 'bridge') {
    const ports = netns?.devices.filter(({ master }) => master === device.name) ?? [];
    return ports.some((port) => hasCarrier(io, port));
  }
  if (!device.link) return !CABLED.has(device.kind.type);
  if (device.link.kind !== 'peer') return true;
  const { netns: id, device: name } = device.link;
  const peer = io.network.netns(id);
  return peer === undefined || (deviceNamed(peer, name)?.up ?? true);
}
