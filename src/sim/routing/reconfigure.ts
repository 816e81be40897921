/**
 * Brings the running daemons in line with their configurations: starts, reconfigures, kills. A killed daemon says nothing: the
 * operating system closes its sockets, and its kernel keeps the routes (`persist`). A neighbour that is configured away is
 * told so (RFC 4486).
 */
import { jsonEquals, type Json } from '../../base/json.ts';
import { familyOf, type IpCidr } from '../../model/ip-family.ts';
import { Table } from '../core/table.ts';
import type { Network } from '../net/netns.ts';
import { changesFor } from './route-export.ts';
import { resolverOf, withdrawAll } from './route-import.ts';
import type { DaemonPlace, Path, Peer, PeerKey, RoutingState, Speaker } from './routing-state.ts';
import { NO_COUNTS, peerKey, speakerKey } from './routing-state.ts';
import type { Resolver } from './next-hop.ts';
import { NORMAL_METRIC, ownSource, ownSourceOf, prefixKey, withoutPaths, withPath } from './rib.ts';
import { askAgain, callLater, notify, tellChanges } from './session.ts';
import type { NeighbourConfig, SpeakerConfig } from './speaker-config.ts';
import { TIMERS } from './speaker-config.ts';
import { inOneInstant, type Moved, type Telling } from './speakers.ts';
import type { Talk } from './talk.ts';
import { close } from './transport.ts';

/** What should run in one network namespace as the daemon of that name; without a configuration nothing. */
export interface Wanted extends DaemonPlace {
  readonly config: SpeakerConfig | undefined;
}

const DECONFIGURED = { code: 6, subcode: 3 } as const;
const CHANGED = { code: 6, subcode: 6 } as const;

export function reconfigure(
  network: Network,
  before: RoutingState,
  wanted: readonly Wanted[],
  telling?: Telling,
): Moved {
  const begin = (talk: Talk): void => {
    for (const each of wanted) bringInLine(talk, each);
  };
  return inOneInstant({ network, before }, begin, telling);
}

/** Where none run yet. A daemon calls nobody before its connect delay: no packet moves, and no stack learns anything. */
export const startDaemons = (
  network: Network,
  before: RoutingState,
  wanted: readonly Wanted[],
): RoutingState => reconfigure(network, before, wanted).routing;

function bringInLine(talk: Talk, { config, ...place }: Wanted): void {
  const speaker = talk.speaker(speakerKey(place));
  if (speaker?.running && speaker.config.process === config?.process) {
    if (config) apply(talk, speaker, config);
    return;
  }
  if (speaker?.running) kill(talk, speaker);
  if (config) start(talk, place, config);
}

function start(talk: Talk, place: DaemonPlace, config: SpeakerConfig): void {
  const now = talk.began;
  const left = talk.speaker(speakerKey(place))?.rib ?? Table.empty<readonly Path[]>();
  const fresh: Speaker = {
    ...place,
    config,
    running: true,
    startedAt: now,
    reconfiguredAt: now,
    rib: Table.empty(),
    // Calico starts BIRD with -R; without it what lies in the kernel from before goes at once.
    ...(config.software === 'bird-2'
      ? {}
      : { inherited: { rib: left, until: now + TIMERS.recovery * 1_000 } }),
  };
  talk.setSpeaker({ ...fresh, rib: ownRoutes(talk, fresh, config) });
  for (const neighbour of config.neighbours) addPeer(talk, place, neighbour);
}

function addPeer(talk: Talk, { netns, daemon }: DaemonPlace, config: NeighbourConfig): void {
  const peer: Peer = {
    netns,
    config,
    state: 'start',
    since: talk.began,
    lastError: undefined,
    connection: undefined,
    halfOpen: undefined,
    attempts: 0,
    errors: undefined,
    connectAt: undefined,
    startupAt: undefined,
    staleUntil: undefined,
    told: Table.empty(),
    counts: NO_COUNTS,
  };
  callLater(talk, talk.addPeer(daemon ? { ...peer, daemon } : peer));
}

function kill(talk: Talk, speaker: Speaker): void {
  talk.setSpeaker({ ...speaker, running: false });
  for (const key of talk.peersOf(speaker)) {
    const socket = talk.peer(key)?.connection?.socket;
    talk.removePeer(key);
    if (socket) talk.later(() => close(talk, socket));
  }
}

