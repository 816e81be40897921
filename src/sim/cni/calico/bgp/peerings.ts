/**
 * BGPPeers taken apart into peerings: who talks to whom, and how. Global ones hold for every node; the others belong to one
 * node. A peering between Calico nodes is given its other direction unless somebody configured it or does not want it.
 * Source: updatePeersV1 in confd/pkg/backends/calico/client.go, Calico v3.32.1. Of two BGPPeers for the same address the one
 * whose name sorts first wins; upstream it is left to chance. Peerings are of both families, each for its own daemon. Left out:
 * local workload peers, a `reachableBy` of the other family, and peers without an AS number, for which BIRD refuses the whole
 * file.
 */
import { familyOf, parseIp, type IpFamily } from '../../../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { numberAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { secretKey, type BgpConfiguration, type SecretKey } from './configuration.ts';
import { addressIn, nodesMatching, type BgpNode, type BgpNodes } from './nodes.ts';
import { splitPeerAddress } from './peer-address.ts';
import { asNumber, durationSeconds } from './scalars.ts';

export interface Peering {
  readonly address: Ip;
  /** Part of the protocol's name; undefined is 179. */
  readonly port: number | undefined;
  readonly asNumber: number;
  readonly localAs: number | undefined;
  /** Known only of peers that a selector found. */
  readonly clusterId: Ipv4 | undefined;
  /** A peer's address was given, and it is a node's. */
  readonly isNode: boolean;
  readonly usesNodeAddress: boolean;
  readonly keepsNextHop: boolean;
  readonly nextHopMode: string;
  readonly restartTime: number | undefined;
  readonly keepaliveTime: number | undefined;
  readonly allowLocalAs: number;
  /** 0: off. */
  readonly ttlSecurity: number;
  readonly reachableBy: Ip | undefined;
  readonly filters: readonly string[];
  readonly password: SecretKey | undefined;
}

export interface Peerings {
  /** Of every node. */
  readonly global: readonly Peering[];
  readonly byNode: ReadonlyMap<string, readonly Peering[]>;
}

export const readPeerings = memoize(
  (peers: Table<KubeObject> | undefined, nodes: BgpNodes, configuration: BgpConfiguration): Peerings => {
    const all = [...(peers?.values() ?? [])];
    const cluster = { nodes, configuration };
    const book = new Book();
    for (const peer of all.filter(isGlobal))
      for (const each of peeringsOf(peer, cluster)) book.addGlobal(each);
    for (const peer of all.filter((each) => !isGlobal(each))) {
      const found = peeringsOf(peer, cluster);
      if (found.length > 0) for (const node of localNodes(peer, nodes)) book.addAll(node, found);
    }
    for (const peer of all) {
      const { near, far } = reversed(peer, cluster);
      if (far.length > 0) for (const { name } of near) book.addAll(name, far);
    }
    return book.read();
  },
  2,
);

/** The first peering to an address and port stays, and a global one is everybody's. */
class Book {
  readonly #global = new Map<string, Peering>();
  readonly #byNode = new Map<string, Map<string, Peering>>();

