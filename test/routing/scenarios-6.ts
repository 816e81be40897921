/**
 * The scenarios in IPv6: every address stands in one of fd00::/16, behind those 16 bits, so that what lies in what stays as it
 * is. The machines keep their IPv4 addresses besides, and their daemons both tables.
 */
import { isCidr6, isIpv6, type IpCidr } from '../../src/model/ip-family.ts';
import { ipv4, type Cidr, type InterfaceAddress, type Ip, type Ipv4, type Ipv6 } from '../../src/model/ip.ts';
import { cidrOf6 } from '../../src/model/ipv6.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { FilterRule, NeighbourConfig, SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/** 10.0.0.11 is fd00:a00:b::b: an interface of its own in a network of the same bits. */
function address6(address: Ipv4): Ipv6 {
  const bits = address.toString(16).padStart(8, '0');
  return `fd00${bits}${'0'.repeat(12)}${bits}` as Ipv6;
}

const SHIFT = 16;

const cidr6Of = ({ base, length }: Cidr): Cidr<Ipv6> =>
  length === 0 ? cidrOf6('0'.repeat(32) as Ipv6, 0) : cidrOf6(address6(base), length + SHIFT);

const anyAddress6 = (address: Ip): Ipv6 => (isIpv6(address) ? address : address6(address));
const anyCidr6 = (prefix: IpCidr): Cidr<Ipv6> => (isCidr6(prefix) ? prefix : cidr6Of(prefix));

const port6 = ({ address, length }: InterfaceAddress): InterfaceAddress<Ipv6> => ({
  address: address6(address),
  length: length + SHIFT,
});

const topology6 = (topology: Topology): Topology => ({
  ...topology,
  podCidr6: cidr6Of(topology.podCidr),
  serviceCidr6: cidr6Of(topology.serviceCidr),
  segments: topology.segments.map((segment) => ({ ...segment, subnet6: cidr6Of(segment.subnet) })),
  routers: topology.routers.map((router) => ({
    ...router,
    ports: router.ports.map((port) => ({ ...port, address6: port6(port.address) })),
    routes6: router.routes.map(({ to, via }) => ({ to: cidr6Of(to), via: address6(via) })),
  })),
});

const rule6 = ({ prefix, lengths, ...rest }: FilterRule): FilterRule => ({
  ...rest,
  ...(prefix && { prefix: anyCidr6(prefix) }),
  ...(lengths && { lengths: { least: lengths.least + SHIFT, most: lengths.most + SHIFT } }),
});

const neighbour6 = ({ source, ...neighbour }: NeighbourConfig): NeighbourConfig => ({
  ...neighbour,
  address: anyAddress6(neighbour.address),
  ...(source !== undefined && { source: anyAddress6(source) }),
});

const rules6 = (filters: NonNullable<SpeakerConfig['filters']>): NonNullable<SpeakerConfig['filters']> =>
  Object.fromEntries(Object.entries(filters).map(([name, rules]) => [name, rules.map(rule6)]));

const speaker6 = (config: SpeakerConfig): SpeakerConfig => ({
  ...config,
  families: [4, 6],
  blackholes: config.blackholes.map(anyCidr6),
  learnt: config.learnt.map(anyCidr6),
  ...(config.connected && { connected: config.connected.map(anyCidr6) }),
  neighbours: config.neighbours.map(neighbour6),
  ...(config.filters && { filters: rules6(config.filters) }),
  exports: config.exports.map(rule6),
});

const inIpv6 = ({ name, topology, speakers }: Scenario): Scenario => ({
  name: `${name}, in IPv6`,
  topology: topology6(topology),
  speakers: Object.fromEntries(Object.entries(speakers).map(([id, config]) => [id, speaker6(config)])),
});

/** The routes of both families, each in sessions of its own, in one daemon. */
function inBoth({ name, topology, speakers }: Scenario): Scenario {
  const both = (config: SpeakerConfig): SpeakerConfig => {
    const second = speaker6(config);
    const connected = [...(config.connected ?? []), ...(second.connected ?? [])];
    return {
      ...config,
      families: [4, 6],
      blackholes: [...config.blackholes, ...second.blackholes],
      ...(connected.length > 0 && { connected }),
      neighbours: [
        ...config.neighbours,
        ...second.neighbours.map((each) => ({ ...each, name: `${each.name}_6` })),
      ],
      exports: [...config.exports, ...second.exports.filter(({ prefix }) => prefix !== undefined)],
    };
  };
  return {
    name: `${name}, in both families`,
    topology: topology6(topology),
    speakers: Object.fromEntries(Object.entries(speakers).map(([id, config]) => [id, both(config)])),
  };
}

const named = (wanted: string): Scenario => {
  const found = SCENARIOS.find(({ name }) => name === wanted);
  if (!found) throw new RangeError(`no scenario ${wanted}`);
  return found;
};

/** Nodes as Calico's mesh has them, in two racks, with what stands for a kernel metric in the preference. */
function mesh(): Scenario {
  const { topology } = named('reflector');
  const nodes = [
    ['c1', '10.0.0.11', '10.244.1.0/26'],
    ['c2', '10.0.1.12', '10.244.2.0/26'],
    ['n', '10.0.0.13', '10.244.3.0/26'],
  ] as const;
  const { c1 } = named('reflector').speakers;
  if (!c1) throw new RangeError('c1');
  const speakers = nodes.map(([name, id, block]): [string, SpeakerConfig] => [
    name,
    {
      ...c1,
      process: `bird ${id}`,
      routerId: ipv4(id),
      blackholes: [blockOf(block)],
      normalMetric: 1024,
      neighbours: nodes.flatMap(([other, address]) =>
        other === name
          ? []
          : [
              {
                name: other,
                address: ipv4(address),
                asNumber: c1.asNumber,
                localAs: c1.asNumber,
                source: ipv4(id),
                passive: address > id,
                restartTime: 120,
              },
            ],
      ),
    },
  ]);
  return { name: 'mesh', topology, speakers: Object.fromEntries(speakers) };
}

const blockOf = (text: string): Cidr => {
  const [base = '', length] = text.split('/');
  return { base: ipv4(base), length: Number(length) };
};

export const SCENARIOS_6: readonly Scenario[] = [
  inIpv6(mesh()),
  ...SCENARIOS.map(inIpv6),
  inBoth(named('ToRs of other networks')),
];
