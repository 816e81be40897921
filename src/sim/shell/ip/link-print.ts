/**
 * `ip link` and the head of `ip address`: text, brief, details (-d), counters (-s) and JSON.
 * Format: iproute2 6.1 ip/ipaddress.c, ip/iplink_vxlan.c; compared with real transcripts of veth and vxlan devices. The details
 * of `tunl0` are from source only.
 */
import type { Json } from '../../../base/json.ts';
import type { Device, DeviceCounters } from '../../net/netns.ts';
import {
  broadcastAddress,
  flagNames,
  fullName,
  inet6Name,
  inet6Peer,
  linkAddress,
  linkNamespace,
  linkType,
  operationalState,
  peerIndex,
  peerName,
  queueLength,
  type SeenDevice,
} from './device-text.ts';
import { detailsJson, detailsText } from './link-details.ts';
import type { IpOptions } from './options.ts';

/** First line, without its end: `2: eth0@if3: <...> mtu 1500 ... qlen 1000`. */
export function headLine(seen: SeenDevice, mode: 'link' | 'address'): string {
  const { device } = seen;
  const linkMode = mode === 'link' ? 'mode DEFAULT ' : '';
  return (
    `${device.index}: ${fullName(seen)}: <${flagNames(seen).join(',')}> mtu ${device.mtu} ` +
    `qdisc ${queueing(device)} ${device.master === undefined ? '' : `master ${device.master} `}state ${operationalState(seen)} ${linkMode}group default ${queueText(device)}`
  );
}

/** The same of the kernel's IPv6: `2: eth0: <...> mtu 1500 state UP qlen 1000`. */
export const inet6HeadLine = (seen: SeenDevice): string =>
  `${seen.device.index}: ${inet6Name(seen)}: <${flagNames(seen).join(',')}> mtu ${seen.device.mtu} state ${operationalState(seen)} ${queueText(seen.device)}`;

/** No word of a queue that holds nothing; the space before it stays. */
function queueText(device: Device): string {
  const length = queueLength(device);
  return length === 0 ? '' : `qlen ${length}`;
}

/** A device that has never been up has no queueing discipline yet. */
const queueing = ({ fresh }: Device): string => (fresh ? 'noop' : 'noqueue');

/** `link-netns cni-...` or `link-netnsid 0` with a leading space, or nothing. */
export function namespaceText(seen: SeenDevice): string {
  const namespace = linkNamespace(seen);
  if (!namespace) return '';
  return namespace.name === undefined ? ` link-netnsid ${namespace.id}` : ` link-netns ${namespace.name}`;
}

/** Second line: `    link/ether ... brd ...`, with the device's details under -d. */
export function linkLine(seen: SeenDevice, details: boolean, mode: 'link' | 'address'): string {
  const { device } = seen;
  const line = `    link/${linkType(device)} ${linkAddress(device)} brd ${broadcastAddress(device)}${namespaceText(seen)}`;
  return details ? line + detailsText(seen, mode) : line;
}

export function linkLines(seen: SeenDevice, options: IpOptions, counters: DeviceCounters): readonly string[] {
  const stats = options.statistics ? counterLines(counters) : [];
  return [headLine(seen, 'link'), linkLine(seen, options.details, 'link'), ...stats];
}

export function briefLink(seen: SeenDevice): string {
  return `${briefHead(seen)}${linkAddress(seen.device)} <${flagNames(seen).join(',')}> `;
}

export function briefHead(seen: SeenDevice, name = fullName(seen)): string {
  return `${name.padEnd(16)} ${operationalState(seen).padEnd(14)} `;
}

/** The four lines of -s. Columns are right-aligned under their heads, which grow with large numbers. */
export function counterLines(counters: DeviceCounters): readonly string[] {
  const { rxBytes, rxPackets, rxDropped, txBytes, txPackets, txDropped } = counters;
  const widths = columnWidths([
    [rxBytes, rxPackets],
    [txBytes, txPackets],
  ]);
  const head = (name: string, last: readonly string[]): string =>
    `    ${name}: ${columns(['bytes', 'packets', 'errors', 'dropped', ...last], widths)}           `;
  const row = (values: readonly number[]): string => `        ${columns(values.map(String), widths)} `;
  return [
    head('RX', ['missed', 'mcast']),
    row([rxBytes, rxPackets, 0, rxDropped, 0, 0]),
    head('TX', ['carrier', 'collsns']),
    row([txBytes, txPackets, 0, txDropped, 0, 0]),
  ];
}

