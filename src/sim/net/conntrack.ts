/**
 * Connection tracking and address translation (Linux net/netfilter nf_conntrack, nf_nat): the first packet of a connection
 * meets the nat rules, every later one is translated as the entry says, replies backwards.
 * An echo's identifier stands in `sourcePort` of both tuples, `destinationPort` is 0. Both families share one table; neighbour
 * discovery is not tracked (nf_conntrack_proto_icmpv6.c).
 * Left out: expectations, helpers, sequence tracking, UDP stream promotion by time.
 */
import type { Ip } from '../../model/ip.ts';
import type { IcmpError, IpPacket, TcpFlags } from '../../model/packet.ts';
import { tcpTransition } from './conntrack-tcp.ts';
import { flowTuple, rewrite } from './flow.ts';
import { addressHash, mix, scaleHash } from './flow-hash.ts';
import type { ConnectionHit, Direction } from './connection-table.ts';
import { isEcho } from './connection-table.ts';
import type { MemoryDraft } from './memory.ts';
import type { PortRange } from './netfilter-rules.ts';
import type { ConntrackEntry, Tuple } from './netns.ts';

export type ConnectionState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

/** A packet's place in its connection, while it is in one stack. */
export interface Tracked {
  entry: ConntrackEntry;
  readonly direction: Direction;
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED';
  /** Not in the table yet: it enters when the packet leaves the stack or reaches a socket. */
  readonly unconfirmed: boolean;
}

/** nf_conntrack_*_timeout in milliseconds. */
const TIMEOUT = {
  icmp: 30_000,
  udp: 30_000,
  udpStream: 120_000,
  /** Taken up in the middle, with no answer seen. */
  unacknowledged: 300_000,
  SYN_SENT: 120_000,
  SYN_RECV: 60_000,
  ESTABLISHED: 432_000_000,
  FIN_WAIT: 120_000,
  CLOSE_WAIT: 60_000,
  LAST_ACK: 30_000,
  TIME_WAIT: 120_000,
  CLOSE: 10_000,
} as const;

/** The entry goes at once. */
const OVER = 0;

/** Finds the packet's connection or begins one; undefined when the packet belongs to none and can begin none. */
export function track(memory: MemoryDraft, packet: IpPacket, now: number): Tracked | undefined {
  if (packet.payload.kind === 'icmp-error') return trackError(memory, packet.payload, now);
  const protocol = trackedProtocol(packet);
  if (!protocol) return undefined;
  const tuple = tupleOf(packet);
  const hit = find(memory, { protocol, tuple, isAnswer: isEchoReply(packet), now });
  if (hit && !reopens(hit, packet)) {
    const { entry, direction } = hit;
    if (isOutOfState(hit, packet)) return undefined;
    const replied = direction === 'reply' || entry.replied === true;
    return { entry, direction, state: replied ? 'ESTABLISHED' : 'NEW', unconfirmed: false };
  }
  if (!canBegin(packet)) return undefined;
  const entry: ConntrackEntry = {
    protocol,
    original: tuple,
    reply: inverse(protocol, tuple),
    assured: false,
    replied: false,
    expires: now + TIMEOUT.icmp,
  };
  return { entry, direction: 'original', state: 'NEW', unconfirmed: true };
}

interface Arrival {
  readonly protocol: ConntrackEntry['protocol'];
  readonly tuple: Tuple;
  readonly isAnswer: boolean;
  readonly now: number;
}

/** An echo reply matches only as a reply, a request in either direction; of anything else one look finds both. */
function find(memory: MemoryDraft, { protocol, tuple, isAnswer, now }: Arrival): ConnectionHit | undefined {
  const asOriginal = isAnswer
    ? undefined
    : memory.connection({ protocol, tuple, direction: 'original' }, now);
  if (asOriginal || !isEcho(protocol)) return asOriginal;
  return memory.connection({ protocol, tuple, direction: 'reply' }, now);
}

const isEchoReply = ({ payload }: IpPacket): boolean => payload.kind === 'icmp-echo' && payload.reply;

/** A reply without a connection is invalid, and so is a segment that neither opens one nor can be in the middle of one. */
function canBegin(packet: IpPacket): boolean {
  const { payload } = packet;
  if (payload.kind === 'tcp') return tcpTransition(undefined, payload.flags, 'original') !== 'invalid';
  return !isEchoReply(packet);
}

/** A segment that the connection, as far as it was seen here, cannot have. */
function isOutOfState({ entry, direction }: ConnectionHit, { payload }: IpPacket): boolean {
  return payload.kind === 'tcp' && tcpTransition(entry.state, payload.flags, direction) === 'invalid';
}

