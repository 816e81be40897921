import { describe, expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { ipv4 } from '../../model/ip.ts';
import type { Ipv4Packet } from '../../model/packet.ts';
import type { Step } from '../../model/trace.ts';
import { DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import { walk } from './forward.ts';
import { routeOutput } from './output-route.ts';
import { stackOf } from './stack.ts';

// Golden values: the reference transcripts of a real Linux 6.18 with Calico's state typed in (fact sheet linux.md 4 (a), (c)).

const WEB0 = 'pod/default/web-0';
const lab = (): DrivenLab => new DrivenLab(referenceLab());

const request = (destination: string, more: Partial<Ipv4Packet> = {}): Ipv4Packet => ({
  kind: 'ipv4',
  source: ipv4('10.244.166.129'),
  destination: ipv4(destination),
  ttl: 64,
  tos: 0,
  id: 14568,
  dontFragment: true,
  payload: { kind: 'icmp-echo', reply: false, identifier: 30196, sequence: 1, dataLength: 56 },
  ...more,
});

const told = (step: Step): string => {
  switch (step.kind) {
    case 'frame':
      return `${step.at} ${step.device} ${step.direction}`;
    case 'route':
      return `${step.at} route ${step.entry ? `${formatIp(step.entry.prefix.base)}/${step.entry.prefix.length}` : 'none'}`;
    case 'neighbour':
      return `${step.at} neighbour ${formatIp(step.address)} ${step.how}`;
    case 'fdb':
      return `${step.at} fdb ${step.remote === undefined ? 'none' : formatIp(step.remote)}`;
    case 'forward':
      return `${step.at} forward ttl ${step.ttl}`;
    case 'drop':
      return `${step.at} drop ${step.disposition}`;
    default:
      return `${step.at} ${step.kind}`;
  }
};

describe('the story of one packet', () => {
  test('cross rack: pod, node, tunnel, router, node, pod', () => {
    const warm = lab();
    warm.ping(WEB0, '10.244.135.1');
    const { trace } = walk(warm.network, { at: WEB0, packet: request('10.244.135.1') });
    expect(trace.steps.map(told)).toEqual([
      `${WEB0} originate`,
      `${WEB0} route 0.0.0.0/0`,
      `${WEB0} neighbour 169.254.1.1 cached`,
      `${WEB0} eth0 out`,
      'node/node1 cali0d7763386da in',
      'node/node1 route 10.244.135.0/26',
      'node/node1 forward ttl 63',
      'node/node1 neighbour 10.244.135.0 permanent',
      'node/node1 fdb 10.0.1.13',
      'node/node1 vxlan.calico out',
      'node/node1 encapsulate',
      'node/node1 route 0.0.0.0/0',
      'node/node1 neighbour 10.0.0.1 cached',
      'node/node1 eth0 out',
      'router/router eth0 in',
      'router/router route 10.0.1.0/24',
      'router/router forward ttl 63',
      'router/router neighbour 10.0.1.13 cached',
      'router/router eth1 out',
      'node/node3 eth0 in',
      'node/node3 route 10.0.1.13/32',
      'node/node3 decapsulate',
      'node/node3 vxlan.calico in',
      'node/node3 route 10.244.135.1/32',
      'node/node3 forward ttl 62',
      'node/node3 neighbour 10.244.135.1 permanent',
      'node/node3 cali456b3b54a7e out',
      'pod/default/web-4 eth0 in',
      'pod/default/web-4 route 10.244.135.1/32',
      'pod/default/web-4 deliver',
    ]);
  });

  test('a cold pod asks for 169.254.1.1 first, and the node answers as its proxy', () => {
    const cold = lab();
    cold.ping(WEB0, '10.244.135.1');
    const inPod = cold.frames.filter(({ netns }) => netns === WEB0);
    expect(
      inPod.map(
        ({ direction, frame }) => `${direction} ${frame.source} > ${frame.destination} ${frame.payload.kind}`,
      ),
    ).toEqual([
      'out 7a:00:0a:f4:a6:81 > ff:ff:ff:ff:ff:ff arp',
      'in ee:ee:ee:ee:ee:ee > 7a:00:0a:f4:a6:81 arp',
      'out 7a:00:0a:f4:a6:81 > ee:ee:ee:ee:ee:ee ipv4',
      'in ee:ee:ee:ee:ee:ee > 7a:00:0a:f4:a6:81 ipv4',
    ]);
  });

  test("the outer header: own TTL 64, Don't Fragment clear, one source port for the pair both ways and for every echo", () => {
    const warm = lab();
    const outers = [1, 2].flatMap((sequence) => {
      warm.ping(WEB0, '10.244.135.1', { sequence, identifier: 30000 + sequence });
      return warm.frames.flatMap(({ netns, device, frame: { payload } }) =>
        netns === 'node/node1' && device === 'eth0' && payload.kind === 'ipv4' ? [payload] : [],
      );
    });
    const ports = new Set(outers.map(({ payload }) => (payload.kind === 'udp' ? payload.sourcePort : 0)));
    expect(ports.size).toBe(1);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(32768);
    expect(Math.max(...ports)).toBeLessThan(61000);
    expect(outers.map(({ ttl, dontFragment }) => ({ ttl, dontFragment }))).toEqual([
      { ttl: 64, dontFragment: false },
      { ttl: 63, dontFragment: false },
      { ttl: 64, dontFragment: false },
      { ttl: 63, dontFragment: false },
    ]);
  });

  test('the same network and packet give the same walk, and the network is untouched', () => {
    const { network } = lab();
    const start = { at: WEB0, packet: request('10.244.135.1') };
    expect(walk(network, start)).toEqual(walk(network, start));
  });

  test('time only grows along the frames', () => {
    const cold = lab();
    cold.ping(WEB0, '10.244.135.1');
    const times = cold.frames.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('pings of the reference lab', () => {
  test.each([
    ['same node', '10.244.166.130', '64 bytes from 10.244.166.130: ttl=63'],
    ['same rack', '10.244.104.1', '64 bytes from 10.244.104.1: ttl=62'],
    ['cross rack', '10.244.135.1', '64 bytes from 10.244.135.1: ttl=62'],
    ['remote node address', '10.0.1.13', '64 bytes from 10.0.1.13: ttl=63'],
    ['own node address', '10.0.0.11', '64 bytes from 10.0.0.11: ttl=64'],
    ['unallocated in a remote block', '10.244.135.40', 'silence'],
    ['unallocated in the own block', '10.244.166.168', 'silence'],
    ['outside every block', '10.244.250.9', 'silence'],
    ['outside every pool', '198.51.100.9', 'silence'],
  ])('from a pod, %s', (_, to, line) => {
    expect(pingLine(lab().ping(WEB0, to))).toBe(line);
  });

  test.each([
    ['10.244.135.1', '64 bytes from 10.244.135.1: ttl=63', '10.244.166.128'],
    ['10.244.104.1', '64 bytes from 10.244.104.1: ttl=63', '10.0.0.11'],
    ['10.244.166.168', 'local error: invalid', undefined],
    ['10.0.0.11', '64 bytes from 10.0.0.11: ttl=64', '10.0.0.11'],
    ['127.0.0.1', '64 bytes from 127.0.0.1: ttl=64', '127.0.0.1'],
  ])('from node1 to %s: %s, source %s', (to, line, source) => {
    const outcome = lab().ping('node/node1', to);
    expect(pingLine(outcome)).toBe(line);
    expect(outcome.source === undefined ? undefined : formatIp(outcome.source)).toBe(source);
  });

  test('from the router and the outside host', () => {
    expect(pingLine(lab().ping('host/outside', '10.0.0.11'))).toBe('64 bytes from 10.0.0.11: ttl=63');
    expect(pingLine(lab().ping('host/outside', '10.244.135.1'))).toBe('From 203.0.113.1 net-unreachable');
    expect(pingLine(lab().ping('router/router', '10.244.135.1'))).toBe('local error: net-unreachable');
  });
});

describe('traceroute -n of the reference lab', () => {
  test.each([
    ['same node', '10.244.166.130', ['10.0.0.11', '10.244.166.130']],
    ['same rack', '10.244.104.1', ['10.0.0.11', '10.0.0.12', '10.244.104.1']],
    ['cross rack: the router is invisible', '10.244.135.1', ['10.0.0.11', '10.244.135.0', '10.244.135.1']],
  ])('%s', (_, to, hops) => {
    const traced = lab();
    expect(
      hops.map((__, at) => {
        const { reply } = traced.probe(WEB0, to, at + 1);
        return reply.kind === 'icmp-error' ? formatIp(reply.from) : reply.kind;
      }),
    ).toEqual(hops);
  });

  test('an address sends six errors at once and then one a second', () => {
    const traced = lab();
    const answers = (): string[] =>
      Array.from({ length: 8 }, () => traced.probe(WEB0, '10.244.135.1', 3).reply.kind);
    const spent = [...Array<string>(6).fill('icmp-error'), 'silence', 'silence'];
    expect(answers()).toEqual(spent);
    traced.wait(2_001);
    expect(answers()).toEqual(['icmp-error', 'icmp-error', ...Array<string>(6).fill('silence')]);
    traced.wait(8_000);
    expect(answers()).toEqual(spent);
  });
});

describe('size', () => {
  test.each([
    ['10.244.104.1', 1422, '1430 bytes from 10.244.104.1: ttl=62'],
    ['10.244.104.1', 1423, 'local error: too-big mtu=1450'],
    ['10.244.135.1', 1422, '1430 bytes from 10.244.135.1: ttl=62'],
    ['10.244.135.1', 1423, 'local error: too-big mtu=1450'],
  ])('pod MTU 1450: ping -M do to %s with %i bytes', (to, dataLength, line) => {
    expect(pingLine(lab().ping(WEB0, to, { dataLength, pmtuDiscovery: 'do' }))).toBe(line);
  });

  test("without Don't Fragment 3000 bytes go through the tunnel in three pieces, each its own outer packet", () => {
    const big = lab();
    expect(pingLine(big.ping(WEB0, '10.244.135.1', { dataLength: 3000 }))).toBe(
      '3008 bytes from 10.244.135.1: ttl=62',
    );
    const sent = big.frames.filter(
      ({ netns, device, direction, frame }) =>
        netns === 'node/node1' && device === 'eth0' && direction === 'out' && frame.payload.kind === 'ipv4',
    );
    expect(sent.length).toBe(3);
  });

  test('pods left at 1500: Frag needed once, then the learnt path MTU for ten minutes', () => {
    const wrong = new DrivenLab(referenceLab({ podMtu: 1500 }));
    const big = { dataLength: 1472, pmtuDiscovery: 'do' } as const;
    expect(pingLine(wrong.ping(WEB0, '10.244.104.1', big))).toBe('1480 bytes from 10.244.104.1: ttl=62');
    expect(pingLine(wrong.ping(WEB0, '10.244.104.1', { ...big, dataLength: 1473 }))).toBe(
      'local error: too-big mtu=1500',
    );
    expect(pingLine(wrong.ping(WEB0, '10.244.135.1', big))).toBe('From 10.0.0.11 too-big mtu=1450');
    expect(pingLine(wrong.ping(WEB0, '10.244.135.1', big))).toBe('local error: too-big mtu=1450');
    expect(pingLine(wrong.ping(WEB0, '10.244.135.1', { dataLength: 1472 }))).toBe(
      '1480 bytes from 10.244.135.1: ttl=62',
    );
    wrong.wait(600_001);
    expect(pingLine(wrong.ping(WEB0, '10.244.135.1', big))).toBe('From 10.0.0.11 too-big mtu=1450');
  });

  test('a narrow route on the router fragments the outer packet, and the inner DF ping still works', () => {
    const narrow = lab().change('router/router', ({ routes }) => ({
      routes: routes.map((route) => (route.device === 'eth1' ? { ...route, mtu: 1400 } : route)),
    }));
    const outcome = narrow.ping(WEB0, '10.244.135.1', { dataLength: 1422, pmtuDiscovery: 'do' });
    expect(pingLine(outcome)).toBe('1430 bytes from 10.244.135.1: ttl=62');
    const pieces = narrow.frames.flatMap(({ netns, device, direction, frame: { payload } }) =>
      netns === 'router/router' && device === 'eth1' && direction === 'out' && payload.kind === 'ipv4'
        ? [
            {
              fragment: payload.fragment,
              length: payload.payload.kind === 'raw' ? payload.payload.bytes.length : 0,
            },
          ]
        : [],
    );
    expect(pieces).toEqual([
      { fragment: { offset: 0, more: true }, length: 1376 },
      { fragment: { offset: 1376, more: false }, length: 104 },
    ]);
  });

  test('a port lowered to 1400 also drops larger frames on receive, silently', () => {
    const lowered = lab().change('router/router', ({ devices }) => ({
      devices: devices.map((device) => (device.name === 'eth1' ? { ...device, mtu: 1400 } : device)),
    }));
    const outcome = lowered.ping(WEB0, '10.244.135.1', { dataLength: 1372, pmtuDiscovery: 'do' });
    expect(pingLine(outcome)).toBe('silence');
    expect(outcome.traces.map(({ disposition, at }) => `${disposition} ${at}`)).toEqual([
      'delivered pod/default/web-4',
      'refused router/router',
    ]);
    expect(lowered.memory('router/router').counters.get('eth1')?.rxDropped).toBe(1);
  });
});

describe('the source a stack speaks with', () => {
  test.each([
    ['node/node1', '10.244.135.1', '10.244.135.0 vxlan.calico 10.244.166.128'],
    ['node/node1', '10.244.104.1', '10.0.0.12 eth0 10.0.0.11'],
    ['node/node1', '10.244.166.129', '10.244.166.129 cali0d7763386da 10.0.0.11'],
    ['node/node1', '8.8.8.8', '10.0.0.1 eth0 10.0.0.11'],
    [WEB0, '10.244.135.1', '169.254.1.1 eth0 10.244.166.129'],
    ['router/router', '10.0.1.13', '10.0.1.13 eth1 10.0.1.1'],
  ])('%s to %s: next hop, device, source %s', (from, to, expected) => {
    const route = routeOutput(stackOf(lab().stack(from)), ipv4(to));
    if (!route.ok) throw new Error(route.error);
    const { nextHop, device, source } = route.value;
    expect(`${formatIp(nextHop)} ${device.name} ${source === undefined ? '-' : formatIp(source)}`).toBe(
      expected,
    );
  });
});
