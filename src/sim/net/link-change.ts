/**
 * Changes of devices that concern more than one stack: both ends of a veth pair, a device that moves to another namespace, a
 * namespace that goes with all it holds (Linux drivers/net/veth.c, net/core/dev.c dev_change_net_namespace). A plan is one
 * edit for each stack, so that every stack still follows from its own edits alone.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { macFromBytes, type Mac } from '../../model/mac.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { NetnsEdit } from './edit.ts';
import { mix } from './flow-hash.ts';
import { namedNetnsId } from './named-netns.ts';
import type { Device, DeviceKind, FdbEntry, Link, Netns } from './netns.ts';

export type LinkChange =
  | {
      readonly kind: 'create';
      readonly device: NewDevice;
      readonly peer?: NewDevice;
      readonly fdb?: FdbEntry;
    }
  | { readonly kind: 'delete'; readonly device: string }
  | { readonly kind: 'move'; readonly device: string; readonly to: NetnsId; readonly name?: string }
  | { readonly kind: 'rename'; readonly device: string; readonly name: string }
  | { readonly kind: 'delete-namespace'; readonly name: string };

export interface NewDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly mtu: number;
  readonly mac?: Mac;
  /** The namespace it is made in, when that is another one. */
  readonly at?: NetnsId;
}

export interface StackEdit {
  readonly netns: NetnsId;
  readonly edit: NetnsEdit;
}

/** The stacks as they are, and the number the next device of each gets. */
export interface LinkView {
  netns(id: NetnsId): Netns | undefined;
  nextIndex(id: NetnsId): number;
}

type Plan = Result<readonly StackEdit[], string>;

/** `at` is the stack in which the command runs; for a namespace, the machine. */
export function planLinkChange(view: LinkView, at: NetnsId, change: LinkChange): Plan {
  switch (change.kind) {
    case 'create':
      return planCreation(view, at, change);
    case 'delete':
      return planDeletion(view, at, change.device);
    case 'move':
      return planMove(view, at, change);
    case 'rename':
      return planRename(view, at, change);
    case 'delete-namespace':
      return planNamespaceDeletion(view, at, change.name);
  }
}

const EXISTS = 'RTNETLINK answers: File exists';
const missing = (device: string): Plan => err(`Cannot find device "${device}"`);

function find(view: LinkView, at: NetnsId, name: string): Device | undefined {
  return view.netns(at)?.devices.find((device) => device.name === name);
}

/** The far end of a pair is made first and gets the lower number. */
function planCreation(
  view: LinkView,
  at: NetnsId,
  { device, peer, fdb }: Extract<LinkChange, { kind: 'create' }>,
): Plan {
  const home = device.at ?? at;
  if (find(view, home, device.name)) return err(EXISTS);
  if (peer) return planPair(view, { own: { ...device, at: home }, peer: { ...peer, at: peer.at ?? at } });
  const added = made(home, view.nextIndex(home), device);
  return ok([{ netns: home, edit: { kind: 'add-device', added, ...(fdb ? { fdb: [fdb] } : {}) } }]);
}

type Placed = NewDevice & { readonly at: NetnsId };

function planPair(
  view: LinkView,
  { own: device, peer }: { readonly own: Placed; readonly peer: Placed },
): Plan {
  const { at: home } = device;
  const { at: far } = peer;
  const isNear = far === home;
  if (find(view, far, peer.name) || (isNear && peer.name === device.name)) return err(EXISTS);
  const farIndex = view.nextIndex(far);
  const index = isNear ? farIndex + 1 : view.nextIndex(home);
  const own = made(home, index, device);
  const link: Link = { kind: 'peer', netns: far, device: peer.name, index: farIndex };
  const back: Link = { kind: 'peer', netns: home, device: device.name, index };
  const other = { ...made(far, farIndex, peer), link: back };
  return ok([
    { netns: far, edit: { kind: 'add-device', added: other } },
    { netns: home, edit: { kind: 'add-device', added: { ...own, link } } },
  ]);
}

function made(at: NetnsId, index: number, { name, kind, mtu, mac }: NewDevice): Device {
  return {
    index,
    name,
    kind,
    mac: mac ?? drawnMac(`${at} ${index} ${name}`),
    mtu,
    up: false,
    fresh: true,
    addresses: [],
    proxyArp: false,
    ...(mac === undefined ? {} : { macSet: true }),
  };
}