function columns(texts: readonly string[], widths: readonly number[]): string {
  return texts.map((text, at) => text.padStart(widths[at] ?? 0)).join(' ');
}

function columnWidths(rows: readonly (readonly [number, number])[]): readonly number[] {
  const width = (at: 0 | 1, least: number): number =>
    Math.max(least, ...rows.map((row) => String(row[at]).length));
  return [width(0, 6), width(1, 7), 6, 7, 7, 7];
}

export function linkJson(seen: SeenDevice, options: IpOptions, counters: DeviceCounters): Json {
  const stats = options.statistics ? { stats64: counterJson(counters) } : {};
  return {
    ...headJson(seen, true),
    ...addressJson(seen),
    ...stats,
    ...(options.details ? detailsJson(seen) : {}),
  };
}

export function headJson(seen: SeenDevice, isLink: boolean): Readonly<Record<string, Json>> {
  const { device } = seen;
  return {
    ifindex: device.index,
    ...linkIndex(seen),
    ifname: device.name,
    flags: flagNames(seen),
    mtu: device.mtu,
    qdisc: queueing(device),
    ...(device.master === undefined ? {} : { master: device.master }),
    operstate: operationalState(seen),
    ...(isLink ? { linkmode: 'DEFAULT' } : {}),
    group: 'default',
    ...(queueLength(device) === 0 ? {} : { txqlen: queueLength(device) }),
  };
}

export function inet6HeadJson(seen: SeenDevice): Readonly<Record<string, Json>> {
  const { device } = seen;
  return {
    ifindex: device.index,
    ...inet6Link(seen),
    ifname: device.name,
    flags: flagNames(seen),
    mtu: device.mtu,
    operstate: operationalState(seen),
    ...(queueLength(device) === 0 ? {} : { txqlen: queueLength(device) }),
  };
}

export const inet6BriefJson = (seen: SeenDevice): Readonly<Record<string, Json>> => ({
  ...inet6Link(seen),
  ifname: seen.device.name,
  operstate: operationalState(seen),
});

function inet6Link(seen: SeenDevice): Readonly<Record<string, Json>> {
  const peer = inet6Peer(seen);
  return peer === undefined ? {} : { link: peer };
}

/** The link-layer members, which -4 leaves out. */
export function addressJson(seen: SeenDevice): Readonly<Record<string, Json>> {
  const namespace = linkNamespace(seen);
  return {
    link_type: linkType(seen.device),
    address: linkAddress(seen.device),
    broadcast: broadcastAddress(seen.device),
    ...(namespace ? { link_netnsid: namespace.id } : {}),
  };
}

export function briefJson(seen: SeenDevice): Readonly<Record<string, Json>> {
  return { ...linkIndex(seen), ifname: seen.device.name, operstate: operationalState(seen) };
}

function linkIndex(seen: SeenDevice): Readonly<Record<string, Json>> {
  const { device } = seen;
  if (device.kind.type === 'ipip') return { link: null };
  const near = peerName(seen);
  if (near !== undefined) return { link: near };
  const peer = peerIndex(device);
  return peer === undefined ? {} : { link_index: peer };
}

function counterJson(counters: DeviceCounters): Json {
  return {
    rx: {
      bytes: counters.rxBytes,
      packets: counters.rxPackets,
      errors: 0,
      dropped: counters.rxDropped,
      over_errors: 0,
      multicast: 0,
    },
    tx: {
      bytes: counters.txBytes,
      packets: counters.txPackets,
      errors: 0,
      dropped: counters.txDropped,
      carrier_errors: 0,
      collisions: 0,
    },
  };
}
