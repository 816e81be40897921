/**
 * Brings the running daemons in line with their configurations: starts, reconfigures, kills. A killed daemon says nothing: the
 * operating system closes its sockets, and its kernel keeps the routes (`persist`). A neighbour that is configured away is
 * told so (RFC 4486).
 */
import { jsonEquals, type Json } from '../../base/json.ts';
import type { NetnsId } from '../../model/trace.ts';
import { Table } from '../core/table.ts';
import type { Network } from '../net/netns.ts';
import { changesFor, withdrawAll } from './route-exchange.ts';
import type { Path, Peer, PeerKey, RoutingState, Speaker } from './routing-state.ts';
import { NO_COUNTS, peerKey } from './routing-state.ts';
import { LEARNT, prefixKey, STATIC, withoutPaths, withPath } from './rib.ts';
import { callLater, notify, tellChanges } from './session.ts';
import type { NeighbourConfig, SpeakerConfig } from './speaker-config.ts';
import { TIMERS } from './speaker-config.ts';
import { inOneInstant, type Moved } from './speakers.ts';
import type { Talk } from './talk.ts';
import { close } from './transport.ts';

/** What should run in one network namespace; without a configuration nothing. */
export interface Wanted {
  readonly netns: NetnsId;
  readonly config: SpeakerConfig | undefined;
}

const DECONFIGURED = { code: 6, subcode: 3 } as const;
const CHANGED = { code: 6, subcode: 6 } as const;

export function reconfigure(network: Network, routing: RoutingState, wanted: readonly Wanted[]): Moved {
  return inOneInstant(network, routing, (talk) => {
    for (const each of wanted) bringInLine(talk, each);
  });
}

function bringInLine(talk: Talk, { netns, config }: Wanted): void {
  const speaker = talk.speaker(netns);
  if (speaker?.running && speaker.config.process === config?.process) {
    if (config) apply(talk, speaker, config);
    return;
  }
  if (speaker?.running) kill(talk, speaker);
  if (config) start(talk, netns, config);
}

function start(talk: Talk, netns: NetnsId, config: SpeakerConfig): void {
  const now = talk.began;
  const left = talk.speaker(netns)?.rib ?? Table.empty<readonly Path[]>();
  const fresh: Speaker = {
    netns,
    config,
    running: true,
    startedAt: now,
    reconfiguredAt: now,
    rib: Table.empty(),
    inherited: { rib: left, until: now + TIMERS.recovery * 1_000 },
  };
  talk.setSpeaker({ ...fresh, rib: ownRoutes(fresh, config, now) });
  for (const neighbour of config.neighbours) addPeer(talk, netns, neighbour);
}

function addPeer(talk: Talk, netns: NetnsId, config: NeighbourConfig): void {
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
    told: Table.empty(),
    counts: NO_COUNTS,
  };
  talk.setPeer(peer);
  callLater(talk, peerKey(netns, config.name));
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
  const rib = ownRoutes(speaker, config, talk.began);
  talk.setSpeaker({ ...speaker, config, rib, reconfiguredAt: talk.began });
  const wanted = new Map(config.neighbours.map((each) => [each.name, each]));
  for (const { name } of speaker.config.neighbours) {
    if (!wanted.has(name)) removePeer(talk, peerKey(speaker.netns, name), DECONFIGURED);
  }
  for (const neighbour of config.neighbours) {
    const key = peerKey(speaker.netns, neighbour.name);
    const known = talk.peer(key);
    if (known && same(known.config, neighbour)) continue;
    if (known) removePeer(talk, key, CHANGED);
    addPeer(talk, speaker.netns, neighbour);
  }
  if (rib === speaker.rib && same(speaker.config.exports, config.exports)) return;
  for (const key of talk.peersOf({ ...speaker, config })) tellChanges(talk, key, changesFor(talk, key));
}

const same = (a: object, b: object): boolean => jsonEquals(a as Json, b as Json);

function removePeer(talk: Talk, key: PeerKey, reason: typeof DECONFIGURED | typeof CHANGED): void {
  if (talk.peer(key)?.connection) notify(talk, key, reason);
  withdrawAll(talk, key);
  talk.removePeer(key);
}

/** The table with the static and learnt routes of `config`, those that stay untouched. */
function ownRoutes({ rib: before }: Speaker, config: SpeakerConfig, since: number): Speaker['rib'] {
  let rib = before;
  for (const [kind, prefixes] of [
    [STATIC, config.blackholes],
    [LEARNT, config.learnt],
  ] as const) {
    const wanted = new Map(prefixes.map((prefix) => [prefixKey(prefix), prefix]));
    const mine = ({ protocol }: Path): boolean => protocol === kind.protocol;
    for (const [key, paths] of rib.entries()) {
      if (!paths.some(mine)) continue;
      if (wanted.has(key)) wanted.delete(key);
      else rib = withoutPaths(rib, key, mine);
    }
    for (const prefix of wanted.values()) rib = withPath(rib, { prefix, since, ...kind });
  }
  return rib;
}
