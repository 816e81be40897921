/**
 * One end of a TCP connection that lives longer than one exchange: what a daemon's socket remembers between two packets.
 * Bytes are kept until they are acknowledged and sent again when the retransmission timer runs out (RFC 9293, RFC 6298 with
 * Linux's bounds). Left out: congestion control, selective acknowledgements, delayed acknowledgements, keepalive probes.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { Ipv4Packet, TcpFlags, TcpSegment } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Millis } from '../core/time.ts';
import type { Journey } from '../net/journey.ts';
import { segmentPacket, tcpEnd, type TcpEnd } from '../net/tcp-connection.ts';

export interface Socket {
  readonly at: NetnsId;
  readonly address: Ipv4;
  readonly port: number;
  readonly peer: { readonly address: Ipv4; readonly port: number };
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
  /** Time to live of what it sends (IP_TTL). */
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
  const fresh = tcpEnd(journey, { ...ends, active: true });
  const retransmit = { at: journey.network.now + SYN_TIMEOUT, after: SYN_TIMEOUT };
  return { ...idle(fresh), ttl: ends.ttl, remote: undefined, state: 'SYN_SENT', retransmit };
}

/** The socket that a SYN brings into being; it answers with `SYN_RECEIVED`'s own segment. */
export function calledSocket(journey: Journey, ends: Ends, { syn, remote }: Call): Socket {
  const fresh = tcpEnd(journey, { ...ends, active: false });
  const { ttl } = ends;
  const socket: Socket = { ...idle(fresh), ttl, remote, state: 'SYN_RECEIVED', retransmit: undefined };
  return { ...withOptions(socket, syn), expected: (syn.sequence + 1) >>> 0 };
}

export interface Call {
  readonly syn: TcpSegment;
  readonly remote: NetnsId;
}

const idle = ({ at, address, port, peer, active, sequence, expected, echo, peerMss, id }: TcpEnd) =>
  ({
    ...{ at, address, port, peer, active, sequence, expected, echo, peerMss, id },
    flight: [],
    ackDue: false,
  }) as const;

/** Puts bytes into the send queue. */
export function queued(socket: Socket, bytes: Uint8Array): Socket {
  const last = socket.flight.at(-1);
  const sequence = last ? (last.sequence + last.bytes.length) >>> 0 : socket.sequence;
  return { ...socket, flight: [...socket.flight, { sequence, bytes, sent: false }] };
}

/** A segment of this end, with the acknowledgement it owes. */
export function segment(
  journey: Journey,
  socket: Socket,
  { flags, chunk }: { readonly flags: TcpFlags; readonly chunk?: Chunk },
): { readonly packet: Ipv4Packet; readonly socket: Socket } {
  const end = { ...socket, sequence: chunk?.sequence ?? socket.sequence };
  const packet = segmentPacket(journey, end, {
    flags,
    payload: chunk?.bytes ?? NO_BYTES,
    tos: INTERNET_CONTROL,
  });
  const { ttl } = socket;
  return { packet: { ...packet, ttl }, socket: { ...socket, id: (socket.id + 1) & 0xffff, ackDue: false } };
}

/** The chunk has been given to the network. */
export function markSent(socket: Socket, chunk: Chunk, now: Millis): Socket {
  const end = (chunk.sequence + chunk.bytes.length) >>> 0;
  return {
    ...socket,
    sequence: after(end, socket.sequence) ? end : socket.sequence,
    flight: socket.flight.map((each) => (each.sequence === chunk.sequence ? { ...each, sent: true } : each)),
    retransmit: socket.retransmit ?? { at: now + LEAST_TIMEOUT, after: LEAST_TIMEOUT },
  };
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

/** What a segment from the other end changes. */
export function hear(socket: Socket, heard: TcpSegment, now: Millis): Heard {
  const { flags } = heard;
  if (flags.rst) return { socket, data: NO_BYTES, event: 'reset' };
  if (socket.state === 'SYN_SENT') return greeted(socket, heard);
  const acknowledged = acknowledge(withOptions(socket, heard), heard.acknowledgement, now);
  const state = socket.state === 'SYN_RECEIVED' && flags.ack ? 'ESTABLISHED' : socket.state;
  const connected = state !== socket.state ? { event: 'connected' as const } : {};
  const held: Socket = { ...acknowledged, state };
  const length = heard.payload.length + (flags.fin ? 1 : 0);
  if (length === 0 || flags.syn) return { socket: held, data: NO_BYTES, ...connected };
  if (heard.sequence !== held.expected) return { socket: { ...held, ackDue: true }, data: NO_BYTES };
  const taken: Socket = { ...held, expected: (held.expected + length) >>> 0, ackDue: true };
  return { socket: taken, data: heard.payload, ...(flags.fin ? { event: 'closed' as const } : connected) };
}

/** SYN-ACK: the connection stands for the caller. */
function greeted(socket: Socket, heard: TcpSegment): Heard {
  const answers = heard.flags.syn === true && heard.flags.ack === true;
  if (!answers || heard.acknowledgement !== (socket.sequence + 1) >>> 0) return { socket, data: NO_BYTES };
  const connected: Socket = {
    ...withOptions(socket, heard),
    state: 'ESTABLISHED',
    sequence: heard.acknowledgement,
    expected: (heard.sequence + 1) >>> 0,
    retransmit: undefined,
    ackDue: true,
  };
  return { socket: connected, data: NO_BYTES, event: 'connected' };
}

function acknowledge(socket: Socket, acknowledgement: number, now: Millis): Socket {
  const flight = socket.flight.filter(
    (chunk) => !chunk.sent || after((chunk.sequence + chunk.bytes.length) >>> 0, acknowledgement),
  );
  const sequence = after(acknowledgement, socket.sequence) ? acknowledgement : socket.sequence;
  if (flight.length === socket.flight.length) return { ...socket, sequence };
  const waits = flight.some((chunk) => chunk.sent);
  const retransmit = waits ? { at: now + LEAST_TIMEOUT, after: LEAST_TIMEOUT } : undefined;
  return { ...socket, sequence, flight, retransmit };
}

function withOptions(socket: Socket, { options }: TcpSegment): Socket {
  let { echo, peerMss } = socket;
  for (const option of options) {
    if (option.kind === 'mss') peerMss = option.value;
    if (option.kind === 'timestamps') echo = option.value;
  }
  return { ...socket, echo, peerMss };
}

/** Whether `a` lies after `b` on the circle of sequence numbers. */
const after = (a: number, b: number): boolean => ((a - b) | 0) > 0;
