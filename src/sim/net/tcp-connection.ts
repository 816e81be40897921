/**
 * A TCP connection (RFC 9293) as two ends that take turns: real sequence numbers, windows and the options that Linux sends
 * (MSS, SACK, timestamps, window scale 10). Each segment is a packet that walks; data that meets a smaller MTU is cut again
 * once the sender has heard of it. Left out: retransmission by time, congestion control, simultaneous transfer.
 */
import type { Ip } from '../../model/ip.ts';
import type { IpPacket, TcpFlags, TcpOption, TcpSegment } from '../../model/packet.ts';
import type { NetnsId, Trace } from '../../model/trace.ts';
import { TCP_HEADER } from '../../model/wire-length.ts';
import type { Sent } from './exchange-send.ts';
import { send, stackAt } from './exchange-send.ts';
import { ipHeader, ownPacket } from './flow.ts';
import { addressHash, mix } from './flow-hash.ts';
import type { Journey } from './journey.ts';
import { pathMtu, routeOutput } from './output-route.ts';
import type { Stack } from './stack.ts';

const WINDOW_SCALE = 10;
/** What the timestamps option takes of every segment. */
export const TIMESTAMPS_LENGTH = 12;
const MAX_WINDOW = 65535;

/** One end as it knows the connection. */
export interface TcpEnd {
  readonly at: NetnsId;
  readonly address: Ip;
  readonly port: number;
  /** The other end as this one addresses it; NAT makes the two ends disagree. */
  readonly peer: { readonly address: Ip; readonly port: number };
  /** True for the end that sent the first SYN. */
  readonly active: boolean;
  /** Next sequence number to send, and next one expected. */
  sequence: number;
  expected: number;
  /** The peer's latest timestamp. */
  echo: number;
  /** Largest segment the peer takes. */
  peerMss: number;
  /** Identification of the next packet. */
  id: number;
}

export function tcpEnd(
  journey: Journey,
  end: Pick<TcpEnd, 'at' | 'address' | 'port' | 'peer' | 'active'>,
): TcpEnd {
  const [here, there] = [addressHash(end.address), addressHash(end.peer.address)];
  const start = mix(here, end.port, there, end.peer.port, journey.network.now * 1000);
  const { at, address, port, peer, active } = end;
  const id = mix(start) & 0xffff;
  return { at, address, port, peer, active, sequence: start, expected: 0, echo: 0, peerMss: 536, id };
}

/** The end that a SYN brings into being where it was delivered. */
export function acceptingEnd(journey: Journey, at: NetnsId, syn: IpPacket): TcpEnd | undefined {
  if (syn.payload.kind !== 'tcp') return undefined;
  const { sourcePort, destinationPort } = syn.payload;
  const end = tcpEnd(journey, {
    at,
    address: syn.destination,
    port: destinationPort,
    peer: { address: syn.source, port: sourcePort },
    active: false,
  });
  hear(end, syn.payload);
  return end;
}

/** Sends one segment and lets it walk. */
export function sendSegment(
  journey: Journey,
  end: TcpEnd,
  { flags, payload = NO_DATA }: { readonly flags: TcpFlags; readonly payload?: Uint8Array },
): Sent {
  const packet = segmentPacket(journey, end, { flags, payload });
  end.id = (end.id + 1) & 0xffff;
  const sent = send(journey, { at: end.at, packet });
  if (sent.delivered) advance(end, flags, payload);
  return sent;
}

/** The packet of the end's next segment. `tos` and `ttl` as the socket options IP_TOS and IP_TTL have them. */
export function segmentPacket(
  journey: Journey,
  end: Readonly<TcpEnd>,
  {
    flags,
    payload,
    tos = 0,
    ttl = 64,
  }: {
    readonly flags: TcpFlags;
    readonly payload: Uint8Array;
    readonly tos?: number;
    readonly ttl?: number;
  },
): IpPacket {
  // A SYN-ACK has no socket of its own yet, and with Don't Fragment set its identification is 0.
  const id = flags.syn && flags.ack ? 0 : end.id;
  const ends = { source: end.address, destination: end.peer.address, ttl, tos };
  return ownPacket(
    { ...ends, id, dontFragment: true, now: journey.now },
    segmentOf(journey, end, { flags, payload }),
  );
}

/** The segment that answers one to a closed port. */
export function resetOf(refused: IpPacket): IpPacket | undefined {
  if (refused.payload.kind !== 'tcp') return undefined;
  const { sourcePort, destinationPort, sequence } = refused.payload;
  const ends = { source: refused.destination, destination: refused.source, ttl: 64 };
  return ownPacket(
    { ...ends, id: 0, dontFragment: true, now: 0 },
    {
      kind: 'tcp',
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      sequence: 0,
      acknowledgement: (sequence + 1) >>> 0,
      flags: { rst: true, ack: true },
      window: 0,
      options: [],
      payload: NO_DATA,
    },
  );
}

const NO_DATA = new Uint8Array(0);

/** True when `end` takes the packet as part of this connection. */
export function accepts(end: TcpEnd, sent: Sent): sent is Sent & Required<Pick<Sent, 'delivered'>> {
  if (sent.delivered?.at !== end.at) return false;
  const { source, payload } = sent.delivered.packet;
  if (payload.kind !== 'tcp' || source !== end.peer.address || payload.sourcePort !== end.peer.port)
    return false;
  hear(end, payload);
  return true;
}

