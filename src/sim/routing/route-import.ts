/**
 * What comes in from a speaker's neighbours, and what becomes of it when they are gone (RFC 4271 section 9.1, RFC 4724 section
 * 4.2).
 */
import type { BgpUpdate, PathAttributes, PathPrefix } from '../../model/bgp.ts';
import { UNSPECIFIED } from '../../model/ip.ts';
import { stackAt } from '../net/exchange-send.ts';
import { judgedBy, type Filtered } from './filter.ts';
import { wayOf, type Resolver } from './next-hop.ts';
import {
  BGP_PREFERENCE,
  DEFAULT_LOCAL_PREF,
  metricOf,
  MOST_LOCAL_PREF,
  NORMAL_METRIC,
  prefixKey,
  withoutPaths,
  withPath,
} from './rib.ts';
import { ribDigest } from './rib-digest.ts';
import type { Counts, DaemonPlace, Path, Peer, PeerKey, Speaker } from './routing-state.ts';
import { speakerKey } from './routing-state.ts';
import { familyOfSession, isInternal, passesOn } from './speaker-config.ts';
import type { Talk } from './talk.ts';

/** Takes an UPDATE into the table. */
export function importUpdate(talk: Talk, key: PeerKey, update: BgpUpdate): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  // Of a family that the session was not made for nobody takes anything.
  if (!speaker || familyOfSession(peer.config) !== (update.family ?? 4)) return;
  const incoming = new Incoming(talk, speaker, peer);
  for (const each of update.withdrawn) incoming.withdraw(each);
  const attributes = update.attributes && arriving(update.attributes, speaker, peer);
  for (const each of update.announced) {
    // A path that has been here already counts as withdrawn.
    if (attributes) incoming.announce(each, attributes);
    else incoming.withdraw(each);
  }
  talk.update(key, { counts: incoming.counts });
  setRib(talk, speaker, incoming.rib);
}

/** The attributes as they are kept; undefined when the path has come in a circle (RFC 4271 9.1.2, RFC 4456 8). */
function arriving(
  attributes: PathAttributes,
  { config }: Speaker,
  { config: neighbour }: Peer,
): PathAttributes | undefined {
  const { localAs, allowLocalAs = 0, reflector } = neighbour;
  const { localPref, originatorId, clusterList, ...common } = attributes;
  if (common.asPath.length > 0) {
    const own = common.asPath.flatMap(({ numbers }) => numbers).filter((number) => number === localAs);
    if (own.length > allowLocalAs) return undefined;
  }
  if (!isInternal(neighbour)) return { ...common, localPref: DEFAULT_LOCAL_PREF };
  if (originatorId === config.routerId) return undefined;
  if (reflector && clusterList?.includes(reflector.clusterId)) return undefined;
  return localPref === undefined ? { ...attributes, localPref: DEFAULT_LOCAL_PREF } : attributes;
}

/** Reads one UPDATE prefix by prefix. */
class Incoming {
  rib: Speaker['rib'];
  counts: Counts;
  readonly #talk: Talk;
  readonly #speaker: Speaker;
  readonly #peer: Peer;

  constructor(talk: Talk, speaker: Speaker, peer: Peer) {
    this.#talk = talk;
    this.#speaker = speaker;
    this.#peer = peer;
    this.rib = speaker.rib;
    this.counts = peer.counts;
  }

  get #resolver(): Resolver {
    const { stack } = resolverOf(this.#talk, this.#speaker);
    return { speaker: { config: this.#speaker.config, rib: this.rib }, stack };
  }

  withdraw({ prefix, pathId = 0 }: PathPrefix): void {
    const known = this.#remove(prefix, pathId);
    const { importWithdraws, withdrawsIgnored } = this.counts;
    this.counts = {
      ...this.counts,
      importWithdraws: importWithdraws + 1,
      withdrawsIgnored: withdrawsIgnored + (known ? 0 : 1),
    };
  }

  announce({ prefix, pathId = 0 }: PathPrefix, attributes: PathAttributes): void {
    const { config, connection } = this.#peer;
    const bgp = {
      attributes,
      from: config.address,
      peerRouterId: connection?.open?.routerId ?? UNSPECIFIED,
      internal: isInternal(config),
    };
    const since = this.#talk.journey.now;
    const path: Path = { prefix, protocol: config.name, pathId, preference: BGP_PREFERENCE, since, bgp };
    const taken = this.#filtered(path);
    const { importUpdates, importFiltered, importIgnored } = this.counts;
    const old = this.#known(prefix, pathId);
    const isOld = old !== undefined && taken !== undefined && samePaths(old, taken);
    this.counts = {
      ...this.counts,
      importUpdates: importUpdates + 1,
      importFiltered: importFiltered + (taken ? 0 : 1),
      importIgnored: importIgnored + (isOld ? 1 : 0),
    };
    if (!taken) this.#remove(prefix, pathId);
    else if (isOld) this.#confirm(old);
    else this.rib = withPath(this.rib, taken, this.#resolver);
  }

  #known(prefix: Path['prefix'], pathId: number): Path | undefined {
    const { name } = this.#peer.config;
    return this.rib.get(prefixKey(prefix))?.find((path) => path.protocol === name && path.pathId === pathId);
  }

  #remove(prefix: Path['prefix'], pathId: number): boolean {
    const old = this.#known(prefix, pathId);
    if (!old) return false;
    this.rib = withoutPaths(this.rib, prefixKey(prefix), {
      gone: (path) => path === old,
      resolver: this.#resolver,
    });
    return true;
  }

  /** Told again unchanged: it is no longer stale, and stands where it stood. */
  #confirm(old: Path): void {
    if (old.stale === undefined) return;
    const { stale: _stale, ...fresh } = old;
    const key = prefixKey(old.prefix);
    this.rib = this.rib.set(
      key,
      (this.rib.get(key) ?? []).map((path) => (path === old ? fresh : path)),
    );
  }

