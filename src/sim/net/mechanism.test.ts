import { describe, expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { cidr, ipv4 } from '../../model/ip.ts';
import { DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import type { Netns } from './netns.ts';

// The law of mechanism: take one cause away, and its effect is gone, and nothing else.
// Golden values: the reference transcripts of a real Linux 6.18 with Calico's state typed in (fact sheet linux.md 4 (a)).

const WEB0 = 'pod/default/web-0';
const lab = (): DrivenLab => new DrivenLab(referenceLab());

describe('remove one cause, and exactly its effect is gone', () => {
  const reach = (changed: DrivenLab): Record<string, string> =>
    Object.fromEntries(
      ['10.244.166.130', '10.244.104.1', '10.244.135.1'].map((to) => {
        const outcome = changed.ping(WEB0, to);
        return [
          to,
          outcome.reply.kind === 'reply' ? 'delivered' : (outcome.traces[0]?.disposition ?? 'not sent'),
        ];
      }),
    );
  const ALL = { '10.244.166.130': 'delivered', '10.244.104.1': 'delivered', '10.244.135.1': 'delivered' };

  const without: Record<
    string,
    { readonly change: (node1: Netns) => Partial<Netns>; readonly effect: object }
  > = {
    'the FDB entry': {
      change: ({ fdb }) => ({ fdb: fdb.filter(({ destination }) => destination !== ipv4('10.0.1.13')) }),
      effect: { '10.244.135.1': 'no-fdb-entry' },
    },
    'the ARP entry of the remote tunnel device': {
      change: ({ neighbours }) => ({
        neighbours: neighbours.filter(({ address }) => address !== ipv4('10.244.135.0')),
      }),
      effect: { '10.244.135.1': 'neighbour-unreachable' },
    },
    'the tunnel route': {
      change: ({ routes }) => ({ routes: routes.filter(({ device }) => device !== 'vxlan.calico') }),
      effect: { '10.244.135.1': 'no-route' },
    },
    'the route to the other block in the rack': {
      change: ({ routes }) => ({ routes: routes.filter(({ via }) => via !== ipv4('10.0.0.12')) }),
      effect: { '10.244.104.1': 'no-route' },
    },
    "the other pod's host route: the blackhole takes it": {
      change: ({ routes }) => ({ routes: routes.filter(({ device }) => device !== 'cali0761ccbeace') }),
      effect: { '10.244.166.130': 'blackhole' },
    },
    "the other pod's permanent neighbour: nothing, the pod answers ARP itself": {
      change: ({ neighbours }) => ({
        neighbours: neighbours.filter(({ device }) => device !== 'cali0761ccbeace'),
      }),
      effect: {},
    },
    ip_forward: {
      change: () => ({ ipForward: false }),
      // Without forwarding there is no proxy ARP either: the pod cannot even find its gateway.
      effect: Object.fromEntries(Object.keys(ALL).map((to) => [to, 'neighbour-unreachable'])),
    },
    'the default route: proxy ARP needs some route to 169.254.1.1': {
      change: ({ routes }) => ({ routes: routes.filter(({ prefix }) => prefix.length > 0) }),
      effect: Object.fromEntries(Object.keys(ALL).map((to) => [to, 'neighbour-unreachable'])),
    },
    "the tunnel device's power": {
      change: ({ devices }) => ({
        devices: devices.map((device) =>
          device.name === 'vxlan.calico' ? { ...device, up: false } : device,
        ),
      }),
      effect: { '10.244.135.1': 'no-route' },
    },
  };

  test.each(Object.entries(without))('%s', (_, { change, effect }) => {
    expect(reach(lab().change('node/node1', change))).toEqual({ ...ALL, ...effect });
  });

  test('nothing removed, nothing lost', () => {
    expect(reach(lab())).toEqual(ALL);
  });

  test('a missing FDB entry is counted as dropped by the tunnel device, and nobody is told', () => {
    const broken = lab().change('node/node1', () => ({ fdb: [] }));
    expect(pingLine(broken.ping(WEB0, '10.244.135.1'))).toBe('silence');
    const counters = broken.memory('node/node1').counters.get('vxlan.calico');
    expect(counters).toMatchObject({ txDropped: 1, txPackets: 0 });
  });

  test('a missing ARP entry: three seconds of waiting, then Host Unreachable for all who waited', () => {
    const broken = lab().change('node/node1', () => ({ neighbours: [] }));
    const first = broken.ping(WEB0, '10.244.135.1').reply;
    const second = broken.wait(1_000).ping(WEB0, '10.244.135.1').reply;
    const third = broken.wait(5_000).ping(WEB0, '10.244.135.1').reply;
    const told = [first, second, third].map((reply) =>
      reply.kind === 'icmp-error'
        ? `${formatIp(reply.from)} ${reply.error} ${Math.round(reply.rtt)}`
        : reply.kind,
    );
    expect(told).toEqual([
      '10.0.0.11 host-unreachable 3000',
      '10.0.0.11 host-unreachable 2000',
      '10.0.0.11 host-unreachable 3000',
    ]);
  });

  test('the remote tunnel device down: its port is closed, and only the sending node hears of it', () => {
    const broken = lab().change('node/node3', ({ devices }) => ({
      devices: devices.map((device) => (device.name === 'vxlan.calico' ? { ...device, up: false } : device)),
    }));
    const outcome = broken.ping(WEB0, '10.244.135.1');
    expect(pingLine(outcome)).toBe('silence');
    expect(outcome.traces.map(({ disposition, at }) => `${disposition} ${at}`)).toEqual([
      'port-closed node/node3',
      'delivered node/node1',
    ]);
  });

  test('a cable pulled at the pod: the permanent neighbour sends into nothing', () => {
    const broken = lab().change('pod/default/web-4', ({ devices }) => ({
      devices: devices.map((device) => (device.name === 'eth0' ? { ...device, up: false } : device)),
    }));
    expect(broken.ping(WEB0, '10.244.135.1').traces[0]).toMatchObject({
      disposition: 'link-down',
      at: 'node/node3',
    });
  });

  test('the node itself, without the tunnel route, hears the router', () => {
    const broken = lab().change('node/node1', ({ routes }) => ({
      routes: routes.filter(({ device }) => device !== 'vxlan.calico'),
    }));
    expect(pingLine(broken.ping('node/node1', '10.244.135.1'))).toBe('From 10.0.0.1 net-unreachable');
  });

  test('two routers pointing at each other: the TTL ends it', () => {
    const looping = lab().change('router/router', ({ routes }) => ({
      routes: [
        ...routes,
        {
          prefix: cidr('198.51.100.0/24'),
          type: 'unicast',
          via: ipv4('10.0.0.11'),
          device: 'eth0',
          protocol: 'static',
          scope: 'global',
        },
      ],
    }));
    const outcome = looping.ping(WEB0, '198.51.100.9');
    expect(outcome.traces[0]?.disposition).toBe('ttl-exceeded');
    expect(outcome.traces[0]?.steps.filter(({ kind }) => kind === 'forward').length).toBe(63);
  });
});

describe('IP in IP', () => {
  const TUNNEL = 'tunl0';
  const tunnelled = (): DrivenLab => {
    const built = lab();
    for (const [node, own, others] of [
      ['node1', '10.244.166.128', { '10.244.104.0': '10.0.0.12', '10.244.135.0': '10.0.1.13' }],
      ['node2', '10.244.104.0', { '10.244.166.128': '10.0.0.11', '10.244.135.0': '10.0.1.13' }],
      ['node3', '10.244.135.0', { '10.244.166.128': '10.0.0.11', '10.244.104.0': '10.0.0.12' }],
    ] as const) {
      built.change(`node/${node}`, ({ devices, routes }) => ({
        devices: [
          ...devices.filter(({ name }) => name !== 'vxlan.calico'),
          {
            index: 5,
            name: TUNNEL,
            kind: { type: 'ipip', local: undefined },
            mac: '00:00:00:00:00:00' as never,
            mtu: 1480,
            up: true,
            addresses: [{ address: ipv4(own), length: 32, scope: 'global' }],
            proxyArp: false,
          },
        ],
        routes: [
          ...routes.filter(({ prefix, type }) => type === 'blackhole' || prefix.length !== 26),
          ...Object.entries(others).map(([block, via]) => ({
            prefix: cidr(`${block}/26`),
            type: 'unicast' as const,
            via: ipv4(via),
            device: TUNNEL,
            protocol: 'bird' as const,
            scope: 'global' as const,
            onlink: true,
          })),
        ],
      }));
    }
    return built;
  };

  test("pods reach each other, and the outer packet inherits Don't Fragment and the TTL", () => {
    const ipip = tunnelled();
    expect(pingLine(ipip.ping(WEB0, '10.244.135.1'))).toBe('64 bytes from 10.244.135.1: ttl=62');
    const outer = ipip.frames.find(
      ({ netns, device, frame }) =>
        netns === 'node/node1' && device === 'eth0' && frame.payload.kind === 'ipv4',
    );
    expect(outer?.frame.payload).toMatchObject({
      source: ipv4('10.0.0.11'),
      destination: ipv4('10.0.1.13'),
      ttl: 63,
      dontFragment: true,
      payload: { kind: 'ipv4', ttl: 63, source: ipv4('10.244.166.129') },
    });
  });

  test('a node speaks to a remote pod with its tunnel address', () => {
    const outcome = tunnelled().ping('node/node1', '10.244.135.1');
    expect(pingLine(outcome)).toBe('64 bytes from 10.244.135.1: ttl=63');
    expect(outcome.source).toBe(ipv4('10.244.166.128'));
  });
});
