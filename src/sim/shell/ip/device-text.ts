/**
 * The parts of a device's description that `ip link` and `ip address` share: flags, operational state, link-layer line and
 * the name of the other end. Format: iproute2 6.1 ip/ipaddress.c, compared with real transcripts. Linux's group and offload
 * figures are constants here: nothing in a lab changes them.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { hex, utf8 } from '../../../base/bytes.ts';
import type { NetnsId } from '../../../model/trace.ts';
import { machineOf, namedNetnsOf } from '../../net/named-netns.ts';
import type { Device, Netns } from '../../net/netns.ts';

/** A device and what only its surroundings know. */
export interface SeenDevice {
  readonly device: Device;
  readonly carrier: boolean;
  /** The stack it is in: pods see namespace numbers, nodes see names. */
  readonly stack: Netns;
}

export function flagNames(seen: SeenDevice): readonly string[] {
  const { device, carrier } = seen;
  const peer = peerHere(seen);
  return [
    ...(device.up && !carrier ? ['NO-CARRIER'] : []),
    ...FLAGS[device.kind.type],
    ...(device.arpOff ? ['NOARP'] : []),
    ...(device.up ? ['UP'] : []),
    ...(device.up && carrier ? ['LOWER_UP'] : []),
    ...(peer && !peer.up ? ['M-DOWN'] : []),
  ];
}

/** The other end of a pair, when it is in the same stack. */
function peerHere({ device: { link }, stack }: SeenDevice): Device | undefined {
  if (link?.kind !== 'peer' || link.netns !== stack.id) return undefined;
  return stack.devices.find(({ name }) => name === link.device);
}

const FLAGS: Readonly<Record<Device['kind']['type'], readonly string[]>> = {
  loopback: ['LOOPBACK'],
  ether: ['BROADCAST', 'MULTICAST'],
  veth: ['BROADCAST', 'MULTICAST'],
  bridge: ['BROADCAST', 'MULTICAST'],
  dummy: ['BROADCAST', 'NOARP'],
  vxlan: ['BROADCAST', 'MULTICAST'],
  ipip: ['NOARP'],
};

/** RFC 2863's state as Linux knows it: devices without a carrier signal of their own stay UNKNOWN. */
export function operationalState({ device, carrier }: SeenDevice): string {
  if (!device.up) return 'DOWN';
  if (device.kind.type === 'bridge') return carrier ? 'UP' : 'DOWN';
  if (device.kind.type !== 'ether' && device.kind.type !== 'veth') return 'UNKNOWN';
  return carrier ? 'UP' : 'LOWERLAYERDOWN';
}

/** `cali123@if2`, `tunl0@NONE`, `lo`. */
export function fullName(seen: SeenDevice): string {
  const { device } = seen;
  if (device.kind.type === 'ipip') return `${device.name}@NONE`;
  const near = peerHere(seen);
  if (near) return `${device.name}@${near.name}`;
  const peer = peerIndex(device);
  return peer === undefined ? device.name : `${device.name}@if${peer}`;
}

/**
 * What the kernel's IPv6 calls it: it tells the index of the other end without its namespace, so that the tool looks for it
 * among its own devices, and says nothing where both indexes are the same (inet6_fill_ifinfo).
 */
export function inet6Name({ device, stack }: SeenDevice): string {
  const peer = inet6Peer({ device, stack });
  return peer === undefined ? device.name : `${device.name}@${peer}`;
}

export function inet6Peer({ device, stack }: Pick<SeenDevice, 'device' | 'stack'>): string | undefined {
  const peer = peerIndex(device);
  if (peer === undefined || peer === device.index) return undefined;
  return stack.devices.find(({ index }) => index === peer)?.name ?? `if${peer}`;
}

/** The index of the other end. A port of a segment is a veth too, as a kind node's eth0 is; its switch is not modelled. */
export function peerIndex({ link, index }: Device): number | undefined {
  if (!link) return undefined;
  return link.kind === 'peer' ? link.index : index + 1;
}

/** The node's end of the pair that the CNI plugin made, seen from either side. */
export const isOfPlugin = ({ link, index }: Device): boolean =>
  link?.kind === 'peer' && (link.netns.startsWith('pod/') || (link.netns.startsWith('node/') && index === 2));

/** What container engines make of a machine's port, and the plugin of a node's end, holds no packets back. */
export function queueLength({ link }: Device): number {
  return link?.kind === 'segment' || (link?.kind === 'peer' && link.netns.startsWith('pod/')) ? 0 : 1000;
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

/** The name of the other end's device, when it is in the same stack. */
export const peerName = (seen: SeenDevice): string | undefined => peerHere(seen)?.name;

/** The other end's namespace: a name where /run/netns has one, a number elsewhere. */
export function linkNamespace({
  device: { link },
  stack,
}: SeenDevice): { readonly name?: string; readonly id: number } | undefined {
  const other = link?.kind === 'peer' ? link.netns : '';
  if (!link || other === stack.id) return undefined;
  const id = foreignNamespaces(stack).indexOf(other);
  const name = namespaceName(machineOf(stack.id), other);
  return name === undefined ? { id } : { name, id };
}

/** Other namespaces, in the order in which the kernel numbered them: that of the first device there. */
export function foreignNamespaces({ id, devices }: Netns): readonly NetnsId[] {
  const others = devices.flatMap(({ link }) => {
    if (!link) return [];
    const other = link.kind === 'peer' ? link.netns : '';
    return other === id ? [] : [other];
  });
  return [...new Set(others)];
}

/** What a namespace is called on a machine: as somebody named it, or containerd's `cni-<uuid>` for a pod of the node. */
export function namespaceName(machine: NetnsId, netns: NetnsId): string | undefined {
  const named = namedNetnsOf(netns);
  if (named) return named.machine === machine ? named.name : undefined;
  return machine.startsWith('node/') && netns.startsWith('pod/') ? containerName(netns) : undefined;
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