  /** What the import filter makes of a path; undefined when it refuses it. */
  #filtered(path: Path): Path | undefined {
    const { config } = this.#speaker;
    const { importFilters } = this.#peer.config;
    if (!path.bgp) return path;
    const route: Filtered = {
      prefix: path.prefix,
      source: 'bgp',
      internal: path.bgp.internal,
      device: () => wayOf(this.#resolver, path).hops[0]?.device,
      metric: metricOf(path),
      attributes: path.bgp.attributes,
      preference: path.preference,
    };
    const verdict = importFilters && judgedBy(importFilters, config, route);
    if (verdict === false) return undefined;
    if (verdict === undefined) prefer(route, config.normalMetric);
    const { attributes, preference } = route;
    return { ...path, preference, bgp: { ...path.bgp, attributes } };
  }
}

const OVERRIDING = 200;

/** Calico: what comes with a better than normal priority is preferred to a route of the node's own. */
function prefer(route: Filtered, normal: number | false = NORMAL_METRIC): void {
  if (normal === false) return;
  if ((route.attributes.localPref ?? 0) > MOST_LOCAL_PREF - normal) route.preference = OVERRIDING;
}

const samePaths = (a: Path, b: Path): boolean =>
  a.preference === b.preference && JSON.stringify(a.bgp) === JSON.stringify(b.bgp);

/** How a speaker reaches next hops, now. */
export function resolverOf(talk: Talk, speaker: Speaker): Resolver {
  return { speaker, stack: stackAt(talk.journey, speaker.netns).netns };
}

/** Everything learnt from a neighbour goes. */
export function withdrawAll(talk: Talk, key: PeerKey): void {
  sweep(talk, key, () => true);
}

/** What a neighbour told before it restarted and has not told again goes. */
export function sweepStale(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (peer?.connection?.loading) talk.updateConnection(key, { loading: false });
  if (speaker && ribDigest(speaker).stale > 0) sweep(talk, key, ({ stale }) => stale === true);
}

function sweep(talk: Talk, key: PeerKey, gone: (path: Path) => boolean): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (!speaker) return;
  const { name } = peer.config;
  const isGone = (path: Path): boolean => path.protocol === name && gone(path);
  let { rib } = speaker;
  for (const [at, paths] of speaker.rib.entries()) {
    if (!paths.some(isGone)) continue;
    const resolver = { ...resolverOf(talk, speaker), speaker: { config: speaker.config, rib } };
    rib = withoutPaths(rib, at, { gone: isGone, resolver });
  }
  setRib(talk, speaker, rib);
}

/** The neighbour's routes stay, marked, until it tells them again or its time is over. */
export function keepStale(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (!speaker) return;
  let { rib } = speaker;
  for (const [at, paths] of rib.entries()) {
    if (!paths.some(({ protocol }) => protocol === peer.config.name)) continue;
    const marked = paths.map((path) =>
      path.protocol === peer.config.name ? { ...path, stale: true } : path,
    );
    rib = rib.set(at, marked);
  }
  talk.setSpeaker({ ...speaker, rib });
}

export function setRib(talk: Talk, place: DaemonPlace, rib: Speaker['rib']): void {
  const key = speakerKey(place);
  const speaker = talk.speaker(key);
  if (!speaker || rib === speaker.rib) return;
  // In a mesh inside one AS nobody tells what another told: nobody need be asked there.
  if (passesOn(speaker.config)) talk.tableChanged(key, rib.differences(speaker.rib));
  talk.setSpeaker({ ...speaker, rib });
}
