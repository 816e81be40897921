/**
 * One end of a TCP connection that lives longer than one exchange: what a daemon's socket remembers between two packets.
 * Bytes are kept until they are acknowledged and sent again when the retransmission timer runs out (RFC 9293, RFC 6298 with
 * Linux's bounds). Left out: congestion control, selective acknowledgements, delayed acknowledgements, keepalive probes.
 */
import type { Ip } from '../../model/ip.ts';
import type { IpPacket, TcpFlags, TcpSegment } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Millis } from '../core/time.ts';
import type { Journey } from '../net/journey.ts';
import { segmentPacket, tcpEnd } from '../net/tcp-connection.ts';

export interface Socket {
  readonly at: NetnsId;
  readonly address: Ip;
  readonly port: number;
  readonly peer: { readonly address: Ip; readonly port: number };
  /** Where the other end answered from; it is no address, only where a walk of ours has ended. */
  readonly remote: NetnsId | undefined;
  readonly active: boolean;
  readonly state: 'SYN_SENT' | 'SYN_RECEIVED' | 'ESTABLISHED' | 'FIN_WAIT';
  /** The next new byte to send, and the next one expected. */
  readonly sequence: number;
  readonly expected: number;
  readonly echo: number;
  readonly peerMss: number;
  readonly id: number;
  /** Not acknowledged yet, in order. */
  readonly flight: readonly Chunk[];
  /** When the oldest unacknowledged bytes go again, and after how long they waited. */
  readonly retransmit: { readonly at: Millis; readonly after: Millis } | undefined;
  /** Data came in that no segment of ours has acknowledged. */
  readonly ackDue: boolean;
  /** Time to live of what it sends (IP_TTL, IPV6_UNICAST_HOPS). */
  readonly ttl: number;
}

export interface Chunk {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly sent: boolean;
}

/** What came of a segment. */
export interface Heard {
  readonly socket: Socket;
  /** New bytes in order. */
  readonly data: Uint8Array;
  readonly event?: 'connected' | 'reset' | 'closed';
}

/** DSCP CS6, which BIRD asks for (IP_PREC_INTERNET_CONTROL). */
const INTERNET_CONTROL = 0xc0;
const SYN_TIMEOUT = 1_000;
const LEAST_TIMEOUT = 200;
const MOST_TIMEOUT = 120_000;
const NO_BYTES = new Uint8Array(0);

type Ends = Pick<Socket, 'at' | 'address' | 'port' | 'peer' | 'ttl'>;

export function callingSocket(journey: Journey, ends: Ends): Socket {
  const socket = freshSocket(journey, ends, true);
  socket.retransmit = { at: journey.network.now + SYN_TIMEOUT, after: SYN_TIMEOUT };
  return socket;
}

/** The socket that a SYN brings into being; it answers with `SYN_RECEIVED`'s own segment. */
export function calledSocket(journey: Journey, ends: Ends, { syn, remote }: Call): Socket {
  const socket = freshSocket(journey, ends, false);
  socket.remote = remote;
  readOptions(socket, syn);
  socket.expected = (syn.sequence + 1) >>> 0;
  return socket;
}

export interface Call {
  readonly syn: TcpSegment;
  readonly remote: NetnsId;
}

/** Spelt out, so that all sockets are of one shape: there are thousands of them, and each is copied for every segment. */
function freshSocket(journey: Journey, { at, address, port, peer, ttl }: Ends, active: boolean): Draft {
  const { sequence, expected, echo, peerMss, id } = tcpEnd(journey, { at, address, port, peer, active });
  return {
    at,
    address,
    port,
    peer,
    active,
    sequence,
    expected,
    echo,
    peerMss,
    id,
    flight: [],
    ackDue: false,
    ttl,
    remote: undefined,
    state: active ? 'SYN_SENT' : 'SYN_RECEIVED',
    retransmit: undefined,
  };
}

/** Puts bytes into the send queue. */
export function queued(socket: Socket, bytes: Uint8Array): Socket {
  const last = socket.flight.at(-1);
  const sequence = last ? (last.sequence + last.bytes.length) >>> 0 : socket.sequence;
  return { ...socket, flight: [...socket.flight, { sequence, bytes, sent: false }] };
}

/** A segment of this end, with the acknowledgement it owes; a chunk in it is given to the network now. */
export function segment(
  journey: Journey,
  socket: Socket,
  { flags, chunk }: { readonly flags: TcpFlags; readonly chunk?: Chunk },
): { readonly packet: IpPacket; readonly socket: Socket } {
  const sequence = chunk?.sequence ?? socket.sequence;
  const packet = segmentPacket(journey, sequence === socket.sequence ? socket : { ...socket, sequence }, {
    flags,
    payload: chunk?.bytes ?? NO_BYTES,
    tos: INTERNET_CONTROL,
    ttl: socket.ttl,
  });
  const next: Draft = { ...socket };
  next.id = (socket.id + 1) & 0xffff;
  next.ackDue = false;
  if (chunk) markSent(next, chunk, journey.network.now);
  return { packet, socket: next };
}

