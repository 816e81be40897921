/**
 * One TCP connection as `nc` makes it: handshake, what the client has to say, what the server answers, farewell (RFC 9293).
 * The two sides take turns: the client speaks first, and a server that greets does so once it has heard it. A connection may be
 * held open from one exchange to the next. Left out: retransmissions, which are for the program that holds it.
 */
import { concatBytes, utf8Text } from '../../base/bytes.ts';
import { unspecifiedLike } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { NetnsId, Trace } from '../../model/trace.ts';
import type { Exchange } from './exchange.ts';
import { forwarded } from './exchange-forward.ts';
import { httpAnswer } from './exchange-http.ts';
import { finished, send, stackAt, type Sent } from './exchange-send.ts';
import { Journey, type Heard } from './journey.ts';
import type { Listener, Network } from './netns.ts';
import { routeConnected } from './output-route.ts';
import { listens } from './stack.ts';
import {
  acceptingEnd,
  accepts,
  resetOf,
  sendSegment,
  tcpEnd,
  transfer,
  type TcpEnd,
} from './tcp-connection.ts';

export interface TcpRequest {
  readonly from: NetnsId;
  readonly to: Ip;
  readonly port: number;
  readonly sourcePort: number;
  readonly data: Uint8Array;
  /** Goes on with a connection that an exchange before has left open. */
  readonly held?: HeldConnection;
  /** Leaves it open for exchanges to come; without it the client closes. */
  readonly stays?: boolean;
}

/** Both ends of a connection between two exchanges, as they know it. Belongs to the program that holds it. */
export interface HeldConnection {
  readonly client: Readonly<TcpEnd>;
  readonly server: Readonly<TcpEnd>;
  /** What the server has heard and not answered yet. */
  readonly unanswered: Uint8Array;
}

export type TcpOutcome =
  | {
      readonly kind: 'connected';
      /** Milliseconds for everything. */
      readonly rtt: number;
      /** What the server sent. */
      readonly received: Uint8Array;
      /** The server hung up; otherwise it waits for more. */
      readonly closed: boolean;
      /** All of the client's data was acknowledged. */
      readonly delivered: boolean;
      /** How many bytes of it the server has. */
      readonly heard: number;
      /** The walks of what the client said, of what the server answered, and of what acknowledged it. */
      readonly traces: readonly Trace[];
      /** Present when it stays open. */
      readonly held?: HeldConnection;
    }
  | { readonly kind: 'refused'; readonly rtt: number }
  | {
      readonly kind: 'unreachable';
      readonly error: 'host-unreachable' | 'net-unreachable' | 'admin-prohibited' | 'invalid';
      /** Absent when the kernel refused at once. */
      readonly rtt?: number;
    }
  | { readonly kind: 'timeout' };

export function tcp(network: Network, request: TcpRequest): Exchange<TcpOutcome> {
  const { from: at, to, port, sourcePort } = request;
  if (request.held) return goOn(network, request, request.held);
  const journey = new Journey(network, [{ at, protocol: 'tcp', port: sourcePort }]);
  const route = routeConnected(stackAt(journey, at), to);
  if (!route.ok) {
    const error = route.error === 'prohibited' ? 'admin-prohibited' : route.error;
    return finished(journey, { kind: 'unreachable', error });
  }
  const address = route.value.source ?? unspecifiedLike(to);
  const client = tcpEnd(journey, {
    at,
    address,
    port: sourcePort,
    peer: { address: to, port },
    active: true,
  });
  if (request.stays !== true) return finished(journey, converse(journey, client, request.data));
  const server = shakeHands(journey, client);
  if ('kind' in server) return finished(journey, server);
  const ends = { client, server, unanswered: NOTHING };
  return finished(journey, say(journey, ends, { data: request.data, part: 'first' }));
}

interface Held {
  readonly client: TcpEnd;
  readonly server: TcpEnd;
  readonly unanswered: Uint8Array;
}

function goOn(
  network: Network,
  { data, stays = false }: TcpRequest,
  { client, server, unanswered }: HeldConnection,
): Exchange<TcpOutcome> {
  const sockets = [client, server].map(({ at, port }) => ({ at, protocol: 'tcp' as const, port }));
  const journey = new Journey(network, sockets);
  const held = { client: { ...client }, server: { ...server }, unanswered };
  return finished(journey, say(journey, held, { data, part: stays ? 'more' : 'last' }));
}

interface Said {
  readonly data: Uint8Array;
  readonly part: 'first' | 'more' | 'last';
}

