/**
 * The BGP protocols of one node's bird.cfg or bird6.cfg: the mesh and the peerings, in name order.
 * Source: confd/pkg/backends/calico/bgp_processor.go and etc/calico/confd/templates/bird{,6}.cfg.template, Calico v3.32.1.
 */
import { familyOf, formatIp, type IpFamily } from '../../../../model/ip-family.ts';
import type { Ip } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { NeighbourConfig } from '../../../routing/speaker-config.ts';
import type { BgpConfiguration, SecretKey } from './configuration.ts';
import { addressIn, type BgpNode, type BgpNodes } from './nodes.ts';
import type { Peering, Peerings } from './peerings.ts';

export interface NodeFacts {
  readonly node: BgpNode;
  /** Of the daemon's family: its peers are of the same. */
  readonly address: Ip;
  readonly asNumber: number;
  readonly configuration: BgpConfiguration;
}

export interface ProtocolSources {
  readonly nodes: BgpNodes;
  readonly peerings: Peerings;
  /** Undefined while the secret or its key is not there. */
  readonly password: (secret: SecretKey) => string | undefined;
  /** The functions of a direction that a peer's BGPFilters stand for, in order. */
  readonly filters: (names: readonly string[], direction: 'import' | 'export') => readonly string[];
}

/** BIRD's own `graceful restart time`. */
const RESTART_TIME = 120;

export function bgpProtocols(own: NodeFacts, sources: ProtocolSources): readonly NeighbourConfig[] {
  const { peerings } = sources;
  const family = familyOf(own.address);
  const isOurs = ({ address }: Peering): boolean => familyOf(address) === family;
  const neighbours = [
    ...mesh(own, sources),
    ...peerings.global.filter(isOurs).flatMap((peering) => protocol('Global', peering, own, sources)),
    ...(peerings.byNode.get(own.node.name) ?? [])
      .filter(isOurs)
      .flatMap((peering) => protocol('Node', peering, own, sources)),
  ];
  return neighbours.sort(byName);
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : Number(a.name > b.name);

const protocolName = (prefix: string, address: Ip, port?: number): string =>
  `${prefix}_${formatIp(address).replaceAll(/[.:]/g, '_')}${port === undefined ? '' : `_port_${port}`}`;

/** It is texts that are compared, so 10.0.0.9 sorts behind 10.0.0.10. */
const sortsBehind = (address: Ip, own: Ip): boolean => formatIp(address) > formatIp(own);

/**
 * A session with every other node, but none of a reflector's. Of two nodes one calls: the one whose peer does not sort behind
 * it. A node without an AS of its own is taken to be in ours, as upstream has it.
 */
function mesh(own: NodeFacts, sources: ProtocolSources): readonly NeighbourConfig[] {
  const { configuration, node } = own;
  if (!configuration.mesh || node.clusterId !== undefined) return [];
  const importFilters = sources.filters([], 'import');
  const password = configuration.meshPassword && sources.password(configuration.meshPassword);
  const ownText = formatIp(own.address);
  return meshEnds(sources.nodes, familyOf(own.address)).flatMap(
    ({ peer, address, text, name }): readonly NeighbourConfig[] => {
      if (address === own.address) return [];
      const port = configuration.nodeListenPorts.get(peer.name) ?? configuration.listenPort;
      const asNumber = peer.asNumber ?? own.asNumber;
      return [
        {
          name,
          address,
          ...(port !== undefined && { port }),
          asNumber,
          localAs: own.asNumber,
          source: own.address,
          passive: text > ownText,
          restartTime: configuration.meshRestartTime ?? RESTART_TIME,
          importFilters,
          // Without a word about it BIRD wants an outer neighbour on a network of its own.
          ...(asNumber !== own.asNumber && { multihop: 'direct' as const }),
          ...(password !== undefined && { password }),
        },
      ];
    },
  );
}

interface MeshEnd {
  readonly peer: BgpNode;
  readonly address: Ip;
  readonly text: string;
  readonly name: string;
}

/** Everybody in the mesh, once for all nodes, in the order of the protocols' names. */
const meshEnds = memoize(
  (nodes: BgpNodes, family: IpFamily): readonly MeshEnd[] =>
    nodes
      .flatMap((peer): readonly MeshEnd[] => {
        const address = addressIn(peer, family)?.address;
        if (address === undefined || peer.clusterId !== undefined) return [];
        return [{ peer, address, text: formatIp(address), name: protocolName('Mesh', address) }];
      })
      .sort(byName),
  2,
);

function protocol(
  prefix: 'Global' | 'Node',
  peering: Peering,
  own: NodeFacts,
  sources: ProtocolSources,
): readonly NeighbourConfig[] {
  const { address, port, asNumber } = peering;
  if (address === own.address) return [];
  const localAs = peering.localAs ?? own.asNumber;
  return [
    {
      name: protocolName(prefix, address, port),
      address,
      ...(port !== undefined && { port }),
      asNumber,
      localAs,
      ...(peering.usesNodeAddress && { source: own.address }),
      passive: prefix === 'Global' && peering.isNode && sortsBehind(address, own.address),
      restartTime: peering.restartTime ?? RESTART_TIME,
      ...calls(peering, sources),
      ...reflection(peering, own, localAs),
      ...nextHop(peering, localAs),
      ...limits(peering),
      ...secret(peering, sources),
    },
  ];
}

function calls(
  { filters }: Peering,
  sources: ProtocolSources,
): Pick<NeighbourConfig, 'importFilters' | 'exportFilters'> {
  const exportFilters = sources.filters(filters, 'export');
  const importFilters = sources.filters(filters, 'import');
  return exportFilters.length > 0 ? { importFilters, exportFilters } : { importFilters };
}

type Limits = Pick<NeighbourConfig, 'multihop' | 'ttlSecurity' | 'allowLocalAs' | 'keepaliveTime'>;

const limits = ({ ttlSecurity, allowLocalAs, keepaliveTime }: Peering): Limits => ({
  ...(ttlSecurity > 0 && { multihop: ttlSecurity, ttlSecurity: true }),
  ...(allowLocalAs > 0 && { allowLocalAs }),
  ...(keepaliveTime !== undefined && { keepaliveTime }),
});

function secret({ password }: Peering, sources: ProtocolSources): Pick<NeighbourConfig, 'password'> {
  const text = password && sources.password(password);
  return text === undefined ? {} : { password: text };
}

/** A reflector takes an inner peer for its client unless it is known to be of the same cluster. */
function reflection(
  { asNumber, clusterId }: Peering,
  { node }: NodeFacts,
  localAs: number,
): Pick<NeighbourConfig, 'reflector'> {
  if (node.clusterId === undefined || asNumber !== localAs || clusterId === node.clusterId) return {};
  return { reflector: { clusterId: node.clusterId } };
}

function nextHop(
  { nextHopMode, keepsNextHop, asNumber }: Peering,
  localAs: number,
): Pick<NeighbourConfig, 'nextHop'> {
  if (nextHopMode === 'Self') return { nextHop: 'self' };
  if (nextHopMode === 'Keep' || (keepsNextHop && asNumber !== localAs)) return { nextHop: 'keep' };
  return {};
}
