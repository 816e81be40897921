/**
 * TCP between speakers: sockets call, answer, send what waits and say farewell, each segment a packet that walks. What the
 * network does to a segment (lost, refused, an ICMP error) is all that a speaker ever learns of it.
 */
import { BGP_PORT } from '../../model/bgp.ts';
import { familyOf } from '../../model/ip-family.ts';
import type { IcmpErrorKind, IpPacket, TcpSegment } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import { IPV4_HEADER, TCP_HEADER } from '../../model/wire-length.ts';
import type { Sent } from '../net/exchange-send.ts';
import { stackAt } from '../net/exchange-send.ts';
import { routeOutput } from '../net/output-route.ts';
import { ownMss, resetOf, TIMESTAMPS_LENGTH } from '../net/tcp-connection.ts';
import type { Connection, Peer, PeerKey, Speaker } from './routing-state.ts';
import { speakerKey } from './routing-state.ts';
import { neighboursAt, type NeighbourConfig } from './speaker-config.ts';
import type { Talk } from './talk.ts';
import { calledSocket, callingSocket, cutTo, hear, queued, segment, type Socket } from './tcp-socket.ts';

/** net.ipv4.ip_local_port_range */
const EPHEMERAL = { first: 32768, count: 28232 };

/** Begins a connection: the socket to keep, or undefined when the kernel refuses at once. */
export function callingEnd(talk: Talk, peer: Peer): Socket | undefined {
  const { address, source, port = BGP_PORT } = peer.config;
  const wish = source === undefined ? {} : { source };
  const route = routeOutput(stackAt(talk.journey, peer.netns), address, wish);
  if (!route.ok || route.value.source === undefined) return undefined;
  return callingSocket(talk.journey, {
    at: peer.netns,
    address: route.value.source,
    port: EPHEMERAL.first + talk.chance(peer, EPHEMERAL.count, 1),
    peer: { address, port },
    ttl: timeToLive(peer.config),
  });
}

/** `multihop` without a number. */
const MULTIHOP = 64;
const MOST_HOPS = 255;

const hopsOf = ({ multihop = MULTIHOP }: NeighbourConfig): number => (multihop === 'direct' ? 1 : multihop);

const timeToLive = (config: NeighbourConfig): number => (config.ttlSecurity ? MOST_HOPS : hopsOf(config));

/** RFC 5082: what has come farther than a neighbour of ours can be is not from it. */
const isTooFar = (config: NeighbourConfig, packet: IpPacket): boolean =>
  config.ttlSecurity === true &&
  (packet.kind === 'ipv4' ? packet.ttl : packet.hopLimit) < MOST_HOPS + 1 - hopsOf(config);

/** Sends the SYN of a connection under way, or sends it again. */
export function sendSyn(talk: Talk, key: PeerKey): void {
  const connection = talk.peer(key)?.connection;
  if (!connection) return;
  const { packet, socket } = segment(talk.journey, connection.socket, { flags: { syn: true } });
  talk.updateConnection(key, { socket });
  const sent = talk.send(socket, packet);
  const error = sent.heard && CONNECT_ERRORS[sent.heard.error];
  // The error is known when it has come back; three seconds later when the neighbour did not answer ARP.
  if (error !== undefined) talk.updateConnection(key, { failure: { at: talk.journey.now, error } });
  outcome(talk, socket, sent);
}

/** How connect() fails (net/ipv4/icmp.c icmp_err_convert), in the words of strerror. */
const CONNECT_ERRORS: Readonly<Partial<Record<IcmpErrorKind, string>>> = {
  'net-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
  'admin-prohibited': 'No route to host',
  'ttl-exceeded': 'No route to host',
  'port-unreachable': 'Connection refused',
};

/** Sends what waits in the send queue, a segment for each message that was queued by itself. */
export function flush(talk: Talk, key: PeerKey): void {
  for (;;) {
    const connection = talk.peer(key)?.connection;
    const chunk = connection?.socket.flight.find(({ sent }) => !sent);
    if (!connection || !chunk || isWaiting(connection.socket, talk.began)) return;
    const socket = cutTo(connection.socket, chunk, segmentRoom(talk, connection.socket));
    const first = socket.flight.find(({ sent }) => !sent) ?? chunk;
    const flags = { psh: true, ack: true };
    const { packet, socket: held } = segment(talk.journey, socket, { flags, chunk: first });
    talk.updateConnection(key, { socket: held });
    const sent = talk.send(held, packet);
    outcome(talk, held, sent);
    if (!sent.delivered) return;
  }
}

/** Bytes sent in an earlier instant are not acknowledged: small ones wait behind them (RFC 896). */
function isWaiting({ flight, retransmit }: Socket, now: number): boolean {
  const before = retransmit !== undefined && retransmit.at - retransmit.after < now;
  return before && flight.some(({ sent }) => sent);
}

const segmentRoom = (talk: Talk, socket: Socket): number =>
  Math.max(1, Math.min(ownMss(talk.journey, socket), socket.peerMss, MOST_SEGMENT) - TIMESTAMPS_LENGTH);