function hear(end: TcpEnd, segment: TcpSegment): void {
  const { flags, sequence, payload, options } = segment;
  end.expected = (sequence + payload.length + (flags.syn ? 1 : 0) + (flags.fin ? 1 : 0)) >>> 0;
  for (const option of options) {
    if (option.kind === 'mss') end.peerMss = option.value;
    if (option.kind === 'timestamps') end.echo = option.value;
  }
}

function advance(end: TcpEnd, flags: TcpFlags, payload: Uint8Array): void {
  end.sequence = (end.sequence + payload.length + (flags.syn ? 1 : 0) + (flags.fin ? 1 : 0)) >>> 0;
}

function segmentOf(
  journey: Journey,
  end: Readonly<TcpEnd>,
  { flags, payload }: { readonly flags: TcpFlags; readonly payload: Uint8Array },
): TcpSegment {
  return {
    kind: 'tcp',
    sourcePort: end.port,
    destinationPort: end.peer.port,
    sequence: end.sequence,
    acknowledgement: flags.ack ? end.expected : 0,
    flags,
    window: windowOf(journey, end, flags),
    options: optionsOf(journey, end, flags),
    payload,
  };
}

/** Whole segments that fit 64 KiB, chosen once: the active end does not know yet that timestamps will shorten them. */
function windowOf(journey: Journey, end: Readonly<TcpEnd>, flags: TcpFlags): number {
  const mss = ownMss(journey, end) - (end.active ? 0 : TIMESTAMPS_LENGTH);
  const window = Math.floor(MAX_WINDOW / mss) * mss;
  return flags.syn ? window : Math.ceil(window / 2 ** WINDOW_SCALE);
}

function optionsOf(journey: Journey, end: Readonly<TcpEnd>, flags: TcpFlags): readonly TcpOption[] {
  const timestamps: TcpOption = { kind: 'timestamps', value: timestampOf(journey, end), echo: end.echo };
  if (!flags.syn) return [{ kind: 'nop' }, { kind: 'nop' }, timestamps];
  return [
    { kind: 'mss', value: ownMss(journey, end) },
    { kind: 'sack-permitted' },
    timestamps,
    { kind: 'nop' },
    { kind: 'window-scale', shift: WINDOW_SCALE },
  ];
}

/** Milliseconds from a start that differs between address pairs. */
function timestampOf(journey: Journey, end: Readonly<TcpEnd>): number {
  return (mix(addressHash(end.address), addressHash(end.peer.address)) + Math.floor(journey.now)) >>> 0;
}

const ways = new WeakMap<Stack, Map<Ip, ReturnType<typeof routeOutput<Ip>>>>();

/** Looked up once in each stack. */
function wayTo(stack: Stack, address: Ip): ReturnType<typeof routeOutput<Ip>> {
  let known = ways.get(stack);
  if (!known) ways.set(stack, (known = new Map()));
  let way = known.get(address);
  if (!way) known.set(address, (way = routeOutput(stack, address)));
  return way;
}

export function ownMss(journey: Journey, end: Pick<TcpEnd, 'at' | 'peer'>): number {
  const route = wayTo(stackAt(journey, end.at), end.peer.address);
  if (!route.ok) return 536;
  const learnt = journey.memory(end.at).pathMtu(end.peer.address);
  return Math.max(pathMtu(route.value, learnt, journey.now) - ipHeader(end.peer.address) - TCP_HEADER, 88);
}

export interface Transferred {
  /** All of it, and the sender knows. */
  readonly arrived: boolean;
  /** So many bytes have come to the other end. */
  readonly received: number;
  readonly traces: readonly Trace[];
}

/** Sends `data` in pieces, each acknowledged; it has not arrived when one was lost for good. */
export function transfer(
  journey: Journey,
  { from, to, data }: { readonly from: TcpEnd; readonly to: TcpEnd; readonly data: Uint8Array },
): Transferred {
  const traces: Trace[] = [];
  let at = 0;
  while (at < data.length) {
    const size = Math.min(ownMss(journey, from), from.peerMss) - TIMESTAMPS_LENGTH;
    const payload = data.slice(at, at + size);
    const sent = sendSegment(journey, from, { flags: { psh: at + size >= data.length, ack: true }, payload });
    traces.push(...sent.traces);
    if (sent.heard?.error === 'too-big' && isSmaller(sent.heard.mtu, from, size)) continue;
    if (!accepts(to, sent)) return { arrived: false, received: at, traces };
    at += payload.length;
    const acknowledged = sendSegment(journey, to, { flags: { ack: true } });
    traces.push(...acknowledged.traces);
    if (!accepts(from, acknowledged)) return { arrived: false, received: at, traces };
  }
  return { arrived: true, received: at, traces };
}

/** Only an MTU that makes the segments shorter is worth another try. */
function isSmaller(mtu: number | undefined, { address }: TcpEnd, size: number): boolean {
  return mtu !== undefined && mtu - ipHeader(address) - TCP_HEADER - TIMESTAMPS_LENGTH < size;
}
