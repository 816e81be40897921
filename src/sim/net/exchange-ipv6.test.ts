import { describe, expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { ipv6 } from '../../model/ipv6.ts';
import { DrivenLab } from '../fabric/driven-lab.ts';
import { dualStackLab, inInet6 } from '../fabric/dual-stack-lab.ts';
import { countRules } from './rule-counters.ts';

const WEB0 = 'pod/default/web-0';
const WEB4 = 'fd00:10:244:3::c1';
const OUTSIDE = '2001:db8:113::10';

const lab = (): DrivenLab => new DrivenLab(dualStackLab({ natOutgoing: true }));

describe('errors', () => {
  test.each([
    [WEB4, ['fd00:10:244:1::40', 'fd00:10:244:3::c0', WEB4]],
    [OUTSIDE, ['fd00:10:244:1::40', 'fd00:a::1', OUTSIDE]],
  ])('traceroute -6 to %s', (to, hops) => {
    const driven = lab();
    expect(
      hops.map((_, at) => {
        const { reply } = driven.probe(WEB0, to, at + 1);
        return reply.kind === 'icmp-error' ? formatIp(reply.from) : reply.kind;
      }),
    ).toEqual(hops);
  });

  test('six at once, then as many as the way back is wide: one in 60 ms by a default route', () => {
    const driven = lab();
    const burst = (count: number): string =>
      Array.from({ length: count }, () =>
        driven.probe('host/outside', WEB4, 1).reply.kind === 'silence' ? '.' : '!',
      ).join('');
    expect(burst(8)).toBe('!!!!!!..');
    expect(driven.wait(250).probe('host/outside', WEB4, 1).reply.kind).toBe('icmp-error');
  });

  test('REJECT answers that the port is unreachable', () => {
    const guarded = lab().change(
      'host/outside',
      inInet6(({ netfilter }) => ({
        netfilter: {
          ...netfilter,
          tables: {
            filter: [
              {
                name: 'INPUT',
                policy: 'ACCEPT',
                rules: [
                  {
                    matches: [{ kind: 'protocol', protocol: 6 }],
                    target: { kind: 'reject' },
                  },
                ],
              },
            ],
          },
        },
      })),
    );
    expect(guarded.curl(WEB0, OUTSIDE)).toMatchObject({ kind: 'refused' });
  });
});

describe('sockets', () => {
  test('HTTP over IPv6, masqueraded on its way out', () => {
    expect(lab().curl(WEB0, WEB4)).toMatchObject({
      kind: 'response',
      body: 'web-4 on node3 saw fd00:10:244:1::41\n',
    });
    expect(lab().curl(WEB0, OUTSIDE)).toMatchObject({ kind: 'response', body: 'outside saw fd00:a::11\n' });
  });

  test('one that is bound to an address of IPv4 does not hear', () => {
    const bound = lab().change('host/outside', ({ listeners, devices }) => ({
      listeners: listeners.map((listener) => ({
        ...listener,
        address: devices[1]?.addresses[0]?.address ?? ipv6('::'),
      })),
    }));
    expect(bound.curl('node/node1', '203.0.113.10')).toMatchObject({ kind: 'response' });
    expect(bound.curl('node/node1', OUTSIDE)).toMatchObject({ kind: 'refused' });
  });

  test('the segments of a connection say what fits', () => {
    const driven = lab();
    driven.curl(WEB0, WEB4);
    const [syn] = driven.frames.flatMap(({ frame: { payload } }) =>
      payload.kind === 'ipv6' && payload.payload.kind === 'tcp' ? [payload.payload] : [],
    );
    expect(syn?.options[0]).toEqual({ kind: 'mss', value: 1370 });
  });

  test('connections of both families stand in one table', () => {
    const driven = lab();
    driven.ping(WEB0, OUTSIDE);
    driven.ping(WEB0, '203.0.113.10');
    const [own, other] = driven.memory('node/node1').conntrack;
    expect([own, other].map((entry) => entry?.protocol)).toEqual(['icmpv6', 'icmp']);
    expect(own).toMatchObject({
      original: { source: ipv6('fd00:10:244:1::41'), destination: ipv6(OUTSIDE) },
      reply: { source: ipv6(OUTSIDE), destination: ipv6('fd00:a::11') },
      replied: true,
    });
  });
});

describe('what rules count and write', () => {
  const watched = inInet6(({ netfilter }) => ({
    netfilter: {
      ...netfilter,
      tables: {
        filter: [
          {
            name: 'FORWARD',
            policy: 'ACCEPT',
            rules: [
              {
                matches: [
                  { kind: 'protocol', protocol: 58 },
                  { kind: 'icmp-type', type: 128 },
                ],
                target: { kind: 'log', prefix: 'seen: ', level: 4 },
              },
            ],
          },
        ],
      },
    },
  }));

  test('packets of IPv6 count for the tables of IPv6', () => {
    const driven = lab().change('router/router', watched);
    const { traces } = driven.ping('node/node1', OUTSIDE);
    driven.ping('node/node1', '203.0.113.10');
    const counted = countRules(traces.map(({ steps }) => steps)).get('router/router');
    expect([...(counted ?? [])]).toEqual([
      [
        'ip6 filter -A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j LOG --log-prefix "seen: "',
        { packets: 1, bytes: 104 },
      ],
    ]);
  });

  test('a line of the kernel log writes addresses in full', () => {
    const driven = lab().change('router/router', watched);
    driven.ping('node/node1', OUTSIDE);
    expect(
      driven.memory('router/router').kernelLog.map(({ text }) => text.replace(/FLOWLBL=\d+/, 'FLOWLBL=n')),
    ).toEqual([
      'seen: IN=eth0 OUT=eth2 MAC=02:00:0a:00:00:01:02:00:0a:00:00:0b:86:dd SRC=fd00:000a:0000:0000:0000:0000:0000:0011 DST=2001:0db8:0113:0000:0000:0000:0000:0010 LEN=104 TC=0 HOPLIMIT=63 FLOWLBL=n PROTO=ICMPv6 TYPE=128 CODE=0 ID=30196 SEQ=1 ',
    ]);
  });
});