const MOST_SEGMENT = 65535 - IPV4_HEADER - TCP_HEADER;

/** Acknowledges what nothing else has acknowledged yet. True when there was something to do. */
export function acknowledgeAll(talk: Talk): boolean {
  let busy = false;
  for (const key of talk.takeRestless()) {
    const connection = talk.peer(key)?.connection;
    if (!connection?.socket.ackDue) continue;
    busy = true;
    acknowledge(talk, key, connection.socket);
  }
  return busy;
}

export function acknowledge(talk: Talk, key: PeerKey, held: Socket): void {
  const { packet, socket } = segment(talk.journey, held, { flags: { ack: true } });
  talk.updateConnection(key, { socket });
  outcome(talk, socket, talk.send(socket, packet));
}

/** Says farewell with a FIN, after `lastWords`; nobody waits for what comes of it. */
export function close(talk: Talk, held: Socket, lastWords?: Uint8Array): void {
  if (held.state === 'SYN_SENT' || held.state === 'SYN_RECEIVED') return;
  let socket = lastWords ? queued(held, lastWords) : held;
  // Closing pushes out whatever still waits behind unacknowledged bytes.
  for (const chunk of socket.flight.filter(({ sent }) => !sent)) {
    const spoken = segment(talk.journey, socket, { flags: { psh: true, ack: true }, chunk });
    socket = spoken.socket;
    outcome(talk, socket, talk.send(socket, spoken.packet));
  }
  socket = { ...socket, state: 'FIN_WAIT' };
  talk.orphans.push(socket);
  const { packet } = segment(talk.journey, socket, { flags: { fin: true, ack: true } });
  outcome(talk, socket, talk.send(socket, packet));
}

/** What became of a segment of ours. */
function outcome(talk: Talk, socket: Socket, sent: Sent): void {
  if (sent.delivered) arrived(talk, sent.delivered, socket.at);
  else if (sent.refused) refuse(talk, sent.refused, socket.at);
}

/** A stack where nothing listens, or nothing knows the connection, answers with a reset. */
function refuse(talk: Talk, { at, packet }: Delivery, from: NetnsId): void {
  const reset = resetOf(packet);
  if (!reset || (packet.payload.kind === 'tcp' && packet.payload.flags.rst)) return;
  const answer = talk.send({ at, remote: from }, reset);
  if (answer.delivered) arrived(talk, answer.delivered, at);
}

function isCall(
  { config: { listenPort = BGP_PORT } }: Speaker,
  { flags, destinationPort }: TcpSegment,
): boolean {
  return destinationPort === listenPort && flags.syn === true && flags.ack !== true;
}

/** Who is no neighbour gets a connection from the operating system, and the daemon hangs up at once. */
function turnAway(talk: Talk, { at, packet }: Delivery, from: NetnsId): void {
  if (packet.payload.kind !== 'tcp') return;
  const called = calledSocket(talk.journey, calledEnds(at, packet), { syn: packet.payload, remote: from });
  const answer = segment(talk.journey, called, { flags: { syn: true, ack: true } });
  talk.orphans.push(answer.socket);
  outcome(talk, answer.socket, talk.send(answer.socket, answer.packet));
}

function calledEnds(
  at: NetnsId,
  { source, destination, payload }: IpPacket,
): Parameters<typeof calledSocket>[1] {
  const [port, theirs] = payload.kind === 'tcp' ? [payload.destinationPort, payload.sourcePort] : [0, 0];
  return { at, address: destination, port, peer: { address: source, port: theirs }, ttl: MOST_HOPS };
}

interface Delivery {
  readonly at: NetnsId;
  readonly packet: IpPacket;
}

/** A segment reached a stack: to which socket does it belong? */
function arrived(talk: Talk, { at, packet }: Delivery, from: NetnsId): void {
  const { payload, source } = packet;
  if (payload.kind !== 'tcp') return;
  const orphan =
    talk.orphans.length === 0 ? -1 : talk.orphans.findIndex((socket) => belongs(socket, at, packet));
  if (orphan >= 0) {
    parting(talk, orphan, packet);
    return;
  }
  const speaker = talk.speakerAt(at, familyOf(source));
  const peer = speaker?.running ? peerOf(talk, speaker, packet) : undefined;
  if (peer) toPeer(talk, { peer, packet, from });
  else if (speaker?.running && isCall(speaker, payload)) turnAway(talk, { at, packet }, from);
  else refuse(talk, { at, packet }, from);
}

/** Of several at one address the one whose socket the segment is for, else the first. */
function peerOf(talk: Talk, speaker: Speaker, packet: IpPacket): Peer | undefined {
  const own = speakerKey(speaker);
  let first: Peer | undefined;
  for (const { name } of neighboursAt(speaker.config, packet.source)) {
    const peer = talk.peer(talk.keyOf(own, name));
    if (peer && holds(peer, packet)) return peer;
    first ??= peer;
  }
  return first;
}

const holds = ({ netns, connection, halfOpen }: Peer, packet: IpPacket): boolean =>
  (connection !== undefined && belongs(connection.socket, netns, packet)) ||
  (halfOpen !== undefined && belongs(halfOpen, netns, packet));

