/** Packets of `tcpdump -i any -w -` as they come: classic pcap with LINUX_SLL2 headers (tcpdump.org, link type 276). */
export interface CapturedPacket {
  /** Interface index. */
  readonly device: number;
  readonly direction: 'in' | 'out';
  /** The frame was for another machine. */
  readonly foreign: boolean;
  /** Microseconds since 1970. */
  readonly time: number;
  /** From the IP header on. */
  readonly bytes: Uint8Array;
}

/** What came is no such file. */
export class StrangeCapture extends Error {}

const MAGIC = 0xa1b2c3d4;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const SLL2_HEADER = 20;
const SLL2 = 276;
const ETHERTYPES: ReadonlySet<number> = new Set([0x0800, 0x86dd]);
/** linux/if_packet.h */
const OTHER_HOST = 3;
const OUTGOING = 4;

export class CaptureReader {
  #unread = new Uint8Array();
  #littleEndian: boolean | undefined;

  /** What is whole now. @throws StrangeCapture */
  read(chunk: Uint8Array): readonly CapturedPacket[] {
    let rest = joined(this.#unread, chunk);
    if (this.#littleEndian === undefined && rest.length >= FILE_HEADER) {
      this.#littleEndian = orderOf(rest);
      rest = rest.subarray(FILE_HEADER);
    }
    const packets: CapturedPacket[] = [];
    while (this.#littleEndian !== undefined && rest.length >= RECORD_HEADER) {
      const view = viewOf(rest);
      const end = RECORD_HEADER + view.getUint32(8, this.#littleEndian);
      if (rest.length < end) break;
      const time = view.getUint32(0, this.#littleEndian) * 1e6 + view.getUint32(4, this.#littleEndian);
      packets.push(...packetOf(rest.subarray(RECORD_HEADER, end), time));
      rest = rest.subarray(end);
    }
    this.#unread = Uint8Array.from(rest);
    return packets;
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const both = new Uint8Array(before.length + after.length);
  both.set(before);
  both.set(after, before.length);
  return both;
}

/** tcpdump writes in the order of its machine. */
function orderOf(header: Uint8Array): boolean {
  const view = viewOf(header);
  const littleEndian = view.getUint32(0, true) === MAGIC;
  if (!littleEndian && view.getUint32(0) !== MAGIC) throw new StrangeCapture('it is no pcap file');
  const link = view.getUint32(20, littleEndian);
  if (link !== SLL2) throw new StrangeCapture(`its link type is ${link}, not LINUX_SLL2`);
  return littleEndian;
}

function packetOf(record: Uint8Array, time: number): readonly CapturedPacket[] {
  if (record.length < SLL2_HEADER) return [];
  const view = viewOf(record);
  if (!ETHERTYPES.has(view.getUint16(0))) return [];
  const to = view.getUint8(10);
  return [
    {
      device: view.getUint32(4),
      direction: to === OUTGOING ? 'out' : 'in',
      foreign: to === OTHER_HOST,
      time,
      bytes: Uint8Array.from(record.subarray(SLL2_HEADER)),
    },
  ];
}
