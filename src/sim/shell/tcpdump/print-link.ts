/**
 * A captured packet as tcpdump 4.99.3 prints it: link layer, then ARP, IPv4 or IPv6. Formats: print-ether.c, print-sll.c,
 * print-arp.c, compared with the real tool reading the same bytes.
 */
import { macFromBytes } from '../../../model/mac.ts';
import {
  addressAt,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  u16,
  type Captured,
} from './packet-view.ts';
import { ipText } from './print-ip.ts';
import { ip6Text } from './print-ip6.ts';
import { addressText, macText, type Style } from './print-style.ts';

/** Everything after the time stamp, without the last newline. */
export function packetText(captured: Captured, style: Style): string {
  const { etherType, bytes } = captured;
  return linkText(captured, style) + networkText({ etherType, bytes, length: bytes.length }, style);
}

function linkText({ link, etherType, bytes }: Captured, style: Style): string {
  switch (link.kind) {
    case 'raw':
      return style.linkHeader ? 'ip: ' : '';
    case 'ethernet':
      return style.linkHeader
        ? ethernetText(link, { etherType, length: bytes.length + ETHERNET }, style)
        : '';
    case 'cooked': {
      const head = `${link.device.padEnd(5)} ${link.direction.padEnd(3)} `;
      if (!style.linkHeader) return head;
      const type = `ethertype ${typeName(etherType)} (0x${hex4(etherType)}), length ${bytes.length + COOKED}: `;
      return `${head}ifindex ${link.ifindex} ${macText(style, link.source)} ${style.quick ? '' : type}`;
    }
  }
}

const ETHERNET = 14;
const COOKED = 20;

export interface EthernetEnds {
  readonly source: string;
  readonly destination: string;
}

export function ethernetText(
  { source, destination }: EthernetEnds,
  { etherType, length }: { readonly etherType: number; readonly length: number },
  style: Style,
): string {
  const type = style.quick ? typeName(etherType) : `ethertype ${typeName(etherType)} (0x${hex4(etherType)})`;
  return `${macText(style, source)} > ${macText(style, destination)}, ${type}, length ${length}: `;
}

function typeName(etherType: number): string {
  if (etherType === ETHERTYPE_IPV4) return 'IPv4';
  if (etherType === ETHERTYPE_IPV6) return 'IPv6';
  return etherType === ETHERTYPE_ARP ? 'ARP' : 'Unknown';
}

export const hex4 = (value: number): string => value.toString(16).padStart(4, '0');

interface NetworkPacket {
  readonly etherType: number;
  /** What was captured. */
  readonly bytes: Uint8Array;
  /** What the lower layer says is there. */
  readonly length: number;
}

function networkText({ etherType, bytes, length }: NetworkPacket, style: Style): string {
  if (etherType === ETHERTYPE_ARP) return `${style.linkHeader ? '' : 'ARP, '}${arpText(bytes, style)}`;
  if (etherType === ETHERTYPE_IPV6)
    return `${style.linkHeader ? '' : 'IP6 '}${ip6Text(bytes, length, style)}`;
  if (etherType !== ETHERTYPE_IPV4) return `Unknown Ethertype (0x${hex4(etherType)})`;
  return `${style.linkHeader ? '' : 'IP '}${ipText(bytes, length, style)}`;
}

function arpText(bytes: Uint8Array, style: Style): string {
  if (bytes.length < ARP) return '[|arp]';
  const kind = style.verbose > 0 ? 'Ethernet (len 6), IPv4 (len 4), ' : '';
  const sender = addressText(style, addressAt(bytes, 14));
  const target = addressText(style, addressAt(bytes, 24));
  const operation = u16(bytes, 6);
  const length = `, length ${bytes.length}`;
  if (operation === 2)
    return `${kind}Reply ${sender} is-at ${macText(style, macFromBytes(bytes.subarray(8, 14)))}${length}`;
  if (operation !== 1) return `${kind}Unknown (${operation ?? 0})${length}`;
  const hardware = bytes.subarray(18, 24);
  const known = hardware.some((byte) => byte !== 0) ? ` (${macText(style, macFromBytes(hardware))})` : '';
  return `${kind}Request who-has ${target}${known} tell ${sender}${length}`;
}

const ARP = 28;

/**
 * An Ethernet frame inside another packet (VXLAN).
 * @param length what the outer headers leave for it, which may be more than was captured
 */
export function innerFrameText(bytes: Uint8Array, length: number, style: Style): string {
  if (bytes.length < ETHERNET) return '[|ether]';
  const etherType = u16(bytes, 12) ?? 0;
  const ends = { source: macFromBytes(bytes.subarray(6, 12)), destination: macFromBytes(bytes) };
  const head = style.linkHeader ? ethernetText(ends, { etherType, length }, style) : '';
  return head + networkText({ etherType, bytes: bytes.subarray(ETHERNET), length: length - ETHERNET }, style);
}
