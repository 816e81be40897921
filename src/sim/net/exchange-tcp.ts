/**
 * One TCP connection as `nc` makes it: handshake, what the client has to say, what the server answers, farewell (RFC 9293).
 * The two sides take turns: the client speaks first, and a server that greets does so once it has heard it. Left out:
 * retransmissions, so a lost segment is silence.
 */
import { concatBytes, utf8Text } from '../../base/bytes.ts';
import { UNSPECIFIED, type Ipv4 } from '../../model/ip.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Exchange } from './exchange.ts';
import { forwarded } from './exchange-forward.ts';
import { httpAnswer } from './exchange-http.ts';
import { finished, send, stackAt, type Sent } from './exchange-send.ts';
import { Journey, type Heard } from './journey.ts';
import type { Listener, Network } from './netns.ts';
import { routeOutput } from './output-route.ts';
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
  readonly to: Ipv4;
  readonly port: number;
  readonly sourcePort: number;
  readonly data: Uint8Array;
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
  const journey = new Journey(network, [{ at, protocol: 'tcp', port: sourcePort }]);
  const route = routeOutput(stackAt(journey, at), to);
  if (!route.ok) {
    const error = route.error === 'prohibited' ? 'admin-prohibited' : route.error;
    return finished(journey, { kind: 'unreachable', error });
  }
  const address = route.value.source ?? UNSPECIFIED;
  const client = tcpEnd(journey, {
    at,
    address,
    port: sourcePort,
    peer: { address: to, port },
    active: true,
  });
  return finished(journey, converse(journey, client, request.data));
}

function converse(journey: Journey, client: TcpEnd, data: Uint8Array): TcpOutcome {
  const syn = sendSegment(journey, client, { flags: { syn: true } });
  if (!syn.delivered) return notConnected(journey, client, syn);
  const server = acceptingEnd(journey, syn.delivered.at, syn.delivered.packet);
  if (!server) return { kind: 'timeout' };
  if (!accepts(client, sendSegment(journey, server, { flags: { syn: true, ack: true } })))
    return { kind: 'timeout' };
  if (!accepts(server, sendSegment(journey, client, { flags: { ack: true } }))) return { kind: 'timeout' };
  const { arrived } = transfer(journey, { from: client, to: server, data });
  const stack = journey.stack(server.at);
  const serves = stack && listens(stack, 'tcp', server.port)?.serves;
  const answer = arrived && serves ? answerOf(journey, serves, server, data) : SILENT;
  journey.hear(server, arrived ? data : NOTHING, answer.lost);
  const came = transfer(journey, { from: server, to: client, data: answer.data });
  farewell(journey, client, server);
  return {
    kind: 'connected',
    rtt: journey.offset,
    received: came.arrived ? answer.data : NOTHING,
    closed: answer.closes && came.arrived,
    delivered: arrived,
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
