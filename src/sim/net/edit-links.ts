/**
 * Devices made, changed and removed by hand, as one stack sees it (Linux net/core/dev.c, net/bridge/br_if.c): what refers to
 * a device by name follows it, and goes with it. A bridge has the smallest MAC of its ports unless somebody chose one.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import type { LinkEdit } from './edit.ts';
import { renameInet6Device, withoutInet6Device } from './edit-inet6.ts';
import type { Device, Netns } from './netns.ts';
import { withDefaults, withoutDevice } from './sysctl.ts';

type Edit<Kind extends LinkEdit['kind']> = Extract<LinkEdit, { kind: Kind }>;

const EXISTS = 'RTNETLINK answers: File exists';

export function addDevice(netns: Netns, { added, fdb = [] }: Edit<'add-device'>): Result<Netns, string> {
  if (netns.devices.some(({ name }) => name === added.name)) return err(EXISTS);
  const devices = [...netns.devices, added].sort((a, b) => a.index - b.index);
  return ok(withDefaults({ ...netns, devices, fdb: [...netns.fdb, ...fdb] }, added.name));
}

/** Its routes, neighbours and forwarding entries go along, and its ports are on their own. */
export function removeDevice(netns: Netns, { device, index }: Edit<'remove-device'>): Result<Netns, string> {
  const gone = netns.devices.find((each) => each.name === device && each.index === index);
  if (!gone) return err(`Cannot find device "${device}"`);
  const devices = netns.devices.filter((each) => each !== gone).map((each) => released(each, device));
  const left: Netns = {
    ...netns,
    devices: gone.master === undefined ? devices : withBridgeMac(devices, gone.master),
    routes: netns.routes.filter((route) => route.device !== device),
    neighbours: netns.neighbours.filter((entry) => entry.device !== device),
    fdb: netns.fdb.filter((entry) => entry.device !== device && entry.bridge !== device),
    ...(netns.inet6 ? { inet6: withoutInet6Device(netns.inet6, device) } : {}),
  };
  return ok(withoutDevice(left, device));
}

function released(device: Device, master: string): Device {
  if (device.master !== master) return device;
  const { master: _, ...free } = device;
  return free;
}

/** Everything that a line of `ip link set` changes besides state and MTU. */
export function reshape(netns: Netns, edit: Edit<'set-link'>): Result<Netns, string> {
  const { device: name, mac, master, name: renamed } = edit;
  const device = netns.devices.find((each) => each.name === name);
  if (!device) return err(`Cannot find device "${name}"`);
  if (renamed !== undefined && netns.devices.some((each) => each.name === renamed)) return err(EXISTS);
  const changed = shapedAs(device, edit);
  const shaped = { ...netns, devices: replaced(netns.devices, device, changed) };
  const mastered = master === undefined ? ok(shaped) : enslave(shaped, changed, master);
  if (!mastered.ok) return mastered;
  const bridge = device.master;
  const settled =
    mac !== undefined && bridge !== undefined
      ? { ...mastered.value, devices: withBridgeMac(mastered.value.devices, bridge) }
      : mastered.value;
  return ok(renamed === undefined ? settled : renameDevice(settled, name, renamed));
}

function shapedAs(device: Device, { mac, arp, link }: Edit<'set-link'>): Device {
  const { arpOff: _, ...bare } = device;
  return {
    ...(arp === undefined ? device : bare),
    ...(mac === undefined ? {} : { mac, macSet: true }),
    ...(arp === false ? { arpOff: true } : {}),
    ...(link === undefined ? {} : { link }),
  };
}

const replaced = (devices: readonly Device[], old: Device, next: Device): readonly Device[] =>
  devices.map((each) => (each === old ? next : each));

/** A device becomes a port, or is one no longer (`master` empty). */
function enslave(netns: Netns, device: Device, master: string): Result<Netns, string> {
  if (master === device.master) return ok(netns);
  const refusal = master === '' ? undefined : whyNoPort(netns, device, master);
  if (refusal !== undefined) return err(refusal);
  const { master: old, ...free } = device;
  const next = master === '' ? free : { ...free, master };
  let devices = replaced(netns.devices, device, next);
  if (old !== undefined) devices = withBridgeMac(devices, old);
  if (master !== '') devices = withBridgeMac(devices, master);
  const fdb = netns.fdb.filter((entry) => entry.bridge === undefined || entry.device !== device.name);
  return ok({ ...netns, devices, fdb });
}

/** br_add_if: only a bridge has ports, and none that has no Ethernet of its own or is a bridge itself. */
function whyNoPort(netns: Netns, { kind }: Device, master: string): string | undefined {
  const bridge = netns.devices.find(({ name }) => name === master);
  if (bridge?.kind.type !== 'bridge') return 'RTNETLINK answers: Operation not supported';
  if (kind.type === 'bridge') return 'Error: Can not enslave a bridge to a bridge.';
  return kind.type === 'loopback' || kind.type === 'ipip' ? 'RTNETLINK answers: Invalid argument' : undefined;
}

/** br_stp_recalculate_bridge_id: the smallest MAC of a port; zeros when the last port has gone. */
function withBridgeMac(devices: readonly Device[], name: string): readonly Device[] {
  const bridge = devices.find((each) => each.name === name);
  if (!bridge || bridge.macSet) return devices;
  const macs = devices.filter(({ master }) => master === name).map(({ mac }) => mac);
  const mac = macs.sort()[0] ?? ZERO_MAC;
  return mac === bridge.mac ? devices : replaced(devices, bridge, { ...bridge, mac });
}

/** Whatever names the device names it anew. */
function renameDevice(netns: Netns, old: string, next: string): Netns {
  const renamed = <T extends { readonly device?: string }>(entry: T): T =>
    entry.device === old ? { ...entry, device: next } : entry;
  const { sysctls } = netns;
  const moved =
    sysctls && new Map([...sysctls].map(([key, value]) => [key.replace(`.${old}.`, `.${next}.`), value]));
  return {
    ...netns,
    devices: netns.devices.map((device) => renamedIn(device, old, next)),
    routes: netns.routes.map(renamed),
    neighbours: netns.neighbours.map(renamed),
    fdb: netns.fdb.map(renamed).map((entry) => (entry.bridge === old ? { ...entry, bridge: next } : entry)),
    ...(moved ? { sysctls: moved } : {}),
    ...(netns.inet6 ? { inet6: renameInet6Device(netns.inet6, old, next) } : {}),
  };
}

function renamedIn(device: Device, old: string, next: string): Device {
  const { kind } = device;
  if (device.name === old) return { ...device, name: next };
  if (device.master === old) return { ...device, master: next };
  if (kind.type !== 'vxlan' || kind.vxlan.parent !== old) return device;
  return { ...device, kind: { type: 'vxlan', vxlan: { ...kind.vxlan, parent: next } } };
}
