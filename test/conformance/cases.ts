/** Which flows to ask for: one of each locality, protocol and size, between ends that a seeded draw picks. */
import { addressAt, cidrOf, ipv4, type Ipv4 } from '../../src/model/ip.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import { nextRandom, seeded } from '../../src/sim/core/random.ts';
import { echo } from '../../src/sim/net/exchange.ts';
import type { Netns, Network } from '../../src/sim/net/netns.ts';
import { UDP_PORT, type ClusterNetwork } from './cluster.ts';
import { headersTo, LOCALITIES, type DrawnLocality, type Flow, type Protocol, type Size } from './flow.ts';

const SHAPES: readonly (readonly [Protocol, Size])[] = [
  ['icmp', 'small'],
  ['icmp', 'full'],
  ['icmp', 'one over'],
  ['icmp', 'jumbo'],
  ['udp', 'small'],
  ['udp', 'jumbo'],
  ['tcp', 'small'],
];

const SMALL = 84;
const JUMBO = 3000;
const HTTP_PORT = 80;
const ECHO_PORT = 7;
/** Pods come from the beginning of a block. */
const FREE_ORDINAL = 40;
const BLOCK_LENGTH = 26;

export interface Choice {
  readonly network: Network;
  readonly seed: number;
  /** Flows that are worth more: those that a fault changes. */
  readonly prefers?: (flow: Flow) => boolean;
  /** So many of them, drawn. */
  readonly most?: number;
}

/** Pairs that are looked at to find a preferred one. */
const TRIED = 8;

/** One flow for each case that this cluster has ends for. */
export function flowsOf(
  cluster: ClusterNetwork,
  { network, seed, prefers = () => false, most }: Choice,
): readonly Flow[] {
  let random = seeded(seed);
  const draw = (): number => {
    const next = nextRandom(random);
    random = next.state;
    return next.value;
  };
  const ends = endsOf(cluster);
  const wanted = LOCALITIES.flatMap((locality) => {
    const pairs = pairsOf(locality, ends).map((pair) => ({ pair, rank: draw() }));
    const shuffled = pairs.sort((a, b) => a.rank - b.rank).map(({ pair }) => pair);
    return SHAPES.flatMap((shape, at) => {
      // Another pair for each shape, as far as there are any.
      const turned = [...shuffled.slice(at % shuffled.length), ...shuffled.slice(0, at % shuffled.length)];
      return turned.length === 0 ? [] : [{ locality, shape, pairs: turned.slice(0, TRIED), rank: draw() }];
    });
  });
  const chosen = most === undefined ? wanted : wanted.toSorted((a, b) => a.rank - b.rank).slice(0, most);
  const limit = onceEach((pair) => pathLimit(network, pair));
  return chosen.flatMap(({ locality, shape: [protocol, size], pairs }) => {
    const flow = (pair: Pair): Flow => flowOf({ ...pair, locality, protocol, size }, limit);
    const preferred = pairs.find((pair) => prefers(flow(pair))) ?? pairs[0];
    return preferred ? flow(preferred) : [];
  });
}

/** Of the shapes of a flow several want to know the same of its ends. */
function onceEach(of: (pair: Pair) => number): (pair: Pair) => number {
  const known = new Map<string, number>();
  return (pair) => {
    const key = `${pair.from} ${pair.to}`;
    const value = known.get(key) ?? of(pair);
    known.set(key, value);
    return value;
  };
}

interface End {
  readonly id: NetnsId;
  readonly address: Ipv4;
  readonly node: NetnsId;
  readonly rack: string;
}

interface Ends {
  readonly pods: readonly End[];
  readonly nodes: readonly End[];
  readonly hosts: readonly End[];
  readonly services: readonly Ipv4[];
}

function endsOf({ topology, stacks, services }: ClusterNetwork): Ends {
  const nodes = topology.nodes.map(({ name, segment, address }): End => {
    const id = `node/${name}`;
    return { id, address: address.address, node: id, rack: segment };
  });
  return {
    nodes,
    pods: stacks.filter(({ id }) => id.startsWith('pod/')).flatMap((stack) => podEnd(stack, nodes)),
    hosts: topology.hosts.map(({ name, segment, address }) => ({
      id: `host/${name}`,
      address: address.address,
      node: '',
      rack: segment,
    })),
    services: services.map(ipv4),
  };
}

