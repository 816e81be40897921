/**
 * Gives one bundle to the machines of a classroom by HTTP: that file under one path, whole or in ranges, read only, and
 * nothing else. It speaks without encryption, so whoever loads compares the fingerprint. It listens on the one address that
 * was named, and on loopback unless one was.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { rangeOf } from './bytes.ts';
import { everyAddress, fileFault, notServed } from './errors.ts';
import { openFile } from './source.ts';

const PATH = '/underlay.bundle';
/** Machines at once, each with a connection or two. */
const CONNECTIONS = 256;
/** Milliseconds that a connection may be silent. */
const PATIENCE = 60_000;
/** 0.0.0.0 and :: in their spellings, and no address at all, which Node takes for the same. */
const EVERYWHERE = /^[0:.[\]]*$/;

export interface ServeOptions {
  /** Of this machine. */
  readonly address: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Ends the serving. */
  readonly signal: AbortSignal;
  /** Somebody begins with the bundle. */
  readonly onFetch?: (address: string) => void;
}

export interface Serving {
  readonly url: string;
  readonly fingerprint: string;
  readonly closed: Promise<void>;
}

/** Resolves when it listens; only a file that is a whole bundle is given to anybody. */
export async function serveBundle(file: string, options: ServeOptions): Promise<Result<Serving, LabError>> {
  const { address, signal } = options;
  if (EVERYWHERE.test(address)) return err(everyAddress);
  const bundle = await openFile(file, signal);
  if (!bundle.ok) return bundle;
  const { fingerprint } = bundle.value;
  await bundle.value.close(true);
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (cause) {
    return err(fileFault(file, cause, signal));
  }
  const { size } = await handle.stat();
  const server = createServer((request, response) => {
    answer(request, response, { handle, size, fingerprint, ...options }).catch(() => response.destroy());
  });
  server.maxConnections = CONNECTIONS;
  server.timeout = PATIENCE;
  const port = await listening(server, options);
  if (!port.ok) {
    await handle.close();
    return port;
  }
  const closed = untilClosed(server, signal).then(() => handle.close());
  const host = isIPv6(address) ? `[${address}]` : address;
  return ok({ url: `http://${host}:${port.value}${PATH}`, fingerprint, closed });
}

function listening(server: Server, { address, port }: ServeOptions): Promise<Result<number, LabError>> {
  return new Promise((settle) => {
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) =>
      settle(err(notServed(address, port, code))),
    );
    server.listen(port, address, () => settle(ok((server.address() as AddressInfo).port)));
  });
}

function untilClosed(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    const close = (): void => {
      server.close(() => settle());
      server.closeAllConnections();
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  });
}

interface Given extends ServeOptions {
  readonly handle: FileHandle;
  readonly size: number;
  readonly fingerprint: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, given: Given): Promise<void> {
  const { handle, size, fingerprint, onFetch } = given;
  response.setHeader('x-content-type-options', 'nosniff');
  const wrong = statusOfWrong(request);
  if (wrong !== undefined) return refuse(response, wrong);
  const range = rangeAsked(request.headers.range, size);
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('etag', `"${fingerprint}"`);
  if (range === 'outside') {
    response.setHeader('content-range', `bytes */${size}`);
    return refuse(response, 416);
  }
  const { from, to } = range ?? { from: 0, to: size };
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/x-tar',
    'content-length': to - from,
    ...(range && { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (from === 0) onFetch?.(request.socket.remoteAddress ?? '');
  await pipeline(rangeOf(handle, from, to), response);
}

function statusOfWrong({ url, method = '' }: IncomingMessage): number | undefined {
  if (url !== PATH) return 404;
  return method === 'GET' || method === 'HEAD' ? undefined : 405;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0, ...(status === 405 && { allow: 'GET, HEAD' }) }).end();
}

/** One range from somewhere on (RFC 9110, 14.1.2); undefined for what else is asked, which is answered with the whole. */
function rangeAsked(
  text: string | undefined,
  size: number,
): { readonly from: number; readonly to: number } | 'outside' | undefined {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(text ?? '') ?? [];
  if (first === undefined) return undefined;
  const from = Number(first);
  const to = last === '' || last === undefined ? size : Math.min(size, Number(last) + 1);
  if (from >= size) return 'outside';
  return to > from ? { from, to } : undefined;
}