  addGlobal(peering: Peering): void {
    const key = keyOf(peering);
    if (!this.#global.has(key)) this.#global.set(key, peering);
  }

  addAll(node: string, peerings: readonly Peering[]): void {
    const known = this.#byNode.get(node) ?? new Map<string, Peering>();
    this.#byNode.set(node, known);
    for (const peering of peerings) {
      const key = keyOf(peering);
      if (!known.has(key) && !this.#global.has(key)) known.set(key, peering);
    }
  }

  read(): Peerings {
    return {
      global: [...this.#global.values()],
      byNode: new Map([...this.#byNode].map(([node, peerings]) => [node, [...peerings.values()]])),
    };
  }
}

const keyOf = ({ address, port }: Peering): string => `${address} ${port ?? 0}`;

interface ClusterFacts {
  readonly nodes: BgpNodes;
  readonly configuration: BgpConfiguration;
  /** In which nodes are spoken to; both when absent. */
  readonly families?: readonly IpFamily[];
}

const spec = (peer: KubeObject, member: string): string => textAt(peer.spec, member);
const isGlobal = (peer: KubeObject): boolean =>
  spec(peer, 'nodeSelector') === '' && spec(peer, 'node') === '';

/** Names; one that is given need not exist. */
function localNodes(peer: KubeObject, nodes: BgpNodes): readonly string[] {
  const selector = spec(peer, 'nodeSelector');
  return selector === '' ? [spec(peer, 'node')] : nodesMatching(nodes, selector).map(({ name }) => name);
}

function peeringsOf(peer: KubeObject, cluster: ClusterFacts): readonly Peering[] {
  if (spec(peer, 'localWorkloadSelector') !== '') return [];
  const selector = spec(peer, 'peerSelector');
  if (selector !== '')
    return nodesMatching(cluster.nodes, selector).flatMap((node) => withNode(node, peer, cluster));
  return withAddress(peer, cluster);
}

/** What a BGPPeer says of each of its sessions. */
function common(
  peer: KubeObject,
): Pick<
  Peering,
  | 'usesNodeAddress'
  | 'keepsNextHop'
  | 'nextHopMode'
  | 'restartTime'
  | 'keepaliveTime'
  | 'ttlSecurity'
  | 'reachableBy'
  | 'filters'
  | 'password'
> {
  const nextHopMode = spec(peer, 'nextHopMode');
  return {
    usesNodeAddress: spec(peer, 'sourceAddress') !== 'None',
    // The old field counts only without the new one.
    keepsNextHop: nextHopMode === '' && peer.spec?.['keepOriginalNextHop'] === true,
    nextHopMode,
    restartTime: durationSeconds(spec(peer, 'maxRestartTime')),
    keepaliveTime: durationSeconds(spec(peer, 'keepaliveTime')),
    ttlSecurity: numberAt(peer.spec, 'ttlSecurity'),
    reachableBy: parseIp(spec(peer, 'reachableBy')),
    filters: textsAt(peer.spec, 'filters'),
    password: secretKey(peer.spec, 'password'),
  };
}

const listenPortOf = (
  { name }: BgpNode,
  { nodeListenPorts, listenPort }: BgpConfiguration,
): number | undefined => nodeListenPorts.get(name) ?? listenPort;

const FAMILIES: readonly IpFamily[] = [4, 6];

/** A peer that a selector found, once for each family it speaks: its own AS, port and cluster id are known. */
function withNode(
  node: BgpNode,
  peer: KubeObject,
  { configuration, families = FAMILIES }: ClusterFacts,
): readonly Peering[] {
  return families.flatMap((family): readonly Peering[] => {
    const address = addressIn(node, family)?.address;
    if (address === undefined) return [];
    const { reachableBy, ...shared } = common(peer);
    return [
      {
        ...shared,
        reachableBy: sameFamily(reachableBy, address),
        ...nodePeering(node, configuration),
        address,
      },
    ];
  });
}

const sameFamily = (address: Ip | undefined, other: Ip): Ip | undefined =>
  address !== undefined && familyOf(address) === familyOf(other) ? address : undefined;

const nodePeering = (
  node: BgpNode,
  configuration: BgpConfiguration,
): Pick<Peering, 'port' | 'asNumber' | 'localAs' | 'clusterId' | 'isNode' | 'allowLocalAs'> => ({
  port: listenPortOf(node, configuration),
  asNumber: node.asNumber ?? configuration.asNumber,
  localAs: undefined,
  clusterId: node.clusterId,
  isNode: false,
  allowLocalAs: 0,
});

function withAddress(peer: KubeObject, cluster: ClusterFacts): readonly Peering[] {
  const { host, port } = addressOf(peer);
  const address = parseIp(host);
  const reachableBy = spec(peer, 'reachableBy');
  const peerAs = asNumber(peer.spec?.['asNumber']) ?? 0;
  if (address === undefined || peerAs === 0) return [];
  if (reachableBy !== '' && sameFamily(parseIp(reachableBy), address) === undefined) return [];
  const [node] = port === 0 ? nodesAt(peer, cluster) : [];
  return [
    {
      ...common(peer),
      address,
      port: port || (node && listenPortOf(node, cluster.configuration)),
      asNumber: peerAs,
      localAs: asNumber(peer.spec?.['localASNumber']) || undefined,
      clusterId: undefined,
      isNode: cluster.nodes.some((each) => addressIn(each, familyOf(address))?.address === address),
      allowLocalAs: numberAt(peer.spec, 'numAllowedLocalASNumbers'),
    },
  ];
}

function addressOf(peer: KubeObject): { readonly host: string; readonly port: number } {
  const text = spec(peer, 'peerIP');
  return splitPeerAddress(text) ?? { host: text, port: 0 };
}

/** Nodes that the peer's address, AS and port describe. */
function nodesAt(peer: KubeObject, { nodes, configuration }: ClusterFacts): BgpNodes {
  const { host, port } = addressOf(peer);
  const address = parseIp(host);
  if (address === undefined) return [];
  const wanted = asNumber(peer.spec?.['asNumber']) || configuration.asNumber;
  return nodes.filter((node) => {
    if (addressIn(node, familyOf(address))?.address !== address) return false;
    if ((node.asNumber ?? configuration.asNumber) !== wanted) return false;
    return port === 0 || listensOn(node, port, configuration);
  });
}

/** As upstream: a port of the cluster must fit even where the node has its own. */
function listensOn(
  { name }: BgpNode,
  port: number,
  { nodeListenPorts, listenPort }: BgpConfiguration,
): boolean {
  const own = nodeListenPorts.get(name);
  if (own !== undefined && own !== port) return false;
  return listenPort === undefined || listenPort === port;
}

interface Reversed {
  readonly near: BgpNodes;
  readonly far: readonly Peering[];
}

/** The other direction: of the nodes that are peers, with those the BGPPeer is for. */
function reversed(peer: KubeObject, cluster: ClusterFacts): Reversed {
  const nobody: Reversed = { near: [], far: [] };
  if (spec(peer, 'reversePeering') === 'Manual' || spec(peer, 'localWorkloadSelector') !== '') return nobody;
  const selector = spec(peer, 'peerSelector');
  const near = selector === '' ? nodesAt(peer, cluster) : nodesMatching(cluster.nodes, selector);
  if (near.length === 0) return nobody;
  const locals = new Set(
    isGlobal(peer) ? cluster.nodes.map(({ name }) => name) : localNodes(peer, cluster.nodes),
  );
  // A peer that was given by its address is answered in its family.
  const given = selector === '' ? parseIp(addressOf(peer).host) : undefined;
  const families = given === undefined ? FAMILIES : [familyOf(given)];
  const far = cluster.nodes
    .filter(({ name }) => locals.has(name))
    .flatMap((node) => withNode(node, peer, { ...cluster, families }));
  return { near, far };
}