function apply(talk: Talk, speaker: Speaker, config: SpeakerConfig): void {
  const own = speakerKey(speaker);
  const rib = ownRoutes(talk, speaker, config);
  talk.setSpeaker({ ...speaker, config, rib, reconfiguredAt: talk.began });
  const wanted = new Map(config.neighbours.map((each) => [each.name, each]));
  for (const { name } of speaker.config.neighbours) {
    if (!wanted.has(name)) removePeer(talk, peerKey(own, name), DECONFIGURED);
  }
  for (const neighbour of config.neighbours) applyPeer(talk, speaker, neighbour);
  const refiltered = !same(filtersOf(speaker.config), filtersOf(config));
  const changed = rib.differences(speaker.rib).map(({ key }) => key);
  const before = new Map(speaker.config.neighbours.map((each) => [each.name, each]));
  for (const neighbour of config.neighbours) {
    const pair = { before: before.get(neighbour.name), now: neighbour };
    const key = peerKey(own, neighbour.name);
    tellAnew(talk, key, { ...pair, changed: refiltered ? undefined : changed });
    if (refilters(speaker.config, config, pair)) askAgain(talk, key);
  }
}

interface Retelling extends Neighbours {
  /** Prefixes that are another matter now; undefined: any may be. */
  readonly changed: readonly string[] | undefined;
}

function tellAnew(talk: Talk, key: PeerKey, { before, now, changed }: Retelling): void {
  const isSame = same(before?.exportFilters ?? [], now.exportFilters ?? []);
  if (isSame && changed?.length === 0) return;
  tellChanges(talk, key, changesFor(talk, key, isSame ? changed : undefined));
}

const filtersOf = ({ filters = {}, exports, normalMetric = NORMAL_METRIC }: SpeakerConfig): object => ({
  filters,
  exports,
  normalMetric,
});

interface Neighbours {
  readonly before: NeighbourConfig | undefined;
  readonly now: NeighbourConfig;
}

/** Whether what the neighbour has told must be looked at anew. */
function refilters(
  { filters: old = {} }: SpeakerConfig,
  { filters = {} }: SpeakerConfig,
  { before, now }: Neighbours,
): boolean {
  const names = now.importFilters ?? [];
  if (!before || !same(before.importFilters ?? [], names)) return before !== undefined;
  return names.some((name) => !same(old[name] ?? [], filters[name] ?? []));
}

function applyPeer(talk: Talk, { netns, daemon }: Speaker, neighbour: NeighbourConfig): void {
  const place = { netns, ...(daemon && { daemon }) };
  const key = peerKey(speakerKey(place), neighbour.name);
  const known = talk.peer(key);
  if (known && same(sessionOf(known.config), sessionOf(neighbour))) {
    if (known.config !== neighbour) talk.update(key, { config: neighbour });
    return;
  }
  if (known) removePeer(talk, key, CHANGED);
  addPeer(talk, place, neighbour);
}

/** Filters can be exchanged while the session stands. */
function sessionOf({ importFilters: _in, exportFilters: _out, ...session }: NeighbourConfig): object {
  return session;
}

const same = (a: object, b: object): boolean => a === b || jsonEquals(a as Json, b as Json);

function removePeer(talk: Talk, key: PeerKey, reason: typeof DECONFIGURED | typeof CHANGED): void {
  if (talk.peer(key)?.connection) notify(talk, key, reason);
  withdrawAll(talk, key);
  talk.removePeer(key);
}

/** The table with the static, learnt and connected routes of `config`, those that stay untouched. */
function ownRoutes(talk: Talk, speaker: Speaker, config: SpeakerConfig): Speaker['rib'] {
  let { rib } = speaker;
  const { stack } = resolverOf(talk, speaker);
  for (const [source, own] of [
    ['static', [...plain(config.blackholes), ...(config.statics ?? [])]],
    ['kernel', plain(config.learnt)],
    ['connected', plain(config.connected ?? [])],
  ] as const) {
    const resolver = (): Resolver => ({ speaker: { config, rib }, stack });
    const wanted = new Map(own.map((each) => [prefixKey(each.prefix), each]));
    const mine = (path: Path): boolean => ownSourceOf(path) === source;
    for (const [key, paths] of rib.entries()) {
      const known = paths.find(mine);
      if (!known) continue;
      if (wanted.has(key) && wanted.get(key)?.via === known.via) wanted.delete(key);
      else rib = withoutPaths(rib, key, { gone: mine, resolver: resolver() });
    }
    for (const each of wanted.values()) {
      const from = ownSource(source, config, familyOf(each.prefix.base));
      rib = withPath(rib, { ...each, since: talk.began, ...from }, resolver());
    }
  }
  return rib;
}

type OwnRoute = Pick<Path, 'prefix' | 'via'>;

const plain = (prefixes: readonly IpCidr[]): readonly OwnRoute[] => prefixes.map((prefix) => ({ prefix }));
