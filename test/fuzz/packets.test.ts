/** Bytes on the wire: damaged frames, BGP and DNS messages, and protobuf bodies; what is read is written and printed again. */
import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from '../../src/engines/sim/protobuf.ts';
import { decodeBgp, splitBgp } from '../../src/model/bgp-decode.ts';
import { encodeBgp } from '../../src/model/bgp-encode.ts';
import { KEEPALIVE } from '../../src/model/bgp.ts';
import { decodeDns, DNS_TYPE, encodeDns } from '../../src/model/dns.ts';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import { decodeFrame, encodeFrame, frameLength } from '../../src/model/wire.ts';
import { DrivenLab } from '../../src/sim/fabric/driven-lab.ts';
import { referenceLab } from '../../src/sim/fabric/reference-lab.ts';
import { packetText } from '../../src/sim/shell/tcpdump/print-link.ts';
import type { Style } from '../../src/sim/shell/tcpdump/print-style.ts';
import { withstands } from './budget.ts';
import { mutatedBytes } from './mutation.ts';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const POD = 'pod/default/web-0';

/** ARP, echoes, fragments, tunnelled packets, ICMP errors and a TCP connection, as they cross the reference lab. */
function frames(): readonly Uint8Array[] {
  const driven = new DrivenLab(referenceLab());
  const exchanges = [
    () => driven.ping(POD, '10.0.1.13'),
    () => driven.ping('host/outside', '10.244.166.129', { dataLength: 2972 }),
    () => driven.probe(POD, '10.0.1.13', 1),
    () => driven.probe(POD, '10.0.1.13', 64),
    () => driven.curl(POD, '203.0.113.10'),
  ];
  return exchanges.flatMap((exchange) => {
    exchange();
    return driven.frames.map(({ frame }) => encodeFrame(frame));
  });
}

const style: Style = {
  linkHeader: true,
  verbose: 2,
  quick: false,
  absoluteSequence: false,
  numeric: false,
  nameOf: () => undefined,
  conversations: new Map(),
};

describe('frames', () => {
  const corpus = frames();
  test('of the reference lab are of every kind', () => expect(corpus.length).toBeGreaterThan(40));

  test('are read or refused, and what was read is written at its length', () => {
    withstands({
      make: (chance) => mutatedBytes(chance, corpus),
      read: (bytes) => {
        const frame = decodeFrame(bytes);
        if (!frame.ok) return;
        const written = encodeFrame(frame.value);
        if (written.length !== frameLength(frame.value)) throw new Error(`${written.length} bytes written`);
      },
      show: hexOf,
    });
  });

  test('are printed by tcpdump however they are damaged', () => {
    withstands({
      make: (chance) => mutatedBytes(chance, corpus),
      read: (whole) =>
        packetText(
          {
            time: 0,
            link: { kind: 'ethernet', source: '02:00:0a:00:00:0b', destination: '02:00:0a:00:00:0c' },
            etherType: ((whole[12] ?? 0) << 8) | (whole[13] ?? 0),
            bytes: whole.subarray(14),
            whole,
          },
          style,
        ),
      show: hexOf,
    });
  });
});

describe('messages', () => {
  const route = { prefix: cidr('10.244.166.128/26') };
  const bgp = [
    encodeBgp(KEEPALIVE),
    encodeBgp({
      kind: 'open',
      asNumber: 64512,
      holdTime: 240,
      routerId: ipv4('10.0.0.11'),
      capabilities: [{ kind: 'as4', asNumber: 64512 }],
    }),
    encodeBgp({
      kind: 'update',
      withdrawn: [route],
      announced: [route],
      attributes: {
        origin: 'IGP',
        asPath: [{ type: 'sequence', numbers: [64512, 64513] }],
        nextHop: ipv4('10.0.0.11'),
        localPref: 100,
      },
    }),
  ];

  test('of BGP are read or refused with the code that a speaker answers, and written again', () => {
    withstands({
      make: (chance) => mutatedBytes(chance, bgp),
      read: (bytes) => {
        const stream = splitBgp(bytes);
        for (const message of stream.ok ? stream.value.messages : []) {
          const read = decodeBgp(message);
          if (read.ok) encodeBgp(read.value);
        }
      },
      show: hexOf,
    });
  });

  test('of DNS are read or not', () => {
    const query = encodeDns({
      id: 7,
      response: false,
      authoritative: false,
      recursionDesired: true,
      recursionAvailable: false,
      code: 0,
      questions: [{ name: 'web.default.svc.cluster.local', type: DNS_TYPE.A }],
      answers: [],
      authorities: [],
      additionals: [],
    });
    withstands({ make: (chance) => mutatedBytes(chance, [query]), read: decodeDns, show: hexOf });
  });

  test('in protobuf are read or refused', () => {
    // k8s\0, then Unknown{typeMeta{v1, Namespace}, raw Namespace{metadata{name: a}}}
    const body = Uint8Array.from(
      Buffer.from('6b3873000a0f0a02763112094e616d6573706163651205 0a030a0161'.replace(' ', ''), 'hex'),
    );
    expect(decodeProtobuf(body)).toMatchObject({ ok: true });
    withstands({ make: (chance) => mutatedBytes(chance, [body]), read: decodeProtobuf, show: hexOf });
  });
});
