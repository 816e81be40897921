/**
 * The session with one neighbour: when it is tried, what is said, how it ends, and what its end does to the routes.
 * State machine and timing: BIRD 1.6.8 proto/bgp/bgp.c (RFC 4271 section 8, RFC 4724). A lost connection keeps the neighbour's
 * routes for its restart time; an expired hold timer or a NOTIFICATION withdraws them at once. Left out: two connections at
 * once (section 6.8: a neighbour's call is taken unless an own one was answered), BFD, the restarting side's deferral of its
 * own announcements.
 */
import { concatBytes } from '../../base/bytes.ts';
import {
  isEndOfRib,
  KEEPALIVE,
  UNICAST,
  type BgpMessage,
  type BgpOpen,
  type BgpRefresh,
} from '../../model/bgp.ts';
import { decodeBgp, splitBgp } from '../../model/bgp-decode.ts';
import { encodeBgp } from '../../model/bgp-encode.ts';
import type { Millis } from '../core/time.ts';
import { Table } from '../core/table.ts';
import { bgpErrorText } from './bgp-errors.ts';
import { agreement, capability, openError, openMessages, restartTime } from './open-message.ts';
import { changesFor, feed } from './route-export.ts';
import { importUpdate, keepStale, sweepStale, withdrawAll } from './route-import.ts';
import type { Connection, Peer, PeerKey } from './routing-state.ts';
import { familyOfSession, TIMERS } from './speaker-config.ts';
import type { SessionEvents, Talk } from './talk.ts';
import { queued } from './tcp-socket.ts';
import { callingEnd, close, flush, freshConnection, sendSyn } from './transport.ts';

const SECOND = 1_000;

/** When a BGP timer of that many seconds runs out: up to a quarter of it earlier, in whole seconds. */
function timer(talk: Talk, key: PeerKey, seconds: number): Millis {
  const peer = talk.peer(key);
  const quarter = Math.floor(seconds / 4);
  const early = peer ? talk.chance(peer, quarter + 1, seconds) : 0;
  return talk.began + (seconds - early) * SECOND;
}

/** The protocol has started, or is idle again: the side that calls waits a little and calls. */
export function callLater(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  if (!peer || peer.connection || peer.startupAt !== undefined || peer.config.passive) return;
  talk.update(key, { connectAt: timer(talk, key, TIMERS.connectDelay) });
}

export function call(talk: Talk, key: PeerKey): void {
  const before = talk.peer(key);
  if (!before) return;
  talk.update(key, { attempts: before.attempts + 1, connectAt: undefined });
  const peer = talk.peer(key) ?? before;
  const socket = callingEnd(talk, peer);
  if (!socket) {
    socketLost(talk, key, 'Connection closed');
    return;
  }
  const retryAt = timer(talk, key, TIMERS.connectRetry);
  talk.update(key, { connection: { ...freshConnection('Connect', socket), retryAt } });
  sendSyn(talk, key);
}

/** Nobody answered: the socket is given up for a new one. */
export function callAgain(talk: Talk, key: PeerKey): void {
  talk.update(key, { connection: undefined });
  call(talk, key);
}

export const sessionEvents: SessionEvents = {
  connected: greetNeighbour,
  incoming: acceptCall,
  data: readMessages,
  lost: socketLost,
};

function say(talk: Talk, key: PeerKey, messages: readonly BgpMessage[]): void {
  const connection = talk.peer(key)?.connection;
  if (!connection) return;
  const bytes = written(messages);
  talk.updateConnection(key, { socket: queued(connection.socket, bytes) });
  talk.later(() => flush(talk, key));
}

const writtenOnce = new WeakMap<readonly BgpMessage[], Uint8Array>();

/** What many are told is written once. */
function written(messages: readonly BgpMessage[]): Uint8Array {
  const known = writtenOnce.get(messages) ?? concatBytes(messages.map((message) => encodeBgp(message)));
  writtenOnce.set(messages, known);
  return known;
}

const ALIVE: readonly BgpMessage[] = [KEEPALIVE];

function greetNeighbour(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (!speaker) return;
  const holdAt = timer(talk, key, peer.config.holdTime ?? TIMERS.hold);
  talk.updateConnection(key, { bgp: 'OpenSent', holdAt, retryAt: undefined });
  say(talk, key, openMessages(speaker, peer));
}

/** A neighbour that calls while its old session stands has restarted. */
function acceptCall(talk: Talk, key: PeerKey): boolean {
  const peer = talk.peer(key);
  if (!peer || peer.startupAt !== undefined) return false;
  if (peer.connection?.bgp === 'Established') {
    leave(talk, key, { error: 'Error: Graceful restart', graceful: true });
    return true;
  }
  return peer.connection === undefined || peer.connection.bgp === 'Connect';
}

