/**
 * One HTTP request over its own TCP connection, as curl makes it: handshake, request, response, farewell, ten segments or
 * more (RFC 9112, RFC 9293). An ICMP error ends a connection that is being set up, as Linux does (net/ipv4/tcp_ipv4.c
 * tcp_v4_err); later ones do not. Left out: retransmissions, so a lost segment is a timeout.
 */
import { utf8 } from '../../base/bytes.ts';
import { hostPort } from '../../model/host-port.ts';
import { formatIp, unspecifiedLike } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { Trace } from '../../model/trace.ts';
import type { Exchange, HttpOutcome, HttpRequest } from './exchange.ts';
import { forwarded } from './exchange-forward.ts';
import type { Sent } from './exchange-send.ts';
import { finished, send, stackAt } from './exchange-send.ts';
import { Journey } from './journey.ts';
import type { ForwardServer, HttpServer, Network } from './netns.ts';
import { routeConnected } from './output-route.ts';
import { listens } from './stack.ts';
import type { TcpEnd } from './tcp-connection.ts';
import { acceptingEnd, accepts, resetOf, sendSegment, tcpEnd, transfer } from './tcp-connection.ts';

export function http(network: Network, request: HttpRequest): Exchange<HttpOutcome> {
  const { from: at, to, port, sourcePort } = request;
  const journey = new Journey(network, [{ at, protocol: 'tcp', port: sourcePort }]);
  const route = routeConnected(stackAt(journey, at), to);
  if (!route.ok) {
    const error = route.error === 'prohibited' ? 'admin-prohibited' : route.error;
    return finished(journey, { kind: 'unreachable', error, traces: [] });
  }
  const client = tcpEnd(journey, {
    at,
    address: route.value.source ?? unspecifiedLike(to),
    port: sourcePort,
    peer: { address: to, port },
    active: true,
  });
  return finished(journey, new Conversation(journey, client, request).run());
}

class Conversation {
  readonly #journey: Journey;
  readonly #client: TcpEnd;
  readonly #request: HttpRequest;
  readonly #traces: Trace[] = [];

  constructor(journey: Journey, client: TcpEnd, request: HttpRequest) {
    this.#journey = journey;
    this.#client = client;
    this.#request = request;
  }