/** A copy that is not yet anybody else's. */
type Draft = { -readonly [K in keyof Socket]: Socket[K] };

function markSent(socket: Draft, { sequence, bytes }: Chunk, now: Millis): void {
  const end = (sequence + bytes.length) >>> 0;
  if (after(end, socket.sequence)) socket.sequence = end;
  socket.flight = socket.flight.map((each) => (each.sequence === sequence ? { ...each, sent: true } : each));
  socket.retransmit ??= { at: now + LEAST_TIMEOUT, after: LEAST_TIMEOUT };
}

/** Cuts the first unsent chunk so that it fits a segment. */
export function cutTo(socket: Socket, chunk: Chunk, size: number): Socket {
  if (chunk.bytes.length <= size) return socket;
  const pieces: Chunk[] = [];
  for (let at = 0; at < chunk.bytes.length; at += size) {
    const sequence = (chunk.sequence + at) >>> 0;
    pieces.push({ ...chunk, sequence, bytes: chunk.bytes.slice(at, at + size) });
  }
  return { ...socket, flight: socket.flight.flatMap((each) => (each === chunk ? pieces : [each])) };
}

/** The timer ran out: everything sent counts as lost, and the next wait is twice as long. */
export function timedOut(socket: Socket, now: Millis): Socket {
  const after = Math.min((socket.retransmit?.after ?? LEAST_TIMEOUT) * 2, MOST_TIMEOUT);
  return {
    ...socket,
    flight: socket.flight.map((each) => (each.sent ? { ...each, sent: false } : each)),
    retransmit: { at: now + after, after },
  };
}

/** What a segment from the other end changes, which was sent `from` there. */
export function hear(socket: Socket, heard: TcpSegment, { now, from = socket.remote }: Hearing): Heard {
  const { flags, payload } = heard;
  const next: Draft = { ...socket };
  next.remote = from;
  if (flags.rst) return { socket: next, data: NO_BYTES, event: 'reset' };
  if (socket.state === 'SYN_SENT') return greeted(next, heard);
  readOptions(next, heard);
  acknowledge(next, heard.acknowledgement, now);
  const isConnected = socket.state === 'SYN_RECEIVED' && flags.ack === true;
  if (isConnected) next.state = 'ESTABLISHED';
  const connected = isConnected ? { event: 'connected' as const } : {};
  const length = payload.length + (flags.fin ? 1 : 0);
  if (length === 0 || flags.syn) return { socket: next, data: NO_BYTES, ...connected };
  next.ackDue = true;
  if (heard.sequence !== next.expected) return { socket: next, data: NO_BYTES };
  next.expected = (next.expected + length) >>> 0;
  return { socket: next, data: payload, ...(flags.fin ? { event: 'closed' as const } : connected) };
}

export interface Hearing {
  readonly now: Millis;
  readonly from?: NetnsId | undefined;
}

/** SYN-ACK: the connection stands for the caller. */
function greeted(socket: Draft, heard: TcpSegment): Heard {
  const answers = heard.flags.syn === true && heard.flags.ack === true;
  if (!answers || heard.acknowledgement !== (socket.sequence + 1) >>> 0) return { socket, data: NO_BYTES };
  readOptions(socket, heard);
  socket.state = 'ESTABLISHED';
  socket.sequence = heard.acknowledgement;
  socket.expected = (heard.sequence + 1) >>> 0;
  socket.retransmit = undefined;
  socket.ackDue = true;
  return { socket, data: NO_BYTES, event: 'connected' };
}

function acknowledge(socket: Draft, acknowledgement: number, now: Millis): void {
  if (after(acknowledgement, socket.sequence)) socket.sequence = acknowledgement;
  const { flight } = socket;
  if (flight.length === 0) return;
  const left = flight.filter(
    (chunk) => !chunk.sent || after((chunk.sequence + chunk.bytes.length) >>> 0, acknowledgement),
  );
  if (left.length === flight.length) return;
  const waits = left.some((chunk) => chunk.sent);
  socket.flight = left;
  socket.retransmit = waits ? { at: now + LEAST_TIMEOUT, after: LEAST_TIMEOUT } : undefined;
}

function readOptions(socket: Draft, { options }: TcpSegment): void {
  for (const option of options) {
    if (option.kind === 'mss') socket.peerMss = option.value;
    else if (option.kind === 'timestamps') socket.echo = option.value;
  }
}

/** Whether `a` lies after `b` on the circle of sequence numbers. */
const after = (a: number, b: number): boolean => ((a - b) | 0) > 0;
