import { describe, expect, test } from 'vitest';
import { utf8Text } from '../../base/bytes.ts';
import { formatIpv4, ipv4 } from '../../model/ip.ts';
import type { TcpSegment } from '../../model/packet.ts';
import { packetLength } from '../../model/wire-length.ts';
import { decodeFrame, encodeFrame } from '../../model/wire.ts';
import { DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import { udpProbe } from './exchange.ts';
import type { HttpServer } from './netns.ts';

const WEB0 = 'pod/default/web-0';
const lab = (): DrivenLab => new DrivenLab(referenceLab());

/** The segments a capture on the pod's eth0 shows. */
const segments = (driven: DrivenLab): readonly { readonly from: string; readonly tcp: TcpSegment }[] =>
  driven.frames.flatMap(({ netns, device, frame: { payload } }) =>
    netns === WEB0 && device === 'eth0' && payload.kind === 'ipv4' && payload.payload.kind === 'tcp'
      ? [{ from: formatIpv4(payload.source), tcp: payload.payload }]
      : [],
  );

const flagsText = ({ flags, payload }: TcpSegment): string =>
  (['syn', 'fin', 'rst', 'psh', 'ack'] as const).filter((flag) => flags[flag]).join('+') +
  (payload.length > 0 ? ` ${payload.length}` : '');

describe('curl', () => {
  test('ten segments, with the options and windows Linux sends (MSS and windows: fact sheet linux.md 4 (c))', () => {
    const driven = lab();
    expect(driven.curl(WEB0, '203.0.113.10').kind).toBe('timeout');
    const outcome = driven.curl(WEB0, '10.244.135.1');
    expect(outcome).toMatchObject({
      kind: 'response',
      status: 200,
      body: 'web-4 on node3 saw 10.244.166.129\n',
    });
    expect(segments(driven).map(({ from, tcp }) => `${from} ${flagsText(tcp)}`)).toEqual([
      '10.244.166.129 syn',
      '10.244.135.1 syn+ack',
      '10.244.166.129 ack',
      '10.244.166.129 psh+ack 76',
      '10.244.135.1 ack',
      '10.244.135.1 psh+ack 114',
      '10.244.166.129 ack',
      '10.244.166.129 fin+ack',
      '10.244.135.1 fin+ack',
      '10.244.166.129 ack',
    ]);
    const [syn, synAck, ack] = segments(driven).map(({ tcp }) => tcp);
    expect(syn?.window).toBe(64860);
    expect(
      syn?.options.map((option) => (option.kind === 'mss' ? `mss ${option.value}` : option.kind)),
    ).toEqual(['mss 1410', 'sack-permitted', 'timestamps', 'nop', 'window-scale']);
    expect(synAck?.acknowledgement).toBe(((syn?.sequence ?? 0) + 1) >>> 0);
    expect(ack?.window).toBe(64);
  });

  test('a closed port refuses with a reset', () => {
    const driven = lab();
    expect(driven.curl(WEB0, '10.244.135.1', { port: 81 }).kind).toBe('refused');
    expect(segments(driven).map(({ tcp }) => flagsText(tcp))).toEqual(['syn', 'rst+ack']);
  });

  test('no way: what connect() says', () => {
    expect(lab().curl('node/node1', '10.244.166.168')).toMatchObject({
      kind: 'unreachable',
      error: 'invalid',
    });
    expect(lab().curl('node/node1', '198.51.100.9')).toMatchObject({
      kind: 'unreachable',
      error: 'net-unreachable',
    });
    expect(lab().curl('node/node1', '10.0.0.77')).toMatchObject({
      kind: 'unreachable',
      error: 'host-unreachable',
    });
    expect(lab().curl(WEB0, '10.244.166.168').kind).toBe('timeout');
  });

  test('a long answer to a pod with too large an MTU: the server learns the path MTU and cuts smaller', () => {
    const body = 'x'.repeat(4000);
    const serves: HttpServer = { kind: 'http', body };
    const driven = new DrivenLab(referenceLab({ podMtu: 1500 })).change('pod/default/web-4', () => ({
      listeners: [{ protocol: 'tcp', port: 80, serves }],
    }));
    const outcome = driven.curl(WEB0, '10.244.135.1');
    expect(outcome).toMatchObject({ kind: 'response', body });
    const data = segments(driven).filter(
      ({ from, tcp }) => from === '10.244.135.1' && tcp.payload.length > 0,
    );
    expect(data.map(({ tcp }) => utf8Text(tcp.payload)).join('')).toContain(body);
    expect(driven.memory('pod/default/web-4').pathMtu.size).toBe(1);
  });
});

test('UDP: an echo server returns the datagram', () => {
  const driven = lab().change('pod/default/web-4', () => ({
    listeners: [{ protocol: 'udp', port: 33435, serves: { kind: 'echo' } }],
  }));
  expect(pingLine(driven.probe('pod/default/web-5', '10.244.135.1', 1))).toBe('From 10.0.1.13 ttl-exceeded');
  const open = lab().change('pod/default/web-4', () => ({
    listeners: [{ protocol: 'udp', port: 33434 + 64, serves: { kind: 'echo' } }],
  }));
  expect(pingLine(open.probe(WEB0, '10.244.135.1', 64))).toBe('32 bytes from 10.244.135.1: ttl=62');
});

describe('a datagram that does not fit the path', () => {
  /** Lengths of what passes the eth0 of one stack, in one direction. */
  const lengths = (driven: DrivenLab, at: string, wanted: 'in' | 'out'): readonly string[] =>
    driven.frames.flatMap(({ netns, device, direction, frame: { payload } }) =>
      netns === at && device === 'eth0' && direction === wanted && payload.kind === 'ipv4'
        ? [`${packetLength(payload)}${payload.dontFragment ? ' DF' : ''}`]
        : [],
    );
  const asked = (driven: DrivenLab, to: string, size: number): void => {
    const { frames } = udpProbe(driven.network, {
      from: WEB0,
      to: ipv4(to),
      sourcePort: 40_000,
      destinationPort: 7,
      ttl: 64,
      dataLength: size,
      data: new Uint8Array(size),
    });
    driven.frames = frames;
  };
  const echoing = (options: Parameters<typeof referenceLab>[0]): DrivenLab =>
    new DrivenLab(referenceLab(options)).change('host/outside', () => ({
      listeners: [{ protocol: 'udp', port: 7, serves: { kind: 'echo' } }],
    }));

  test('leaves in fragments without DF; a small one leaves whole, with DF', () => {
    const driven = lab();
    asked(driven, '10.244.135.1', 2972);
    expect(lengths(driven, WEB0, 'out')).toEqual(['1444', '1444', '152']);
    asked(driven, '10.244.135.1', 56);
    expect(lengths(driven, WEB0, 'out')).toEqual(['84 DF']);
  });

  // Compared with Linux 6.18: conntrack's defragmentation, then ip_do_fragment.
  test('is cut anew by a node that tracks connections', () => {
    const driven = echoing({ natOutgoing: true });
    asked(driven, '203.0.113.10', 2972);
    expect(lengths(driven, 'node/node1', 'in')).toEqual(['1500', '1500', '40']);
    expect(lengths(driven, WEB0, 'in')).toEqual(['1444', '1444', '152']);
  });
});

test('an ICMP error that the kernel may not send is not sent: a blackhole is silent, an error provokes no error', () => {
  const outcome = lab().ping(WEB0, '10.244.135.40');
  expect(outcome.traces.length).toBe(1);
});

test('every frame of every exchange is a frame on a real wire', () => {
  const driven = new DrivenLab(referenceLab({ natOutgoing: true }));
  const exchanges = [
    () => driven.ping(WEB0, '10.244.135.1', { dataLength: 3000 }),
    () => driven.curl(WEB0, '203.0.113.10'),
    () => driven.probe(WEB0, '10.244.135.1', 2),
  ];
  for (const exchange of exchanges) {
    exchange();
    expect(driven.frames.length).toBeGreaterThan(0);
    for (const { frame } of driven.frames) expect(decodeFrame(encodeFrame(frame)).ok).toBe(true);
  }
});
