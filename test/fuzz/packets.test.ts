/** Bytes on the wire: damaged frames, BGP and DNS messages, and protobuf bodies; what is read is written and printed again. */
import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from '../../src/engines/sim/protobuf.ts';
import { decodeBgp, splitBgp } from '../../src/model/bgp-decode.ts';
import { encodeBgp } from '../../src/model/bgp-encode.ts';
import { END_OF_RIB_6, KEEPALIVE, UNICAST } from '../../src/model/bgp.ts';
import { decodeDns, DNS_TYPE, encodeDns } from '../../src/model/dns.ts';
import { cidr, ipv4 } from '../../src/model/ip.ts';
import { cidr6, ipv6, ipv6ToBytes } from '../../src/model/ipv6.ts';
import { decodeFrame, encodeFrame, frameLength } from '../../src/model/wire.ts';
import { DrivenLab } from '../../src/sim/fabric/driven-lab.ts';
import { dualStackLab } from '../../src/sim/fabric/dual-stack-lab.ts';
import { referenceLab } from '../../src/sim/fabric/reference-lab.ts';
import { packetText } from '../../src/sim/shell/tcpdump/print-link.ts';
import type { Style } from '../../src/sim/shell/tcpdump/print-style.ts';
import { withstands } from './budget.ts';
import { mutatedBytes } from './mutation.ts';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const POD = 'pod/default/web-0';

/** ARP, echoes, fragments, tunnelled packets, ICMP errors and a TCP connection, as they cross the reference lab. */
function frames4(): readonly Uint8Array[] {
  const driven = new DrivenLab(referenceLab());
  return framesOf(driven, [
    () => driven.ping(POD, '10.0.1.13'),
    () => driven.ping('host/outside', '10.244.166.129', { dataLength: 2972 }),
    () => driven.probe(POD, '10.0.1.13', 1),
    () => driven.probe(POD, '10.0.1.13', 64),
    () => driven.curl(POD, '203.0.113.10'),
  ]);
}

/** The same of IPv6, with neighbour discovery in the place of ARP. */
function frames6(): readonly Uint8Array[] {
  const driven = new DrivenLab(dualStackLab({ natOutgoing: true }));
  return framesOf(driven, [
    () => driven.ping(POD, 'fd00:b::13'),
    () => driven.ping(POD, 'fd00:10:244:3::c1'),
    () => driven.ping(POD, 'fd00:10:244:3::c1', { dataLength: 2952 }),
    () => driven.ping(POD, 'fd00:10:244:3::c1', { dataLength: 1402, pmtuDiscovery: 'do' }),
    () => driven.ping('node/node1', 'fd00:a::99'),
    () => driven.probe(POD, 'fd00:b::13', 1),
    () => driven.probe(POD, 'fd00:b::13', 64),
    () => driven.curl(POD, '2001:db8:113::10'),
    () => driven.curl(POD, 'fd00:10:244:3::c1'),
  ]).filter((bytes) => bytes[12] === 0x86);
}

const framesOf = (driven: DrivenLab, exchanges: readonly (() => unknown)[]): readonly Uint8Array[] =>
  exchanges.flatMap((exchange) => {
    exchange();
    return driven.frames.map(({ frame }) => encodeFrame(frame));
  });

const style: Style = {
  linkHeader: true,
  verbose: 2,
  quick: false,
  absoluteSequence: false,
  numeric: false,
  nameOf: () => undefined,
  conversations: new Map(),
};

describe.each([
  { name: 'the reference lab', corpus: frames4() },
  { name: 'IPv6', corpus: frames6() },
])('frames of $name', ({ corpus }) => {
  test('are of every kind', () => expect(corpus.length).toBeGreaterThan(40));

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
  const route6 = { prefix: cidr6('fd00:10:244:1::40/122') };
  const attributes6 = {
    origin: 'IGP',
    asPath: [{ type: 'sequence', numbers: [64512, 4_200_000_001] }],
    nextHop: ipv6('fd00:a::11'),
    localPref: 100,
    communities: [[64512, 100]],
  } as const;
  const bgp6 = [
    encodeBgp({
      kind: 'open',
      asNumber: 64512,
      holdTime: 240,
      routerId: ipv4('10.0.0.11'),
      capabilities: [
        { kind: 'multiprotocol', ...UNICAST[6] },
        {
          kind: 'graceful-restart',
          restarting: true,
          time: 120,
          families: [{ ...UNICAST[6], forwarding: true }],
        },
        { kind: 'add-path', families: [{ ...UNICAST[6], mode: 3 }] },
      ],
    }),
    encodeBgp({ kind: 'update', family: 6, withdrawn: [], announced: [route6], attributes: attributes6 }),
    encodeBgp({
      kind: 'update',
      family: 6,
      withdrawn: [],
      announced: [route6, { prefix: cidr6('::/0') }],
      attributes: { ...attributes6, linkLocal: ipv6('fe80::aff:fe00:b') },
    }),
    encodeBgp({ kind: 'update', family: 6, withdrawn: [route6, route6], announced: [] }),
    encodeBgp(END_OF_RIB_6),
  ];

  test.each([
    { name: 'BGP', corpus: bgp },
    { name: 'BGP about IPv6', corpus: bgp6 },
  ])('of $name are read or refused with the code that a speaker answers, and written again', ({ corpus }) => {
    withstands({
      make: (chance) => mutatedBytes(chance, corpus),
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
    const answer = encodeDns({
      id: 7,
      response: true,
      authoritative: true,
      recursionDesired: true,
      recursionAvailable: false,
      code: 0,
      questions: [{ name: 'web.default.svc.cluster.local', type: DNS_TYPE.AAAA }],
      answers: [
        {
          name: 'web.default.svc.cluster.local',
          type: DNS_TYPE.AAAA,
          ttl: 30,
          data: ipv6ToBytes(ipv6('fd00:10:96::a')),
        },
      ],
      authorities: [],
      additionals: [],
    });
    withstands({ make: (chance) => mutatedBytes(chance, [query, answer]), read: decodeDns, show: hexOf });
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
