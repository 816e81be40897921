/** `kubectl logs -f`: what a container writes from now on, looked at once a second of the cluster's time. */
import type { ApiRequest, Simulator } from '../../sim/index.ts';
import { whileConnected, type StreamOptions } from './apiserver-watch.ts';

const POLL = 1_000;

export const followsLog = ({ method, path, query }: ApiRequest): boolean =>
  method === 'GET' && query?.['follow'] === 'true' && /\/pods\/[^/]+\/log$/.test(path);

/** Resolves when the pod or the client is gone. */
export async function streamLog(
  simulator: Simulator,
  request: ApiRequest,
  options: StreamOptions,
): Promise<void> {
  const { response } = options;
  const { signal } = whileConnected(options);
  const { tailLines: _, limitBytes: _l, ...whole } = request.query ?? {};
  const read = (query: ApiRequest['query']): string | undefined => {
    const { code, body } = simulator.cluster.request({ ...request, ...(query ? { query } : {}) });
    return code === 200 ? String(body['text'] ?? '') : undefined;
  };
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  response.write(read(request.query) ?? '');
  let known = read(whole)?.length ?? 0;
  while (!signal.aborted) {
    await simulator.clock.sleep(POLL, signal).catch(() => undefined);
    const now = signal.aborted ? undefined : read(whole);
    if (now === undefined) break;
    if (now.length > known) response.write(now.slice(known));
    known = now.length;
  }
  response.end();
}