function readMessages(talk: Talk, key: PeerKey, bytes: Uint8Array): void {
  const peer = talk.peer(key);
  const connection = peer?.connection;
  if (!connection || connection.bgp === 'Close') return;
  const family = familyOfSession(peer.config);
  const data = connection.inbox.length === 0 ? bytes : concatBytes([connection.inbox, bytes]);
  const stream = split(data);
  if (!stream.ok) {
    notify(talk, key, stream.error);
    return;
  }
  if (stream.value.rest.length !== connection.inbox.length || stream.value.rest.length > 0)
    talk.updateConnection(key, { inbox: stream.value.rest });
  for (const [at, wire] of stream.value.messages.entries()) {
    const now = talk.peer(key)?.connection;
    if (!now) return;
    const { as4, readsPaths } = agreement(now.open, family);
    const message = read(data, wire, { at, reading: { as4, addPath: readsPaths } });
    if (message.ok) hearMessage(talk, key, { connection: now, message: message.value });
    else notify(talk, key, message.error);
  }
}

const splitOnce = new WeakMap<Uint8Array, ReturnType<typeof splitBgp>>();

/** What many are told in the very same bytes is taken apart once. */
function split(data: Uint8Array): ReturnType<typeof splitBgp> {
  let known = splitOnce.get(data);
  if (!known) splitOnce.set(data, (known = splitBgp(data)));
  return known;
}

interface Reading {
  readonly as4: boolean;
  readonly addPath: boolean;
}

interface Read {
  readonly reading: Reading;
  readonly messages: ReturnType<typeof decodeBgp>[];
}

const readOnce = new WeakMap<Uint8Array, Read>();

/** And read once, as long as they agreed on the same way of writing. */
function read(
  data: Uint8Array,
  wire: Uint8Array,
  { at, reading }: { readonly at: number; readonly reading: Reading },
): ReturnType<typeof decodeBgp> {
  let known = readOnce.get(data);
  if (known?.reading.as4 !== reading.as4 || known.reading.addPath !== reading.addPath) {
    known = { reading, messages: [] };
    readOnce.set(data, known);
  }
  return (known.messages[at] ??= decodeBgp(wire, reading));
}

interface Spoken {
  readonly connection: Connection;
  readonly message: BgpMessage;
}

function hearMessage(talk: Talk, key: PeerKey, { connection, message }: Spoken): void {
  const { bgp } = connection;
  if (message.kind === 'notification') {
    const error = `Received: ${bgpErrorText(message.code, message.subcode)}`;
    hangUp(talk, key, { error, isFault: message.code !== 6 });
  } else if (bgp === 'OpenSent' && message.kind === 'open') hearOpen(talk, key, message);
  else if (bgp === 'OpenConfirm' && message.kind === 'keepalive') establish(talk, key);
  else if (bgp === 'Established' && message.kind !== 'open') {
    talk.updateConnection(key, { holdAt: timer(talk, key, connection.holdTime) });
    if (message.kind === 'keepalive') return;
    if (message.kind === 'route-refresh') hearRefresh(talk, key, message);
    else if (isEndOfRib(message)) sweepStale(talk, key);
    else importUpdate(talk, key, message);
  } else notify(talk, key, { code: 5, subcode: UNEXPECTED[bgp] ?? 0 });
}

const UNEXPECTED: Readonly<Partial<Record<Connection['bgp'], number>>> = {
  OpenSent: 1,
  OpenConfirm: 2,
  Established: 3,
};

function hearOpen(talk: Talk, key: PeerKey, open: BgpOpen): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (!speaker) return;
  const error = openError(open, speaker, peer);
  if (error) {
    notify(talk, key, error);
    return;
  }
  const holdTime = Math.min(peer.config.holdTime ?? TIMERS.hold, open.holdTime);
  const keepalive = keepaliveTime(peer, holdTime);
  talk.update(key, { connectAt: undefined });
  talk.updateConnection(key, {
    bgp: 'OpenConfirm',
    open,
    holdTime,
    holdAt: holdTime > 0 ? timer(talk, key, holdTime) : undefined,
    keepaliveAt: keepalive > 0 ? timer(talk, key, keepalive) : undefined,
  });
  say(talk, key, ALIVE);
}

export const keepaliveTime = ({ config }: Pick<Peer, 'config'>, holdTime: number): number =>
  config.keepaliveTime ?? Math.floor(holdTime / 3);

function establish(talk: Talk, key: PeerKey): void {
  const connection = talk.peer(key)?.connection;
  if (!connection) return;
  const holdAt = timer(talk, key, connection.holdTime);
  const restart = capability(connection.open, 'graceful-restart');
  talk.updateConnection(key, { bgp: 'Established', holdAt, loading: restart !== undefined });
  const { staleUntil } = talk.peer(key) ?? {};
  const since = talk.journey.now;
  talk.update(key, { state: 'up', since, lastError: undefined, staleUntil: undefined });
  // Only a neighbour whose kernel kept forwarding may keep its old routes until it has told the new ones.
  if (staleUntil !== undefined && !restart?.families.some(({ forwarding }) => forwarding))
    sweepStale(talk, key);
  say(talk, key, feed(talk, key));
}

