/**
 * What becomes of a path on its way to a neighbour: whether it may be told, with which attributes, and what the filters say.
 * Sources: proto/bgp/attrs.c bgp_import_control, bgp_create_attrs, bgp_update_attrs, BIRD 1.6.8 and 2.0.12 (RFC 4271 section
 * 5, RFC 4456 section 8, RFC 1997); the preference out of the kernel metric: confd/pkg/backends/calico/bgp_processor.go
 * buildExportFilter, Calico v3.32.1.
 */
import type { PathAttributes } from '../../model/bgp.ts';
import { familyOf, isIpv4 } from '../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../model/ip.ts';
import type { Netns } from '../net/netns.ts';
import { judged, judgedBy, prepended, type Filtered } from './filter.ts';
import { addresses6, isLinkLocal } from '../net/inet6.ts';
import { connectedDevice, routesOf, wayOf } from './next-hop.ts';
import { DEFAULT_LOCAL_PREF, metricOf, MOST_LOCAL_PREF, ownSourceOf, prefixKey } from './rib.ts';
import type { Path, Peer, Speaker } from './routing-state.ts';
import {
  isInternal,
  neighbourNamed,
  type NeighbourConfig,
  type RouteSource,
  type SpeakerConfig,
} from './speaker-config.ts';

/** A speaker about to tell one of its neighbours something. */
export interface Telling {
  readonly speaker: Speaker;
  readonly peer: Peer;
  readonly stack: Netns;
}

/** `rejected`: such a peer never hears of such a path; `filtered`: the filters said no. */
export type Announced = PathAttributes | 'rejected' | 'filtered';

export function announced(path: Path, telling: Telling): Announced {
  if (mayNotTell(path, telling)) return 'rejected';
  // What a neighbour told depends on more than the kind of neighbour that is told.
  if (path.bgp) return judgedForPeer(path, telling);
  const { speaker, stack, peer } = telling;
  let known = judgements.get(path);
  if (known?.config !== speaker.config || known.stack !== stack) {
    known = { config: speaker.config, stack, byKind: new Map() };
    judgements.set(path, known);
  }
  const kind = kindOf(peer);
  const verdict = known.byKind.get(kind) ?? judgedForPeer(path, telling);
  known.byKind.set(kind, verdict);
  return verdict;
}

/** What neighbours of one kind are told of an own path, while neither the configuration nor the stack changes. */
interface Judgement {
  readonly config: SpeakerConfig;
  readonly stack: Netns;
  readonly byKind: Map<string, Announced>;
}

const judgements = new WeakMap<Path, Judgement>();

/** Everything about a neighbour that an announcement depends on. */
function kindOf(peer: Peer): string {
  const { asNumber, localAs, exportFilters = [], nextHop, multihop, reflector, address } = peer.config;
  const link = multihop === 'direct' ? address : '';
  return [ownAddress(peer), asNumber, localAs, nextHop, reflector?.clusterId, link, ...exportFilters].join();
}

function judgedForPeer(path: Path, telling: Telling): Announced {
  const { speaker, peer } = telling;
  const { config } = speaker;
  const known = path.bgp?.attributes ?? created(peer);
  // BIRD 1.6 gives a route the attributes that it will travel with before its filters see it, BIRD 2 after that.
  const isSecond = config.software === 'bird-2';
  const metric = metricOf(path, config.normalMetric || undefined);
  const route: Filtered = {
    prefix: path.prefix,
    source: sourceOf(path),
    internal: isInternal(peer.config),
    device: () => deviceOf(path, telling),
    metric,
    attributes: withPriority(isSecond ? known : outgoing(known, path, telling), { path, metric, config }),
    preference: path.preference,
  };
  const verdict = judgedBy(peer.config.exportFilters, config, route) ?? judged(config.exports, route);
  if (verdict !== true) return 'filtered';
  return sent(isSecond ? outgoing(route.attributes, path, telling) : route.attributes, peer.config);
}

