/**
 * Capture files as `tcpdump -w` writes them: classic pcap, microseconds, little-endian, snapshot length 262144.
 * Link types and the LINUX_SLL2 header: tcpdump.org "Link-layer header types" (EN10MB 1, LINUX_SLL2 276).
 */
import { ByteWriter, concatBytes } from '../base/bytes.ts';
import { BROADCAST_MAC, isMulticastMac, macToBytes } from './mac.ts';
import type { Frame } from './packet.ts';
import { encodeFrame, ETHERTYPE } from './wire-encode.ts';
import { ETHERNET_HEADER } from './wire-length.ts';

const SNAPSHOT_LENGTH = 262144;
const LINKTYPE_EN10MB = 1;
const LINKTYPE_LINUX_SLL2 = 276;

export interface PcapRecord {
  /** Milliseconds since 1970-01-01T00:00:00Z; fractions are microseconds. */
  readonly time: number;
  readonly frame: Frame;
}

/** A frame as `tcpdump -i any` sees it: the Ethernet header is replaced by what the kernel knows about it. */
export interface AnyDeviceRecord extends PcapRecord {
  readonly interfaceIndex: number;
  readonly direction: 'in' | 'out';
  /** ARPHRD of the device: 1 Ethernet, 772 loopback, 768 IP-in-IP tunnel. 1 unless said. */
  readonly hardware?: number;
}

/** A capture on one Ethernet device. */
export function pcapFile(records: readonly PcapRecord[]): Uint8Array {
  return file(
    LINKTYPE_EN10MB,
    records.map(({ time, frame }) => record(time, encodeFrame(frame))),
  );
}

/** A capture with `-i any`. */
export function anyDevicePcapFile(records: readonly AnyDeviceRecord[]): Uint8Array {
  return file(
    LINKTYPE_LINUX_SLL2,
    records.map((each) => record(each.time, cooked(each))),
  );
}

function file(linkType: number, records: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAPSHOT_LENGTH, true);
  view.setUint32(20, linkType, true);
  return concatBytes([header, ...records]);
}

function record(time: number, packet: Uint8Array): Uint8Array {
  const micros = Math.round(time * 1000);
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint32(0, Math.floor(micros / 1_000_000), true);
  view.setUint32(4, micros % 1_000_000, true);
  view.setUint32(8, packet.length, true);
  view.setUint32(12, packet.length, true);
  return concatBytes([header, packet]);
}

const PACKET_HOST = 0;
const PACKET_BROADCAST = 1;
const PACKET_MULTICAST = 2;
const PACKET_OUTGOING = 4;

function cooked({ frame, interfaceIndex, direction, hardware = 1 }: AnyDeviceRecord): Uint8Array {
  const toAll = frame.destination === BROADCAST_MAC ? PACKET_BROADCAST : PACKET_MULTICAST;
  const incoming = isMulticastMac(frame.destination) ? toAll : PACKET_HOST;
  const packet = encodeFrame(frame).subarray(ETHERNET_HEADER);
  return new ByteWriter(20 + packet.length)
    .u16(ETHERTYPE[frame.payload.kind])
    .u16(0)
    .u32(interfaceIndex)
    .u16(hardware)
    .u8(direction === 'out' ? PACKET_OUTGOING : incoming)
    .u8(6)
    .raw(macToBytes(frame.source))
    .u16(0)
    .raw(packet).bytes;
}
