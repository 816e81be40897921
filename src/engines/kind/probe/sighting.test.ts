import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import { parseMac, ZERO_MAC } from '../../../model/mac.ts';
import type { Frame, IpPacket, Ipv4Packet } from '../../../model/packet.ts';
import { anyDevicePcapFile, pcapFile } from '../../../model/pcap.ts';
import { CaptureReader, StrangeCapture } from './capture-file.ts';
import { sightingOf, type Sighting } from './sighting.ts';

const MARKER = 0xdeadbeef;
const MAC = parseMac('02:00:0a:00:00:0b') ?? ZERO_MAC;

const packet = (payload: Ipv4Packet['payload'], change: Partial<Ipv4Packet> = {}): Ipv4Packet => ({
  ...{ kind: 'ipv4', source: ipv4('10.244.166.129'), destination: ipv4('10.244.135.1') },
  ...{ ttl: 63, tos: 0, id: 7, dontFragment: true, payload },
  ...change,
});

const frame = (payload: IpPacket): Frame => ({ source: MAC, destination: MAC, payload });

const tcp = (change: object = {}): Ipv4Packet =>
  packet({
    ...{ kind: 'tcp', sourcePort: 40_000, destinationPort: 80, sequence: MARKER, acknowledgement: 0 },
    ...{ flags: { syn: true }, window: 64_240, options: [], payload: new Uint8Array() },
    ...change,
  });

const underlay = { source: ipv4('10.0.0.11'), destination: ipv4('10.0.1.13') };

function sightingsIn(...packets: readonly IpPacket[]): readonly (Sighting | undefined)[] {
  const records = packets.map((each, at) => ({
    ...{ time: 1_000 + at, frame: frame(each), interfaceIndex: 3, direction: 'out' as const },
  }));
  return new CaptureReader()
    .read(anyDevicePcapFile(records))
    .map((each) => sightingOf('node/node1', each, MARKER));
}

describe('a probe is known again', () => {
  test('by its first sequence number, wherever it is going', () => {
    expect(sightingsIn(tcp())[0]).toMatchObject({
      ...{
        at: 'node/node1',
        device: 3,
        direction: 'out',
        way: 'there',
        encapsulation: 'none',
        time: 1_000_000,
      },
      packet: { source: '10.244.166.129', destination: '10.244.135.1', ttl: 63, length: 40 },
    });
  });

  test('by the number that an answer counts from, the last one too', () => {
    const answer = { sequence: 5, acknowledgement: MARKER + 1, flags: { syn: true, ack: true } };
    expect(sightingsIn(tcp(answer))[0]).toMatchObject({ way: 'back' });
    expect(sightingsIn(tcp({ ...answer, flags: { rst: true, ack: true } }))[0]).toMatchObject({
      way: 'back',
    });
  });

  test('inside VXLAN and inside IP in IP', () => {
    const vxlan = packet(
      {
        kind: 'udp',
        sourcePort: 51_000,
        destinationPort: 4789,
        payload: { kind: 'vxlan', vni: 4096, inner: frame(tcp()) },
      },
      underlay,
    );
    const outer = { source: '10.0.0.11', destination: '10.0.1.13' };
    expect(sightingsIn(vxlan, packet(tcp(), underlay))).toMatchObject([
      { way: 'there', encapsulation: 'vxlan', outer, length: 90, packet: { source: '10.244.166.129' } },
      { way: 'there', encapsulation: 'ipip', outer, length: 60, packet: { source: '10.244.166.129' } },
    ]);
  });

  test('in an error that quotes it', () => {
    const error = packet({ kind: 'icmp-error', error: 'ttl-exceeded', original: tcp() });
    expect(sightingsIn(error)[0]).toMatchObject({ way: 'error' });
  });

  test('and nothing else is taken for it', () => {
    expect(sightingsIn(tcp({ sequence: 1 }), tcp({ flags: { ack: true }, acknowledgement: 1 }))).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a capture', () => {
  const file = anyDevicePcapFile([{ time: 1, frame: frame(tcp()), interfaceIndex: 3, direction: 'in' }]);

  test('may come in pieces of any size', () => {
    const reader = new CaptureReader();
    const packets = [...file].flatMap((byte) => reader.read(new Uint8Array([byte])));
    expect(packets).toEqual(new CaptureReader().read(file));
    expect(packets).toHaveLength(1);
  });

  test('of another kind is refused', () => {
    expect(() => new CaptureReader().read(pcapFile([]))).toThrow(StrangeCapture);
    expect(() => new CaptureReader().read(new Uint8Array(64))).toThrow(StrangeCapture);
  });
});
