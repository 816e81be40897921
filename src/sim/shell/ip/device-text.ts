/**
 * The parts of a device's description that `ip link` and `ip address` share: flags, operational state, link-layer line and
 * the name of the other end. Format: iproute2 6.1 ip/ipaddress.c, compared with real transcripts. Linux's group, queue
 * length and offload figures are constants here: nothing in a lab changes them.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { hex, utf8 } from '../../../base/bytes.ts';
import type { NetnsId } from '../../../model/trace.ts';
import type { Device } from '../../net/netns.ts';

/** A device and what only its surroundings know. */
export interface SeenDevice {
  readonly device: Device;
  readonly carrier: boolean;
  /** The namespace that looks: pods see namespace numbers, nodes see names. */
  readonly viewer: NetnsId;
}

export function flagNames({ device, carrier }: SeenDevice): readonly string[] {
  const medium = FLAGS[device.kind.type];
  const down = device.up && !carrier ? ['NO-CARRIER'] : [];
  return [...down, ...medium, ...(device.up ? ['UP'] : []), ...(device.up && carrier ? ['LOWER_UP'] : [])];
}

const FLAGS: Readonly<Record<Device['kind']['type'], readonly string[]>> = {
  loopback: ['LOOPBACK'],
  ether: ['BROADCAST', 'MULTICAST'],
  veth: ['BROADCAST', 'MULTICAST'],
  vxlan: ['BROADCAST', 'MULTICAST'],
  ipip: ['NOARP'],
};

/** RFC 2863's state as Linux knows it: devices without a carrier signal of their own stay UNKNOWN. */
export function operationalState({ device, carrier }: SeenDevice): string {
  if (!device.up) return 'DOWN';
  if (device.kind.type !== 'ether' && device.kind.type !== 'veth') return 'UNKNOWN';
  return carrier ? 'UP' : 'LOWERLAYERDOWN';
}

/** `cali123@if2`, `tunl0@NONE`, `lo`. */
export function fullName({ device }: SeenDevice): string {
  if (device.kind.type === 'ipip') return `${device.name}@NONE`;
  const peer = peerIndex(device);
  return peer === undefined ? device.name : `${device.name}@if${peer}`;
}

/** The index of the other end. A port of a segment is a veth too, as a kind node's eth0 is; its switch is not modelled. */
export function peerIndex({ link, index }: Device): number | undefined {
  if (!link) return undefined;
  return link.kind === 'peer' ? link.index : index + 1;
}

/** `ether`, `loopback`, `ipip`. */
export function linkType(device: Device): string {
  const { type } = device.kind;
  return type === 'loopback' || type === 'ipip' ? type : 'ether';
}

export function linkAddress(device: Device): string {
  if (device.kind.type !== 'ipip') return device.mac;
  return device.kind.local === undefined ? '0.0.0.0' : formatLocal(device.kind.local);
}

export function broadcastAddress(device: Device): string {
  if (device.kind.type === 'ipip') return '0.0.0.0';
  return device.kind.type === 'loopback' ? '00:00:00:00:00:00' : 'ff:ff:ff:ff:ff:ff';
}

/** The other end's namespace: a name where /var/run/netns has one (containerd's `cni-<uuid>`), a number elsewhere. */
export function linkNamespace({
  device,
  viewer,
}: SeenDevice): { readonly name?: string; readonly id: number } | undefined {
  if (!device.link) return undefined;
  const netns = device.link.kind === 'peer' ? device.link.netns : '';
  return viewer.startsWith('node/') && netns.startsWith('pod/')
    ? { name: containerName(netns), id: 0 }
    : { id: 0 };
}

/** A stable stand-in for the random UUID of containerd's pod namespaces. */
function containerName(netns: NetnsId): string {
  const digest = hex(sha1(utf8(netns)));
  const version = `4${digest.slice(13, 16)}`;
  const variant = `8${digest.slice(17, 20)}`;
  return `cni-${[digest.slice(0, 8), digest.slice(8, 12), version, variant, digest.slice(20, 32)].join('-')}`;
}

function formatLocal(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