const NO_ADVERTISE = 0xff02;
const NO_EXPORT = [0xff01, 0xff03];
const WELL_KNOWN = 0xffff;

function mayNotTell({ bgp, protocol }: Path, { speaker, peer }: Telling): boolean {
  if (!bgp) return false;
  const to = peer.config;
  if (protocol === to.name || isForbidden(bgp.attributes, to)) return true;
  if (!bgp.internal || !isInternal(to)) return false;
  const from = neighbourNamed(speaker.config, protocol);
  return from?.localAs === to.localAs && !from.reflector && !to.reflector;
}

/** What the path itself says: it has been in that cluster, or is to stay where it is. */
function isForbidden({ communities = [], clusterList = [] }: PathAttributes, to: NeighbourConfig): boolean {
  if (to.reflector && clusterList.includes(to.reflector.clusterId)) return true;
  return communities.some(
    ([high, low]) =>
      high === WELL_KNOWN && (low === NO_ADVERTISE || (!isInternal(to) && NO_EXPORT.includes(low))),
  );
}

/** A route of another protocol. */
const created = (peer: Peer): PathAttributes => ({
  origin: 'IGP',
  asPath: [],
  nextHop: ownAddress(peer),
  localPref: DEFAULT_LOCAL_PREF,
});

type BgpPath = NonNullable<Path['bgp']>;

/** What passing it on does to a route. */
function outgoing(attributes: PathAttributes, path: Path, telling: Telling): PathAttributes {
  const { peer, speaker } = telling;
  const { bgp } = path;
  const to = peer.config;
  const hopped = withNextHop(attributes, path, telling);
  if (!isInternal(to)) {
    const { med: told, ...others } = hopped;
    const med = bgp ? exitMetric(told, bgp.attributes.med, speaker.config) : told;
    const asPath = prepended(attributes.asPath, to.localAs);
    return { ...others, ...(med === undefined ? {} : { med }), asPath };
  }
  const from = neighbourNamed(speaker.config, path.protocol);
  const reflects = bgp?.internal === true && from?.localAs === to.localAs;
  return reflects ? reflected(hopped, bgp, { from, to }) : hopped;
}

function withNextHop(attributes: PathAttributes, path: Path, telling: Telling): PathAttributes {
  const keeps = path.bgp !== undefined && keepsNextHop(path, telling);
  if (isIpv4(attributes.nextHop))
    return keeps ? attributes : { ...attributes, nextHop: ownAddress(telling.peer) };
  const { linkLocal, ...others } = attributes;
  const kept = keeps ? linkLocalKept(linkLocal, path, telling) : undefined;
  if (kept) return { ...others, ...kept };
  const own = ownLinkLocal(telling);
  const nextHop = ownAddress(telling.peer);
  return { ...others, nextHop, ...(own === undefined ? {} : { linkLocal: own }) };
}

/** Of an IPv6 next hop that is handed on; undefined: BIRD 1.6 hands on none to its own link without its address there. */
function linkLocalKept(
  linkLocal: Ipv6 | undefined,
  path: Path,
  { peer, speaker, stack }: Telling,
): Pick<PathAttributes, 'linkLocal'> | undefined {
  const kept = linkLocal === undefined ? {} : { linkLocal };
  if (speaker.config.software === 'bird-2') return kept;
  const device = linkOf({ peer, stack });
  const [hop] = wayOf({ speaker, stack }, path).hops;
  if (device === undefined || hop?.device !== device) return {};
  return linkLocal === undefined ? undefined : kept;
}

/** The device of a neighbour on a network of ours. */
const linkOf = ({ peer: { config }, stack }: Pick<Telling, 'peer' | 'stack'>): string | undefined =>
  config.multihop === 'direct' ? connectedDevice(stack, config.address) : undefined;

/** A neighbour on the same link is told by which address we can be spoken to there (RFC 2545 section 3). */
export function ownLinkLocal({ peer, stack }: Pick<Telling, 'peer' | 'stack'>): Ipv6 | undefined {
  const name = linkOf({ peer, stack });
  const device = stack.devices.find((each) => each.name === name);
  return device && addresses6(stack, device).find(isLinkLocal)?.address;
}

