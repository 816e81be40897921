/**
 * What moves the speakers: a timer that runs out, and a daemon that is started, told something else, or killed. Each gives the
 * state afterwards, what the network learnt from the packets, and the packets' frames.
 */
import type { NetnsId } from '../../model/trace.ts';
import type { Millis } from '../core/time.ts';
import type { TimedFrame } from '../net/journey.ts';
import type { NetnsMemory, Network } from '../net/netns.ts';
import { changesFor } from './route-export.ts';
import { sweepStale } from './route-import.ts';
import type { Connection, Peer, PeerKey, RoutingState, Speaker, SpeakerKey } from './routing-state.ts';
import { peerKey, speakerKey } from './routing-state.ts';
import {
  call,
  callAgain,
  callLater,
  notify,
  sayKeepalive,
  sessionEvents,
  socketLost,
  tellChanges,
} from './session.ts';
import { Talk } from './talk.ts';
import { timedOut } from './tcp-socket.ts';
import { acknowledgeAll, flush, sendSyn } from './transport.ts';

export interface Moved {
  readonly routing: RoutingState;
  /** The memory, afterwards, of every stack that learnt something. */
  readonly memory: ReadonlyMap<NetnsId, NetnsMemory>;
  /** Empty unless they were to be told. */
  readonly frames: readonly TimedFrame[];
  /** Speakers one of whose sessions was established, or no longer is. */
  readonly sessions: ReadonlySet<NetnsId>;
}

