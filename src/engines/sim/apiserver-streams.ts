/**
 * exec and attach over WebSocket, as kubectl speaks since 1.31: the first byte of a frame is its channel (0 stdin, 1 stdout,
 * 2 stderr, 3 the final Status, 4 window size; in v5, 255 closes one). The command runs in a shell at the pod's place.
 * Source: k8s.io/apimachinery pkg/util/{remotecommand,httpstream/wsstream}; k8s.io/kubelet pkg/cri/streaming, 1.35.
 */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Place } from '../../model/place.ts';
import type { Simulator } from '../../sim/index.ts';
import type { Pace } from './pace.ts';
import type { Places } from './places.ts';
import { ChannelSocket, CHANNELS } from './channel-socket.ts';
import { runInPod } from './pod-exec.ts';
import { forwardPorts, PORT_FORWARD } from './port-forward.ts';

export interface PodStream {
  readonly kind: 'exec' | 'attach' | 'portforward';
  readonly namespace: string;
  readonly pod: string;
  readonly query: URLSearchParams;
}

interface Upgrade {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(exec|attach|portforward)$/;
const MOST_PAYLOAD = 1024 * 1024;
const GOING_AWAY = 1001;

/** Undefined when no stream of bytes is served there. */
export function podStreamOf(url: URL): PodStream | undefined {
  const [, namespace = '', pod = '', kind] = PATH.exec(url.pathname) ?? [];
  if (kind !== 'exec' && kind !== 'attach' && kind !== 'portforward') return undefined;
  return { kind, namespace, pod, query: url.searchParams };
}

export function refuseUpgrade(socket: Duplex, code: number, body: string | JsonObject): void {
  const text = typeof body === 'string' ? `${body}\n` : `${JSON.stringify(body)}\n`;
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

export interface PodStreamsOptions {
  readonly simulator: Simulator;
  readonly places: Places;
  readonly pace: Pace;
}

export class PodStreams {
  readonly #options: PodStreamsOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_PAYLOAD,
    handleProtocols: (offered) => CHANNELS.find((known) => offered.has(known)) ?? false,
  });
  readonly #tunnels = new WebSocketServer({ noServer: true, maxPayload: MOST_PAYLOAD });

  constructor(options: PodStreamsOptions) {
    this.#options = options;
    this.#tunnels.on('headers', (headers) => void headers.push(`Sec-WebSocket-Protocol: ${PORT_FORWARD}`));
  }

  accept(wanted: PodStream, { message, socket, head }: Upgrade): void {
    const refusal = this.#refusal(wanted, message);
    if (refusal) {
      refuseUpgrade(socket, Number(refusal['code']), refusal);
      return;
    }
    const isTunnel = wanted.kind === 'portforward';
    // The name of the tunnel's protocol has a slash in it, which ws takes for a mistake: it is answered beside it.
    if (isTunnel) delete message.headers['sec-websocket-protocol'];
    const server = isTunnel ? this.#tunnels : this.#sockets;
    server.handleUpgrade(message, socket, head, (client) => {
      client.on('error', () => client.terminate());
      this.#serve(wanted, client);
    });
  }

  close(): void {
    const clients = [...this.#sockets.clients, ...this.#tunnels.clients];
    for (const client of clients) client.close(GOING_AWAY);
    for (const client of clients) client.terminate();
  }

  #serve(wanted: PodStream, client: WebSocket): void {
    const place: Place = { kind: 'pod', namespace: wanted.namespace, name: wanted.pod };
    if (wanted.kind === 'portforward') {
      forwardPorts(client, { ...this.#options, place });
      return;
    }
    const channels = new ChannelSocket(client, { catchUp: () => this.#options.pace.catchUp() });
    if (wanted.kind === 'attach') return;
    const flag = (name: string): boolean => ['true', '1'].includes(wanted.query.get(name) ?? '');
    const shell = this.#options.places.shell(place);
    const argv = wanted.query.getAll('command');
    void this.#options.pace.during(
      runInPod(channels, { shell, argv, stdin: flag('stdin'), tty: flag('tty') }),
    );
  }

  /** A Status when the stream cannot be had. */
  #refusal({ kind, namespace, pod, query }: PodStream, message: IncomingMessage): JsonObject | undefined {
    const { code, body } = this.#options.simulator.cluster.request({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/pods/${pod}`,
    });
    if (code !== 200) return body;
    const known = containersOf(body);
    const problem =
      (kind === 'portforward' ? undefined : badQuestion({ kind, namespace, pod, query }, known)) ??
      unspoken(kind, message);
    if (problem !== undefined) return status(400, 'BadRequest', problem);
    if (this.#options.places.exists({ kind: 'pod', namespace, name: pod })) return undefined;
    const container = query.get('container') ?? known[0] ?? '';
    const why = `unable to upgrade connection: container not found (${JSON.stringify(container)})`;
    return status(500, 'InternalError', `Internal error occurred: ${why}`);
  }
}

/** What is wrong with an exec or attach itself. */
function badQuestion({ kind, pod, query }: PodStream, known: readonly string[]): string | undefined {
  const container = query.get('container') ?? '';
  if (container !== '' && !known.includes(container)) {
    return `container ${container} is not valid for pod ${pod}`;
  }
  const isEmpty = kind === 'exec' && query.getAll('command').length === 0;
  return isEmpty ? 'you must specify at least 1 command for the container' : undefined;
}

/** Undefined when the client offers a protocol that we speak. */
function unspoken(kind: PodStream['kind'], { headers }: IncomingMessage): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
  const spoken: readonly string[] = kind === 'portforward' ? [PORT_FORWARD] : CHANNELS;
  if (offered.some((protocol) => spoken.includes(protocol))) return undefined;
  return `unable to upgrade: Underlay speaks ${spoken.join(' and ')}, not ${headers.upgrade ?? ''}`;
}

function containersOf(pod: JsonObject): readonly string[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const containers = [spec['containers'], spec['initContainers']].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  return containers.filter(isJsonObject).map(({ name }) => String(name));
}

const status = (code: number, reason: string, message: string): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});
