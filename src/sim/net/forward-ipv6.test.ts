import { describe, expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { cidr6, ipv6 } from '../../model/ipv6.ts';
import type { Mac } from '../../model/mac.ts';
import type { Ipv6Packet } from '../../model/packet.ts';
import type { Step } from '../../model/trace.ts';
import { frameLength, packetLength } from '../../model/wire.ts';
import { DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { dualStackLab, inInet6, TUNNEL6 } from '../fabric/dual-stack-lab.ts';
import type { TimedFrame } from './exchange.ts';
import { neighbourState } from './neighbour.ts';
import type { Netns, Route } from './netns.ts';

// The reference lab with IPv6 beside IPv4. Compared with Linux 6.18 flow by flow: test/conformance/dual-stack.test.ts.

const WEB0 = 'pod/default/web-0';
const WEB1 = 'fd00:10:244:1::42';
const WEB2 = 'fd00:10:244:2::81';
const WEB4 = 'fd00:10:244:3::c1';
const OUTSIDE = '2001:db8:113::10';

const lab = (): DrivenLab => new DrivenLab(dualStackLab({ natOutgoing: true }));

const withRoute = (route: Pick<Route, 'type'> & { readonly to: string }): ReturnType<typeof inInet6> =>
  inInet6(({ routes }) => ({
    routes: [
      ...routes,
      { prefix: cidr6(route.to), type: route.type, device: 'lo', protocol: 'boot', scope: 'global' },
    ],
  }));

const narrow =
  (name: string, mtu: number) =>
  ({ devices }: Netns): Partial<Netns> => ({
    devices: devices.map((device) => (device.name === name ? { ...device, mtu } : device)),
  });

const told = (step: Step): string => {
  switch (step.kind) {
    case 'frame':
      return `${step.at} ${step.device} ${step.direction} ${frameLength(step.frame)}`;
    case 'route':
      return `${step.at} route ${step.entry ? `${formatIp(step.entry.prefix.base)}/${step.entry.prefix.length}` : 'none'}`;
    case 'neighbour':
      return `${step.at} neighbour ${formatIp(step.address)} ${step.how}`;
    case 'fdb':
      return `${step.at} fdb ${step.remote === undefined ? 'none' : formatIp(step.remote)}`;
    case 'forward':
      return `${step.at} forward ${step.ttl}`;
    case 'encapsulate':
    case 'decapsulate':
      return `${step.at} ${step.kind} ${step.device}`;
    case 'drop':
      return `${step.at} ${step.disposition}: ${step.reason}`;
    default:
      return `${step.at} ${step.kind}`;
  }
};

describe('ping -6 from a pod', () => {
  test.each([
    [WEB1, '64 bytes from fd00:10:244:1::42: ttl=63', 'fd00:10:244:1::41'],
    [WEB2, '64 bytes from fd00:10:244:2::81: ttl=62', 'fd00:10:244:1::41'],
    [WEB4, '64 bytes from fd00:10:244:3::c1: ttl=62', 'fd00:10:244:1::41'],
    [OUTSIDE, '64 bytes from 2001:db8:113::10: ttl=62', 'fd00:a::11'],
    ['fd00:a::11', '64 bytes from fd00:a::11: ttl=64', 'fd00:10:244:1::41'],
    ['::1', '64 bytes from ::1: ttl=64', '::1'],
    ['fd00:10:244:1::77', 'silence', undefined],
    ['2001:db8:99::1', 'From fd00:a::1 net-unreachable', undefined],
    ['fe80::1', 'From fe80::7800:aff:fef4:a681 host-unreachable', undefined],
  ])('%s: %s, source seen %s', (to, line, seen) => {
    const outcome = lab().ping(WEB0, to);
    expect(pingLine(outcome)).toBe(line);
    const arrived = outcome.traces[0]?.steps.findLast((step) => step.kind === 'deliver');
    expect(arrived?.kind === 'deliver' ? formatIp(arrived.packet.source) : undefined).toBe(seen);
  });

  test('a neighbour is spoken to on its device', () => {
    const host = ipv6('fe80::ecee:eeff:feee:eeee');
    const outcome = lab().ping(WEB0, formatIp(host), { device: 'eth0' });
    expect(pingLine(outcome)).toBe('64 bytes from fe80::ecee:eeff:feee:eeee: ttl=64');
    expect(outcome.source && formatIp(outcome.source)).toBe('fe80::7800:aff:fef4:a681');
  });

  test('across the racks: a VXLAN of IPv6, step by step', () => {
    const [there] = lab().ping(WEB0, WEB4).traces;
    expect(there?.steps.filter(({ kind }) => kind !== 'rule').map(told)).toEqual([
      'pod/default/web-0 originate',
      'pod/default/web-0 route ::/0',
      'pod/default/web-0 eth0 out 86',
      'node/node1 cali0d7763386da in 86',
      'node/node1 cali0d7763386da out 86',
      'pod/default/web-0 eth0 in 86',
      'pod/default/web-0 neighbour fe80::ecee:eeff:feee:eeee resolved',
      'pod/default/web-0 eth0 out 118',
      'node/node1 cali0d7763386da in 118',
      'node/node1 route fd00:10:244:3::c0/122',
      'node/node1 forward 63',
      `node/node1 neighbour fd00:10:244:3::c0 permanent`,
      'node/node1 fdb fd00:b::13',
      'node/node1 vxlan-v6.calico out 118',
      'node/node1 encapsulate vxlan-v6.calico',
      'node/node1 route ::/0',
      'node/node1 eth0 out 86',
      'router/router eth0 in 86',
      'router/router eth0 out 86',
      'node/node1 eth0 in 86',
      'node/node1 neighbour fd00:a::1 resolved',
      'node/node1 eth0 out 188',
      'router/router eth0 in 188',
      'router/router route fd00:b::/64',
      'router/router forward 63',
      'router/router eth1 out 86',
      'node/node3 eth0 in 86',
      'node/node3 eth0 out 86',
      'router/router eth1 in 86',
      'router/router neighbour fd00:b::13 resolved',
      'router/router eth1 out 188',
      'node/node3 eth0 in 188',
      'node/node3 route fd00:b::13/128',
      'node/node3 decapsulate vxlan-v6.calico',
      'node/node3 vxlan-v6.calico in 118',
      'node/node3 route fd00:10:244:3::c1/128',
      'node/node3 forward 62',
      'node/node3 cali456b3b54a7e out 86',
      'pod/default/web-4 eth0 in 86',
      'pod/default/web-4 eth0 out 86',
      'node/node3 cali456b3b54a7e in 86',
      'node/node3 neighbour fd00:10:244:3::c1 resolved',
      'node/node3 cali456b3b54a7e out 118',
      'pod/default/web-4 eth0 in 118',
      'pod/default/web-4 route fd00:10:244:3::c1/128',
      'pod/default/web-4 deliver',
    ]);
  });

  test('the outer packet costs 70 bytes and speaks for itself', () => {
    const driven = lab();
    driven.ping(WEB0, WEB4);
    const wire = driven.frames.find(
      ({ netns, frame }) => netns === 'router/router' && frameLength(frame) === 188,
    );
    const outer = wire?.frame.payload;
    expect(outer).toMatchObject({
      kind: 'ipv6',
      source: ipv6('fd00:a::11'),
      destination: ipv6('fd00:b::13'),
      hopLimit: 64,
      flowLabel: 0,
      payload: {
        kind: 'udp',
        destinationPort: 4789,
        payload: { kind: 'vxlan', vni: 4096, inner: { destination: '66:06:6f:e0:c4:03' as Mac } },
      },
    });
    expect(outer?.kind === 'ipv6' && packetLength(outer)).toBe(104 + 70);
  });
});

const isNdp = ({ frame: { payload } }: TimedFrame): boolean =>
  payload.kind === 'ipv6' && payload.payload.kind.startsWith('neighbour');

describe('neighbour discovery', () => {
  test("a pod's first packet asks for its host's link-local address, and both learn", () => {
    const driven = lab();
    driven.ping(WEB0, WEB1);
    const [asked, , answered] = driven.frames.filter(isNdp).map(({ frame }) => frame);
    expect(asked).toEqual({
      source: '7a:00:0a:f4:a6:81',
      destination: '33:33:ff:ee:ee:ee',
      payload: {
        kind: 'ipv6',
        source: ipv6('fd00:10:244:1::41'),
        destination: ipv6('ff02::1:ffee:eeee'),
        hopLimit: 255,
        trafficClass: 0,
        flowLabel: 0,
        payload: {
          kind: 'neighbour-solicitation',
          target: ipv6('fe80::ecee:eeff:feee:eeee'),
          mac: '7a:00:0a:f4:a6:81',
        },
      },
    });
    expect(answered).toEqual({
      source: 'ee:ee:ee:ee:ee:ee',
      destination: '7a:00:0a:f4:a6:81',
      payload: {
        kind: 'ipv6',
        source: ipv6('fe80::ecee:eeff:feee:eeee'),
        destination: ipv6('fd00:10:244:1::41'),
        hopLimit: 255,
        trafficClass: 0,
        flowLabel: 0,
        payload: {
          kind: 'neighbour-advertisement',
          target: ipv6('fe80::ecee:eeff:feee:eeee'),
          mac: 'ee:ee:ee:ee:ee:ee',
          router: true,
          solicited: true,
          override: true,
        },
      },
    });
    expect(driven.memory(WEB0).neighbours).toMatchObject([
      { address: ipv6('fe80::ecee:eeff:feee:eeee'), mac: 'ee:ee:ee:ee:ee:ee', router: true },
    ]);
    expect(driven.memory('node/node1').neighbours).toMatchObject([
      { address: ipv6('fd00:10:244:1::41'), device: 'cali0d7763386da', mac: '7a:00:0a:f4:a6:81' },
      { address: ipv6(WEB1), device: 'cali0761ccbeace' },
    ]);
    driven.ping(WEB0, WEB1);
    expect(driven.frames.filter(isNdp)).toEqual([]);
  });

  test('three solicitations, a second apart, then the address is unreachable', () => {
    const driven = lab();
    expect(pingLine(driven.ping('node/node1', 'fd00:a::99'))).toBe('From fd00:a::11 host-unreachable');
    const asked = driven.frames.filter((frame) => isNdp(frame) && frame.direction === 'out');
    expect(asked.map(({ at, frame }) => `${Math.round(at)} ${frame.destination}`)).toEqual([
      '0 33:33:ff:00:00:99',
      '1000 33:33:ff:00:00:99',
      '2000 33:33:ff:00:00:99',
    ]);
    const [known] = driven.memory('node/node1').neighbours;
    expect(known && neighbourState(known, 3_000)).toBe('FAILED');
  });

  test('rules meet it: who drops solicitations is found by nobody, and cached neighbours stay', () => {
    const deaf = inInet6(({ netfilter }) => ({
      netfilter: {
        ...netfilter,
        tables: {
          filter: [
            {
              name: 'INPUT',
              policy: 'ACCEPT',
              rules: [{ matches: [{ kind: 'icmp-type', type: 135 }], target: { kind: 'drop' } }],
            },
          ],
        },
      },
    }));
    const driven = lab().change('host/outside', deaf);
    expect(pingLine(driven.ping('node/node1', OUTSIDE))).toBe('From fd00:a::1 host-unreachable');
    const warm = lab();
    warm.ping('node/node1', OUTSIDE);
    expect(pingLine(warm.change('host/outside', deaf).ping('node/node1', OUTSIDE))).toBe(
      '64 bytes from 2001:db8:113::10: ttl=63',
    );
  });

  test('a proxy answers for the addresses it was told, if it forwards and may', () => {
    const guest = ipv6('fd00:a::99');
    const proxy = inInet6(() => ({ proxied: new Map([['eth0', [guest]]]) }));
    const sysctls = new Map([['net.ipv6.conf.eth0.proxy_ndp', '1']]);
    const reply = (driven: DrivenLab): string => pingLine(driven.ping('node/node1', 'fd00:a::99'));
    expect(reply(lab().change('node/node2', proxy))).toBe('From fd00:a::11 host-unreachable');
    const proxied = lab().change('node/node2', (netns) => ({ ...proxy(netns), sysctls }));
    // It answers the question and then has no other way to the address than back.
    expect(reply(proxied)).not.toBe('From fd00:a::11 host-unreachable');
    const [known] = proxied.memory('node/node1').neighbours;
    expect(known).toMatchObject({ address: guest, mac: '02:00:0a:00:00:0c' });
  });
});

describe('what does not fit', () => {
  test('a router tells, and the sender cuts from then on', () => {
    const driven = lab().change('router/router', narrow('eth2', 1400));
    const big = (): string => pingLine(driven.ping('node/node1', OUTSIDE, { dataLength: 1400 }));
    expect(big()).toBe('From fd00:a::1 too-big mtu=1400');
    expect(driven.memory('node/node1').pathMtu.get(ipv6(OUTSIDE))?.mtu).toBe(1400);
    const outcome = driven.ping('node/node1', OUTSIDE, { dataLength: 1400 });
    expect(outcome.traces[0]?.steps.find(({ kind }) => kind === 'fragment')).toMatchObject({
      at: 'node/node1',
      mtu: 1400,
      pieces: 2,
    });
    const pieces = driven.frames.filter(
      ({ netns, direction }) => netns === 'node/node1' && direction === 'out',
    );
    const cuts = pieces.map(({ frame: { payload } }) => payload as Ipv6Packet);
    expect(
      cuts.map((piece) => `${packetLength(piece)}@${piece.fragment?.offset} ${piece.fragment?.more}`),
    ).toEqual(['1400@0 true', '104@1352 false']);
    expect(new Set(cuts.map(({ fragment }) => fragment?.id)).size).toBe(1);
    // The outside host does not know of the narrow link: its whole answer was too large for it.
    expect(pingLine(outcome)).toBe('silence');
  });

  test('the sender that must not cut says so itself', () => {
    const own = (dataLength: number): string =>
      pingLine(lab().ping(WEB0, WEB4, { dataLength, pmtuDiscovery: 'do' }));
    expect(own(1382)).toBe('1390 bytes from fd00:10:244:3::c1: ttl=62');
    expect(own(1383)).toBe('local error: too-big mtu=1430');
  });

  test('no link is said to be narrower than 1280', () => {
    const driven = lab().change('router/router', narrow('eth2', 1000));
    expect(pingLine(driven.ping('node/node1', OUTSIDE, { dataLength: 1300 }))).toBe(
      'From fd00:a::1 too-big mtu=1280',
    );
  });

  test('fragments cross a stack that tracks connections with their cuts', () => {
    const outcome = lab().ping(WEB0, WEB4, { dataLength: 3000 });
    expect(pingLine(outcome)).toBe('3008 bytes from fd00:10:244:3::c1: ttl=62');
    const cuts = outcome.traces[0]?.steps.filter(({ kind }) => kind === 'fragment');
    expect(cuts).toEqual([{ kind: 'fragment', at: WEB0, device: 'eth0', mtu: 1430, pieces: 3 }]);
  });

  test("a tunnel's packet is not cut: the node hears of it", () => {
    const wide = lab();
    for (const node of ['node/node1', 'node/node3']) wide.change(node, narrow(TUNNEL6, 1500));
    const outcome = wide.ping('node/node1', WEB4, { dataLength: 1400, source: ipv6('fd00:a::11') });
    expect(outcome.traces.map(({ disposition, at }) => `${disposition} ${at}`)).toEqual([
      'too-big node/node1',
      'delivered node/node1',
    ]);
  });
});

describe('routes that lead nowhere', () => {
  test.each([
    ['blackhole', 'silence', 'local error: invalid'],
    ['unreachable', 'From fd00:a::1 net-unreachable', 'local error: host-unreachable'],
    ['prohibit', 'From fd00:a::1 admin-prohibited', 'local error: invalid'],
  ] as const)('%s', (type, forwarded, own) => {
    const driven = lab().change('router/router', withRoute({ to: '2001:db8:113::/120', type }));
    expect(pingLine(driven.ping('node/node1', OUTSIDE))).toBe(forwarded);
    expect(pingLine(driven.ping('router/router', OUTSIDE))).toBe(own);
  });

  test('a stack without IPv6 has no way, and takes nothing', () => {
    const off = (): Partial<Netns> => ({ inet6: undefined }) as unknown as Partial<Netns>;
    expect(pingLine(lab().change('node/node1', off).ping('node/node1', OUTSIDE))).toBe(
      'local error: net-unreachable',
    );
    const deaf = lab().change('host/outside', off).ping('node/node1', OUTSIDE);
    expect(deaf.traces[0]?.disposition).toBe('neighbour-unreachable');
  });
});