/** When the speakers next have something to do; undefined when there are none. */
export function nextRoutingAt({ work, routine }: RoutingState): Millis | undefined {
  const a = work.nextAt;
  const b = routine.nextAt;
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** Whether somebody wants to see the frames. */
export interface Telling {
  readonly tell: boolean;
}

/** More at once would keep too many packets' frames in mind, when somebody wants to see them. */
const MOST_AT_ONCE = 8_192;

/**
 * Handles timers that are due by the network's time. Those of one moment go together: what they do to the kernels' routes is
 * then looked at once. Each has the moment to itself, as if it were the only one.
 */
export function runDue(network: Network, before: RoutingState, telling?: Telling): Moved {
  let { work, routine } = before;
  const keys = new Set<PeerKey>();
  while (keys.size < MOST_AT_ONCE) {
    const first = work.take(network.now) ?? routine.take(network.now);
    if (!first) break;
    const { key } = first.due;
    keys.add(key);
    work = work.cancel(key);
    routine = routine.cancel(key);
  }
  if (keys.size === 0) return { routing: before, memory: new Map(), frames: [], sessions: new Set() };
  const begin = (talk: Talk): void => {
    for (const key of keys) {
      talk.journey.offset = 0;
      const peer = talk.update(key);
      if (peer) peerTimers(talk, key, peer);
      else recoveryOver(talk, key.trimEnd());
      runToEnd(talk);
    }
  };
  return inOneInstant({ network, before: { ...before, work, routine } }, begin, telling);
}

interface Instant {
  readonly network: Network;
  readonly before: RoutingState;
}

/** Runs what `begin` starts to its end, and sets the timers of everybody concerned. */
export function inOneInstant(
  { network, before }: Instant,
  begin: (talk: Talk) => void,
  { tell }: Telling = { tell: false },
): Moved {
  const keeping = tell ? 'counted frames' : 'counters';
  const talk = new Talk(network, before, { events: sessionEvents, keeping });
  begin(talk);
  runToEnd(talk);
  for (const speaker of recoveringSpeakers(talk)) recovered(talk, speaker);
  return {
    routing: withTimers(talk),
    memory: talk.journey.memories(),
    frames: talk.journey.frames,
    sessions: movedSessions(talk, before),
  };
}

function movedSessions(talk: Talk, { peers }: RoutingState): ReadonlySet<NetnsId> {
  const moved = new Set<NetnsId>();
  for (const key of talk.touched) {
    const [old, now] = [peers.get(key), talk.peer(key)];
    if (isEstablished(old) === isEstablished(now)) continue;
    const netns = (now ?? old)?.netns;
    if (netns !== undefined) moved.add(netns);
  }
  return moved;
}

const isEstablished = (peer: Peer | undefined): boolean => peer?.connection?.bgp === 'Established';

function runToEnd(talk: Talk): void {
  do talk.run();
  while (spreadChanges(talk) || acknowledgeAll(talk));
}

/** What has changed is told on. */
function spreadChanges(talk: Talk): boolean {
  if (talk.changedTables.size === 0) return false;
  const changed = [...talk.changedTables];
  talk.changedTables.clear();
  for (const [name, prefixes] of changed) {
    const speaker = talk.speaker(name);
    if (!speaker) continue;
    for (const key of talk.peersOf(speaker)) tellChanges(talk, key, changesFor(talk, key, prefixes));
  }
  return true;
}

const isDue = (at: Millis | undefined, { began }: Talk): boolean => at !== undefined && at <= began;

function peerTimers(talk: Talk, key: PeerKey, peer: Peer): void {
  if (isDue(peer.staleUntil, talk)) {
    talk.update(key, { staleUntil: undefined });
    sweepStale(talk, key);
  }
  if (isDue(peer.startupAt, talk)) {
    talk.update(key, { startupAt: undefined });
    callLater(talk, key);
  }
  if (isDue(peer.connectAt, talk)) call(talk, key);
  else if (peer.connection) connectionTimers(talk, key, peer.connection);
}

function connectionTimers(talk: Talk, key: PeerKey, connection: Connection): void {
  const { failure, socket } = connection;
  if (failure && isDue(failure.at, talk)) socketLost(talk, key, failure.error);
  else if (isDue(connection.retryAt, talk)) callAgain(talk, key);
  else if (isDue(connection.holdAt, talk)) notify(talk, key, { code: 4, subcode: 0 });
  else {
    if (isDue(connection.keepaliveAt, talk)) sayKeepalive(talk, key);
    if (!isDue(socket.retransmit?.at, talk)) return;
    const held = talk.peer(key)?.connection?.socket ?? socket;
    talk.updateConnection(key, { socket: timedOut(held, talk.began) });
    if (socket.state === 'SYN_SENT') sendSyn(talk, key);
    else talk.later(() => flush(talk, key));
  }
}

/** The key of a speaker's own timer: a peer without a name. */
const ownTimer = (speaker: SpeakerKey): PeerKey => peerKey(speaker, '');

function recoveryOver(talk: Talk, name: SpeakerKey): void {
  const speaker = talk.speaker(name);
  if (speaker) talk.setSpeaker(withoutInheritance(speaker));
}

const told = ({ connection }: Peer): boolean => connection?.bgp === 'Established' && !connection.loading;

/** Restarted ones that a neighbour has told everything. */
function recoveringSpeakers(talk: Talk): ReadonlySet<Speaker> {
  const found = new Set<Speaker>();
  for (const key of talk.touched) {
    const peer = talk.peer(key);
    const speaker = peer && told(peer) ? talk.speakerOf(peer) : undefined;
    if (speaker?.inherited) found.add(speaker);
  }
  return found;
}

/** A restarted speaker has heard every neighbour out: what it inherited and nobody told again goes. */
function recovered(talk: Talk, speaker: Speaker): void {
  const own = speakerKey(speaker);
  const all = speaker.config.neighbours.every(({ name }) => {
    const other = talk.peer(peerKey(own, name));
    return other !== undefined && told(other);
  });
  if (all) talk.setSpeaker(withoutInheritance(speaker));
}

function withoutInheritance({ inherited: _over, ...speaker }: Speaker): Speaker {
  return speaker;
}

function withTimers(talk: Talk): RoutingState {
  const state = talk.state();
  let { work, routine } = state;
  for (const key of talk.touched) {
    const peer = talk.peer(key);
    const soon = peer && workAt(peer);
    const some = peer && routineAt(peer);
    work = soon === undefined ? work.cancel(key) : work.move(soon, key, key);
    if (!peer) routine = routine.cancel(key);
    if (some !== undefined) routine = routine.add(some, key, key);
  }
  for (const speaker of talk.touchedSpeakers) {
    const key = ownTimer(speakerKey(speaker));
    const { inherited } = speaker;
    routine = inherited ? routine.move(inherited.until, key, key) : routine.cancel(key);
  }
  return { ...state, work, routine };
}

const earliest = (...times: readonly (Millis | undefined)[]): Millis | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function workAt({ connectAt, startupAt, connection }: Peer): Millis | undefined {
  const { retryAt, failure, socket } = connection ?? {};
  return earliest(connectAt, startupAt, retryAt, failure?.at, socket?.retransmit?.at);
}

function routineAt({ staleUntil, connection }: Peer): Millis | undefined {
  return earliest(staleUntil, connection?.holdAt, connection?.keepaliveAt);
}
