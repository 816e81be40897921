import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatCidr, formatIpv4, ipv4 } from '../model/ip.ts';
import { formatDiagnostics } from './diagnostic.ts';
import { parseTopology } from './topology.ts';

const TWO_RACKS = readFileSync('labs/topologies/two-racks.yaml', 'utf8');

function mistakes(from: string, to: string): readonly string[] {
  const parsed = parseTopology('t.yaml', TWO_RACKS.replace(from, to));
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}

describe('a topology file', () => {
  test('becomes the physical lab', () => {
    const parsed = parseTopology('t.yaml', TWO_RACKS);
    if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
    const { segments, routers, nodes, hosts } = parsed.value;
    expect(segments.map(({ name, subnet, mtu }) => `${name} ${formatCidr(subnet)} ${mtu}`)).toEqual([
      'rack-a 10.0.0.0/24 1500',
      'rack-b 10.0.1.0/24 1500',
      'internet 203.0.113.0/24 1500',
    ]);
    expect(routers.map(({ name, ports }) => `${name} ${ports.length}`)).toEqual(['router 3']);
    expect(
      [...nodes, ...hosts].map(
        ({ name, address, gateway }) => `${name} ${formatIpv4(address.address)} ${formatIpv4(gateway)}`,
      ),
    ).toEqual([
      'control-plane 10.0.0.10 10.0.0.1',
      'node1 10.0.0.11 10.0.0.1',
      'node2 10.0.0.12 10.0.0.1',
      'node3 10.0.1.13 10.0.1.1',
      'outside 203.0.113.10 203.0.113.1',
    ]);
  });

  test.each([
    [
      'an address outside its segment',
      'address: 10.0.0.11/24',
      'address: 10.9.0.11/24',
      ['nodes[1].address: 10.9.0.11 is outside rack-a (10.0.0.0/24)'],
    ],
    [
      'an address used twice',
      'address: 10.0.0.12/24',
      'address: 10.0.0.11/24',
      ['nodes[2].address: 10.0.0.11 is used twice'],
    ],
    [
      'a network address',
      'address: 10.0.0.11/24',
      'address: 10.0.0.0/24',
      ['nodes[1].address: 10.0.0.0 is the network or broadcast address of 10.0.0.0/24'],
    ],
    [
      'a prefix wider than the segment',
      'address: 10.0.0.11/24',
      'address: 10.0.0.11/16',
      ['nodes[1].address: 10.0.0.11 has a shorter prefix than rack-a (10.0.0.0/24)'],
    ],
    [
      'an unknown segment',
      'name: node3, role: worker, segment: rack-b',
      'name: node3, role: worker, segment: rack-c',
      [
        'nodes[3].segment: no segment is named "rack-c"',
        'nodes[3].gateway: no router has the address 10.0.1.1 in rack-c',
      ],
    ],
    ['a name used twice', 'name: node2', 'name: node1', ['nodes[2].name: the name "node1" is used twice']],
    [
      'a host named as a router',
      'name: outside',
      'name: router',
      ['routers[0].name: the name "router" is used twice'],
    ],
    [
      'a gateway nobody holds',
      'gateway: 10.0.1.1 }',
      'gateway: 10.0.1.2 }',
      ['nodes[3].gateway: no router has the address 10.0.1.2 in rack-b'],
    ],
    [
      'ranges that overlap',
      'podCidr: 10.244.0.0/16',
      'podCidr: 10.0.0.0/16',
      [
        'segments[0].subnet: 10.0.0.0/24 overlaps with 10.0.0.0/16',
        'segments[1].subnet: 10.0.1.0/24 overlaps with 10.0.0.0/16',
      ],
    ],
    [
      'a cluster without a control plane',
      'role: control-plane',
      'role: worker',
      ['nodes: one node must have the role control-plane'],
    ],
    [
      'a route to a far next hop',
      'nodes:',
      '    routes: [{ to: 10.50.0.0/16, via: 10.77.0.1 }]\nnodes:',
      ['routers[0].routes[0].via: 10.77.0.1 is in no segment of this router'],
    ],
    [
      'an address that is none',
      'subnet: 10.0.0.0/24',
      'subnet: 10.0.0/24',
      ['segments[0].subnet: "10.0.0/24" is not a prefix such as 10.0.0.0/24'],
    ],
  ])('is refused for %s', (_, from, to, wanted) => {
    expect(mistakes(from, to)).toEqual(wanted);
  });

  test('may give its machines /32 addresses, as clouds do', () => {
    expect(mistakes('address: 10.0.0.11/24', 'address: 10.0.0.11/32')).toEqual([]);
  });

  const TOR_BGP = readFileSync('labs/topologies/tor-bgp.yaml', 'utf8');

  test('may have routers that speak BGP', () => {
    const parsed = parseTopology('t.yaml', TOR_BGP);
    if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
    expect(parsed.value.routers.map(({ name, bgp }) => [name, bgp])).toEqual([
      ['tor-a', { asNumber: 65101, nodesAs: 64512, ecmp: true }],
      ['tor-b', { asNumber: 65102, nodesAs: 64512, ecmp: true }],
      ['spine', { asNumber: 65100, nodesAs: 64512, ecmp: true }],
    ]);
  });

  test('may list their neighbours', () => {
    const neighbours = '[{ address: 10.0.0.11, as: 65101, reflectorClient: true, nextHop: self }]';
    const parsed = parseTopology(
      't.yaml',
      TOR_BGP.replace('as: 65101 }', `as: 65101, neighbours: ${neighbours} }`),
    );
    if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
    expect(parsed.value.routers[0]?.bgp?.neighbours).toEqual([
      { address: ipv4('10.0.0.11'), asNumber: 65101, reflectorClient: true, nextHop: 'self', passive: false },
    ]);
  });

  test.each([
    [
      'an own address',
      '{ address: 10.0.0.1, as: 65100 }',
      ['routers[0].bgp.neighbours[0].address: 10.0.0.1 is an address of tor-a itself'],
    ],
    [
      'one out of reach',
      '{ address: 10.0.1.13, as: 64512 }',
      [
        'routers[0].bgp.neighbours[0].address: 10.0.1.13 is in no segment of this router: say how many hops away it is with multihop',
      ],
    ],
    ['one some hops away', '{ address: 10.0.1.13, as: 64512, multihop: 3 }', []],
    [
      'the same twice',
      '{ address: 10.0.0.11, as: 64512 }, { address: 10.0.0.11, as: 64512 }',
      ['routers[0].bgp.neighbours[1].address: 10.0.0.11 is listed twice'],
    ],
    [
      'reflection to another network',
      '{ address: 10.0.0.11, as: 64512, reflectorClient: true }',
      [
        'routers[0].bgp.neighbours[0].reflectorClient: routes are reflected inside one AS, and AS64512 is another',
      ],
    ],
  ])('a neighbour: %s', (_, neighbours, complaints) => {
    const text = TOR_BGP.replace('as: 65101 }', `as: 65101, neighbours: [${neighbours}] }`);
    const parsed = parseTopology('t.yaml', text);
    expect(parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`)).toEqual(
      complaints,
    );
  });
});