export function sayKeepalive(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  if (!peer?.connection) return;
  const every = keepaliveTime(peer, peer.connection.holdTime);
  talk.updateConnection(key, { keepaliveAt: timer(talk, key, every) });
  say(talk, key, ALIVE);
}

/** Tells an established neighbour what has changed since. */
export function tellChanges(talk: Talk, key: PeerKey, messages: readonly BgpMessage[]): void {
  if (messages.length > 0) say(talk, key, messages);
}

const refresh = ({ config }: Peer, subtype: BgpRefresh['subtype']): BgpMessage => ({
  kind: 'route-refresh',
  ...UNICAST[familyOfSession(config)],
  subtype,
});

/** Wants everything again, because it will be looked at differently (RFC 2918). */
export function askAgain(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  const connection = peer?.connection;
  if (!peer || connection?.bgp !== 'Established' || !capability(connection.open, 'route-refresh')) return;
  say(talk, key, [refresh(peer, 'request')]);
}

/** RFC 7313: the answer is framed, so that what it leaves out is known to be gone. */
function hearRefresh(talk: Talk, key: PeerKey, { subtype }: BgpRefresh): void {
  if (subtype === 'begin') keepStale(talk, key);
  else if (subtype === 'end') sweepStale(talk, key);
  else {
    const peer = talk.peer(key);
    if (!peer) return;
    const framed = capability(peer.connection?.open, 'enhanced-route-refresh') !== undefined;
    talk.update(key, { told: Table.empty() });
    const routes = changesFor(talk, key);
    say(talk, key, framed ? [refresh(peer, 'begin'), ...routes, refresh(peer, 'end')] : routes);
  }
}

/** We found the fault: say so, hang up, wait. */
export function notify(
  talk: Talk,
  key: PeerKey,
  { code, subcode }: { readonly code: number; readonly subcode: number },
): void {
  const lastWords = encodeBgp({ kind: 'notification', code, subcode, data: new Uint8Array(0) });
  const error = `BGP Error: ${bgpErrorText(code, subcode)}`;
  hangUp(talk, key, { error, isFault: code !== 6, lastWords });
}

interface HangUp {
  readonly error: string;
  /** After a fault the protocol rests before it tries again. */
  readonly isFault: boolean;
  readonly lastWords?: Uint8Array;
}

function hangUp(talk: Talk, key: PeerKey, { error, isFault, lastWords }: HangUp): void {
  const socket = talk.peer(key)?.connection?.socket;
  leave(talk, key, { error, graceful: false });
  if (isFault) rest(talk, key);
  callLater(talk, key);
  if (socket) close(talk, socket, lastWords);
}

/** `error wait time 5, 30`: twice as long after each fault that follows closely. */
function rest(talk: Talk, key: PeerKey): void {
  const errors = talk.peer(key)?.errors;
  const { least, most } = TIMERS.errorWait;
  const recent = errors && talk.began - errors.at < TIMERS.errorAmnesia * SECOND;
  const wait = recent ? Math.min(errors.wait * 2, most) : least;
  talk.update(key, { errors: { wait, at: talk.began }, connectAt: undefined });
  talk.update(key, { startupAt: timer(talk, key, wait) });
}

/** The socket failed: the neighbour may be restarting, so an established session's routes stay for a while. */
export function socketLost(talk: Talk, key: PeerKey, error: string): void {
  const socket = talk.peer(key)?.connection?.socket;
  leave(talk, key, { error: `Socket: ${error}`, graceful: true });
  callLater(talk, key);
  if (socket && error === 'Connection closed') close(talk, socket);
}

interface Leaving {
  readonly error: string | undefined;
  readonly graceful: boolean;
}

/** Ends the connection and, when it was established, what it brought. */
export function leave(talk: Talk, key: PeerKey, { error, graceful }: Leaving): void {
  const peer = talk.peer(key);
  if (!peer) return;
  const { connection } = peer;
  const was: Partial<Peer> = { connection: undefined, halfOpen: undefined, lastError: error };
  if (connection?.bgp !== 'Established') {
    talk.update(key, was);
    return;
  }
  const kept = graceful ? restartTime(connection.open) : undefined;
  const staleUntil = kept === undefined ? undefined : talk.began + kept * SECOND;
  talk.update(key, { ...was, state: 'start', since: talk.journey.now, told: Table.empty(), staleUntil });
  if (kept === undefined) withdrawAll(talk, key);
  else keepStale(talk, key);
}