  run(): HttpOutcome {
    const syn = this.#note(sendSegment(this.#journey, this.#client, { flags: { syn: true } }));
    if (!syn.delivered) return this.#notConnected(syn);
    const server = acceptingEnd(this.#journey, syn.delivered.at, syn.delivered.packet);
    if (!server) return this.#ended({ kind: 'timeout' });
    const greeting = this.#note(sendSegment(this.#journey, server, { flags: { syn: true, ack: true } }));
    if (!accepts(this.#client, greeting)) return this.#ended({ kind: 'timeout' });
    const third = this.#note(sendSegment(this.#journey, this.#client, { flags: { ack: true } }));
    if (!accepts(server, third)) return this.#ended({ kind: 'timeout' });
    return { ...this.#converse(server), sourceSeen: server.peer.address };
  }

  #notConnected(syn: Sent): HttpOutcome {
    const rtt = this.#journey.offset;
    const { heard } = syn;
    if (heard?.error === 'port-unreachable') return this.#ended({ kind: 'refused', rtt });
    if (heard) {
      const soft = heard.error === 'net-unreachable' || heard.error === 'admin-prohibited';
      return this.#ended({ kind: 'unreachable', error: soft ? heard.error : 'host-unreachable', rtt });
    }
    const reset = syn.refused && resetOf(syn.refused.packet);
    if (!syn.refused || !reset) return this.#ended({ kind: 'timeout' });
    const answer = this.#note(send(this.#journey, { at: syn.refused.at, packet: reset }));
    return this.#ended(
      accepts(this.#client, answer) ? { kind: 'refused', rtt: this.#journey.offset } : { kind: 'timeout' },
    );
  }

  #converse(server: TcpEnd): HttpOutcome {
    const listener = this.#journey.stack(server.at);
    const service = listener && listens(listener, 'tcp', server.port)?.serves;
    const question = utf8(requestText(this.#request));
    if (!this.#transfer(this.#client, server, question)) return this.#ended({ kind: 'timeout' });
    if (service?.kind === 'forward') return this.#handOn(server, service, question);
    if (service?.kind !== 'http') return this.#ended({ kind: 'timeout' });
    const { now, network } = this.#journey;
    const { address, port } = server.peer;
    const client = { address: formatIp(address), port, date: (network.epoch ?? 0) + now };
    const response = responseTo(this.#request, service, client);
    if (!this.#transfer(server, this.#client, utf8(responseText(response)))) {
      return this.#ended({ kind: 'timeout' });
    }
    const rtt = this.#journey.offset;
    this.#farewell(server);
    return this.#ended({ kind: 'response', ...response, rtt });
  }

  /** The request once more, on a connection of its own inside of the pod; what that brings goes back. */
  #handOn(server: TcpEnd, service: ForwardServer, data: Uint8Array): HttpOutcome {
    const { inner, lost } = forwarded(this.#journey, service, {
      outer: server,
      run: (client) => new Conversation(this.#journey, client, this.#request).run(),
    });
    this.#traces.push(...(inner?.traces ?? []));
    this.#journey.hear(server, data, lost && { lost });
    if (inner?.kind === 'timeout' && lost === undefined) return this.#ended({ kind: 'timeout' });
    if (inner?.kind === 'response' && !this.#transfer(server, this.#client, utf8(responseText(inner))))
      return this.#ended({ kind: 'timeout' });
    const rtt = this.#journey.offset;
    this.#farewell(server);
    if (inner?.kind !== 'response') return this.#ended({ kind: 'empty', rtt });
    const { status, headers, body } = inner;
    return this.#ended({ kind: 'response', status, headers, body, rtt });
  }

  #transfer(from: TcpEnd, to: TcpEnd, data: Uint8Array): boolean {
    const { arrived, traces } = transfer(this.#journey, { from, to, data });
    this.#traces.push(...traces);
    return arrived;
  }

  /** The client closes first, as curl does. */
  #farewell(server: TcpEnd): void {
    const fin = { flags: { fin: true, ack: true } };
    if (!accepts(server, this.#note(sendSegment(this.#journey, this.#client, fin)))) return;
    if (!accepts(this.#client, this.#note(sendSegment(this.#journey, server, fin)))) return;
    this.#note(sendSegment(this.#journey, this.#client, { flags: { ack: true } }));
  }

  #note(sent: Sent): Sent {
    this.#traces.push(...sent.traces);
    return sent;
  }

  #ended(outcome: DistributiveOmit<HttpOutcome, 'traces' | 'sourceSeen'>): HttpOutcome {
    return { ...outcome, traces: this.#traces };
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function requestText({ method, path, host }: HttpRequest): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n`;
}

interface Response {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

interface Client {
  readonly address: string;
  readonly port: number;
  /** When it asked, in milliseconds since 1970; fractions are microseconds. */
  readonly date: number;
}

/** As Go prints a time.Time: `2026-05-01 10:00:00.123456 +0000 UTC`. */
function goTime(date: number): string {
  const micros = String(Math.round((date % 1000) * 1000)).padStart(6, '0');
  const seconds = new Date(date).toISOString().slice(0, 19).replace('T', ' ');
  return `${seconds}.${micros} +0000 UTC`;
}

function responseTo(
  { method, path }: Pick<HttpRequest, 'method' | 'path'>,
  server: HttpServer,
  client: Client,
): Response {
  const page = server.pages?.[path.split('?')[0] ?? ''];
  const body = (page ?? server.body)
    .replaceAll('{client}', client.address)
    .replaceAll('{peer}', hostPort(client.address, client.port))
    .replaceAll('{now}', goTime(client.date));
  const headers = [
    ['Content-Type', server.contentType ?? 'text/plain; charset=utf-8'],
    ...(server.headers ?? []),
    ['Content-Length', String(utf8(body).length)],
  ] as const;
  return {
    status: page === undefined ? (server.status ?? 200) : 200,
    headers,
    body: method === 'HEAD' ? '' : body,
  };
}

const REASON: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [503, 'Service Unavailable'],
]);

function responseText({ status, headers, body }: Response): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${REASON.get(status) ?? ''}\r\n${lines}\r\n${body}`;
}

/** The answer to a request as it came over a connection of its own; undefined while the request is not whole. */
export function httpAnswer(
  server: HttpServer,
  text: string,
  from: { readonly peer: { readonly address: Ip; readonly port: number }; readonly date: number },
): { readonly bytes: Uint8Array; readonly closes: boolean } | undefined {
  const [head, rest] = text.split(/\r?\n\r?\n/, 2);
  if (head === undefined || rest === undefined) return undefined;
  const [line = ''] = head.split(/\r?\n/);
  const [, method, path, version] = /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/.exec(line) ?? [];
  if (method === undefined || path === undefined) {
    const refusal =
      'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request';
    return { bytes: utf8(refusal), closes: true };
  }
  const client = { address: formatIp(from.peer.address), port: from.peer.port, date: from.date };
  const response = responseTo({ method, path }, server, client);
  const closes = version === 'HTTP/1.0' || /^connection: *close$/im.test(head);
  return { bytes: utf8(responseText(response)), closes };
}
