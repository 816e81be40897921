/**
 * Capture files: the packets of a pcap file as the printer takes them, and captured frames as the bytes of a file.
 * Format: classic pcap in either byte order, link types EN10MB (1), RAW (101) and LINUX_SLL2 (276).
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { macFromBytes } from '../../../model/mac.ts';
import { ETHERTYPE_IPV4, u16, u32, type Captured, type LinkHeader } from './packet-view.ts';

export type LinkType = 1 | 101 | 276;

export const LINK_TYPE_NAMES: Readonly<Record<LinkType, string>> = {
  1: 'EN10MB (Ethernet)',
  101: 'RAW (Raw IP)',
  276: 'LINUX_SLL2 (Linux cooked v2)',
};

export interface CaptureFile {
  readonly linkType: LinkType;
  readonly snapshotLength: number;
  readonly packets: readonly Captured[];
}

/**
 * The packets, or what tcpdump says of the file.
 * @param deviceName what an interface index of a LINUX_SLL2 file is called here
 */
export function readCaptureFile(
  bytes: Uint8Array,
  deviceName: (index: number) => string,
): Result<CaptureFile, string> {
  if (bytes.length < 24) return err('unknown file format');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint32(0, true) === MAGIC;
  if (!little && view.getUint32(0, false) !== MAGIC) return err('unknown file format');
  const linkType = view.getUint32(20, little);
  if (linkType !== 1 && linkType !== 101 && linkType !== 276)
    return err(`unsupported data link type ${linkType}`);
  const packets: Captured[] = [];
  for (let at = 24; at + 16 <= bytes.length;) {
    const seconds = view.getUint32(at, little);
    const micros = view.getUint32(at + 4, little);
    const length = view.getUint32(at + 8, little);
    const whole = bytes.subarray(at + 16, at + 16 + length);
    packets.push(readPacket(whole, linkType, { time: seconds * 1000 + micros / 1000, deviceName }));
    at += 16 + length;
  }
  return ok({ linkType, snapshotLength: view.getUint32(16, little), packets });
}

const MAGIC = 0xa1b2c3d4;
const ETHERNET_HEADER = 14;
const COOKED_HEADER = 20;

export interface PacketSurroundings {
  readonly time: number;
  deviceName(index: number): string;
}

/** One packet of a link type, taken apart. */
export function readPacket(
  whole: Uint8Array,
  linkType: LinkType,
  { time, deviceName }: PacketSurroundings,
): Captured {
  if (linkType === 101)
    return { time, link: { kind: 'raw' }, etherType: ETHERTYPE_IPV4, bytes: whole, whole };
  if (linkType === 1) {
    const link: LinkHeader = {
      kind: 'ethernet',
      source: macFromBytes(whole.subarray(6, 12)),
      destination: macFromBytes(whole),
    };
    return { time, link, etherType: u16(whole, 12) ?? 0, bytes: whole.subarray(ETHERNET_HEADER), whole };
  }
  const ifindex = u32(whole, 4) ?? 0;
  const link: LinkHeader = {
    kind: 'cooked',
    device: deviceName(ifindex),
    ifindex,
    direction: PACKET_TYPES[whole[10] ?? 0] ?? 'P',
    source: macFromBytes(whole.subarray(12, 18)),
  };
  return { time, link, etherType: u16(whole, 0) ?? 0, bytes: whole.subarray(COOKED_HEADER), whole };
}

const PACKET_TYPES: readonly (LinkHeader & { readonly kind: 'cooked' })['direction'][] = [
  'In',
  'B',
  'M',
  'P',
  'Out',
];
