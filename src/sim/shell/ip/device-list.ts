/** What `ip link show` and `ip address show` have in common: which devices, and one text or JSON document of them. */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import type { Device, DeviceCounters } from '../../net/netns.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, hasCarrier, type Here } from '../network/here.ts';
import type { SeenDevice } from './device-text.ts';
import type { IpOptions } from './options.ts';

const NO_COUNTERS: DeviceCounters = {
  rxBytes: 0,
  rxPackets: 0,
  rxDropped: 0,
  txBytes: 0,
  txPackets: 0,
  txDropped: 0,
};

/** The devices asked for, with the complaint about a name that does not exist. */
export function seenDevices(
  io: CommandIo,
  here: Here,
  name: string | undefined,
): Parsed<readonly SeenDevice[]> {
  if (name !== undefined && !deviceNamed(here.netns, name)) {
    return complain(1, `Device "${name}" does not exist.`);
  }
  const devices = here.netns.devices.filter((device) => name === undefined || device.name === name);
  return ok(devices.map((device) => seen(io, here, device)));
}

export function seen(io: CommandIo, here: Here, device: Device): SeenDevice {
  return { device, carrier: hasCarrier(io, device, here.netns), stack: here.netns };
}

export function countersOf(here: Here, device: string): DeviceCounters {
  return here.memory.counters.get(device) ?? NO_COUNTERS;
}

/** Lines of one entry: joined by `\` under -o. */
export function entryText(lines: readonly string[], options: IpOptions): string {
  return options.oneline ? `${lines.join('\n').replaceAll('\n', '\\')}\n` : `${lines.join('\n')}\n`;
}

/** iproute2's JSON: one line, or with -p indented by four and lists of objects run together. */
export function jsonText(value: Json, options: IpOptions): string {
  return `${options.pretty ? pretty(value, 0) : JSON.stringify(value)}\n`;
}

function pretty(value: Json | undefined, depth: number): string {
  if (Array.isArray(value)) return prettyList(value as readonly Json[], depth);
  if (typeof value === 'object' && value !== null)
    return prettyObject(value as Readonly<Record<string, Json>>, depth);
  return JSON.stringify(value ?? null);
}

function prettyList(items: readonly Json[], depth: number): string {
  if (items.length === 0) return '[ ]';
  return `[ ${items.map((item) => pretty(item, depth + 1)).join(',')} ]`;
}

function prettyObject(value: Readonly<Record<string, Json>>, depth: number): string {
  const inner = '    '.repeat(depth + 1);
  const members = Object.entries(value).map(
    ([key, member]) => `${inner}${JSON.stringify(key)}: ${pretty(member, depth + 1)}`,
  );
  return `{\n${members.join(',\n')}\n${'    '.repeat(depth)}}`;
}
