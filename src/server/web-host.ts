/**
 * The browser host: an HTTP server on loopback that serves the renderer and carries the contract over one WebSocket.
 * The start token in the first URL is exchanged at once for a cookie and disappears from the address bar.
 */
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { err, ok, type Result } from '../base/result.ts';
import { FRAME_LIMIT } from '../contract/wire.ts';
import type { Services } from '../services/services.ts';
import { WindowConnection } from '../services/window-connection.ts';
import { Gate, SECURITY_HEADERS, type Refusal } from './security.ts';
import { answer, StaticFiles } from './static-files.ts';

export interface WebHostOptions {
  readonly services: Services;
  /** Folder of the built renderer. */
  readonly root: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export class WebHost {
  readonly gate = new Gate();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #files: StaticFiles;
  readonly #services: Services;

  private constructor({ services, root }: WebHostOptions) {
    this.#services = services;
    this.#files = new StaticFiles(root);
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: FRAME_LIMIT });
    this.#server = createServer((request, response) => {
      this.#respond(request, response).catch((cause: unknown) => {
        services.log.error('a request could not be answered', cause);
        response.destroy();
      });
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  /** Listens on 127.0.0.1; the error says why the port cannot be had. */
  static async listen(options: WebHostOptions): Promise<Result<WebHost, 'port-taken' | 'port-forbidden'>> {
    const host = new WebHost(options);
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      host.#server.once('error', resolve);
      host.#server.listen(options.port, '127.0.0.1', () => resolve(undefined));
    });
    if (failed?.code === 'EADDRINUSE') return err('port-taken');
    if (failed?.code === 'EACCES') return err('port-forbidden');
    if (failed) throw failed;
    host.gate.listening(host.port);
    return ok(host);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request);
    const refusal = this.gate.refuseHost(request) ?? this.gate.refuseOrigin(request) ?? refuseMethod(request);
    if (refusal || !url) {
      answer(response, refusal?.status ?? 400, refusal?.message ?? 'The request cannot be read.');
      return;
    }
    if (url.pathname === '/' && this.gate.tokenMatches(url.searchParams.get('token'))) {
      response.writeHead(303, {
        ...SECURITY_HEADERS,
        location: '/',
        'set-cookie': this.gate.cookie,
        'cache-control': 'no-store',
      });
      response.end();
      return;
    }
    const unknown = this.gate.refuseCookie(request);
    if (unknown) answer(response, unknown.status, unknown.message);
    else await this.#files.serve(url.pathname, response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Whoever hangs up before the answer is no concern of ours, but without a listener it would end the process.
    socket.on('error', () => socket.destroy());
    const refusal =
      this.gate.refuseHost(request) ??
      this.gate.refuseOrigin(request) ??
      this.gate.refuseNoOrigin(request) ??
      this.gate.refuseCookie(request) ??
      refuseSocketPath(request);
    if (refusal) {
      const { status, message } = refusal;
      const opening = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain\r\nConnection: close`;
      socket.end(`${opening}\r\n\r\n${message}\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (window) => this.#serve(window));
  }

  #serve(window: WebSocket): void {
    const connection = new WindowConnection(this.#services, {
      text: (frame) => window.send(frame),
      binary: (frame) => window.send(frame),
    });
    window.on('message', (data: Buffer, isBinary) => {
      if (isBinary) connection.receiveBinary(data);
      else void connection.receiveText(data.toString('utf8'));
    });
    window.on('close', () => connection.close());
    window.on('error', (cause) => this.#services.log.error('a window sent something unreadable', cause));
  }
}

function urlOf(request: IncomingMessage): URL | undefined {
  return URL.canParse(request.url ?? '', 'http://127.0.0.1')
    ? new URL(request.url ?? '', 'http://127.0.0.1')
    : undefined;
}

function refuseMethod(request: IncomingMessage): Refusal | undefined {
  return request.method === 'GET' || request.method === 'HEAD'
    ? undefined
    : { status: 405, message: 'Only reading is possible here.' };
}

function refuseSocketPath(request: IncomingMessage): Refusal | undefined {
  return urlOf(request)?.pathname === '/socket'
    ? undefined
    : { status: 404, message: 'There is no such socket.' };
}