/** A SYN on a connection that is over begins a new one. */
function reopens({ entry, direction }: ConnectionHit, { payload }: IpPacket): boolean {
  const over = entry.state === 'TIME_WAIT' || (entry.state === 'CLOSE' && direction === 'original');
  return over && payload.kind === 'tcp' && payload.flags.syn === true && payload.flags.ack !== true;
}

/** An ICMP error belongs to the connection of the packet it quotes and travels the other way. */
function trackError(memory: MemoryDraft, error: IcmpError, now: number): Tracked | undefined {
  const quoted = error.original;
  const protocol = trackedProtocol(quoted);
  if (!protocol) return undefined;
  const tuple = inverse(protocol, tupleOf(quoted));
  const asOriginal = memory.connection({ protocol, tuple, direction: 'original' }, now);
  const along = isEchoReply(quoted)
    ? asOriginal
    : (memory.connection({ protocol, tuple, direction: 'reply' }, now) ?? asOriginal);
  return along && { ...along, state: 'RELATED', unconfirmed: false };
}

function trackedProtocol({ kind, payload }: IpPacket): ConntrackEntry['protocol'] | undefined {
  switch (payload.kind) {
    case 'tcp':
    case 'udp':
      return payload.kind;
    case 'icmp-echo':
      return kind === 'ipv4' ? 'icmp' : 'icmpv6';
    default:
      return undefined;
  }
}

function tupleOf(packet: IpPacket): Tuple {
  const { source, destination, sourcePort, destinationPort } = flowTuple(packet);
  return { source, destination, sourcePort, destinationPort };
}

function inverse(protocol: ConntrackEntry['protocol'], tuple: Tuple): Tuple {
  const { source, destination, sourcePort, destinationPort } = tuple;
  return isEcho(protocol)
    ? { source: destination, destination: source, sourcePort, destinationPort }
    : {
        source: destination,
        destination: source,
        sourcePort: destinationPort,
        destinationPort: sourcePort,
      };
}

/** False for most connections: replies come from where the packets went. */
function isTranslated({ protocol, original, reply }: ConntrackEntry): boolean {
  if (original.source !== reply.destination || original.destination !== reply.source) return true;
  return isEcho(protocol)
    ? original.sourcePort !== reply.sourcePort
    : original.sourcePort !== reply.destinationPort || original.destinationPort !== reply.sourcePort;
}

/** The packet as the connection wants it on the other side of this stack, in `direction`. */
function targetTuple({ entry, direction }: Tracked): Tuple {
  return inverse(entry.protocol, direction === 'original' ? entry.reply : entry.original);
}

/** Which half of the addresses a hook may change: destinations before routing, sources after. */
export type Manip = 'source' | 'destination';

/** The packet translated for one hook, or the very same packet when the connection changes nothing there. */
export function translate<Packet extends IpPacket>(packet: Packet, tracked: Tracked, manip: Manip): Packet;
export function translate(packet: IpPacket, tracked: Tracked, manip: Manip): IpPacket {
  const { entry, direction } = tracked;
  if (!isTranslated(entry)) return packet;
  const from = direction === 'original' ? entry.original : entry.reply;
  const target = targetTuple(tracked);
  const port = manip === 'source' ? 'sourcePort' : 'destinationPort';
  const identifier = isEcho(entry.protocol);
  const changed =
    from[manip] !== target[manip] ||
    (identifier
      ? identifierMoves(tracked, manip) && from.sourcePort !== target.sourcePort
      : from[port] !== target[port]);
  if (!changed) return packet;
  if (packet.payload.kind === 'icmp-error')
    return translateError(packet, packet.payload, { tracked, target, manip });
  if (identifier) {
    const moved = identifierMoves(tracked, manip) ? { sourcePort: target.sourcePort } : {};
    return rewrite(packet, { [manip]: target[manip], ...moved });
  }
  return rewrite(packet, { [manip]: target[manip], [port]: target[port] });
}

/** An echo's identifier is the client's port: it changes where the client's address does. */
function identifierMoves({ direction }: Tracked, manip: Manip): boolean {
  return (direction === 'original') === (manip === 'source');
}

/** The error's own address changes, and what it quotes changes backwards, so that its receiver knows the quoted packet. */
function translateError(
  packet: IpPacket,
  error: IcmpError,
  { tracked, target, manip }: { readonly tracked: Tracked; readonly target: Tuple; readonly manip: Manip },
): IpPacket {
  const inner = inverse(tracked.entry.protocol, target);
  const quoted: Manip = manip === 'source' ? 'destination' : 'source';
  const port = quoted === 'source' ? 'sourcePort' : 'destinationPort';
  const ports = isEcho(tracked.entry.protocol)
    ? identifierMoves(tracked, manip)
      ? { sourcePort: inner.sourcePort }
      : {}
    : { [port]: inner[port] };
  const original = rewrite(error.original, { [quoted]: inner[quoted], ...ports });
  return withPayload(rewrite(packet, { [manip]: target[manip] }), { ...error, original });
}

