import { describe, expect, test } from 'vitest';
import { cidr, formatCidr, formatIpv4, ipv4 } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';
import type { Netns } from '../net/netns.ts';
import { DrivenLab, pingLine } from './driven-lab.ts';
import { fabric, portMac } from './fabric.ts';

const on = (address: string): { readonly address: ReturnType<typeof ipv4>; readonly length: number } => ({
  address: ipv4(address),
  length: 24,
});

/** Two routers in a row, with static routes towards each other's far side. */
const TOPOLOGY: Topology = {
  name: 'row',
  segments: [
    { name: 'left', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
    { name: 'middle', subnet: cidr('192.168.0.0/24'), mtu: 1400 },
    { name: 'right', subnet: cidr('203.0.113.0/24'), mtu: 1500 },
  ],
  routers: [
    {
      name: 'r1',
      ports: [
        { segment: 'left', address: on('10.0.0.1') },
        { segment: 'middle', address: on('192.168.0.1') },
      ],
      routes: [{ to: cidr('203.0.113.0/24'), via: ipv4('192.168.0.2') }],
    },
    {
      name: 'r2',
      ports: [
        { segment: 'middle', address: on('192.168.0.2') },
        { segment: 'right', address: on('203.0.113.1') },
      ],
      routes: [{ to: cidr('10.0.0.0/24'), via: ipv4('192.168.0.1') }],
    },
  ],
  nodes: [
    {
      name: 'a',
      role: 'worker',
      segment: 'left',
      address: on('10.0.0.10'),
      gateway: ipv4('10.0.0.1'),
      labels: {},
    },
  ],
  hosts: [{ name: 'outside', segment: 'right', address: on('203.0.113.10'), gateway: ipv4('203.0.113.1') }],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

const routesOf = ({ routes }: Netns): readonly string[] =>
  routes.map(({ prefix, via, device, protocol }) =>
    [
      formatCidr(prefix),
      ...(via === undefined ? [] : ['via', formatIpv4(via)]),
      'dev',
      device,
      protocol,
    ].join(' '),
  );

describe('fabric', () => {
  const underlay = fabric(TOPOLOGY);
  const segments = new Map(TOPOLOGY.segments.map(({ name }) => [name, underlay.segmentPorts(name)]));
  const lab = (): DrivenLab => new DrivenLab({ stacks: underlay.netns, segments });

  test('one stack for each router, host and node, with its routes, and one with none for the workstation', () => {
    expect([...underlay.netns].map(([id, netns]) => [id, netns.ipForward, routesOf(netns)])).toEqual([
      [
        'router/r1',
        true,
        [
          '10.0.0.0/24 dev eth0 kernel',
          '192.168.0.0/24 dev eth1 kernel',
          '203.0.113.0/24 via 192.168.0.2 dev eth1 boot',
        ],
      ],
      [
        'router/r2',
        true,
        [
          '192.168.0.0/24 dev eth0 kernel',
          '203.0.113.0/24 dev eth1 kernel',
          '10.0.0.0/24 via 192.168.0.1 dev eth0 boot',
        ],
      ],
      ['host/outside', false, ['0.0.0.0/0 via 203.0.113.1 dev eth0 boot', '203.0.113.0/24 dev eth0 kernel']],
      ['node/a', true, ['0.0.0.0/0 via 10.0.0.1 dev eth0 boot', '10.0.0.0/24 dev eth0 kernel']],
      ['workstation', false, []],
    ]);
  });

  test('ports are plugged into their segments and carry the address in their MAC', () => {
    expect(underlay.segmentPorts('middle')).toEqual([
      { netns: 'router/r1', device: 'eth1' },
      { netns: 'router/r2', device: 'eth0' },
    ]);
    expect(underlay.segmentPorts('nowhere')).toEqual([]);
    expect(portMac(ipv4('10.0.0.11'))).toBe('02:00:0a:00:00:0b');
  });

  test('packets cross both routers, and the outside host tells what it saw', () => {
    expect(pingLine(lab().ping('node/a', '203.0.113.10'))).toBe('64 bytes from 203.0.113.10: ttl=62');
    expect(lab().curl('node/a', '203.0.113.10')).toMatchObject({
      kind: 'response',
      body: 'outside saw 10.0.0.10\n',
    });
    expect([1, 2, 3].map((ttl) => pingLine(lab().probe('node/a', '203.0.113.10', ttl)))).toEqual([
      'From 10.0.0.1 ttl-exceeded',
      'From 192.168.0.2 ttl-exceeded',
      'From 203.0.113.10 port-unreachable',
    ]);
  });

  test('the narrow segment in the middle limits the path', () => {
    expect(pingLine(lab().ping('node/a', '203.0.113.10', { dataLength: 1472 }))).toBe(
      'From 10.0.0.1 too-big mtu=1400',
    );
  });

  test('a static route must lead to a port', () => {
    const [r1, r2] = TOPOLOGY.routers;
    if (!r1 || !r2) throw new RangeError('two routers');
    const wrong = { ...r1, routes: [{ to: cidr('203.0.113.0/24'), via: ipv4('172.16.0.1') }] };
    expect(() => fabric({ ...TOPOLOGY, routers: [wrong, r2] })).toThrow(RangeError);
  });
});
