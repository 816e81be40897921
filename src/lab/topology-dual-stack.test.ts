import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatCidr6, formatIpv6 } from '../model/ipv6.ts';
import { formatDiagnostics } from './diagnostic.ts';
import { parseTopology } from './topology.ts';

const DUAL_STACK = readFileSync('labs/topologies/dual-stack.yaml', 'utf8');

const parsed = (text: string) => {
  const topology = parseTopology('t.yaml', text);
  if (!topology.ok) throw new Error(formatDiagnostics(topology.error));
  return topology.value;
};

/** After each replacement, which must find its text. */
function mistakes(...replacements: readonly (readonly [RegExp, string])[]): readonly string[] {
  const text = replacements.reduce((before, [from, to]) => {
    const after = before.replace(from, to);
    if (after === before) throw new Error(`nothing to replace: ${from}`);
    return after;
  }, DUAL_STACK);
  const topology = parseTopology('t.yaml', text);
  return topology.ok ? [] : topology.error.map(({ path, message }) => `${path}: ${message}`);
}

describe('a dual-stack topology', () => {
  test('has addresses of both families', () => {
    const { podCidr6, serviceCidr6, segments, nodes, hosts } = parsed(DUAL_STACK);
    expect([podCidr6, serviceCidr6].map((range) => range && formatCidr6(range))).toEqual([
      'fd00:10:244::/56',
      'fd00:10:96::/112',
    ]);
    expect(segments.map(({ subnet6 }) => subnet6 && formatCidr6(subnet6))).toEqual([
      'fd00:a::/64',
      'fd00:b::/64',
      '2001:db8:113::/64',
    ]);
    expect(
      [...nodes, ...hosts].map(({ name, address6, gateway6 }) =>
        [name, address6 && formatIpv6(address6.address), gateway6 && formatIpv6(gateway6)].join(' '),
      ),
    ).toEqual([
      'control-plane fd00:a::10 fd00:a::1',
      'node1 fd00:a::11 fd00:a::1',
      'node2 fd00:a::12 fd00:a::1',
      'node3 fd00:b::13 fd00:b::1',
      'outside 2001:db8:113::10 2001:db8:113::1',
    ]);
  });

  test('may have static routes of IPv6 on routers and hosts', () => {
    const { routers, hosts } = parsed(
      DUAL_STACK.replace('nodes:', '    routes6: [{ to: fd00:50::/48, via: fd00:a::11 }]\nnodes:').concat(
        '    routes6: [{ to: fd00:10:244::/56, via: 2001:db8:113::1 }]\n',
      ),
    );
    expect(
      [...routers, ...hosts].map(({ routes6 = [] }) => routes6.map(({ to }) => formatCidr6(to))),
    ).toEqual([['fd00:50::/48'], ['fd00:10:244::/56']]);
  });

  test('may have a host without IPv6', () => {
    expect(mistakes([/ {4}address6: 2001:db8:113::10.*\n.*\n/, ''])).toEqual([]);
  });

  test('says nothing of IPv6 in the topology when the file says nothing', () => {
    const topology = parsed(readFileSync('labs/topologies/two-racks.yaml', 'utf8'));
    const keys = (value: unknown): readonly string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => [key, ...keys(inner)])
        : [];
    expect(keys(topology).filter((key) => key.endsWith('6'))).toEqual([]);
  });

  test.each([
    [
      'pods without services',
      [[/serviceCidr6: .*\n/, '']],
      ['podCidr6: a dual-stack cluster needs serviceCidr6 too: add it, or leave podCidr6 out'],
    ],
    [
      'services without pods',
      [[/podCidr6: .*\n/, '']],
      ['serviceCidr6: a dual-stack cluster needs podCidr6 too: add it, or leave serviceCidr6 out'],
    ],
    [
      'IPv6 below a cluster of IPv4',
      [
        [/podCidr6: .*\n/, ''],
        [/serviceCidr6: .*\n/, ''],
      ],
      [
        'segments[0].subnet6: is IPv6, but the cluster has IPv4 only: add podCidr6 and serviceCidr6, or leave IPv6 out',
      ],
    ],
    [
      'an address outside its segment',
      [[/address6: fd00:a::11/, 'address6: fd00:b::11']],
      ['nodes[1].address6: fd00:b::11 is outside rack-a (fd00:a::/64)'],
    ],
    [
      'an address used twice',
      [[/address6: fd00:a::12/, 'address6: fd00:a:0:0::11']],
      ['nodes[2].address6: fd00:a::11 is used twice'],
    ],
    [
      'the anycast address of routers',
      [[/address6: fd00:a::11\//, 'address6: fd00:a::/']],
      ['nodes[1].address6: fd00:a:: is the subnet-router anycast address of fd00:a::/64'],
    ],
    [
      'a prefix wider than the segment',
      [[/address6: fd00:a::11\/64/, 'address6: fd00:a::11/48']],
      ['nodes[1].address6: fd00:a::11 has a shorter prefix than rack-a (fd00:a::/64)'],
    ],
    [
      'a gateway nobody holds',
      [[/gateway6: fd00:b::1/, 'gateway6: fd00:b::2']],
      ['nodes[3].gateway6: no router has the address fd00:b::2 in rack-b'],
    ],
    [
      'a node without an address',
      [[/ {4}address6: fd00:a::11.*\n/, '']],
      ['nodes[1]: address6 is missing: the cluster is dual-stack'],
    ],
    [
      'a node without a gateway',
      [[/(address6: fd00:a::11.*\n).*\n/, '$1']],
      ['nodes[1]: gateway6 is missing: the cluster is dual-stack'],
    ],
    [
      'a segment without a subnet',
      [[/, subnet6: fd00:b::\/64/, '']],
      ['segments[1]: subnet6 is missing: the cluster is dual-stack'],
    ],
    [
      'a host with half of it',
      [[/ {4}gateway6: 2001.*\n/, '']],
      ['hosts[0]: gateway6 is missing: there is an address6'],
    ],
    [
      'a host with the other half',
      [[/ {4}address6: 2001:db8:113::10.*\n/, '']],
      ['hosts[0]: address6 is missing: there is a gateway6 or there are routes6'],
    ],
    [
      'ranges that overlap',
      [[/podCidr6: .*/, 'podCidr6: fd00:a::/56']],
      ['segments[0].subnet6: fd00:a::/64 overlaps with fd00:a::/56'],
    ],
    [
      'a pod range that nodes cannot share',
      [[/podCidr6: .*/, 'podCidr6: fd00:10:244::/32']],
      [
        'serviceCidr6: fd00:10:96::/112 overlaps with fd00:10::/32',
        'podCidr6: fd00:10::/32 cannot be cut into a /64 for each node: take a prefix of /48 to /64',
      ],
    ],
    [
      'a service range that the API server refuses',
      [[/serviceCidr6: .*/, 'serviceCidr6: fd00:10:96::/64']],
      ['serviceCidr6: fd00:10:96::/64 is no range the API server takes: take a prefix of /108 to /124'],
    ],
    [
      'a range that stays on its link',
      [[/podCidr6: .*/, 'podCidr6: fe80:10:244::/56']],
      ['podCidr6: fe80:10:244::/56 is not routed: take one of fc00::/7 or 2000::/3'],
    ],
    [
      'a route to a far next hop',
      [[/nodes:/, '    routes6: [{ to: fd00:50::/48, via: fd00:77::1 }]\nnodes:']],
      ['routers[0].routes6[0].via: fd00:77::1 is in no segment of this router'],
    ],
    [
      'an address of the other family',
      [[/address6: fd00:a::11\/64/, 'address6: 10.0.0.11/24']],
      [
        'nodes[1].address6: "10.0.0.11/24" is not an IPv6 address with its prefix length such as fd00:a::1/64',
      ],
    ],
    [
      'a misspelt key',
      [[/address6: fd00:a::11/, 'adress6: fd00:a::11']],
      [
        'nodes[1]: unknown key "adress6" (did you mean address6?)',
        'nodes[1]: address6 is missing: the cluster is dual-stack',
      ],
    ],
  ] as const)('is refused for %s', (_, replacements, wanted) => {
    expect(mistakes(...replacements)).toEqual(wanted);
  });
});