/** eth_hw_addr_random: unicast, locally administered. Here it follows from the name, so that a run repeats. */
function drawnMac(text: string): Mac {
  const letters = [...text].map((letter) => letter.codePointAt(0) ?? 0);
  const [high, low] = [mix(1, ...letters), mix(2, ...letters)];
  const bytes = [high >>> 24, high >>> 16, high >>> 8, high, low >>> 8, low].map((byte) => byte & 255);
  return macFromBytes(Uint8Array.from([((bytes[0] ?? 0) & 0xfc) | 2, ...bytes.slice(1)]));
}

function planDeletion(view: LinkView, at: NetnsId, name: string): Plan {
  const device = find(view, at, name);
  if (!device) return missing(name);
  if (!isDeletable(device)) return err('RTNETLINK answers: Operation not supported');
  return ok(removals(view, at, device));
}

/** What a driver made by software can be deleted; tunl0 stays as long as its module. */
const isDeletable = ({ kind }: Device): boolean =>
  kind.type !== 'loopback' && kind.type !== 'ether' && kind.type !== 'ipip';

/** A veth takes its other end along. */
function removals(view: LinkView, at: NetnsId, device: Device): readonly StackEdit[] {
  const { name, index, link } = device;
  const own: StackEdit = { netns: at, edit: { kind: 'remove-device', device: name, index } };
  const peer = link?.kind === 'peer' ? find(view, link.netns, link.device) : undefined;
  if (!peer || link?.kind !== 'peer') return [own];
  return [{ netns: link.netns, edit: { kind: 'remove-device', device: peer.name, index: peer.index } }, own];
}

/** It arrives down and without addresses, with its number if that is free. */
function planMove(
  view: LinkView,
  at: NetnsId,
  { device: name, to, name: wanted }: Extract<LinkChange, { kind: 'move' }>,
): Plan {
  const device = find(view, at, name);
  if (!device) return missing(name);
  if (to === at) return ok([]);
  const target = view.netns(to);
  if (!target) return err('RTNETLINK answers: Invalid argument');
  if (device.kind.type === 'loopback' || device.kind.type === 'bridge' || device.kind.type === 'ipip')
    return err('RTNETLINK answers: Invalid argument');
  if (device.kind.type !== 'veth' && device.kind.type !== 'dummy')
    return err(
      `ip: moving ${name} to another namespace is not simulated; veth and dummy devices can be moved.`,
    );
  const known = wanted ?? name;
  if (target.devices.some((each) => each.name === known)) return err(EXISTS);
  const isTaken = target.devices.some(({ index }) => index === device.index);
  const index = isTaken ? view.nextIndex(to) : device.index;
  const { master: _, ...free } = device;
  const arrived: Device = { ...free, name: known, index, up: false, addresses: [] };
  return ok([
    { netns: at, edit: { kind: 'remove-device', device: name, index: device.index } },
    { netns: to, edit: { kind: 'add-device', added: arrived } },
    ...relinked(arrived, to),
  ]);
}

/** The other end learns where its cable leads now. */
function relinked({ name, index, link }: Device, at: NetnsId): readonly StackEdit[] {
  if (link?.kind !== 'peer') return [];
  const back: Link = { kind: 'peer', netns: at, device: name, index };
  return [{ netns: link.netns, edit: { kind: 'set-link', device: link.device, link: back } }];
}

function planRename(
  view: LinkView,
  at: NetnsId,
  { device: name, name: wanted }: Extract<LinkChange, { kind: 'rename' }>,
): Plan {
  const device = find(view, at, name);
  if (!device) return missing(name);
  if (find(view, at, wanted)) return err(EXISTS);
  if (device.link?.kind === 'segment')
    return err(`ip: ${name} is the machine's port to its rack; renaming it is not simulated.`);
  return ok([
    { netns: at, edit: { kind: 'set-link', device: name, name: wanted } },
    ...relinked({ ...device, name: wanted }, at),
  ]);
}

/** Its devices go with it, and with a veth its other end. */
function planNamespaceDeletion(view: LinkView, machine: NetnsId, name: string): Plan {
  const id = namedNetnsId(machine, name);
  const inside = view.netns(id)?.devices ?? [];
  const gone = inside.filter(isDeletable).flatMap((device) => removals(view, id, device));
  return ok([
    ...gone.filter(({ netns }) => netns !== id),
    { netns: machine, edit: { kind: 'remove-namespace', name } },
  ]);
}
