/**
 * A host of canned answers for working on the interface alone: it speaks the whole contract over HTTP and WebSocket,
 * with the headers of the real hosts, but there is no cluster behind it.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Result } from '../../src/base/result.ts';
import type { ErrorBody, Method } from '../../src/contract/api.ts';
import {
  parseTerminalFrame,
  terminalFrame,
  type ClientFrame,
  type HostFrame,
} from '../../src/contract/wire.ts';
import { CannedLab } from './canned-lab.ts';
import { CannedShell } from './canned-shell.ts';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-elem 'self' 'unsafe-inline'",
  "style-src-attr 'none'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export async function serve(options: {
  readonly folder: string;
  readonly port: number;
}): Promise<{ readonly url: string }> {
  const http = createServer((request, response) => void respond(options.folder, request, response));
  const sockets = new WebSocketServer({ server: http, path: '/socket' });
  sockets.on('connection', (socket) => converse(socket));
  await new Promise<void>((ready) => http.listen(options.port, '127.0.0.1', ready));
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/` };
}

async function respond(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
  try {
    const body = await readFile(join(folder, path === '/' ? 'index.html' : path));
    response.writeHead(200, {
      'content-type': TYPES[extname(path === '/' ? 'index.html' : path)] ?? 'application/octet-stream',
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
    });
    response.end(body);
  } catch {
    // Not among the built files.
    response.writeHead(404).end();
  }
}

function converse(socket: WebSocket): void {
  const send = (frame: HostFrame): void => socket.send(JSON.stringify(frame));
  const shells = new Map<number, CannedShell>();
  let last = 0;
  const lab = new CannedLab({
    changed: (view) => send({ type: 'feed', feed: 'lab', event: view }),
    crashed: () => shells.clear(),
    openTerminal: (place) => {
      last += 1;
      const terminal = last;
      const shell = new CannedShell(place, {
        data: (bytes) => socket.send(terminalFrame(terminal, bytes)),
        exit: (code) => send({ type: 'feed', feed: 'terminal.exit', event: { terminal, code } }),
        crash: () => lab.crash(),
      });
      shells.set(terminal, shell);
      // After the answer, as a host that carries bytes on another path may do.
      setImmediate(() => shell.start());
      return terminal;
    },
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      const frame = parseTerminalFrame(data);
      if (frame) shells.get(frame.terminal)?.type(new TextDecoder().decode(frame.bytes));
      return;
    }
    const frame = JSON.parse(data.toString()) as ClientFrame;
    if (frame.type === 'drawn') shells.get(frame.terminal)?.drawn(frame.bytes);
    else void answer(lab, frame.method, frame.input).then((result) => send(framed(frame.id, result)));
  });
}

function framed(id: number, result: Result<unknown, ErrorBody>): HostFrame {
  return result.ok
    ? { type: 'answer', id, value: result.value }
    : { type: 'failure', id, error: result.error };
}

function answer(lab: CannedLab, method: Method, input: unknown): Promise<Result<unknown, ErrorBody>> {
  const handler = lab.handlers[method] as (input: unknown) => Promise<Result<unknown, ErrorBody>>;
  return handler(input);
}