function podEnd({ id, devices }: Netns, nodes: readonly End[]): readonly End[] {
  const eth0 = devices.find(({ name }) => name === 'eth0');
  const node = eth0?.link?.kind === 'peer' ? eth0.link.netns : '';
  const rack = nodes.find((known) => known.id === node)?.rack;
  const address = eth0?.addresses[0]?.address;
  return rack === undefined || address === undefined ? [] : [{ id, address, node, rack }];
}

type Pair = Pick<Flow, 'from' | 'to'>;

function pairsOf(locality: DrawnLocality, { pods, nodes, hosts, services }: Ends): readonly Pair[] {
  const between = (
    from: readonly End[],
    to: readonly End[],
    fits: (from: End, to: End) => boolean,
  ): readonly Pair[] =>
    from.flatMap((one) =>
      to
        .filter((other) => one !== other && fits(one, other))
        .map((other) => ({ from: one.id, to: other.address })),
    );
  const sameNode = (a: End, b: End): boolean => a.node === b.node;
  const sameRack = (a: End, b: End): boolean => !sameNode(a, b) && a.rack === b.rack;
  const crossRack = (a: End, b: End): boolean => a.rack !== b.rack;
  const always = (): boolean => true;
  switch (locality) {
    case 'pod to pod, same node':
      return between(pods, pods, sameNode);
    case 'pod to pod, same rack':
      return between(pods, pods, sameRack);
    case 'pod to pod, cross rack':
      return between(pods, pods, crossRack);
    case 'pod to own node':
      return between(pods, nodes, sameNode);
    case 'pod to other node':
      return between(pods, nodes, (a, b) => !sameNode(a, b));
    case 'node to pod, same node':
      return between(nodes, pods, sameNode);
    case 'node to pod, same rack':
      return between(nodes, pods, sameRack);
    case 'node to pod, cross rack':
      return between(nodes, pods, crossRack);
    case 'pod to outside':
      return between(pods, hosts, always);
    case 'outside to pod':
      return between(hosts, pods, always);
    case 'pod to service':
      return pods.flatMap(({ id }) => services.map((to) => ({ from: id, to })));
    case 'pod to free address':
      return pods.flatMap(({ id, node }) =>
        pods
          .filter((other) => other.node !== node)
          .map(({ address }) => ({
            from: id,
            to: addressAt(cidrOf(address, BLOCK_LENGTH), FREE_ORDINAL),
          })),
      );
  }
}

type Case = Omit<Flow, 'bytes' | 'port'>;

function flowOf(wanted: Case, limit: (pair: Pair) => number): Flow {
  return { ...wanted, bytes: bytesOf(wanted, limit), port: portOf(wanted) };
}

function bytesOf(wanted: Case, limit: (pair: Pair) => number): number {
  switch (wanted.size) {
    case 'small':
      return SMALL;
    case 'full':
      return limit(wanted);
    case 'one over':
      return limit(wanted) + 1;
    case 'jumbo':
      return JUMBO;
  }
}

/** Ever smaller packets that must not be fragmented (RFC 1191), until none complains. */
function pathLimit(network: Network, { from, to }: Pair): number {
  let limit = network.netns(from)?.devices.find(({ name }) => name === 'eth0')?.mtu ?? JUMBO;
  for (;;) {
    const { outcome } = echo(network, {
      from,
      to,
      identifier: 1,
      sequence: 1,
      ttl: 64,
      dataLength: limit - headersTo(to),
      pmtuDiscovery: 'do',
    });
    const told = 'mtu' in outcome.reply ? outcome.reply.mtu : undefined;
    if (told === undefined || told >= limit) return limit;
    limit = told;
  }
}

/** Ports where something listens; nodes have nothing on theirs, and say so. */
const portOf = ({ locality, protocol }: Case): number =>
  protocol === 'tcp' ? HTTP_PORT : locality === 'pod to outside' ? ECHO_PORT : UDP_PORT;
