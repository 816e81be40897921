/**
 * What Calico configures a node's BIRD to do in a full mesh, in the words of BIRD 2: the node's own blocks as static blackholes,
 * one side of each pair waits, next hops are resolved recursively, metric 1024 stands on what is learnt. It is written from the
 * topology and Calico's templates alone, not from what the simulator's confd made of them, so that the two can be compared.
 * Options: confd/etc/calico/confd/templates/bird{,_ipam}.cfg.template, Calico v3.32.1.
 */
import { formatCidr, formatIpv4 } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';

const AS_NUMBER = 64_512;

export interface MeshWish {
  readonly node: string;
  /** CIDRs of the node's own blocks. */
  readonly blocks: readonly string[];
  /** Whether it speaks to the other nodes; it does unless said. */
  readonly mesh?: boolean;
  /** Seconds between two looks at the kernel's devices and routes. */
  readonly scanTime?: number;
  /** Seconds until a session is first tried. */
  readonly connectDelay?: number;
}

export function meshConfiguration(topology: Topology, wish: MeshWish): string {
  const { node, blocks, mesh = true, scanTime = 2, connectDelay = 2 } = wish;
  const own = addressOf(topology, node);
  const peers = topology.nodes
    .filter(({ name }) => name !== node)
    .map(({ name }) => addressOf(topology, name));
  const pool = formatCidr(topology.podCidr);
  return [
    `router id ${own};`,
    `protocol device { scan time ${scanTime}; }`,
    'protocol direct { ipv4; interface -"cali*", -"kube-ipvs*", "*"; }',
    `protocol static { ipv4; ${blocks.map((block) => `route ${block} blackhole;`).join(' ')} }`,
    'filter programmed {',
    '  if source = RTS_BGP then { krt_metric = 1024; accept; }',
    '  if source = RTS_STATIC then accept;',
    '  reject;',
    '}',
    'filter announced {',
    // A block is announced as a whole; an address of another node's block by itself.
    ...blocks.map((block) => `  if net = ${block} then accept; if net ~ [ ${block}+ ] then reject;`),
    `  if net ~ [ ${pool}+ ] then accept;`,
    '  reject;',
    '}',
    `protocol kernel { learn; persist; scan time ${scanTime}; metric 0; ipv4 { import all; export filter programmed; }; }`,
    'template bgp mesh {',
    `  local ${own} as ${AS_NUMBER};`,
    `  connect delay time ${connectDelay}; connect retry time 5; error wait time 5, 30; graceful restart;`,
    '  ipv4 { gateway recursive; import all; export filter announced; add paths on; };',
    '}',
    ...(mesh ? peers : []).map((peer) => {
      const waits = peer > own ? ' passive on;' : '';
      return `protocol bgp Mesh_${peer.replaceAll('.', '_')} from mesh { multihop; neighbor ${peer} as ${AS_NUMBER};${waits} }`;
    }),
    '',
  ].join('\n');
}

function addressOf({ nodes }: Topology, name: string): string {
  const node = nodes.find((known) => known.name === name);
  if (!node) throw new RangeError(`the topology has no node ${name}`);
  return formatIpv4(node.address.address);
}
