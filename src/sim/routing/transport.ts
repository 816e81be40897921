/**
 * TCP between speakers: sockets call, answer, send what waits and say farewell, each segment a packet that walks. What the
 * network does to a segment (lost, refused, an ICMP error) is all that a speaker ever learns of it.
 */
import { BGP_PORT } from '../../model/bgp.ts';
import type { IcmpErrorKind, Ipv4Packet } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import { IPV4_HEADER, TCP_HEADER } from '../../model/wire-length.ts';
import type { Sent } from '../net/exchange-send.ts';
import { stackAt } from '../net/exchange-send.ts';
import { routeOutput } from '../net/output-route.ts';
import { ownMss, resetOf, TIMESTAMPS_LENGTH } from '../net/tcp-connection.ts';
import type { Peer, PeerKey } from './routing-state.ts';
import { peerKey } from './routing-state.ts';
import { neighbourAt } from './speaker-config.ts';
import type { Talk } from './talk.ts';
import {
  calledSocket,
  callingSocket,
  cutTo,
  hear,
  markSent,
  queued,
  segment,
  type Socket,
} from './tcp-socket.ts';

/** net.ipv4.ip_local_port_range */
const EPHEMERAL = { first: 32768, count: 28232 };

/** Begins a connection: the socket to keep, or undefined when the kernel refuses at once. */
export function callingEnd(talk: Talk, peer: Peer): Socket | undefined {
  const { address, source } = peer.config;
  if (!routeOutput(stackAt(talk.journey, peer.netns), address, { source }).ok) return undefined;
  const port = EPHEMERAL.first + talk.chance(peer, EPHEMERAL.count, 1);
  const ends = { at: peer.netns, address: source, port, peer: { address, port: BGP_PORT } };
  return callingSocket(talk.journey, ends);
}

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
    const next = segment(talk.journey, socket, { flags: { psh: true, ack: true }, chunk: first });
    const held = markSent(next.socket, first, talk.began);
    talk.updateConnection(key, { socket: held });
    const sent = talk.send(held, next.packet);
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
  for (const key of [...talk.touched]) {
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
    socket = markSent(spoken.socket, chunk, talk.began);
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

interface Delivery {
  readonly at: NetnsId;
  readonly packet: Ipv4Packet;
}

/** A segment reached a stack: to which socket does it belong? */
function arrived(talk: Talk, { at, packet }: Delivery, from: NetnsId): void {
  const { payload, source } = packet;
  if (payload.kind !== 'tcp') return;
  const orphan = talk.orphans.findIndex((socket) => belongs(socket, at, packet));
  if (orphan >= 0) {
    parting(talk, orphan, packet);
    return;
  }
  const speaker = talk.speaker(at);
  const neighbour = speaker?.running ? neighbourAt(speaker.config, source) : undefined;
  const key = neighbour && peerKey(at, neighbour.name);
  const peer = key === undefined ? undefined : talk.peer(key);
  if (key !== undefined && peer && takes(talk, key, { peer, packet, from })) return;
  refuse(talk, { at, packet }, from);
}

function belongs(socket: Socket, at: NetnsId, { source, destination, payload }: Ipv4Packet): boolean {
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
function parting(talk: Talk, index: number, { payload }: Ipv4Packet): void {
  const socket = talk.orphans[index];
  if (!socket || payload.kind !== 'tcp') return;
  const heard = hear(socket, payload, talk.began);
  talk.orphans[index] = heard.socket;
  if (heard.event === 'reset') talk.orphans.splice(index, 1);
  if (heard.event !== 'closed') return;
  talk.orphans.splice(index, 1);
  const { packet } = segment(talk.journey, heard.socket, { flags: { ack: true } });
  outcome(talk, socket, talk.send(heard.socket, packet));
}

interface Arrival {
  readonly peer: Peer;
  readonly packet: Ipv4Packet;
  readonly from: NetnsId;
}

/** False when no socket of the peer takes the segment. */
function takes(talk: Talk, key: PeerKey, { peer, packet, from }: Arrival): boolean {
  const { payload } = packet;
  if (payload.kind !== 'tcp') return false;
  if (peer.connection && belongs(peer.connection.socket, peer.netns, packet)) {
    converse(talk, key, hear({ ...peer.connection.socket, remote: from }, payload, talk.began));
    return true;
  }
  if (peer.halfOpen && belongs(peer.halfOpen, peer.netns, packet) && !payload.flags.syn) {
    greet(talk, key, hear(peer.halfOpen, payload, talk.began));
    return true;
  }
  if (payload.destinationPort !== BGP_PORT || !payload.flags.syn || payload.flags.ack) return false;
  const ends = {
    at: peer.netns,
    address: packet.destination,
    port: BGP_PORT,
    peer: { address: packet.source, port: payload.sourcePort },
  };
  const called = calledSocket(talk.journey, ends, { syn: payload, remote: from });
  const answer = segment(talk.journey, called, { flags: { syn: true, ack: true } });
  talk.update(key, { halfOpen: answer.socket });
  outcome(talk, answer.socket, talk.send(answer.socket, answer.packet));
  return true;
}

type Answered = ReturnType<typeof hear>;

/** The third segment of a handshake: the daemon's accept() returns. */
function greet(talk: Talk, key: PeerKey, { socket, event }: Answered): void {
  talk.update(key, { halfOpen: undefined });
  if (event !== 'connected') return;
  if (!talk.events.incoming(talk, key)) {
    close(talk, socket);
    return;
  }
  talk.update(key, { connection: { ...FRESH, bgp: 'OpenSent', socket } });
  talk.events.connected(talk, key);
}

export const FRESH = { holdTime: 0, inbox: new Uint8Array(0), loading: false } as const;

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
