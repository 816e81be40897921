/**
 * An HTTP server on a socket that plays a Docker Engine as far as a test says: it agrees on a version, and answers each other
 * request by a function. What a real engine does only when things go wrong is tried with it.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  readonly method: string;
  /** Without the version: `/containers/c1/json`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A JSON answer; undefined where the function answered by itself. */
export type Answer = { readonly status: number; readonly body: unknown } | undefined;

export interface EngineServer {
  /** As DOCKER_HOST spells it. */
  readonly host: string;
  readonly folder: string;
  /** What was asked, in order: `GET /containers/json`. */
  readonly asked: string[];
  answer: (asked: Asked) => Answer | Promise<Answer>;
  /** Closes every connection and listens no more. */
  close(): Promise<void>;
}

export const VERSION = {
  Version: '28.2.2',
  ApiVersion: '1.50',
  MinAPIVersion: '1.24',
  Os: 'linux',
  Arch: 'amd64',
};

export async function engineServer(version: Readonly<Record<string, string>> = {}): Promise<EngineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'underlay-engine-'));
  const socket = join(folder, 'docker.sock');
  const refuse = (): Answer => ({ status: 404, body: { message: 'page not found' } });
  const played: EngineServer = {
    host: `unix://${socket}`,
    folder,
    asked: [],
    answer: refuse,
    async close() {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
      await rm(folder, { recursive: true, force: true });
    },
  };
  const server: Server = createServer((request, response) => {
    void handle(request, response, played, { ...VERSION, ...version });
  });
  server.listen(socket);
  await once(server, 'listening');
  return played;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  played: EngineServer,
  version: unknown,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const path = url.pathname.replace(/^\/v\d+\.\d+/, '');
  const { method = 'GET', headers } = request;
  if (path === '/version') return json(response, 200, version);
  played.asked.push(`${method} ${path}`);
  const answer = await played.answer({ method, path, query: url.searchParams, headers, request, response });
  if (answer) json(response, answer.status, answer.body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(status === 204 || status === 304 ? undefined : JSON.stringify(body));
}