const withPayload = (packet: IpPacket, payload: IcmpError): IpPacket =>
  packet.kind === 'ipv4' ? { ...packet, payload } : { ...packet, payload };

/** What a nat rule asks of a new connection. */
export type NatRequest =
  | { readonly kind: 'dnat'; readonly to: Ip; readonly port?: number }
  | {
      readonly kind: 'snat';
      readonly to: Ip;
      readonly randomPort: boolean;
      /** The new port is one of these. */
      readonly ports?: PortRange;
    };

/** Writes the request into the connection's reply tuple; a source port that is taken gives way to another. */
export function bindNat(memory: MemoryDraft, tracked: Tracked, request: NatRequest, now: number): void {
  const { entry } = tracked;
  const { protocol } = entry;
  if (request.kind === 'dnat') {
    const port = isEcho(protocol) ? {} : { sourcePort: request.port ?? entry.reply.sourcePort };
    tracked.entry = { ...entry, reply: { ...entry.reply, source: request.to, ...port } };
    return;
  }
  const field = isEcho(protocol) ? 'sourcePort' : 'destinationPort';
  const wanted = { ...entry.reply, destination: request.to };
  const free = (port: number): boolean =>
    !memory.connection({ protocol, tuple: { ...wanted, [field]: port }, direction: 'reply' }, now);
  const own = entry.reply[field];
  const { ports } = request;
  const fits = ports === undefined || (own >= ports.first && own <= ports.last);
  const port = request.randomPort || !fits || !free(own) ? randomPort(entry, free, ports) : own;
  tracked.entry = { ...entry, reply: { ...wanted, [field]: port } };
}

/** nf_nat_l4proto_unique_tuple: identifiers anywhere, ports in the class of the original one. */
function randomPort(entry: ConntrackEntry, free: (port: number) => boolean, ports?: PortRange): number {
  const { original, protocol } = entry;
  const [low, high] = ports
    ? [ports.first, ports.last + 1]
    : portRange(isEcho(protocol) ? undefined : original.sourcePort);
  const first = scaleHash(
    mix(
      addressHash(original.source),
      addressHash(original.destination),
      original.sourcePort,
      original.destinationPort,
    ),
    low,
    high,
  );
  for (let tries = 0; tries < high - low; tries += 1) {
    const port = low + ((first - low + tries) % (high - low));
    if (free(port)) return port;
  }
  return first;
}

function portRange(port: number | undefined): readonly [number, number] {
  if (port === undefined) return [0, 0x10000];
  if (port < 512) return [1, 512];
  return port < 1024 ? [600, 1024] : [1024, 0x10000];
}

/** The packet left the stack or reached a socket: its connection enters the table, or is refreshed there. */
export function confirm(memory: MemoryDraft, tracked: Tracked, packet: IpPacket, now: number): void {
  if (tracked.state === 'RELATED') return;
  const { entry, direction } = tracked;
  const replied = direction === 'reply' || entry.replied === true;
  if (packet.payload.kind !== 'tcp') {
    const isStream = entry.protocol === 'udp' && replied;
    const timeout = isStream ? TIMEOUT.udpStream : TIMEOUT[entry.protocol === 'udp' ? 'udp' : 'icmp'];
    memory.confirm({ ...entry, replied, assured: isStream, expires: now + timeout });
    return;
  }
  confirmTcp(memory, tracked, { flags: packet.payload.flags, replied, now });
}

function confirmTcp(
  memory: MemoryDraft,
  { entry: before, direction }: Tracked,
  { flags, replied, now }: { readonly flags: TcpFlags; readonly replied: boolean; readonly now: number },
): void {
  const next = tcpTransition(before.state, flags, direction);
  const state = next === 'ignored' || next === 'invalid' ? before.state : next;
  if (state === undefined) return;
  // Where the only answer is a reset, there never was a connection.
  if (flags.rst && before.replied !== true) {
    memory.confirm({ ...before, replied, state, expires: OVER });
    return;
  }
  const holds = before.state === 'SYN_RECV' || before.state === 'ESTABLISHED';
  const assured = before.assured || (before.replied === true && holds && state === 'ESTABLISHED');
  const timeout =
    state === 'ESTABLISHED' && before.replied !== true ? TIMEOUT.unacknowledged : TIMEOUT[state];
  const { protocol, original, reply } = before;
  memory.confirm({ protocol, original, reply, state, assured, replied, expires: now + timeout });
}
