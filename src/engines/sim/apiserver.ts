/**
 * The simulated cluster's API on a loopback port, for stock kubectl and other clients. It only listens: requests become
 * questions to the pure facade (`sim/kube/facade.ts`), and exec, attach and port-forward become shells and connections of the
 * simulated places. Bodies may be JSON, YAML or protobuf; answers are JSON.
 * Source: Kubernetes API concepts; k8s.io/apiserver pkg/endpoints/handlers, Kubernetes 1.35.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError } from '../../lab/ports.ts';
import type { ApiRequest, ApiResponse, Simulator } from '../../sim/index.ts';
import { answerPieces } from './answer-text.ts';
import { ApiGuard } from './apiserver-guard.ts';
import { followsLog, streamLog } from './apiserver-log.ts';
import { readRequest } from './apiserver-request.ts';
import { podStreamOf, PodStreams, refuseUpgrade } from './apiserver-streams.ts';
import { isWatch, streamWatch } from './apiserver-watch.ts';
import { portForbidden, portTaken } from './errors.ts';
import type { Pace } from './pace.ts';
import type { Places } from './places.ts';

/** The same for a wrong secret, host or origin: nobody learns which of them it was. */
const REFUSED = 'This is not served here.';

/** Milliseconds a client may take to send its headers, and a whole request. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;
const MOST_CONNECTIONS = 256;

export interface ApiServerOptions {
  readonly simulator: Simulator;
  readonly places: Places;
  readonly pace: Pace;
  /** 0 takes any free one. */
  readonly port: number;
}

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #guard = new ApiGuard();
  readonly #server: Server;
  readonly #streams: PodStreams;
  /** Ends the watches and followed logs when the server closes. */
  readonly #closing = new AbortController();

  private constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#streams = new PodStreams(options);
    this.#server = createServer(
      { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT },
      (request, response) => void this.#respond(request, response).catch(() => response.destroy()),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  static async listen(options: ApiServerOptions): Promise<Result<ApiServer, LabError>> {
    const api = new ApiServer(options);
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      api.#server.once('error', resolve);
      api.#server.listen(options.port, '127.0.0.1', () => resolve(undefined));
    });
    if (failed?.code === 'EADDRINUSE') return err(portTaken(options.port));
    if (failed?.code === 'EACCES') return err(portForbidden(options.port));
    if (failed) throw failed;
    const address = api.#server.address();
    api.#guard.listening(typeof address === 'object' && address !== null ? address.port : 0);
    return ok(api);
  }

  /** With the secret in its path: whoever has it rules the simulated cluster. */
  get url(): string {
    return this.#guard.serverUrl;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#streams.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = this.#guard.admit(message);
    if (!url) {
      // What a refused client still has to say is not listened to.
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      response.end(`${REFUSED}\n`);
      return;
    }
    const read = await readRequest(message, url);
    if (!read.ok) {
      send(response, read.error);
      return;
    }
    this.#options.pace.catchUp();
    const request = read.value;
    const answer = this.#ask(request);
    if (answer.code < 400 && isWatch(request)) {
      await streamWatch(this.#options.simulator, request, { response, signal: this.#closing.signal });
    } else if (answer.code < 400 && followsLog(request)) {
      await streamLog(this.#options.simulator, request, { response, signal: this.#closing.signal });
    } else send(response, answer);
  }

  /** A watch is asked as the list it follows: what is wrong with it shows before anything is streamed. */
  #ask(request: ApiRequest): ApiResponse {
    return this.#options.simulator.cluster.request(
      isWatch(request) ? { ...request, query: { ...request.query, limit: '1' } } : request,
    );
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Whoever hangs up before the answer is no concern of ours, but without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    const url = this.#guard.admit(message);
    if (!url) {
      refuseUpgrade(socket, 403, REFUSED);
      return;
    }
    this.#options.pace.catchUp();
    const wanted = podStreamOf(url);
    if (wanted) this.#streams.accept(wanted, { message, socket, head });
    else refuseUpgrade(socket, 404, '404 page not found');
  }
}

function send(response: ServerResponse, { code, body, contentType, warnings = [] }: ApiResponse): void {
  const text = contentType === 'text/plain';
  response.statusCode = code;
  response.setHeader(
    'content-type',
    text ? 'text/plain; charset=utf-8' : (contentType ?? 'application/json'),
  );
  response.setHeader('cache-control', 'no-cache, private');
  response.setHeader('x-content-type-options', 'nosniff');
  if (warnings.length > 0) response.setHeader('warning', warnings.map(warningHeader));
  const { details } = body;
  const retry = isJsonObject(details) ? details['retryAfterSeconds'] : undefined;
  if (typeof retry === 'number') response.setHeader('retry-after', retry);
  if (text) response.end(String(body['text'] ?? ''));
  else sendJson(response, body);
}

/** What is one piece goes at once; of more each is made when the client has taken those before it. */
function sendJson(response: ServerResponse, body: JsonObject): void {
  const pieces = answerPieces(body);
  const first = pieces.next().value ?? '';
  const second = pieces.next();
  if (second.done) response.end(`${String(first)}\n`);
  else void sendPieces(response, inOrder([first, second.value], pieces, ['\n']));
}

function* inOrder<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

/** Ends early when the client goes. */
async function sendPieces(response: ServerResponse, pieces: Iterable<string | Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    const lost = await new Promise((taken) => response.write(piece, taken));
    if (lost) return;
  }
  response.end();
}

/** RFC 7234, 5.5: 299 is a warning for people that persists. */
const warningHeader = (text: string): string =>
  `299 - "${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
