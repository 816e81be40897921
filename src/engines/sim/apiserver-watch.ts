/** Watches as they go over the wire: one JSON document a line, until the client, the server or the asked time ends it. */
import type { ServerResponse } from 'node:http';
import type { ApiRequest, Simulator } from '../../sim/index.ts';

export interface StreamOptions {
  readonly response: ServerResponse;
  /** Ends the stream from this side. */
  readonly signal: AbortSignal;
}

/** Past this many unread bytes a client is too slow, and the watch ends; it may come back where it was. */
const BACKLOG = 8 * 1024 * 1024;

export const isWatch = ({ method, query }: ApiRequest): boolean =>
  method === 'GET' && (query?.['watch'] === 'true' || query?.['watch'] === '1');

/** Aborts when the client is gone or `signal` says so. */
export function whileConnected({ response, signal }: StreamOptions): AbortController {
  const control = new AbortController();
  response.once('close', () => control.abort());
  signal.addEventListener('abort', () => control.abort(), { once: true, signal: control.signal });
  if (signal.aborted || response.destroyed) control.abort();
  return control;
}

/** Resolves when the stream is over. */
export async function streamWatch(
  simulator: Simulator,
  request: ApiRequest,
  options: StreamOptions,
): Promise<void> {
  const { response } = options;
  const control = whileConnected(options);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const seconds = Number(request.query?.['timeoutSeconds'] ?? 0);
  if (seconds > 0) {
    void simulator.clock.sleep(seconds * 1000, control.signal).then(
      () => control.abort(),
      () => undefined,
    );
  }
  for await (const event of simulator.cluster.watch(request, control.signal)) {
    response.write(`${JSON.stringify(event)}\n`);
    if (response.writableLength > BACKLOG) control.abort();
  }
  response.end();
}