/** The discriminator of another network is not for a third: BIRD 1.6 tells 0 instead, BIRD 2 none; a filter's own stays. */
function exitMetric(
  told: number | undefined,
  learnt: number | undefined,
  { software }: SpeakerConfig,
): number | undefined {
  if (learnt === undefined || told !== learnt) return told;
  return software === 'bird-2' ? undefined : 0;
}

interface Ends {
  readonly from: NeighbourConfig | undefined;
  readonly to: NeighbourConfig;
}

function reflected(attributes: PathAttributes, bgp: BgpPath, { from, to }: Ends): PathAttributes {
  const own = [from?.reflector?.clusterId, to.reflector?.clusterId].filter((id) => id !== undefined);
  const [entered, left] = own;
  // From one cluster of ours into another it has gone through both.
  const added = left !== undefined && left !== entered ? [left, entered] : [entered];
  return {
    ...attributes,
    originatorId: attributes.originatorId ?? bgp.peerRouterId,
    clusterList: [...added.filter((id) => id !== undefined), ...(attributes.clusterList ?? [])],
  };
}

/** RFC 4271 section 5.1.3: inside the AS it stays, outside it stays for a neighbour on the same network. */
function keepsNextHop(path: Path, { peer, stack, speaker }: Telling): boolean {
  const to = peer.config;
  if (to.nextHop !== undefined) return to.nextHop === 'keep';
  if (isInternal(to)) return true;
  if (to.multihop !== 'direct') return false;
  const device = connectedDevice(stack, to.address);
  const [hop] = wayOf({ speaker, stack }, path).hops;
  return device !== undefined && hop?.device === device;
}

/** The address that the session speaks from. */
const ownAddress = ({ config, connection }: Peer): Ip =>
  config.source ?? connection?.socket.address ?? config.address;

interface Priority {
  readonly path: Path;
  readonly metric: number;
  readonly config: SpeakerConfig;
}

/** Calico: what BGP brought keeps its preference, everything else gets one that stands for its kernel metric. */
function withPriority(attributes: PathAttributes, { path, metric, config }: Priority): PathAttributes {
  if (config.normalMetric === false || path.bgp?.attributes.localPref !== undefined) return attributes;
  return { ...attributes, localPref: MOST_LOCAL_PREF - metric };
}

/** On the wire: lists in order, and outside the AS nothing that is meant for the inside. */
function sent(attributes: PathAttributes, peer: NeighbourConfig): PathAttributes {
  const internal = isInternal(peer);
  const { communities, largeCommunities, localPref, originatorId, clusterList, ...others } = attributes;
  return {
    ...others,
    ...(communities ? { communities: [...communities].sort(byWords) } : {}),
    ...(largeCommunities ? { largeCommunities: [...largeCommunities].sort(byWords) } : {}),
    ...(internal && localPref !== undefined ? { localPref } : {}),
    ...(internal && originatorId !== undefined ? { originatorId } : {}),
    ...(internal && clusterList ? { clusterList } : {}),
  };
}

function byWords(a: readonly number[], b: readonly number[]): number {
  return a.reduce((so, word, at) => so || word - (b[at] ?? 0), 0);
}

const sourceOf = (path: Path): RouteSource => (path.bgp ? 'bgp' : (ownSourceOf(path) ?? 'static'));

/** `ifname`: blackholes have none. */
function deviceOf(path: Path, { speaker, stack }: Telling): string | undefined {
  if (path.bgp) return wayOf({ speaker, stack }, path).hops[0]?.device;
  if (sourceOf(path) === 'static') return undefined;
  const key = prefixKey(path.prefix);
  return routesOf(stack, familyOf(path.prefix.base)).find(
    ({ prefix, protocol }) => protocol !== 'bird' && prefixKey(prefix) === key,
  )?.device;
}