function toPeer(talk: Talk, arrival: Arrival): void {
  const { peer, packet, from } = arrival;
  if (!knowsPassword(talk, arrival)) return;
  if (!takes(talk, talk.keyOf(speakerKey(peer), peer.config.name), arrival))
    refuse(talk, { at: peer.netns, packet }, from);
}

/** RFC 2385: a segment that is not signed with the same password is no segment. */
function knowsPassword(talk: Talk, { peer: { config }, packet, from }: Arrival): boolean {
  const sender = talk.speakerAt(from, familyOf(packet.source));
  const theirs = sender?.running ? neighboursAt(sender.config, packet.destination) : [];
  return theirs.length === 0
    ? config.password === undefined
    : theirs.some(({ password }) => password === config.password);
}

function belongs(socket: Socket, at: NetnsId, { source, destination, payload }: IpPacket): boolean {
  return (
    payload.kind === 'tcp' &&
    socket.at === at &&
    socket.address === destination &&
    socket.peer.address === source &&
    socket.port === payload.destinationPort &&
    socket.peer.port === payload.sourcePort
  );
}

/** The other end's FIN of a connection that is already closed here. */
function parting(talk: Talk, index: number, { payload }: IpPacket): void {
  const socket = talk.orphans[index];
  if (!socket || payload.kind !== 'tcp') return;
  const heard = hear(socket, payload, { now: talk.began });
  talk.orphans[index] = heard.socket;
  if (heard.event === 'reset') talk.orphans.splice(index, 1);
  if (heard.event === 'connected') {
    talk.orphans.splice(index, 1);
    close(talk, heard.socket);
    return;
  }
  if (heard.event !== 'closed') return;
  talk.orphans.splice(index, 1);
  const { packet } = segment(talk.journey, heard.socket, { flags: { ack: true } });
  outcome(talk, socket, talk.send(heard.socket, packet));
}

interface Arrival {
  readonly peer: Peer;
  readonly packet: IpPacket;
  readonly from: NetnsId;
}

/** False when no socket of the peer takes the segment. */
function takes(talk: Talk, key: PeerKey, { peer, packet, from }: Arrival): boolean {
  const { payload } = packet;
  if (payload.kind !== 'tcp') return false;
  if (peer.connection && belongs(peer.connection.socket, peer.netns, packet)) {
    if (isTooFar(peer.config, packet)) return true;
    converse(talk, key, hear(peer.connection.socket, payload, { now: talk.began, from }));
    return true;
  }
  if (peer.halfOpen && belongs(peer.halfOpen, peer.netns, packet) && !payload.flags.syn) {
    greet(talk, key, hear(peer.halfOpen, payload, { now: talk.began }));
    return true;
  }
  const speaker = talk.speakerOf(peer);
  if (!speaker || !isCall(speaker, payload)) return false;
  const called = calledSocket(talk.journey, calledEnds(peer.netns, packet), { syn: payload, remote: from });
  const answer = segment(talk.journey, called, { flags: { syn: true, ack: true } });
  talk.update(key, { halfOpen: answer.socket });
  outcome(talk, answer.socket, talk.send(answer.socket, answer.packet));
  return true;
}

type Answered = ReturnType<typeof hear>;

/** The third segment of a handshake: the daemon's accept() returns. */
function greet(talk: Talk, key: PeerKey, { socket: accepted, event }: Answered): void {
  talk.update(key, { halfOpen: undefined });
  const config = talk.peer(key)?.config;
  if (event !== 'connected' || !config) return;
  const socket = { ...accepted, ttl: timeToLive(config) };
  if (!talk.events.incoming(talk, key)) {
    close(talk, socket);
    return;
  }
  talk.update(key, { connection: freshConnection('OpenSent', socket) });
  talk.events.connected(talk, key);
}

const NO_BYTES = new Uint8Array(0);

/** One that has just begun. It has a place for everything, so that all are of one shape. */
export const freshConnection = (bgp: Connection['bgp'], socket: Socket): Connection => ({
  bgp,
  socket,
  open: undefined,
  holdTime: 0,
  retryAt: undefined,
  holdAt: undefined,
  keepaliveAt: undefined,
  failure: undefined,
  inbox: NO_BYTES,
  loading: false,
});

function converse(talk: Talk, key: PeerKey, { socket, data, event }: Answered): void {
  const calling = talk.peer(key)?.connection?.socket.state === 'SYN_SENT';
  talk.updateConnection(key, { socket });
  if (event === 'connected') {
    talk.later(() => {
      acknowledge(talk, key, talk.peer(key)?.connection?.socket ?? socket);
      talk.events.connected(talk, key);
    });
    return;
  }
  if (data.length > 0) talk.events.data(talk, key, data);
  if (event === 'reset')
    talk.events.lost(talk, key, calling ? 'Connection refused' : 'Connection reset by peer');
  if (event === 'closed') talk.events.lost(talk, key, 'Connection closed');
  else talk.later(() => flush(talk, key));
}