/** The client says something more. The server answers a whole request, and whatever it has heard once the client has done. */
function say(journey: Journey, { client, server, unanswered }: Held, { data, part }: Said): TcpOutcome {
  const { arrived, received: heard, traces } = transfer(journey, { from: client, to: server, data });
  const news = data.subarray(0, heard);
  const known = concatBytes([unanswered, news]);
  const answer = arrived ? answerNow(journey, server, { data: known, part }) : SILENT;
  if (heard > 0 || part !== 'more')
    journey.hear(server, news, { part, ...(answer.lost && { lost: answer.lost }) });
  const came = transfer(journey, { from: server, to: client, data: answer.data });
  const closed = answer.closes && came.arrived;
  if (part === 'last' || closed) farewell(journey, client, server);
  const left = answer.data.length > 0 || answer.closes ? NOTHING : known;
  return {
    kind: 'connected',
    rtt: journey.offset,
    received: came.arrived ? answer.data : NOTHING,
    closed,
    delivered: arrived,
    heard,
    traces: [...traces, ...came.traces],
    ...(part !== 'last' && { held: { client, server, unanswered: left } }),
  };
}

function answerNow(journey: Journey, server: TcpEnd, { data, part }: Said): Answer {
  const stack = journey.stack(server.at);
  const serves = stack && listens(stack, 'tcp', server.port)?.serves;
  const isTurn = part === 'last' || (serves?.kind !== 'stream' && data.length > 0);
  return serves && isTurn ? answerOf(journey, serves, server, data) : SILENT;
}

/** The server's end, or why there is none. */
function shakeHands(journey: Journey, client: TcpEnd): TcpEnd | TcpOutcome {
  const syn = sendSegment(journey, client, { flags: { syn: true } });
  if (!syn.delivered) return notConnected(journey, client, syn);
  const server = acceptingEnd(journey, syn.delivered.at, syn.delivered.packet);
  if (!server) return { kind: 'timeout' };
  if (!accepts(client, sendSegment(journey, server, { flags: { syn: true, ack: true } })))
    return { kind: 'timeout' };
  const isUp = accepts(server, sendSegment(journey, client, { flags: { ack: true } }));
  return isUp ? server : { kind: 'timeout' };
}

function converse(journey: Journey, client: TcpEnd, data: Uint8Array): TcpOutcome {
  const server = shakeHands(journey, client);
  if ('kind' in server) return server;
  const { arrived, received: heard, traces } = transfer(journey, { from: client, to: server, data });
  const stack = journey.stack(server.at);
  const serves = stack && listens(stack, 'tcp', server.port)?.serves;
  const answer = arrived && serves ? answerOf(journey, serves, server, data) : SILENT;
  journey.hear(server, arrived ? data : NOTHING, answer.lost && { lost: answer.lost });
  const came = transfer(journey, { from: server, to: client, data: answer.data });
  farewell(journey, client, server);
  return {
    kind: 'connected',
    rtt: journey.offset,
    received: came.arrived ? answer.data : NOTHING,
    closed: answer.closes && came.arrived,
    delivered: arrived,
    heard,
    traces: [...traces, ...came.traces],
  };
}

function notConnected(journey: Journey, client: TcpEnd, syn: Sent): TcpOutcome {
  const rtt = journey.offset;
  const { heard, refused } = syn;
  if (heard?.error === 'port-unreachable') return { kind: 'refused', rtt };
  if (heard) {
    const soft = heard.error === 'net-unreachable' || heard.error === 'admin-prohibited';
    return { kind: 'unreachable', error: soft ? heard.error : 'host-unreachable', rtt };
  }
  const reset = refused && resetOf(refused.packet);
  if (!refused || !reset) return { kind: 'timeout' };
  return accepts(client, send(journey, { at: refused.at, packet: reset }))
    ? { kind: 'refused', rtt: journey.offset }
    : { kind: 'timeout' };
}

interface Answer {
  readonly data: Uint8Array;
  /** The server hangs up afterwards. */
  readonly closes: boolean;
  readonly lost?: Heard['lost'];
}

const NOTHING = new Uint8Array(0);
const SILENT: Answer = { data: NOTHING, closes: false };

/** A web server answers a whole request, and closes unless the client may ask again (HTTP/1.1). */
function answerOf(journey: Journey, serves: Listener['serves'], server: TcpEnd, data: Uint8Array): Answer {
  switch (serves.kind) {
    case 'stream':
      return { data: serves.says, closes: true };
    case 'echo':
      return { data, closes: false };
    case 'http': {
      const answer = httpAnswer(serves, utf8Text(data), {
        peer: server.peer,
        date: (journey.network.epoch ?? 0) + journey.now,
      });
      return answer ? { data: concatBytes([answer.bytes]), closes: answer.closes } : SILENT;
    }
    case 'forward': {
      const { inner, lost } = forwarded(journey, serves, {
        outer: server,
        run: (client) => converse(journey, client, data),
      });
      if (inner?.kind !== 'connected') return { data: NOTHING, closes: true, lost };
      return { data: inner.received, closes: inner.closed };
    }
    default:
      return SILENT;
  }
}

/** The client closes first, as a client does whose input has ended. */
function farewell(journey: Journey, client: TcpEnd, server: TcpEnd): void {
  const fin = { flags: { fin: true, ack: true } };
  if (!accepts(server, sendSegment(journey, client, fin))) return;
  if (!accepts(client, sendSegment(journey, server, fin))) return;
  sendSegment(journey, client, { flags: { ack: true } });
}
