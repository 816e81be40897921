/**
 * `kubectl port-forward`: SPDY inside a WebSocket, two streams for each connection (errors, data). What arrives at the pod's
 * port is an HTTP request that the simulator answers, so HTTP/1 is the one protocol that can be forwarded, without a body.
 * Source: k8s.io/client-go tools/portforward (KEP-4006); containerd internal/cri/server/sandbox_portforward_linux.go (errors).
 */
import { STATUS_CODES } from 'node:http';
import type { WebSocket } from 'ws';
import { ipv4 } from '../../model/ip.ts';
import type { Place } from '../../model/place.ts';
import type { HttpOutcome, Simulator } from '../../sim/index.ts';
import type { Pace } from './pace.ts';
import { SpdyServer, type SpdyStream } from './spdy.ts';

/** What kubectl asks the WebSocket to carry. */
export const PORT_FORWARD = 'SPDY/3.1+portforward.k8s.io';

export interface ForwardOptions {
  readonly simulator: Simulator;
  readonly pace: Pace;
  readonly place: Extract<Place, { kind: 'pod' }>;
}

/** The longest head of a request. */
const MOST_HEAD = 16 * 1024;
const EPHEMERAL_PORT = 40_000;
/** The container runtime connects inside the pod's network namespace. */
const LOCALHOST = ipv4('127.0.0.1');

export function forwardPorts(client: WebSocket, options: ForwardOptions): void {
  /** Error streams by request, until the data stream of the same request comes. */
  const errors = new Map<string, SpdyStream>();
  const spdy = new SpdyServer(
    (bytes) => client.send(bytes),
    (stream) => {
      const id = stream.headers.get('requestid') ?? '';
      if (stream.headers.get('streamtype') === 'error') errors.set(id, stream);
      else {
        new Connection(stream, errors.get(id), options);
        errors.delete(id);
      }
    },
  );
  client.on('message', (data: Buffer) => {
    spdy.receive(data).catch(() => client.close(1002));
  });
  client.on('close', () => spdy.close());
}

class Connection {
  readonly #data: SpdyStream;
  readonly #errors: SpdyStream | undefined;
  readonly #options: ForwardOptions;
  #head = '';

  constructor(data: SpdyStream, errors: SpdyStream | undefined, options: ForwardOptions) {
    this.#data = data;
    this.#errors = errors;
    this.#options = options;
    data.onData = (bytes) => {
      if (!bytes) this.#finish();
      else this.#receive(bytes.toString('latin1'));
    };
  }

  #receive(text: string): void {
    this.#head += text;
    const end = this.#head.indexOf('\r\n\r\n');
    const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r\n/.exec(this.#head) ?? [];
    if (end === -1 && this.#head.length < MOST_HEAD) return;
    if (method === undefined || path === undefined || end === -1) {
      this.#fail('the simulated pods speak HTTP/1 only');
      return;
    }
    const host = /\r\nhost: *([^\r]*)/i.exec(this.#head)?.[1] ?? 'localhost';
    this.#answer(this.#ask({ method, path, host }), method);
    this.#finish();
  }

  get #port(): number {
    return Number(this.#data.headers.get('port'));
  }

  #ask(request: {
    readonly method: string;
    readonly path: string;
    readonly host: string;
  }): HttpOutcome | undefined {
    const { simulator, pace, place } = this.#options;
    pace.catchUp();
    const from = simulator.netnsOf(place);
    if (from === undefined) return undefined;
    return simulator.network.http({
      from,
      to: LOCALHOST,
      port: this.#port,
      sourcePort: EPHEMERAL_PORT,
      ...request,
    });
  }

  #answer(outcome: HttpOutcome | undefined, method: string): void {
    if (outcome?.kind !== 'response') {
      const why = outcome?.kind === 'refused' ? 'connection refused' : 'i/o timeout';
      this.#fail(
        `failed to connect to localhost:${this.#port} inside namespace: dial tcp4 127.0.0.1:${this.#port}: connect: ${why}`,
      );
      return;
    }
    const { status, headers, body } = outcome;
    const kept = headers.filter(([name]) => !['connection', 'content-length'].includes(name.toLowerCase()));
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      ...kept.map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    this.#data.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`));
  }

  #fail(why: string): void {
    const { name } = this.#options.place;
    this.#errors?.write(Buffer.from(`error forwarding port ${this.#port} to pod ${name}, uid : ${why}`));
    this.#finish();
  }

  #finish(): void {
    this.#data.onData = undefined;
    this.#errors?.end();
    this.#data.end();
  }
}
